#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Plugins that make peers makes of unmodified kernel files: each is right by what it promises. Without them all of this skips.

load helpers

setup() {
	peers=${BUILD:-build}/peers
	case $peers in /*) ;; *) peers=./$peers ;; esac
	[ -e "$peers/genalloc.so" ] || skip "there are no peers: make peers, with linux-source installed"
}

# No result is made here that is held against the schema.
teardown_file() { :; }

@test "peers keep the rules of the contract, by their promises" {
	for spec in drm_mm.so:mode={best,low,high,evict} drm_buddy.so drm_buddy.so:trim=no drm_buddy.so:topdown=yes \
		genalloc.so:fit={first,best} "genalloc.so:fit=order --promise bounded"; do
		read -r spec promise <<<"$spec"
		# shellcheck disable=SC2086 # an option and its value
		run -0 "$iovabench" verify "$peers/$spec" $promise --shrink off
		has "$output" " 0 broken"
	done
	# Linux remembers the size that failed: docs/fidelity.md.
	for spec in linux_iova.so linux_iova.so:locks=yes; do
		run -3 "$iovabench" verify "$peers/$spec" --shrink off
		is "$(grep -c '^  broken ' <<<"$output")" 1
		has "$output" "a failure changes nothing"
	done
}

@test "peers tell version and hash of their sources, and play beside ours" {
	for peer in linux_iova drm_mm drm_buddy genalloc; do
		run -0 "$iovabench" describe "$peers/$peer.so"
		[[ $output =~ \.c\ of\ Linux\ [0-9]+\.[0-9]+\.[0-9]+,\ sha256\ [0-9a-f]{16} ]]
	done
	cat >"$scratch/mix.yaml" <<-'YAML'
		iovabench: 1
		name: mix
		space: {base: 4KiB, size: 64MiB}
		requests:
		  - {name: page, size: {fixed: 4KiB}}
		  - {name: block, size: {uniform: {min: 8KiB, max: 256KiB}}, align: natural}
		phases:
		  - {name: fill, mix: [{request: page}, {request: block}], until: {live: 200}}
		  - {name: churn, mix: [{request: page}, {request: block}], ops: 5k}
	YAML
	local arms=(-a buddy)
	for peer in linux_iova drm_mm drm_buddy genalloc; do arms+=(-a "$peers/$peer.so"); done
	"$iovabench" run "$scratch/mix.yaml" "${arms[@]}" --rounds 0 -q -o "$scratch/t" || { [ $? -eq 5 ]; }
	is "$(arms "$scratch/t" .state | sort -u)" ok
	# One that searches for the smallest hole, and one that takes the lowest, do not place alike.
	is "$(arms "$scratch/t" .audit.placement_hash | sort -u | wc -l)" 5
}
