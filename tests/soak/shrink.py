# SPDX-License-Identifier: MIT
"""Makes a failing case smaller as long as it fails in the same way: delta debugging over lists, keys and numbers of its trees."""
import copy
import re
import time

NUMBER = re.compile(r"(\d+)(.*)", re.S)


def places(tree, path=()):
    """Every value with the way to it, outer ones first."""
    yield path, tree
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


def without(tree, path, keys):
    """A copy that lacks these keys of what lies at path."""
    made = copy.deepcopy(tree)
    holder = at(made, path)
    for key in sorted(keys, reverse=True) if isinstance(holder, list) else keys:
        del holder[key]
    return made


def replaced(tree, path, value):
    made = copy.deepcopy(tree)
    if not path:
        return value
    at(made, path[:-1])[path[-1]] = value
    return made


def smaller(value):
    """Simpler scalars, the simplest first."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return
    found = NUMBER.fullmatch(str(value))
    if not found or str(value).startswith("0x"):
        return
    number, rest = int(found[1]), found[2]
    for candidate in (1, number // 16, number // 2, number * 3 // 4, number - 1):
        if 0 < candidate < number:
            yield f"{candidate}{rest}"
    if rest in ("k", "M", "G"):
        yield f"{number}"


def chunks(count):
    """Halves, quarters, … single ones: index ranges to leave out."""
    size = count
    while size >= 1:
        for begin in range(0, count, size):
            yield range(begin, min(begin + size, count))
        size //= 2


def candidates(tree):
    for path, value in list(places(tree)):
        if isinstance(value, list):
            for chunk in chunks(len(value)):
                if len(chunk) < len(value) or path:
                    yield without(tree, path, list(chunk))
            for index, item in enumerate(value):
                if isinstance(item, dict) and "repeat" in item:  # what is repeated, once
                    made = copy.deepcopy(tree)
                    at(made, path)[index:index + 1] = copy.deepcopy(item["script"])
                    yield made
        elif isinstance(value, dict):
            for key in list(value):
                if path or key not in ("iovabench", "name", "requests", "phases"):
                    yield without(tree, path, [key])
            if path and path[-1] == "size" and set(value) != {"fixed"}:
                yield replaced(tree, path, {"fixed": "1 pages"})
        else:
            for other in smaller(value):
                yield replaced(tree, path, other)


def shorten(items, fails):
    """The fewest items that still fail; at least one."""
    size = max(1, len(items) // 2)
    while size >= 1 and len(items) > 1:
        begin, removed = 0, False
        while begin < len(items) and len(items) > 1:
            rest = items[:begin] + items[begin + size:]
            if rest and fails(rest):
                items, removed = rest, True
            else:
                begin += size
        if not removed:
            if size == 1:
                break
            size //= 2
    return items


def shrink(case, fails, seconds):
    """fails(case) tells whether a case still fails in the same way. The smallest that was found within so many seconds."""
    until = time.monotonic() + seconds

    def still(made):
        return time.monotonic() < until and fails(made)

    case = case.with_(trees=shorten(case.trees, lambda trees: still(case.with_(trees=trees))))
    case = case.with_(arms=shorten(case.arms, lambda arms: still(case.with_(arms=arms))))
    changed = True
    while changed and time.monotonic() < until:
        changed = False
        for number in range(len(case.trees)):
            index, options = 0, list(candidates(case.trees[number]))
            while index < len(options) and time.monotonic() < until:
                made = case.with_(trees=case.trees[:number] + [options[index]] + case.trees[number + 1:])
                if still(made):
                    case, changed = made, True
                    options = list(candidates(case.trees[number]))  # of the smaller tree, from about the same place
                    index = min(index, len(options))
                else:
                    index += 1
    return case.with_(recordings={name: recorded for name, recorded in case.recordings.items() if name in repr(case.trees)})
