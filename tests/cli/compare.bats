#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# compare, gate, calibrate and doctor. Times are written into results by hand: nothing here depends on how fast this machine is.

load helpers

setup_file() {
	bats_require_minimum_version 1.5.0
	"${BUILD:-build}/iovabench" run tests/cli/tiny.yaml -a buddy -a bitmap --rounds 1 --latency off --quiet \
		-o "$BATS_FILE_TMPDIR/made"
}

setup() {
	export XDG_CACHE_HOME=$scratch/cache
	made=$BATS_FILE_TMPDIR/made/result.json
}

# A result whose arms have 12 rounds of these medians: made RUN SCALE FILTER -> file. report gives it a digest that is right.
craft() { # file run-id factor [filter]
	jq --arg id "$2" --argjson factor "$3" '.run.id = $id | .arms[] .phases[].throughput.round_ns_per_op =
		([100,101,99,100,102,98,100,101,99,100,101,100] | map(. * $factor)) | del(.digest, .arms[].paired, .arms[].paired_others) | '"${4:-.}" "$made" |
		"$iovabench" report - --format json 2>/dev/null >"$scratch/$1"
}

verdict() { # document metric arm: of compare --json
	jq -r --arg metric "$2" --arg b "$3" '.comparisons[] | select(.metric == $metric and .b == $b) | .verdict' <<<"$1"
}

@test "a run fills comparisons with the first arm as the base" {
	is "$(jq -r '[.comparisons[] | .a + " " + .b] | unique | join(",")' "$made")" "buddy bitmap"
	jq -e '.comparisons[] | select(.metric == "space.rounding_ratio") | .ratio != null and .verdict != null' "$made"
	jq -e '[.arms[].throughput.round_ns_per_op | length] == [1, 1]' "$made"
}

@test "equal results: every verdict is ok, exit code 0" {
	craft a a 1
	craft b b 1
	run -0 "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "b / a"
	has "$output" "not calibrated"
	[[ $output != *regression* ]]
}

@test "5 % slower is a regression at 3 %, ok at 10 %; 5 % faster an improvement" {
	craft a a 1
	craft b b 1.05
	run -1 "$iovabench" compare "$scratch/a" "$scratch/b" --json
	is "$(verdict "$output" throughput.raw_ns_per_op buddy)" regression
	jq -e '.comparisons[0] | .ratio > 1.0499 and .ratio < 1.0501 and .ci_low <= .ratio and .ci_high >= .ratio and .rounds == 12' <<<"$output"
	run -0 "$iovabench" compare "$scratch/a" "$scratch/b" --json --threshold 10%
	is "$(verdict "$output" throughput.raw_ns_per_op bitmap)" ok
	run -0 "$iovabench" compare "$scratch/b" "$scratch/a" --json
	is "$(verdict "$output" throughput.raw_ns_per_op bitmap)" improvement
}

@test "rounds that disagree are inconclusive, exit code 4, and say how many would decide" {
	craft a a 1
	craft b b 1 '.arms[].phases[].throughput.round_ns_per_op = [94,106,95,105,100,100,94,106,97,103,99,101]'
	run -4 "$iovabench" compare "$scratch/a" "$scratch/b" --json
	is "$(verdict "$output" throughput.raw_ns_per_op buddy)" inconclusive
	jq -e '.comparisons[0].rounds_wanted > 12' <<<"$output"
	run -4 "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "rounds would decide"
}

@test "too few rounds have no interval, and a reason" {
	run -4 "$iovabench" compare "$made:buddy" "$made:buddy" --json
	has "$("$iovabench" compare "$made:buddy" "$made:buddy")" "inconclusive, too few rounds for an interval: it takes 6"
	jq -e '.comparisons[0] | .ci_low == null and (.ci_low_reason | contains("too few rounds")) and .rounds_wanted == 6' <<<"$output"
}

@test "a share of failures that differs by more than 0.1 % is different work" {
	craft a a 1
	craft b b 1 '.arms[].phases[].failures.total = 100'
	run -1 "$iovabench" compare "$scratch/a" "$scratch/b" --json
	is "$(verdict "$output" throughput.raw_ns_per_op buddy)" "different work"
	is "$(verdict "$output" failures.total buddy)" regression
	# The other way round nothing is worse, and time is open all the same.
	run -4 "$iovabench" compare "$scratch/b" "$scratch/a" --json
	is "$(verdict "$output" failures.total buddy)" improvement
	is "$(jq -r '[.comparisons[].verdict] | unique | join(",")' <<<"$output")" "different work,improvement,ok"
}

@test "an exact metric is compared exactly, in its own direction" {
	craft a a 1
	craft b b 1 '.arms[0].phases[].fragmentation.largest_free_pages -= 1'
	run "$iovabench" compare "$scratch/a" "$scratch/b" --json
	is "$(verdict "$output" fragmentation.largest_free_pages buddy)" regression
	is "$(verdict "$output" fragmentation.largest_free_pages bitmap)" ok
	run -0 "$iovabench" compare "$scratch/b" "$scratch/a" --all
	has "$output" improvement
}

