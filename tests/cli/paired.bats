#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Arms held against each other in one process: what a run says of it, and what it does when one of them fails.

load helpers

# The pair of an arm, by spec.
pair() { # spec filter
	jq -r --arg spec "$1" ".arms[] | select(.spec == \$spec) | $2" "$scratch/t/result.json"
}

# Two instances of one library: which never frees, and is none for the audit.
twins() { # what the second one does beside the first, option…
	local beside=$1
	shift
	run "$iovabench" run $tiny -a "$plugins/twins.so" -a "$plugins/twins.so:beside=$beside" -a rbtree --audit off --rounds 2 \
		--latency off --ops 2k -o "$scratch/t" "$@"
}

@test "every arm is held against the first, and the ratio stands in the document" {
	run -0 "$iovabench" run $tiny -a rbtree -a buddy -a bitmap --rounds 6 --ops 100k --latency off -o "$scratch/t"
	for spec in buddy bitmap; do
		is "$(pair $spec '[.paired.against, .paired.condition, .paired.rounds] | join(" ")')" "rbtree hot 6"
		pair $spec '.paired | [.ratio > 0, .ci_low <= .ratio, .ratio <= .ci_high, .ratio_typical > 0, .shift > -1,
			.equal_share == 1, (.round_ratio | length) == 6] | all' | grep -qx true
	done
	is "$(pair rbtree '[.paired, .paired_reason] | join(" ")')" " others are held against it, or what it is held against failed"
	is "$(jq -c '[.comparisons[] | select(.metric == "throughput.raw_ns_per_op") | [.a, .b, .by_pairs]]' "$scratch/t/result.json")" \
		'[["rbtree","buddy",true],["rbtree","bitmap",true]]'
	has "$output" "buddy against rbtree: "
	has "$output" "time by pairs"
	is "$(grep -c '"pass":"paired"' "$scratch/t/rounds.jsonl")" 12
	# The document can be read, and says the same again.
	run -0 "$iovabench" report "$scratch/t" --format json
	is "$(jq -S . <<<"$output" | cksum)" "$(jq -S . "$scratch/t/result.json" | cksum)"
}

@test "--against chooses: one arm, or each against each" {
	run -0 "$iovabench" run $tiny -a rbtree -a buddy -a bitmap --against buddy --rounds 1 --ops 2k --latency off -q -o "$scratch/t"
	is "$(jq -c '[.arms[] | .paired.against]' "$scratch/t/result.json")" '["buddy",null,"buddy"]'
	is "$(jq -r '[.comparisons[].a] | unique | join(" ")' "$scratch/t/result.json")" buddy
	run -0 "$iovabench" run $tiny -a rbtree -a buddy -a bitmap --against all --rounds 1 --ops 2k --latency off -q -o "$scratch/all"
	is "$(jq -c '[.arms[] | [.paired.against, (.paired_others // [] | .[].against)]]' "$scratch/all/result.json")" \
		'[[null],["rbtree"],["rbtree","buddy"]]'
	is "$(jq -c '[.comparisons[] | [.a, .b]] | unique | length' "$scratch/all/result.json")" 3
	run -2 "$iovabench" run $tiny -a rbtree -a buddy --against other -o "$scratch/none"
	has "$output" "--against 'other': is no arm of this run; it takes all, or one of rbtree, buddy"
	[ ! -e "$scratch/none" ]
}

@test "--paired off and only; what has no pairs says why" {
	run -0 "$iovabench" run $tiny -a rbtree -a buddy --paired off --rounds 1 --ops 2k --latency off -q -o "$scratch/t"
	is "$(pair buddy .paired_reason)" "--paired off"
	is "$(grep -c paired "$scratch/t/rounds.jsonl")" 0
	rm -r "$scratch/t"
	run -0 "$iovabench" run $tiny -a rbtree -a buddy --paired only --rounds 6 --ops 20k -q -o "$scratch/t"
	is "$(jq -r .pass "$scratch/t/rounds.jsonl" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" " 2 audit; 6 paired;"
	is "$(jq -c '[.comparisons[] | select(.metric == "throughput.raw_ns_per_op") | .by_pairs]' "$scratch/t/result.json")" "[true]"
	run -0 "$iovabench" run $tiny -a rbtree -a buddy --rate 10k --rounds 1 --ops 200 -q -o "$scratch/rate"
	is "$(jq -r '.arms[1].paired_reason' "$scratch/rate/result.json")" "open loop: what is measured is waiting"
	run -0 "$iovabench" run workloads/laws/01-robson-64-16.yaml -a rbtree -a buddy --rounds 1 -q -o "$scratch/adversary"
	is "$(jq -r '.arms[1].paired_reason' "$scratch/adversary/result.json")" "adaptive: each arm is asked for something else"
	is "$(grep -c '"pass":"paired"' "$scratch/adversary/rounds.jsonl")" 0
	run -2 "$iovabench" run $tiny -a rbtree -a buddy --paired-ms 0 -o "$scratch/none"
	has "$output" "--paired-ms '0': takes a whole number from 1 to 10000"
	run -2 "$iovabench" run $tiny -a rbtree --paired only -o "$scratch/none"
	has "$output" "--paired only: takes two arms or more"
	run -2 "$iovabench" run $tiny -a rbtree -a buddy --paired maybe -o "$scratch/none"
	has "$output" "--paired 'maybe': takes on, off or only"
}

