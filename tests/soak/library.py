# SPDX-License-Identifier: MIT
"""The driver library: its own test with random calls against a model (tests/unit/ddi/ddi_calls_random_test.c), with a seed of this run."""
import os
import subprocess
import time

from tool import REPORTED, quiet

CALLS = 4000  # for each allocator and mode; enough for every kind of call, few enough to stop in time


def soak(soak, random, until):
    program = os.path.abspath(os.path.join(soak.options.asan or soak.options.build, "tests/unit/ddi/ddi_calls_random_test"))
    if not os.path.exists(program):
        print(f"# the driver library is left out: there is no {program}")
        return
    while time.monotonic() < until:
        seed = str(random.getrandbits(63))
        environment = {**os.environ, "DDI_RANDOM_CALLS": str(CALLS), "DDI_RANDOM_SEED": seed, "CMOCKA_MESSAGE_OUTPUT": "TAP"}
        outcome = subprocess.run([program], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                                 timeout=600, preexec_fn=quiet, check=False)
        soak.counts["library"] += 1
        if outcome.returncode or REPORTED.search(outcome.stderr):
            soak.findings.append("the driver library differs from its model")
            print(f"not ok - DDI_RANDOM_CALLS={CALLS} DDI_RANDOM_SEED={seed} {program}: exit code {outcome.returncode}\n#   "
                  + (outcome.stdout + outcome.stderr)[-1500:].replace("\n", "\n#   "), flush=True)
            return