@test "a headline figure decides the exit code, a detail does not and is shown with --all" {
	craft a a 1
	craft b b 1 '.arms[0].phases[].fragmentation.largest_free_pages -= 1'
	run -0 "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "other metrics, of which 1 are not the same: --all shows them"
	[[ $output != *largest_free_pages* ]]
	run -0 "$iovabench" compare "$scratch/a" "$scratch/b" --all
	has "$output" "fragmentation.largest_free_pages"
	craft b b 1 '.arms[0].phases[].space.span_pages += 1'
	run -1 "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "a is better or level in all 7 headline figures: better in span"
	has "$output" "level in all 7 headline figures"
	has "$output" "+1 "
	# One figure of all rounds has no interval: it leaves nothing open that counts.
	craft b b 1 '.arms[].phases[].counters.instructions_per_op = 30'
	craft a a 1 '.arms[].phases[].counters.instructions_per_op = 30'
	run -0 "$iovabench" compare "$scratch/a" "$scratch/b"
}

@test "dominance or a trade, in one line and in the document" {
	craft a a 1
	craft b b 1.5 '.arms[0].phases[] |= (.space.span_pages -= 5 | .metadata_bytes -= 4096) | .arms[1].phases[].metadata_bytes -= 4096 |
		.arms[1].phases[].throughput.round_ns_per_op |= map(. / 2)'
	run -1 "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "trade: b better in span, metadata; a in time; level in failures, unusable 2 MiB, page tables, worst steps"
	has "$output" "b is better or level in all 7 headline figures: better in time, metadata"
	run -1 "$iovabench" compare "$scratch/a" "$scratch/b" --json
	is "$(jq -c '[.dominance[] | [.a, .outcome, .better, .worse, .open]]' <<<"$output")" \
		'[["buddy","trade",["space.span_pages","metadata_bytes"],["throughput.raw_ns_per_op"],[]],["bitmap","b",["throughput.raw_ns_per_op","metadata_bytes"],[],[]]]'
	# Two allocators go by their names.
	run "$iovabench" compare "$scratch/a:buddy" "$scratch/a:bitmap"
	[[ $output =~ (buddy|bitmap)\ (is\ )?better ]]
}

@test "two arms of one result" {
	craft a a 1
	run "$iovabench" compare "$scratch/a:buddy" "$scratch/a:bitmap" --json
	is "$(jq -r '[.comparisons[] | .a + " " + .b] | unique | join(",")' <<<"$output")" "buddy bitmap"
	is "$(verdict "$output" throughput.raw_ns_per_op bitmap)" ok
	run -2 "$iovabench" compare "$scratch/a" "$scratch/a"
	has "$output" "name two of its arms, RESULT:SPEC"
}

@test "latencies are shown with their intervals and have no verdict" {
	"$iovabench" run $tiny -a buddy -a bitmap --rounds 1 --audit off -q -o "$scratch/timed"
	run "$iovabench" compare "$scratch/timed:buddy" "$scratch/timed:bitmap" --json
	jq -e '[.latencies[] | select(.kind == "alloc" and .percentile == "p50") | .a_latency, .b_latency |
		.ci_low_ns <= .ns and .ns <= .ci_high_ns] == [true, true]' <<<"$output"
	run "$iovabench" compare "$scratch/timed:buddy" "$scratch/timed:bitmap"
	has "$output" "latency, not judged"
	has "$output" "alloc            p50"
}

@test "times of two machines are not compared" {
	craft a a 1
	craft b b 2 '.nodes[0].id = "0x2"'
	run -4 "$iovabench" compare "$scratch/a" "$scratch/b" --json
	is "$(verdict "$output" throughput.raw_ns_per_op buddy)" "not compared"
	jq -e '.comparisons[0] | .ratio == null and .ratio_reason == "reason tells" and .rounds == 0 and
		.reason == "measured on different machines, whose rounds are never paired"' <<<"$output"
	is "$(verdict "$output" space.span_pages buddy)" ok
	# Results of before there were nodes: their machine is one.
	craft c c 1 'del(.nodes) | .machine.cpu = "one"'
	craft d d 1 'del(.nodes) | .machine.cpu = "one" | .machine.kernel = "newer"'
	craft e e 1 'del(.nodes) | .machine.cpu = "another"'
	craft f f 1 'del(.nodes) | .machine.cpu = "one" | .machine.cpus += 1'
	run -0 "$iovabench" compare "$scratch/c" "$scratch/d"
	run -4 "$iovabench" compare "$scratch/c" "$scratch/e"
	run -4 "$iovabench" compare "$scratch/c" "$scratch/f"
}

# craft, in a folder that can be merged, on a node.
on() { # node run-id factor [filter]
	craft made "$2" "$3" ".nodes[0].id = \"$1\" | ${4:-.}"
	mkdir "$scratch/$2"
	mv "$scratch/made" "$scratch/$2/result.json"
	: >"$scratch/$2/rounds.jsonl"
}

@test "merged nodes of one class are pooled, each with its own rounds" {
	local node slow=(0 1.05 2.104 3.159)
	# Every node has a speed of its own, which must not count: b is some 5 % slower on each.
	for node in 1 2 3; do
		on 0x$node a$node $node
		on 0x$node b$node "${slow[node]}"
	done
	"$iovabench" merge "$scratch"/a[123] -o "$scratch/a"
	"$iovabench" merge "$scratch"/b[321] -o "$scratch/b"
	run -1 "$iovabench" compare "$scratch/a" "$scratch/b" --json
	jq -e '.comparisons | map(select(.metric == "throughput.raw_ns_per_op" and .b == "buddy")) | length == 1 and
		(.[0] | .verdict == "regression" and .nodes == 3 and .rounds == 36 and .ratio > 1.0516 and .ratio < 1.0517)' <<<"$output"
	run -0 "$iovabench" compare "$scratch/b" "$scratch/a" --threshold 10%
	run -1 "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "regression, over 3 nodes; two runs"
	has "$output" "both on 3 nodes of one class"
	# The parts say nothing else.
	run -1 "$iovabench" compare "$scratch/a2" "$scratch/b2" --json
	run -4 "$iovabench" compare "$scratch/a1" "$scratch/b2" --json
	printf '%s\n' 'policy: 1' 'metrics: [{metric: throughput.raw_ns_per_op, as: gated}]' >"$scratch/policy"
	run -1 "$iovabench" gate --baseline "$scratch/a" "$scratch/b" --policy "$scratch/policy"
	[ "$(grep -c "^tiny  buddy" <<<"$output")" -eq 1 ]
	run -0 "$iovabench" gate --baseline "$scratch/a" "$scratch/b3"
	run -0 "$iovabench" gate --baseline "$scratch/a2" "$scratch/b"
}

