"""What stands over a patient's windows: the warning flag and the data gap, decided window by window."""

from oracle_news2 import BANDS, VITAL_OF, is_below, value_of, worst_band

HOUR = 3_600_000
CONTINUOUS = ["heartRate", "oxygenSaturation"]


class Decisions:
    """What was decided for the windows before; `past` holds them by start, with their score and vitals."""

    def __init__(self, window_ms, rules):
        self.window_ms, self.rules = window_ms, rules
        self.past = {}
        self.flag = {"level": None, "since": None}
        self.gap = {"vitals": [], "since": None}

    def end_of_stay(self):
        self.flag = {"level": None, "since": None}
        self.gap = {"vitals": [], "since": None}

    def score_at(self, start):
        window = self.past.get(start)
        return window["news2"] if window is not None else None

    def decide(self, start, end, scored, vitals):
        before = self.flag
        if scored is None:
            return {"action": "keep" if before["level"] else "none", **before, "rule": "noScore", "mayLower": False}
        may_lower = self.may_lower(start, end, before["level"] or "low-medium")
        if before["level"] is not None and may_lower:
            count = self.rules["lowerWindows"]
            bands = [worst_band(self.score_at(start - n * self.window_ms)) for n in range(count)]
            highest = max(bands, key=BANDS.index)
            level = highest if highest != "low" else None
            self.flag = {"level": level, "since": before["since"] if level else None}
            return {"action": "lower", **self.flag, "rule": "belowLongEnough", "mayLower": True}
        level, rule = self.candidate(start, scored, vitals)
        if level is not None and BANDS.index(level) > BANDS.index(before["level"] or "low"):
            self.flag = {"level": level, "since": before["since"] if before["level"] else start}
            return {"action": "raise", **self.flag, "rule": rule, "mayLower": may_lower}
        action, rule = ("keep", "standing") if before["level"] else ("none", "below")
        return {"action": action, **before, "rule": rule, "mayLower": may_lower}

    def candidate(self, start, scored, vitals):
        value = value_of(scored)
        if value >= 7:
            return "high", "high"
        latest = [self.score_at(start - n * self.window_ms) for n in range(self.rules.get("mediumWindows", 3))]
        times = sum(1 for score in latest if score is not None and value_of(score) >= 5)
        if value >= 5 and times >= self.rules.get("mediumTimes", 2):
            return "medium", "mediumTwice"
        threes = [part for part, scored_points in scored["parts"].items() if scored_points == 3]
        if any(vitals[VITAL_OF[part]]["source"] == "charted" for part in threes):
            return "low-medium", "singleCharted"
        if any(self.was_three(part, start) for part in threes):
            return "low-medium", "singleTwice"
        return None, None

    def was_three(self, part, start):
        """In the latest window of the hour before in which the part was known."""
        for at in sorted((at for at in self.past if start - HOUR <= at < start), reverse=True):
            scored = self.past[at]["news2"]
            if scored is not None and part in scored["parts"]:
                return scored["parts"][part] == 3
        return False

    def may_lower(self, start, end, level):
        length, first = 0, start
        while (scored := self.score_at(first)) is not None and is_below(scored, level):
            length += 1
            if length >= self.rules["lowerWindows"] and end - first >= self.rules["lowerSeconds"] * 1000:
                return True
            first -= self.window_ms
        return False

    def data_gap(self, start):
        windows = [self.past.get(start), self.past.get(start - self.window_ms)]
        absent = [v for v in CONTINUOUS if all(w is not None and self.count(w, v) == 0 for w in windows)]
        before = self.gap
        if not absent:
            self.gap = {"vitals": [], "since": None}
            return {"action": "lower" if before["vitals"] else "none", **self.gap}
        is_new = any(vital not in before["vitals"] for vital in absent)
        self.gap = {"vitals": absent, "since": before["since"] if before["vitals"] else start}
        return {"action": "raise" if is_new else "keep", **self.gap}

    @staticmethod
    def count(window, vital):
        return window["vitals"].get(vital, {"count": 0})["count"]
