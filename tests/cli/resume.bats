#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A run that is killed goes on, to the document of one that was not.

load helpers

setup_file() {
	load helpers
	export whole=$BATS_FILE_TMPDIR/whole
	"$iovabench" run $tiny -a rbtree -a buddy --rounds 3 -q -o "$whole"
}

# What does not depend on time.
exact() { # folder
	jq -S '[.schema, .run.command, .run.partial, .run.rounds, .workloads, [.arms[] | [.spec, .state, .reason, .threads, .lock,
		.throughput.rounds, .throughput.operations, .failures, .space, .fragmentation, .steps, .metadata_bytes, .audit,
		.figures_phase, [.phases[] | .name], (.series_table.rows | length), .address_maps, .domains,
		[.latency | to_entries[] | .key], .sweep]],
		[.comparisons[] | [.workload, .a, .b, .metric]]]' "$1/result.json"
}

# The whole run with its journal cut to so many bytes, as if it had been killed there.
killed_at() { # bytes
	rm -rf "$scratch/t"
	mkdir "$scratch/t"
	cp "$whole/run.json" "$scratch/t"
	head -c "$1" "$whole/rounds.jsonl" >"$scratch/t/rounds.jsonl"
}

lines() {
	wc -l <"$scratch/t/rounds.jsonl"
}

@test "wherever a run is killed, resume gives the same document" {
	size=$(wc -c <"$whole/rounds.jsonl")
	for bytes in 0 1 $((size / 3)) $((size / 2)) $((size - 1)) "$size"; do
		killed_at "$bytes"
		run -0 "$iovabench" resume -q "$scratch/t"
		is "$(exact "$scratch/t" | cksum)" "$(exact "$whole" | cksum)"
		is "$(lines)" 14
		is "$(jq -r .key "$scratch/t/rounds.jsonl" | sort | uniq -d)" ""
		is "$(jq -r '.run.id' "$scratch/t/result.json")" "$(jq -r '.id' "$whole/run.json")"
		[ -s "$scratch/t/report.html" ]
	done
}

@test "comparisons of what the journal has are those of the run" {
	killed_at "$(wc -c <"$whole/rounds.jsonl")"
	run -0 "$iovabench" resume -q "$scratch/t"
	is "$(jq -S .comparisons "$scratch/t/result.json" | cksum)" "$(jq -S .comparisons "$whole/result.json" | cksum)"
	[ "$(jq '[.comparisons[] | select(.metric == "throughput.raw_ns_per_op" and .rounds == 3)] | length' \
		"$scratch/t/result.json")" -eq 1 ]
}

@test "a sweep goes on, also with one value written in two ways" {
	"$iovabench" run $tiny -a rbtree -a buddy --rounds 1 --latency off -q -o "$scratch/w" \
		--sweep phases.churn.ops=10k,10000,20k --sweep phases.fill.until.live=100,200
	is "$(wc -l <"$scratch/w/rounds.jsonl")" 36
	is "$(jq -r .key "$scratch/w/rounds.jsonl" | sort -u | wc -l)" 36
	is "$(jq -c .options.sweeps "$scratch/w/run.json")" \
		'[{"key":"phases.churn.ops","values":["10k","10000","20k"]},{"key":"phases.fill.until.live","values":["100","200"]}]'
	for kept in 0 7 29; do
		rm -rf "$scratch/t"
		mkdir "$scratch/t"
		cp "$scratch/w/run.json" "$scratch/t"
		head -n $kept "$scratch/w/rounds.jsonl" >"$scratch/t/rounds.jsonl"
		run -0 "$iovabench" resume -q "$scratch/t"
		is "$(exact "$scratch/t" | cksum)" "$(exact "$scratch/w" | cksum)"
		is "$(lines)" 36
		is "$(head -n $kept "$scratch/t/rounds.jsonl" | cksum)" "$(head -n $kept "$scratch/w/rounds.jsonl" | cksum)"
	done
	is "$(arms "$scratch/t" '.sweep["phases.churn.ops"]' | uniq | tr '\n' ' ')" "10k 10000 20k "
}