@test "nodes that disagree have no pooled verdict, and nodes of two classes are never pooled" {
	on 0x1 a1 1
	on 0x2 a2 1
	on 0x1 b1 1.0
	on 0x2 b2 1.2
	on 0x3 a3 1 '.nodes[0].kernel = "Other"'
	on 0x3 b3 1.3 '.nodes[0].kernel = "Other"'
	"$iovabench" merge "$scratch"/a[123] -o "$scratch/a"
	"$iovabench" merge "$scratch"/b[123] -o "$scratch/b"
	run -1 "$iovabench" compare "$scratch/a:buddy" "$scratch/b:buddy" --json
	is "$(jq -r '.comparisons[] | select(.metric == "throughput.raw_ns_per_op") | "\(.verdict) \(.nodes) \(.a_run)"' <<<"$output")" \
		"not compared 2 a1
regression null a3"
	has "$output" "nodes of one class disagree by more than the threshold (1 to 1.2)"
	"$iovabench" merge "$scratch"/a[12] -o "$scratch/c"
	"$iovabench" merge "$scratch"/b[12] -o "$scratch/d"
	run -4 "$iovabench" compare "$scratch/c" "$scratch/d"
}

@test "arms of two machines in one document are not paired" {
	on 0x1 one 1 '.arms |= .[:1] | .comparisons = []'
	on 0x2 two 7.976 '.arms |= .[1:] | .comparisons = []'
	"$iovabench" merge "$scratch/two" "$scratch/one" -o "$scratch/t"
	run -4 "$iovabench" compare "$scratch/t:buddy" "$scratch/t:bitmap" --json
	is "$(verdict "$output" throughput.raw_ns_per_op bitmap)" "not compared"
	[[ $output != *7.97* ]]
	run -4 "$iovabench" compare "$scratch/one:buddy" "$scratch/two:bitmap"
	has "$output" "not compared; measured on different machines"
}

@test "two allocators are slower or faster, need more or fewer, and end with no 1" {
	craft a a 1 '(.arms[1].phases[].throughput.round_ns_per_op) |= map(. * 2)'
	run -0 "$iovabench" compare "$scratch/a:buddy" "$scratch/a:bitmap" --json
	is "$(verdict "$output" throughput.raw_ns_per_op bitmap)" slower
	jq -e '[.comparisons[].verdict] | unique - ["slower", "faster", "more", "fewer", "ok"] == []' <<<"$output"
	jq -e '.comparisons[] | select(.metric == "steps.alloc_mean") | .verdict == (if .b_value > .a_value then "more" else "fewer" end)' <<<"$output"
	run -0 "$iovabench" compare "$scratch/a:bitmap" "$scratch/a:buddy"
	has "$output" "faster"
	[[ $output != *regression* && $output != *improvement* ]]
	# Nor does a run call it so, or end with anything but 0.
	jq -e '[.comparisons[].verdict] | unique - ["more", "fewer", "ok", "inconclusive"] == []' "$made"
}

@test "other operations are refused, and named" {
	craft a a 1
	craft b b 1 '.workloads[0] |= (.stream_hash = "0x1" | .seed = 7)'
	run -2 "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "workload tiny: the two played different operations"
	has "$output" "0x0000000000000001, seed 7"
	run -2 "$iovabench" gate --baseline "$scratch/a" "$scratch/b"
	has "$output" "different operations"
}

@test "a run that has not ended is told, and one that was interrupted" {
	craft a a 1
	craft b b 1 '.run.partial = true'
	run "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "a = buddy, a
  b = buddy, b, interrupted: not all of its rounds"
	run -0 "$iovabench" gate --baseline "$scratch/a" "$scratch/b"
	has "$output" "the run of the result was interrupted"
	run -0 "$iovabench" gate --baseline "$scratch/b" "$scratch/a"
	has "$output" "the run of the baseline was interrupted"
	mkdir "$scratch/killed"
	: >"$scratch/killed/rounds.jsonl"
	run -2 "$iovabench" compare "$scratch/a" "$scratch/killed"
	has "$output" "$scratch/killed: this run has not ended and has no result.json yet; iovabench resume goes on with it"
	rm "$scratch/killed/rounds.jsonl"
	run -2 "$iovabench" compare "$scratch/a" "$scratch/killed"
	has "$output" "$scratch/killed/result.json: cannot open"
}

