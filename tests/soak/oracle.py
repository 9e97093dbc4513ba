# SPDX-License-Identifier: MIT
"""One case (workloads, arms, options) is played in several ways that must agree. Each step raises a Finding."""
import copy
import json
import os
import re
import shutil
import signal
import time

import figures
import text
from tool import Finding, nature

RUN_CODES = {0, 1, 3, 5, 6}
USUAL_CLOCK = {"IOVABENCH_CLOCK": ""}
# The build and what is timed change these; a reason tells also why times are not to be trusted.
OF_TIMES = ("metadata_bytes", "metadata_bytes_per_extent", "reason")


class Case:
    """trees: workloads. recordings: file name to the text of a kernel. options: of every run."""

    def __init__(self, trees, recordings, arms, options, steps, seed):
        self.trees, self.recordings, self.arms = trees, recordings, arms
        self.options, self.steps, self.seed = options, steps, seed

    def with_(self, **changes):
        made = copy.copy(self)
        for key, value in changes.items():
            setattr(made, key, value)
        return made


class Play:
    """A case in a folder of its own."""

    def __init__(self, case, tools, folder, random):
        self.case, self.tools, self.folder, self.random = case, tools, folder, random
        self.release, self.asan = tools["release"], tools["asan"]
        self.results, self.seconds = {}, {}
        self.refused = 0  # workloads that the step crashes has left out
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.files = self.write(case.trees, "w")
        for name, recorded in case.recordings.items():
            with open(self.path(name + ".txt"), "w", encoding="utf-8") as file:
                file.write(recorded)
            self.asan("trace", "import", self.path(name + ".txt"), "-o", self.path(name), codes={0})

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, trees, prefix):
        files = []
        for number, tree in enumerate(trees):
            files.append(self.path(f"{prefix}{number}.yaml"))
            with open(files[-1], "w", encoding="utf-8") as file:
                file.write(text.dump(tree, 1 + (len(repr(tree)) + number) % 3))
        return files

    def arguments(self, files, arms, name, options):
        specs = [word for arm in arms for word in ("-a", arm)]
        return ["run", *files, *specs, *options, "-q", "-o", self.path(name)]

    def run(self, tool, name, files=None, arms=None, options=None, environment=None):
        """The result; judged by its own numbers."""
        options = self.case.options if options is None else options
        arguments = self.arguments(files or self.files, arms or self.case.arms, name, options)
        return self.read(tool(*arguments, codes=RUN_CODES, environment=environment), name)

    def read(self, outcome, name):
        try:
            with open(os.path.join(self.path(name), "result.json"), encoding="utf-8") as file:
                result = json.load(file)
        except (OSError, ValueError) as error:
            raise Finding("run: no result", f"{error}\n  {outcome.told()}") from None
        self.seconds[name] = outcome.seconds
        wanted = figures.exit_codes(result)
        figures.self_consistent(result)
        figures.expectations(result)
        if outcome.code not in wanted:
            raise Finding(f"{outcome.command[1]}: exit code {outcome.code} for a result that means {sorted(wanted)}", outcome.told())
        return result

    def kinds(self):
        """Of plot, as --help tells them."""
        return re.findall(r"^ ([a-z]+): ", self.asan("plot", "--help", codes={0}).out, re.MULTILINE)

    @property
    def plain(self):
        """The run that others are held against."""
        if "plain" not in self.results:
            self.results["plain"] = self.run(self.release, "plain")
        return self.results["plain"]

    def plays(self, body):
        return any(body in phase for tree in self.case.trees for phase in tree["phases"])


# The steps.

def check(play):
    for tool in (play.release, play.asan):
        outcome = tool("check", *play.files)
        if outcome.code:
            raise Finding(f"check: a valid workload is refused: {nature(outcome.err)}", outcome.told())


def plain(play):
    play.plain


def sanitized(play):
    figures.same_results("asan and release", play.plain, play.run(play.asan, "asan"), leave=("metadata_bytes", "metadata_bytes_per_extent"))


def timed(play):
    """Passes that take times place the same."""
    options = ["--rounds", "1", *play.case.options[2:]]
    result = play.run(play.asan if play.random.random() < 0.5 else play.release, "timed", options=options, environment=USUAL_CLOCK)
    figures.same_results("with times and without", play.plain, result, leave=OF_TIMES)


