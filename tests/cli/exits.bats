#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Exit codes: a row for each code and cause, then rows in which several apply. The order is 2, 7, 130, 3, 6, 5, 1, 4.

load helpers

good=${BUILD:-build}/plugins/example.so
case $good in /*) ;; *) good=./$good ;; esac

# A command, the code that it must end with, and what it must say. -q: the row holds for standard error alone.
ends() { # code message argument…
	local code=$1 message=$2
	shift 2
	run "$iovabench" "$@"
	is "$status" "$code"
	has "$output" "$message"
}

plays() { # code message argument…
	local code=$1 message=$2 short=() default
	shift 2
	for default in "--rounds 1" "--latency off" "--ops 2k"; do
		case " $* " in *" ${default% *} "*) ;; *) short+=("${default% *}" "${default#* }") ;; esac
	done
	ends "$code" "$message" run "${short[@]}" -q -o "$scratch/t" "$@"
}

# ---- one cause each ----

@test "0: every arm played, every expectation was met" {
	plays 0 "" $tiny -a rbtree
	is "$output" ""
}

@test "0: a run in which one arm is worse than another, and times are inconclusive" {
	plays 0 "" $tiny -a buddy -a bitmap
	is "$output" ""
	jq -e '[.comparisons[].verdict] | index("inconclusive") and (index("more") or index("fewer"))' "$scratch/t/result.json"
}

@test "1: an expectation was missed" {
	plays 1 "missed, rbtree: expected failures.total above 7: missed (0)" tests/cli/missed.yaml -a rbtree
}

@test "2: a workload that is none" {
	plays 2 "none.yaml" none.yaml -a rbtree
	[ ! -e "$scratch/t" ]
}

@test "2: an option that is none" {
	plays 2 "--fast" $tiny --fast
}

@test "2: an allocator that is none" {
	plays 2 "there is no allocator \"bud\"" $tiny -a bud
}

@test "2: a plugin that is not there" {
	plays 2 "./no/plugin.so" $tiny -a rbtree -a ./no/plugin.so
	[ ! -e "$scratch/t" ]
}

@test "2: a plugin that is none" {
	plays 2 "it exports no function iova_plugin" $tiny -a rbtree -a "$plugins/not_a_plugin.so"
	[ ! -e "$scratch/t" ]
}

@test "2: a plugin with a wrong option" {
	plays 2 "has no option \"speed\"; it takes start=" $tiny -a rbtree -a "$good:speed=9"
	[ ! -e "$scratch/t" ]
}

@test "3: wrong answers" {
	plays 3 "tiny, $plugins/overlap.so: failed (allocator)" $tiny -a rbtree -a "$plugins/overlap.so"
}

@test "3: a plugin that crashes" {
	no_sanitizer
	plays 3 "failed (allocator): crashed in the audit: signal 11" $tiny -a rbtree -a "$plugins/crash.so"
}

@test "3: a plugin that ends the process" {
	plays 3 "failed (allocator): ended in the timed pass with exit code 0 and without a record" $tiny -a rbtree -a "$plugins/fate.so:end=exit" --audit off
}

@test "3: a plugin that hangs" {
	plays 3 "failed (allocator): hung in the audit" $tiny -a rbtree -a "$plugins/hang.so" --stall 2
}

@test "5: a clock that goes back" {
	IOVABENCH_CLOCK=system plays 5 "untrustworthy: the clock went back" $tiny -a rbtree -a "$plugins/clock_back.so" --audit off
}

@test "6: no arm can play" {
	plays 6 "which slow does not honour" workloads/nvme-qd128.yaml -a "$plugins/slow.so"
}

@test "6: an arm that was named can play none of the workloads, beside one that can" {
	plays 6 "nvme-qd128, $plugins/slow.so: n/a: request command asks for alignment, which slow does not honour" \
		workloads/nvme-qd128.yaml -a rbtree -a "$plugins/slow.so"
	# It is enough that it plays one of them.
	rm -r "$scratch/t"
	sed 's/fixed: 4KiB}/&, align: natural/' $tiny >"$scratch/aligned.yaml"
	plays 0 "n/a: request page asks for alignment" "$scratch/aligned.yaml" $tiny -a rbtree -a "$plugins/slow.so" --ops 20 --audit off
}

@test "7: a worker that is killed from outside" {
	plays 7 "failed (machine): was killed from outside in the timed pass: signal 9" $tiny -a rbtree -a "$plugins/fate.so:end=killed" --audit off
}

@test "7: a worker that is told to end" {
	plays 7 "failed (machine): was killed from outside in the timed pass: signal 15" $tiny -a rbtree -a "$plugins/fate.so:end=terminated" --audit off
}

@test "7: a folder that cannot be made" {
	echo >"$scratch/file"
	ends 7 "cannot make this folder" run $tiny -a rbtree -q -o "$scratch/file/t"
}

@test "7: a result that cannot be written" {
	plays 7 "/dev/full: cannot write" $tiny -a rbtree --json /dev/full
}

@test "130: interrupted, and what was measured is kept" {
	interruptible "$iovabench" run $tiny -a rbtree --rounds 500 -q -o "$scratch/t" 2>"$scratch/err" &
	pid=$!
	wait_for_journal "$scratch/t" 2
	kill -INT $pid
	code=0
	wait $pid || code=$?
	is $code 130
	has "$(cat "$scratch/err")" "the run was interrupted: its results are partial"
	is "$(jq .run.partial "$scratch/t/result.json")" true
}

# ---- several at once ----

@test "2 before 7: a wrong workload and a folder that cannot be made" {
	echo >"$scratch/file"
	ends 2 "none.yaml" run none.yaml -a rbtree -q -o "$scratch/file/t"
}

@test "7 before 3: trouble of the machine beside wrong answers" {
	plays 7 "failed (allocator)" $tiny -a "$plugins/fate.so:end=killed" -a "$plugins/overlap.so"
	has "$output" "failed (machine)"
}

@test "7 before 1: trouble of the machine beside an expectation that was missed" {
	plays 7 "missed" tests/cli/missed.yaml -a rbtree -a "$plugins/fate.so:end=killed" --audit off
}

@test "130 before 3: interrupted, with wrong answers in it" {
	interruptible "$iovabench" run $tiny -a rbtree -a "$plugins/overlap.so" --rounds 500 -q -o "$scratch/t" 2>"$scratch/err" &
	pid=$!
	wait_for_journal "$scratch/t" 4
	kill -INT $pid
	code=0
	wait $pid || code=$?
	is $code 130
	has "$(cat "$scratch/err")" "failed (allocator)"
}

@test "3 before 6: wrong answers beside an arm that cannot play" {
	plays 3 "n/a" $tiny -a "$plugins/overlap.so" -a "$plugins/picky.so"
}

@test "3 before 5: wrong answers beside a clock that goes back" {
	IOVABENCH_CLOCK=system plays 3 "the clock went back" $tiny -a "$plugins/crash.so" -a "$plugins/clock_back.so" --audit off
}

@test "3 before 1: wrong answers beside an expectation that was missed" {
	plays 3 "missed" tests/cli/missed.yaml -a rbtree -a "$plugins/overlap.so"
}

@test "6 before 5: an arm that cannot play beside a clock that goes back" {
	IOVABENCH_CLOCK=system plays 6 "the clock went back" $tiny -a "$plugins/clock_back.so" -a "$plugins/picky.so" --audit off
}

@test "6 before 1: an arm that cannot play beside an expectation that was missed" {
	plays 6 "missed" tests/cli/missed.yaml -a rbtree -a "$plugins/picky.so"
}

@test "5 before 1: a clock that goes back beside an expectation that was missed" {
	IOVABENCH_CLOCK=system plays 5 "missed" tests/cli/missed.yaml -a rbtree -a "$plugins/clock_back.so" --audit off
}

# ---- codes of a comparison, which run never has ----

changed() { # folder filter
	mkdir -p "$scratch/$1"
	jq "$2 | del(.digest)" "$scratch/t/result.json" >"$scratch/$1/result.json"
}

@test "1: a gate failed; 4: it could not look; 1 before 4: both; 2 before all" {
	plays 0 "" $tiny -a rbtree -a buddy
	changed good .
	changed worse '.arms[].phases[].space.span_pages += 1'
	changed blind '.arms[1].state = "failed" | .arms[1].owner = "machine"'
	ends 0 "gate: passed" gate --baseline "$scratch/good" "$scratch/t"
	ends 1 "gate: FAILED" gate --baseline "$scratch/good" "$scratch/worse"
	ends 4 "gate: inconclusive" gate --baseline "$scratch/blind" "$scratch/t"
	ends 1 "gate: FAILED" gate --baseline "$scratch/blind" "$scratch/worse"
	ends 2 "none" gate --baseline "$scratch/blind" none
}

@test "1: something is worse beyond doubt; 4: a comparison is inconclusive; 1 before 4: both" {
	plays 0 "" $tiny -a rbtree
	changed same '.run.id = "other"'
	changed worse '.run.id = "other" | .arms[].phases[].space.span_pages += 1'
	ends 4 "inconclusive" compare "$scratch/t" "$scratch/same"
	ends 1 "regression" compare "$scratch/t" "$scratch/worse"
	has "$output" "inconclusive"
}

# ---- a finished run ends as it ended ----

@test "resume of a finished run answers with the code of the run, and tells why" {
	local rows=(
		"0||$tiny -a rbtree"
		"1|missed|tests/cli/missed.yaml -a rbtree"
		"3|failed (allocator)|$tiny -a rbtree -a $plugins/overlap.so"
		"6|does not honour|workloads/nvme-qd128.yaml -a rbtree -a $plugins/slow.so"
	)
	local row code message arguments
	for row in "${rows[@]}"; do
		IFS='|' read -r code message arguments <<<"$row"
		rm -rf "$scratch/t"
		# shellcheck disable=SC2086 # words
		plays "$code" "$message" $arguments
		ends "$code" "$message" resume -q "$scratch/t"
		ends "$code" "this run is finished; nothing was run" resume "$scratch/t"
		has "$output" "$message"
	done
}

@test "trouble of the machine is played again by resume, and what was not its fault is not" {
	export FATE=$scratch/fate
	touch "$FATE"
	plays 7 "failed (machine)" $tiny -a rbtree -a "$plugins/fate.so:end=killed" -a "$plugins/crash.so" --audit off --rounds 3
	is "$(arms "$scratch/t" '"\(.state) \(.owner)"' | tr '\n' ' ')" "ok none failed machine failed allocator "
	before=$(wc -l <"$scratch/t/rounds.jsonl")
	ends 3 "failed (allocator)" resume -q "$scratch/t"
	is "$(arms "$scratch/t" '"\(.state) \(.owner) \(.throughput.rounds)"' | head -n 2 | tr '\n' ' ')" "ok none 3 ok none 3 "
	# The one that was killed and what it did not come to after that; nothing of the others.
	is "$(tail -n +$((before + 1)) "$scratch/t/rounds.jsonl" | jq -r .spec | sort -u)" "$plugins/fate.so:end=killed"
	ends 3 "nothing was run" resume "$scratch/t"
}

# ---- what fails of allocators that are trusted, too, is ours ----

preloaded() { # how code message argument…
	no_sanitizer
	local how=$1 code=$2 message=$3
	shift 3
	run env DIES="$how" LD_PRELOAD="$(realpath "$plugins/dies.so")" "$iovabench" run --rounds 2 --latency off -q -o "$scratch/t" "$@"
	is "$status" "$code"
	has "$output" "$message"
}

@test "7: when all arms crash alike, none of them is blamed" {
	preloaded crash 7 "please report it" $tiny -a buddy -a bitmap -a rbtree -a "$plugins/slow.so" --ops 20
	is "$(arms "$scratch/t" '"\(.state) \(.owner)"' | sort -u)" "failed harness"
	reasons=$(arms "$scratch/t" .reason)
	has "$reasons" "crashed in the audit: signal 11 (Segmentation fault); so does rbtree (crashed in the audit: signal 11 (Segmentation fault)). This is"
	has "$reasons" "; so does segregated (crashed"
	has "$reasons" "with what this shows: iovabench run $tiny -a rbtree --rounds 0 --ops 20"
	is "$(jq -r .owner "$scratch/t/rounds.jsonl" | sort -u)" harness
	# It is final.
	ends 7 "this run is finished; nothing was run" resume "$scratch/t"
}

@test "7: when the harness on its own crashes, that is told" {
	cp $tiny "$scratch/it's.yaml"
	preloaded crash 7 "please report it" "$scratch/it's.yaml" -a "$plugins/slow.so" --audit off --seed 7 --sweep phases.churn.ops=20
	has "$(arms "$scratch/t" .reason)" "so does null (crashed in the timed pass"
	has "$(arms "$scratch/t" .reason)" "iovabench run '$scratch/it'\\''s.yaml' -a null --sweep phases.churn.ops=20 --audit off --rounds 1 --seed 7 --latency off"
	has "$(jq -r .run.trouble "$scratch/t/result.json")" "tiny: the harness on its own (null): crashed in the timed pass"
}

@test "7: when all arms hang alike, none of them is blamed" {
	preloaded never 7 "; so does segregated (hung in the audit: no window ended for 0.5 s). This is" $tiny -a rbtree --stall 0.5
}

@test "7: a hang in which no allocator was at work is nobody's but ours" {
	preloaded own 7 "of them iovabench was at work, not the allocator. This is" $tiny -a rbtree --stall 0.5
	is "$(arms "$scratch/t" '"\(.state) \(.owner)"')" "failed harness"
}

@test "7: a memory limit that nobody can keep is no fault of an arm, and another try may go well" {
	preloaded large 7 "failed (machine): passed the memory limit of 100 MiB in the audit; so does segregated: the limit is too small" $tiny -a rbtree --memory 100
	ends 0 "" resume -q "$scratch/t"
}

@test "an arm that crashes alone is blamed, once the others were heard" {
	no_sanitizer
	plays 3 "failed (allocator): crashed in the audit: signal 11 (Segmentation fault)" $tiny -a "$plugins/crash.so"
	run ! grep -q "report" <<<"$output"
}

@test "aperture: 3, 6, 7 by whose failure it is, in the order of run" {
	no_sanitizer
	ends 3 "failed (allocator): crashed in the audit" aperture $tiny -a "$plugins/crash.so" -a rbtree --ops 1k
	ends 7 "failed (machine): was killed from outside" aperture $tiny -a "$plugins/fate.so:end=killed" -a "$plugins/crash.so" --ops 1k
	ends 6 "n/a" aperture $tiny -a "$plugins/picky.so" --ops 1k
	run -7 env DIES=crash LD_PRELOAD="$(realpath "$plugins/dies.so")" "$iovabench" aperture $tiny -a bitmap --ops 1k
	has "$output" "failed (harness): crashed in the audit"
	has "$output" "with what this shows: iovabench aperture $tiny -a rbtree --ops 1000"
}
