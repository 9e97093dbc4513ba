#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The same arms in several results, and one page of several parts.

load helpers

setup_file() {
	bats_require_minimum_version 1.5.0
	local at
	for at in 1 2 3; do
		"${BUILD:-build}/iovabench" run tests/cli/tiny.yaml -a buddy -a rbtree $([ $at = 2 ] || echo -a bitmap) --rounds 1 -q -o "$BATS_FILE_TMPDIR/r$at"
	done
	made=$BATS_FILE_TMPDIR
	# What a change of an allocator, and a faster machine, would leave.
	jq 'del(.digest) | .run.started = "2030-01-01T00:00:00Z" | .build.git = "beefcafe0123" | (.arms[] | select(.spec == "rbtree")) |= (.space.span_pages += 7 |
		.phases[-1].space.span_pages += 7 | .paired.ratio = 9 | .paired.ci_low = 8.5 | .paired.ci_high = 9.5)' "$made/r3/result.json" >"$made/changed.json"
	jq 'del(.digest) | (.arms[] | select(.spec == "rbtree").paired) |= (.ratio = 2 | .ci_low = 1.9 | .ci_high = 2.1)' "$made/r1/result.json" >"$made/first.json"
}

setup() {
	made=$BATS_FILE_TMPDIR
}

# What the table says: run, spec, metric, value and change of what the condition (Python) chooses.
rows() { # file condition
	python3 - "$1" "$2" <<-'PY'
		import csv, sys
		for row in csv.DictReader(open(sys.argv[1])):
		    if eval(sys.argv[2], {}, row):
		        print(row["commit"][:8], row["spec"], row["metric"], row["value"], row["change"])
	PY
}

@test "exact figures and ratios that changed are marked, in the order in which runs were begun" {
	"$iovabench" history "$made/changed.json" "$made/r2" "$made/first.json" -o "$scratch/h.csv"
	is "$(python3 -c 'import csv, sys; print(*dict.fromkeys(row["started"] for row in csv.DictReader(open(sys.argv[1]))))' "$scratch/h.csv" | tr ' ' '\n' | sort -c && echo sorted)" sorted
	span=$(jq '.arms[1].space.span_pages' "$made/first.json")
	is "$(rows "$scratch/h.csv" 'change' | sort)" "beefcafe rbtree paired.ratio 9 worse
beefcafe rbtree space.span_pages $((span + 7)) worse"
	is "$(rows "$scratch/h.csv" 'spec == "bitmap" and metric == "failures.total"' | wc -l)" 2
	is "$(rows "$scratch/h.csv" 'spec == "buddy" and metric == "failures.total"' | wc -l)" 3
}

# A result like the first one whose rbtree has this ratio to buddy, made in this second.
ratio() { # second ratio low high
	jq --arg at "2030-01-01T00:00:0$1Z" "del(.digest) | .run.started = \$at | (.arms[] | select(.spec == \"rbtree\").paired) |=
		(.ratio = $2 | .ci_low = $3 | .ci_high = $4)" "$made/r1/result.json" >"$scratch/ratio$1.json"
}

@test "a ratio is held against that of the first run since the last change, and intervals that touch are none" {
	# It touches, leaves, stays, and drifts until it has left again.
	ratio 1 2 1.9 2.1
	ratio 2 2.2 2.05 2.3
	ratio 3 3 2.9 3.1
	ratio 4 3.1 3 3.2
	ratio 5 2.8 2.7 2.95
	ratio 6 2.6 2.5 2.75
	"$iovabench" history "$scratch"/ratio?.json -o "$scratch/h.csv"
	is "$(rows "$scratch/h.csv" 'spec == "rbtree" and metric == "paired.ratio"' | cut -d' ' -f4- | tr '\n' ,)" "2 ,2.2000000000000002 ,3 worse,3.1000000000000001 ,2.7999999999999998 ,2.6000000000000001 better,"
	is "$(python3 -c 'import csv, sys; print(*next((row["reference"], row["ci_low"], row["ci_high"], row["better"]) for row in csv.DictReader(open(sys.argv[1])) if row["metric"] == "paired.ratio" and row["ci_low"]))' "$scratch/h.csv")" \
		"buddy 1.8999999999999999 2.1000000000000001 lower"
	"$iovabench" history "$scratch"/ratio?.json -o "$scratch/h.html"
	grep -q '<td class="number">2.000</td><td class="number">3.000</td><td>worse</td>' "$scratch/h.html"
	run ! grep -q 'Nothing' "$scratch/h.html"
	# The same arm in all of them has no times without a pair with the one that is asked for.
	"$iovabench" history "$scratch"/ratio?.json --reference bitmap -o "$scratch/other.csv"
	is "$(rows "$scratch/other.csv" 'spec == "rbtree" and metric == "paired.ratio" and value' | wc -l)" 0
	"$iovabench" history "$scratch/ratio1.json" "$scratch/ratio2.json" -o "$scratch/none.html"
	grep -q 'Nothing' "$scratch/none.html"
}

