#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Usage errors, and the commands that run nothing.

load helpers

# Nothing may be run or made.
@test "what does not exist is named with what is nearest to it" {
	refuses "there is no command 'rnu'; did you mean 'run'?" rnu
	refuses "there is no command 'frobnicate'; iovabench --help lists them" frobnicate
	refuses "there is no option '--roudns'; did you mean '--rounds'?" run $tiny --roudns 3 -o "$scratch/t"
	refuses "there is no option '-z'" run $tiny -z -o "$scratch/t"
	refuses 'did you mean "rbtree"?' run $tiny -a rbtre -o "$scratch/t"
	refuses 'did you mean "rounding"?' run $tiny -a buddy:roundign=trim -o "$scratch/t"
	refuses "trim" run $tiny -a buddy:rounding=trimm -o "$scratch/t"
	refuses "workload, key or call 'gpu-pagng'; did you mean 'gpu-paging'?" describe gpu-pagng
	refuses "workload, key or call 'roundin'; did you mean 'rounding'?" describe roundin
	refuses "workload, key or call 'phases.mxi'; did you mean 'phases.mix'?" describe phases.mxi
	refuses "workload, key or call 'nothing-of-the-kind'" describe nothing-of-the-kind
	refuses "there is no allocator, option, metric, workload, key or call 'rbtre'; did you mean 'rbtree'?" describe rbtre
	refuses "there is no allocator, option, metric, workload, key or call 'failures.totl'; did you mean 'failures.total'?" describe failures.totl
	refuses "did you mean 'allocators'?" list alocators
	refuses "there is no option '--jsn'; did you mean '--json'?" list allocators --jsn
	refuses "unknown command imprt: did you mean import" trace imprt x
}

@test "values out of range are refused with what is right" {
	for value in 100001 -1 1.5 x '' 0x; do refuses "--rounds '$value': takes a whole number from 0 (the audit alone) to 100000" run $tiny --rounds "$value" -o "$scratch/t"; done
	for value in 0 -5 k 1kk 99999999G; do refuses "--ops '$value': takes a count from 1" run $tiny --ops "$value" -o "$scratch/t"; done
	for value in -1 1k 18446744073709551616 seed; do refuses "--seed '$value'" run $tiny --seed "$value" -o "$scratch/t"; done
	for value in 0 0.1 nan x 1e9; do refuses "--stall '$value': takes seconds from 0.2 to 86400" run $tiny --stall "$value" -o "$scratch/t"; done
	for value in 0 1.5 99999999; do refuses "--memory '$value': takes MiB" run $tiny --memory "$value" -o "$scratch/t"; done
	for value in '' x 1- 3-2 1,,2 -1 4096; do refuses "--cpus '$value': takes numbers of CPUs and ranges of them, such as 2-3,5" run $tiny --cpus "$value" -o "$scratch/t"; done
	for value in '' x -1 1.5; do refuses "--node '$value': takes the number of a NUMA node" run $tiny --node "$value" -o "$scratch/t"; done
	refuses "--cpus '1023': there is no CPU 1023; online are" run $tiny --cpus 1023 -o "$scratch/t"
	refuses "--node '4000000000': " run $tiny --node 4000000000 -o "$scratch/t"
	refuses "--rounds '0': is the audit alone, and --audit is off" run $tiny --rounds 0 --audit off -o "$scratch/t"
	refuses "--latency 'some': takes sampled, all or off" run $tiny --latency some -o "$scratch/t"
	refuses "--audit 'yes': takes on or off" run $tiny --audit yes -o "$scratch/t"
	refuses "--color 'red': takes auto, always or never" run $tiny --color red -o "$scratch/t"
	refuses "-a 'rbtree': was given twice" run $tiny -a rbtree -a rbtree -o "$scratch/t"
	refuses "is longer than 1023 characters" run $tiny -a "./$(printf 'x%.0s' $(seq 1100))" -o "$scratch/t"
	refuses "--rounds needs a value" run $tiny --rounds
	refuses "no workload was named" run -a rbtree -o "$scratch/t"
	refuses "-o '': takes the name of a folder" run $tiny -o ""
}

