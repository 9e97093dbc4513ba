# SPDX-License-Identifier: MIT
"""What of a result must repeat, and what must agree with itself."""
import re

from tool import Finding

TIMED = ("throughput", "latency", "latency_classes", "worst_samples", "latency_slowdown", "paired", "paired_reason", "paired_others", "tainted_share", "ring", "open_loop",
         "ageing", "counters", "core_ghz", "looks", "physical", "latency_heat")
OF_THE_RUN = ("source", "histograms", "series", "spec", "workload_index", "sweep", "threads", "lock", "rate", "plugin_hash", "plugin_about")
TIMED_COLUMNS = ("ns_per_op", "alloc_p50_ns", "alloc_p99_ns", "alloc_max_ns")

HUGE_SPACE_PAGES = 1 << 34


def exact(tree, leave):
    """A part of a result without what may differ between two runs."""
    if isinstance(tree, dict):
        if "malformed" in tree and tree["malformed"] is None:  # no audit saw an operation: the total is that of timed passes
            tree = {key: value for key, value in tree.items() if not key.startswith("total")}
        return {key: exact(value, leave) for key, value in tree.items()
                if key.removesuffix("_reason") not in TIMED + OF_THE_RUN and key not in leave}
    return tree


def series_of(arm):
    table = arm.get("series_table")
    if not table:
        return None
    keep = [i for i, name in enumerate(table["columns"]) if name not in TIMED_COLUMNS]
    return [[row[i] for i in keep] for row in table["rows"]]


def arm_exact(arm, leave):
    reason = re.sub(r"line \d+", "line", arm["reason"] or "")  # the same, written elsewhere
    reason = re.sub(r"(; |\n)?was stopped from outside for [^;\n]*", "", reason)  # LeakSanitizer stops what it looks at
    arm = {**arm, "reason": reason}
    figures = exact({key: value for key, value in arm.items() if key not in ("series_table", "phases", "figures_phase")}, leave)
    figures["phases"] = [exact(phase, leave) for phase in arm.get("phases") or []]
    if "series" not in leave:
        figures["series_rows"] = series_of(arm)
    return figures


