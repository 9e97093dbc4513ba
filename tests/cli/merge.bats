#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The parts of a matrix, run apart, in one document.

load helpers

setup_file() {
	load helpers
	export parts=$BATS_FILE_TMPDIR
	"$iovabench" run $tiny -a rbtree --rounds 1 --latency off -q -o "$parts/a"
	"$iovabench" run $tiny tests/cli/full.yaml -a buddy --rounds 1 --latency off -q -o "$parts/b"
	"$iovabench" run $tiny tests/cli/full.yaml -a rbtree --rounds 1 --latency off -q -o "$parts/c" --seed 7
	"$iovabench" run $tiny tests/cli/missed.yaml -a bitmap --rounds 2 --latency off -q -o "$parts/d" || true
}

@test "arms of several runs stand in one document, equal workloads once" {
	run -0 "$iovabench" merge "$parts/a" "$parts/b" -o "$scratch/t"
	is "$output" ""
	is "$(arms "$scratch/t" '[.workload, .spec, .source] | join(" ")')" "tiny rbtree 0
tiny buddy 1
full buddy 1"
	is "$(jq -r '.workloads[].name' "$scratch/t/result.json" | tr '\n' ' ')" "tiny full "
	is "$(jq -r '.sources[].id' "$scratch/t/result.json")" "$(jq -r .run.id "$parts/a/result.json" "$parts/b/result.json")"
	is "$(arms "$scratch/t" .throughput.raw_ns_per_op)" "$(arms "$parts/a" .throughput.raw_ns_per_op; arms "$parts/b" .throughput.raw_ns_per_op)"
	is "$(cat "$parts/a/rounds.jsonl" "$parts/b/rounds.jsonl" | cksum)" "$(cksum <"$scratch/t/rounds.jsonl")"
	for file in series.csv report.html tiny-rbtree.hlog tiny-buddy.hlog full-buddy.hlog; do [ -s "$scratch/t/$file" ]; done
	has "$(jq -r .run.command "$scratch/t/result.json")" "iovabench merge $parts/a"
	run -0 "$iovabench" report "$scratch/t"
	has "$output" "rbtree"
	has "$output" "buddy"
}

@test "workloads of one name and another seed stay apart" {
	run -0 "$iovabench" merge "$parts/a" "$parts/c" -o "$scratch/t"
	is "$(jq -r '.workloads[] | [.name, .seed] | join(" ")' "$scratch/t/result.json")" "tiny 1
tiny 7
full 7"
	is "$(arms "$scratch/t" .workload_index | tr '\n' ' ')" "0 1 2 "
}

@test "of runs with different sweeps, equal values are one workload, and what was swept otherwise stays apart" {
	sweep() { # name allocator option…
		local name=$1 spec=$2
		shift 2
		"$iovabench" run $tiny -a "$spec" --rounds 1 --latency off -q -o "$scratch/$name" "$@"
	}
	sweep one rbtree --sweep phases.churn.ops=10k,20k
	sweep two buddy --sweep phases.churn.ops=20k,30k
	sweep three bitmap --sweep phases.fill.until.live=300,400
	run -0 "$iovabench" merge "$scratch/one" "$scratch/two" "$scratch/three" "$parts/a" -o "$scratch/t"
	is "$(arms "$scratch/t" '[.spec, .workload_index, .source, (.sweep // {} | to_entries[] | "\(.key)=\(.value)")] | join(" ")')" \
		"rbtree 0 0 phases.churn.ops=10k
rbtree 1 0 phases.churn.ops=20k
buddy 1 1 phases.churn.ops=20k
buddy 2 1 phases.churn.ops=30k
bitmap 3 2 phases.fill.until.live=300
bitmap 4 2 phases.fill.until.live=400
rbtree 5 3"
	# 20k is what the file says, too: the stream is the same, but what was not swept is no point of a sweep.
	is "$(jq -r '.workloads | length' "$scratch/t/result.json")" 6
	is "$(arms "$scratch/t" .throughput.operations | tr '\n' ' ')" "10000 20000 20000 30000 20000 20000 20000 "
	is "$(arms "$scratch/t" .histograms | sort | uniq -d)" ""
	run -0 "$iovabench" report "$scratch/t"
	sweep again rbtree --sweep phases.churn.ops=20k
	run -2 "$iovabench" merge "$scratch/one" "$scratch/again" -o "$scratch/u"
	has "$output" "an arm can be there once only"
	[ ! -e "$scratch/u" ]
}

@test "expectations follow their arms, and differing rounds are told" {
	run -0 "$iovabench" merge "$parts/a" "$parts/d" -o "$scratch/t"
	is "$(jq -r '[.expectations[] as $e | .arms[$e.arm].workload == $e.workload] | all' "$scratch/t/result.json")" true
	is "$(jq '.expectations | length' "$scratch/t/result.json")" "$(jq '.expectations | length' "$parts/d/result.json")"
	has "$(jq -r '.machine.warnings[]' "$scratch/t/result.json")" "arms have different numbers of rounds"
}

