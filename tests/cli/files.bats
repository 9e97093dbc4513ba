#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is named as a file and is none, and what lies in the way of the files that are written.
# shellcheck disable=SC2154,SC2164
load helpers

# Every way in which a command line or a workload names a file to read; the file is $1. Within five seconds and a tenth of a
# gigabyte: nobody waits for a pipe, and nobody reads what cannot be right.
readers=(check expand run aperture policy report compare baseline stat import recording plugin calibrate)
read_with() { # reader file
	local command=()
	case $1 in
	check | expand) command=("$1" "$2") ;;
	run) command=(run "$2" -o "$scratch/out" --rounds 0) ;;
	aperture) command=(aperture "$2") ;;
	policy) command=(gate --selftest --policy "$2") ;;
	report) command=(report "$2") ;;
	compare) command=(compare "$2" "$2") ;;
	baseline) command=(gate --baseline "$2" "$2") ;;
	stat) command=(trace stat "$2") ;;
	import) command=(trace import "$2" -o "$scratch/out.iovatrace") ;;
	recording)
		printf 'iovabench: 1\nname: replay\nphases: [{name: replay, trace: {file: "%s"}}]\n' "$2" >"$scratch/replay.yaml"
		command=(run "$scratch/replay.yaml" -o "$scratch/out" --rounds 0)
		;;
	plugin) command=(run "$tiny" -a "$2" -o "$scratch/out" --rounds 0) ;;
	calibrate) command=(calibrate --null -o "$scratch/cal" "$2") ;;
	esac
	rm -rf "$scratch/out" "$scratch/cal"
	(
		ulimit -v 1000000
		timeout 20 "$iovabench" "${command[@]}"
	)
}

refuses() { # file message
	for reader in "${readers[@]}"; do
		echo "$reader"
		run -2 read_with "$reader" "$1"
		has "$output" "$2"
		[ ! -e "$scratch/out.iovatrace" ]
	done
}

@test "a pipe is refused and not waited for" {
	no_sanitizer
	mkfifo "$scratch/pipe"
	refuses "$scratch/pipe" "pipe: is a pipe, not a file"
}

@test "a device is refused and not read" {
	no_sanitizer
	refuses /dev/zero "/dev/zero: is a device, not a file"
}

@test "a folder is refused with the same code by all" {
	no_sanitizer
	mkdir "$scratch/folder"
	refuses "$scratch/folder" "$scratch/folder"
}

@test "a file that is not there is refused with the same code by all" {
	no_sanitizer
	refuses "$scratch/nowhere" "nowhere: cannot open: No such file or directory"
}

@test "a file of 100 GiB is refused by its first bytes or its size" {
	no_sanitizer
	truncate -s 100G "$scratch/huge" 2>/dev/null || skip "no files of 100 GiB here"
	readers=(check expand run aperture policy report compare baseline recording calibrate)
	refuses "$scratch/huge" "$scratch/huge"
	# The right first bytes, and nothing behind them.
	printf '\x89IOVA\r\n\x1a' | dd of="$scratch/huge" conv=notrunc status=none
	readers=(recording stat)
	refuses "$scratch/huge" "$scratch/huge: version 0"
}

