"""
Says what every closed window must look like in the end, all late rows included: an oracle for the scoring path, written from
the rules and not from the kernel. Slow and plain on purpose; Python 3.9+, no packages.

    python3 scoring_oracle.py INPUT.json [--rows] > windows.jsonl

INPUT: {settings, until, measurements?, presence?, recordings?, baselines?}. `settings` are KernelSettings (flagRules:
mediumTimes, mediumWindows, lowerWindows, lowerSeconds). `until` (ms): windows with end + lateness at or before it are
closed. `measurements` and `presence` are rows of `enriched`, in any order, as often as they like. `recordings`: {paths,
start, limits, contexts?} makes rows out of CSV files. `baselines`: by version, as the lake's files. Output: one ScoredWindow
a line, by (patient, start), without revision, corrected and kernel; with --rows the rows themselves, as one object.

All fields are exact but `slope`, whose last bits hang on the order of additions.
"""

import json
import sys
from datetime import datetime, timezone

from oracle_decisions import HOUR, Decisions
from oracle_news2 import news2, value_of, worst_band
from oracle_recording import UNKNOWN, from_recordings
from oracle_slots import CARRIED, VITALS, empty_summary, summary, window_vitals


def milliseconds(text):
    """Of an ISO 8601 time in UTC, or of a day."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return round(moment.timestamp() * 1000)


def horizon(seconds):
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    return "PT" + "".join(f"{n}{unit}" for n, unit in [(hours, "H"), (minutes, "M"), (rest, "S")] if n)


class Presence:
    """When a patient is under observation."""

    def __init__(self, events):
        self.events = events

    def forget_until(self, end):
        self.events = [event for event in self.events if event["time"] >= end]

    def latest(self, end):
        """Of what counts by `end`: what was said last of each end and start, and of each death."""
        latest = {}
        for event in (e for e in self.events if e["time"] < end):
            about = (event["resource"], event["event"], event["basis"] == "death")
            if about not in latest or event["key"] > latest[about]["key"]:
                latest[about] = event
        return latest

    @staticmethod
    def stays(latest, time):
        """Assignments and encounters that go on until `time` at least, with their ends."""
        for (resource, event, is_death), started in latest.items():
            if event != "start" or is_death:
                continue
            ended = latest.get((resource, "end", False))
            # An end before the start is that of an earlier stay.
            if ended is None or ended["time"] >= time or ended["time"] < started["time"]:
                yield resource, ended

    def is_present(self, start, end):
        latest = self.latest(end)
        if any(is_death and e["time"] < start for (_, _, is_death), e in latest.items()):
            return False
        return any(True for _ in self.stays(latest, start))

    def end_within(self, start, end):
        if not self.is_present(start, end):
            return None
        latest = self.latest(end)
        deaths = [event["time"] for (_, _, is_death), event in latest.items() if is_death]
        if deaths:
            return {"time": min(deaths), "basis": "death"}
        if any(True for _ in self.stays(latest, end)):
            return None
        ended = list(self.stays(latest, start))
        basis = "encounter" if any(resource.startswith("Encounter/") for resource, _ in ended) else "assignment"
        return {"time": max(event["time"] for _, event in ended), "basis": basis}


class Patient:
    """Steps the windows of one patient in order; what it remembers is whole windows."""

    def __init__(self, name, rows, events, settings, baselines):
        self.name, self.settings, self.baselines = name, settings, baselines
        self.presence = Presence(events)
        self.window_ms = settings["windowSeconds"] * 1000
        self.by_window = {}
        for row in rows:
            self.by_window.setdefault(row["time"] // self.window_ms * self.window_ms, []).append(row)
        self.begin = min([e["time"] // self.window_ms * self.window_ms for e in events] + list(self.by_window))
        self.forget()

    def forget(self):
        self.decisions = Decisions(self.window_ms, self.settings["flagRules"])
        self.carried = {}
        self.context = None
        self.last_due_end = None

    def results(self, until):
        start = self.begin
        while start + self.window_ms + self.settings["latenessSeconds"] * 1000 <= until:
            end = start + self.window_ms
            present = self.presence.is_present(start, end)
            if present or start in self.by_window:
                yield self.step(start, end)
                self.last_due_end = end
            elif self.last_due_end is None or end - self.last_due_end >= self.settings["carrySeconds"] * 1000:
                self.forget()
                self.presence.forget_until(end)
            start = end

    def step(self, start, end):
        rows = self.by_window.get(start, [])
        if rows:
            self.context = max(rows, key=lambda row: (row["time"], row["key"]))["context"]
        shown = self.context if self.context is not None else UNKNOWN
        valid = {name: self.valid(item, start) for name, item in shown.items()}
        vitals = self.vitals(rows, start, end, valid)
        used = {vital: told["used"] for vital, told in vitals.items()}
        applicability = self.applicability(valid)
        scale = 2 if valid["oxygenSaturationScale"] is not None and valid["oxygenSaturationScale"]["value"] == 2 else 1
        scored = news2(used, scale) if applicability["applicable"] else None
        baseline, use = self.baseline(start)
        self.decisions.past[start] = {"news2": scored, "vitals": vitals}
        monitoring_end = self.presence.end_within(start, end)
        told = {
            "kind": "window",
            "patient": self.name,
            "start": start,
            "end": end,
            "horizon": horizon(self.settings["windowSeconds"]),
            "rules": {"name": "NEWS2", "version": "2017"},
            "vitals": vitals,
            "news2": scored,
            "applicability": applicability,
            "trend": self.trend(start, scored, vitals, baseline),
            "flag": self.decisions.decide(start, end, scored, vitals),
            "dataGap": self.decisions.data_gap(start),
            "monitoringEnd": monitoring_end,
            "context": shown,
            "baseline": use,
            "prediction": None,
        }
        if monitoring_end is not None:
            self.decisions.end_of_stay()
        return told

    @staticmethod
    def valid(item, start):
        if item is None or (item["validUntil"] is not None and milliseconds(item["validUntil"]) <= start):
            return None
        return item

    def vitals(self, rows, start, end, context):
        found = window_vitals(rows, self.settings["sampleSeconds"])
        limit = self.carry_limit(start)
        told = {}
        for vital in VITALS:
            own = summary(vital, found[vital], start, end)
            if own is None or own["count"] == 0:
                own = self.from_before(vital, own, start, end, limit, context)
            elif vital in CARRIED and found[vital]["winners"][-1].may_carry:
                self.carried[vital] = {"used": own["used"], "time": own["lastTime"], "source": own["source"]}
            if own is not None:
                told[vital] = own
        return told

    def from_before(self, vital, own, start, end, limit, context):
        value = self.carried.get(vital)
        if value is None or end - value["time"] > limit:
            value = self.charted_oxygen(end, limit, context) if vital == "supplementalOxygen" else None
        if value is None:
            return own
        base = own if own is not None else empty_summary(start, end)
        carried = {"used": value["used"], "source": value["source"], "carriedSeconds": (end - value["time"]) / 1000}
        return {**base, **carried}

    @staticmethod
    def charted_oxygen(end, limit, context):
        item = context["supplementalOxygen"]
        if item is None or item["date"] is None:
            return None
        time = milliseconds(item["date"])
        if time >= end or end - time > limit:
            return None
        return {"used": 1 if item["value"] else 0, "time": time, "source": "charted"}

    def carry_limit(self, start):
        past = sorted(self.decisions.past.items())
        scored = [w["news2"] for at, w in past if at < start and w["news2"] is not None]
        # Low with parts missing says nothing: only what cannot be more than low ends the time at risk.
        scored = [one for one in scored if one["band"] != "low" or worst_band(one) == "low"]
        at_risk = bool(scored) and scored[-1]["band"] != "low"
        return self.settings["carrySecondsAtRisk" if at_risk else "carrySeconds"] * 1000

    def applicability(self, valid):
        def is_true(name):
            return valid[name] is not None and valid[name]["value"] is True

        opt_out = self.settings["spinalCordInjury"] == "optOut"
        reasons = [name for name in ["underSixteen", "pregnant"] if is_true(name)]
        cautions = []
        if is_true("spinalCordInjury"):
            (reasons if opt_out else cautions).append("spinalCordInjury")
        if is_true("limitsOfTreatment"):
            cautions.append("limitsOfTreatment")
        if valid["underSixteen"] is None:
            cautions.append("ageUnknown")
        if valid["pregnant"] is None:
            cautions.append("pregnancyUnknown")
        return {"applicable": not reasons, "reasons": reasons, "cautions": cautions}

    def baseline(self, start):
        if not self.settings["baselines"]:
            return None, {"version": None, "reason": "off"}
        version = datetime.fromtimestamp((start - 6 * HOUR) / 1000, timezone.utc).strftime("%Y-%m-%d")
        if version not in self.baselines:
            return None, {"version": None, "reason": "notReady"}
        of_patient = self.baselines[version]["patients"].get(self.name)
        if of_patient is None:
            return None, {"version": None, "reason": "unknownPatient"}
        return of_patient, {"version": version}

    def trend(self, start, scored, vitals, baseline):
        if scored is None:
            return None

        def change(ago):
            before = self.decisions.score_at(start - ago)
            return None if before is None else value_of(scored) - value_of(before)

        medians = baseline["medians"] if baseline is not None else {}
        from_baseline = {
            vital: told["median"] - medians[vital]
            for vital, told in vitals.items()
            if told["median"] is not None and vital in medians
        }
        return {"totalChange": change(self.window_ms), "totalChangeHour": change(HOUR), "fromBaseline": from_baseline}


def main(path, only_rows):
    with open(path, encoding="utf-8") as file:
        asked = json.load(file)
    rows, events = asked.get("measurements", []), asked.get("presence", [])
    if "recordings" in asked:
        more_rows, more_events = from_recordings(asked["recordings"])
        rows, events = rows + more_rows, events + more_events
    if only_rows:
        print(json.dumps({"measurements": rows, "presence": events}))
        return
    of_patient = {}
    for row in rows:
        of_patient.setdefault(row["patient"], ([], []))[0].append(row)
    for event in events:
        of_patient.setdefault(event["patient"], ([], []))[1].append(event)
    for name in sorted(of_patient):
        patient = Patient(name, *of_patient[name], asked["settings"], asked.get("baselines", {}))
        for result in patient.results(asked["until"]):
            print(json.dumps(result, separators=(",", ":")))


if __name__ == "__main__":
    main(sys.argv[1], "--rows" in sys.argv[2:])
