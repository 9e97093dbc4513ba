#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Killed with SIGKILL at any moment, a run can be completed, or says that it never began.

load helpers

setup_file() {
	load helpers
	# Without a counter there is nothing to calibrate: 200 ms less for every run.
	export IOVABENCH_CLOCK=system
	export whole=$BATS_FILE_TMPDIR/whole
	"$iovabench" run $tiny -a rbtree -a buddy --rounds 1 --ops 2k --latency off -q -o "$whole"
}

# Two audits, a round of two arms and the harness.
processes=6

# What does not depend on time.
exact() { # folder
	jq -S '[.schema, .run.partial, .run.rounds, .workloads, [.arms[] | [.spec, .state, .reason, .throughput.rounds,
		.throughput.operations, .failures, .space, .fragmentation, .steps, .metadata_bytes, .audit, [.phases[] | .name],
		(.series_table.rows | length), .address_maps]]]' "$1/result.json"
}

start() { # folder
	"$iovabench" run $tiny -a rbtree -a buddy --rounds 1 --ops 2k --latency off -q -o "$1"
}

# What a killed run left: whole lines, but for the last one, and no process twice.
journal_is_sound() { # folder
	local lines
	lines=$(wc -l <"$1/rounds.jsonl")
	is "$(head -n "$lines" "$1/rounds.jsonl" | jq -s length)" "$lines"
	is "$(head -n "$lines" "$1/rounds.jsonl" | jq -r .key | sort | uniq -d)" ""
}

is_whole() { # folder
	is "$(exact "$1" | cksum)" "$(exact "$whole" | cksum)"
	is "$(wc -l <"$1/rounds.jsonl")" $processes
	journal_is_sound "$1"
	[ -s "$1/report.html" ]
	is "$(find "$1" -name '*.partial')" ""
}

# Nothing was begun, and that is told; the run can be asked for again.
never_began() { # folder
	[ ! -e "$1/rounds.jsonl" ] || [ ! -s "$1/rounds.jsonl" ]
	run -2 "$iovabench" resume "$1"
	[[ $output == *"no run was begun here"* || $output == *"No such file or directory"* ]]
	[ ! -e "$1/result.json" ]
}

@test "killed in every one of its writes, a run is completed" {
	no_sanitizer
	began=0 torn=0 refused=0
	for n in $(seq 200); do
		code=0
		LD_PRELOAD=$(realpath "$plugins/killed.so") KILLED_AT=$n start "$scratch/$n" 2>/dev/null || code=$?
		[ $code -ne 0 ] || break
		is $code 137
		if [ ! -e "$scratch/$n/run.json" ]; then
			never_began "$scratch/$n"
			refused=$((refused + 1))
			start "$scratch/$n"
			is_whole "$scratch/$n"
			continue
		fi
		journal_is_sound "$scratch/$n"
		[ -z "$(tail -c 1 "$scratch/$n/rounds.jsonl")" ] || torn=$((torn + 1))
		began=$((began + 1))
		run -0 "$iovabench" resume -q "$scratch/$n"
		is_whole "$scratch/$n"
	done
	is $code 0
	# run.json: write, force, rename; then it is there. Every line of the journal was torn once.
	is "$refused $torn" "3 $processes"
	# Each line is written and forced; series, two logs, result and report are written, forced and renamed, and then their folder.
	[ $began -ge $((1 + 2 * processes + 5 * 4)) ]
}

@test "killed again and again at random moments, a run is completed" {
	RANDOM=$((seed = $(date +%N | sed 's/^0*//') % 32768))
	echo "seed $seed"
	begin=$(date +%s%N)
	start "$scratch/timed"
	whole_ms=$((($(date +%s%N) - begin) / 1000000))
	kills=0
	for turn in $(seq 6); do
		folder=$scratch/$turn
		command=(run $tiny -a rbtree -a buddy --rounds 1 --ops 2k --latency off -q -o "$folder")
		for attempt in $(seq 50); do
			code=0
			"$iovabench" "${command[@]}" 3>&- &
			pid=$!
			sleep "$(awk -v ms=$((RANDOM % (whole_ms + 20))) 'BEGIN { print ms / 1000 }')"
			kill -KILL $pid 2>/dev/null || true
			wait $pid || code=$?
			[ $code -ne 0 ] || break
			is $code 137
			kills=$((kills + 1))
			if [ -e "$folder/run.json" ]; then
				journal_is_sound "$folder"
				command=(resume -q "$folder")
			else
				never_began "$folder"
			fi
		done
		[ $code -eq 0 ] || "$iovabench" resume -q "$folder"
		is_whole "$folder"
	done
	echo "killed $kills times in turns of $whole_ms ms"
	[ $kills -gt 0 ]
}

@test "of two runs into one folder at the same moment, one runs and one is refused" {
	for turn in $(seq 6); do
		for side in a b; do
			(
				code=0
				start "$scratch/$turn" >"$scratch/$turn.$side" 2>&1 || code=$?
				echo $code >"$scratch/$turn.$side.code"
			) 3>&- &
		done
		wait
		is "$(cat "$scratch/$turn".?.code | sort | tr '\n' ' ')" "0 2 "
		[[ $(cat "$scratch/$turn".[ab]) == *@("this folder holds another run; choose a new one with -o"|"another iovabench works in this folder")* ]]
		is_whole "$scratch/$turn"
	done
}