def replay(play):
    """What expand prints is a workload, and the same one."""
    files, again = play.write([{k: v for k, v in tree.items() if k != "sweep"} for tree in play.case.trees], "once"), []
    for number, file in enumerate(files):
        outcome = play.asan("expand", file, "--format", play.random.choice(["json", "yaml"]), codes={0})
        again.append(play.path(f"again{number}.yaml"))
        with open(again[-1], "w", encoding="utf-8") as opened:
            opened.write(outcome.out)
    outcome = play.release("check", *again)
    if outcome.code:
        raise Finding("replay: what was expanded is refused", outcome.told())
    result = play.run(play.release, "once", files=files)
    figures.same_results("expanded and written", result, play.run(play.release, "again", files=again))


def killed(play):
    """A run that is killed and resumed gives what an uninterrupted one gives."""
    options = ["--rounds", str(play.random.choice([0, 1])), *play.case.options[2:]]
    arguments = play.arguments(play.files, play.case.arms, "killed", options)
    how = play.random.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
    play.plain
    process = play.release.start(arguments)
    time.sleep(play.random.random() * (play.seconds["plain"] + 0.1))
    process.send_signal(how)
    outcome = play.release.end(process, arguments, time.monotonic())
    if outcome.code == -how:
        outcome.code = 130  # also of SIGINT: before there is something to keep, or once all is measured
    play.release.judge(outcome, RUN_CODES | {130}, f"run under signal {int(how)}")
    if outcome.code != 130:
        result = play.read(outcome, "killed")
    else:
        again = ["resume", play.path("killed"), "-q"]
        if not os.path.exists(play.path("killed/run.json")):
            again = arguments
        result = play.read(play.release(*again, codes=RUN_CODES), "killed")
    figures.same_results("killed and whole", play.plain, result, leave=("reason",))


def finished(play):
    """resume of a finished run: the same code, and nothing changes."""
    play.plain
    with open(play.path("plain/result.json"), encoding="utf-8") as file:
        before = file.read()
    outcome = play.release("resume", play.path("plain"), "-q", codes=RUN_CODES)
    with open(play.path("plain/result.json"), encoding="utf-8") as file:
        if file.read() != before:
            raise Finding("resume: a finished result has changed", outcome.told())
    play.read(outcome, "plain")


def readers(play):
    """Whatever run accepts, the other commands read."""
    play.plain
    folder, other = play.path("plain"), play.path("other")
    sizes = {}
    for form in ("html", "md", "csv", "json"):
        outcome = play.asan("report", folder, "--format", form, codes={0})
        sizes[form] = len(outcome.out)
        if not outcome.out.strip():
            raise Finding(f"report: {form} is empty", outcome.told())
        if form == "json":
            json.loads(outcome.out)
        if form == "csv":
            rows = read_csv(outcome.out)
            if len({len(row) for row in rows}) != 1 or sum("failures.total" in row for row in rows) != len(play.plain["arms"]):
                raise Finding("report: csv has not one row for each figure of each arm", outcome.told())
    play.results["other"] = play.run(play.release, "other")
    play.asan("compare", folder, other, codes={0, 1, 2, 4})
    play.asan("compare", folder, other, "--json", "--all", codes={0, 1, 2, 4})
    failed = any(arm["state"] != "ok" for arm in play.plain["arms"])
    play.asan("gate", "--baseline", folder, other, "--junit", play.path("junit.xml"), codes={0, 1, 2, 4} if failed else {0, 4})
    play.asan("merge", folder, other, "-o", play.path("twice"), codes={2})
    same_history(play, folder, other)
    kind = play.random.choice(play.kinds())
    outcome = play.asan("plot", kind, folder, "--data", play.path("plotted.csv"), codes={0})
    if '<svg class="figure"' not in outcome.out or re.search(r'[" ]-?(nan|inf)[" ]', outcome.out):
        raise Finding(f"plot: {kind} is no figure", outcome.told())


def same_history(play, folder, other):
    """Two runs of the same have no change, and plugins keep their hash."""
    rows = read_csv(play.asan("history", folder, other, codes={0}).out)
    at = {name: rows[0].index(name) for name in ("spec", "metric", "change")}
    for row in rows[1:]:
        if row[at["change"]] and row[at["metric"]] != "paired.ratio":
            raise Finding("history: a change between two runs of the same", ",".join(row))
    for one, two in zip(play.plain["arms"], play.results["other"]["arms"]):
        if one["plugin_hash"] != two["plugin_hash"] or ("/" in one["spec"]) != (one["plugin_hash"] is not None):
            raise Finding("plugin_hash: not of the plugin", f"{one['spec']}: {one['plugin_hash']} and {two['plugin_hash']}")
        if one["plugin_about"] is not None and "/" not in one["spec"]:
            raise Finding("plugin_about: of a built-in", f"{one['spec']}: {one['plugin_about']}")


