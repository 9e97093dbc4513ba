#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The workflow that users copy: its shell steps, as a runner would play them, but for what installs and builds.

load helpers

# The script of a step.
step() { # name
	python3 -c 'import sys, yaml
steps = yaml.safe_load(open("docs/ci-workflow.yml"))["jobs"]["gate"]["steps"]
print(next(step["run"] for step in steps if step.get("name") == sys.argv[1]))' "$1"
}

play() { # name [sed script]
	step "$1" | sed "${2:-}" >"$scratch/step"
	(cd "$scratch" && GITHUB_STEP_SUMMARY=$scratch/summary bash -e step)
}

@test "the steps of the workflow pass for an allocator that is as it was, and fail for a worse one" {
	no_sanitizer
	mkdir "$scratch/iovabench"
	ln -s "$PWD/include" "$PWD/workloads" "$scratch/iovabench"
	ln -s "$(realpath "${BUILD:-build}")" "$scratch/iovabench/build"
	cp plugins/example.c "$scratch/allocator.c"
	printf 'policy: 1\n' >"$scratch/gate-policy.yaml"
	play "the allocator"
	play "the gate can fail"
	# A runner has the time for rounds.
	play measure 's/ -o new/ --rounds 0 -o new/'
	cp "$scratch/new/result.json" "$scratch/baseline.json"
	play gate
	[ "$(wc -l <"$scratch/gate.md")" -le 40 ]
	cmp "$scratch/gate.md" "$scratch/summary"
	[ -s "$scratch/gate.xml" ]
	# What a pull request made worse.
	jq 'del(.digest) | .arms[].failures.total += 5 | .arms[].phases[].failures.total += 5' "$scratch/new/result.json" >"$scratch/worse"
	mv "$scratch/worse" "$scratch/new/result.json"
	run -1 play gate
	[ "$(wc -l <"$scratch/gate.md")" -le 40 ]
	grep -q failures "$scratch/gate.md"
}
