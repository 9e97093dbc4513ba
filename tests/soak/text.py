# SPDX-License-Identifier: MIT
"""Workloads as trees of dict, list, str, int and bool, and their text as YAML."""
import re

PLAIN = re.compile(r"[A-Za-z0-9_./-][A-Za-z0-9_./%-]*( [a-zA-Z]+)?")
# Words that YAML itself gives a meaning.
SPOKEN_FOR = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "-", "--", "---"}


def scalar(value):
    if value is True or value is False:
        return "yes" if value else "no"
    text = str(value)
    if isinstance(value, int):
        return text
    if PLAIN.fullmatch(text) and text.lower() not in SPOKEN_FOR and not text.startswith("- "):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def flow(tree):
    """One line."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{scalar(key)}: {flow(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(flow(value) for value in tree) + "]"
    return scalar(tree)


def block(tree, indent, depth):
    """Lines with block style for so many levels, flow style below."""
    pad = "  " * indent
    if depth <= 0 or not isinstance(tree, (dict, list)) or not tree:
        return [pad + flow(tree)]
    lines = []
    if isinstance(tree, dict):
        for key, value in tree.items():
            if depth > 1 and isinstance(value, (dict, list)) and value:
                lines.append(f"{pad}{scalar(key)}:")
                lines += block(value, indent + 1, depth - 1)
            else:
                lines.append(f"{pad}{scalar(key)}: {flow(value)}")
    else:
        for value in tree:
            inner = block(value, indent + 1, depth - 1)
            inner[0] = f"{pad}- {inner[0].lstrip(' ')}"
            lines += inner
    return lines


def dump(tree, depth=2):
    return "\n".join(block(tree, 0, depth)) + "\n"


def key_paths(tree, path=""):
    """The keys of a tree as 'iovabench list keys' names them: lists add nothing, scripts inside of scripts neither."""
    found = set()
    if isinstance(tree, dict):
        for key, value in tree.items():
            below = key if not path else path if path.endswith(".script") and key == "script" else f"{path}.{key}"
            if path.endswith(".script") and key == "script":
                found.add(f"{path}.script")
            found.add(below)
            found |= key_paths(value, below)
    elif isinstance(tree, list):
        for value in tree:
            found |= key_paths(value, path)
    return found


def locate(tree, key):
    """The container and index of a value by its swept name: names joined by points, items of lists by name, request or number."""
    words, at = key.split("."), tree
    for number, word in enumerate(words):
        if isinstance(at, list):
            index = next((i for i, item in enumerate(at)
                          if isinstance(item, dict) and word in (item.get("name"), item.get("request"))), None)
            if index is None:
                index = int(word)
        else:
            index = word
        if number == len(words) - 1:
            return at, index
        at = at[index]
    raise KeyError(key)
