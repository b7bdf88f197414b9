"""NEWS2 (RCP 2017), read off its chart; written apart from the kernel, which it judges."""

import math

PARTS = ["resp", "spo2", "oxygen", "sbp", "pulse", "consciousness", "temp"]
VITAL_OF = {
    "resp": "respirationRate",
    "spo2": "oxygenSaturation",
    "oxygen": "supplementalOxygen",
    "sbp": "systolicBloodPressure",
    "pulse": "heartRate",
    "consciousness": "consciousness",
    "temp": "temperature",
}
BANDS = ["low", "low-medium", "medium", "high"]

# Each row of the chart from the lowest value up: (highest value that gets these points, points).
RESP = [(8, 3), (11, 1), (20, 0), (24, 2), (math.inf, 3)]
SPO2_SCALE_1 = [(91, 3), (93, 2), (95, 1), (math.inf, 0)]
SPO2_SCALE_2 = [(83, 3), (85, 2), (87, 1), (92, 0)]
SPO2_SCALE_2_ON_OXYGEN = [(94, 1), (96, 2), (math.inf, 3)]
SBP = [(90, 3), (100, 2), (110, 1), (219, 0), (math.inf, 3)]
PULSE = [(40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (math.inf, 3)]
TEMP = [(35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), (math.inf, 2)]


def points(row, value):
    for highest, scored in row:
        if value <= highest:
            return scored
    raise ValueError("a row of the chart has no end")


def spo2_points(value, scale, oxygen):
    """None: it cannot be told without knowing whether oxygen is given."""
    if scale == 1:
        return points(SPO2_SCALE_1, value)
    if value <= 92:
        return points(SPO2_SCALE_2, value)
    if oxygen is None:
        return None
    return points(SPO2_SCALE_2_ON_OXYGEN, value) if oxygen == 1 else 0


def part_points(part, value, scale, oxygen):
    if part == "resp":
        return points(RESP, value)
    if part == "spo2":
        return spo2_points(value, scale, oxygen)
    if part == "oxygen":
        return 2 if value == 1 else 0
    if part == "sbp":
        return points(SBP, value)
    if part == "pulse":
        return points(PULSE, value)
    if part == "consciousness":
        return 0 if value == 0 else 3
    return points(TEMP, value)


def band_of(total, has_three):
    if total >= 7:
        return "high"
    if total >= 5:
        return "medium"
    return "low-medium" if has_three else "low"


def news2(used, scale):
    """`used`: by vital, already rounded to the chart; absent or None is unknown."""
    parts, missing, indeterminate = {}, [], []
    oxygen = used.get("supplementalOxygen")
    for part in PARTS:
        value = used.get(VITAL_OF[part])
        if value is None:
            missing.append(part)
            continue
        scored = part_points(part, value, scale, oxygen)
        if scored is None:
            indeterminate.append(part)
        else:
            parts[part] = scored
    floor = sum(parts.values())
    ceiling = floor + sum(2 if part == "oxygen" else 3 for part in missing) + 3 * len(indeterminate)
    complete = not missing and not indeterminate
    result = {
        "complete": complete,
        "total": floor if complete else None,
        "parts": parts,
        "missing": missing,
        "floorTotal": floor,
        "ceilingTotal": ceiling,
        "band": band_of(floor, 3 in parts.values()),
        "scale": scale,
    }
    if indeterminate:
        result["indeterminate"] = indeterminate
    return result


def value_of(result):
    """The total, or the floor where it is incomplete."""
    return result["total"] if result["total"] is not None else result["floorTotal"]


def worst_band(result):
    """Band of the worst way in which what is unknown may turn out."""
    unknown = result["missing"] + result.get("indeterminate", [])
    has_three = 3 in result["parts"].values() or any(part != "oxygen" for part in unknown)
    return band_of(result["ceilingTotal"], has_three)


def is_below(result, level):
    return BANDS.index(worst_band(result)) < BANDS.index(level)
