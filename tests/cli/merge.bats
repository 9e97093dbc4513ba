#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The parts of a matrix, run apart, in one document.

load helpers

setup_file() {
	load helpers
	export parts=$BATS_FILE_TMPDIR
	"$iovabench" run $tiny -a rbtree --rounds 1 -q -o "$parts/a"
	"$iovabench" run $tiny tests/cli/full.yaml -a buddy --rounds 1 -q -o "$parts/b"
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
		"$iovabench" run $tiny -a "$spec" --rounds 1 -q -o "$scratch/$name" "$@"
	}
	sweep one rbtree --sweep phases.churn.ops=10k,20k
	sweep two buddy --sweep phases.churn.ops=20k,30k
	sweep three bitmap --sweep phases.fill.until.live=300,400
	run -0 "$iovabench" merge "$scratch/one" "$scratch/two" "$scratch/three" "$parts/a" -o "$scratch/t"
	is "$(arms "$scratch/t" '[.spec, .workload_index, .source, (.sweep // {} | to_entries[] | "\(.key)=\(.value)")] | join(" ")')" \
		"rbtree 0 0
rbtree 1 1 phases.churn.ops=10k
rbtree 2 1 phases.churn.ops=20k
buddy 2 2 phases.churn.ops=20k
buddy 3 2 phases.churn.ops=30k
bitmap 4 3 phases.fill.until.live=300
bitmap 5 3 phases.fill.until.live=400"
	# 20k is what the file says, too: the stream is the same, but what was not swept is no point of a sweep.
	is "$(jq -r '.workloads | length' "$scratch/t/result.json")" 6
	is "$(arms "$scratch/t" .throughput.operations | tr '\n' ' ')" "20000 10000 20000 20000 30000 20000 20000 "
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

# The run of a folder as another machine would have made it.
elsewhere() { # folder copy node [filter]
	mkdir "$2"
	cp "$1/rounds.jsonl" "$2"
	jq ".nodes[0].id = \"$3\" | .run.id += \"-$3\" | del(.digest) | ${4:-.}" "$1/result.json" >"$2/result.json"
}

@test "a run tells on which node it ran, by no name" {
	jq -e '.nodes | length == 1 and (.[0].id | test("^0x[0-9a-f]{16}$")) and .[0].cpus > 0 and (.[0] | has("microcode") and
		has("kernel") and has("build") and has("memory_bytes") and has("numa_nodes"))' "$parts/a/result.json"
	is "$(jq -c .nodes "$parts/a/result.json")" "$(jq -c .nodes "$parts/b/result.json")"
	is "$(jq -c '[.arms[].node]' "$parts/b/result.json")" "[0,0]"
	[[ "$(cat "$parts/a/result.json" "$parts/a/run.json")" != *"\"$(uname -n)\""* ]]
}

@test "one arm of two nodes is there twice, one of one node is refused" {
	elsewhere "$parts/a" "$scratch/a" 0x2
	elsewhere "$parts/b" "$scratch/b" 0x2
	run -0 "$iovabench" merge "$parts/a" "$scratch/a" "$scratch/b" -o "$scratch/t"
	is "$(jq '.nodes | length' "$scratch/t/result.json")" 2
	is "$(arms "$scratch/t" '[.workload, .spec, .source, .node] | join(" ")')" "tiny rbtree 0 0
tiny rbtree 1 1
tiny buddy 2 1
full buddy 2 1"
	is "$(jq -r '.nodes[.sources[1].node].id' "$scratch/t/result.json")" 0x0000000000000002
	has "$(jq -r '.machine.warnings[]' "$scratch/t/result.json")" "arms come from several machines: their rounds are not paired with each other"
	# Another kernel makes no other machine of it.
	elsewhere "$parts/a" "$scratch/c" 0x2 '.nodes[0].kernel = "Other"'
	run -2 "$iovabench" merge "$scratch/a" "$scratch/c" -o "$scratch/u"
	has "$output" "both of one node: an arm can be there once only"
	# Who is there twice is told apart; who is there once is called as ever.
	run -0 "$iovabench" report "$scratch/t" --format md
	has "$output" "| figure | rbtree, node 0 | rbtree, node 1 | buddy |"
	"$iovabench" report "$scratch/t" --format html | grep -q '</i>rbtree, node 1<'
	run -0 "$iovabench" report "$scratch/t"
	has "$output" "rbtree, node 1"
}

