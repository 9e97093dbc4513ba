#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Runs from the command line to the files that they leave.

load helpers

setup_file() {
	load helpers
	export first=$BATS_FILE_TMPDIR/first
	"$iovabench" run workloads/nvme-lazy.yaml workloads/e1000e.yaml workloads/gpu-strict.yaml \
		-a buddy -a bitmap -a rbtree --rounds 1 --latency off -o "$first" >"$first.out" 2>"$first.err"
	echo $? >"$first.code"
	export second=$BATS_FILE_TMPDIR/second
	"$iovabench" run $tiny tests/cli/full.yaml -a rbtree -a buddy --rounds 2 --json - -o "$second" >"$second.out" 2>"$second.err"
	echo $? >"$second.code"
}

@test "the recorded workloads are played on three allocators without a violation" {
	is "$(cat "$first.code")" 0
	is "$(arms "$first" .audit.violations | sort | uniq -c | tr -s ' ')" " 9 0"
	is "$(arms "$first" .state | sort -u)" ok
}

@test "every arm of a workload played the same stream" {
	is "$(jq -r '.workloads[].stream_hash' "$first/result.json" | sort -u | wc -l)" 3
	run -0 grep -c '"pass":' "$first/rounds.jsonl"
	# Each record that knows its stream names one of the three.
	is "$(jq -r 'select(.stream_hash != null) | .stream_hash' "$first/rounds.jsonl" | grep -v '^0*x*0*$' | sort -u)" \
		"$(jq -r '.workloads[].stream_hash' "$first/result.json" | sort -u)"
}

@test "the same seed gives the same stream, another seed another one" {
	for seed in 1 1 2; do
		"$iovabench" run $tiny -a rbtree --rounds 1 --latency off --seed $seed -q -o "$scratch/$((++n))"
	done
	one=$(jq -r '.workloads[0].stream_hash' "$scratch/1/result.json")
	is "$(jq -r '.workloads[0].stream_hash' "$scratch/2/result.json")" "$one"
	[ "$(jq -r '.workloads[0].stream_hash' "$scratch/3/result.json")" != "$one" ]
	is "$(jq -r '.workloads[0].seed' "$scratch/3/result.json")" 2
	is "$(arms "$scratch/1" .audit.placement_hash)" "$(arms "$scratch/2" .audit.placement_hash)"
}

@test "every exact figure repeats" {
	"$iovabench" run $tiny tests/cli/full.yaml -a rbtree -a buddy --rounds 1 -q -o "$scratch/again"
	for result in "$second" "$scratch/again"; do
		jq -S '[.arms[] | [.spec, .failures, .space, .fragmentation, .steps, .metadata_bytes, .audit]]' "$result/result.json"
	done >"$scratch/both"
	is "$(jq -s '.[0] == .[1]' "$scratch/both")" true
}

@test "--json - is one document on standard output, and the table goes to standard error" {
	is "$(cat "$second.code")" 0
	is "$(jq -s length "$second.out")" 1
	cmp "$second.out" "$second/result.json"
	has "$(cat "$second.err")" "allocator"
}

@test "the result has every key that others read" {
	run -0 jq -e '
		def has_all($keys): . as $object | $keys | all(. as $key | $object | has($key));
		(.schema == "iovabench.result/1") and
		(.run | has_all(["id", "started", "command", "partial"])) and
		(.machine | has_all(["cpu", "kernel", "tsc_hz", "timer_step_ns", "timer_pair_ns"])) and
		(.build | has_all(["version", "git", "compiler", "flags"])) and
		(.workloads | all(has_all(["name", "file", "hash", "stream_hash", "seed", "ops", "expanded"]))) and
		(.arms | length == 4 and all(
			has_all(["workload", "allocator", "spec", "threads", "lock", "tainted_share", "metadata_bytes", "phases", "series"]) and
			(.throughput | has_all(["raw_ns_per_op", "net_ns_per_op", "ci_low_ns", "ci_high_ns", "rounds"])) and
			(.latency.alloc | has_all(["count", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "p9999_ns", "max_ns", "resolution_ns"])) and
			(.latency.alloc | has_all(["max_taint", "max_clean_ns"]) and (.over_processes | has_all(["p50_ns", "p9999_ns"]))) and
			(.latency_classes | length > 3 and all(has_all(["by", "name", "kind", "count", "resolution_ns", "max_ns", "max_taint", "max_clean_ns", "over_processes"]))) and
			(.worst_samples | length == 10 and all(has_all(["round", "thread", "operation", "kind", "request", "pages", "cpu", "ns", "taint", "steps"]))) and
			(.failures | has_all(["malformed", "impossible", "exhausted", "fragmented", "first"])) and
			(.failures.first == null or (.failures.first | has_all(["op", "live_pages", "occupancy"]))) and
			(.space | has_all(["peak_live_pages", "span_pages", "high_water_pages", "requested_pages", "granted_pages", "rounding_ratio", "rounding_ratio_mean", "footprint_ratio"])) and
			(.fragmentation | has_all(["free_pages", "cached_pages", "deferred_pages", "free_extents", "largest_free_pages", "unusable_16kib", "unusable_64kib", "unusable_2mib", "unusable_1gib", "free_2mib_slots", "page_table_pages", "page_table_leaf_pages", "page_table_ratio"])) and
			(.steps | has_all(["alloc_mean", "alloc_p99", "alloc_max"])) and
			(.audit | has_all(["ops", "violations", "placement_hash"])))) and
		has_all(["expectations"])' "$second/result.json"
}

