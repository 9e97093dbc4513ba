#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# How many rounds a run plays: until it is decided, as long as there is time, and more of them afterwards.

load helpers

setup_file() {
	load helpers
	# Without a counter there is nothing to calibrate: 200 ms less for every run.
	export IOVABENCH_CLOCK=system
	export options="--ops 2k --latency off -q"
	export whole=$BATS_FILE_TMPDIR/whole pair=$BATS_FILE_TMPDIR/pair
	"$iovabench" run $tiny -a buddy --rounds auto $options -o "$whole"
	"$iovabench" run $tiny -a rbtree -a buddy --rounds auto $options -o "$pair"
}

# What does not depend on time.
exact() { # folder
	jq -S '[[.arms[] | [.spec, .state, .reason, .throughput.rounds, .throughput.operations, .failures, .space,
		.fragmentation, .steps, .audit, .address_maps]]]' "$1/result.json" | cksum
}

looks() { # folder
	arms "$1" '.looks | tojson' | sort -u
}

order() { # folder
	jq -c '[.pass, .round, .spec, .against]' "$1/rounds.jsonl"
}

@test "where nothing is compared, the first look ends it" {
	is "$(looks "$whole")" '{"auto":true,"planned":[6,10,16,26,40],"made":[6],"ended":"decided"}'
	is "$(arms "$whole" .throughput.rounds)" 6
	is "$(jq -r .options.rounds "$whole/run.json")" auto
}

# Six rounds cannot decide at 99 %.
@test "rounds go on while a verdict is inconclusive" {
	made=$(arms "$pair" '.looks.made | tojson' | sort -u)
	[[ $made == "[6,10"* ]]
	is "$(jq '[.arms[0].looks as $l | (.arms[0].throughput.rounds == $l.made[-1]),
		(($l.ended == "decided") == all(.comparisons[]; .verdict != "inconclusive")),
		($l.ended == "decided" or $l.made[-1] == 40)] | all' "$pair/result.json")" true
	is "$(jq '[.comparisons[] | select(.metric == "throughput.raw_ns_per_op") | .level] | unique[]' "$pair/result.json")" 0.99
	# Whoever compares them later shares the error as well.
	run "$iovabench" compare --json "$pair:rbtree" "$pair:buddy"
	is "$(jq '[.. | objects | select(.metric? == "throughput.raw_ns_per_op") | .level] | unique[]' <<<"$output")" 0.99
}

@test "reports say in one sentence why rounds ended" {
	sentence="ended after 6 rounds: no verdict on time is inconclusive; looks planned after 6, 10, 16, 26 and 40 share the error"
	for format in md html; do
		has "$("$iovabench" report "$whole" --format $format)" "$sentence"
	done
	has "$("$iovabench" report "$whole" --format md)" " at most 40 rounds, each in fresh processes"
}

@test "killed anywhere, a run goes on to the same looks" {
	no_sanitizer
	for n in 2 5 9 14; do
		code=0
		LD_PRELOAD=$(realpath "$plugins/killed.so") KILLED_AT=$n "$iovabench" run $tiny -a buddy --rounds auto $options \
			-o "$scratch/$n" 2>/dev/null || code=$?
		is $code 137
		[ -s "$scratch/$n/rounds.jsonl" ] || continue
		run -0 "$iovabench" resume -q "$scratch/$n"
		is "$(looks "$scratch/$n")" "$(looks "$whole")"
		is "$(exact "$scratch/$n")" "$(exact "$whole")"
		is "$(order "$scratch/$n")" "$(order "$whole")"
	done
	cp -r "$pair" "$scratch/pair"
	rm "$scratch/pair/result.json"
	run -0 "$iovabench" resume -q "$scratch/pair"
	is "$(jq -c '[.comparisons, [.arms[].looks]]' "$scratch/pair/result.json" | cksum)" \
		"$(jq -c '[.comparisons, [.arms[].looks]]' "$pair/result.json" | cksum)"
	is "$(order "$scratch/pair")" "$(order "$pair")"
}

@test "more rounds of a finished run are those of a longer one" {
	"$iovabench" run $tiny -a rbtree -a buddy --rounds 2 $options -o "$scratch/t"
	"$iovabench" run $tiny -a rbtree -a buddy --rounds 4 $options -o "$scratch/w"
	cp -r "$scratch/t" "$scratch/k"
	run -2 "$iovabench" resume --rounds 1 "$scratch/t"
	has "$output" "--rounds '1': this run has 2 rounds; it takes 2 or more"
	run -0 "$iovabench" resume --rounds 2 "$scratch/t"
	has "$output" "this run is finished; nothing was run"
	kept=$(wc -l <"$scratch/t/rounds.jsonl")
	before=$(cksum <"$scratch/t/rounds.jsonl")
	run -0 "$iovabench" resume -q --rounds 4 "$scratch/t"
	is "$(exact "$scratch/t")" "$(exact "$scratch/w")"
	is "$(order "$scratch/t")" "$(order "$scratch/w")"
	is "$(head -n "$kept" "$scratch/t/rounds.jsonl" | cksum)" "$before"
	# What was looked at shares the error.
	is "$(looks "$scratch/t")" '{"auto":false,"planned":[2,4],"made":[2,4],"ended":"rounds"}'
	is "$(jq '[.comparisons[] | select(.metric == "throughput.raw_ns_per_op") | .level] | unique[]' "$scratch/t/result.json")" 0.975
	has "$("$iovabench" report "$scratch/t" --format md)" "ended after 4 rounds, all that were asked for; looks after 2 and 4 share the error"
}

