#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every workload that is shipped: played on every built-in, documented, and found by the program where it is installed.

load helpers

# A sanitizer takes ten times as long: one of each kind, and the layers.
played=(-a all -a linux -a linux-strict -a magazine+rbtree -a lazy+magazine+buddy)
! sanitized || played=(-a buddy -a bitmap -a segregated -a leaf -a linux -a magazine+rbtree -a lazy+magazine+buddy)

# Scripts and recordings do not follow --ops: one repetition of them is enough.
play() { # workload
	local sweeps=()
	case $1 in
	*/comb.yaml) sweeps=(--sweep 'phases.comb.script.0.repeat=1') ;;
	*/video-pool.yaml) sweeps=(--sweep 'phases.changes.script.0.repeat=20') ;;
	esac
	grep -q '^  - {name: replay' "$1" && sweeps=(--sweep phases.replay.trace.repeat=1)
	"$iovabench" run "$1" "${played[@]}" \
		--ops 5k --rounds 0 "${sweeps[@]}" -q -o "$scratch/$(basename "$1" .yaml)"
}

@test "every shipped workload is played on every built-in and on the layers: all expectations met, no violation" {
	for file in workloads/*.yaml; do
		run -0 play "$file"
		result=$scratch/$(basename "$file" .yaml)
		is "$(arms "$result" .state | sort -u) in $file" "ok in $file"
		is "$(arms "$result" .audit.violations | sort -u) in $file" "0 in $file"
		[ "$(arms "$result" .audit.ops | sort -n | tail -1)" -gt 0 ]
		[ "$(arms "$result" .spec | wc -l)" -ge 7 ]
	done
}

@test "all of them are played in one command" {
	run -0 "$iovabench" run workloads/*.yaml -a buddy --ops 1k --rounds 0 -q -o "$scratch/all"
	is "$(arms "$scratch/all" .state | sort -u)" ok
	is "$(jq '.workloads[].file' "$scratch/all/result.json" | sort -u | wc -l)" "$(find workloads -maxdepth 1 -name '*.yaml' | wc -l)"
}

@test "a workload that is installed is listed with its line" {
	prefix=$scratch/prefix
	mkdir -p "$prefix/bin" "$prefix/share/iovabench"
	cp "$iovabench" "$prefix/bin"
	cp -r workloads "$prefix/share/iovabench"
	cd "$scratch"
	run -0 --separate-stderr "$prefix/bin/iovabench" list workloads --json
	is "$stderr" ""
	is "$(jq length <<<"$output")" "$(find "$prefix/share/iovabench/workloads" -maxdepth 1 -name '*.yaml' | wc -l)"
	is "$(jq '[.[] | select(.about == "")] | length' <<<"$output")" 0
	is "$(jq -r '.[0].name' <<<"$output")" "$prefix/share/iovabench/workloads/adl-objects.yaml"
}

@test "workloads as people in the field write them, with which the fuzzer begins, are workloads" {
	for file in tests/fuzz/corpus/workload/field-*.yaml; do run -0 "$iovabench" check "$file"; done
}