@test "arms that do not fit are named" {
	craft a a 1
	craft b b 1 '.workloads[0].name = "other"'
	run -2 "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "no two arms to compare"
	has "$output" "buddy on tiny"
	has "$output" "buddy on other"
	run -2 "$iovabench" compare "$scratch/a:budy" "$scratch/b:bitmap"
	has "$output" "A has no arm 'budy', did you mean 'buddy'?; A has "
	craft b b 1 '.arms[].state = "failed" | .arms[].reason = "crashed"'
	run -2 "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "A has buddy on tiny, bitmap on tiny; B has buddy on tiny (failed), bitmap on tiny (failed)"
	craft b b 1 '.arms = [] | .comparisons = []'
	run -2 "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "; B has none"
}

@test "what is no result is refused" {
	craft a a 1
	sed 's/result\/1/result\/9/' "$scratch/a" >"$scratch/schema"
	head -c 5000 "$scratch/a" >"$scratch/cut"
	run -2 "$iovabench" compare "$scratch/a" "$scratch/schema"
	has "$output" 'schema: is "iovabench.result/9", must be "iovabench.result/1"'
	run -2 "$iovabench" compare "$scratch/cut" "$scratch/a"
	has "$output" "$scratch/cut: result:"
	run -2 "$iovabench" compare "$scratch/a" "$scratch/missing"
	run -2 "$iovabench" gate --baseline "$scratch/cut" "$scratch/a"
	run -2 "$iovabench" gate --baseline "$scratch/missing" "$scratch/a"
}

@test "wrong usage of compare" {
	run -2 "$iovabench" compare one
	run -2 "$iovabench" compare a b --threshold 3
	has "$output" "as in 3%"
	run -2 "$iovabench" compare a b --threshold 0%
	run -2 "$iovabench" compare a b --threshold nan%
	run -2 "$iovabench" compare a b --treshold 3%
	has "$output" "did you mean '--threshold'"
	run -0 "$iovabench" compare --help
}

@test "the JSON of a comparison is as it was" {
	craft a a 1
	craft b b 1.05
	run -1 "$iovabench" compare "$scratch/a" "$scratch/b" --json
	jq '[.comparisons[] | select(.b == "buddy" and (.metric == "throughput.raw_ns_per_op" or .metric == "failures.total")) |
		.a_value = 0 | .b_value = 0 | .ratio |= (if . then . * 1e6 | round / 1e6 else . end) |
		.ci_low |= (if . then . * 1e6 | round / 1e6 else . end) | .ci_high |= (if . then . * 1e6 | round / 1e6 else . end)]' \
		<<<"$output" | diff - tests/golden/comparison.json
}

@test "a gate passes equals and stops what is worse" {
	craft a a 1
	craft b b 1
	run -0 "$iovabench" gate --baseline "$scratch/a" "$scratch/b"
	has "$output" "gate: passed"
	craft b b 1 '.arms[1].phases[].steps.alloc_mean += 0.001'
	run -1 "$iovabench" gate --baseline "$scratch/a" "$scratch/b"
	has "$output" "FAILED: regression"
	has "$output" "gate: FAILED"
}

@test "a gate shares its error among the times of all arms" {
	printf 'policy: 1\nmetrics: [{metric: throughput.raw_ns_per_op, as: gated}]\n' >"$scratch/policy.yaml"
	craft a a 1 '.arms[].phases[].throughput.round_ns_per_op |= .[:6]'
	# Six rounds serve one verdict; two take seven.
	run -4 "$iovabench" gate --baseline "$scratch/a" "$scratch/a" --policy "$scratch/policy.yaml" --junit "$scratch/j.xml"
	grep -q '<testsuites .* failures="0" errors="2"' "$scratch/j.xml"
	is "$(grep -c '<error message="inconclusive: .*; an interval takes 7 rounds"/>' "$scratch/j.xml")" 2
	has "$output" "OPEN: inconclusive, too few rounds for an interval: it takes 7"
	craft one a 1 '.arms[].phases[].throughput.round_ns_per_op |= .[:6] | .arms |= .[:1] | .comparisons = []'
	run -0 "$iovabench" gate --baseline "$scratch/one" "$scratch/a" --policy "$scratch/policy.yaml"
}

@test "a baseline in which nothing was measured is none" {
	craft a a 1
	craft b b 1 '.arms[].state = "failed" | .arms[].reason = "crashed"'
	run -2 "$iovabench" gate --baseline "$scratch/b" "$scratch/a"
	has "$output" "the baseline has no arm that was measured"
	craft b b 1 '.arms[1].state = "n/a" | .arms[1].reason = "asks for alignment"'
	run -0 "$iovabench" gate --baseline "$scratch/b" "$scratch/a"
	has "$output" "tiny  bitmap
  not gated: the baseline has no figures of it (n/a)"
}

@test "without a policy times are advisory" {
	craft a a 1
	craft b b 1.5
	run -0 "$iovabench" gate --baseline "$scratch/a" "$scratch/b"
	has "$output" "advisory: regression"
}

@test "a policy gates times, and forgives what it names" {
	craft a a 1
	craft b b 1.5 '.arms[0].phases[].space.span_pages += 1'
	cat >"$scratch/policy.yaml" <<-YAML
		policy: 1
		threshold: 20%
		metrics:
		  - {metric: throughput.raw_ns_per_op, as: gated}
		  - {metric: space.*, threshold: 50%}
	YAML
	run -1 "$iovabench" gate --baseline "$scratch/a" "$scratch/b" --policy "$scratch/policy.yaml"
	is "$(grep -c FAILED: <<<"$output")" 2
	edits 's/threshold: 20%/threshold: 60%/' "$scratch/policy.yaml"
	run -0 "$iovabench" gate --baseline "$scratch/a" "$scratch/b" --policy "$scratch/policy.yaml"
	craft b b 1 '.arms[].phases[].throughput.round_ns_per_op = [10,1000,10,1000,10,1000,10,1000]'
	run -4 "$iovabench" gate --baseline "$scratch/a" "$scratch/b" --policy "$scratch/policy.yaml"
	has "$output" "gate: inconclusive"
}