@test "another stream of operations is other work, and no change of an allocator" {
	"$iovabench" run $tiny -a buddy --ops 3k --rounds 0 -q -o "$scratch/other"
	"$iovabench" history "$made/r1" "$scratch/other" -o "$scratch/h.csv"
	is "$(rows "$scratch/h.csv" 'change' | cut -d' ' -f2,5- | sort -u)" "buddy other work"
}

@test "the page names runs, commits and changes; plot draws the same" {
	"$iovabench" history "$made/first.json" "$made/changed.json" -o "$scratch/h.html"
	for part in beefcafe0123 'time by pairs' '<td>worse</td>' 2030-01-01T00:00:00Z; do grep -q "$part" "$scratch/h.html"; done
	run ! grep -q -e nan -e '<script' "$scratch/h.html"
	"$iovabench" plot history "$made/first.json" "$made/changed.json" -o "$scratch/h.svg" --data "$scratch/h.csv"
	xmllint --noout "$scratch/h.svg"
	is "$(grep '^tiny: time by pairs,rbtree' "$scratch/h.csv" | cut -d, -f3,4 | paste -sd ' ')" "1,2 2,9"
	grep -q 'beefcafe0123' "$scratch/h.svg"
	# An exact figure holds until it is another one, a ratio is joined to the next.
	python3 - "$scratch/h.svg" <<-'PY'
		import re, sys
		plots = {part.split('"')[0]: re.findall(r'class="line[^"]*" d="([^"]*)"', part) for part in open(sys.argv[1]).read().split('data-key="')[1:]}
		steps, joined = plots["tiny: span"], plots["tiny: time by pairs"]
		assert any("V" in path for path in steps) and not any("L" in path for path in steps), steps
		assert any("L" in path for path in joined), joined
	PY
}

@test "a plugin is named by its hash" {
	cp "${plugins%/tests/plugins}/plugins/example.so" "$scratch/p.so"
	"$iovabench" run $tiny -a "$scratch/p.so" --rounds 0 -q -o "$scratch/before"
	echo >>"$scratch/p.so"
	"$iovabench" run $tiny -a "$scratch/p.so" --rounds 0 -q -o "$scratch/after"
	[ "$(arms "$scratch/before" .plugin_hash)" != "$(arms "$scratch/after" .plugin_hash)" ]
	is "$("$iovabench" history "$scratch/before" "$scratch/after" | grep -c "$(arms "$scratch/after" .plugin_hash)")" 7
	"$iovabench" history "$scratch/before" "$scratch/after" -o "$scratch/h.html"
	hash=$(arms "$scratch/after" .plugin_hash)
	grep -q "${hash#0x}" "$scratch/h.html"
}

@test "parts of a matrix make one page; the same arms twice are told, and where they are shown" {
	"$iovabench" run $tiny -a linux-lazy --rounds 1 -q -o "$scratch/part"
	"$iovabench" report "$made/r1" "$scratch/part" -o "$scratch/both.html"
	for spec in buddy bitmap rbtree linux-lazy; do grep -q "$spec" "$scratch/both.html"; done
	run -2 --separate-stderr "$iovabench" report "$made/r1" "$made/r2" -o "$scratch/no.html"
	has "$stderr" "iovabench history shows the same arms in several results"
	[ ! -e "$scratch/no.html" ]
}