@test "arms of another machine are told from ours" {
	cp -r "$parts/b" "$scratch/b"
	jq '.machine.cpu = "Other" | del(.digest)' "$parts/b/result.json" >"$scratch/b/result.json"
	run -0 "$iovabench" merge "$parts/a" "$scratch/b" -o "$scratch/t"
	has "$(jq -r '.machine.warnings[]' "$scratch/t/result.json")" "arms come from several machines: compare times of one source only"
	is "$(jq -r '.sources[1].cpu' "$scratch/t/result.json")" Other
}

@test "an arm that is there twice is refused and named, and nothing is written" {
	run -2 "$iovabench" merge "$parts/a" "$parts/a" -o "$scratch/t"
	has "$output" "rbtree on tiny is in "
	has "$output" "an arm can be there once only"
	[ ! -e "$scratch/t" ]
}

@test "a merged result can be merged" {
	"$iovabench" merge "$parts/a" "$parts/b" -o "$scratch/one"
	run -0 "$iovabench" merge "$scratch/one" "$parts/d" -o "$scratch/t"
	is "$(jq -r '.sources[].id' "$scratch/t/result.json")" "$(jq -r .run.id "$parts/a/result.json" "$parts/b/result.json" "$parts/d/result.json")"
	is "$(arms "$scratch/t" .source | tr '\n' ' ')" "0 1 1 2 2 "
	is "$(arms "$scratch/t" .spec | sort -u | tr '\n' ' ')" "bitmap buddy rbtree "
}

@test "what is no run is refused" {
	run -2 "$iovabench" merge "$scratch/none" -o "$scratch/t"
	has "$output" "$scratch/none"
	run -2 "$iovabench" merge "$parts/a" "$parts/b/result.json" -o "$scratch/t"
	has "$output" "$parts/b/result.json: is not the folder of a run"
	[ ! -e "$scratch/t" ]
	run -2 "$iovabench" merge "$parts/a"
	run -2 "$iovabench" merge -o "$scratch/t"
	run -2 "$iovabench" merge "$parts/a" -o "$parts/b"
	has "$output" "this folder holds another run"
}

@test "a merge that cannot be written leaves nothing, and can be tried again" {
	cp -r "$parts/b" "$scratch/b"
	rm "$scratch/b/rounds.jsonl"
	run -2 "$iovabench" merge "$parts/a" "$scratch/b" -o "$scratch/t"
	has "$output" "$scratch/b/rounds.jsonl: cannot open"
	[ ! -e "$scratch/t" ]
	cp "$parts/b/rounds.jsonl" "$scratch/b"
	run -0 "$iovabench" merge "$parts/a" "$scratch/b" -o "$scratch/t"
}

@test "what was played decides whether workloads are one, and one interrupted run makes the whole partial" {
	mkdir "$scratch/b"
	cp "$parts/b/rounds.jsonl" "$scratch/b"
	jq '.workloads[].stream_hash = "0x0000000000000001" | .run.partial = true | del(.digest)' "$parts/b/result.json" >"$scratch/b/result.json"
	run -0 "$iovabench" merge "$parts/a" "$scratch/b" -o "$scratch/t"
	is "$(jq -c '[.workloads[].stream_hash] | unique | length' "$scratch/t/result.json")" 2
	is "$(jq .run.partial "$scratch/t/result.json")" true
	run -0 "$iovabench" merge "$parts/a" "$parts/b" -o "$scratch/u"
	[ "$(jq '.workloads | length' "$scratch/u/result.json")" -lt "$(jq '.workloads | length' "$scratch/t/result.json")" ]
	is "$(jq .run.partial "$scratch/u/result.json")" false
}

@test "an open loop and a closed one of one spec are held each against its own" {
	for rate in 200000 100000; do
		"$iovabench" run $tiny -a buddy --rounds 1 --ops 20k --rate $rate -q -o "$scratch/$rate" || [ $? -eq 5 ]
	done
	"$iovabench" run $tiny -a buddy --rounds 1 --ops 20k -q -o "$scratch/closed" || [ $? -eq 5 ]
	"$iovabench" merge "$scratch/200000" "$scratch/closed" -o "$scratch/first"
	"$iovabench" merge "$scratch/closed" "$scratch/200000" -o "$scratch/second"
	# The order of the arms is another one, what is told of each is the same.
	run --separate-stderr "$iovabench" compare "$scratch/first" "$scratch/second" --json
	jq -e '[.latencies[] | .a_latency.ns == .b_latency.ns] | length > 0 and all' <<<"$output"
	jq -e '[.comparisons[] | .a_value == .b_value] | length > 0 and all' <<<"$output"
	run -2 --separate-stderr "$iovabench" compare "$scratch/closed" "$scratch/200000"
	has "$stderr" "no two arms"
	run -2 --separate-stderr "$iovabench" compare "$scratch/100000:buddy" "$scratch/200000:buddy"
	run --separate-stderr "$iovabench" gate "$scratch/closed" --baseline "$scratch/200000"
	[ "$status" -ne 0 ]
	has "$output$stderr" "buddy"
}