@test "killed while more rounds are played, a run still owes them" {
	no_sanitizer
	"$iovabench" run $tiny -a buddy --rounds 1 $options -o "$scratch/t"
	"$iovabench" run $tiny -a buddy --rounds 2 $options -o "$scratch/w"
	owed=0
	for n in $(seq 2 12); do
		rm -rf "$scratch/k"
		cp -r "$scratch/t" "$scratch/k"
		code=0
		LD_PRELOAD=$(realpath "$plugins/killed.so") KILLED_AT=$n "$iovabench" resume -q --rounds 2 "$scratch/k" \
			2>/dev/null || code=$?
		is "$(jq .run.partial "$scratch/k/result.json")" false
		[ $code -ne 0 ] || break
		is $code 137
		[ "$(jq -r .options.rounds "$scratch/k/run.json")" = 2 ] || continue
		owed=$((owed + 1))
		run -0 "$iovabench" resume -q "$scratch/k"
		is "$(exact "$scratch/k")" "$(exact "$scratch/w")"
		is "$(order "$scratch/k")" "$(order "$scratch/w")"
	done
	[ $owed -ge 2 ]
}

@test "more rounds of a run that was decided" {
	cp -r "$whole" "$scratch/t"
	run -0 "$iovabench" resume -q --rounds 8 "$scratch/t"
	is "$(looks "$scratch/t")" '{"auto":false,"planned":[6,8],"made":[6,8],"ended":"rounds"}'
	run -0 "$iovabench" resume "$scratch/t"
	has "$output" "this run is finished; nothing was run"
	run -2 "$iovabench" resume --rounds 0 "$scratch/t"
	has "$output" "--rounds '0': takes a whole number from 1 to 100000"
	run -2 "$iovabench" resume --rounds 18446744073709551616 "$scratch/t"
	"$iovabench" run $tiny -a buddy --rounds 0 -q -o "$scratch/audit"
	run -0 "$iovabench" resume -q --rounds 2 "$scratch/audit"
	is "$(arms "$scratch/audit" .throughput.rounds)" 2
}

@test "a budget ends a run early, and every workload has a round" {
	run -0 "$iovabench" run $tiny $tiny -a buddy --rounds 1000 --budget 1s $options -o "$scratch/t"
	is "$(jq .run.partial "$scratch/t/result.json")" false
	is "$(arms "$scratch/t" '(.looks.ended == "budget") and .looks.planned == [1000] and (.looks.made | length) == 1 and
		.looks.made[0] == .throughput.rounds and .looks.made[0] >= 1' | sort -u)" true
	has "$("$iovabench" report "$scratch/t" --format md)" "of 1000: the next one would have passed the budget of time"
	run -0 "$iovabench" resume "$scratch/t"
	has "$output" "this run is finished; nothing was run"
	most=$(arms "$scratch/t" .throughput.rounds | sort -n | tail -n 1)
	run -0 "$iovabench" resume -q --rounds $((most + 1)) "$scratch/t"
	is "$(arms "$scratch/t" .throughput.rounds | sort -u)" $((most + 1))
	run -0 "$iovabench" run $tiny -a buddy --rounds 2 --budget 1000h $options -o "$scratch/long"
	is "$(arms "$scratch/long" '[.looks.ended, .throughput.rounds] | tojson')" '["rounds",2]'
}

@test "a budget that is used up leaves one round of what follows" {
	run -0 "$iovabench" run $tiny $tiny -a "$plugins/slow.so" --audit off --rounds 5 --budget 1s --ops 50 --latency off -q -o "$scratch/t"
	is "$(looks "$scratch/t")" '{"auto":false,"planned":[5],"made":[1],"ended":"budget"}'
}

@test "rounds and budgets that are none are refused" {
	for value in automatic Auto 10x 100001 -1 "" 18446744073709551617; do
		run -2 "$iovabench" run $tiny --rounds "$value"
		has "$output" "--rounds '$value': takes a whole number from 0 (the audit alone) to 100000, or auto"
	done
	for value in 10 0s 10S 1.5m 1001h s "" -1s 18446744073709551617s 00000000000000000000001s; do
		run -2 "$iovabench" run $tiny --budget "$value"
		has "$output" "--budget '$value': takes a time with its unit, from 1s to 1000h: 30s, 10m, 2h"
	done
}

@test "a run file whose looks cannot be is refused" {
	for looks in '[0]' '[3,2]' '[3,3]' '[1000]' '"2"' "$(seq -s, -f %g 1 16 | sed 's/.*/[&]/')"; do
		rm -rf "$scratch/t"
		cp -r "$pair" "$scratch/t"
		rm "$scratch/t/result.json"
		jq --argjson looks "$looks" 'del(.digest) | .options.looks = $looks | .options.rounds = "999"' "$pair/run.json" \
			>"$scratch/t/run.json"
		run -2 "$iovabench" resume "$scratch/t"
		has "$output" "run.json: options"
	done
}