@test "every null has its reason beside it" {
	run -0 jq -e '[.arms[] | .. | objects | . as $o | to_entries[] | select(.value == null) | .key | select($o[. + "_reason"] == null)]
		- ["reason", "sweep", "rate", "series", "histograms"] == []' "$second/result.json"
}

@test "a finished run has all its files and nothing partial" {
	for file in result.json run.json rounds.jsonl series.csv report.html tiny-rbtree.hlog tiny-buddy.hlog full-rbtree.hlog full-buddy.hlog; do
		[ -s "$second/$file" ] || { echo "$file"; false; }
	done
	is "$(find "$second" -name '*.partial')" ""
	is "$(find "$second" -type f | wc -l)" 9
	# Two arms: an audit and two rounds each; the harness has two rounds, and so have both arms together.
	is "$(wc -l <"$second/rounds.jsonl")" $((2 * (2 * 3 + 2 + 2)))
	is "$(jq -s 'all(.ok)' "$second/rounds.jsonl")" true
}

@test "failures are an outcome, and the arms say how many" {
	is "$(arms "$second" 'select(.failures.total > 0) | .spec' | sort | tr '\n' ' ')" "buddy rbtree "
	is "$(arms "$second" 'select(.failures.total > 0) | .throughput.net_ns_per_op' | sort -u)" null
	is "$(arms "$second" '.failures | .total - .impossible - .exhausted - .fragmented - .malformed' | sort -u)" 0
}

@test "the table names every allocator and the report" {
	run -0 "$iovabench" run $tiny -a rbtree -a bitmap --rounds 1 -o "$scratch/t"
	has "$output" "tiny"
	has "$output" "rbtree"
	has "$output" "bitmap"
	has "$output" "report: $scratch/t/report.html"
	[ -s "$scratch/t/report.html" ]
}

@test "there is no colour where nobody looks, and no progress before a minute" {
	"$iovabench" run $tiny -a rbtree --rounds 1 -o "$scratch/t" >"$scratch/out" 2>"$scratch/err"
	is "$(cat "$scratch/err")" ""
	run ! grep -q $'\e' "$scratch/out"
	"$iovabench" run $tiny -a rbtree --rounds 1 --color always -o "$scratch/u" >"$scratch/out"
	grep -q $'\e' "$scratch/out"
}

@test "on a terminal there are colour and progress, and NO_COLOR takes the colour away" {
	command -v script >/dev/null || skip "script(1) is not installed"
	script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip "no pseudo-terminal can be had here"
	TERM=xterm script -qec "$iovabench run $tiny -a rbtree --rounds 1 -o $scratch/a" /dev/null >"$scratch/out" </dev/null
	grep -q $'\e\\[K' "$scratch/out"
	grep -q $'\e\\[[0-9;]*m' "$scratch/out"
	TERM=xterm NO_COLOR=1 script -qec "$iovabench run $tiny -a rbtree --rounds 1 -o $scratch/b" /dev/null >"$scratch/out" </dev/null
	run ! grep -q $'\e\\[[0-9;]*m' "$scratch/out"
}

@test "COLUMNS says how wide the table is, and what had no room is told" {
	COLUMNS=80 run "$iovabench" run $tiny -a buddy -a bitmap --rounds 1 -o "$scratch/narrow"
	[ "$status" -eq 0 ]
	has "$output" "Left out of tables for lack of room: "
	COLUMNS=300 run "$iovabench" run $tiny -a buddy -a bitmap --rounds 1 -o "$scratch/wide"
	[[ $output != *"Left out of tables"* ]]
	has "$output" "  time by pairs   "
}

@test "--quiet says nothing at all" {
	run -0 --separate-stderr "$iovabench" run $tiny -a rbtree --rounds 1 -q -o "$scratch/t"
	is "$output$stderr" ""
}

