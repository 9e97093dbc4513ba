#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Driver calls from the workload to the exit code.

load helpers

calls=(gpu-paging gpu-lifecycle mdl-storm contiguous-windows adl-objects reserve-map bar-mapping mm-partial)

@test "the life of every call answers as it should, with every built-in" {
	run -0 --separate-stderr "$iovabench" run workloads/ddi-life.yaml -a all --rounds 1 --latency off -o "$scratch/t"
	is "$(arms "$scratch/t" '"\(.calls.status_mismatches) \(.audit.violations) \(.calls.leaked_handles)"' | sort -u)" "0 0 0"
	is "$(arms "$scratch/t" '[.phases[].operations.routine_calls] | add' | sort -u)" "$(grep -c '{call: ' workloads/ddi-life.yaml)"
	# Each rule that a routine without a result can break was broken.
	is "$(arms "$scratch/t" '[.phases[].calls.violations | to_entries[] | select(.value > 0) | .key] | unique | length' | sort -u)" 11
}

@test "an answer that a script does not want is a missed expectation that tells its line" {
	sed -e '0,/of: block, status: STATUS_INVALID_HANDLE/s//of: block, status: STATUS_NOT_MAPPED_VIEW/' \
		-e 's/of: adl, violation: free_adl/of: adl/' workloads/ddi-life.yaml >"$scratch/life.yaml"
	run -1 --separate-stderr "$iovabench" run "$scratch/life.yaml" -a rbtree --rounds 1 --latency off -o "$scratch/t"
	has "$output" "DxgkCbFreeContiguousMemory answered STATUS_INVALID_HANDLE, wanted STATUS_NOT_MAPPED_VIEW"
	has "$output" "DxgkCbFreeAdl broke rule free_adl, wanted none"
	has "$output" "line $(grep -n 'STATUS_NOT_MAPPED_VIEW}' "$scratch/life.yaml" | head -1 | cut -d: -f1): "
	is "$(arms "$scratch/t" .calls.status_mismatches)" 2
}

@test "every workload of driver calls plays on all built-ins without a violation" {
	files=("${calls[@]/#/workloads/}")
	run -0 --separate-stderr "$iovabench" run "${files[@]/%/.yaml}" -a all --ops 4k --rounds 1 --latency all -o "$scratch/t"
	is "$(arms "$scratch/t" '"\(.state) \(.audit.violations) \(.calls.violations.total) \(.calls.leaked_handles)"' | sort -u)" "ok 0 0 0"
	is "$(arms "$scratch/t" 'select(.allocator == "buddy") | .workload')" "$(printf '%s\n' "${calls[@]}")"
	# Samples are of the calls' own kinds.
	is "$(arms "$scratch/t" 'select(.allocator == "rbtree" and .workload == "mdl-storm") | .latency | keys[]' | tr '\n' ' ')" "mdl.alloc mdl.free "
	is "$(arms "$scratch/t" 'select(.allocator == "rbtree" and .workload == "bar-mapping") | .latency | keys[]' | tr '\n' ' ')" "map.alloc map.free "
	# The physical side is one and the same.
	is "$(arms "$scratch/t" 'select(.workload == "mm-partial") | "\(.calls.partial) \(.failures.physical)"' | sort -u | wc -l)" 1
	is "$(arms "$scratch/t" 'select(.workload == "mdl-storm") | .placement.mdl_frame_runs_mean' | sort -u | wc -l)" 1
}

@test "something fatal ends the arm, keeps its results and makes exit code 3" {
	cat >"$scratch/fatal.yaml" <<-'YAML'
		iovabench: 1
		name: fatal
		adapter: {wddm: 3.2}
		requests:
		  - {name: a, call: contiguous, size: {fixed: 4KiB}}
		  - {name: late, call: contiguous, size: {fixed: 4KiB}, irql: dispatch}
		phases:
		  - {name: churn, mix: [{request: a}], ops: 1k}
		  - {name: wrong, mix: [{request: late}], ops: 1k}
		  - {name: never, mix: [{request: a}], ops: 1k}
	YAML
	run -3 --separate-stderr "$iovabench" run "$scratch/fatal.yaml" -a rbtree --rounds 1 -o "$scratch/t"
	has "$output" "failed (driver): operation 1001: fatal driver misuse: a Dxgk call came from DISPATCH_LEVEL or above"
	is "$(arms "$scratch/t" '.phases[0].operations.allocations')" 500
	is "$(arms "$scratch/t" '"\(.calls.fatal) \(.phases[2].operations.allocations)"')" "1 null"
	# Under 3.0 the same is a broken rule and no more.
	edits 's/3.2/3.0/' "$scratch/fatal.yaml"
	run -0 --separate-stderr "$iovabench" run "$scratch/fatal.yaml" -a rbtree --rounds 1 --latency off -o "$scratch/u"
	is "$(arms "$scratch/u" '.phases[1].calls.violations.irql')" 1000
}