@test "an arm that is missing or was not measured fails the gate" {
	craft a a 1
	craft b b 1 '.arms[1].state = "failed" | .arms[1].reason = "crashed"'
	run -1 "$iovabench" gate --baseline "$scratch/a" "$scratch/b" --junit "$scratch/j.xml"
	has "$output" "FAILED: was not measured (failed): crashed"
	grep -q 'failures="1"' "$scratch/j.xml"
	grep -q '<failure message="was not measured (failed): crashed"/>' "$scratch/j.xml"
	craft b b 1 '.arms |= .[:1] | .comparisons = []'
	run -1 "$iovabench" gate --baseline "$scratch/a" "$scratch/b" --junit "$scratch/j.xml"
	has "$output" "FAILED: the result has no such arm"
	grep -q '<failure message="the result has no such arm"/>' "$scratch/j.xml"
}

@test "a gate never passes where an arm of either side failed" {
	craft a a 1
	craft b b 1 '.arms[1].state = "failed" | .arms[1].owner = "allocator" | .arms[1].reason = "crashed"'
	run -4 "$iovabench" gate --baseline "$scratch/b" "$scratch/a" --junit "$scratch/j.xml"
	has "$output" "OPEN: the baseline's arm is failed (allocator): crashed"
	has "$output" "gate: inconclusive"
	grep -q '<testsuites .* failures="0" errors="1"' "$scratch/j.xml"
	grep -q '<error message="the baseline&#39;s arm is failed (allocator): crashed"/>' "$scratch/j.xml"
	run -1 "$iovabench" gate --baseline "$scratch/b" "$scratch/b"
	has "$output" "FAILED: the result's arm is failed (allocator): crashed"
	# The baseline has no such arm, or one that cannot play.
	craft one a 1 '.arms |= .[:1] | .comparisons = []'
	run -1 "$iovabench" gate --baseline "$scratch/one" "$scratch/b" --junit "$scratch/j.xml"
	has "$output" "FAILED: the result's arm is failed (allocator): crashed"
	grep -q '<failure message="the result&#39;s arm is failed (allocator): crashed"/>' "$scratch/j.xml"
	craft one a 1 '.arms[1].state = "n/a"'
	run -1 "$iovabench" gate --baseline "$scratch/one" "$scratch/b"
	# What is not trustworthy, or was not run, is no baseline either.
	for state in untrustworthy "not run"; do
		craft b b 1 ".arms[1].state = \"$state\""
		run -4 "$iovabench" gate --baseline "$scratch/b" "$scratch/a"
		has "$output" "OPEN: the baseline's arm is $state"
	done
}

# Percentiles of 12 rounds, times factor.
percentiles() { # file factor [rounds]
	craft "$1" "$1" 1 '.arms[].phases[].latency.alloc = (["p50_ns", "p90_ns", "p99_ns", "p999_ns", "p9999_ns"] as $keys |
		[100,101,99,100,102,98,100,101,99,100,101,100] as $rounds | {count: 1000000, max_ns: 1e6, resolution_ns: 20,
		below_resolution: false, dropped: 0, curve: [], histogram: {min: 20, max: 1e6, dropped: 0, buckets: [[1000000, 1000000]]}} +
		($keys | map({key: ., value: 100}) | from_entries) +
		{rounds: ($keys | map({key: ., value: ($rounds | map(. * '"$2"'))}) | from_entries)})'"${3:-}"
}

@test "p99.9 of allocations is a headline figure, judged by its rounds, and leaves nothing open" {
	percentiles a 1
	percentiles b 1.3
	percentiles old 1 ' | del(.arms[].phases[].latency.alloc.rounds)'
	run -1 "$iovabench" compare "$scratch/a" "$scratch/b"
	has "$output" "better in p99.9"
	grep -q 'latency.alloc.p999_ns .* regression' <<<"$output"
	run -0 "$iovabench" compare "$scratch/a" "$scratch/old"
	has "$output" "open in p99.9"
}

@test "a policy gates percentiles by their rounds" {
	percentiles a 1
	percentiles b 1.3
	percentiles old 1 ' | del(.arms[].phases[].latency.alloc.rounds)'
	printf 'policy: 1\nmetrics: [{metric: latency.alloc.p99_ns, as: gated, threshold: 10%%}]\n' >"$scratch/policy.yaml"
	run -0 "$iovabench" gate --baseline "$scratch/a" "$scratch/a" --policy "$scratch/policy.yaml"
	run -1 "$iovabench" gate --baseline "$scratch/a" "$scratch/b" --policy "$scratch/policy.yaml"
	grep -q 'latency.alloc.p99_ns .*FAILED: regression' <<<"$output"
	[[ $output != *p999_ns*verdict* && $output != *latency.free* ]]
	run -4 "$iovabench" gate --baseline "$scratch/a" "$scratch/old" --policy "$scratch/policy.yaml"
	grep -q 'latency.alloc.p99_ns .*OPEN: not compared' <<<"$output"
	run -0 "$iovabench" gate --baseline "$scratch/a" "$scratch/b"
}

