#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Measurements that can be trusted, and those that say that they cannot.

load helpers

figure() { # spec part, path
	arms "$scratch/t" "select(.spec | contains(\"$1\")) | .$2"
}

above() { # value least
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a + 0 >= b + 0) }' || {
		echo "got $1, wanted $2 or more"
		return 1
	}
}

@test "a stall of 5 us once in 10,000 operations shows at p99.99" {
	run -0 "$iovabench" run $tiny -a "$plugins/stall.so" --ops 10M --rounds 1 --audit off --latency all -q -o "$scratch/t"
	is "$(figure stall latency.alloc.count)" 5000000
	above "$(figure stall latency.alloc.p9999_ns)" 5000
	above 4999 "$(figure stall latency.alloc.p50_ns)"
}

@test "in an open loop those that wait behind the stall are counted" {
	run -0 "$iovabench" run $tiny -a "$plugins/stall.so" --ops 1M --rounds 1 --audit off --rate 1M -q -o "$scratch/t"
	is "$(figure stall rate)" 1000000
	is "$(figure stall latency.response.count)" 1000000
	above "$(figure stall latency.response.p9999_ns)" 5000
	# 100 stalls: of the service, 100 samples; of the response, those behind it, too.
	slow='[.latency.response.histogram.buckets[] | select(.[0] > 1000) | .[1]] | add'
	above "$(arms "$scratch/t" "$slow")" 300
	above "$(figure stall open_loop.offered_per_s)" 999999
	is "$(figure stall open_loop.achieved_per_s | wc -l)" 1
}

@test "a rate that nobody can serve is saturated" {
	run -0 "$iovabench" run $tiny -a rbtree --ops 200k --rounds 1 --audit off --rate 1G/s:poisson -q -o "$scratch/t"
	is "$(figure rbtree open_loop.saturated)" 1
	is "$(figure rbtree rate)" 1000000000:poisson
	above 1e9 "$(figure rbtree open_loop.achieved_per_s)"
	is "$(figure rbtree 'phases[0].latency.response')" null
}

@test "a closed loop says so" {
	run -0 "$iovabench" run $tiny -a rbtree --ops 100k --rounds 1 --audit off -q -o "$scratch/t"
	is "$(figure rbtree rate_reason)" "closed loop"
	is "$(figure rbtree open_loop.saturated_reason)" "closed loop: no --rate was given"
}

@test "a rate is checked before anything runs" {
	for rate in 0 99 2G 1M:often 1Mps abc -5 1.5M ""; do
		run -2 "$iovabench" run $tiny --rate "$rate" -o "$scratch/t"
		has "$output" "--rate '$rate': takes operations per second from 100 to 1G, or 2 to 16 different ones with a comma between them, and :poisson behind it"
	done
	run -2 "$iovabench" run $tiny --rate 1M -t 2 -o "$scratch/t"
	has "$output" "--rate takes one thread"
	run -2 "$iovabench" run $tiny --rate 1M --latency off -o "$scratch/t"
	has "$output" "--rate needs the latency pass: --latency off does not go with it"
	run -2 "$iovabench" run $tiny --rate 1M --rounds 0 -o "$scratch/t"
	has "$output" "--rate needs the latency pass: --rounds 0 does not go with it"
	[ ! -e "$scratch/t" ]
}

@test "without a counter the system clock serves, and the result says so" {
	IOVABENCH_CLOCK=system run -0 "$iovabench" run $tiny -a rbtree --rounds 1 -q -o "$scratch/t"
	is "$(jq -r .machine.clock "$scratch/t/result.json")" CLOCK_MONOTONIC_RAW
	is "$(jq -r .machine.tsc_hz "$scratch/t/result.json")" null
	is "$(figure rbtree state)" ok
	above "$(jq -r .machine.timer_pair_ns "$scratch/t/result.json")" 1
}

@test "a clock that goes back is exit code 5, and the other arms are kept" {
	IOVABENCH_CLOCK=system run -5 "$iovabench" run $tiny -a rbtree -a "$plugins/clock_back.so" --rounds 2 --audit off -o "$scratch/t"
	is "$(figure clock_back state)" untrustworthy
	is "$(figure clock_back reason)" "the clock went back while it was measured"
	is "$(figure rbtree state)" ok
	above "$(figure rbtree throughput.raw_ns_per_op)" 0.1
	has "$output" "the clock went back"
}