@test "--paired-ms: who asks for more has more pairs" {
	for ms in 1 1000; do
		run -0 "$iovabench" run $tiny -a rbtree -a buddy --rounds 1 --paired only --paired-ms $ms -q -o "$scratch/$ms"
		# Of the longer one iterations end, of which there are 24 at most.
		jq -s "[.[] | select(.pass == \"paired\") | .phases[].pairs.pairs, .phases[].pairs.tainted] | add" "$scratch/$ms/rounds.jsonl" >"$scratch/$ms.pairs"
	done
	[ "$(cat "$scratch/1000.pairs")" -gt $((2 * $(cat "$scratch/1.pairs"))) ]
}

@test "--alone: later rounds are pairs alone" {
	run -0 "$iovabench" run $tiny -a rbtree -a buddy --rounds 4 --alone 2 --ops 2k -q -o "$scratch/t"
	is "$(jq -r '"\(.pass) \(.round)"' "$scratch/t/rounds.jsonl" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" \
		" 2 audit 0; 1 paired 0; 1 paired 1; 1 paired 2; 1 paired 3; 3 timed 0; 3 timed 1;"
	is "$(pair buddy '[.throughput.rounds, .paired.rounds] | join(" ")')" "2 4"
	# It goes on by the same rule.
	run -0 "$iovabench" resume --rounds 6 -q "$scratch/t"
	is "$(pair buddy '[.throughput.rounds, .paired.rounds] | join(" ")')" "2 6"
	for wrong in "-a buddy --paired off" "-a buddy --paired only" "" "-a buddy --rate 10k"; do
		# shellcheck disable=SC2086  # a list of words
		run -2 "$iovabench" run $tiny -a rbtree $wrong --alone 2 -o "$scratch/none"
		has "$output" "--alone 2: "
	done
	run -2 "$iovabench" run $tiny -a rbtree -a buddy --alone 0 -o "$scratch/none"
	has "$output" "--alone '0': takes a whole number of rounds from 1 to 100000"
}

@test "what lies behind metadata is looked at while it is there" {
	# Blocks of gigabytes, of which little is touched, and which are given back in the end.
	run -0 "$iovabench" run gpu-strict -a buddy -a rbtree --paired only --rounds 1 -q -o "$scratch/t"
	is "$(pair rbtree '[.paired.rounds, .paired.reason] | join(" ")')" "1 "
}

@test "two that share state have no verdict, and keep their figures" {
	twins moves
	is $status 0
	has "$(pair "$plugins/twins.so:beside=moves" .paired.reason)" "shares state: in one process with the other it places extents differently"
	is "$(pair "$plugins/twins.so:beside=moves" '[.state, .paired.ratio, .throughput.rounds] | join(" ")')" "ok  2"
	is "$(pair rbtree '.paired.rounds')" 2
}

@test "a crash in the paired pass is the fault of the arm inside whose call it happened" {
	no_sanitizer
	twins crashes
	is $status 3
	is "$(pair "$plugins/twins.so:beside=crashes" '[.state, .owner] | join(" ")')" "failed allocator"
	has "$(pair "$plugins/twins.so:beside=crashes" .reason)" "crashed in the paired pass: signal 4 (Illegal instruction)"
	is "$(pair "$plugins/twins.so" '[.state, .throughput.rounds] | join(" ")')" "ok 2"
	is "$(pair rbtree '[.state, .throughput.rounds, .paired.rounds] | join(" ")')" "ok 2 2"
	[ -s "$scratch/t/report.html" ]
	# A crash of the other one.
	rm -r "$scratch/t"
	run "$iovabench" run $tiny -a "$plugins/twins.so:beside=crashes" -a "$plugins/twins.so" --audit off --rounds 1 --ops 2k -o "$scratch/t"
	is $status 3
	is "$(pair "$plugins/twins.so:beside=crashes" .state)" failed
	is "$(pair "$plugins/twins.so" .state)" ok
}