@test "a run into the folder of one that goes on is refused, and so is resume; the first one is not disturbed" {
	"$iovabench" run $tiny -a "$plugins/slow.so" --rounds 1 --ops 300 --audit off --latency off --stall 600 -q -o "$scratch/t" 3>&- &
	pid=$!
	for _ in $(seq 3000); do
		[ -e "$scratch/t/run.json" ] && break
		sleep 0.01
	done
	run -2 "$iovabench" run $tiny -a rbtree --rounds 1 -o "$scratch/t"
	has "$output" "$scratch/t/run.json exists: this folder holds another run; choose a new one with -o"
	run -2 "$iovabench" resume "$scratch/t"
	has "$output" "another iovabench works in this folder"
	kill -0 $pid
	wait $pid
	is "$(arms "$scratch/t" '[.spec, .state] | join(" ")')" "$plugins/slow.so ok"
	is "$(wc -l <"$scratch/t/rounds.jsonl")" 2
}

@test "killed in any of its writes, a merge is asked for again and starts over" {
	no_sanitizer
	"$iovabench" run $tiny -a bitmap --rounds 1 --ops 2k --latency off -q -o "$scratch/part"
	"$iovabench" merge "$whole" "$scratch/part" -o "$scratch/wanted"
	# What names the folder and the moment of asking is not compared.
	without() { jq -S 'del(.run, .digest)' "$1/result.json" | cksum; }
	killed=0
	for n in $(seq 200); do
		code=0
		LD_PRELOAD=$(realpath "$plugins/killed.so") KILLED_AT=$n "$iovabench" merge "$whole" "$scratch/part" -o "$scratch/$n" || code=$?
		[ $code -ne 0 ] || break
		is $code 137
		killed=$((killed + 1))
		if [ -e "$scratch/$n/result.json" ]; then
			# Its last rename; nothing is missing.
			run -2 "$iovabench" merge "$whole" "$scratch/part" -o "$scratch/$n"
		else
			run -2 "$iovabench" resume "$scratch/$n"
			has "$output" "no run was begun here"
			"$iovabench" merge "$whole" "$scratch/part" -o "$scratch/$n"
		fi
		is "$(without "$scratch/$n")" "$(without "$scratch/wanted")"
		is "$(cksum <"$scratch/$n/rounds.jsonl")" "$(cksum <"$scratch/wanted/rounds.jsonl")"
		is "$(ls "$scratch/$n")" "$(ls "$scratch/wanted")"
	done
	is $code 0
	# merge.json, report, series and result: each is written, forced and renamed, and then its folder; two parts of the journal, which is
	# forced once.
	[ $killed -ge $((4 * 4 + 3)) ]
}

@test "killed in any of its writes, a calibration is asked for again and goes on" {
	no_sanitizer
	calibrate() { "$iovabench" calibrate --null --comparisons 1 --rounds 1 --ops 1k -o "$1"; }
	killed=0 went_on=0
	# The first ones, and then ever larger steps: each turn measures.
	for n in 1 2 3 4 5 6 7 8 9 10 12 14 17 20 24 28 33 39 46 54 63 73 84 96; do
		code=0
		LD_PRELOAD=$(realpath "$plugins/killed.so") KILLED_AT=$n calibrate "$scratch/$n" || code=$?
		[ $code -ne 137 ] || killed=$((killed + 1))
		[ $code -eq 137 ] || break
		had=$(wc -l 2>/dev/null <"$scratch/$n/rounds.jsonl" || echo 0)
		kept=$(head -n "$had" "$scratch/$n/rounds.jsonl" 2>/dev/null | cksum)
		[ "$had" -eq 0 ] || went_on=$((went_on + 1))
		[ -e "$scratch/$n/calibration.json" ] || calibrate "$scratch/$n"
		run -0 jq -e '.comparisons == 1 and .rounds == 1' "$scratch/$n/calibration.json"
		# Finished processes are not measured again.
		is "$(head -n "$had" "$scratch/$n/rounds.jsonl" | cksum)" "$kept"
		is "$(find "$scratch/$n" -name '*.partial')" ""
		run -2 calibrate "$scratch/$n"
		has "$output" "calibration.json exists"
	done
	[ $killed -ge 12 ]
	[ $went_on -ge 3 ]
}

@test "a calibration goes on with none that was asked for otherwise" {
	no_sanitizer
	code=0
	LD_PRELOAD=$(realpath "$plugins/killed.so") KILLED_AT=20 "$iovabench" calibrate --null --comparisons 2 --rounds 1 --ops 1k -o "$scratch/t" || code=$?
	is $code 137
	[ -e "$scratch/t/run.json" ]
	before=$(cat "$scratch/t"/* | cksum)
	for other in "--comparisons 3 --ops 1k" "--comparisons 2 --ops 2k" "--comparisons 2 --ops 1k -a buddy" \
		"--comparisons 2 --ops 1k $tiny"; do
		# shellcheck disable=SC2086
		run -2 "$iovabench" calibrate --null --rounds 1 $other -o "$scratch/t"
		has "$output" "holds another run"
		is "$(cat "$scratch/t"/* | cksum)" "$before"
	done
	run -0 "$iovabench" calibrate --null --comparisons 2 --rounds 1 --ops 1k -o "$scratch/t"
	[ -s "$scratch/t/calibration.json" ]
}

@test "a calibration of more rounds than a run has by hand goes on" {
	no_sanitizer
	had=0
	for _ in 1 2; do
		code=0
		LD_PRELOAD=$(realpath "$plugins/killed.so") KILLED_AT=20 "$iovabench" calibrate --null --comparisons 1001 --rounds 2 --ops 1k \
			-o "$scratch/t" || code=$?
		is $code 137
		[ "$(wc -l <"$scratch/t/rounds.jsonl")" -gt "$had" ]
		had=$(wc -l <"$scratch/t/rounds.jsonl")
	done
}