@test "destroying an object under a live ADL is fatal, also without an audit" {
	cat >"$scratch/fatal.yaml" <<-'YAML'
		iovabench: 1
		name: fatal
		phases:
		  - name: s
		    script:
		      - {call: DxgkCbCreatePhysicalMemoryObject, type: contiguous, size: 1MiB, open: yes, into: [object, opened]}
		      - {call: DxgkCbAllocateAdl, of: opened, size: 128KiB, into: adl}
		      - {call: DxgkCbDestroyPhysicalMemoryObject, of: [object, opened]}
	YAML
	run -3 --separate-stderr "$iovabench" run "$scratch/fatal.yaml" -a buddy --rounds 1 -o "$scratch/t"
	has "$output" "operation 3: fatal driver misuse: bug check 0x1E4 VIDEO_DXGKRNL_SYSMM_FATAL_ERROR, subcode 0x5, memory is unlocked while ADLs exist: a physical memory object was destroyed under a live ADL"
	run -3 --separate-stderr "$iovabench" run "$scratch/fatal.yaml" -a buddy --rounds 1 --audit off -o "$scratch/u"
	has "$output" "fatal driver misuse"
}

@test "in mode identity memory lies where it is, and who cannot place there is n/a" {
	cat >"$scratch/identity.yaml" <<-'YAML'
		iovabench: 1
		name: identity
		space: {size: 1GiB, mode: identity}
		physical: {size: 1GiB, scatter: 50%}
		requests:
		  - {name: a, call: adl, contiguous: require, size: {fixed: 64KiB}}
		  - {name: b, call: mdl, size: {fixed: 64KiB}}
		phases:
		  - {name: churn, mix: [{request: a}, {request: b}], ops: 2k}
	YAML
	run -6 --separate-stderr "$iovabench" run "$scratch/identity.yaml" -a buddy -a bitmap -a "$plugins/overlap.so" --rounds 1 --latency off -o "$scratch/t"
	is "$(arms "$scratch/t" '"\(.state) \(.audit.violations)"' | head -2 | sort -u)" "ok 0"
	is "$(arms "$scratch/t" .state | tail -1)" "n/a"
	has "$(arms "$scratch/t" .reason | tail -1)" "this allocator cannot place"
	# Everybody placed everything alike.
	is "$(arms "$scratch/t" 'select(.state == "ok") | .audit.placement_hash' | sort -u | wc -l)" 1
}

# The harness alone looks at no limit, and is asked all the same.
@test "driver calls with limits are measured on the harness, too" {
	for limit in "call: contiguous, low: 1MiB" "call: contiguous, boundary: 64KiB" "call: mdl, low: 1MiB" "call: adl, low: 1MiB" "call: reserve, low: 1MiB"; do
		printf 'iovabench: 1\nname: limited\nspace: {size: 4MiB}\nrequests: [{name: r, %s, size: {fixed: 4KiB}}]\nphases:\n  - {name: fill, mix: [{request: r}], until: {live: 100}}\n  - {name: churn, mix: [{request: r}], ops: 100k}\n' "$limit" >"$scratch/limited.yaml"
		run -0 --separate-stderr "$iovabench" run "$scratch/limited.yaml" -a rbtree --rounds 1 --paired off --latency off -q -o "$scratch/${limit//[^a-z]/-}"
		! grep -q "the harness alone was not measured" "$scratch/${limit//[^a-z]/-}/result.json"
	done
}

@test "what a driver does not give back is told as leaked" {
	printf 'iovabench: 1\nname: leak\nphases:\n  - name: s\n    script:\n      - {call: MmAllocatePagesForMdl, size: 64KiB, into: m}\n      - {call: MmFreePagesFromMdl, of: m}\n      - {call: DxgkCbAllocateContiguousMemory, size: 4KiB, into: c}\n' >"$scratch/leak.yaml"
	run -0 --separate-stderr "$iovabench" run "$scratch/leak.yaml" -a rbtree --rounds 1 --latency off -o "$scratch/t"
	is "$(arms "$scratch/t" '"\(.calls.leaked_handles) \(.calls.leaked_mdls) \(.audit.violations)"')" "2 1 0"
	has "$output" "2 handles leaked"
}