@test "what is wrong is told: endings, newer results, none at all; a full disk leaves the old page" {
	run -2 "$iovabench" history
	run -2 "$iovabench" history "$made/r1" -o "$scratch/h.pdf"
	has "$output" ".html or .csv"
	sed 's,iovabench.result/1,iovabench.result/2,' "$made/r1/result.json" >"$scratch/newer.json"
	for words in "history $made/r1" "report $made/r1" "plot history $made/r1" report "plot forest"; do
		run -2 "$iovabench" $words "$scratch/newer.json"
		has "$output" "$scratch/newer.json: "
		has "$output" 'schema: is "iovabench.result/2", must be "iovabench.result/1"'
	done
	for words in "history $made/r1 $made/r2 -o $scratch/old.html" "history $made/r1 -o $scratch/old.csv" "report $made/r1 -o $scratch/old.html" "report $made/r1 -o $scratch/old.csv"; do
		echo old >"${words##* }"
		# shellcheck disable=SC2086  # a list of words
		run -7 prlimit --fsize=4096 "$iovabench" $words
		is "$(cat "${words##* }")" old
	done
	is "$(find "$scratch" -name '*.partial')" ""
}

@test "a forged result makes no escape sequence, formula or script" {
	jq 'del(.digest) | .run.started = "=1+1" | .run.command = "\u001b]0;x\u0007<script>alert(1)</script>" | .build.git = "\u001b[31m<blink>" | .machine.cpu = "@SUM(A1)" |
		(.arms[].spec, (.arms[].paired | select(.)).against) |= "=cmd|x\u001b[2J<script>\u202e\"" + . | .workloads[].name = "-2+3<script>\u009b31m" |
		.workloads[].sweep = {"=key": "+1"} | .run.id = "\t=1"' "$made/r1/result.json" >"$scratch/forged.json"
	for words in "report --format csv" "report --format html" "report --format json" history "plot history" "plot forest" "plot percentiles" "plot load"; do
		"$iovabench" $words "$scratch/forged.json" >"$scratch/out" 2>"$scratch/err" || { cat "$scratch/err"; false; }
		run ! grep -qP '\x1b|\x07|\xc2\x9b|\xe2\x80\xae' "$scratch/out" "$scratch/err"
		run ! grep -qP '(^|,)"?[=+@-][^0-9]' <(case $words in *csv | history) cat "$scratch/out" ;; esac)
		run ! grep -q -e '<script>alert' -e '<blink>' -e 'x<script' <(case $words in *csv | *json | history) ;; *) cat "$scratch/out" ;; esac)
	done
	"$iovabench" history "$scratch/forged.json" -o "$scratch/forged.html"
	run ! grep -qP '<script|<blink>|\x1b|\xc2\x9b|\xe2\x80\xae' "$scratch/forged.html"
}

@test "whatever stands in a result, nothing that is told of it steers a terminal or turns the direction of text" {
	jq 'del(.digest) | def h: "\u001b]0;x\u0007\u202e\u009b31m\u2066\u200f\u061c\u0085\u007f\"|`*\r\t\\" + .;
		.run |= ((.started, .command, .id) |= h) | .build |= map_values(h) | (.machine | .cpu, .kernel, .clock) |= h | .machine.calibration = ("c" | h) |
		.machine.warnings = ["w" | h] | .run.trouble_owner = "machine" | .run.trouble = ("t" | h) | .workloads[] |= ((.name, .about, .file) |= h) |
		.arms[] |= ((.spec, .allocator, .workload, .phases[].name) |= h | .reason = ("r" | h) | (.paired | select(.)).against |= h) |
		.comparisons[] |= ((.a, .b, .workload) |= h)' "$made/r1/result.json" >"$scratch/hostile.json"
	unfit='[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]'
	q=$scratch/hostile.json name=$'\e[31m\xe2\x80\xae\xc2\x9b.json'
	for words in "report $q" "report $q --all" "report $q --format csv" "report $q --format html" "report $q --format json" "history $q $q" "plot history $q --data $scratch/data" \
		"plot percentiles $q --data $scratch/data" "plot forest $q --data $scratch/data" "compare $q $q --all" "compare $q:1 $q" "compare $q:none $q" \
		"gate --baseline $q $q --junit $scratch/junit" "report $q $q" "report $name" "resume $name" "plot $name $q" "report $q --format $name" "check $name" "$name"; do
		rm -f "$scratch/data" "$scratch/data.gp" "$scratch/junit"
		# shellcheck disable=SC2086  # a list of words
		"$iovabench" $words >"$scratch/out" 2>"$scratch/err" || [ $? -le 4 ]
		[ -s "$scratch/out" ] || [ -s "$scratch/err" ]
		for told in out err data data.gp junit; do
			[ ! -e "$scratch/$told" ] || run ! grep -aqP "$unfit" "$scratch/$told"
		done
	done
}

@test "series without a sample, and with one, draw" {
	jq 'del(.digest) | (.arms[].series_table.rows, .arms[].address_maps) |= []' "$made/r1/result.json" >"$scratch/empty.json"
	jq 'del(.digest) | .arms[].series_table.rows |= .[:1] | .arms[].address_maps |= []' "$made/r1/result.json" >"$scratch/one.json"
	jq 'del(.digest) | .arms[].series_table.rows |= map([.[0]] + map(null)[1:]) | .arms[].address_maps |= []' "$made/r1/result.json" >"$scratch/null.json"
	for result in empty one null; do
		for kind in $("$iovabench" plot --help | sed -n 's/^ \([a-z]*\): .*/\1/p'); do
			"$iovabench" plot "$kind" "$scratch/$result.json" -o "$scratch/$kind.svg" --data "$scratch/$kind.csv"
			xmllint --noout "$scratch/$kind.svg"
			run ! grep -qE '[^a-z]nan|[^a-z]inf[^a-z]' "$scratch/$kind.svg" "$scratch/$kind.csv"
		done
		"$iovabench" report "$scratch/$result.json" -o "$scratch/$result.html"
	done
}
