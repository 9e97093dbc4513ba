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