def read_csv(out):
    import csv
    import io
    return list(csv.reader(io.StringIO(out)))


def lists(play):
    """One of several rates, or numbers of threads, is that one alone."""
    option, several = play.random.choice([("--rate", "1M,2M"), ("-t", "1,2")])
    options = [*play.case.options, option]
    arguments = play.arguments(play.files, play.case.arms, "lists", [*options, several])
    outcome = play.release(*arguments, codes=RUN_CODES | {2})
    if outcome.code == 2:  # not every workload is one for several threads, or takes a rate
        return
    result = play.read(outcome, "lists")
    first = several.split(",", maxsplit=1)[0]
    alone = play.run(play.release, "alone", options=[*options, first])
    key = "rate" if option == "--rate" else "threads"
    chosen = [arm for arm in result["arms"] if arm["sweep"][key] == ("1000000" if key == "rate" else first)]
    if len(chosen) != len(alone["arms"]) or 2 * len(chosen) != len(result["arms"]):
        raise Finding(f"{option}: arms are missing", f"{len(chosen)} of {len(result['arms'])}, alone {len(alone['arms'])}")
    figures.same_arms(f"{option} with several and with one", alone, result, list(zip(alone["arms"], chosen)))


def shards(play):
    """Arms that were run apart and merged."""
    arms = play.case.arms
    play.plain
    if len(arms) < 2:
        return
    cut = play.random.randint(1, len(arms) - 1)
    play.run(play.release, "left", arms=arms[:cut])
    play.run(play.release, "right", arms=arms[cut:])
    outcome = play.asan("merge", play.path("left"), play.path("right"), "-o", play.path("merged"), codes=RUN_CODES)
    with open(play.path("merged/result.json"), encoding="utf-8") as file:
        merged = json.load(file)
    whole = {(arm["workload_index"], arm["spec"]): arm for arm in play.plain["arms"]}
    if len(merged["arms"]) != len(whole) or len(merged["workloads"]) != len(play.plain["workloads"]):
        raise Finding("merge: counts differ", f"{len(merged['arms'])} arms of {len(whole)}\n  {outcome.told()}")
    figures.same_arms("merged and whole", play.plain, merged,
                      [(whole[arm["workload_index"], arm["spec"]], arm) for arm in merged["arms"]])


def sweep_apart(play):
    """One combination of a sweep is the workload with these values written in."""
    for number, workload in enumerate(play.plain["workloads"]):
        if not workload["sweep"] or play.random.random() > 3 / len(play.plain["workloads"]):
            continue
        tree = copy.deepcopy(next(tree for tree in play.case.trees if tree["name"] == workload["name"]))
        for key, value in workload["sweep"].items():
            at, index = text.locate(tree, key)
            at[index] = value
        del tree["sweep"]
        files = play.write([tree], f"apart{number}-")
        result = play.run(play.release, f"apart{number}", files=files)
        if figures.stream_of(result["workloads"][0]) != figures.stream_of(workload):
            raise Finding("sweep: another stream than the values written in", f"{workload['sweep']}")
        figures.same_arms("sweep and values written in", play.plain, result,
                          list(zip([arm for arm in play.plain["arms"] if arm["workload_index"] == number], result["arms"])))


def sweep_option(play):
    """--sweep of the command line is that of the file."""
    if len(play.case.trees) != 1 or "sweep" not in play.case.trees[0]:
        return
    tree = copy.deepcopy(play.case.trees[0])
    swept = [f"{entry['key']}={','.join(entry['values'])}" for entry in tree.pop("sweep")]
    files = play.write([tree], "unswept")
    options = [*play.case.options, *[word for entry in swept for word in ("--sweep", entry)]]
    figures.same_results("--sweep and sweep", play.plain, play.run(play.release, "option", files=files, options=options))


def seed_option(play):
    """--seed N is seed: N."""
    seed = str(play.random.getrandbits(64))
    trees = [{**tree, "seed": seed} for tree in play.case.trees if not any(entry["key"] == "seed" for entry in tree.get("sweep", []))]
    if len(trees) != len(play.case.trees):
        return
    written = play.run(play.release, "seeded", files=play.write(trees, "seeded"))
    figures.same_results("--seed and seed", written, play.run(play.release, "seed-option", options=[*play.case.options, "--seed", seed]))