@test "a leak that stops the machine is told by its bug check, with the figures, and also without an audit" {
	cat >"$scratch/leak.yaml" <<-'YAML'
		iovabench: 1
		name: leak
		requests:
		  - {name: held, call: adl, size: {fixed: 64KiB}}
		  - {name: view, call: map, size: {fixed: 64KiB}, irql: apc}
		phases:
		  - {name: churn, mix: [{request: held}, {request: view}], ops: 1k}
		  - name: s
		    script:
		      - {call: DxgkCbCreatePhysicalMemoryObject, type: contiguous, size: 1MiB, open: yes, into: [object, opened]}
		      - {call: DxgkCbAllocateAdl, of: opened, size: 128KiB, into: adl}
		      - {call: DxgkCbAllocateAdl, of: opened, size: 64KiB, into: other}
		      - {call: DxgkCbFreeAdl, of: other}
	YAML
	run -3 --separate-stderr "$iovabench" run "$scratch/leak.yaml" -a buddy -a rbtree --rounds 1 --latency off -o "$scratch/t"
	has "$output" "after the last operation: fatal driver misuse: bug check 0x1E4 VIDEO_DXGKRNL_SYSMM_FATAL_ERROR, subcode 0x7, ADL leaked: the adapter was stopped while an ADL lived (1 ADLs, 1 adapter objects)"
	is "$(arms "$scratch/t" '"\(.calls.fatal) \(.calls.leaked_handles) \(.audit.violations) \(.phases[0].operations.allocations > 400) \(.phases[1].operations.routine_calls)"' | sort -u)" "1 3 0 true 4"
	is "$(arms "$scratch/t" '.phases[0].calls.violations.irql > 400' | sort -u)" true
	for latency in off all; do
		run -3 --separate-stderr "$iovabench" run "$scratch/leak.yaml" -a buddy --rounds 1 --audit off --latency $latency -o "$scratch/$latency"
		has "$output" "fatal driver misuse: bug check 0x1E4 VIDEO_DXGKRNL_SYSMM_FATAL_ERROR, subcode 0x7"
	done
	# The object alone; what slots hold was never leaked.
	printf '      - {call: DxgkCbFreeAdl, of: adl}\n' >>"$scratch/leak.yaml"
	run -3 --separate-stderr "$iovabench" run "$scratch/leak.yaml" -a buddy --rounds 1 --latency off -o "$scratch/u"
	has "$output" "subcode 0x6, adapter objects leaked: the adapter was stopped while a physical memory object was open on it (0 ADLs, 1 adapter objects)"
	printf '      - {call: DxgkCbClosePhysicalMemoryObject, of: opened}\n' >>"$scratch/leak.yaml"
	run -0 --separate-stderr "$iovabench" run "$scratch/leak.yaml" -a buddy --rounds 1 --latency all -o "$scratch/v"
	is "$(arms "$scratch/v" '"\(.calls.fatal) \(.calls.leaked_handles)"')" "0 1"
	# Nobody looked at the answers then: a missed expectation, and no more.
	run -1 --separate-stderr "$iovabench" run "$scratch/leak.yaml" -a buddy --rounds 1 --audit off --latency all -o "$scratch/w"
}

lifecycle() { # phases behind a fill of 100 ADLs
	printf '%s\n' 'iovabench: 1' 'name: life' 'space: {size: 1GiB}' 'requests:' \
		'  - {name: a, call: adl, size: {fixed: 64KiB}}' '  - {name: view, call: map, size: {fixed: 4KiB}}' \
		'  - {name: fb, call: adl, contiguous: prefer, type: mdl, size: {fixed: 16MiB}}' 'phases:' \
		'  - {name: fill, mix: [{request: a}, {request: view}], until: {live: 100}}'
	printf '  - %s\n' "$@"
}

