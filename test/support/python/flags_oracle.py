"""
Says what must have stood over every patient, and how it changed: the episodes behind Flags and behind the repository's rows, from
the windows that scoring_oracle.py says and nothing else. For recordings without corrections: there what a reader follows
window by window is what the windows say as a whole.

    python3 scoring_oracle.py INPUT.json | python3 flags_oracle.py > episodes.jsonl

One window a line, by (patient, start). Output: one episode a line, by (patient, kind, since): {patient, kind, since, raisedAt,
level, levels, vitals, ended}. `levels` are [start of the window, level] for every change, `ended` is {time, reason} or null;
times in ms.
"""

import json
import sys
from itertools import groupby

KINDS = [("data-gap", "dataGap", "dataReturned"), ("deterioration", "flag", "improved")]


def episodes(windows):
    """Of one patient, whose windows are in order."""
    for kind, decision, over in KINDS:
        beginnings = [window[decision]["since"] for window in windows]
        for since in sorted({since for since in beginnings if since is not None}):
            at = [i for i, beginning in enumerate(beginnings) if beginning == since]
            if at != list(range(at[0], at[-1] + 1)) or windows[at[0]]["start"] != since:
                raise ValueError(f"Windows do not agree on the {kind} that began at {since}.")
            yield episode(kind, decision, [windows[i] for i in at], ending(windows[at[-1] :], windows[at[0]]["end"], over))


def episode(kind, decision, standing, ended):
    first, last = standing[0], standing[-1]
    levels = [[window["start"], window[decision].get("level")] for window in standing]
    changes = [next(same) for _, same in groupby(levels, key=lambda change: change[1])]
    return {
        "patient": first["patient"],
        "kind": kind,
        "since": first["start"],
        "raisedAt": first["end"],
        "level": changes[-1][1],
        "levels": changes if kind == "deterioration" else [],
        "vitals": last[decision].get("vitals", []),
        "ended": ended,
    }


def ending(rest, raised_at, over):
    """`rest` begins with the last window in which it stood: the stay ended in it, or the next window says that it is over."""
    left = rest[0]["monitoringEnd"]
    if left is not None:
        return {"time": max(left["time"], raised_at), "reason": "monitoringEnded"}
    return {"time": rest[1]["end"], "reason": over} if len(rest) > 1 else None


def main():
    windows = map(json.loads, sys.stdin)
    for _, of_patient in groupby(windows, key=lambda window: window["patient"]):
        for told in episodes(list(of_patient)):
            print(json.dumps(told, separators=(",", ":")))


if __name__ == "__main__":
    main()
