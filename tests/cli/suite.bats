#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a run is asked for, as a file.

load helpers

suite() { # lines…
	printf '%s\n' "$@" >"$scratch/s.yaml"
}

@test "a suite is a command line of run, and the command line has the last word" {
	suite 'suite: 1' 'workloads: [tests/cli/tiny.yaml, "tests/cli/ful?.yaml"]' 'allocators: [buddy, "rbtree:fit=best"]' 'seed: [1, 2]' 'rounds: 0' \
		'sweep: ["phases.churn.ops=1k,2k", "seed=1,2"]' 'interfere: "data=64KiB,code=64KiB"'
	is "$("$iovabench" suite plan "$scratch/s.yaml")" \
		"iovabench run tests/cli/tiny.yaml tests/cli/full.yaml --allocator buddy --allocator rbtree:fit=best --sweep phases.churn.ops=1k,2k --sweep seed=1,2 --seed 1,2 --rounds 0 --interfere data=64KiB,code=64KiB"
	is "$("$iovabench" suite plan "$scratch/s.yaml" --rounds=3 -a bitmap --seed 7 -o x)" \
		"iovabench run tests/cli/tiny.yaml tests/cli/full.yaml --sweep phases.churn.ops=1k,2k --sweep seed=1,2 --interfere data=64KiB,code=64KiB --rounds=3 -a bitmap --seed 7 -o x"
}

@test "run plays what it names" {
	suite 'suite: 1' 'about: small' 'workloads: tests/cli/tiny.yaml' 'allocators: [buddy, bitmap]' 'ops: 1k' 'rounds: 0' 'seed: [3, 4]'
	"$iovabench" suite run "$scratch/s.yaml" -q -o "$scratch/t"
	is "$(arms "$scratch/t" '"\(.spec) \(.sweep.seed)"' | paste -sd ,)" "buddy 3,bitmap 3,buddy 4,bitmap 4"
	"$iovabench" resume "$scratch/t" -q
	"$iovabench" suite run - -q -o "$scratch/u" <"$scratch/s.yaml"
	is "$(arms "$scratch/u" .audit.placement_hash)" "$(arms "$scratch/t" .audit.placement_hash)"
}

@test "shipped suites are right, each option of run is a key, and bench.sh runs one of them" {
	for suite in $("$iovabench" suite list | cut -d' ' -f1); do
		"$iovabench" suite check "$suite" >/dev/null
	done
	is "$("$iovabench" suite list | cut -d' ' -f1 | paste -sd ' ')" "drivers field laws limits nightly peers published quick"
	"$iovabench" run --help | sed -n 's/^ *\(-.,\)\? *--\([a-z-]*\) .*/\2/p' | grep -vxE 'allocator|sweep|json|color|parse-only|quiet|all|help|dump-placements|profile|output|shrink|shard|shards|for' >"$scratch/options"
	[ "$(wc -l <"$scratch/options")" -ge 15 ]
	while read -r option; do
		suite 'suite: 1' 'workloads: tiny' "$option: 1"
		has "$("$iovabench" suite plan "$scratch/s.yaml")" "--$option 1"
	done <"$scratch/options"
	grep -q 'suite run suites/published.yaml' bench.sh
}

@test "what is wrong is told with its line" {
	suite 'suite: 1' 'workloads: tiny' 'round: 3'
	refuses 's.yaml:3:1: ' suite run "$scratch/s.yaml" -o "$scratch/t"
	has "$stderr" "did you mean 'rounds'?"
	suite 'suite: 1' 'workloads: ["nothing-*.yaml"]'
	refuses "s.yaml:2:13: workloads: 'nothing-*.yaml' is the name of no file here" suite run "$scratch/s.yaml" -o "$scratch/t"
	suite 'suite: 1' 'workloads: tests/cli/tiny.yaml' 'rounds: many'
	refuses "--rounds 'many': takes a whole number" suite run "$scratch/s.yaml" -o "$scratch/t"
	suite 'suite: 1' 'workloads: tests/cli/tiny.yaml' 'allocators: buddie'
	refuses "did you mean" suite run "$scratch/s.yaml" -o "$scratch/t"
	suite 'workloads: tiny'
	refuses "a suite begins with suite: 1" suite check "$scratch/s.yaml"
	suite 'suite: 2' 'workloads: tiny'
	refuses "s.yaml:1:" suite check "$scratch/s.yaml"
	suite 'suite: 1'
	refuses "what is played" suite check "$scratch/s.yaml"
	: >"$scratch/s.yaml"
	refuses "is empty" suite check "$scratch/s.yaml"
	refuses "did you mean check" suite chek "$scratch/s.yaml"
	refuses "suite list shows those that are shipped" suite run
	run -2 "$iovabench" suite run "$scratch/nothing.yaml"
}

