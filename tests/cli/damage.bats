#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A result that was damaged or changed is refused by every command that reads one, and so is a journal.

load helpers

setup_file() {
	export parts=$BATS_FILE_TMPDIR
	for name in a b; do
		"${BUILD:-build}/iovabench" run tests/cli/tiny.yaml -a buddy --rounds 1 --ops 1k -q -o "$parts/$name"
	done
	"${BUILD:-build}/iovabench" run tests/cli/tiny.yaml -a bitmap --rounds 1 --ops 1k -q -o "$parts/c"
}

flipped() { # filter: result.json of b with another figure and the old digest
	cp -r "$parts/b" "$scratch/b"
	jq "$1" "$parts/b/result.json" >"$scratch/b/result.json"
	[ "$(jq -S . "$scratch/b/result.json")" != "$(jq -S . "$parts/b/result.json")" ]
}

refuses() { # command line…
	run -2 --separate-stderr "$iovabench" "$@"
	has "$stderr" "$scratch/b/result.json: result: digest: is not that of the content: it was damaged, or changed"
}

@test "one figure that is another one is refused by all, and the file is named" {
	flipped '.arms[0].throughput.operations += 1'
	refuses report "$scratch/b"
	refuses compare "$parts/a" "$scratch/b"
	refuses compare "$scratch/b" "$parts/a"
	refuses gate --baseline "$parts/a" "$scratch/b"
	refuses gate --baseline "$scratch/b" "$parts/a"
	refuses merge "$parts/a" "$scratch/b" -o "$scratch/t"
	refuses resume "$scratch/b"
	[ ! -e "$scratch/t" ]
}

@test "a digest that is another one, or none at all, is no digest" {
	for other in '"0x0000000000000000"' '""' 1 '[]'; do
		rm -rf "$scratch/b"
		flipped ".digest = $other"
		refuses report "$scratch/b"
	done
}

@test "order and white space are not part of a result" {
	mkdir "$scratch/b"
	jq -S --tab . "$parts/b/result.json" >"$scratch/b/result.json"
	run -0 --separate-stderr "$iovabench" report "$scratch/b"
	is "$stderr" ""
}

@test "a result of an older version has no digest, which is told and goes" {
	mkdir "$scratch/b"
	jq 'del(.digest)' "$parts/b/result.json" >"$scratch/b/result.json"
	run -0 --separate-stderr "$iovabench" report "$scratch/b"
	has "$stderr" "note: $scratch/b/result.json has no digest, as older versions wrote it: damage would not be noticed"
	run --separate-stderr "$iovabench" compare "$parts/a" "$scratch/b"
	has "$stderr" "has no digest"
	has "$output" "throughput.raw_ns_per_op"
}

@test "a result of 270 MB is read, and 100 GiB that are none are not" {
	{
		printf '{'
		head -c 270000000 /dev/zero | tr '\0' ' '
		tail -c +2 "$parts/b/result.json"
	} >"$scratch/large.json"
	run -0 --separate-stderr "$iovabench" report "$scratch/large.json"
	is "$stderr" ""
	run -0 "$iovabench" gate --baseline "$scratch/large.json" "$parts/b"
	rm "$scratch/large.json"
	truncate -s 100G "$scratch/none.json" 2>/dev/null || skip "no files of 100 GiB here"
	run -2 timeout 20 "$iovabench" report "$scratch/none.json"
	has "$output" "none.json: result:1:1: not JSON"
	printf '{' | dd of="$scratch/none.json" conv=notrunc status=none
	run -2 timeout 20 "$iovabench" report "$scratch/none.json"
	has "$output" "bytes, the most that is read here"
}

@test "what report writes as json has a digest of its own" {
	"$iovabench" report "$parts/b" --format json -o "$scratch/again.json"
	cmp "$scratch/again.json" "$parts/b/result.json"
}

@test "a damaged line of a journal is not merged" {
	cp -r "$parts/b" "$scratch/b"
	edits '2s/"round":0/"round":1/' "$scratch/b/rounds.jsonl"
	run -2 --separate-stderr "$iovabench" merge "$parts/c" "$scratch/b" -o "$scratch/t"
	has "$stderr" "$scratch/b/rounds.jsonl:2: its checksum is not that of the line: it was damaged, or changed"
	[ ! -e "$scratch/t" ]
	# Older versions had none.
	edits 's/,"sum":"0x[0-9a-f]*"}$/}/' "$scratch/b/rounds.jsonl"
	run -0 "$iovabench" merge "$parts/c" "$scratch/b" -o "$scratch/t"
}

@test "run.json with another number is refused" {
	cp -r "$parts/b" "$scratch/b"
	rm "$scratch/b/result.json"
	edits 's/"rounds": "1"/"rounds": "9"/' "$scratch/b/run.json"
	run -2 "$iovabench" resume "$scratch/b"
	has "$output" "b/run.json: digest: is not that of the content"
}
