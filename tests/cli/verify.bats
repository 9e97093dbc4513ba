#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The rules of the contract as a command: what is broken is told by its rule, cut down, and shown again by what was written.

load helpers

setup() {
	cd "$scratch" || return 1
	root=$BATS_TEST_DIRNAME/../..
	case $iovabench in /*) ;; *) iovabench=$root/$iovabench ;; esac
	case $plugins in /*) ;; *) plugins=$root/$plugins ;; esac
	flawed=$plugins/flawed.so wild=$plugins/wild.so
	example=$(dirname "$iovabench")/plugins/example.so
}

# Calls of the script that was written, and lines that they take.
calls() { jq .failure.calls t.json; }
lines() { sed -n '/script:/,/^expect/p' failure.yaml | grep -c '^      - '; }

@test "a right allocator holds every rule that applies to it" {
	run -0 --separate-stderr "$iovabench" verify buddy --json t.json
	has "$output" "buddy: 22 rules held, 0 broken, 5 do not apply; promise: buddy"
	is "$(jq -r '[.schema, .broken, .failure] | map(tostring) | join(" ")' t.json)" "iovabench.verify/1 0 null"
	is "$(jq -r '.rules | length' t.json)" "$("$iovabench" list rules | wc -l)"
	run -0 "$iovabench" verify "$example" -q
	is "$output" ""
	[ ! -e failure.yaml ]
}

@test "spaces that are refused with a reason break nothing, and are counted" {
	run -0 "$iovabench" verify "$example" --rule spaces --json -
	[ "$(jq .spaces_refused <<<"$output")" -gt 0 ]
}

# Each has its rule, and a script of few lines that shows it once more; the last column is how run answers it, or - where a script cannot
# say it.
flaws() {
	cat <<-'TABLE'
		overlap|disjoint|3
		out-of-range|disjoint|3
		short-grant|disjoint|3
		lost-free|visit|3
		ignored-align|align|3
		ignored-limit|limit|3
		ignored-boundary|boundary|3
		false-no-space|found|1
		lying-visit|visit|3
		lying-statistics|statistics|3
		extent-on-failure|failure|-
		counted-differs|counted|-
		unrepeatable|repeats|-
		shared-state|instances|-
		place-on-live|place|-
		places-late|late-place|-
		place-refuses|holes|-
		leak|leak|-
		no-memory-moves|memory|-
		broken-invariant|invariant|3
		no-coalescing|as-new|-
		failure-moves|failure|-
		ignored-bottom|direction|-
		ignored-top|direction|-
		longest-too-long|longest|-
		longest-too-short|longest|-
		padding-untold|visit|3
		padding-too-long|align|3
		padding-changes|align|3
	TABLE
}

@test "every mutant is rejected by its rule, with a script that cannot be shorter" {
	# Shrinking ends by time, for which a sanitizer is too slow on a busy machine.
	shrunk=true
	! sanitized || shrunk=any
	while IFS='|' read -r flaw rule answer; do
		rm -f failure.yaml
		code=0
		"$iovabench" verify "$flawed:flaw=$flaw" --rule "$rule" --json t.json >/dev/null 2>said || code=$?
		is "$flaw: $code $(jq -r '[.failure.rule, .failure.repeats] | map(tostring) | join(" ")' t.json)" "$flaw: 3 $rule true"
		if [ $shrunk = true ]; then
			is "$flaw: $(jq -r .failure.minimal t.json)" "$flaw: true"
			[ "$(lines)" -le 12 ] || { cat failure.yaml; return 1; }
		fi
		[ "$answer" != - ] || continue
		code=0
		"$iovabench" run failure.yaml -a "$flawed:flaw=$flaw" --rounds 0 -q -o out >/dev/null 2>&1 || code=$?
		is "$flaw: run answers $code" "$flaw: run answers $answer"
		rm -rf out
		code=0
		"$iovabench" verify "$flawed:flaw=$flaw" failure.yaml --rule "$rule" --here >/dev/null 2>said || code=$?
		is "$flaw: $code, played again" "$flaw: 3, played again"
	done < <(flaws)
	run -0 "$iovabench" verify "$flawed" -q
}

@test "a plugin that does what it should not is told by what it does, and harms nobody else" {
	no_sanitizer
	while IFS='|' read -r deed code said; do
		run -"$code" "$iovabench" verify "$wild:does=$deed,at=40" --rule disjoint --stall 1 --memory 300 --shrink off
		has "$output" "$said"
	done <<-'TABLE'
		crash|3|crashes: signal 11
		abort|3|crashes: signal 6
		hang|3|hangs: no call ended for 1 s
		exit|3|ends the process, with exit code 0
		fork|3|leaves 1 process behind
		eat|3|takes more than 300 MiB of memory
		close|0|1 rules held
		overlap|3|two live extents overlap
		none|0|1 rules held
	TABLE
	run -0 --separate-stderr "$iovabench" verify "$wild:does=print" --rule disjoint --json -
	is "$(jq -r .held <<<"$output")" 1
}

@test "what comes with the hundredth allocation is a repeat, and a crash is cut down as well" {
	no_sanitizer
	run -3 "$iovabench" verify "$wild:does=overlap,at=1000" --rule disjoint
	[ "$(lines)" -le 3 ]
	grep -q 'repeat: [0-9]*, script' failure.yaml
	run -3 "$iovabench" verify "$wild:does=crash" --rule disjoint --json t.json -o crash.yaml
	is "$(calls)" 199
	run -3 "$iovabench" run crash.yaml -a "$wild:does=crash" --rounds 0 -q -o out
	has "$output" "crashed in the audit"
}

@test "a limit that is off by one, found by the quick look" {
	sed 's/last > request->high)/last > request->high + 1)/' "$root/plugins/example.c" >limit.c
	! cmp -s limit.c "$root/plugins/example.c"
	"${CC:-cc}" -shared -fPIC -I"$root/include" -o limit.so limit.c
	run -3 "$iovabench" verify ./limit.so
	has "$output" "broken   limit"
	has "$output" "pass the limits"
	[ "$(lines)" -le 4 ]
	run -3 "$iovabench" run failure.yaml -a ./limit.so --rounds 0 -q -o out
	has "$output" "lies outside of the limits"
}

@test "the operations of a workload are played, too" {
	no_sanitizer # half a million calls that are shrunk within a time
	cat >late.yaml <<-'YAML'
		iovabench: 1
		name: late
		space: {size: 16MiB}
		requests: [{name: page, size: {fixed: 4KiB}}]
		phases:
		  - {name: fill, mix: [{request: page}], until: {live: 100}}
		  - {name: churn, mix: [{request: page}], ops: 400k}
	YAML
	run -0 "$iovabench" verify "$wild:does=crash,at=150000" --rule disjoint
	run -3 "$iovabench" verify "$wild:does=crash,at=150000" late.yaml --rule disjoint --ops 1M --json t.json
	has "$output" "(operations of the workload)"
	is "$(jq -c '[.failure.minimal, .failure.script_shows_it]' t.json)" "[true,true]"
	[ "$(lines)" -le 12 ]
	[ "$(jq '.failure.seconds < 30' t.json)" = true ]
}

@test "a promise decides what may be missed" {
	run -3 "$iovabench" verify "$flawed:flaw=false-no-space" --rule found --shrink off
	has "$output" "promised to be found"
	run -0 "$iovabench" verify "$flawed:flaw=false-no-space" --rule found --promise bounded
	has "$output" "promise: bounded"
}

@test "wrong commands say what would be right" {
	for arguments in "||an allocator is missing" "budy||did you mean \"buddy\"" "buddy|--rule disjiont|did you mean 'disjoint'" \
		"buddy|--promise all|complete, size-classes, buddy or bounded" "buddy|nothing.yaml|nothing.yaml" "buddy|--here|--here takes a rule"; do
		IFS='|' read -r spec option said <<<"$arguments"
		# shellcheck disable=SC2086
		run -2 "$iovabench" verify $spec $option
		has "$output" "$said"
	done
	run -2 "$iovabench" verify "$plugins/wrong_abi.so"
	has "$output" "ABI"
}
