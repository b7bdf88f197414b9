"""From raw rows (duplicates, any order, late ones) to slots, and what is told of a vital in a window."""

import math

VITALS = [
    "heartRate",
    "respirationRate",
    "oxygenSaturation",
    "systolicBloodPressure",
    "diastolicBloodPressure",
    "temperature",
    "consciousness",
    "supplementalOxygen",
]
CODED = ("consciousness", "supplementalOxygen")
CARRIED = ("systolicBloodPressure", "diastolicBloodPressure", "temperature", "consciousness", "supplementalOxygen")
MOST_SAMPLES = 16


class Sample:
    def __init__(self, row, sample):
        self.time, self.key, self.priority = row["time"], row["key"], sample["priority"]
        self.value = sample["value"]
        self.source = "charted" if row["source"] == "charted" else "device"
        self.may_carry = self.source == "charted" or sample.get("spot", False)
        self.taken_back = sample.get("rejected") == "enteredInError"

    def rank(self):
        """The greatest wins its slot."""
        return (-self.priority, self.time, self.key)


def window_vitals(rows, sample_seconds):
    """Of the rows of one patient's window, by vital: winners in order of time, samples superseded, rejected keys."""
    slots, rejected = {}, {}
    for row in rows:
        for told in row["samples"]:
            reason = told.get("rejected")
            if reason is not None and reason != "enteredInError":
                rejected.setdefault(told["vital"], {}).setdefault(reason, set()).add(row["key"])
                continue
            slot = (told["vital"], math.floor(row["time"] / (sample_seconds * 1000)))
            slots.setdefault(slot, []).append(Sample(row, told))
    found = {vital: {"winners": [], "superseded": 0, "atLeast": False, "rejected": {}} for vital in VITALS}
    for vital, reasons in rejected.items():
        found[vital]["rejected"] = {reason: len(keys) for reason, keys in reasons.items()}
    for (vital, _), samples in slots.items():
        fill(found[vital], samples)
    for vital in VITALS:
        found[vital]["winners"].sort(key=lambda sample: sample.time)
    return found


def fill(of_vital, samples):
    winner = max(samples, key=Sample.rank)
    refuse_ties(samples, winner)
    if winner.taken_back:
        counts = of_vital["rejected"]
        counts["enteredInError"] = counts.get("enteredInError", 0) + 1
        return
    of_vital["winners"].append(winner)
    tails = {sample.key[-8:] for sample in samples if not sample.taken_back}
    superseded = min(len(tails), MOST_SAMPLES) - 1
    of_vital["superseded"] += superseded
    of_vital["atLeast"] = of_vital["atLeast"] or superseded == MOST_SAMPLES - 1


def refuse_ties(samples, winner):
    """One key is one measurement: two values under it cannot be told apart."""
    if any(s.rank() == winner.rank() and s.value != winner.value for s in samples):
        raise ValueError("two values of one vital have the same priority, time and key: who wins is not defined")


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def total(values):
    # Not sum(): newer Pythons compensate for rounding there.
    result = 0.0
    for value in values:
        result += value
    return result


def slope(samples, start):
    if len(samples) < 2:
        return None
    x = [(sample.time - start) / 60000 for sample in samples]
    y = [sample.value for sample in samples]
    mx, my = total(x) / len(x), total(y) / len(y)
    spread = total((a - mx) * (a - mx) for a in x)
    return None if spread == 0 else total((a - mx) * (b - my) for a, b in zip(x, y)) / spread


def longest_gap(samples, start, end):
    times = [start] + [sample.time for sample in samples] + [end]
    return max(b - a for a, b in zip(times, times[1:])) / 1000


def to_chart(vital, value):
    """Half up, in half thousandths as whole numbers: no binary fraction decides."""
    half_thousandths = math.floor(value * 2000 + 0.5)
    if vital == "temperature":
        return ((half_thousandths + 100) // 200) / 10
    return (half_thousandths + 1000) // 2000


def summary(vital, found, start, end):
    """What a window says of a vital from its own samples; None where it says nothing."""
    samples = found["winners"]
    if not samples and not found["rejected"]:
        return None
    values = [sample.value for sample in samples]
    numbers = values if vital not in CODED else []
    told = {
        "count": len(samples),
        "superseded": found["superseded"],
        "median": median(numbers) if numbers else None,
        "min": min(numbers) if numbers else None,
        "max": max(numbers) if numbers else None,
        "last": values[-1] if values else None,
        "lastTime": samples[-1].time if samples else None,
        "slope": slope(samples, start) if vital not in CODED else None,
        "longestGapSeconds": longest_gap(samples, start, end),
        "used": None,
        "source": None,
    }
    if found["atLeast"]:
        told["supersededAtLeast"] = True
    if found["rejected"]:
        told["rejected"] = found["rejected"]
    if samples:
        told["used"] = values[-1] if vital in CODED else to_chart(vital, told["median"])
        told["source"] = samples[-1].source
    return told


def empty_summary(start, end):
    nothing = {name: None for name in ["median", "min", "max", "last", "lastTime", "slope", "used", "source"]}
    return {"count": 0, "superseded": 0, "longestGapSeconds": (end - start) / 1000, **nothing}