def differences(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in a.keys() | b.keys():
            yield from differences(a.get(key, "missing"), b.get(key, "missing"), f"{path}.{key}" if path else key)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (left, right) in enumerate(zip(a, b)):
            yield from differences(left, right, f"{path}[{i}]")
    elif a != b:
        yield path, a, b


def same_arms(what, a, b, pairs, leave=()):
    """pairs: (arm of a, arm of b). Raises a Finding when an exact figure differs."""
    for left, right in pairs:
        found = sorted(differences(arm_exact(left, leave), arm_exact(right, leave)))
        if found:
            path, one, other = found[0]
            raise Finding(f"{what}: {path.split('[')[0]} differs",
                          f"{left['workload']} on {left['spec']}: {path}: {str(one)[:200]} and {str(other)[:200]}"
                          f" ({len(found)} differences: {', '.join(p for p, _, _ in found[:12])})")


def stream_of(workload):
    return workload["stream_hash"], workload["ops"]


def same_results(what, a, b, leave=(), streams=True):
    """Workloads and arms of two results one by one, in their order."""
    if len(a["workloads"]) != len(b["workloads"]) or len(a["arms"]) != len(b["arms"]):
        raise Finding(f"{what}: counts of workloads or arms differ",
                      f"{len(a['workloads'])}, {len(b['workloads'])} workloads; {len(a['arms'])}, {len(b['arms'])} arms")
    for left, right in zip(a["workloads"], b["workloads"]):
        if streams and stream_of(left) != stream_of(right):
            raise Finding(f"{what}: streams differ", f"{left['name']}: {stream_of(left)} and {stream_of(right)}")
    same_arms(what, a, b, list(zip(a["arms"], b["arms"])), leave)


def fatal(arm):
    """Windows would have stopped: its figures end there."""
    return (arm.get("calls") or {}).get("fatal") == 1 or "fatal" in (arm.get("reason") or "").lower() or "0x1E4" in (arm.get("reason") or "")


def self_consistent(result):
    """What holds within one result; of one thread."""
    for arm in result["arms"]:
        where = f"{arm['workload']} on {arm['spec']}"
        space = result["workloads"][arm["workload_index"]]["expanded"]["space"]
        if arm["state"] == "failed" and "memory limit" in arm["reason"] and pages(space["size"], pages(space["page"], 1)) > HUGE_SPACE_PAGES:
            continue  # a bit for each page is more than this machine has
        if arm["state"] in ("failed", "nondeterministic", "not run") and not fatal(arm):
            raise Finding(f"run: arm {arm['state']}", f"{where}: {arm['reason']}")
        if arm["state"] != "ok":
            continue
        violations = arm["audit"]["violations"]
        if violations and not fatal(arm):
            raise Finding("run: violations", f"{where}: {violations}")
        workload = result["workloads"][arm["workload_index"]]
        for phase in arm["phases"]:
            check_phase(where, phase)
        conservation(where, arm, workload["expanded"])
        bounded(where, arm)
        if not fatal(arm) and arm["threads"] == 1:
            check_counts(where, arm, workload["expanded"])


def bounded(where, arm):
    """Neither who serves everything nor a packing needs less than the floor."""
    bounds = arm["bounds"]
    if bounds["span_floor_pages"] is None or any(phase["failures"]["total"] != 0 for phase in arm["phases"]):
        return
    last = arm["phases"][-1]
    if last["space"]["span_pages"] is None:
        return
    span, tables = last["space"]["span_pages"], last["fragmentation"]["page_table_ever_leaf_pages"]
    for what, floor, packed, has in (("span", "span_floor_pages", "span_packed_pages", span),
                                     ("tables", "page_table_leaf_floor", "page_table_leaf_packed", tables)):
        if has < bounds[floor] or (bounds[packed] is not None and bounds[packed] < bounds[floor]):
            raise Finding(f"run: {what} below the floor", f"{where}: {bounds}, the arm has {has}")


def check_phase(where, phase):
    failures, operations, space = phase["failures"], phase["operations"], phase["space"]
    kinds = [failures[kind] for kind in ("malformed", "impossible", "exhausted", "fragmented", "held", "refused", "metadata", "physical")]
    if None not in kinds and failures["total"] is not None and sum(kinds) != failures["total"]:
        raise Finding("run: failures do not add up", f"{where}, {phase['name']}: {failures}")
    if space["requested_pages"] is not None and space["requested_pages"] > space["granted_pages"]:
        raise Finding("run: less granted than requested", f"{where}, {phase['name']}: {space}")
    if None not in (failures["total"], operations["allocations"]) and failures["total"] > operations["allocations"] + operations["routine_calls"]:
        raise Finding("run: more failures than allocations", f"{where}, {phase['name']}: {failures} {operations}")


UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def pages(text, page):
    """Of a size as expand writes it."""
    number, unit = re.fullmatch(r"(0x[0-9a-f]+|\d+) ?([A-Za-z]*)", text).groups()
    return int(number, 0) if unit == "pages" else int(number, 0) * UNITS.get(unit, 1) // page


def usable_pages(space):
    page = pages(space["page"], 1)
    reserved = sum(pages(hole["size"], page) for hole in space.get("reserved", []))
    return pages(space["size"], page) - pages(space["base"], page) - reserved


def conservation(where, arm, expanded):
    """live + free + cached + deferred of every row is the space."""
    table = arm.get("series_table")
    domains = len(arm["domains"] or []) or 1
    if not table or domains > 1:
        return
    columns = {name: i for i, name in enumerate(table["columns"])}
    parts = [columns[name] for name in ("live_pages", "free_pages", "cached_pages", "deferred_pages")]
    usable = usable_pages(expanded["space"])
    for row in table["rows"]:
        values = [row[i] for i in parts]
        if None not in values and sum(values) != usable:
            raise Finding("run: pages are not conserved", f"{where}: {dict(zip(('live', 'free', 'cached', 'deferred'), values))}"
                          f" are not {usable}, at operation {row[columns['op']]}")


def check_counts(where, arm, expanded):
    """Operations of each phase as docs/workload-format.md promises them; mix: extents of mixes that live, None: not known."""
    mix = 0
    for phase, meant in zip(arm["phases"], expanded["phases"]):
        operations = phase["operations"]
        tried, freed = operations["allocations"], (operations["frees"] or 0) + (operations["frees_skipped"] or 0)
        if tried is None:
            return
        wanted = None
        if "mix" in meant:
            (kind, value), = meant.get("until", {"ops": meant.get("ops")}).items()
            if kind == "live" and mix is not None:
                wanted = ("allocations", max(0, value - mix), tried)
            elif kind == "ops":  # at a whole step
                step = 2 * meant["burst"] if meant["victims"] != "lifetime" and meant["hold"] == "live" else None
                if step and value <= tried + freed < value + step:
                    value = tried + freed
                wanted = ("operations", value, tried + freed) if step else None
            mix = None if mix is None else mix + tried - freed
        elif meant.get("free") == "all":
            mix = 0
        elif "free" in meant:
            (kind, value), = meant["free"]["until"].items()
            if kind == "live" and mix is not None:
                wanted = ("frees", max(0, mix - value), freed)
            mix = None if mix is None else mix - freed
        elif "trace" in meant or "adversary" in meant or "queue" in meant:
            mix = None
        if wanted and wanted[1] != wanted[2]:
            raise Finding(f"run: {wanted[0]} of a phase are not what was asked for",
                          f"{where}, {phase['name']}: {wanted[1]} were to be, {wanted[2]} were")


def expectations(result):
    for expectation in result["expectations"]:
        arm = result["arms"][expectation["arm"]]
        value = arm
        for key in expectation["metric"].split("."):
            value = value.get(key) if isinstance(value, dict) else None
        got = expectation["got"]
        if isinstance(value, (int, float)) and got != value:
            raise Finding("run: an expectation got another figure than the arm has", f"{expectation}: {value}")
        words = expectation["wanted"].split()
        if arm["state"] == "ok" and got is not None and len(words) == 2:
            number = float(words[1])
            met = {"is": got == number, "below": got < number, "above": got > number}[words[0]]
            if met != expectation["met"]:
                raise Finding("run: an expectation is judged wrongly", str(expectation))


def exit_codes(result):
    """The codes that a run with this result may end with: 3, 6, 5, 1 take precedence in this order."""
    states = {}
    for arm in result["arms"]:
        states.setdefault(arm["spec"], set()).add(arm["state"])
    if any(arm["state"] == "failed" or fatal(arm) for arm in result["arms"]):
        return {3}
    if any(each == {"n/a"} for each in states.values()):
        return {6}
    if any("nondeterministic" in each or "untrustworthy" in each for each in states.values()):
        return {5}
    return {0} if all(expectation["met"] for expectation in result["expectations"]) else {1}