@test "hardware counters are there, or say why not" {
	run -0 "$iovabench" run $tiny -a rbtree --ops 200k --rounds 1 --audit off --latency off -q -o "$scratch/t"
	for counter in instructions cycles llc_misses branch_misses dtlb_misses; do
		value=$(figure rbtree counters.${counter}_per_op)
		if [ "$value" = null ]; then
			has "$(figure rbtree counters.${counter}_per_op_reason)" "unavailable: "
		else
			above "$value" 0
		fi
	done
	core=$(figure rbtree core_ghz)
	above "$core" 0.05
	above 20 "$core"
}

@test "the environment is noted before and after" {
	run -0 "$iovabench" run $tiny -a rbtree --rounds 1 --audit off --latency off -q -o "$scratch/t"
	run -0 jq -e '.machine | [.before, .after] | all(.load_1min >= 0 and .core_ghz > 0.05 and .steal_ms >= 0)' "$scratch/t/result.json"
	run -0 jq -e '.machine | .after.steal_ms >= .before.steal_ms' "$scratch/t/result.json"
}

@test "a long phase has a class of ageing, a short one a reason" {
	run -0 "$iovabench" run $tiny -a rbtree --ops 2M --rounds 6 --audit off --latency off -q -o "$scratch/t"
	case $(figure rbtree ageing.class) in flat | warm-up | ageing | "no steady state") ;; *) false ;; esac
	above "$(figure rbtree ageing.windows)" 20
	# A busy machine can disturb every window of a tenth, and says so.
	decile=$(figure rbtree ageing.first_to_last_decile)
	if [ "$decile" = null ]; then
		has "$(figure rbtree ageing.first_to_last_decile_reason)" "was disturbed"
	else
		above "$decile" 0.01
	fi
	is "$(figure rbtree 'phases[0].ageing.class')" null
	is "$(figure rbtree 'phases[0].ageing.class_reason')" "fewer than 20 windows"
}

@test "an allocator that becomes slower is found to age" {
	IOVABENCH_CLOCK=system run -0 "$iovabench" run $tiny -a "$plugins/ageing.so" --ops 2M --rounds 6 --audit off --latency off -q -o "$scratch/t"
	is "$(figure ageing ageing.class)" ageing
	# 10 ns more after a million allocations, each with a free that takes no time: 10 / 2 ns after two million operations.
	is "$(figure ageing ageing.slope_ns_per_million_ops | awk '{ print ($1 > 2.45 && $1 < 2.55) }')" 1
	# Three windows have their middles in the first 200,000 operations, at 98,304 on average, three in the last, at 1,879,083: half as many
	# allocations, and 300 of the fill, make 10.49 and 19.40 ns.
	is "$(figure ageing ageing.first_to_last_decile | cut -c1-5)" "1.847"
}

@test "a CPU that is taken away during the run does not end it" {
	[ "$(nproc)" -ge 2 ] || skip "one CPU only"
	command -v taskset >/dev/null || skip "taskset(1) is not installed"
	"$iovabench" run $tiny -a rbtree -a "$plugins/slow.so" --ops 300 --rounds 2 --audit off --latency off -q -o "$scratch/t" &
	pid=$!
	wait_for_journal "$scratch/t" 1
	first=$(taskset -pc $pid | sed 's/.*: //; s/[-,].*//')
	taskset -apc "$first" $pid >/dev/null
	for worker in $(pgrep -P $pid); do taskset -apc "$first" "$worker" >/dev/null 2>&1 || true; done
	code=0
	wait $pid || code=$?
	is $code 0
	is "$(arms "$scratch/t" .state | sort -u)" ok
	is "$(figure slow throughput.rounds)" 2
}

@test "the peak of several domains is what they held at one time" {
	run -0 "$iovabench" run workloads/e1000e.yaml -a rbtree --rounds 1 --latency off -q -o "$scratch/t"
	# Their own peaks add up to 880 pages, but lie at different times.
	is "$(arms "$scratch/t" '[.domains[].space.peak_live_pages] | add')" 880
	is "$(figure rbtree space.peak_live_pages)" 816
}

@test "a clock whose rate two others do not confirm is not trusted" {
	no_sanitizer
	for clock in counter system; do
		rm -rf "$scratch/t"
		IOVABENCH_CLOCK=$clock LD_PRELOAD=$(realpath "$plugins/clock_fast.so") run -5 "$iovabench" run $tiny -a rbtree --rounds 1 --latency off \
			-o "$scratch/t"
		is "$(figure rbtree state)" untrustworthy
		[[ $(figure rbtree reason) == "the clock of measurements ran "*" times as fast as two clocks of the system" ]]
	done
}