@test "a suite holds its run against a baseline by a policy, as gate does" {
	suite 'suite: 1' 'workloads: tests/cli/tiny.yaml' 'allocators: buddy' 'ops: 1k' 'rounds: 0'
	"$iovabench" suite run "$scratch/s.yaml" -q -o "$scratch/base"
	"$iovabench" suite run "$scratch/s.yaml" -q --ops 1k -a bitmap -o "$scratch/other"
	jq '(.arms[] | .space.span_pages, .phases[].space.span_pages) = 1 | del(.digest)' "$scratch/base/result.json" >"$scratch/less.json"
	printf '%s\n' 'policy: 1' 'metrics: [{metric: space.span_pages, as: ignored}]' >"$scratch/p.yaml"
	echo "baseline: $scratch/base" >>"$scratch/s.yaml"
	run -0 "$iovabench" suite run "$scratch/s.yaml" -o "$scratch/same"
	has "$output" "gate: passed"
	has "$output" "space.span_pages"
	run -0 "$iovabench" suite run "$scratch/s.yaml" -q -o "$scratch/quiet"
	is "$output" "gate: passed"
	# Another arm is not the one that counts as good.
	run -1 "$iovabench" suite run "$scratch/s.yaml" -q -a bitmap -o "$scratch/bitmap"
	has "$output" "gate: FAILED"
	run -1 "$iovabench" gate --baseline "$scratch/base" "$scratch/bitmap"
	# A policy is the suite's, too.
	run -1 "$iovabench" suite run "$scratch/s.yaml" -q --baseline "$scratch/less.json" -o "$scratch/worse"
	has "$output" "gate: FAILED"
	echo "policy: $scratch/p.yaml" >>"$scratch/s.yaml"
	run -0 "$iovabench" suite run "$scratch/s.yaml" -q --baseline "$scratch/less.json" -o "$scratch/ignored"
	has "$output" "gate: passed"
	# JSON has standard output for itself.
	"$iovabench" suite run "$scratch/s.yaml" -q --json - -o "$scratch/json" 2>"$scratch/said" | jq -e .schema
	grep -q 'gate: passed' "$scratch/said"
	# The command line has the last word.
	run -0 "$iovabench" suite run "$scratch/s.yaml" -q -a bitmap --baseline "$scratch/other" -o "$scratch/again"
	has "$output" "gate: passed"
}

@test "what a suite is held against is looked at before anything is run" {
	suite 'suite: 1' 'workloads: tests/cli/tiny.yaml' 'baseline: nothing'
	refuses "s.yaml:3:11: baseline: 'nothing' is not there" suite run "$scratch/s.yaml" -o "$scratch/t"
	suite 'suite: 1' 'workloads: tests/cli/tiny.yaml' "baseline: $scratch/s.yaml"
	refuses "not JSON" suite check "$scratch/s.yaml"
	suite 'suite: 1' 'workloads: tests/cli/tiny.yaml' "policy: $scratch/s.yaml"
	refuses "policy: takes a baseline, too" suite check "$scratch/s.yaml"
	refuses "suite plan's" suite run quick --shards 3 -o "$scratch/t"
	[ ! -e "$scratch/t" ]
}

@test "a plan says what holds the whole against the baseline" {
	suite 'suite: 1' 'workloads: tests/cli/tiny.yaml' 'allocators: buddy' 'rounds: 4' "baseline: results/reference"
	is "$("$iovabench" suite plan "$scratch/s.yaml" -o x | tail -1)" "iovabench gate --baseline results/reference x"
	for kind in slurm parallel make; do
		has "$("$iovabench" suite plan "$scratch/s.yaml" --shards 2 --for $kind -o x)" "gate --baseline results/reference"
	done
	"$iovabench" suite plan "$scratch/s.yaml" --shards 2 --for slurm -o x | sh -n
}

@test "quoted patterns are several workloads, here or of those that are shipped" {
	is "$("$iovabench" check 'tests/cli/ti*.yaml' tests/cli/full.yaml)" "tests/cli/tiny.yaml: ok
tests/cli/full.yaml: ok"
	"$iovabench" run 'tests/cli/tin?.yaml' -a buddy --rounds 0 -q -o "$scratch/ran"
	is "$(arms "$scratch/ran" .state)" ok
	is "$("$iovabench" run 'nvme-*' --parse-only | wc -l)" "$(ls workloads/nvme-*.yaml | wc -l)"
	refuses "'nothing-*' is the name of no file here, and of no shipped workload" run 'nothing-*' -o "$scratch/u"
}

@test "keys of suites are listed and described" {
	has "$("$iovabench" list keys)" "suite: a result (its folder or result.json)"
	has "$("$iovabench" describe baseline)" "(key of a suite)"
	has "$("$iovabench" describe rounds)" "(key of a suite)"
}