@test "every fault of every workload is told, and nothing is run" {
	refuses "No such file" run $tiny "$scratch/none.yaml" -o "$scratch/t"
	refuses "key-unknown.yaml:" run $tiny tests/bad/key-unknown.yaml tests/bad/number-octal.yaml -o "$scratch/t"
	has "$stderr" "number-octal.yaml:"
	for command in run check expand; do
		refuses "expect-metric.yaml:8:14: expect[0].metric: 'failures.totl' is no metric; did you mean 'failures.total'?" $command tests/bad/expect-metric.yaml
		has "$stderr" "expect-metric.yaml:4:42: requests[0].high: 'none' is no number"
		has "$stderr" "expect-metric.yaml:9:14: expect[1].metric: 'latency.alloc.p99' is no metric; did you mean 'latency.alloc.p99_ns'?"
	done
}

@test "a folder, a huge file and a file name that is too long are refused" {
	mkdir "$scratch/folder.yaml"
	refuses "is a folder, not a file" run "$scratch/folder.yaml" -o "$scratch/t"
	truncate -s 17M "$scratch/huge.yaml"
	refuses "larger than 16777216 bytes" run "$scratch/huge.yaml" -o "$scratch/t"
	refuses "File name too long" run "$(printf 'x%.0s' $(seq 300))" -o "$scratch/t"
}

@test "recordings that are cut or spoilt are named" {
	cp workloads/e1000e.yaml "$scratch"
	mkdir "$scratch/traces"
	head -c 3000 workloads/traces/e1000e.strict.iovatrace >"$scratch/traces/e1000e.strict.iovatrace"
	refuses "traces/e1000e.strict.iovatrace" run "$scratch/e1000e.yaml" -o "$scratch/t"
	refuses "traces/e1000e.strict.iovatrace" check "$scratch/e1000e.yaml"
	cp workloads/traces/e1000e.strict.iovatrace "$scratch/traces"
	printf '\xff\xff\xff' | dd of="$scratch/traces/e1000e.strict.iovatrace" bs=1 seek=2000 conv=notrunc 2>/dev/null
	refuses "traces/e1000e.strict.iovatrace" check "$scratch/e1000e.yaml"
	rm "$scratch/traces/e1000e.strict.iovatrace"
	refuses "traces/e1000e.strict.iovatrace" check "$scratch/e1000e.yaml"
}

@test "bombs are refused quickly and in little memory" {
	no_sanitizer
	for file in alias-bomb document-too-deep script-too-deep; do
		begin=$(date +%s%N)
		run -2 bash -c "ulimit -v 102400; exec $iovabench check tests/bad/$file.yaml"
		[ $((($(date +%s%N) - begin) / 1000000)) -lt 1000 ]
		has "$output" "$file.yaml:"
	done
}

@test "every command has help, and so has the program" {
	for command in run check expand list describe compare gate doctor calibrate report trace; do
		run -0 --separate-stderr "$iovabench" $command --help
		is "$stderr" ""
		[[ ${lines[0],,} == "usage: iovabench $command"* ]]
		run -0 "$iovabench" $command -h
		has "$("$iovabench" --help)" "  $command"
	done
	run -0 "$iovabench" -h
	run -0 "$iovabench" help
	run -2 "$iovabench"
}

@test "the version is that of the header" {
	run -0 "$iovabench" --version
	is "$output" "iovabench $(sed -n 's/^#define IOVABENCH_VERSION "\(.*\)"/\1/p' include/iovabench/version.h)"
}