@test "a wrong policy is refused with every fault and its place" {
	craft a a 1
	cat >"$scratch/policy.yaml" <<-YAML
		policy: 2
		treshold: 3%
		metrics:
		  - {metric: failures.totl, as: gated}
		  - {metric: throughput.rounds, as: gated}
		  - {metric: failures.total, as: strict}
		  - {metric: failures.total, threshold: 3}
		  - {metric: failures.total}
		  - {as: gated}
	YAML
	run -2 "$iovabench" gate --baseline "$scratch/a" "$scratch/a" --policy "$scratch/policy.yaml"
	has "$output" "policy.yaml:1:9: policy: format version '2'; this program reads version 1"
	has "$output" "policy.yaml:2:1: treshold: unknown key; did you mean 'threshold'?"
	has "$output" "policy.yaml:4:14: metrics[0].metric: 'failures.totl' is no metric; did you mean 'failures.total'?"
	has "$output" "policy.yaml:5:14: metrics[1].metric: 'throughput.rounds' only describes"
	has "$output" "metrics[2].as: 'strict' is not known here; write ignored, advisory or gated"
	has "$output" "metrics[3].threshold: '3' is a share and needs %: write 3%"
	has "$output" "metrics[4]: changes nothing"
	has "$output" "metrics[5].metric: is missing"
	: >"$scratch/policy.yaml"
	run -2 "$iovabench" gate --selftest --policy "$scratch/policy.yaml"
	has "$output" "is empty; a policy begins with policy: 1"
	run -2 "$iovabench" gate --selftest --policy "$scratch/none.yaml"
}

@test "the gate proves that it can fail, and tells where it cannot" {
	run -0 "$iovabench" gate --selftest
	has "$output" "failures.total worse by 1%, threshold 0%: the gate failed"
	has "$output" "the same figures: the gate passed"
	[[ $output != *BLIND* ]]
	printf 'policy: 1\nmetrics: [{metric: fragmentation.*, threshold: 100%%}, {metric: throughput.raw_ns_per_op, as: gated}]\n' >"$scratch/p"
	run -1 "$iovabench" gate --selftest --policy "$scratch/p"
	has "$output" "BLIND  fragmentation.largest_free_pages"
	has "$output" "ok     throughput.raw_ns_per_op worse by 5.5%, threshold 3%: the gate failed"
}

@test "JUnit is well-formed whatever the names hold" {
	craft a a 1 '.workloads[0].name = "<&\"]]>\u0001ä" | .arms[0].spec = "x\"><y a='"'"'"'
	craft b b 1.5 '.workloads[0].name = "<&\"]]>\u0001ä" | .arms[0].spec = "x\"><y a='"'"'" | .arms[1].phases[].steps.alloc_mean += 1'
	run -1 "$iovabench" gate --baseline "$scratch/a" "$scratch/b" --junit "$scratch/j.xml"
	run -0 xmllint --noout "$scratch/j.xml"
	is "$(xmllint --xpath 'count(//testcase)' "$scratch/j.xml")" "$(xmllint --xpath 'string(/testsuites/@tests)' "$scratch/j.xml")"
	is "$(xmllint --xpath 'count(//failure)' "$scratch/j.xml")" "$(xmllint --xpath 'string(/testsuites/@failures)' "$scratch/j.xml")"
	is "$(xmllint --xpath 'count(//skipped)' "$scratch/j.xml")" "$(xmllint --xpath 'string(/testsuites/@skipped)' "$scratch/j.xml")"
	is "$(xmllint --xpath 'count(//failure)' "$scratch/j.xml")" 1
	run -7 "$iovabench" gate --baseline "$scratch/a" "$scratch/b" --junit "$scratch/none/j.xml"
}

@test "wrong usage of gate" {
	run -2 "$iovabench" gate result
	has "$output" "needs --baseline"
	run -2 "$iovabench" gate --baseline a
	run -2 "$iovabench" gate --selftest --baseline a
	run -0 "$iovabench" gate --help
}

@test "calibrate tells what the clock can" {
	run -0 "$iovabench" calibrate --json
	jq -e '.timer_step_ns > 0 and .timer_pair_ns > 0 and .resolution_ns == .timer_step_ns + .timer_pair_ns and .timer_drift_ppm >= 0' <<<"$output"
	run -0 "$iovabench" calibrate
	has "$output" "resolution"
}

