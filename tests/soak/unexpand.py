# SPDX-License-Identifier: MIT
"""From what 'iovabench expand' prints back to a workload file: a second reading of the document, so that what it leaves out is noticed."""
from decimal import Decimal


def size_keys(size):
    kind = size["kind"]
    low, high = f"{size['min_pages']} pages", f"{size['max_pages']} pages"
    if kind == "fixed":
        return {"fixed": low}
    keys = {"min": low, "max": high}
    if kind == "powers_of_two":
        keys |= {"ratio": percent(size["ratio"]), "exact": size["exact"]}
    elif kind in ("pareto", "zipf"):
        keys["alpha"] = decimal(size["alpha"])
    elif kind == "lognormal":
        keys |= {"median": f"{size['median_pages']} pages", "sigma": decimal(size["sigma"])}
    return {kind: keys}


def decimal(value, factor=1):
    """Without an exponent: the shortest that is read as the same number, times factor."""
    text = f"{Decimal(repr(value)) * factor:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value):
    return decimal(value, 100) + "%"


def size(size_):
    kind = size_["kind"]
    if kind == "weights":
        return {"weights": [{"size": f"{part['min_pages']} pages", "weight": part["weight"]} for part in size_["parts"]]}
    if kind == "mixed":
        return {"mixed": [{**size_keys(part), "weight": part["weight"]} for part in size_["parts"]]}
    return size_keys(size_)


def align(align_):
    kind = align_["kind"]
    if kind in ("none", "natural"):
        return kind
    return f"{align_['pages']} pages" if kind == "fixed" else {"natural_up_to": f"{align_['pages']} pages"}


def lifetime(life):
    kind = life["kind"]
    if kind == "fixed":
        return {"fixed": life["min_ops"]}
    if kind == "exponential":
        return {"exponential": {"mean": life["mean_ops"]}}
    if kind == "generational":
        return {kind: {"young": life["young_mean_ops"], "old": life["old_mean_ops"], "share": percent(life["young_share"])}}
    keys = {"min": life["min_ops"], "max": life["max_ops"]}
    if kind == "pareto":
        keys["alpha"] = decimal(life["alpha"])
    return {kind: keys}


def arguments(given):
    """Of calls and routines: null says that it was not given."""
    return {key: value for key, value in given.items() if value is not None}


def request(whole):
    made = {"name": whole["name"], "call": whole["call"], "size": size(whole["size"])}
    if whole["lifetime"]["kind"] != "none":
        made["lifetime"] = lifetime(whole["lifetime"])
    given = whole.get("arguments")
    outside = whole["call"] in ("map", "mm_contiguous", "mm_mdl")
    if not outside:
        made |= {"low": whole["low"], "high": whole["high"], "align": align(whole["align"])}
        if whole["boundary_pages"]:
            made["boundary"] = f"{whole['boundary_pages']} pages"
        if whole["guard_pages"]:
            made["guard"] = f"{whole['guard_pages']} pages"
    if given:
        made |= {key: value for key, value in arguments(given).items() if key != "of"}
    return made


def until(phase):
    (kind, value), = phase["until"].items()
    return {kind: percent(value) if kind == "occupancy" else decimal(value) if kind == "turnovers" else value}


def slots(range_, plain):
    name = range_["array"]
    if name in plain:
        return name
    return f"{name}[{range_['first']}..{range_['last']}..{range_['step']}]"


def operation(op, plain):
    kind = op["op"]
    if kind == "alloc":
        made = {"alloc": slots(op["slots"], plain), "request": op["request"]}
        if "pages" in op:
            made["size"] = f"{op['pages']} pages"
        return made
    if kind == "free":
        return {"free": slots(op["slots"], plain)}
    if kind == "repeat":
        return {"repeat": op["times"], "script": [operation(inner, plain) for inner in op["script"]]}
    made = {"call": op["routine"]} | {key: value for key, value in arguments(op).items() if key not in ("op", "routine")}
    if made.get("into") == []:
        del made["into"]
    return made


def phase(whole, plain):
    made = {"name": whole["name"], "measure": whole["measure"]}
    if "mix" in whole:
        made |= {"mix": whole["mix"], "until": until(whole)}
        if "victims" in whole:
            made |= {"victims": whole["victims"], "free_on": whole["free_on"]}
            if whole["victims"] != "lifetime":
                made["hold"] = whole["hold"]
                made["think"] = whole["think_ops"]
                if whole["hold"] == "live":
                    made["burst"] = whole["burst"]
    elif whole.get("free") == "all":
        made["free"] = "all"
    elif "free" in whole:
        made["free"] = {"victims": whole["free"]["victims"], "free_on": whole["free"]["free_on"], "until": until(whole["free"])}
    elif "script" in whole:
        made["script"] = [operation(op, plain) for op in whole["script"]]
    elif "trace" in whole:
        made["trace"] = {**whole["trace"], "align": align(whole["trace"]["align"])}
    elif "rings" in whole:
        made["rings"] = whole["rings"]
        if "live" not in whole["until"]:
            made |= {"until": until(whole), "free_on": whole["free_on"]}
    elif "adversary" in whole:
        robson = whole["adversary"]["robson"]
        made["adversary"] = {"robson": {"live": f"{robson['live_pages']} pages", "largest": f"{robson['largest_pages']} pages"}}
    return made


def plain_names(whole):
    """An array of one slot is written without brackets: both forms mean slot 0."""
    return {array["name"] for array in whole["slot_arrays"] if array["slots"] == 1}


def workload(whole):
    """whole: the parsed document. Its sweep is left out: what is played is one combination."""
    plain = plain_names(whole)
    page = whole["space"]["page_bytes"]
    made = {"iovabench": 1, "name": whole["name"], "about": whole["about"], "source": whole["source"]}
    made["space"] = {"base": whole["space"]["base"], "size": hex(int(whole["space"]["last"], 16) + 1), "page": f"{page} B",
                     "mode": whole["space"]["mode"],
                     "reserved": [{"base": hole["base"], "size": f"{hole['pages']} pages"} for hole in whole["space"]["reserved"]]}
    made["physical"] = {"scatter": percent(whole["physical"]["scatter"])}
    if whole["physical"]["size"]:
        made["physical"]["size"] = whole["physical"]["size"]
    made["adapter"] = whole["adapter"]
    made |= {"cpus": whole["cpus"], "pace": f"{decimal(whole['pace_ops_per_second'])}/s", "seed": whole["seed"]}
    made["requests"] = [request(entry) for entry in whole["requests"]]
    made["phases"] = [phase(entry, plain) for entry in whole["phases"]]
    made["expect"] = [{key: decimal(value) if isinstance(value, (int, float)) else value for key, value in entry.items() if value is not None}
                      for entry in whole["expect"]]
    return {key: value for key, value in made.items() if value not in ([], "")}