@test "a hang in the paired pass likewise" {
	twins hangs --stall 1
	is $status 3
	has "$(pair "$plugins/twins.so:beside=hangs" .reason)" "hung in the paired pass: no window ended for 1 s"
	is "$(pair "$plugins/twins.so" .state)" ok
}

@test "a run that was killed goes on with its pairs" {
	export IOVABENCH_CLOCK=system
	"$iovabench" run $tiny -a rbtree -a buddy --rounds 2 --ops 2k --latency off -q -o "$scratch/t"
	count=$(wc -l <"$scratch/t/rounds.jsonl")
	head -n $((count - 1)) "$scratch/t/rounds.jsonl" >"$scratch/cut"
	cp "$scratch/cut" "$scratch/t/rounds.jsonl"
	rm "$scratch/t/result.json"
	run -0 "$iovabench" resume -q "$scratch/t"
	is "$(wc -l <"$scratch/t/rounds.jsonl")" "$count"
	is "$(pair buddy .paired.rounds)" "$(jq -s '[.[] | select(.pass == "paired")] | length' "$scratch/t/rounds.jsonl")"
	is "$(head -n $((count - 1)) "$scratch/t/rounds.jsonl" | cksum)" "$(cksum <"$scratch/cut")"
}

@test "a result of before has no pairs, and is read" {
	"$iovabench" run $tiny -a rbtree -a buddy --rounds 1 --ops 2k --latency off -q -o "$scratch/t"
	jq 'del(.digest, .arms[].paired, .arms[].paired_reason) | del(.comparisons[].by_pairs)' "$scratch/t/result.json" >"$scratch/old.json"
	run -0 --separate-stderr "$iovabench" report "$scratch/old.json" --format json
	is "$(jq -r '.arms[1] | [.paired, .paired_reason] | join(" ")' <<<"$output")" " not measured"
}

@test "under interference: sizes with a unit, a second condition, and what cannot be" {
	run -0 "$iovabench" run $tiny -a rbtree -a buddy --rounds 1 --ops 20k --interfere data=64KiB,code=16KiB -o "$scratch/t"
	is "$(pair buddy '[.paired.condition, (.paired_others[] | .condition)] | join(" ")')" "hot interfered"
	pair buddy '.paired_others[0] | [.ratio > 0, .empty_pair_ns > 0, .rounds == 1] | all' | grep -qx true
	has "$output" "; under interference "
	has "$(jq -c .options "$scratch/t/run.json")" '"interfere":"data=65536B,code=16384B"'
	for wrong in data=64 data=64KiB,data=1KiB data=2GiB code=1MiB data=-1KiB all data= pairs=100 data=1KiB,pairs=0 data=1KiB,pairs=1x \
		data=1KiB,pairs=2M data=1KiB,pairs=1001k; do
		run -2 "$iovabench" run $tiny -a rbtree -a buddy --interfere "$wrong" -o "$scratch/none"
		has "$output" "--interfere '$wrong': takes none, or sizes with a unit"
	done
	run -2 "$iovabench" run $tiny -a rbtree -a buddy --interfere data=1KiB -t 2 -o "$scratch/none"
	has "$output" "--interfere takes one thread"
	run -2 "$iovabench" run $tiny -a rbtree -a buddy --interfere data=1KiB --rate 10k -o "$scratch/none"
	has "$output" "--interfere does not go with --rate"
	run -2 "$iovabench" run $tiny -a rbtree -a buddy --interfere data=1GiB --memory 1024 -o "$scratch/none"
	has "$output" "$tiny: interference of 1024 MiB of data: a worker has 1024 MiB (--memory)"
	[ ! -e "$scratch/none" ]
}