@test "an audit alone goes on, and so does an adversary" {
	"$iovabench" run $tiny workloads/laws/01-robson-64-16.yaml -a rbtree -a buddy --rounds 0 -q -o "$scratch/w"
	mkdir "$scratch/t"
	cp "$scratch/w/run.json" "$scratch/t"
	head -n 3 "$scratch/w/rounds.jsonl" >"$scratch/t/rounds.jsonl"
	run -0 "$iovabench" resume -q "$scratch/t"
	is "$(lines)" 4
	is "$(exact "$scratch/t" | cksum)" "$(exact "$scratch/w" | cksum)"
	edits 's/"audit": "on"/"audit": "off"/' "$scratch/t/run.json"
	rm "$scratch/t/result.json"
	run -2 "$iovabench" resume "$scratch/t"
	has "$output" "run.json: options: must have rounds or the audit"
}

@test "a workload that is named twice is two workloads" {
	"$iovabench" run $tiny $tiny -a buddy --rounds 1 --latency off -q -o "$scratch/t"
	rm "$scratch/t/result.json"
	run -0 "$iovabench" resume -q "$scratch/t"
	is "$(lines)" 6
}

@test "null as an arm is another process than the harness" {
	"$iovabench" run $tiny -a null -a buddy --rounds 1 --latency off -q -o "$scratch/t"
	rm "$scratch/t/result.json"
	run -0 "$iovabench" resume -q "$scratch/t"
	is "$(lines)" 5
}

@test "what the journal has is not run again" {
	killed_at "$(head -n 7 "$whole/rounds.jsonl" | wc -c)"
	before=$(cat "$scratch/t/rounds.jsonl" | cksum)
	run -0 "$iovabench" resume -q "$scratch/t"
	is "$(head -n 7 "$scratch/t/rounds.jsonl" | cksum)" "$before"
}

@test "a torn last line is told, cut and run again" {
	killed_at "$(($(head -n 4 "$whole/rounds.jsonl" | wc -c) + 100))"
	run -0 --separate-stderr "$iovabench" resume "$scratch/t"
	has "$stderr" "rounds.jsonl: the last line was torn when the run was killed; its process is run again"
	has "$output" "report: "
	is "$(lines)" 14
	is "$(jq -s length "$scratch/t/rounds.jsonl")" 14
}

@test "a line that is damaged is refused and named" {
	killed_at "$(wc -c <"$whole/rounds.jsonl")"
	edits '3s/"pass":"[a-z]*"/"pass":"other"/' "$scratch/t/rounds.jsonl"
	run -2 "$iovabench" resume "$scratch/t"
	has "$output" "rounds.jsonl:3: record: sum: is not that of the line: it was damaged, or changed"
	killed_at "$(wc -c <"$whole/rounds.jsonl")"
	head -n 1 "$whole/rounds.jsonl" >>"$scratch/t/rounds.jsonl"
	run -2 "$iovabench" resume "$scratch/t"
	has "$output" "rounds.jsonl:15: this process is in the journal already"
}

@test "a run that is killed in earnest goes on" {
	"$iovabench" run $tiny -a rbtree -a "$plugins/slow.so" --rounds 2 --ops 300 --audit off --latency off -q -o "$scratch/t" &
	pid=$!
	wait_for_journal "$scratch/t" 2
	kill -KILL $pid
	wait $pid || true
	[ ! -e "$scratch/t/result.json" ]
	kept=$(lines)
	run -0 "$iovabench" resume -q "$scratch/t"
	[ "$kept" -ge 2 ] && [ "$kept" -lt 8 ]
	is "$(lines)" 8
	is "$(arms "$scratch/t" .state | sort -u)" ok
	is "$(arms "$scratch/t" 'select(.spec != "rbtree") | .throughput.rounds')" 2
}