@test "calibrate --null stores what comparisons show beside their verdicts" {
	run "$iovabench" calibrate --null --comparisons 2 --rounds 1 --ops 20000
	[ "$status" -eq 0 ] || [ "$status" -eq 5 ]
	jq -e '.schema == "iovabench.calibration/1" and .comparisons == 2 and .rounds == 1 and .a == "rbtree" and .b == "rbtree" and
		.verdicts.inconclusive == 2 and .detectable_share == null and (.detectable_share_reason | length) > 0' \
		"$scratch/cache/iovabench/calibration.json"
	craft a a 1
	run -0 "$iovabench" compare "$scratch/a:buddy" "$scratch/a:buddy"
	has "$output" "calibrated: 0 false alarms in 2 comparisons of 1 rounds (at most 78% of all"
	run -0 "$iovabench" compare "$scratch/a:buddy" "$scratch/a:buddy" --json
	jq -e '.calibration.comparisons == 2' <<<"$output"
	# And runs from now on tell it.
	is "$(jq -r '.machine | .calibration, .calibration_reason' "$made")" "null
no comparison of equals was made on it"
	"$iovabench" run "$tiny" -a buddy --rounds 0 -q -o "$scratch/after"
	is "$(jq -r '.machine.calibration' "$scratch/after/result.json")" \
		"0 false alarms in 2 comparisons of 1 rounds (at most 78% of all, with 95%); too few rounds to find anything"
	has "$("$iovabench" report "$scratch/after" --format md)" "**A/A** 0 false alarms in 2"
	has "$("$iovabench" report "$made" --format md)" "**A/A** no comparison of equals before this run"
	# A cache that is named from where we happen to be is none: the one of the home is.
	mkdir -p "$scratch/home/.cache"
	cp -r "$scratch/cache/iovabench" "$scratch/home/.cache"
	has "$(HOME=$scratch/home XDG_CACHE_HOME=relative "$iovabench" compare "$scratch/a:buddy" "$scratch/a:buddy")" "calibrated: 0 false"
	# Of another machine: none.
	craft b b 1 '.machine.kernel = "other"'
	run -0 "$iovabench" compare "$scratch/b:buddy" "$scratch/b:buddy" --json
	jq -e '.calibration == null and (.calibration_reason | contains("not calibrated"))' <<<"$output"
}

@test "a calibration that is damaged is refused" {
	craft a a 1
	mkdir -p "$scratch/cache/iovabench"
	echo '{"schema": "iovabench.result/1"}' >"$scratch/cache/iovabench/calibration.json"
	run -2 "$iovabench" compare "$scratch/a:buddy" "$scratch/a:buddy"
	has "$output" "calibration.json: calibration: schema: is"
	run -2 "$iovabench" compare "$scratch/a:buddy" "$scratch/a:buddy" --calibration "$scratch/none"
	run -0 "$iovabench" run "$tiny" -a buddy --rounds 0 -q -o "$scratch/after"
	has "$output" "this run counts as not calibrated"
	is "$(jq -r '.machine.calibration' "$scratch/after/result.json")" null
}

@test "a second allocator is held against the first, and only stored where it was asked for" {
	run "$iovabench" calibrate --null -a buddy -a bitmap --comparisons 1 --rounds 1 --ops 20000 -o "$scratch/planted"
	is "$status" 0
	has "$output" "bitmap against buddy"
	[ -e "$scratch/planted/calibration.json" ]
	[ -e "$scratch/planted/result.json" ]
	[ ! -e "$scratch/cache" ]
	run -0 "$iovabench" calibrate --null -a buddy -a bitmap --comparisons 1 --rounds 1 --ops 20000
	[ ! -e "$scratch/cache/iovabench/calibration.json" ]
	run -2 "$iovabench" calibrate --null -a buddy -a nothing
	run -2 "$iovabench" calibrate --rounds 3
	run -2 "$iovabench" calibrate --null --rounds 0
	run -2 "$iovabench" calibrate --null --threshold 3
}

@test "a calibration of the harness, of a workload that expects something, and of an allocator that is wrong" {
	# Nobody audits null, so that nothing of it meets the expectation.
	sed 's/^expect:.*//' $tiny >"$scratch/w.yaml"
	echo "expect: [{metric: audit.violations, is: 0}]" >>"$scratch/w.yaml"
	run -0 "$iovabench" calibrate --null -a null --comparisons 1 --rounds 1 --ops 20k -o "$scratch/n" "$scratch/w.yaml"
	jq -e '.a == "null" and .median_ratio > 0.2 and .median_ratio < 5' "$scratch/n/calibration.json"
	run -3 "$iovabench" calibrate --null -a "$plugins/overlap.so" --comparisons 1 --rounds 1 --ops 1k -o "$scratch/wrong"
	has "$output" "iovabench calibrate: calibration, $plugins/overlap.so: failed (allocator):"
	[ ! -e "$scratch/wrong/calibration.json" ]
}

# A machine made of files.
fake() { # path content
	mkdir -p "$scratch/root/$(dirname "$1")"
	printf '%s\n' "$2" >"$scratch/root/$1"
}

state() { # document name
	jq -r --arg name "$2" '.[] | select(.name == $name) | .state' <<<"$1"
}