@test "a workload says what interferes; the command line overrides it, and every document tells what held" {
	sed '/^seed:/d' $tiny >"$scratch/w.yaml"
	echo "interference: {data: 64KiB, code: 16KiB}" >>"$scratch/w.yaml"
	run -0 "$iovabench" run "$scratch/w.yaml" -a rbtree -a buddy --rounds 1 --ops 20k -q -o "$scratch/t"
	is "$(pair buddy '[.paired.condition, (.paired_others[] | .condition)] | join(" ")')" "hot interfered"
	is "$(jq -c '.workloads[0] | .interference, .expanded.interference' "$scratch/t/result.json" | tr '\n' ' ')" \
		'{"data_bytes":65536,"code_bytes":16384,"pairs":0} {"data":"64KiB","code":"16KiB","pairs":0} '
	"$iovabench" run "$scratch/w.yaml" -a rbtree -a buddy --rounds 1 --ops 20k -q --interfere none -o "$scratch/none"
	is "$(jq -c '.workloads[0].interference, .workloads[0].stream_hash, .arms[1].paired_others' "$scratch/none/result.json" | tr '\n' ' ')" \
		"{\"data_bytes\":0,\"code_bytes\":0,\"pairs\":0} $(jq -c '.workloads[0].stream_hash' "$scratch/t/result.json") null "
	is "$(jq -r .options.interfere "$scratch/none/run.json")" none
	"$iovabench" run "$scratch/w.yaml" -a buddy --rounds 0 -q --interfere code=1KiB -o "$scratch/code"
	is "$(jq -c '.workloads[0].interference' "$scratch/code/result.json")" '{"data_bytes":0,"code_bytes":1024,"pairs":0}'
	"$iovabench" run "$scratch/w.yaml" -a buddy --rounds 0 -q --sweep interference.data=1KiB,2KiB -o "$scratch/swept"
	is "$(jq -c '[.workloads[].interference.data_bytes]' "$scratch/swept/result.json")" '[1024,2048]'
}

@test "under interference in pairs alone: so many operations, and latencies are plain" {
	run -0 "$iovabench" run $tiny -a rbtree -a buddy --rounds 1 --ops 20k --interfere data=64KiB,code=16KiB,pairs=1k -o "$scratch/t"
	is "$(pair buddy '[.paired.condition, (.paired_others[] | .condition)] | join(" ")')" "hot interfered"
	has "$(jq -c .options "$scratch/t/run.json")" '"interfere":"data=65536B,code=16384B,pairs=1000"'
	has "$output" "interference of 64 KiB of data and 16 KiB of code, before 1.00 k operations of a process of pairs"
	is "$(jq -c '.workloads[0] | .interference, .expanded.interference' "$scratch/t/result.json" | tr '\n' ' ')" \
		'{"data_bytes":65536,"code_bytes":16384,"pairs":1000} {"data":"64KiB","code":"16KiB","pairs":1000} '
	# Two sides of a process: not many more than were asked for, and no fewer.
	jq -s 'map(select(.against == "rbtree") | [.phases[].pairs_interfered.operations // 0] | add) | .[0] | . > 300 and . < 3000' \
		"$scratch/t/rounds.jsonl" | grep -qx true
	# What interference costs would be no cost of the stamps: there is a figure only without.
	is "$(jq '[.arms[].phases[] | .. | .latency_slowdown? // empty] | length > 0' "$scratch/t/result.json")" true
}

@test "what a workload says interferes takes one thread, and no open loop" {
	{ cat $tiny && echo "interference: {data: 64KiB}"; } >"$scratch/w.yaml"
	run -2 "$iovabench" run "$scratch/w.yaml" -a rbtree -t 2 -o "$scratch/none"
	has "$output" "$scratch/w.yaml: interference takes one thread, not 2; --interfere none leaves it out"
	run -2 "$iovabench" run "$scratch/w.yaml" -a rbtree --rate 10k -o "$scratch/none"
	has "$output" "$scratch/w.yaml: interference does not go with --rate"
	"$iovabench" run "$scratch/w.yaml" -a rbtree -t 2 --rounds 0 --interfere none -q -o "$scratch/threads"
}

@test "a run against another base goes on with it" {
	export IOVABENCH_CLOCK=system
	"$iovabench" run $tiny -a rbtree -a buddy --against buddy --rounds 1 --ops 2k --latency off -q -o "$scratch/t"
	rm "$scratch/t/result.json"
	head -n 3 "$scratch/t/rounds.jsonl" >"$scratch/cut"
	cp "$scratch/cut" "$scratch/t/rounds.jsonl"
	run -0 "$iovabench" resume -q "$scratch/t"
	is "$(jq -c '[.arms[] | .paired.against]' "$scratch/t/result.json")" '["buddy",null]'
}
