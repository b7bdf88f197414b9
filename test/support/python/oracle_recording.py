"""From a recording (CSV) to the rows that the scoring path makes of it, by the starter mappings' scoring sources."""

import csv
import hashlib
import re
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

# Column: measurement type, vital, priority, taken now and then.
SOURCES = {
    "hr": ("heartRate", "heartRate", 0, False),
    "pulse": ("pulseRate", "heartRate", 1, False),
    "resp": ("respiratoryRate", "respirationRate", 0, False),
    "spo2": ("oxygenSaturation", "oxygenSaturation", 0, False),
    "abpsys": ("arterialBloodPressure", "systolicBloodPressure", 0, False),
    "abpdias": ("arterialBloodPressure", "diastolicBloodPressure", 0, False),
    "nbpsys": ("cuffBloodPressure", "systolicBloodPressure", 1, True),
    "nbpdias": ("cuffBloodPressure", "diastolicBloodPressure", 1, True),
    "temp": ("bodyTemperature", "temperature", 0, True),
    "avpu": ("consciousness", "consciousness", 0, True),
    "oxygen": ("breathing", "supplementalOxygen", 0, True),
}
UNKNOWN = {
    "oxygenSaturationScale": None,
    "supplementalOxygen": None,
    "underSixteen": None,
    "pregnant": None,
    "spinalCordInjury": None,
    "limitsOfTreatment": None,
}


def measurements(path, start, limits, contexts):
    """Rows of a file whose minute 0 is at `start` (ms), and the device ids in it."""
    rows, devices = [], {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        for line in csv.DictReader(file):
            device = line["device"].strip() if "device" in line else device_of_file(path)
            devices[device] = True
            time = start + int((Decimal(line["minute"]) * 60000).quantize(Decimal(1), ROUND_HALF_UP))
            context = contexts.get(patient_of(device), UNKNOWN)
            rows += rows_of_line(line, device, time, limits, context)
    return rows, list(devices)


def rows_of_line(line, device, time, limits, context):
    by_type = {}
    for column, (kind, vital, priority, spot) in SOURCES.items():
        text = (line.get(column) or "").strip()
        if text == "":
            continue
        sample = {"vital": vital, "value": value_of(column, text), "priority": priority}
        if spot:
            sample["spot"] = True
        if is_implausible(sample, limits):
            sample["rejected"] = "implausible"
        by_type.setdefault(kind, []).append(sample)
    return [row(device, time, kind, samples, context) for kind, samples in by_type.items()]


def row(device, time, kind, samples, context):
    digest = hashlib.sha256(f"{device} {kind} {time}".encode()).hexdigest()[:16]
    return {
        "kind": "measurement",
        "patient": patient_of(device),
        "time": time,
        "arrival": time,
        "late": False,
        "key": "0" * 12 + digest,
        "source": "device",
        "type": kind,
        "samples": samples,
        "context": context,
    }


def value_of(column, text):
    value = Decimal(text)
    if column == "avpu":
        return {Decimal(0): 0, Decimal(1): 5}[value]
    if column == "oxygen":
        return 1 if value > 0 else 0
    # To three decimals, half up.
    return float((value * 1000 + Decimal("0.5")).to_integral_value(ROUND_FLOOR) / 1000)


def is_implausible(sample, limits):
    limit = limits.get(sample["vital"])
    return limit is not None and not limit["least"] <= sample["value"] <= limit["most"]


def device_of_file(path):
    stem = re.sub(r"\.[^.]*$", "", re.sub(r"^.*[/\\]", "", path))
    return re.sub(r"[._:]+$", "", re.sub(r"[^A-Za-z0-9._:-]+", "-", stem)[:64]) or "device"


def patient_of(device):
    return "patient-" + fhir_id(device)


def fhir_id(device):
    return re.sub(r"[^A-Za-z0-9.-]", "-", device)[:48]


def presence(device, start):
    return {
        "kind": "presence",
        "patient": patient_of(device),
        "event": "start",
        "basis": "assignment",
        "resource": f"DeviceUseStatement/use-{fhir_id(device)}",
        "time": start,
        "key": "0" * 28,
    }


def from_recordings(asked):
    """`asked`: paths, start (ms), limits by vital, contexts by patient (optional)."""
    rows, devices = [], []
    for path in asked["paths"]:
        of_file, its = measurements(path, asked["start"], asked["limits"], asked.get("contexts", {}))
        rows += of_file
        devices += its
    return rows, [presence(device, asked["start"]) for device in devices]