@test "doctor is content with a machine that is set up" {
	fake proc/cpuinfo "$(printf 'processor\t: 0\nflags\t\t: fpu constant_tsc nonstop_tsc rdtscp\n\nprocessor\t: 1\n')"
	fake proc/loadavg '0.10 0.10 0.10 1/100 1'
	fake proc/self/cgroup 0::/a
	fake sys/fs/cgroup/a/cpu.max 'max 100000'
	fake proc/stat 'cpu 100 0 100 100000 0 0 0 0 0 0'
	fake proc/pressure/cpu 'some avg10=0.00 avg60=0.00 avg300=0.00 total=1'
	fake proc/sys/kernel/randomize_va_space 2
	fake proc/sys/kernel/perf_event_paranoid 2
	fake sys/bus/event_source/devices/cpu/type 4
	fake sys/devices/system/clocksource/clocksource0/current_clocksource tsc
	fake sys/devices/system/cpu/cpu0/cpufreq/scaling_governor performance
	fake sys/devices/system/cpu/intel_pstate/no_turbo 1
	fake sys/devices/system/cpu/smt/active 0
	fake sys/devices/system/cpu/isolated 1
	fake sys/kernel/mm/transparent_hugepage/enabled 'always [madvise] never'
	run -0 "$iovabench" doctor --json --root "$scratch/root"
	is "$(jq -r '[.[].state] | unique | join(",")' <<<"$output")" ok
	run -0 "$iovabench" doctor --root "$scratch/root"
	has "$output" "0 of 13 could be better"
	# Each line by itself, made worse.
	local name path content
	while IFS='|' read -r name path content; do
		cp "$scratch/root/$path" "$scratch/kept"
		printf '%b\n' "$content" >"$scratch/root/$path"
		run -0 "$iovabench" doctor --json --root "$scratch/root"
		is "$name: $(jq -r '[.[] | select(.state == "warn") | .name] | join(",")' <<<"$output")" "$name: $name"
		jq -e '.[] | select(.state == "warn") | .advice | length > 10' <<<"$output"
		cp "$scratch/kept" "$scratch/root/$path"
	done <<-'LINES'
		clock|proc/cpuinfo|processor\t: 0\nflags\t: constant_tsc rdtscp\nprocessor\t: 1
		machine|proc/cpuinfo|processor\t: 0\nflags\t: constant_tsc nonstop_tsc rdtscp hypervisor\nprocessor\t: 1
		machine|proc/cpuinfo|processor\t: 0\nflags\t: constant_tsc nonstop_tsc rdtscp
		governor|sys/devices/system/cpu/cpu0/cpufreq/scaling_governor|powersave
		boost|sys/devices/system/cpu/intel_pstate/no_turbo|0
		SMT|sys/devices/system/cpu/smt/active|1
		isolation|sys/devices/system/cpu/isolated|
		huge pages|sys/kernel/mm/transparent_hugepage/enabled|always madvise [never]
		ASLR|proc/sys/kernel/randomize_va_space|0
		steal|proc/stat|cpu 100 0 100 100000 0 0 0 200 0 0
		container|sys/fs/cgroup/a/cpu.max|50000 100000
		pressure|proc/pressure/cpu|some avg10=5.01 avg60=0.00 avg300=0.00 total=1
		load|proc/loadavg|0.60 0.10 0.10 1/100 1
		counters|proc/sys/kernel/perf_event_paranoid|3
	LINES
	# Other processors tell of boosting elsewhere, and the other way round.
	rm -r "$scratch/root/sys/devices/system/cpu/intel_pstate"
	fake sys/devices/system/cpu/cpufreq/boost 1
	run -0 "$iovabench" doctor --json --root "$scratch/root"
	is "$(state "$output" boost)" warn
	fake sys/devices/system/cpu/cpufreq/boost 0
	run -0 "$iovabench" doctor --json --root "$scratch/root"
	is "$(state "$output" boost)" ok
	rm -r "$scratch/root/sys/bus"
	run -0 "$iovabench" doctor --json --root "$scratch/root"
	is "$(state "$output" counters)" warn
	has "$output" "this machine shows no performance counters"
	rm "$scratch/root/proc/sys/kernel/perf_event_paranoid"
	run -0 "$iovabench" doctor --json --root "$scratch/root"
	is "$(state "$output" counters)" warn
	has "$output" "this kernel has no perf events"
	has "$output" "CONFIG_PERF_EVENTS"
}

@test "doctor does not invent what it cannot read" {
	mkdir "$scratch/root"
	run -0 "$iovabench" doctor --json --root "$scratch/root"
	is "$(jq -r '[.[] | select(.state != "unknown") | .name] | join(",")' <<<"$output")" counters
	run -0 "$iovabench" doctor
	run -0 "$iovabench" doctor --json
	jq -e 'length == 13' <<<"$output"
	run -2 "$iovabench" doctor --root "$scratch/none"
	has "$output" "--root '$scratch/none': is no folder"
	run -2 "$iovabench" doctor now
	run -2 "$iovabench" doctor --jsn
	has "$output" "did you mean '--json'"
}

@test "compare --quick: two allocators in a second, the answer first, nothing kept" {
	program=$(realpath "$iovabench")
	mkdir "$scratch/empty"
	cd "$scratch/empty"
	run -1 "$program" compare --quick buddy rbtree
	[[ ${lines[0]} =~ ^"B is "[0-9.]+" % slower ("[0-9.]+" to "[0-9.]+" %), "[0-9]+" processes, "[0-9.]+" s"$ ]]
	has "$output" "  windows of "
	run -0 "$program" compare --quick rbtree buddy
	has "${lines[0]}" " % faster ("
	run -1 "$program" compare --quick buddy rbtree --json
	jq -e '.schema == "iovabench.quick/1" and .answer == "slower" and .ratio > 1.5 and .ci_low > 1 and .processes >= 11 and
		(.ratios | length) == .processes' <<<"$output"
	is "$(ls -A "$scratch/empty")" ""
}

@test "compare --quick: who does other work has no answer, and mistakes are told" {
	run -2 "$iovabench" compare --quick rbtree
	has "$output" "--quick takes two allocators, and perhaps a workload"
	run -2 "$iovabench" compare --quick rbtree --all buddy
	has "$output" "--quick does not go with --all and --calibration"
	run -2 "$iovabench" compare --quick rbtree nobody
	has "$output" "iovabench compare: B: "
	run -2 "$iovabench" compare --quick rbtree buddy "$scratch/none.yaml"
	has "$output" "none.yaml"
	run -4 "$iovabench" compare --quick rbtree buddy tests/cli/full.yaml
	has "$output" "undecided"
	has "$output" "different work: "
	[[ $output != *nan* ]]
	run -3 "$iovabench" compare --quick rbtree "$plugins/overlap.so"
	has "$output" "overlap"
}
