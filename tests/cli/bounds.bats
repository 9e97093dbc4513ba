#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Between which figures allocators lie: what the stream needs, and the best packing that was found offline.

load helpers

figure() { # folder, figure
	jq -c "[.arms[].bounds.$2]" "$1/result.json"
}

@test "a stream that was worked out: the floors, the packing behind the hole, what arms have above it" {
	run -0 "$iovabench" run tests/cli/bounds.yaml -a bitmap -a buddy --rounds 0 --bounds on -o "$scratch/hand"
	# Three aligned extents have a table each, and 509 pages of each are left for b and c. They begin at 1024 pages from each other.
	is "$(figure "$scratch/hand" page_table_leaf_floor)" "[3,3]"
	is "$(figure "$scratch/hand" span_floor_pages)" "[1025,1025]"
	# The first table has a hole in front, so that the aligned ones begin at 512: four tables, and pages 1 to 1537 with b at 1.
	is "$(figure "$scratch/hand" page_table_leaf_packed)" "[4,4]"
	is "$(jq '[.arms[] | .fragmentation.page_table_ever_leaf_pages / .bounds.page_table_leaf_packed == .bounds.page_table_leaf_ratio] | all' "$scratch/hand/result.json")" true
	# Nine pages at most, two in one extent: 9 (1/2 + 1) - 2 + 1, and for a buddy as many and one half.
	is "$(figure "$scratch/hand" robson_pages)" "[12.5,12.5]"
	is "$(figure "$scratch/hand" robson_buddy_pages)" "[13.5,13.5]"
	has "$output" "bounds: leaf tables ever: at least 3, 4 in the best packing found offline: bitmap 4, buddy 4"
	has "$(cat "$scratch/hand/report.html")" "in the best packing found offline"
}

@test "no arm that serves everything lies below the floor, and packings are between" {
	for file in workloads/mixed-sizes.yaml workloads/nvme-qd128.yaml workloads/limits/align-mix.yaml \
		workloads/field/13-align-above-size.yaml; do
		name=$(basename "$file" .yaml)
		run -0 "$iovabench" run "$file" -a buddy -a rbtree:fit=best -a leaf -a linux-lazy --ops 3k --rounds 0 --bounds on -q -o "$scratch/$name"
		is "$(jq '[.arms[] | select(.state == "ok" and .failures.total == 0) | .bounds.page_table_leaf_floor <= .fragmentation.page_table_ever_leaf_pages and
			.bounds.span_floor_pages <= .space.span_pages] | all and length > 0' "$scratch/$name/result.json") $name" "true $name"
		is "$(jq '[.arms[].bounds | select(.page_table_leaf_packed) | .page_table_leaf_floor <= .page_table_leaf_packed and
			.span_floor_pages <= .span_packed_pages] | all and length > 0' "$scratch/$name/result.json") $name" "true $name"
	done
}

@test "why there are none" {
	run -0 "$iovabench" run tests/cli/bounds.yaml -a bitmap --rounds 0 -q -o "$scratch/unasked"
	is "$(figure "$scratch/unasked" page_table_leaf_floor_reason)" '["not asked for: --bounds on"]'
	run -0 "$iovabench" run workloads/gpu-paging.yaml -a buddy --ops 1k --rounds 0 --bounds on -q -o "$scratch/calls"
	has "$(figure "$scratch/calls" page_table_leaf_floor_reason)" "driver calls"
	run -0 "$iovabench" run workloads/laws/01-robson-64-16.yaml -a buddy --rounds 0 --bounds on -q -o "$scratch/adaptive"
	has "$(figure "$scratch/adaptive" span_floor_pages_reason)" "what is asked depends"
	run -0 "$iovabench" run workloads/comb.yaml -a buddy --rounds 0 --bounds on -q -o "$scratch/long"
	has "$(figure "$scratch/long" page_table_leaf_packed_reason)" "--ops makes the stream shorter"
	is "$(figure "$scratch/long" page_table_leaf_floor)" "[40]"
	run -2 "$iovabench" run tests/cli/bounds.yaml -a bitmap --bounds maybe -o "$scratch/none"
	has "$output" "--bounds"
}
