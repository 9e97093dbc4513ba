#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Reports from the field: workloads/field shows each symptom, docs/field.md tells of each, and what tests/field has of posted
# workloads plays as it should.

load helpers

lacks() { # text part
	[[ $1 != *"$2"* ]]
}

@test "every report is seen on the allocators that it speaks of" {
	BUILD=$(dirname "$iovabench") run tests/field/run
	is "$status" 0
	lacks "$output" ' NO '
	is "$(grep -c '^[0-9][0-9]-' <<< "$output")" "$(cat workloads/field/*.yaml | grep -c 'allocator:')"
}

@test "a symptom that is gone is told, and makes exit code 1" {
	sed 's/is: 41/is: 40/' workloads/field/03-old-gate.yaml > "$scratch/gone.yaml"
	BUILD=$(dirname "$iovabench") run -1 tests/field/run "$scratch/gone.yaml"
	has "$output" ' NO '
}

@test "docs/field.md has every report, by its file, title and symptom" {
	for file in workloads/field/*.yaml; do
		grep -q "^| \`$(basename "$file" .yaml)\` | " docs/field.md
	done
	is "$(grep -c '^| `' docs/field.md)" "$(find workloads/field -name '*.yaml' | wc -l)"
}

# What of the rows of a file does not hold goes to standard output.
check_posted() { # file
	local arguments=() name spec figure comparison value got
	while IFS= read -r spec; do arguments+=(-a "$spec"); done < <(sed -n "s/^$1 | \([^|]*\) | .*/\1/p" tests/field/table | sort -u)
	"$iovabench" run "tests/field/$1.yaml" "${arguments[@]}" --rounds 0 -q --json "$scratch/$1.json" -o "$scratch/$1" > "$scratch/said" 2>&1 ||
		[ $? -le 1 ] || cat "$scratch/said"
	while IFS='|' read -r name spec figure comparison value; do
		got=$(jq --arg spec "${spec// /}" "[.arms[] | select(.spec == \$spec)][0].${figure// /}" "$scratch/$1.json")
		jq -en "$got ${comparison/=/==} $value" > /dev/null || echo "$1 on $spec: $figure is $got, wanted $comparison $value"
	done < <(grep "^$1 |" tests/field/table)
}

@test "what was posted plays as it should, every file" {
	for file in tests/field/*.yaml; do
		name=$(basename "$file" .yaml)
		[ "$name" = y30-replay-page ] && continue
		grep -q "^$name |" tests/field/table
		run check_posted "$name"
		is "$output" ""
	done
}

@test "a recording of 4 KiB pages is refused in a space of 16 KiB pages" {
	cp tests/field/y30-replay-page.yaml "$scratch/"
	cp workloads/traces/nvme.lazy.iovatrace "$scratch/"
	run -2 "$iovabench" run "$scratch/y30-replay-page.yaml" -a buddy -o "$scratch/page"
	has "$output" "nvme.lazy.iovatrace was recorded in pages of 4 KiB, and the space has pages of 16 KiB"
	[ ! -e "$scratch/page" ]
	sed -i 's/page: 16KiB, //' "$scratch/y30-replay-page.yaml"
	run -0 "$iovabench" check "$scratch/y30-replay-page.yaml"
}

@test "a CPU that left is a phase of the result" {
	run -0 "$iovabench" run tests/field/y15-cpu-offline.yaml -a magazine+linux --rounds 0 -q --json "$scratch/offline" -o "$scratch/off"
	is "$(jq -r '.arms[0].phases[1].name' "$scratch/offline")" off
}

@test "no rounding is blamed where nothing rounds, and other phases that failed are in the table" {
	run -0 "$iovabench" run tests/field/y09-tce-halves.yaml -a bitmap --rounds 0 -o "$scratch/halves"
	lacks "$output" "its rounding"
	has "$output" "of what its limits leave"
	run -0 "$iovabench" run tests/field/y31-rknpu.yaml -a buddy --rounds 0 -o "$scratch/npu"
	has "$output" "9 frag +2"
	run -0 "$iovabench" run tests/field/y16-lazy-single-small.yaml -a lazy:queue=single+linux --rounds 0 -o "$scratch/queue"
	has "$output" "pages cached or waiting for a flush"
}

@test "what waits is told neither to want too much nor to have no operations, and what fell back is counted" {
	run -0 "$iovabench" run workloads/laws/22-queue.yaml -a rbtree --rounds 0 --json "$scratch/queue.json" -o "$scratch/waits"
	lacks "$output" "over capacity"
	lacks "$output" "(0 operations"
	has "$output" "(operations by what is answered, "
	is "$(jq -c '.arms[0].space | [.over_capacity, .demand_ratio]' "$scratch/queue.json")" '[null,null]'
	run -0 "$iovabench" run workloads/field/11-size-fallback.yaml -a buddy --rounds 0 -o "$scratch/halves"
	has "$output" "buddy: 32 requests that a smaller size served"
}

@test "an allocator that cannot place from an end is n/a, and says why" {
	run -6 "$iovabench" run tests/field/y14-direction.yaml -a rbtree --rounds 0 -o "$scratch/direction"
	has "$output" "a place from the bottom, which rbtree does not honour"
}
