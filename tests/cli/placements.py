# SPDX-License-Identifier: MIT
"""Figures of the space from what --dump-placements wrote, by a program that knows nothing of the audit: page by page, with a set.
For allocators whose free runs are what is not live. Prints what disagrees with result.json."""
import csv
import json
import sys


class Space:
    def __init__(self):
        self.first = self.end = 0
        self.reserved, self.live, self.ever = set(), set(), set()
        self.extents, self.peak = {}, 0

    def alloc(self, first, count):
        pages = range(first, first + count)
        assert not self.live.intersection(pages) and not self.reserved.intersection(pages), "an overlap"
        assert self.first <= first and first + count <= self.end, "outside of the space"
        self.live.update(pages)
        self.ever.update(pages)
        self.extents[first] = count
        self.peak = max(self.peak, len(self.live))

    def free(self, first, count):
        assert self.extents.pop(first) == count, "another extent"
        self.live.difference_update(range(first, first + count))

    def runs(self):
        taken = sorted(self.live | self.reserved) + [self.end]
        at, runs = self.first, []
        for page in taken:
            if page > at:
                runs.append((at, page - at))
            at = page + 1
        return runs


def aligned_blocks(runs, order):
    """How many aligned blocks of 2^order pages lie in them."""
    size = 1 << order
    return sum(max(0, (first + count) // size - -(-first // size)) for first, count in runs)


def tables(pages):
    if not pages:
        return 0, 0
    levels = [len({page >> shift for page in pages}) for shift in (9, 18, 27)]
    return levels[0], sum(levels) + 1


def floor(pages):
    return sum(-(-pages // 512 ** level) for level in (1, 2, 3)) + 1


def figures(space):
    runs = space.runs()
    free = sum(count for _, count in runs)
    leaf, table = tables(space.live)
    ever_leaf, ever_table = tables(space.ever)
    span = max(space.ever) - min(space.ever) + 1
    found = {
        "fragmentation.free_pages": free,
        "fragmentation.free_extents": len(runs),
        "fragmentation.largest_free_pages": max((count for _, count in runs), default=0),
        "fragmentation.outside_largest": 1 - max(count for _, count in runs) / free if free else None,
        "fragmentation.free_runs_per_page": len(runs) / (space.end - space.first),
        "fragmentation.free_run_mean_pages": free / len(runs) if runs else None,
        "fragmentation.page_table_pages": table,
        "fragmentation.page_table_leaf_pages": leaf,
        "fragmentation.page_table_ratio": table / floor(len(space.live)) if space.live else None,
        "fragmentation.page_table_ever_pages": ever_table,
        "fragmentation.page_table_ever_leaf_pages": ever_leaf,
        "fragmentation.page_table_ever_ratio": ever_table / floor(space.peak),
        "space.peak_live_pages": space.peak,
        "space.span_pages": span,
        "space.span_ratio": span / space.peak,
        "space.high_water_pages": max(space.ever) + 1 - space.first,
        "space.footprint_ratio": 512 * ever_leaf / space.peak,
    }
    for name, order in (("16kib", 2), ("64kib", 4), ("2mib", 9), ("1gib", 18)):
        served = aligned_blocks(runs, order) << order
        found[f"fragmentation.unusable_{name}"] = (free - served) / free if free else 1
        found[f"fragmentation.drained_unusable_{name}"] = found[f"fragmentation.unusable_{name}"]
    for name, order in (("2mib", 9), ("1gib", 18)):
        found[f"fragmentation.free_{name}_slots"] = aligned_blocks(runs, order)
    return found


def main(placements, result, spec):
    space, counts, phase = Space(), {"alloc": 0, "free": 0, "fail": 0}, None
    for row in csv.DictReader(open(placements, newline="")):
        if row["allocator"] != spec:
            continue
        first, count, event = int(row["first"] or 0), int(row["count"]), row["event"]
        if row["phase"] != phase:
            phase, counts = row["phase"], dict.fromkeys(counts, 0)
        if event == "space":
            space.first, space.end = first, first + count
        elif event == "reserve":
            space.reserved.update(range(first, first + count))
        else:
            counts[event] += 1
            if event != "fail":
                getattr(space, event)(first, count)
    arm = next(arm for arm in json.load(open(result))["arms"] if arm["spec"] == spec)
    found = figures(space)
    found["failures.total"] = counts["fail"]
    found["operations.frees"] = counts["free"]
    found["operations.allocations"] = counts["alloc"] + counts["fail"]
    wrong = 0
    for path, value in found.items():
        told = arm
        for key in path.split("."):
            told = told[key]
        same = told is None if value is None else told is not None and abs(told - value) <= 1e-12 * max(1, abs(value))
        if not same:
            print(f"{path}: {told}, and from the placements {value}")
            wrong += 1
    print(f"{len(found)} figures, {wrong} wrong")
    return wrong != 0


sys.exit(main(*sys.argv[1:]))