@test "an adapter that is reset, powered down, unplugged or stopped gives back what it had" {
	script='{name: held, script: [{call: DxgkCbCreatePhysicalMemoryObject, type: contiguous, size: 1MiB, open: yes, into: [object, opened]}, {call: DxgkCbAllocateAdl, of: opened, size: 128KiB, into: adl}]}'
	lifecycle "$script" '{name: hang, adapter: reset, measure: yes}' \
		'{name: stale, script: [{call: DxgkCbFreeAdl, of: adl, violation: free_adl}]}' \
		'{name: again, mix: [{request: a}, {request: view}], ops: 1k}' \
		'{name: sleep, adapter: power_down, save: {request: fb, count: 3}, measure: yes}' \
		'{name: wake, adapter: power_up, measure: yes}' \
		'{name: more, mix: [{request: a}], until: {live: 50}}' \
		'{name: pulled, adapter: unplug, measure: yes}' '{name: back, adapter: start}' \
		'{name: last, mix: [{request: a}], until: {live: 7}}' '{name: end, adapter: stop, measure: yes}' >"$scratch/life.yaml"
	run -0 --separate-stderr "$iovabench" run "$scratch/life.yaml" -a all --rounds 1 --latency all -o "$scratch/t"
	is "$(arms "$scratch/t" '"\(.state) \(.audit.violations) \(.calls.leaked_handles) \(.calls.fatal)"' | sort -u)" "ok 0 0 0"
	# Of a reset: 100 slots; of a sleep 3 frame buffers, freed by the wake.
	is "$(arms "$scratch/t" 'select(.allocator == "buddy") | [.phases[] | select(.name | IN("hang", "sleep", "wake", "pulled", "end")) | "\(.operations.allocations)/\(.operations.frees)"] | join(" ")')" "0/100 3/0 0/3 0/50 0/7"
	# What scripts held is free, too: both spaces, less page 0.
	is "$(arms "$scratch/t" 'select(.allocator == "buddy") | .phases[] | select(.name == "stale") | .fragmentation.free_pages')" 524286
	run -2 --separate-stderr "$iovabench" run "$scratch/life.yaml" -a buddy -t 2 -o "$scratch/u"
	has "$stderr" "2 threads"
	# Stopped with an ADL that lives.
	lifecycle "$script" '{name: end, adapter: stop}' '{name: back, adapter: start}' '{name: never, mix: [{request: a}], ops: 10}' >"$scratch/leak.yaml"
	run -3 --separate-stderr "$iovabench" run "$scratch/leak.yaml" -a buddy --rounds 1 --latency off -o "$scratch/v"
	has "$output" "subcode 0x7, ADL leaked: the adapter was stopped while an ADL lived"
}

# The harness gives addresses twice: two views of one address are one to the map that the reset empties.
@test "an adapter over the harness is reset, too" {
	printf '%s\n' 'iovabench: 1' 'name: views' 'space: {size: 64KiB}' 'requests: [{name: view, call: map, size: {fixed: 4KiB}}]' 'phases:' \
		'  - {name: fill, mix: [{request: view}], until: {live: 15}}' '  - {name: churn, mix: [{request: view}], ops: 1k}' '  - {name: hang, adapter: reset}' \
		'  - {name: again, mix: [{request: view}], ops: 1k}' >"$scratch/views.yaml"
	run -0 --separate-stderr "$iovabench" run "$scratch/views.yaml" -a rbtree --rounds 1 --latency off -o "$scratch/t"
}

@test "describe explains every call and routine" {
	run -0 --separate-stderr "$iovabench" describe call:mdl
	has "$output" "SkipBytes"
	has "$output" "STATUS_NO_MEMORY"
	run -0 --separate-stderr "$iovabench" describe call
	for name in $(sed -n 's/^  \([A-Za-z_]*\) .*/\1/p' <<<"$output"); do run -0 --separate-stderr "$iovabench" describe "call:$name"; done
	run -2 --separate-stderr "$iovabench" describe call:DxgkCbFreeAld
	has "$stderr" "did you mean 'DxgkCbFreeAdl'?"
}