def with_option(options, option):
    """Options that are given once."""
    pairs = [options[i:i + 2] for i in range(0, len(options), 2)]
    return [word for pair in pairs if pair[0] != option[0] for word in pair] + option


def indifferent(play):
    """Options that must not matter to what is exact."""
    choices = [["--lock", "mutex"], ["--lock", "spin"], ["--latency", "off"], ["-t", "1"], ["--latency", "all"], ["--memory", "100000"], ["--stall", "100"]]
    option = play.random.choice(choices)
    result = play.run(play.release, "indifferent", options=with_option(play.case.options, option))
    figures.same_results(f"with {' '.join(option)} and without", play.plain, result)


def shareable(tree):
    bodies = ("script", "trace", "rings", "adversary", "queue", "offline", "online", "reserve", "unreserve", "adapter")
    if "interference" in tree or any(body in phase for phase in tree["phases"] for body in bodies):
        return False
    calls = {request.get("call", "extent") for request in tree["requests"]}
    return calls <= {"extent"}


def threads(play):
    """Several threads: the audit repeats, and nothing is wrong."""
    trees = [tree for tree in play.case.trees if shareable(tree)]
    if not trees:
        return
    files = play.write(trees, "shared")
    options = ["--rounds", play.random.choice(["0", "1"]), *play.case.options[2:], "-t", play.random.choice(["2", "2", "3", "4"])]
    if play.random.random() < 0.3:
        options += ["--lock", play.random.choice(["mutex", "spin"])]
    once = play.run(play.release, "threads", files=files, options=options)
    figures.same_results("threads twice", once, play.run(play.asan, "threads-asan", files=files, options=options),
                         leave=(*OF_TIMES, "series"))


def open_loop(play):
    if any("interference" in tree for tree in play.case.trees):
        return  # it would decide when operations begin
    options = ["--rounds", "1", "--stall", "100", "--rate", play.random.choice(["2M", "1M:poisson", "1G"])]
    options += ["--bounds", "on"] if "--bounds" in play.case.options else []
    result = play.run(play.asan if play.random.random() < 0.5 else play.release, "rate", options=options, environment=USUAL_CLOCK)
    figures.same_results("open loop and closed", play.plain, result, leave=OF_TIMES)


def unrolled(script):
    """Without calls: which call it is, is part of a stream."""
    for entry in script:
        if "repeat" in entry and "call" not in repr(entry):
            for _ in range(int(entry["repeat"])):
                yield from unrolled(entry["script"])
        else:
            yield entry


def rewritten(play):
    """The same in other words: repeats written out, names changed, ends written the other way."""
    trees = []
    for tree in play.case.trees:
        tree = copy.deepcopy({key: value for key, value in tree.items() if key not in ("sweep", "expect")})
        for phase in tree["phases"]:
            if "script" in phase:
                phase["script"] = list(unrolled(phase["script"]))
            if "ops" in phase:
                phase["until"] = {"ops": phase.pop("ops")}
            for entry in phase.get("mix", []):
                entry.setdefault("weight", 1)
        for request in tree["requests"]:
            if isinstance(request.get("high"), str):
                request["high"] = [request["high"]]
        trees.append(tree)
    bare = [{key: value for key, value in tree.items() if key not in ("sweep", "expect")} for tree in play.case.trees]
    written = play.run(play.release, "bare", files=play.write(bare, "bare"))
    figures.same_results("rewritten and written", written, play.run(play.release, "rewritten", files=play.write(trees, "rewritten")))


def crashes(play):
    """Of a build that knows fewer keys, is slower and writes other results than this folder reads: whatever it plays, it does not die."""
    files = [file for file in play.files if play.asan("check", file).code == 0]
    play.refused = len(play.files) - len(files)
    for tool, name in ((play.asan, "asan"), (play.release, "plain")):
        try:
            if files:
                tool(*play.arguments(files, play.case.arms, name, play.case.options), patience=20)
        except Finding as finding:
            if not finding.kind.endswith(": hang"):
                raise


ALWAYS = [check, plain, sanitized]
SOMETIMES = [timed, timed, replay, replay, killed, killed, finished, readers, readers, lists, shards, sweep_apart, sweep_option, seed_option, indifferent, threads,
             open_loop, rewritten]
STEPS = {step.__name__: step for step in [*ALWAYS, *SOMETIMES, crashes]}
