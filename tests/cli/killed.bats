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
processes=5

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

# Nothing was begun, and that is told; what stands there stays.
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
				rm -rf "$folder"
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
		has "$(cat "$scratch/$turn".[ab])" "this folder holds another run; choose a new one with -o"
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
	has "$output" "$scratch/t/rounds.jsonl exists: this folder holds another run; choose a new one with -o"
	run -2 "$iovabench" resume "$scratch/t"
	has "$output" "another iovabench works in this folder"
	kill -0 $pid
	wait $pid
	is "$(arms "$scratch/t" '[.spec, .state] | join(" ")')" "$plugins/slow.so ok"
	is "$(wc -l <"$scratch/t/rounds.jsonl")" 2
}
