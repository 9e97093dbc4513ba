#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# "-" is standard input for every command that reads a file: a table of all commands, so that a new one must say what it does.

load helpers

setup_file() {
	bats_require_minimum_version 1.5.0
	"${BUILD:-build}/iovabench" run tests/cli/tiny.yaml -a buddy -a bitmap --rounds 1 --latency off -q -o "$BATS_FILE_TMPDIR/made"
	printf 'policy: 1\n' >"$BATS_FILE_TMPDIR/policy.yaml"
	printf 'suite: 1\nworkloads: tests/cli/tiny.yaml\nallocators: buddy\nrounds: 0\n' >"$BATS_FILE_TMPDIR/suite.yaml"
	printf '{}' >"$BATS_FILE_TMPDIR/calibration.json"
}

# command | what comes on standard input | arguments | exit code. none: the command reads no file that a user names.
table() {
	cat <<-'TABLE'
		run|tests/cli/tiny.yaml|- -a buddy --rounds 0 -q -o OUT|0
		advise|tests/cli/tiny.yaml|- --rounds 0 -q -o OUT.advised|0
		suite|MADE/../suite.yaml|run - -o OUT.suite -q|0
		aperture|tests/cli/tiny.yaml|- -a buddy|0
		check|tests/cli/tiny.yaml|-|0
		expand|tests/cli/tiny.yaml|-|0
		describe|tests/cli/tiny.yaml|-|0
		report|MADE/result.json|- --format csv|0
		plot|MADE/result.json|forest - -o OUT.svg|0
		plot|MADE/result.json|history - MADE -o OUT.svg|0
		history|MADE/result.json|- MADE|0
		compare|MADE/result.json|-- -:buddy -:buddy|4
		compare|MADE/result.json|- MADE|4
		compare|MADE/../calibration.json|MADE:buddy MADE:bitmap --calibration -|2
		gate|MADE/result.json|--baseline MADE -|0
		gate|MADE/result.json|--baseline - MADE|0
		gate|MADE/../policy.yaml|--baseline MADE MADE --policy -|0
		trace|workloads/traces/gpu.strict.iovatrace|stat -|0
		verify|tests/cli/tiny.yaml|buddy - --rule disjoint --ops 1k|0
		plugin|none
		resume|none
		merge|MADE/result.json|- MADE -o OUT|2
		merge|MADE/result.json|MADE - -o OUT|2
		list|none
		doctor|none
		calibrate|none
		completion|none
	TABLE
}

@test "every command is in the table" {
	is "$(table | cut -d'|' -f1 | sort -u)" "$("$iovabench" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | grep -v '^iovabench$' | sort -u)"
}

@test "each command reads what it is told to on standard input" {
	while IFS='|' read -r command input arguments wanted; do
		[ "$input" != none ] || continue
		input=${input//MADE/$BATS_FILE_TMPDIR/made} arguments=${arguments//MADE/$BATS_FILE_TMPDIR/made}
		read -ra words <<<"${arguments//OUT/$scratch/out}"
		code=0
		output=$("$iovabench" "$command" "${words[@]}" <"$input" 2>&1) || code=$?
		is "$command $arguments: $code, $(grep -c 'cannot open' <<<"$output") not opened" "$command $arguments: $wanted, 0 not opened"
	done < <(table)
}

@test "merge says why standard input cannot be merged, and leaves nothing" {
	made=$BATS_FILE_TMPDIR/made
	run -2 "$iovabench" merge - "$made" -o "$scratch/out" <"$made/result.json"
	is "$output" "iovabench merge: -: standard input is no folder of a run, whose journal is merged as well as its result"
	[ ! -e "$scratch/out" ]
}

@test "standard input can be named once" {
	for line in 'run - -' 'check - -' "gate --baseline - -" "gate --baseline $BATS_FILE_TMPDIR/made - --policy -"; do
		read -ra words <<<"$line"
		run -2 "$iovabench" "${words[@]}" <tests/cli/tiny.yaml
		has "$output" "standard input ('-') was named 2 times, and can be read once"
	done
}

@test "a workload that is shipped is found by its name, and a file of that name comes first" {
	cp -r workloads "$scratch"
	cp tests/bad/key-unknown.yaml "$scratch/comb"
	program=$(realpath "$iovabench")
	cd "$scratch"
	run -0 "$program" check nvme-lazy
	has "$output" "workloads/nvme-lazy.yaml: ok"
	run -0 "$program" expand nvme-lazy
	run -0 "$program" run nvme-lazy -a buddy --rounds 0 --ops 1k -q -o out
	is "$(jq -r '.workloads[0].name' out/result.json)" nvme-lazy
	run -2 "$program" check comb
	has "$output" "comb:"
	run -2 "$program" check no-such-workload
}
