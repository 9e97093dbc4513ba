# SPDX-License-Identifier: MIT
"""Holds the tables that plot --data writes, and the pictures, against the result that they are of: percentiles, phases, times, failures, series.
Arguments: result.json, the folder with KIND.csv and KIND.svg."""
import collections
import csv
import json
import re
import sys

result = json.load(open(sys.argv[1]))
folder = sys.argv[2]


def lines(kind):
    found = collections.defaultdict(list)
    for row in csv.DictReader(open(f"{folder}/{kind}.csv")):
        found[row["plot"], row["spec"]].append(row)
    return found


def held(got, wanted, what):
    assert got == wanted, f"{what}: {got}, not {wanted}"


percentiles, phases, times, failures, space = (lines(kind) for kind in ("percentiles", "phases", "latency", "failures", "space"))
kinds, ends, cells, unseen = set(), 0, 0, 0
for arm in result["arms"]:
    name, spec = arm["workload"], arm["spec"]
    if not arm["phases"]:
        continue
    # Every kind of operation has its curve; what fewer than ten samples lie above is not sure.
    for kind, latency in arm["phases"][arm["figures_phase"]]["latency"].items():
        points = percentiles.pop((f"{name}: latency of {kind}", spec))
        kinds.add(kind)
        wanted = [point for point in latency["curve"] if point[0] < 100]
        held([float(row["y"]) for row in points], [point[1] for point in wanted], f"{name} {spec} {kind}")
        sure = [(1 - float(row["x"])) * latency["count"] >= 10 for row in points]
        held([row["sure"] == "yes" for row in points], [any(sure[at:]) for at in range(len(sure))], f"sure of {name} {spec} {kind}")
    # A time has the band that its cells have, and none where they are unknown.
    known = [dict(zip(table, row)) for phase in arm["phases"] if (table := phase["throughput"]["cells"]) for row in zip(*table.values())]
    known = [cell for cell in known if cell["ns_per_op"] is not None]
    drawn = times.get((f"{name}: time per operation", spec), [])
    if drawn and known:
        cells += 1
        held([float(row["y"]) for row in drawn], [cell["ns_per_op"] for cell in known], f"time of {name} {spec}")
        for end in ("low", "high"):
            held([float(row[end]) for row in drawn],
                 [cell["ns_per_op"] if cell["ci_low_ns"] is None else cell[f"ci_{end}_ns"] for cell in known], f"{end} of {name} {spec}")
    # Failures by request and kind, from nothing to the end of the stream.
    at = arm["series_table"]["columns"].index("op")
    last = arm["series_table"]["rows"][-1][at] if arm["series_table"]["rows"] else 0
    for one in arm["failures_by_request"]:
        drawn = failures.pop((f"{name}: {one['request']} {one['kind']}", spec), None)
        if drawn is None:
            unseen += 1
            continue
        ends += 1
        held((float(drawn[0]["x"]), float(drawn[0]["y"])), (0, 0), f"begin of {one['request']} {one['kind']}")
        held(float(drawn[-1]["x"]), max(last, one["ops"][-1]), f"end of {name} {spec} {one['request']} {one['kind']}")
        held([float(row["y"]) for row in drawn[1:1 + len(one["ops"])]], one["failures"], f"numbers of {one['request']} {one['kind']}")
    # What is never anything but 0 is not drawn.
    for column, title in (("cached_pages", "cached"), ("deferred_pages", "deferred"), ("live_pages", "live")):
        index = arm["series_table"]["columns"].index(column)
        held(any(row[index] for row in arm["series_table"]["rows"]), (f"{name}: {title}", spec) in space, f"{title} of {name} {spec}")
# What failed most comes first.
totals = collections.Counter()
for arm in result["arms"]:
    for one in arm["failures_by_request"]:
        if arm["workload"] == "mask-mix":
            totals[f"mask-mix: {one['request']} {one['kind']}"] += one["failures"][-1]
order = list(dict.fromkeys(title for title, spec in lines("failures") if title in totals))
held([totals[title] for title in order], sorted((totals[title] for title in order), reverse=True), "order of failures")
assert not percentiles, f"of nothing: {list(percentiles)[:3]}"
assert {"alloc", "free", "contiguous.alloc", "mdl.free", "poll"} <= kinds, kinds
assert ends >= 8 and cells >= 8, (ends, cells)

# Side by side phases have one scale, the floor of the clock is shaded, and phases begin where the series says.
scales = collections.defaultdict(set)
for x, y, key in re.findall(r'data-x="([^"]*)" data-y="([^"]*)" data-key="([^"]*)"', open(f"{folder}/phases.svg").read()):
    scales[key.split(":")[0]].add((x, y))
assert scales and all(len(one) == 1 for one in scales.values()), scales
picture = open(f"{folder}/percentiles.svg").read()
held(picture.count('class="floor"') >= 10, True, "floors")
arm = next(arm for arm in result["arms"] if arm["workload"] == "gpu-paging" and arm["series_table"]["rows"])
names = arm["series_table"]["columns"]
rows = arm["series_table"]["rows"]
end = [row[names.index("op")] for row in rows if row[names.index("phase")] == rows[0][names.index("phase")]][-1]
plot = re.search(r'<svg class="plot" x="([\d.]*)"[^>]*width="([\d.]*)"[^>]*data-x="linear count ([\d.e+]*) ([\d.e+]*)"[^>]*data-key="gpu-paging: live">(.*?)</svg>',
                 open(f"{folder}/space.svg").read(), re.S)
left, width, low, high = (float(plot.group(at)) for at in range(1, 5))
rules = [float(x) for x in re.findall(r'class="rule" d="M([\d.]*) ', plot.group(5))]
assert any(abs(x - (left + width * (end - low) / (high - low))) < 0.02 for x in rules), (rules, end)