@test "several threads make every call, each on an adapter of its own" {
	printf '%s\n' 'iovabench: 1' 'name: crowd' 'space: {size: 256MiB}' 'physical: {size: 512MiB, scatter: 50%}' 'requests:' \
		'  - {name: a, call: adl, size: {fixed: 64KiB}}' '  - {name: b, call: mdl, size: {fixed: 32KiB}}' '  - {name: c, call: contiguous, size: {fixed: 16KiB}}' \
		'  - {name: d, call: aperture, size: {fixed: 64KiB}}' '  - {name: e, call: map, size: {fixed: 8KiB}}' '  - {name: f, call: mm_contiguous, size: {fixed: 8KiB}}' \
		'  - {name: g, call: mm_mdl, size: {fixed: 20KiB}}' '  - {name: h, call: reserve, size: {fixed: 64KiB}}' 'phases:' \
		'  - {name: fill, mix: &all [{request: a}, {request: b}, {request: c}, {request: d}, {request: e}, {request: f}, {request: g}, {request: h}], until: {live: 400}}' \
		'  - {name: churn, mix: *all, ops: 4k}' '  - {name: hang, adapter: reset, measure: yes}' '  - {name: again, mix: *all, until: {live: 300}}' \
		'  - {name: sleep, adapter: power_down, save: {request: a, count: 3}, measure: yes}' '  - {name: wake, adapter: power_up, measure: yes}' \
		'  - {name: end, adapter: stop, measure: yes}' >"$scratch/crowd.yaml"
	run -0 --separate-stderr "$iovabench" run "$scratch/crowd.yaml" -a all -t 3 --rounds 1 -o "$scratch/t"
	is "$(arms "$scratch/t" '"\(.state) \(.audit.violations) \(.calls.leaked_handles) \(.calls.violations.total)"' | sort -u)" "ok 0 0 0"
	is "$(arms "$scratch/t" 'select(.allocator == "buddy") | [.phases[] | select(.name | IN("hang", "sleep", "wake", "end")) | "\(.operations.allocations)/\(.operations.frees)"] | join(" ")')" "0/400 3/0 0/3 0/300"
	is "$(arms "$scratch/t" 'select(.allocator == "buddy") | .failures.total')" 0
	# Frames, and so addresses, of two threads never meet.
	sed 's/name: crowd/name: isolated/; s/size: 256MiB/size: 512MiB, mode: identity/; /name: h/d; s/, {request: h}//' "$scratch/crowd.yaml" >"$scratch/isolated.yaml"
	run -0 --separate-stderr "$iovabench" run "$scratch/isolated.yaml" -a rbtree -t 2 --rounds 1 --latency off -o "$scratch/u"
	is "$(arms "$scratch/u" '"\(.state) \(.audit.violations) \(.calls.leaked_handles) \(.failures.total)"')" "ok 0 0 0"
	# An extent that is handed over does not tell its adapter.
	sed 's/ops: 4k/ops: 4k, free_on: next/' "$scratch/crowd.yaml" >"$scratch/next.yaml"
	run -2 --separate-stderr "$iovabench" run "$scratch/next.yaml" -a buddy -t 2 -o "$scratch/v"
	has "$stderr" "threads take free_on: next with call: extent only"
}

adapters() { # three of them, two in one domain
	printf '%s\n' 'iovabench: 1' 'name: three' 'space: {size: 64MiB}' 'physical: {size: 256MiB}' 'adapters: [{name: big}, {name: panel}, {name: coder, shares: big}]' \
		'requests:' '  - {name: a, adapter: big, call: adl, size: {fixed: 64KiB}}' '  - {name: b, adapter: panel, call: contiguous, size: {fixed: 16KiB}}' \
		'  - {name: c, adapter: coder, call: aperture, size: {fixed: 32KiB}}' '  - {name: v, adapter: panel, call: map, size: {fixed: 4KiB}}' \
		'  - {name: e, adapter: panel, size: {fixed: 4KiB}}' 'phases:' \
		'  - {name: fill, mix: [{request: a}, {request: b}, {request: c}, {request: v}, {request: e}], until: {live: 500}}'
	printf '  - %s\n' "$@"
}

