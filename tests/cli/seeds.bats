#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Several seeds: what holds for every one of them.

load helpers

setup_file() {
	load helpers
	# Without a counter there is nothing to calibrate: 200 ms less for every run.
	export IOVABENCH_CLOCK=system
	export mixed=workloads/mixed-sizes.yaml whole=$BATS_FILE_TMPDIR/whole
	export options="-a buddy -a rbtree --rounds 1 --ops 5k --latency off -q"
	"$iovabench" run $mixed $options --seed 3,0x2,18446744073709551615 -o "$whole"
}

# What does not depend on time.
exact() { # result seed: of the arms of one seed
	jq -S --argjson seed "$2" '.workloads as $w | [.arms[] | select($w[.workload_index].seed == $seed) | [.spec, .state,
		.failures, .space, .fragmentation, .steps, .audit]]' "$1/result.json" | cksum
}

@test "each seed is a replicate, with the figures of a run of its own" {
	is "$(jq -c '[.workloads[] | [.seed, .sweep]]' "$whole/result.json")" \
		'[[3,{"seed":"3"}],[2,{"seed":"2"}],["0xffffffffffffffff",{"seed":"18446744073709551615"}]]'
	is "$(jq '[.workloads[].stream_hash] | unique | length' "$whole/result.json")" 3
	is "$(jq '[.comparisons[] | select(.metric == "space.span_pages")] | length' "$whole/result.json")" 3
	"$iovabench" run $mixed $options --seed 2 -o "$scratch/t"
	is "$(jq -c '.workloads[0].sweep' "$scratch/t/result.json")" null
	is "$(exact "$scratch/t" 2)" "$(exact "$whole" 2)"
	[ "$(exact "$whole" 3)" != "$(exact "$whole" 2)" ]
	is "$("$iovabench" report "$whole" --format csv | cut -d, -f 8,11 | sort -u | grep -c '^mixed-sizes,')" 3
	run "$iovabench" compare "$whole:buddy" "$whole:rbtree"
	has "$output" "mixed-sizes seed=18446744073709551615"
}

# Verdict and ratio of one comparison, as if its seed had said so: file filter
say() {
	jq "del(.digest) | $2" "$whole/result.json" >"$1"
}

@test "worse is what is worse with every seed" {
	say "$scratch/all.json" '.comparisons |= map(if .metric == "space.span_pages" then .verdict = "more" | .ratio = 1.25 else . end)'
	output=$("$iovabench" report "$scratch/all.json" --format md)
	grep -Eq 'over 3 seeds: rbtree against buddy: .*buddy (better )?in [^;]*span' <<<"$output"
	! grep -o 'differ by seed:.*' <<<"$output" | grep span || return 1
	is "$(grep -c 'over 3 seeds' <<<"$output")" 1
	say "$scratch/one.json" '(first(.comparisons[] | select(.metric == "space.span_pages"))) |= (.verdict = "fewer" | .ratio = 0.5)
		| .comparisons |= map(if .metric == "space.span_pages" and .ratio != 0.5 then .verdict = "more" | .ratio = 1.25 else . end)'
	"$iovabench" report "$scratch/one.json" --format md | grep -Eq 'over 3 seeds: rbtree against buddy: .*open in [^;]*span'
	for format in md html; do
		has "$("$iovabench" report "$scratch/one.json" --format $format | sed 's/\\//g' | grep -o 'differ by seed:.*')" " space.span_pages 0.5 to 1.25"
	done
	# A seed that has no figure says nothing.
	say "$scratch/none.json" '(first(.comparisons[] | select(.metric == "space.span_pages"))) |= (.verdict = "not compared" | .ratio = null)'
	has "$("$iovabench" report "$scratch/none.json" --format md | sed 's/\\//g' | grep -o 'differ by seed:.*')" " space.span_pages"
}

@test "seeds go on when a run is killed, and are merged" {
	lines=$(wc -l <"$whole/rounds.jsonl")
	for kept in 0 7 "$lines"; do
		rm -rf "$scratch/t"
		mkdir "$scratch/t"
		cp "$whole/run.json" "$scratch/t"
		head -n "$kept" "$whole/rounds.jsonl" >"$scratch/t/rounds.jsonl"
		"$iovabench" resume -q "$scratch/t"
		for seed in 3 2; do is "$(exact "$scratch/t" $seed)" "$(exact "$whole" $seed)"; done
		is "$(jq -r .key "$scratch/t/rounds.jsonl" | sort -u | wc -l)" "$lines"
	done
	"$iovabench" run $mixed ${options/-a buddy -a rbtree/-a bitmap} --seed 3,2 -o "$scratch/m"
	"$iovabench" merge "$scratch/t" "$scratch/m" -o "$scratch/both"
	is "$(jq -c '[.workloads as $w | .arms[] | [$w[.workload_index].seed, .spec] | join(" ")] | sort' "$scratch/both/result.json")" \
		"$(jq -nc '[3, 2, "0xffffffffffffffff"] as $s | [($s[] | "\(.) buddy", "\(.) rbtree"), ($s[:2][] | "\(.) bitmap")] | sort')"
}

@test "seeds that are none are refused" {
	for value in 1,,2 1,2, ,1 1,2,1 1,0x1 18446744073709551616 1,18446744073709551616 -1 1-8 "1, 2" "" "$(seq -s, 65)"; do
		run -2 "$iovabench" run $mixed --seed "$value"
		has "$output" "--seed '$value': takes a whole number, decimal or 0x..., or 2 to 64 different ones with a comma between them"
	done
	sed 's/^name:.*/&\nseed: 1/' $tiny >"$scratch/seed.yaml"
	run -2 "$iovabench" run "$scratch/seed.yaml" --seed 1,2 --sweep seed=3,4
	has "$output" "--seed gives several seeds, and a sweep gives others"
	run -2 "$iovabench" run $mixed --seed "$(seq -s, 64)" --sweep "phases.churn.ops=$(seq -s, 1 16)"
	has "$output" "have more than 1000 combinations"
}
