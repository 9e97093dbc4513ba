# SPDX-License-Identifier: MIT
"""Runs the program and says what must never happen, whatever it was asked."""
import os
import re
import resource
import signal
import subprocess
import time

DOCUMENTED = {0, 1, 2, 3, 4, 5, 6, 7, 130}
REPORTED = re.compile(r"ERROR: (?:Address|Leak)Sanitizer:? ?([a-z-]*)|runtime error: ([a-z -]*)|SUMMARY: (\w+Sanitizer)")
PATIENCE = 180  # seconds


def nature(message):
    """The last line of a message, without what a smaller case would change: files, names, numbers."""
    return re.sub(r"[^ ]*[/0-9:][^ ]*", "_", message.strip().splitlines()[-1] if message.strip() else "")


class Finding(Exception):
    """kind: what stays the same while a case is made smaller. text: for people."""

    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")
        self.kind, self.text = kind, text


class Outcome:
    def __init__(self, command, code, out, err, seconds):
        self.command, self.code, self.out, self.err, self.seconds = command, code, out, err, seconds

    def told(self):
        return f"{' '.join(self.command)}\n  exit code {self.code}; standard error: {self.err[-1500:]}"


def quiet():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Tool:
    def __init__(self, program, name):
        self.program, self.name = program, name
        self.calls = 0

    def environment(self, more):
        """The system's clock needs no 0.4 s to be held against others; steps that take times ask for the usual one."""
        defaults = {"ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
        return {**defaults, **os.environ, "IOVABENCH_CLOCK": "system", **(more or {})}

    def start(self, arguments, folder=None, environment=None):
        return subprocess.Popen([self.program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=self.environment(environment), cwd=folder, preexec_fn=quiet,
                                start_new_session=True)

    def end(self, process, arguments, begin, patience=PATIENCE):
        command = [self.program, *arguments]
        try:
            out, err = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise Finding(f"{self.name} {arguments[0] if arguments else ''}: hang",
                          Outcome(command, "none", "", err.decode(errors="replace"), patience).told()) from None
        seconds = time.monotonic() - begin
        return Outcome(command, process.returncode, out.decode(errors="replace"), err.decode(errors="replace"), seconds)

    def __call__(self, *arguments, patience=PATIENCE, codes=None, folder=None, environment=None):
        """The outcome; raises Finding for a signal, a sanitizer's report, a hang, or a code that is none of codes."""
        self.calls += 1
        begin = time.monotonic()
        outcome = self.end(self.start(arguments, folder, environment), arguments, begin, patience)
        self.judge(outcome, codes, arguments[0] if arguments else "")
        return outcome

    def judge(self, outcome, codes, what):
        report = REPORTED.search(outcome.err)
        if report:
            kind = next(group for group in report.groups() if group is not None)
            raise Finding(f"{self.name} {what}: sanitizer: {kind.strip()}", outcome.told())
        if outcome.code < 0:
            raise Finding(f"{self.name} {what}: signal {-outcome.code}", outcome.told())
        if outcome.code not in DOCUMENTED:
            raise Finding(f"{self.name} {what}: exit code {outcome.code} is not documented", outcome.told())
        if codes is not None and outcome.code not in codes:
            raise Finding(f"{self.name} {what}: exit code {outcome.code}: {nature(outcome.err)}",
                          f"wanted one of {sorted(codes)}\n  {outcome.told()}")
