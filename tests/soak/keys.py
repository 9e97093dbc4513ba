# SPDX-License-Identifier: MIT
"""What the program says about itself: keys of workload files, allocators with their options, driver calls, metrics. The only place
that knows the shape of these texts."""
import json
import re


class Keys:
    def __init__(self, tool):
        rows = json.loads(tool("list", "keys", "--json", codes={0}).out)
        self.rows = {row["name"]: row for row in rows if row.get("file", "workload") == "workload"}

    def words(self, path):
        """The words of a key that takes one of several: 'random, fifo or lifo'."""
        text = self.rows[path]["value"]
        words = re.split(r", | or ", text)
        if len(words) < 2 or not all(re.fullmatch(r"[a-z0-9_.]+", word) for word in words):
            raise ValueError(f"{path} takes no words: {text}")
        return words

    def range(self, path):
        """The numbers of a key with a range: 'number, 0.01 to 16'."""
        found = re.search(r"([0-9.]+)([kMG]?) to ([0-9.]+)([kMG]?)", self.rows[path]["value"])
        if not found:
            raise ValueError(f"{path} has no range: {self.rows[path]['value']}")
        factor = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
        return float(found[1]) * factor[found[2]], float(found[3]) * factor[found[4]]


class Allocators:
    """Names, and for each its options with values to choose from."""

    def __init__(self, tool):
        self.options, self.layers, self.parts = {}, set(), {}
        for row in json.loads(tool("list", "allocators", "--json", codes={0}).out):
            text = tool("describe", row["name"], codes={0}).out
            if "stands in front of another allocator" in text:
                self.layers.add(row["name"])
            stands_for = re.search(r"stands for (\S+)", text)
            self.parts[row["name"]] = stands_for[1].count("+") + 1 if stands_for else 1
            self.options[row["name"]] = self.read_options(text)
        self.bases = [name for name in self.options if name not in self.layers and name != "null"]

    @staticmethod
    def read_options(text):
        options, name = {}, None
        if "options:" not in text:
            return options
        for line in text.split("options:", 1)[1].splitlines():
            found = re.match(r"  ([a-z0-9_]+) {2,}\S", line)
            if found:
                name = found[1]
            elif name and "(default" in line:
                values = line.split("(default")[0].strip()
                number = re.match(r"(\d+) to (\d+)( [a-z]+)?", values)
                options[name] = (int(number[1]), int(number[2]), (number[3] or "").strip()) if number else values.split(" | ")
                name = None
        return options

    @staticmethod
    def number(random, low, high, unit):
        value = random.choice([low, low + 1, random.randint(low, high), random.randint(low, min(high, low + 40)), high])
        return f"{value}{unit}"

    def part(self, random, name):
        chosen = []
        for option, values in self.options[name].items():
            if random.random() < 0.4:
                value = self.number(random, *values) if isinstance(values, tuple) else random.choice(values)
                chosen.append(f"{option}={value}")
        return name + (":" + ",".join(chosen) if chosen else "")

    def spec(self, random):
        """At most four parts."""
        base = random.choice(self.bases)
        layers = [self.part(random, random.choice(sorted(self.layers)))
                  for _ in range(min(random.choice([0, 0, 0, 1, 1, 2]), 4 - self.parts[base]))]
        return "+".join([*layers, self.part(random, base)])


class Calls:
    """Arguments of calls in requests and of routines in scripts."""

    def __init__(self, tool):
        text = tool("describe", "call", codes={0}).out
        requests, routines = text.split("Routines of scripts", 1)
        names = re.compile(r"^  (\S+) {2,}\S", re.M)
        self.requests = {name: self.arguments(tool, name) for name in names.findall(requests)}
        self.routines = {name: self.arguments(tool, name) for name in names.findall(routines)}

    @staticmethod
    def arguments(tool, name):
        text = tool("describe", f"call:{name}", codes={0}).out
        lines = text.split("Arguments:", 1)[1].split("\n\n")[1].splitlines()
        found = {}
        for line in lines:
            match = re.match(r"  ([a-z_]+) {2,}(.*)", line)
            if match:
                found[match[1]] = "(required)" in match[2]
        return found


def metrics(tool):
    return [row["name"] for row in json.loads(tool("list", "metrics", "--json", codes={0}).out)]