@test "several adapters have domains of their own or share one, and what happens to one leaves the others" {
	adapters '{name: mark, script: [{alloc: "x[0..9]", request: a}, {alloc: "y[0..9]", request: b}], measure: yes}' \
		'{name: stray, script: [{call: DxgkCbAllocateContiguousMemory, adapter: panel, size: 4KiB, into: own}, {call: DxgkCbFreeContiguousMemory, of: own, status: STATUS_INVALID_HANDLE}, {call: DxgkCbFreeContiguousMemory, adapter: panel, of: own}]}' \
		'{name: hang, adapter: reset, of: big, measure: yes}' '{name: on, mix: [{request: b}, {request: c}, {request: v}], ops: 2k}' \
		'{name: again, script: [{alloc: "x[0..9]", request: a}, {free: "y[0..9]"}]}' \
		'{name: sleep, adapter: power_down, of: panel, save: {request: b, count: 2}, measure: yes}' '{name: more, mix: [{request: a}], until: {live: 600}}' \
		'{name: wake, adapter: power_up, of: panel, measure: yes}' '{name: pulled, adapter: unplug, of: coder, measure: yes}' \
		'{name: rest, mix: [{request: a}, {request: b}], ops: 1k}' '{name: end, adapter: stop, of: big}' '{name: last, adapter: stop, of: panel}' >"$scratch/three.yaml"
	run -0 --separate-stderr "$iovabench" run "$scratch/three.yaml" -a all --rounds 1 --latency all -o "$scratch/t"
	is "$(arms "$scratch/t" '"\(.state) \(.audit.violations) \(.calls.leaked_handles) \(.calls.status_mismatches) \(.calls.violations.total)"' | sort -u)" "ok 0 0 0 0"
	is "$(arms "$scratch/t" 'select(.allocator == "buddy") | [.domains[].name] | join(" ")')" "big+coder panel big.cpu panel.cpu coder.cpu"
	# Everything was given back in both domains: 16383 pages each, and views.
	is "$(arms "$scratch/t" 'select(.allocator == "buddy") | [.domains[].fragmentation.free_pages] | join(" ")')" "16383 16383 16383 16383 16383"
	is "$(arms "$scratch/t" 'select(.allocator == "buddy") | .phases[] | select(.name == "sleep" or .name == "wake") | "\(.operations.allocations)/\(.operations.frees)"' | tr '\n' ' ')" "2/0 0/2 "
	# About a fifth of 500 and ten slots of the script; the panel keeps what it has.
	hung="$(arms "$scratch/t" 'select(.allocator == "buddy") | .phases[] | select(.name == "hang") | .operations.frees')"
	((hung > 60 && hung < 160))
	run -0 "$iovabench" expand "$scratch/three.yaml"
	printf '%s\n' "$output" >"$scratch/expanded.yaml"
	run -0 "$iovabench" expand "$scratch/expanded.yaml"
	diff "$scratch/expanded.yaml" - <<<"$output"
	# Two threads, each with three adapters.
	adapters '{name: churn, mix: [{request: a}, {request: b}, {request: c}], ops: 2k}' '{name: hang, adapter: reset, of: panel}' '{name: on, mix: [{request: a}], ops: 1k}' >"$scratch/pair.yaml"
	run -0 --separate-stderr "$iovabench" run "$scratch/pair.yaml" -a rbtree -t 2 --rounds 1 --latency off -o "$scratch/u"
	is "$(arms "$scratch/u" '"\(.state) \(.audit.violations) \(.calls.leaked_handles)"')" "ok 0 0"
}

@test "a wrong adapter is told with what would be right" {
	refuse() { # message, adapters, phase
		adapters "$3" | sed "s/^adapters:.*/adapters: $2/" >"$scratch/wrong.yaml"
		run -2 --separate-stderr "$iovabench" check "$scratch/wrong.yaml"
		has "$stderr" "$1"
	}
	right='[{name: big}, {name: panel}, {name: coder, shares: big}]'
	refuse "there is no adapter 'pannel'; did you mean 'panel'?" "$right" '{name: p, adapter: reset, of: pannel}'
	refuse "there is no adapter 'panel'" '[{name: big}, {name: coder, shares: panel}, {name: panel}]' '{name: p, free: all}'
	refuse "'panel' is this adapter itself" '[{name: big}, {name: panel, shares: panel}, {name: coder}]' '{name: p, free: all}'
	refuse "belongs to adapter; this phase has free" "$right" '{name: p, free: all, of: big}'
	refuse "belongs to call; the request says it" "$right" '{name: p, script: [{alloc: x, request: a, adapter: big}]}'
	refuse "the adapter big was stopped or unplugged by a phase before; adapter: start must come first" "$right" $'{name: p, adapter: stop, of: big}\n  - {name: q, mix: [{request: a}], ops: 2}'
	refuse "the adapter panel was powered down by a phase before" "$right" $'{name: p, adapter: power_down, of: panel}\n  - {name: q, mix: [{request: a}], ops: 2}'
	refuse "is memory of another adapter than the one that is powered down" "$right" '{name: p, adapter: power_down, of: panel, save: {request: a}}'
	refuse "ranges are reserved in every domain" "$right" $'{name: p, reserve: [{base: 32MiB, size: 4KiB}]}\n  - {name: q, adapter: reset, of: big}'
	refuse "has 17 adapters; from 1 to 16" "[$(printf '{name: g%d}, ' {1..16}){name: big}]" '{name: p, free: all}'
}