@test "the order of the parts does not matter" {
	elsewhere "$parts/a" "$scratch/a" 0x2
	# What was begun in the same second by the same process number, elsewhere.
	elsewhere "$parts/a" "$scratch/b" 0x3 '.run.id = "'"$(jq -r .run.id "$parts/a/result.json")"'"'
	run -0 "$iovabench" merge "$parts/a" "$parts/b" "$parts/d" "$scratch/a" "$scratch/b" -o "$scratch/t"
	run -0 "$iovabench" merge "$scratch/b" "$parts/d" "$scratch/a" "$parts/b" "$parts/a" -o "$scratch/u"
	"$iovabench" merge "$parts/d" "$scratch/a" -o "$scratch/half"
	run -0 "$iovabench" merge "$scratch/half" "$scratch/b" "$parts/b" "$parts/a" -o "$scratch/v"
	for other in u v; do
		# Of a merge of merges, the warnings stand in another order.
		is "$(jq 'del(.run.command, .digest) | .machine.warnings |= sort' "$scratch/$other/result.json" | cksum)" \
			"$(jq 'del(.run.command, .digest) | .machine.warnings |= sort' "$scratch/t/result.json" | cksum)"
		is "$(jq .run.command "$scratch/$other/result.json" | wc -l)" 1
		cmp "$scratch/t/series.csv" "$scratch/$other/series.csv"
	done
	cmp "$scratch/t/rounds.jsonl" "$scratch/u/rounds.jsonl"
	is "$(grep -v -e '"command": "iovabench merge' -e '"digest"' "$scratch/u/result.json" | cksum)" "$(grep -v -e '"command": "iovabench merge' -e '"digest"' "$scratch/t/result.json" | cksum)"
}

@test "verdicts of one run stay" {
	"$iovabench" run $tiny -a buddy -a bitmap --rounds 1 --latency off -q -o "$scratch/two"
	elsewhere "$scratch/two" "$scratch/other" 0x2
	run -0 "$iovabench" merge "$parts/a" "$scratch/two" "$scratch/other" -o "$scratch/t"
	is "$(jq -c '[.comparisons[] | .a_arm, .b_arm] | unique' "$scratch/t/result.json")" "[1,2,3,4]"
	is "$(jq -c '.comparisons[] | select(.a_arm == 3) | del(.a_arm, .b_arm)' "$scratch/t/result.json")" \
		"$(jq -c '.comparisons[] | del(.a_arm, .b_arm)' "$scratch/two/result.json")"
}

@test "audits that were made twice must agree" {
	elsewhere "$parts/a" "$scratch/a" 0x2 '.arms[].phases[1].space.span_pages += 1'
	elsewhere "$parts/a" "$scratch/b" 0x3
	run -5 "$iovabench" merge "$parts/a" "$scratch/b" "$scratch/a" -o "$scratch/t"
	has "$output" "rbtree on tiny: audits of runs "
	has "$output" " disagree: space.span_pages of phase churn is "
	is "$(arms "$scratch/t" .state | sort -u)" untrustworthy
	has "$(arms "$scratch/t" .reason)" "disagree: space.span_pages of phase churn is "
	run -2 "$iovabench" compare "$scratch/t" "$parts/a"
	has "$output" "rbtree on tiny (untrustworthy)"
	elsewhere "$parts/a" "$scratch/c" 0x2 '.arms[].audit.placement_hash = "0x7"'
	run -5 "$iovabench" merge "$scratch/c" "$parts/a" -o "$scratch/u"
	has "$output" "placement_hash is 0x"
	# Another build is another program, and resident memory goes by the machine.
	elsewhere "$parts/a" "$scratch/d" 0x2 '.arms[].phases[1].space.span_pages += 1 | .nodes[0].build = "Other"'
	run -0 "$iovabench" merge "$scratch/d" "$parts/a" -o "$scratch/v"
	elsewhere "$parts/a" "$scratch/e" 0x2 '.arms[].phases[1].metadata_bytes += 4096 | .nodes[0].kernel = "Other"'
	run -0 "$iovabench" merge "$scratch/e" "$parts/a" -o "$scratch/w"
	elsewhere "$parts/a" "$scratch/f" 0x2 '.arms[].phases[1].metadata_bytes += 4096'
	run -5 "$iovabench" merge "$scratch/f" "$parts/a" -o "$scratch/x"
}

@test "documents of before there were nodes are merged by what they tell of their machine" {
	mkdir "$scratch/a" "$scratch/b"
	cp "$parts/a/rounds.jsonl" "$scratch/a"
	cp "$parts/b/rounds.jsonl" "$scratch/b"
	jq 'del(.nodes, .arms[].node, .digest)' "$parts/a/result.json" >"$scratch/a/result.json"
	jq 'del(.nodes, .arms[].node, .digest) | .machine.cpu = "Other"' "$parts/b/result.json" >"$scratch/b/result.json"
	run -0 "$iovabench" merge "$scratch/a" "$scratch/b" -o "$scratch/t"
	is "$(jq -r '.sources[1].cpu, .nodes[1].cpu' "$scratch/t/result.json" | tr '\n' ' ')" "Other Other "
	# A merged one of that time has several machines.
	jq 'del(.nodes, .arms[].node, .sources[].node, .digest)' "$scratch/t/result.json" |
		"$iovabench" report - --format json >"$scratch/old" 2>/dev/null
	is "$(jq -c '[.arms[].node]' "$scratch/old")" "[0,1,1]"
	is "$(jq -c '[.nodes[].id]' "$scratch/old")" "$(jq -c '[.nodes[].id]' "$scratch/t/result.json")"
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