@test "without an audit there are times, and its figures are null with a reason" {
	"$iovabench" run $tiny -a rbtree --rounds 1 --audit off -q -o "$scratch/t"
	is "$(arms "$scratch/t" '.space.span_pages')" null
	has "$(arms "$scratch/t" '.space.span_pages_reason')" " "
	is "$(arms "$scratch/t" '.throughput.raw_ns_per_op > 0')" true
	is "$(arms "$scratch/t" '.failures.total')" 0
}

@test "--latency all samples every operation, off none" {
	"$iovabench" run $tiny -a rbtree --rounds 1 --latency all -q -o "$scratch/all"
	is "$(arms "$scratch/all" '.latency.alloc.count + .latency.free.count > 19900')" true
	"$iovabench" run $tiny -a rbtree --rounds 1 --latency off -q -o "$scratch/off"
	is "$(arms "$scratch/off" '.latency | length')" 0
	is "$(arms "$scratch/off" '"\(.latency_classes_reason), \(.worst_samples_reason)"')" "not measured, not measured"
}

@test "classes add up to their kind, and the worst samples have the steps of the audit" {
	"$iovabench" run $tiny -a rbtree --rounds 6 --latency all -q -o "$scratch/t"
	for by in request cpu outcome; do
		is "$(arms "$scratch/t" "([.latency_classes[] | select(.by == \"$by\" and .kind == \"alloc\") | .count] | add) == .latency.alloc.count")" true
	done
	is "$(arms "$scratch/t" '.latency_classes[] | select(.by == "request") | "\(.name) \(.kind) \(.over_processes.p50_ns.processes)"')" "page alloc 6"
	is "$(arms "$scratch/t" '.latency_classes[] | select(.by == "request") | .over_processes.p50_ns | .ci_low_ns <= .median_ns and .median_ns <= .ci_high_ns')" true
	is "$(arms "$scratch/t" '[.worst_samples[] | .ns] | . == (sort | reverse)')" true
	is "$(arms "$scratch/t" '.steps.alloc_max as $most | .worst_samples | all(.steps >= 1 and (.kind != "alloc" or .steps <= $most))')" true
	is "$(arms "$scratch/t" '.latency as $l | [.worst_samples[0].ns] == [[$l[].max_ns] | max]')" true
}

# 20,300 operations at 1M/s: a poll in front of every 1,000th but the first.
@test "polls are counted, and timed where work was put off" {
	"$iovabench" run $tiny -a lazy+rbtree -a buddy --rounds 1 -q -o "$scratch/t"
	is "$(jq -c '[.arms[0].phases[].audit.polls]' "$scratch/t/result.json")" '[0,20]'
	is "$(arms "$scratch/t" '"\(.audit.polls) \(.latency.poll.count)"')" $'20 20\n20 null'
	is "$(arms "$scratch/t" .audit.violations | sort -u)" 0
	is "$(jq -r '.workloads[0].expanded.pace' "$scratch/t/result.json")" 1000000/s
}

@test "below six rounds there is no interval" {
	is "$(arms "$second" .throughput.ci_low_ns | sort -u)" null
	"$iovabench" run $tiny -a rbtree --rounds 6 --ops 1M --latency off --audit off -q -o "$scratch/six"
	is "$(arms "$scratch/six" '.throughput | .ci_low_ns == null or (.ci_low_ns <= .clean_ns_per_op and .clean_ns_per_op <= .ci_high_ns)')" true
}

@test "--ops shortens a measured phase" {
	"$iovabench" run $tiny -a rbtree --rounds 1 --ops 2k -q -o "$scratch/t"
	is "$(arms "$scratch/t" .audit.ops)" 2000
}

@test "a missed expectation is exit code 1" {
	run -1 "$iovabench" run tests/cli/missed.yaml -a rbtree --rounds 1 -q -o "$scratch/t"
	is "$(jq -c '[.expectations[] | [.metric, .wanted, .got, .met]]' "$scratch/t/result.json")" \
		'[["failures.total","is 0",0,true],["failures.total","above 7",0,false]]'
}

@test "an interrupt ends the run after its round, and what was measured is kept" {
	interruptible "$iovabench" run $tiny -a rbtree -a buddy --rounds 1000 --ops 1M -o "$scratch/t" >"$scratch/out" 2>&1 &
	pid=$!
	wait_for_journal "$scratch/t" 4
	kill -INT $pid
	code=0
	wait $pid || code=$?
	is $code 130
	is "$(jq .run.partial "$scratch/t/result.json")" true
	[ -s "$scratch/t/report.html" ]
	is "$(find "$scratch/t" -name '*.partial')" ""
	is "$(arms "$scratch/t" '.throughput.raw_ns_per_op > 0' | sort -u)" true
	has "$(cat "$scratch/out")" rbtree
	# Whole rounds: all arms and the harness have the same number.
	is "$(jq -r 'select(.pass == "timed") | .spec' "$scratch/t/rounds.jsonl" | sort | uniq -c | awk '{print $1}' | sort -u | wc -l)" 1
}

# The background of a script, as nohup: a Ctrl-C for somebody else must not cut the run short.
@test "interrupts that are ignored stay ignored" {
	"$iovabench" run $tiny -a rbtree --rounds 8 --ops 300k -q -o "$scratch/t" >"$scratch/out" 2>&1 &
	pid=$!
	wait_for_journal "$scratch/t" 2
	kill -INT $pid
	code=0
	wait $pid || code=$?
	is $code 0
	is "$(jq .run.partial "$scratch/t/result.json")" false
	is "$(arms "$scratch/t" .throughput.rounds)" 8
}

@test "a second interrupt ends the run at once and leaves the journal" {
	interruptible "$iovabench" run $tiny -a "$plugins/slow.so" --rounds 1 --ops 100k -o "$scratch/t" >/dev/null 2>&1 &
	pid=$!
	sleep 0.7
	kill -INT $pid
	sleep 0.3
	kill -INT $pid
	code=0
	wait $pid || code=$?
	is $code 130
	[ -e "$scratch/t/rounds.jsonl" ]
	sleep 0.2
	run ! pgrep -P $pid
}

@test "who starts the program may ignore its children" {
	env --ignore-signal=CHLD true || skip "env cannot ignore signals"
	run -0 timeout 20 env --ignore-signal=CHLD "$iovabench" run $tiny -a rbtree --rounds 1 -q -o "$scratch/t"
	is "$(arms "$scratch/t" .state)" ok
}

@test "a comma in a spec and two options of one allocator are two arms" {
	run -0 "$iovabench" run $tiny -a buddy:first=low,rounding=trim -a buddy:first=high --rounds 1 -q -o "$scratch/t"
	is "$(arms "$scratch/t" .spec | tr '\n' ' ')" "buddy:first=low,rounding=trim buddy:first=high "
	is "$(arms "$scratch/t" .allocator | sort -u)" buddy
}

@test "-a all plays every competitor and not the harness" {
	run -0 "$iovabench" run $tiny -a all --rounds 1 --ops 1k --latency off -q -o "$scratch/t"
	is "$(arms "$scratch/t" .spec | grep -cx null || true)" 0
	is "$(arms "$scratch/t" .spec | tr '\n' ' ')" "buddy bitmap rbtree segregated leaf linux-lazy "
}

@test "a named spec is an arm of that name, and plays what it stands for" {
	run -0 "$iovabench" run $tiny -a linux-lazy -a lazy+magazine:key=order+linux --rounds 1 --ops 2k -q -o "$scratch/t"
	is "$(arms "$scratch/t" .spec | tr '\n' ' ')" "linux-lazy lazy+magazine:key=order+linux "
	is "$(arms "$scratch/t" .audit.placement_hash | sort -u | wc -l)" 1
	run -0 "$iovabench" describe linux-lazy
	has "$output" "stands for lazy+magazine:key=order+linux"
}

@test "the null allocator may be named: it is measured and not audited" {
	run -0 "$iovabench" run $tiny -a null --rounds 1 -q -o "$scratch/t"
	is "$(arms "$scratch/t" .state)" ok
}

@test "an option that takes one value is refused when it is given twice" {
	local option
	for option in "--seed 1" "--ops 1k" "--rounds 1" "--latency off" "--audit on" "-t 1" "--lock mutex" "--rate 1k" "--stall 1" \
		"--memory 64" "-o $scratch/t" "--json $scratch/j" "--color auto"; do
		# shellcheck disable=SC2086  # an option and its value
		run -2 --separate-stderr "$iovabench" run $tiny $option $option
		has "$stderr" "was given twice; it takes one value"
	done
	[ ! -e "$scratch/t" ]
}

@test "--cpus is where a run and its workers play, and stays with the run" {
	local cpu; cpu=$(awk '/^Cpus_allowed_list/ {sub(/[-,].*/, "", $2); print $2}' /proc/self/status)
	run -0 "$iovabench" run $tiny -a buddy --rounds 1 --cpus "$cpu" -o "$scratch/one"
	has "$output" "one CPU"
	grep -q "\"cpus\": \"$cpu\"" "$scratch/one/run.json"
}
