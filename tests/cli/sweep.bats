#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Sweeps, the smallest space, adversaries and laws, from the command line.

load helpers

@test "a sweep makes a workload of every combination" {
	run -0 "$iovabench" run $tiny -a buddy --rounds 0 --sweep phases.churn.ops=10k,20k,30k --sweep phases.fill.until.live=100,200 -o "$scratch/s"
	has "$output" "tiny phases.churn.ops=30k phases.fill.until.live=200"
	is "$(arms "$scratch/s" '"\(.sweep["phases.churn.ops"]) \(.sweep["phases.fill.until.live"]) \(.audit.ops) \(.phases[0].audit.ops)"')" \
		"10k 100 10000 100
10k 200 10000 200
20k 100 20000 100
20k 200 20000 200
30k 100 30000 100
30k 200 30000 200"
	is "$(jq -r '.workloads[].stream_hash' "$scratch/s/result.json" | sort -u | wc -l)" 6
	run -0 "$iovabench" report "$scratch/s/result.json" --format csv
	has "${lines[0]}" ',sweep.phases.churn.ops,sweep.phases.fill.until.live,'
	is "$(cut -d, -f 8,14,15 <<<"$output" | sort -u | grep -c '^tiny,[123]0k,[12]00$')" 6
}

@test "a hundred combinations are each played as what they are" {
	run -0 "$iovabench" run $tiny -a buddy --rounds 0 -q --sweep phases.churn.ops=1k --sweep "phases.fill.until.live=$(seq -s, 1 100)" -o "$scratch/s"
	is "$(arms "$scratch/s" '"\(.sweep["phases.fill.until.live"]) \(.state) \(.phases[0].audit.ops)"')" "$(for i in $(seq 1 100); do echo "$i ok $i"; done)"
	is "$(jq -r '.workloads[].stream_hash' "$scratch/s/result.json" | sort -u | wc -l)" 100
}

@test "the command line takes the place of a sweep of the file" {
	{ cat $tiny; echo 'sweep: [{key: phases.churn.ops, values: [1k, 2k]}]'; } >"$scratch/w.yaml"
	run -0 "$iovabench" run "$scratch/w.yaml" -a buddy --rounds 0 -q -o "$scratch/file"
	is "$(arms "$scratch/file" .audit.ops | tr '\n' ' ')" "1000 2000 "
	run -0 "$iovabench" run "$scratch/w.yaml" -a buddy --rounds 0 -q --sweep phases.churn.ops=3k -o "$scratch/line"
	is "$(arms "$scratch/line" .audit.ops)" 3000
}

@test "timed rounds play the swept stream" {
	run -0 "$iovabench" run $tiny -a buddy --rounds 1 -q --latency off --sweep phases.churn.ops=100k,200k -o "$scratch/s"
	is "$(arms "$scratch/s" .throughput.operations | tr '\n' ' ')" "100000 200000 "
}

@test "a swept value that is wrong is told at its key, and nothing is run" {
	run -2 "$iovabench" run $tiny --sweep phases.churn.ops=1k,0 -o "$scratch/none"
	has "$output" "phases[1].ops: '0' is out of range"
	has "$output" "with phases.churn.ops=0"
	run -2 "$iovabench" run $tiny --sweep phases.churn.size=1k -o "$scratch/none"
	has "$output" "names no value of this file"
	for value in x x= =1 x=1,,2 x=1,1; do
		run -2 "$iovabench" run $tiny --sweep "$value" -o "$scratch/none"
		has "$output" "--sweep '$value'"
	done
	[ ! -e "$scratch/none" ]
}

@test "an adversary is played by the audit alone, and says why" {
	law=workloads/laws/01-robson-64-16.yaml
	run -0 "$iovabench" run $law -a buddy -a rbtree:fit=first --rounds 2 -q -o "$scratch/a"
	is "$(arms "$scratch/a" .space.high_water_pages | tr '\n' ' ')" "192 177 "
	is "$(arms "$scratch/a" .throughput.raw_ns_per_op_reason | sort -u)" "what is asked depends on what the allocator answers: every arm does other work"
	is "$(jq -r '.workloads[0].stream_hash_reason' "$scratch/a/result.json")" "adaptive: what is asked depends on what the allocator answers"
	run -2 "$iovabench" run $law -a buddy --audit off -o "$scratch/none"
	has "$output" "--audit off leaves nothing to run"
	run -2 "$iovabench" run $law -a buddy -t 2 -o "$scratch/none"
	has "$output" "is an adversary"
}

