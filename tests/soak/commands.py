# SPDX-License-Identifier: MIT
"""Random command lines: whatever is asked, the exit code is a documented one, a cause is told, and nothing crashes or hangs."""
import json
import os
import random as chance
import re
import shutil
import time

import shrink
from tool import Finding

# What each command may end with (--help of each, and of the program).
CODES = {
    "run": {0, 1, 2, 3, 5, 6, 7, 130}, "resume": {0, 1, 2, 3, 5, 6, 7, 130}, "merge": {0, 1, 2, 3, 5, 6, 7}, "aperture": {0, 1, 2, 3, 5, 6, 7}, "advise": {0, 1, 2, 3, 5, 6, 7, 130},
    "report": {0, 2, 7}, "plot": {0, 2, 7}, "history": {0, 2, 7}, "compare": {0, 1, 2, 4, 7}, "gate": {0, 1, 2, 4, 7}, "check": {0, 2, 7}, "expand": {0, 2, 7}, "list": {0, 2, 7},
    "describe": {0, 2, 7}, "trace": {0, 2, 7}, "calibrate": {0, 2, 5, 7}, "doctor": {0, 2, 7},
}
PATIENCE = 90

WORKLOAD = """iovabench: 1
name: small
requests: [{name: r, size: {fixed: 4KiB}}]
phases:
  - {name: fill, mix: [{request: r}], until: {live: 50}}
  - {name: churn, mix: [{request: r}], ops: 200}
"""
RECORDED = """ a-1 [000] ...1. 1.000001: allocret: (x <- y) dom=0xa size=0x1 limit=0xfffff flush=0 ret=0x10
 a-1 [001] ...1. 1.000002: freei: (x) dom=0xa pfn=0x10 size=0x1
"""
POLICY = "policy: 1\nthreshold: 5%\nmetrics:\n  - {metric: fragmentation.*, as: advisory}\n"
STRANGE = ["", " ", "-", "--", "-x", "--nonsense", "=", "0", "-1", "1e3", "010", "+4", "99999999999999999999", "0x", "nan", "%", "%s%n", "a" * 300, "ü", "\udcff",
           "a b", "/", "/dev/null", "/proc/self/mem", "../..", "\n", "'", '"', "$HOME", "*", "=1+1", "{}", "[", ":", "+", ","]


class Fixtures:
    """A folder with what commands read, made by the program itself."""

    def __init__(self, tool, folder):
        self.tool, self.folder = tool, folder
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(os.path.join(folder, "empty"))
        self.write("w.yaml", WORKLOAD)
        self.write("trace.txt", RECORDED)
        self.write("policy.yaml", POLICY)
        self.write("nothing", "")
        os.mkfifo(os.path.join(folder, "fifo"))
        os.symlink("w.yaml", os.path.join(folder, "link.yaml"))
        os.symlink("loop", os.path.join(folder, "loop"))
        for name, arm in (("one", "buddy"), ("two", "buddy"), ("three", "rbtree")):
            tool("run", "w.yaml", "-a", arm, "--rounds", "1", "-q", "-o", name, codes={0}, folder=folder)
        tool("merge", "one", "three", "-o", "merged", codes={0}, folder=folder)
        tool("trace", "import", "trace.txt", "-o", "r.iovatrace", codes={0}, folder=folder)
        self.inputs = ["w.yaml", "link.yaml", "loop", "fifo", "empty", "nothing", "one", "two", "three", "merged", "one/result.json", "trace.txt",
                       "r.iovatrace", "policy.yaml", "absent", "absent/deep", "/dev/zero", "/dev/null", "-"]
        self.made = 0

    def write(self, name, content):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(content)

    def real(self, argument):
        """'@damaged FILE SEED' stands for a copy of FILE, or of the folder that it is in, with some bytes changed."""
        if not argument.startswith("@damaged "):
            return argument
        _, name, seed = argument.split(" ")
        self.made += 1
        folder, made = os.path.dirname(name), f"damaged{self.made}"
        source = os.path.join(self.folder, folder or name)
        target = os.path.join(self.folder, made if folder else f"{made}-{name}")
        (shutil.copytree if folder else shutil.copyfile)(source, target)
        file = os.path.join(target, os.path.basename(name)) if folder else target
        with open(file, "rb") as opened:
            content = bytearray(opened.read())
        with open(file, "wb") as opened:
            opened.write(damaged(content, chance.Random(seed)))
        return os.path.basename(target)

    def play(self, arguments, environment):
        """Raises a Finding; the outcome otherwise."""
        command = next((word for word in arguments if word in CODES), "")
        outcome = self.tool(*[self.real(argument) for argument in arguments], patience=PATIENCE, folder=self.folder, environment=environment)
        first = arguments[0] if arguments and arguments[0] in CODES else None
        if outcome.code not in (CODES[first] if first else {0, 1, 2, 3, 4, 5, 6, 7}):
            raise Finding(f"{first}: exit code {outcome.code} is none of its own", outcome.told())
        if outcome.code in (2, 7) and not (outcome.err + outcome.out).strip():
            raise Finding(f"{command}: exit code {outcome.code} without a word", outcome.told())
        if outcome.code == 2 and first == "run" and os.path.exists(os.path.join(self.folder, "fresh")):
            raise Finding("run: a folder was made for a run that was refused", outcome.told())
        self.tidy()
        return outcome

    def tidy(self):
        for name in os.listdir(self.folder):
            if name.startswith(("fresh", "damaged")) or name == "results":
                path = os.path.join(self.folder, name)
                (shutil.rmtree if os.path.isdir(path) and not os.path.islink(path) else os.remove)(path)