@test "check reads every workload that is shipped" {
	run -0 --separate-stderr "$iovabench" check workloads/*.yaml
	is "$stderr" ""
	is "${#lines[@]}" "$(find workloads -maxdepth 1 -name '*.yaml' | wc -l)"
	is "${lines[0]}" "workloads/adl-objects.yaml: ok"
}

@test "check tells what is right beside what is wrong" {
	run -2 --separate-stderr "$iovabench" check $tiny tests/bad/number-octal.yaml workloads/comb.yaml
	is "$output" "$(printf '%s: ok\nworkloads/comb.yaml: ok' $tiny)"
	has "$stderr" "tests/bad/number-octal.yaml:"
	run -2 "$iovabench" check
}

@test "expand writes one document with every default" {
	run -0 --separate-stderr "$iovabench" expand $tiny
	is "$(jq -r '[.name, .seed, (.phases | length)] | join(" ")' <<<"$output")" "tiny 0x1 2"
	refuses "No such file" expand "$scratch/none"
	refuses "takes json or yaml" expand $tiny --format xml
	refuses "takes one workload" expand $tiny $tiny
}

@test "what expand writes is checked and played as the workload that it was" {
	"$iovabench" run $tiny -a rbtree --rounds 1 --ops 2k -q -o "$scratch/was"
	for format in json yaml; do
		"$iovabench" expand $tiny --format $format >"$scratch/again.yaml"
		run -0 "$iovabench" check "$scratch/again.yaml"
		"$iovabench" run "$scratch/again.yaml" -a rbtree --rounds 1 --ops 2k -q -o "$scratch/$format"
		is "$(jq -c '[.workloads[0].stream_hash, .workloads[0].expanded]' "$scratch/$format/result.json")" \
			"$(jq -c '[.workloads[0].stream_hash, .workloads[0].expanded]' "$scratch/was/result.json")"
	done
	is "$(grep -c "^  - name: \|^  - {name: " "$scratch/again.yaml")" "$("$iovabench" expand $tiny | jq '(.requests + .phases) | length')"
}

@test "describe tells what the requests of a workload stand for" {
	sed 's/{name: page, /{name: page, about: "one page: a ring of its own", /' $tiny >"$scratch/told.yaml"
	has "$("$iovabench" describe "$scratch/told.yaml")" "$(printf '  requests: page\n    page: one page: a ring of its own\n  phases:')"
	is "$("$iovabench" describe $tiny | grep -c '^    ')" 0
}

@test "lists are lines, or JSON" {
	for list in allocators workloads metrics distributions keys; do
		run -0 "$iovabench" list $list
		count=${#lines[@]}
		is "$("$iovabench" list $list --json | jq length)" "$count"
		is "$("$iovabench" list $list --json | jq 'all(has("name", "about"))')" true
	done
	has "$("$iovabench" list allocators)" rbtree
	is "$("$iovabench" list distributions | awk '{print $1}' | grep -cxE 'size.(zipf|mixed)|lifetime.pareto')" 3
	is "$("$iovabench" list distributions --json | jq -r '.[] | select(.name == "size.zipf") | .about')" \
		"a size of s pages has weight s^-alpha"
	is "$("$iovabench" describe requests.size.lognormal.sigma | sed -n '3,4p')" "$(printf '  value: number, 0.01 to 8\n  default: required')"
	is "$("$iovabench" describe sigma | grep -c 'lognormal.sigma: ')" 2
	is "$("$iovabench" list metrics | awk '{print $1}' | grep -cx 'throughput.raw_ns_per_op')" 1
	is "$("$iovabench" list metrics | awk '{print $1}' | grep -cx 'latency.mdl.alloc.p999_ns')" 1
	has "$("$iovabench" describe latency.free.p99_ns)" "latency.free.p99_ns: 99th percentile of the latencies of free"
	refuses "did you mean 'latency.free.p99_ns'?" describe latency.free.p99
}

@test "everything that is listed can be described" {
	for list in allocators metrics; do
		for name in $("$iovabench" list $list --json | jq -r '.[].name'); do
			run -0 "$iovabench" describe "$name"
			has "${lines[0]}" "$name: "
		done
	done
	is "$("$iovabench" list keys --json | jq -r '.[] | select(.name == "phases.victims") | .value, .default')" "random, fifo, lifo or lifetime
random"
	for name in $("$iovabench" list keys --json | jq -r '.[].name'); do
		has "$("$iovabench" describe "$name")" "$name: "
	done
	for file in $("$iovabench" list workloads --json | jq -r '.[].name'); do
		has "$("$iovabench" describe "$(basename "$file" .yaml)")" "  file: $file"
		has "$("$iovabench" describe "$file")" "  file: $file"
	done
	refuses "takes one name" describe
}

@test "what is described is what was meant" {
	has "$("$iovabench" describe magazine)" "  depot "
	is "$("$iovabench" describe rounding | head -n 1)" "option of buddy:"
	is "$("$iovabench" describe fit | grep -c '^option of ')" 2
	has "$("$iovabench" describe space.footprint_ratio)" "unit: ratio"
	has "$("$iovabench" describe phases.mix)" "  - weight "
	is "$("$iovabench" describe zipf | grep -c 'zipf: ')" 2
	is "$("$iovabench" describe comb | sed -n '4,5p')" "$(printf '  requests: page pair\n  phases: comb')"
}

@test "--parse-only is check, alone and with run" {
	run -0 --separate-stderr "$iovabench" --parse-only $tiny workloads/comb.yaml
	is "$output" "$(printf '%s: ok\nworkloads/comb.yaml: ok' $tiny)"
	is "$stderr" ""
	run -2 --separate-stderr "$iovabench" --parse-only $tiny tests/bad/number-octal.yaml
	is "$output" "$tiny: ok"
	has "$stderr" "tests/bad/number-octal.yaml:"
	run -2 "$iovabench" --parse-only
	run -0 --separate-stderr "$iovabench" run --parse-only $tiny -a rbtree -o "$scratch/t"
	is "$output" "$tiny: ok"
	[ ! -e "$scratch/t" ]
	refuses 'did you mean "rbtree"?' run --parse-only $tiny -a rbtre -o "$scratch/t"
	refuses "which 2 threads cannot share" run --parse-only workloads/comb.yaml -t 2 -o "$scratch/t"
	refuses "No such file" --parse-only "$scratch/none.yaml"
}

@test "a report is made again from a result, and JSON comes back as it was" {
	"$iovabench" run $tiny -a rbtree --rounds 1 -q -o "$scratch/r"
	"$iovabench" report "$scratch/r" --format json >"$scratch/again.json"
	cmp "$scratch/again.json" "$scratch/r/result.json"
	run -0 "$iovabench" report "$scratch/r/result.json"
	has "$output" rbtree
	run -0 "$iovabench" report "$scratch/r" --format csv
	is "$(python3 -c 'import csv, sys
for row in csv.DictReader(sys.stdin):
    if row["metric"] == "failures.total": print(row["workload"], row["spec"], row["seed"], row["threads"], row["lock"], row["value"])' <<<"$output")" \
		"tiny rbtree 1 1 none $(jq .arms[0].failures.total "$scratch/r/result.json")"
	run -0 "$iovabench" report "$scratch/r" -o "$scratch/x.html"
	grep -q rbtree "$scratch/x.html"
	refuses "takes html, md, csv or json" report "$scratch/r" --format pdf
	refuses "takes a result, or several" report
	run -7 "$iovabench" report "$scratch/r" -o "$scratch/none/x.html"
}

@test "a result that is none is refused with its name" {
	refuses "/result.json: cannot open" report "$scratch"
	echo '{"schema": "iovabench.result/2"}' >"$scratch/bad.json"
	refuses "bad.json" report "$scratch/bad.json"
	echo '{' >"$scratch/bad.json"
	refuses "bad.json" report "$scratch/bad.json"
}

@test "recordings are imported and told" {
	run -0 "$iovabench" trace stat workloads/traces/e1000e.strict.iovatrace
	has "$output" "e1000e.strict.iovatrace"
	is "$("$iovabench" trace stat workloads/traces/e1000e.strict.iovatrace --json | jq -s length)" 1
	refuses "1 to 256 files are wanted" trace stat
	refuses "-o OUT.iovatrace is missing" trace import README.md
	refuses "no/such" trace stat no/such
}

@test "the worker is not for people" {
	run -2 "$iovabench" worker 0 </dev/null
	run -2 "$iovabench" worker 77
	has "$output" "worker is called by the program itself, not by hand"
}

@test "describe knows every heading of every table, percentiles and options" {
	"$iovabench" run $tiny -a buddy -a bitmap --rounds 1 --seed 1,2 -q -o "$scratch/d"
	grep -o '<th scope="col[^>]*>[^<]*\(<br>[^<]*\)\?</th>' "$scratch/d/report.html" | sed 's/<br>/ /; s/<[^>]*>//g' | sort -u >"$scratch/heads"
	{ "$iovabench" compare "$scratch/d:buddy" "$scratch/d:bitmap" || true; } | grep -o 'metric .*interval' | head -1 | sed 's/  \+/\n/g' >>"$scratch/heads"
	printf '%s\n' ns/op 'time by pairs' '95 %' net p50 p99.9 'alloc p50' 'steps /alloc' failed 'unusable 2 MiB' footprint 'page tables' metadata p999 p9999 >>"$scratch/heads"
	[ "$(wc -l <"$scratch/heads")" -ge 40 ]
	while IFS= read -r head; do
		run -0 "$iovabench" describe "$head"
	done <"$scratch/heads"
	has "$("$iovabench" describe rounds)" "--rounds N|auto, an option of run, suite, advise: fresh processes"
	has "$("$iovabench" describe p999)" "99.9 % of the samples"
	refuses "did you mean 'footprint'?" describe fotprint
}