@test "a swept result is compared and gated combination by combination" {
	printf 'iovabench: 1\nname: swept\nrequests: [{name: r, size: {fixed: 4KiB}}]\nphases:\n  - {name: churn, mix: [{request: r}], ops: 100}\n' >"$scratch/w.yaml"
	for run in a b; do
		run -0 "$iovabench" run "$scratch/w.yaml" -a buddy --rounds 0 -q -o "$scratch/$run" --sweep phases.churn.ops=100,200,300
	done
	run -0 "$iovabench" gate --baseline "$scratch/a" "$scratch/b" --junit "$scratch/junit.xml"
	has "$output" "swept phases.churn.ops=300  buddy"
	is "$(grep -c 'other metrics, of which 0 are not the same' <<<"$output")" 3
	has "$(cat "$scratch/junit.xml")" "swept phases.churn.ops=200 buddy"
	run -0 --separate-stderr "$iovabench" compare "$scratch/a" "$scratch/b" --json --all
	is "$(jq -r '.comparisons[] | "\(.sweep["phases.churn.ops"]) \(.verdict)"' <<<"$output" | sort -u | paste -sd,)" "100 ok,200 ok,300 ok"
	run -0 "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "swept phases.churn.ops=100"
}

@test "the smallest space of a comb is what the law says" {
	run -0 "$iovabench" aperture workloads/laws/02-n2-64.yaml -a rbtree:fit=first -a buddy --json "$scratch/a.json"
	has "$output" "min aperture"
	is "$(jq -r '.apertures[] | "\(.spec) \(.min_aperture_pages) \(.peak_live_pages) \(.state)"' "$scratch/a.json")" \
		"rbtree:fit=first 95 64 ok
buddy 95 64 ok"
}

@test "an allocator that crashes does not end the search for the others" {
	run -3 "$iovabench" aperture $tiny -a "$plugins/crash.so" -a buddy --ops 1k --json "$scratch/a.json" -q
	is "$(jq -r '.apertures[] | .state' "$scratch/a.json" | tr '\n' ' ')" "failed ok "
	is "$(jq -r '.apertures[1].min_aperture_pages' "$scratch/a.json")" 300
	run -2 "$iovabench" aperture
	has "$output" "no workload was named"
	run -2 "$iovabench" aperture $tiny --rounds 3
	has "$output" "there is no option '--rounds'"
}

@test "the quick laws hold" {
	no_sanitizer # minutes, of the same code that conformance plays
	run -0 tests/laws/run --quick
	has "$output" " hold, 0 missed"
}

@test "a law that does not hold is told" {
	no_sanitizer # minutes, of the same code that conformance plays
	cp -r workloads/laws "$scratch/laws"
	printf '%s\n' 'suite: 1' "workloads: $scratch/laws/*.yaml" >"$scratch/laws.suite"
	edits 's/is: 95, allocator: "bitmap/is: 96, allocator: "bitmap/' "$scratch/laws/02-n2-64.yaml"
	LAWS=$scratch/laws.suite run -1 tests/laws/run --quick
	has "$output" "MISSED"
	has "$output" ", 1 missed"
}

@test "laws are played by number, and a smallest space that is another one is told" {
	run -0 tests/laws/run 12 18
	has "$output" "12-fit-exact"
	run -1 grep -F 02-n2- <<<"$output"
	run -2 tests/laws/run 12 99
	has "$output" "there is no law 99"
	cp -r workloads/laws "$scratch/laws"
	printf '%s\n' 'suite: 1' "workloads: $scratch/laws/*.yaml" >"$scratch/laws.suite"
	edits 's/size: {fixed: 3 pages}/size: {fixed: 4 pages}/' "$scratch/laws/10-align-3.yaml"
	LAWS=$scratch/laws.suite run -1 tests/laws/run 19
	has "$output" "is 3999   4000  MISSED"
	has "$output" ", 7 missed"
}

@test "the page on laws has the table that the laws are judged by" {
	tests/laws/run --table >"$scratch/table"
	run -0 awk 'NR == FNR { want[++n] = $0; next } { have[++m] = $0 } END { for (s = 1; s <= m; s++) { for (i = 1; i <= n && have[s + i - 1] == want[i]; i++); if (i > n) exit 0 } exit 1 }' "$scratch/table" docs/laws.md
}