def damaged(content, random):
    for _ in range(random.choice([1, 1, 2, 8])):
        if not content:
            break
        at, kind = random.randrange(len(content)), random.randrange(6)
        if kind == 0:
            content[at] = random.randrange(256)
        elif kind == 1:
            del content[at:at + random.randint(1, 40)]
        elif kind == 2:
            content[at:at] = content[at:at + random.randint(1, 40)]
        elif kind == 3:
            del content[at:]
        else:  # another digit: what a reader is readiest to believe
            digits = [i for i in range(at, min(at + 200, len(content))) if 48 <= content[i] <= 57]
            if digits:
                content[random.choice(digits)] = 48 + random.randrange(10)
    return content


class Lines:
    """Command lines from the options that --help tells."""

    def __init__(self, tool, fixtures, tables, random):
        self.fixtures, self.tables, self.random = fixtures, tables, random
        self.options = {command: self.read(tool(command, "--help", codes={0}).out) for command in CODES}

    @staticmethod
    def read(text):
        """Options as they are written, each with the word for its value or None."""
        found = {}
        for match in re.finditer(r"(?<![\w-])(-[a-z]|--[a-z][a-z-]+)(?:[ =]([A-Z][A-Za-z|%=,:.-]*|[a-z]+(?:\|[a-z]+)+|\d+%?))?", text):
            if match[1] not in found or match[2]:
                found[match[1]] = match[2]
        return found

    def value(self, option):
        random = self.random
        if random.random() < 0.25:
            return random.choice(STRANGE)
        pools = {
            "-a": self.spec, "--allocator": self.spec, "--seed": lambda: random.choice(["0", "7", "0xff", str(2**64 - 1), str(2**64)]),
            "--ops": lambda: random.choice(["1", "100", "1k", "0", str(2**40 + 1)]), "--rounds": lambda: random.choice(["0", "0", "1", "1001"]),
            "-t": lambda: random.choice(["1", "2", "0", "64", "65", "1,2", "2,1,3", "1,1", "1,"]), "--threads": lambda: random.choice(["1", "2", "3", "1,2"]),
            "--sweep": lambda: random.choice(["phases.churn.ops=10,20", "seed=1,2", "cpus=1", "phases.churn.ops=", "name=a", "x", "phases.churn.ops=1,1"]),
            "-o": self.output, "--output": self.output, "--data": self.output, "--columns": lambda: random.choice(["1", "2", "3"]),
            "--reference": self.spec, "--json": self.output, "--junit": self.output, "--stall": lambda: random.choice(["60", "0", "1000000"]),
            "--memory": lambda: random.choice(["100000", "0", str(2**63)]), "--latency": lambda: random.choice(["all", "off", "sampled", "some"]),
            "--audit": lambda: random.choice(["on", "off"]), "--bounds": lambda: random.choice(["on", "off", "maybe"]), "--lock": lambda: random.choice(["mutex", "spin", "none"]),
            "--rate": lambda: random.choice(["1k", "1M:poisson", "0", "1:x", "1M,2M", "1k,1M:poisson", "1k,1k"]), "--color": lambda: random.choice(["auto", "always", "never"]),
            "--format": lambda: random.choice(["html", "md", "csv", "json", "pdf"]), "--threshold": lambda: random.choice(["3%", "0%", "100%", "3"]),
            "--comparisons": lambda: random.choice(["1", "2", "0"]), "-d": lambda: random.choice(["0", "1", "64"]),
        }
        return pools[option]() if option in pools else self.input()

    def spec(self):
        draw = self.random.random()
        spec = self.tables.allocators.spec(self.random)
        if draw < 0.5:
            return spec
        if draw < 0.6:
            return "all"
        at = self.random.randrange(len(spec) + 1)
        return spec[:at] + self.random.choice(["+", ":", ",", "=", "x", "/", ".", "9" * 30]) + spec[at + self.random.randrange(2):]

    def output(self):
        return self.random.choice(["fresh", "fresh", "fresh/deep", "fresh.svg", "fresh.csv", "fresh.html", "fresh.x", "one", "w.yaml", "/dev/null", "/proc/none", "", "fresh" + "n" * 300, "empty", "loop", "-", "fifo"])

    def input(self):
        random = self.random
        if random.random() < 0.3:
            name = random.choice(["w.yaml", "one/result.json", "one/run.json", "one/rounds.jsonl", "merged/result.json", "r.iovatrace", "policy.yaml", "trace.txt"])
            return f"@damaged {name} {random.getrandbits(32)}"
        return random.choice(self.fixtures.inputs)

    def positional(self, command):
        random = self.random
        if random.random() < 0.1:
            return random.choice(STRANGE)
        if command in ("run", "advise", "check", "expand", "aperture") and random.random() < 0.6:
            return "w.yaml"
        if command == "plot" and random.random() < 0.5:
            return random.choice(["forest", "percentiles", "phases", "domains", "space", "map", "heat", "load", "scaling", "sweep", "history", "failures"])
        if command in ("compare", "gate", "report", "plot", "history", "merge", "resume") and random.random() < 0.6:
            return random.choice(["one", "two", "three", "merged", "one:buddy", "one/result.json", "merged:rbtree"])
        if command == "list":
            return random.choice(["allocators", "distributions", "keys", "metrics", "workloads", "key"])
        if command == "describe":
            return random.choice([*self.tables.keys.rows, *self.tables.metrics, *self.tables.allocators.options, "call", "call:mdl", "zipf", "call:", "fit", "w.yaml"])
        if command == "trace":
            return random.choice(["import", "stat", "trace.txt", "r.iovatrace", self.input()])
        return self.input()

    def line(self):
        random = self.random
        command = random.choice(list(CODES))
        words = [command] if random.random() < 0.97 else []
        for _ in range(random.choice([0, 1, 1, 2, 3])):
            words.append(self.positional(command))
        known = self.options[command]
        for _ in range(random.choice([0, 1, 2, 2, 4])):
            option = random.choice(list(known) or ["--help"])
            if option in ("-h", "--help") and random.random() < 0.8 or option == "--null":
                continue
            wants = known.get(option) is not None or random.random() < 0.05
            if wants and option.startswith("--") and random.random() < 0.4:
                words.append(f"{option}={self.value(option)}")
            else:
                words += [option, self.value(option)] if wants else [option]
        if command in ("run", "advise", "aperture") and not any(word.startswith(("--rounds", "-o", "--output")) for word in words):
            words += ["--ops", "100"] if command == "aperture" else ["--rounds", "0", "-o", "fresh"]
        if command in ("run", "advise") and not any(word.startswith("--rounds") for word in words):
            words += ["--rounds", "1"]
        return [word.replace("\0", "") for word in words]

    def environment(self):
        random = self.random
        made = {}
        for key, values in (("NO_COLOR", ["1"]), ("IOVABENCH_CLOCK", ["system", "sundial"]), ("TERM", ["dumb", ""]), ("COLUMNS", ["1", "0", "x", "100000"]),
                            ("HOME", ["/nonexistent"]), ("XDG_CACHE_HOME", ["/dev/null", "relative"]), ("LC_ALL", ["C", "tr_TR.UTF-8"]), ("TMPDIR", ["/nonexistent"])):
            if random.random() < 0.1:
                made[key] = random.choice(values)
        return made


