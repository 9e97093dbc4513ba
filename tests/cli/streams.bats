#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the harness itself must bear whatever a workload asks for, from the command line.

load helpers

@test "the oldest are freed before a fill by occupancy, and no arm is blamed for it" {
	for between in 'free: {until: {live: 5}, victims: fifo}' 'mix: [{request: r}], ops: 10k, victims: fifo, burst: 7'; do
		printf '%s\n' 'iovabench: 1' 'name: oldest' 'space: {size: 4GiB}' 'requests: [{name: r, size: {fixed: 4KiB}}]' 'phases:' \
			'  - {name: few, mix: [{request: r}], until: {live: 100}}' "  - {name: between, $between}" \
			'  - {name: full, mix: [{request: r}], until: {occupancy: 1%}}' \
			'  - {name: turn, mix: [{request: r}], ops: 50k, victims: fifo, burst: 3}' >"$scratch/w.yaml"
		run -0 "$iovabench" run "$scratch/w.yaml" -a all --rounds 1 --latency off -q -o "$scratch/${between%%:*}"
		is "$(arms "$scratch/${between%%:*}" .state | sort -u)" ok
	done
}
