#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Reports from the field: workloads/field shows each symptom, docs/field.md tells of each, and what tests/field has of posted
# workloads plays as it should.

load helpers

lacks() { # text part
	[[ $1 != *"$2"* ]]
}

# The figure of an arm of a workload of tests/field, in the audit alone.
figure() { # file spec path
	"$iovabench" run tests/field/"$1".yaml -a "$2" --rounds 0 -q -o "$(mktemp -d "$scratch/XXXXXX")/result" --json - | jq -r ".arms[0].$3"
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

@test "what was posted is right, but for a recording that is not there" {
	for file in tests/field/*.yaml; do
		[ "$file" = tests/field/y30-replay-page.yaml ] || run -0 "$iovabench" check "$file"
	done
}

@test "what was posted fails as it did, and is told so" {
	[ "$(figure y06-swiotlb-segment bitmap failures.impossible)" -gt 0 ]
	is "$(figure y07-swiotlb-2k bitmap failures.total)" 0
	is "$(figure y11-mask30 bitmap failures.first.window_occupancy)" 1
	is "$(figure y13-size-fallback buddy failures.total)" 0
	is "$(figure y14-direction 'rbtree:fit=first' failures.total)" 0
	[ "$(figure y16-lazy-single-small lazy:queue=single+linux failures.held)" -gt 10000 ]
	is "$(figure y17-old-gate linux:gate=old failures.total)" 0
	is "$(figure y22-iova-39bit linux failures.impossible)" 10
	is "$(figure y24-maple-aligned-hole linux failures.total)" 0
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

@test "an allocator that cannot place from an end is n/a, and says why" {
	run -6 "$iovabench" run tests/field/y14-direction.yaml -a rbtree --rounds 0 -o "$scratch/direction"
	has "$output" "a place from the bottom, which rbtree does not honour"
}