@test "an interrupted run is made whole" {
	interruptible "$iovabench" run $tiny -a rbtree -a "$plugins/slow.so" --rounds 3 --ops 300 --audit off --latency off -q -o "$scratch/t" &
	pid=$!
	wait_for_journal "$scratch/t" 1
	kill -INT $pid
	code=0
	wait $pid || code=$?
	is $code 130
	is "$(jq .run.partial "$scratch/t/result.json")" true
	run -0 "$iovabench" resume -q "$scratch/t"
	is "$(jq .run.partial "$scratch/t/result.json")" false
	is "$(arms "$scratch/t" 'select(.spec != "rbtree") | .throughput.rounds')" 3
}

@test "an arm that failed is not tried again, and the others are finished" {
	no_sanitizer
	code=0
	"$iovabench" run $tiny -a rbtree -a "$plugins/crash.so" --rounds 2 --latency off -q -o "$scratch/w" || code=$?
	is $code 3
	mkdir "$scratch/t"
	cp "$scratch/w/run.json" "$scratch/t"
	head -n 3 "$scratch/w/rounds.jsonl" >"$scratch/t/rounds.jsonl"
	run -3 "$iovabench" resume -q "$scratch/t"
	is "$(exact "$scratch/t" | cksum)" "$(exact "$scratch/w" | cksum)"
}

@test "resume of a finished run says so" {
	run -0 --separate-stderr "$iovabench" resume "$whole"
	is "$output" ""
	is "$stderr" "$whole: this run is finished; nothing was run"
	cp -r "$whole" "$scratch/t"
	rm "$scratch/t/report.html"
	run -0 "$iovabench" resume -q "$scratch/t"
	[ -s "$scratch/t/report.html" ]
}

@test "a folder without a run is exit code 2" {
	run -2 "$iovabench" resume "$scratch/missing"
	has "$output" "$scratch/missing: No such file or directory"
	mkdir "$scratch/empty"
	run -2 "$iovabench" resume "$scratch/empty"
	has "$output" "$scratch/empty: no run was begun here"
	is "$(ls "$scratch/empty")" ""
	run -2 "$iovabench" resume
}

@test "two programs never work in one folder" {
	killed_at 0
	run -2 flock "$scratch/t/rounds.jsonl" "$iovabench" resume "$scratch/t"
	has "$output" "$scratch/t: another iovabench works in this folder"
	run -0 "$iovabench" resume -q "$scratch/t"
}

@test "resume works from any folder" {
	killed_at 0
	program=$(realpath "$iovabench")
	cd "$scratch"
	run -0 "$program" resume -q t
	is "$(lines)" 14
}

# Nothing is run: the journal stays as it was.
refused() { # message
	before=$(cksum <"$scratch/t/rounds.jsonl")
	run -2 "$iovabench" resume "$scratch/t"
	has "$output" "$1"
	[ ! -e "$scratch/t/result.json" ]
	is "$(cksum <"$scratch/t/rounds.jsonl")" "$before"
}

@test "a workload, plugin or recording that changed is named before anything is run" {
	cp $tiny "$scratch/w.yaml"
	cp "$plugins/slow.so" "$scratch/p.so"
	cp workloads/traces/*.iovatrace "$scratch"
	recording=$(basename "$(printf '%s\n' "$scratch"/*.iovatrace | head -n 1)")
	printf '%s\n' 'iovabench: 1' 'name: played' "phases: [{name: p, trace: {file: $recording}}]" >"$scratch/r.yaml"
	"$iovabench" run "$scratch/w.yaml" "$scratch/r.yaml" -a "$scratch/p.so" --ops 20 --rounds 1 --audit off \
		--latency off --stall 600 -q -o "$scratch/t"
	is "$(jq -r '.inputs[].path' "$scratch/t/run.json" | sed 's,.*/,,' | tr '\n' ' ')" "w.yaml r.yaml $recording p.so "
	cp "$scratch/t/rounds.jsonl" "$scratch/kept.jsonl"
	rm "$scratch/t/result.json"
	head -n 1 "$scratch/kept.jsonl" >"$scratch/t/rounds.jsonl"
	for file in w.yaml r.yaml "$recording" p.so; do
		cp "$scratch/$file" "$scratch/kept"
		printf x >>"$scratch/$file"
		refused "$scratch/$file changed since this run was begun: start a new one"
		rm "$scratch/$file"
		refused "$scratch/$file cannot be read any more since this run was begun: start a new one"
		mv "$scratch/kept" "$scratch/$file"
	done
	run -0 "$iovabench" resume -q "$scratch/t"
	is "$(lines)" "$(wc -l <"$scratch/kept.jsonl")"
}

