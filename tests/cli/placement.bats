#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Two implementations of one policy check each other: first fit by bitmap and by tree must put every extent at the same place.

load helpers

hash_of() { # workload spec
	"$iovabench" run "workloads/$1.yaml" -a "$2" --ops 200k --rounds 1 --latency off --audit off -q --json - -o "$scratch/$1-$2" |
		jq -r '.arms[0].audit.placement_hash'
}

@test "first fit places alike in a bitmap and in a tree" {
	for workload in mixed-sizes gpu-paging limits/ring1 limits/pow64-1k limits/pow64-10k limits/pow512-100k limits/huge-mix limits/tight-90 limits/align-mix; do
		bitmap=$(hash_of "$workload" bitmap:fit=first)
		is "$(hash_of "$workload" rbtree:fit=first)" "$bitmap"
		[[ $bitmap =~ ^0x[0-9a-f]{16}$ ]]
		[ "$bitmap" != 0x0000000000000000 ]
	done
}

@test "another policy places otherwise" {
	first=$(hash_of mixed-sizes rbtree:fit=first)
	best=$(hash_of mixed-sizes rbtree:fit=best)
	[ "$first" != "$best" ]
}
