# SPDX-License-Identifier: MIT
"""Cases that failed once, as files: comments for people, one line for the player, then the workloads."""
import json
import os
import re

import yaml

import text
from oracle import Case

MARK = "# soak: "


def write(folder, case, finding, where):
    os.makedirs(folder, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", finding.kind.lower()).strip("-")[:60]
    path = os.path.join(folder, f"{name}.yaml")
    for number in range(2, 1000):
        if not os.path.exists(path):
            break
        path = os.path.join(folder, f"{name}-{number}.yaml")
    how = {"arms": case.arms, "options": case.options, "steps": case.steps, "seed": case.seed}
    if case.recordings:
        how["recordings"] = case.recordings
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"# SPDX-License-Identifier: MIT\n# {finding.kind}\n# found by {where}\n{MARK}{json.dumps(how)}\n")
        file.write("---\n".join(text.dump(tree) for tree in case.trees))
    return path


def read(path):
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    how = json.loads(next(line[len(MARK):] for line in whole.splitlines() if line.startswith(MARK)))
    trees = [tree for tree in yaml.load_all(whole, Loader=yaml.BaseLoader) if tree]
    return Case(trees, how.get("recordings", {}), how["arms"], how["options"], how["steps"], how["seed"])
