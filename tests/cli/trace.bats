#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# iovabench trace: what a user types, and what comes out where.

setup() {
	program=${BUILD:-build}/iovabench
	folder=$(mktemp -d)
	text=$folder/two.txt
	head=' fio-7 [001] ...1. 1.5: '
	{
		echo "$head"'allocret: (x <- y) dom=0xa size=0x2 limit=0xff flush=0 ret=0x5'
		echo "$head"'allocret: (x <- y) dom=0xb size=0x4 limit=0xff flush=0 ret=0x5'
		echo "$head"'freei: (x) dom=0xa pfn=0x5 size=0x2'
	} >"$text"
}

teardown() {
	rm -rf "$folder"
}

@test "import writes a compact file that stat reads as it reads the text" {
	"$program" trace import "$text" -o "$folder/two.iovatrace" 2>"$folder/facts"
	grep -q '3 events used' "$folder/facts"
	"$program" trace stat "$text" --json 2>/dev/null | grep -v '"name"' >"$folder/a"
	"$program" trace stat "$folder/two.iovatrace" --json | grep -v '"name"' >"$folder/b"
	cmp "$folder/a" "$folder/b"
}

@test "figures go to standard output, facts of the import to standard error" {
	"$program" trace stat "$text" >"$folder/out" 2>"$folder/err"
	grep -q 'allocations  *2' "$folder/out"
	! grep -q 'events used' "$folder/out"
	grep -q 'events used' "$folder/err"
}

@test "standard input is a recording too, and one domain can be chosen" {
	run bash -c "'$program' trace stat - --domain 1 <'$text' 2>/dev/null"
	[ "$status" -eq 0 ]
	[[ $output == *"size, largest"*"4 pages"* ]]
}

@test "a damaged compact file is refused with its position" {
	"$program" trace import "$text" -o "$folder/two.iovatrace" 2>/dev/null
	printf 'x' | dd of="$folder/two.iovatrace" bs=1 seek=90 conv=notrunc 2>/dev/null
	run "$program" trace stat "$folder/two.iovatrace"
	[ "$status" -eq 2 ]
	[[ $output == *"two.iovatrace: "*"byte"*"checksum"* ]]
}

@test "a line that cannot be read is told with file and line, and nothing is written" {
	echo "$head"'freei: (x) dom=0xa' >>"$text"
	run "$program" trace import "$text" -o "$folder/two.iovatrace"
	[ "$status" -eq 2 ]
	[[ $output == *"two.txt:4: no number pfn="* ]]
	[ ! -e "$folder/two.iovatrace" ]
}

@test "usage errors exit with 2 and say what is wanted" {
	run "$program" trace imprt x
	[ "$status" -eq 2 ]
	[[ $output == *"did you mean import"* ]]
	run "$program" trace import "$text"
	[ "$status" -eq 2 ]
	[[ $output == *"-o OUT.iovatrace is missing"* ]]
	run "$program" trace stat "$text" --domain x
	[ "$status" -eq 2 ]
}

@test "a file that cannot be written exits with 7" {
	run "$program" trace import "$text" -o "$folder/nowhere/two.iovatrace"
	[ "$status" -eq 7 ]
}

@test "help goes to standard output" {
	run bash -c "'$program' trace --help 2>/dev/null"
	[ "$status" -eq 0 ]
	[[ $output == *"iovabench trace import FILE"* ]]
}
