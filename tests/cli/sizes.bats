#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the harness does per operation does not grow with the sizes of extents, nor with how many live.

load helpers

@test "20,000 operations of 1 TiB are audited within seconds and in little memory" {
	no_sanitizer
	cat >"$scratch/huge.yaml" <<-'END'
		iovabench: 1
		name: huge
		space: {base: 0x0, size: 65536TiB}
		requests: [{name: any, size: {fixed: 1TiB}}]
		phases:
		  - {name: fill, mix: [{request: any}], until: {live: 1000}}
		  - {name: churn, mix: [{request: any}], ops: 20k}
	END
	timeout 30 "$iovabench" run "$scratch/huge.yaml" -a rbtree --rounds 0 --memory 64 -q -o "$scratch/huge"
	is "$(jq -c '.arms[0] | [.state, .failures.total, .audit.ops, .audit.violations]' "$scratch/huge/result.json")" '["ok",0,20000,0]'
}