def attempt(fixtures, arguments, environment):
    try:
        fixtures.play(arguments, environment)
    except Finding as finding:
        fixtures.tidy()
        return finding
    return None


def tell(soak, fixtures, arguments, environment, finding):
    print(f"not ok - {finding.kind}\n#   " + finding.text.replace("\n", "\n#   "), flush=True)
    soak.findings.append(finding.kind)
    if soak.findings.count(finding.kind) > 1 or "hang" in finding.kind:
        return

    def fails(made):
        again = attempt(fixtures, made, environment)
        return again is not None and again.kind == finding.kind

    if fails(arguments):
        arguments = shrink.shorten(arguments, fails)
    os.makedirs(soak.options.keep, exist_ok=True)
    path = os.path.join(soak.options.keep, re.sub(r"[^a-z0-9]+", "-", finding.kind.lower()).strip("-")[:60] + ".args")
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump({"why": finding.kind, "arguments": arguments, "environment": environment}, file, indent=1)
        file.write("\n")
    print(f"#   kept as {path}: {arguments!r}", flush=True)


def kept(soak, path):
    """A command line that failed once: its Finding or None."""
    with open(path, encoding="utf-8") as file:
        how = json.load(file)
    fixtures = Fixtures(soak.tools["asan"], os.path.join(soak.scratch, "commands"))
    return attempt(fixtures, how["arguments"], how["environment"])


def soak(soak, random, until):
    fixtures = Fixtures(soak.tools["asan"], os.path.join(soak.scratch, "commands"))
    lines = Lines(soak.tools["asan"], fixtures, soak.tables, random)
    while time.monotonic() < until:
        arguments, environment = lines.line(), lines.environment()
        soak.counts["commands"] += 1
        finding = attempt(fixtures, arguments, environment)
        if finding:
            tell(soak, fixtures, arguments, environment, finding)
            fixtures = Fixtures(soak.tools["asan"], os.path.join(soak.scratch, "commands"))
            lines.fixtures = fixtures