@test "a recording that is longer than its header lets it be is not read" {
	no_sanitizer
	cp workloads/traces/*.iovatrace "$scratch"
	for file in "$scratch"/*.iovatrace; do
		truncate -s 900M "$file"
		run -2 read_with recording "$file"
		has "$output" "the most that is read here"
	done
}

@test "a compact recording is told from standard input, too" {
	file=$(find workloads/traces -name '*.iovatrace' | sort | head -n 1)
	is "$("$iovabench" trace stat - <"$file" | tail -n +2)" "$("$iovabench" trace stat "$file" | tail -n +2)"
}

@test "streams of the shell are inputs" {
	run -0 "$iovabench" check <(cat "$tiny")
	run -0 "$iovabench" check - <"$tiny"
}

begin() {
	timeout 60 "$iovabench" run "$tiny" -a buddy --rounds 1 --ops 1k -q -o "$scratch/t" "$@"
}

@test "pipes and links in the folder of a run cost it nothing, and victims stay" {
	mkdir "$scratch/t"
	for name in run.json result.json series.csv tiny-buddy.hlog report.html run.json.partial result.json.partial report.html.partial; do
		echo precious >"$scratch/victim-$name"
	done
	for name in run.json.partial report.html report.html.partial result.json.partial tiny-buddy.hlog; do
		ln -s "../victim-$name" "$scratch/t/$name"
	done
	mkfifo "$scratch/t/series.csv"
	begin
	for file in "$scratch"/victim-*; do
		is "$(cat "$file")" precious
	done
	for name in run.json result.json series.csv tiny-buddy.hlog report.html; do
		[ -f "$scratch/t/$name" ] && [ ! -L "$scratch/t/$name" ]
	done
	"$iovabench" report "$scratch/t" >/dev/null
}

@test "a link under the name of an output is replaced, a device is written to" {
	begin
	echo precious >"$scratch/victim"
	for name in a b c d; do ln -s victim "$scratch/$name"; done
	"$iovabench" report "$scratch/t" -o "$scratch/a" --format md
	timeout 60 "$iovabench" run "$tiny" -a buddy --rounds 0 -q -o "$scratch/u" --json "$scratch/b"
	"$iovabench" gate --baseline "$scratch/t" "$scratch/t" --junit "$scratch/c" >/dev/null
	echo ' fio-7 [001] ...1. 1.5: allocret: (x <- y) dom=0xa size=0x2 limit=0xff flush=0 ret=0x5' >"$scratch/text"
	"$iovabench" trace import "$scratch/text" -o "$scratch/d"
	is "$(cat "$scratch/victim")" precious
	for name in a b c d; do [ -f "$scratch/$name" ] && [ ! -L "$scratch/$name" ]; done
	"$iovabench" report "$scratch/t" -o /dev/null
	[ -c /dev/null ]
	is "$("$iovabench" report "$scratch/t" --format csv -o /dev/stdout | cksum)" "$("$iovabench" report "$scratch/t" --format csv | cksum)"
	"$iovabench" report "$scratch/t" --format csv -o /dev/stdout >"$scratch/csv"
	is "$(cksum <"$scratch/csv")" "$("$iovabench" report "$scratch/t" --format csv | cksum)"
}

@test "a file that cannot be written beside the result is told, costs nothing else, and resume writes it" {
	mkdir -p "$scratch/t/series.csv/in-the-way" "$scratch/t/tiny-buddy.hlog/in-the-way"
	run -7 --separate-stderr begin
	has "$stderr" "t/series.csv: cannot write: "
	has "$stderr" "t/tiny-buddy.hlog: cannot write: "
	has "$stderr" "all that was measured is in result.json: iovabench resume $scratch/t writes what is missing"
	"$iovabench" report "$scratch/t" >/dev/null
	rm -r "$scratch/t/series.csv" "$scratch/t/tiny-buddy.hlog"
	run -0 "$iovabench" resume "$scratch/t"
	[ -s "$scratch/t/series.csv" ] && [ -s "$scratch/t/tiny-buddy.hlog" ]
	is "$(jq -r '.arms[].histograms' "$scratch/t/result.json")" tiny-buddy.hlog
}

@test "a plugin with a path of 240 characters has its result, and so has a sweep of seven keys" {
	long=$(printf 'x%.0s' $(seq 230))
	mkdir "$scratch/$long"
	cp "${BUILD:-build}/plugins/example.so" "$scratch/$long/a.so"
	cp "$scratch/$long/a.so" "$scratch/$long/b.so"
	timeout 60 "$iovabench" run "$tiny" -a "$scratch/$long/a.so" -a "$scratch/$long/b.so" --rounds 1 -q -o "$scratch/t"
	is "$(jq -r '.arms[].histograms' "$scratch/t/result.json" | sort -u | wc -l)" 2
	while read -r name; do [ -s "$scratch/t/$name" ]; done < <(jq -r '.arms[].histograms' "$scratch/t/result.json")
	cat >"$scratch/seven.yaml" <<-'END'
		iovabench: 1
		name: a-sweep-of-seven-keys
		requests:
		  - {name: the-first-request, size: {fixed: 4KiB}, high: 0xffffffff}
		  - {name: the-second-request, size: {fixed: 8KiB}, high: 0xffffffff}
		phases:
		  - {name: the-fill-phase, mix: [{request: the-first-request}, {request: the-second-request}], until: {live: 10}}
		  - {name: the-churn-phase, mix: [{request: the-first-request}, {request: the-second-request}], ops: 1k, victims: random}
		sweep:
		  - {key: phases.the-fill-phase.until.live, values: [10, 20]}
		  - {key: phases.the-churn-phase.ops, values: [1k, 2k]}
		  - {key: phases.the-churn-phase.victims, values: [random]}
		  - {key: requests.the-first-request.size.fixed, values: [16KiB]}
		  - {key: requests.the-second-request.size.fixed, values: [32KiB]}
		  - {key: requests.the-first-request.high, values: [0xffffffff]}
		  - {key: requests.the-second-request.high, values: [0xffffffff]}
	END
	timeout 60 "$iovabench" run "$scratch/seven.yaml" -a buddy --rounds 1 -q -o "$scratch/u"
	is "$(jq -r '.arms[].histograms' "$scratch/u/result.json" | sort -u | wc -l)" 4
	while read -r name; do [ -s "$scratch/u/$name" ]; done < <(jq -r '.arms[].histograms' "$scratch/u/result.json")
}

@test "a limit of the size of files is an I/O error with its message, and what was measured stays" {
	no_sanitizer
	run -7 bash -c "ulimit -f 16; '$iovabench' run '$tiny' -a buddy --rounds 1 --ops 1k -q -o '$scratch/t'"
	has "$output" "File too large"
	is "$(find "$scratch/t" -name '*.partial')" ""
	run -0 "$iovabench" resume "$scratch/t"
	[ -f "$scratch/t/result.json" ] && [ -f "$scratch/t/series.csv" ] && [ -f "$scratch/t/report.html" ]
}

@test "what a killed writer left is swept away by whoever works in the folder next" {
	mkdir "$scratch/t"
	touch "$scratch/t/iovabench-123-0.partial" "$scratch/t/mine.partial"
	begin
	is "$(find "$scratch/t" -name '*.partial' -printf '%f\n')" mine.partial
}

@test "a pipe that nobody reads is not waited for" {
	mkfifo "$scratch/out"
	run timeout 60 "$iovabench" aperture $tiny --json "$scratch/out"
	is "$status" 7
	has "$output" "$scratch/out: cannot write: it is a pipe that nobody reads"
}

@test "a pipe is written once somebody reads it" {
	mkfifo "$scratch/out"
	(sleep 0.3 && cat "$scratch/out" >"$scratch/read") &
	run timeout 60 "$iovabench" aperture $tiny --json "$scratch/out"
	wait
	is "$status" 0
	is "$(jq '.apertures | length' "$scratch/read")" 3
}

@test "an arm without latencies has no log, and says so" {
	"$iovabench" run "$tiny" -a buddy --rounds 0 -q -o "$scratch/t"
	is "$(find "$scratch/t" -name '*.hlog')" ""
	is "$(arms "$scratch/t" '"\(.histograms) \(.histograms_reason)"')" "null no latency was measured"
}