@test "another build does not go on" {
	killed_at 0
	edits 's/"build_hash": "0x[0-9a-f]*"/"build_hash": "0x1"/' "$scratch/t/run.json"
	run -2 "$iovabench" resume "$scratch/t"
	has "$output" "run.json: digest: is not that of the content"
	edits 's/"digest"/"once"/' "$scratch/t/run.json"
	run -2 "$iovabench" resume "$scratch/t"
	has "$output" "this run was begun by another build of iovabench"
}

@test "a program is known by the ID of its build, and without one by its bytes" {
	killed_at 0
	objcopy --dump-section .note.gnu.build-id="$scratch/id" "$iovabench" "$scratch/same"
	run -0 "$scratch/same" resume -q "$scratch/t"
	head -c 19 "$scratch/id" >"$scratch/other-id"
	tail -c +20 "$scratch/id" | tr '\000-\377' '\001-\377\000' >>"$scratch/other-id"
	objcopy --update-section .note.gnu.build-id="$scratch/other-id" "$iovabench" "$scratch/other"
	killed_at 0
	run -2 "$scratch/other" resume "$scratch/t"
	has "$output" "this run was begun by another build of iovabench"
	tr '\003' '\004' <"$scratch/id" >"$scratch/no-id"
	objcopy --update-section .note.gnu.build-id="$scratch/no-id" "$iovabench" "$scratch/none"
	run -2 "$scratch/none" resume "$scratch/t"
	has "$output" "this run was begun by another build of iovabench"
	rm -r "$scratch/t"
	run -0 "$scratch/none" run -q -a buddy --ops 1k --rounds 0 -o "$scratch/t" $tiny
}

@test "another machine does not go on" {
	killed_at 0
	edits 's/"digest"/"once"/' "$scratch/t/run.json"
	cp "$scratch/t/run.json" "$scratch/here"
	edits 's/"node": "0x[0-9a-f]*"/"node": "0x1"/' "$scratch/t/run.json"
	run -2 "$iovabench" resume "$scratch/t"
	has "$output" "this run was begun on another machine, or under another host name ("
	# What an older version began does not tell.
	cp "$scratch/here" "$scratch/t/run.json"
	edits '/"node"/d' "$scratch/t/run.json"
	run -0 "$iovabench" resume -q "$scratch/t"
}

@test "a run.json that is none is named with its key" {
	killed_at 0
	edits 's/"rounds": "3"/"rounds": "three"/' "$scratch/t/run.json"
	run -2 "$iovabench" resume "$scratch/t"
	has "$output" "run.json: options.rounds: --rounds 'three': takes a whole number from 0"
}

@test "rounds form Latin squares: with three arms every arm stands once at every place" {
	"$iovabench" run $tiny -a rbtree -a buddy -a bitmap --rounds 4 --audit off --latency off -q -o "$scratch/t"
	# Four processes in a round, the harness among them; four rounds are one square.
	for place in 0 1 2 3; do
		is "$(jq -r .spec "$scratch/t/rounds.jsonl" | awk -v p=$place 'NR % 4 == p' | sort -u | wc -l)" 4
	done
}
