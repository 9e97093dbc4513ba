#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --until steady: streams as long as it takes until no exact series grows.

load helpers

setup() {
	cd "$scratch" || return 1
	case $iovabench in /*) ;; *) iovabench=$BATS_TEST_DIRNAME/../../$iovabench ;; esac
	# So short that page tables of some arms still become more.
	sed 's/ops: [0-9.]*[kM]/ops: 20k/' "$BATS_TEST_DIRNAME/../../workloads/mixed-sizes.yaml" >grows.yaml
	grep -q 'ops: 20k' grows.yaml
}

steady() { jq -c '.workloads[0] | [.ops, .steady.level, .steady.operations, .steady.device_s, .steady.reason]' "$1/result.json"; }

@test "a stream grows until its series are level, and is that of --ops" {
	run -0 "$iovabench" run grows.yaml -a buddy -a rbtree --until steady --rounds 0 -o out
	has "$output" "steady after "
	has "$output" "is an extrapolation"
	run -0 "$iovabench" report out/result.json --format md
	has "$output" "steady after "
	IFS=, read -r ops level judged device reason <<<"$(steady out | tr -d '[]')"
	is "$level $reason" "true null"
	is "$judged" "$ops"
	[ "$ops" -gt 40000 ]
	is "$(jq -n "$device * 1e6 / $ops > 0.99 and $device * 1e6 / $ops <= 1.01")" true
	run -0 "$iovabench" run grows.yaml -a buddy -a rbtree --ops "$((ops - 10000))" --rounds 0 -q -o same
	is "$(jq -c '[.workloads[0].stream_hash, .arms[].audit.placement_hash]' same/result.json)" \
		"$(jq -c '[.workloads[0].stream_hash, .arms[].audit.placement_hash]' out/result.json)"
	is "$(jq '.workloads[0] | has("steady")' same/result.json)" false
}

@test "what still grows at the most operations is named, and nothing is said of a week" {
	run -0 "$iovabench" run grows.yaml -a rbtree --until steady --ops 20k --rounds 0 -o out
	has "$output" "not steady after 30.0 k operations"
	has "$output" "rbtree: page tables still grow): nothing can be said of a longer run"
	[[ $output != *extrapolation* ]]
	is "$(steady out | jq -c '[.[0], .[1]]')" "[30000,false]"
}

@test "a run that is gone on with has the same length" {
	run -0 "$iovabench" run grows.yaml -a buddy --until steady --rounds 1 --latency off -q -o out
	before=$(jq -c '[.workloads[0] | .stream_hash, .steady]' out/result.json)
	run -0 "$iovabench" resume out --rounds 2 -q
	is "$(jq -c '[.workloads[0] | .stream_hash, .steady]' out/result.json)" "$before"
	is "$(jq '.run.rounds' out/result.json)" 2
}

@test "a workload without such a phase, and options that do not go with it, are told" {
	run -0 "$iovabench" run drain-refill -a buddy --until steady --rounds 0 -o out
	has "$output" "whether it is steady cannot be told: no measured phase ends by operations"
	run -2 "$iovabench" run grows.yaml --until steady --audit off
	has "$output" "--until steady: is told by audits, and --audit is off"
	run -2 "$iovabench" run grows.yaml --until steady --shard 1/2
	has "$output" "then --ops N"
	run -2 "$iovabench" run grows.yaml --until stedy
	has "$output" "did you mean 'steady'"
}
