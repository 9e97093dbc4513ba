#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A result that zstd has packed is read as it is, by every command that reads results.

load helpers

setup_file() {
	bats_require_minimum_version 1.5.0
	made=$BATS_FILE_TMPDIR/made
	"${BUILD:-build}/iovabench" run tests/cli/tiny.yaml -a buddy -a bitmap --rounds 1 -q -o "$made"
	mkdir "$BATS_FILE_TMPDIR/packed"
	zstd -q -19 "$made/result.json" -o "$BATS_FILE_TMPDIR/packed/result.json.zst"
}

setup() {
	made=$BATS_FILE_TMPDIR/made packed=$BATS_FILE_TMPDIR/packed
}

@test "every command that reads a result reads a packed one: its file, its folder, standard input" {
	for from in "$packed" "$packed/result.json.zst"; do
		is "$("$iovabench" report "$from" --format json | cksum)" "$(cksum <"$made/result.json")"
		is "$("$iovabench" plot forest "$from" | cksum)" "$("$iovabench" plot forest "$made" | cksum)"
		is "$("$iovabench" compare "$from:buddy" "$from:bitmap" --json | cksum)" "$("$iovabench" compare "$made:buddy" "$made:bitmap" --json | cksum)"
		run -0 "$iovabench" gate --baseline "$from" "$made"
	done
	is "$("$iovabench" report - --format json <"$packed/result.json.zst" | cksum)" "$(cksum <"$made/result.json")"
}

@test "what is damaged, cut off, or packed and no result is told with the file's name" {
	head -c 1000 "$packed/result.json.zst" >"$scratch/cut.zst"
	run -2 --separate-stderr "$iovabench" report "$scratch/cut.zst"
	has "$stderr" "$scratch/cut.zst: cut off at byte 1000"
	{ head -c 4 "$packed/result.json.zst"; printf "%01000d" 0; } >"$scratch/bad.zst"
	run -2 --separate-stderr "$iovabench" report "$scratch/bad.zst"
	has "$stderr" "$scratch/bad.zst: byte "
	echo text | zstd -q >"$scratch/text.zst"
	run -2 --separate-stderr "$iovabench" report "$scratch/text.zst"
	has "$stderr" "$scratch/text.zst: result:1:4: not JSON"
}
