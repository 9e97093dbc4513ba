#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# iovabench run with several threads: -t and --lock.

load helpers

setup_file() {
	load helpers
	export two=$BATS_FILE_TMPDIR/two
	"$iovabench" run $tiny -a rbtree -a buddy -t 2 --rounds 2 -o "$two" >"$two.out" 2>"$two.err"
	echo $? >"$two.code"
}

@test "two threads play the workload together, and the audit finds nothing" {
	is "$(cat "$two.code")" 0
	is "$(arms "$two" '"\(.spec) \(.state) \(.threads) \(.lock) \(.audit.violations)"')" \
		$'rbtree ok 2 mutex 0\nbuddy ok 2 mutex 0'
	# Each thread does half of it; together they do it all.
	is "$(arms "$two" '"\(.phases[0].throughput.operations) \(.phases[1].throughput.operations) \(.audit.ops)"' | sort -u)" \
		"300 20000 20000"
}

@test "the table says how many threads there were" {
	has "$(cat "$two.out")" "rbtree, 2 threads"
}

@test "the audit of threads repeats exactly" {
	"$iovabench" run $tiny -a rbtree -a buddy -t 2 --rounds 1 --latency off -q -o "$scratch/again"
	is "$(arms "$scratch/again" .audit.placement_hash)" "$(arms "$two" .audit.placement_hash)"
	is "$(jq -r '.workloads[0].stream_hash' "$scratch/again/result.json")" "$(jq -r '.workloads[0].stream_hash' "$two/result.json")"
}

@test "a spin lock, and a lock around one thread" {
	"$iovabench" run $tiny -a rbtree -t 2 --lock spin --rounds 1 -q -o "$scratch/spin"
	is "$(arms "$scratch/spin" '"\(.state) \(.lock)"')" "ok spin"
	"$iovabench" run $tiny -a rbtree --lock mutex --rounds 1 -q -o "$scratch/alone"
	is "$(arms "$scratch/alone" '"\(.state) \(.threads) \(.lock)"')" "ok 1 mutex"
}

@test "several threads without a lock are refused by name" {
	run -2 "$iovabench" run $tiny -a rbtree -t 2 --lock none -o "$scratch/none"
	has "$output" "--lock none: rbtree is not made for several threads"
	[ ! -e "$scratch/none" ]
}

@test "a plugin that needs a lock has no arm without one" {
	run -6 "$iovabench" run $tiny -a "${plugins%/tests/plugins}/plugins/example.so" -t 2 --lock none --rounds 1 -o "$scratch/plugin"
	has "$output" "needs a lock around its calls"
}

@test "recordings and scripts are not shared out" {
	run -2 "$iovabench" run workloads/e1000e.yaml -a rbtree -t 2 -o "$scratch/recording"
	has "$output" "one sequence of operations, which 2 threads cannot share"
}

@test "what -t and --lock take is said" {
	run -2 "$iovabench" run $tiny -t 0
	has "$output" "from 1 to 64"
	run -2 "$iovabench" run $tiny -t 65
	run -2 "$iovabench" run $tiny --lock sometimes
	has "$output" "takes mutex, spin or none"
}

@test "frees travel between threads, and starvation is counted" {
	sed 's/ops: 20k/ops: 20k, free_on: next/' $tiny >"$scratch/travel.yaml"
	"$iovabench" run "$scratch/travel.yaml" -a rbtree -t 2 --rounds 1 -q -o "$scratch/travel"
	is "$(arms "$scratch/travel" '"\(.state) \(.audit.violations) \(.ring.starved | type) \(.ring.full | type)"')" "ok 0 number number"
	"$iovabench" run "$scratch/travel.yaml" -a rbtree --rounds 1 -q -o "$scratch/one"
	is "$(arms "$scratch/one" '"\(.state) \(.ring.starved_reason)"')" "ok not applicable"
}

@test "more threads than CPUs are warned of" {
	"$iovabench" run $tiny -a rbtree -t 64 --rounds 1 --latency off --audit off -q -o "$scratch/many"
	has "$(jq -r '.machine.warnings[]' "$scratch/many/result.json")" "64 threads on"
}

@test "rings are shared out to threads, and there are as many as threads" {
	cat > "$scratch/rings.yaml" <<- 'YAML'
		iovabench: 1
		name: rings
		requests: [{name: a, size: {fixed: 4KiB}}]
		phases:
		  - {name: fill, rings: {request: a, depth: 64, count: 5}}
		  - {name: play, rings: {request: a, depth: 64, count: 5, pace: [3, 1, 1, 1, 1]}, ops: 7k, free_on: next}
	YAML
	run -0 "$iovabench" run "$scratch/rings.yaml" -a rbtree -t 1,2,5 --rounds 0 -q -o "$scratch/rings"
	is "$(arms "$scratch/rings" .audit.ops | sort -u)" 7000
	is "$(arms "$scratch/rings" .audit.violations | sort -u)" 0
	run -2 "$iovabench" run "$scratch/rings.yaml" -a rbtree -t 6 --rounds 0
	has "$output" "phase fill has 5 rings, and a ring is one thread's: 6 threads need as many"
}
