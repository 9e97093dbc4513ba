#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Recordings as people have them (tests/recordings): the figures, or a message that names file, line and reason.

setup() {
	program=${BUILD:-build}/iovabench
	folder=$(mktemp -d)
	samples=tests/recordings
	head=' fio-7 [001] ...1. 1.5: '
}

teardown() {
	rm -rf "$folder"
}

# One row of the table; what differs goes to standard output.
check_row() { # file options wanted said
	local got words
	read -ra words <<<"$2"
	if "$program" trace stat "$samples/$1" "${words[@]}" --json >"$folder/out" 2>"$folder/err"; then
		got=$(jq -r '[.ops, .allocs, .frees, .size_max_pages, .peak_live, (.domains | length), .refused] | join("/")' "$folder/out")
	else
		got=$?
	fi
	[ "$got" = "$3" ] || echo "$1 $2: $got, wanted $3: $(cat "$folder/err")"
	grep -qE -- "$4" "$folder/err" || echo "$1 $2: does not say $4: $(cat "$folder/err")"
}

@test "every recording of the field gives its figures or its message" {
	local rows=0 bad=0 row file options wanted said
	while IFS='|' read -r file options wanted said; do
		case $file in '#'* | '') continue ;; esac
		rows=$((rows + 1))
		row=$(check_row "${file// /}" "$options" "${wanted// /}" "${said# }")
		[ -z "$row" ] || { echo "$row"; bad=$((bad + 1)); }
	done <"$samples/table"
	[ "$bad" -eq 0 ]
	[ "$rows" -ge 130 ]
}

@test "every file of the folder has a row" {
	for file in "$samples"/*; do
		case ${file##*/} in table | bpftrace-words.txt) continue ;; esac
		grep -q "^${file##*/} " "$samples/table"
	done
}

@test "files of several CPUs are merged by time" {
	for cpu in 000 001 003; do
		grep -F "[$cpu]" "$samples/t26-per-cpu-cat.txt" >"$folder/cpu$cpu"
	done
	"$program" trace import "$folder"/cpu* -o "$folder/merged.iovatrace" 2>"$folder/err"
	"$program" trace import "$samples/t02-linux-618-pipe.txt" -o "$folder/whole.iovatrace" 2>/dev/null
	[ "$("$program" trace stat "$folder/merged.iovatrace" --json | jq -r .hash)" = \
		"$("$program" trace stat "$folder/whole.iovatrace" --json | jq -r .hash)" ]
}

@test "files without a common clock are not merged" {
	run "$program" trace import "$samples/t02-linux-618-pipe.txt" "$samples/t16-clock-tsc.txt" -o "$folder/x.iovatrace"
	[ "$status" -eq 2 ]
	[[ $output == *"they cannot be merged"* ]]
	run "$program" trace import "$samples/t37-bcc-trace.txt" "$samples/t02-linux-618-pipe.txt" -o "$folder/x.iovatrace"
	[ "$status" -eq 2 ]
	[[ $output == *":2: no time: several files are merged by the times of their events"* ]]
	[ ! -e "$folder/x.iovatrace" ]
}

@test "a rule in one line reads events that nobody knows" {
	printf '%s\n' "$head"'get: at=0x5000 len=8192 who=a' "$head"'get: at=0x9000 len=4096 who=b' "$head"'put: at=0x5000 who=a' \
		>"$folder/own.txt"
	run "$program" trace stat "$folder/own.txt" --json
	[ "$status" -eq 2 ]
	"$program" trace stat "$folder/own.txt" --json --rule 'alloc: get, free: put, address: at, size: len|-, owner: who' \
		>"$folder/out" 2>"$folder/err"
	[ "$(jq -c '[.allocs, .frees, .size_max_pages, (.domains | length)]' "$folder/out")" = '[2,1,2,2]' ]
	grep -q 'events of own' "$folder/err"
}

@test "a rule of words reads what a printf without names prints" {
	"$program" trace stat "$samples/bpftrace-words.txt" --json --rule 'alloc: map, free: unmap, address: 1, size: 2' \
		>"$folder/out" 2>"$folder/err"
	[ "$(jq -c '[.allocs, .frees, .size_max_pages, .peak_live]' "$folder/out")" = '[3,2,8,2]' ]
	run "$program" trace stat "$samples/bpftrace-words.txt"
	[ "$status" -eq 2 ]
	[[ $output == *"bpftrace-words.txt: none of its 5 lines is an event that can be used"* ]]
}

@test "a file of rules is read through the table of keys" {
	printf '%s\n' "$head"'get: at=5 n=1 max=255' "$head"'put: at=5' >"$folder/own.txt"
	printf 'rules: 1\npairs:\n- {alloc: get, free: put, address: at, unit: pages, size: n|-, size_unit: order, limit: max|-}\n' \
		>"$folder/rules.yaml"
	"$program" trace stat "$folder/own.txt" --json --rule "$folder/rules.yaml" >"$folder/out" 2>/dev/null
	[ "$(jq -c '[.allocs, .frees, .size_max_pages, .limits[0].high_pages[0]]' "$folder/out")" = '[1,1,2,"0xff"]' ]
	sed -i 's/size_unit: order/size_unit: odrer/' "$folder/rules.yaml"
	run "$program" trace stat "$folder/own.txt" --rule "$folder/rules.yaml"
	[ "$status" -eq 2 ]
	[[ $output == *"rules.yaml:3:"*"order"* ]]
	run "$program" trace stat "$folder/own.txt" --rule 'alloc: get, free: put, size: n'
	[ "$status" -eq 2 ]
	[[ $output == *"which field of alloc is the address?"* ]]
	run "$program" trace stat "$folder/own.txt" --rule "$folder/nowhere"
	[ "$status" -eq 2 ]
	[[ $output == *"or a line like"* ]]
}

@test "a few unreadable lines among many are left out and told" {
	for i in $(seq 1 1200); do
		printf '%smap: IOMMU: iova=0x%x000 - 0x%x000 size=4096\n' "$head" $((2 * i)) $((2 * i + 1))
	done >"$folder/many.txt"
	echo "$head"'map: IOMMU: iova=0x7000000' >>"$folder/many.txt"
	"$program" trace stat "$folder/many.txt" >/dev/null 2>"$folder/err"
	grep -q '^1 line with an event cannot be read and was left out; the first is line 1201: no number size=' "$folder/err"
	echo "$head"'map: IOMMU: iova=0x8000000' >>"$folder/many.txt"
	run "$program" trace stat "$folder/many.txt"
	[ "$status" -eq 2 ]
	[[ $output == *"many.txt:1201: no number size="*"2 lines like this"*"1200 events could be read"* ]]
	"$program" trace stat "$folder/many.txt" --lenient >/dev/null 2>"$folder/err"
	grep -q '^2 lines with an event cannot be read and were left out' "$folder/err"
}

@test "a domain that ends takes its ranges with it" {
	{
		echo "$head"'allocret: (x <- y) dom=0xa size=0x2 limit=0xff flush=0 ret=0x5'
		echo "$head"'domput: (x) dom=0xa'
		echo "$head"'allocret: (x <- y) dom=0xa size=0x1 limit=0xff flush=0 ret=0x5'
	} >"$folder/two.txt"
	"$program" trace stat "$folder/two.txt" --json >"$folder/out" 2>"$folder/err"
	[ "$(jq -c '[.allocs, .frees, .peak_live]' "$folder/out")" = '[2,1,1]' ]
	grep -q 'ranges that ended with their domain: 1' "$folder/err"
}

@test "packed text is read as it lies around, whole or from a pipe, and a cut file is refused" {
	for tool in gzip zstd xz bzip2 lz4; do
		command -v "$tool" >/dev/null || continue
		"$tool" -c "$samples/t29-vfio-parts.txt" >"$folder/packed"
		[ "$("$program" trace stat "$folder/packed" --json 2>/dev/null | jq .ops)" = 6 ]
		[ "$("$program" trace stat - --json <"$folder/packed" 2>/dev/null | jq .ops)" = 6 ]
		head -c 120 "$folder/packed" >"$folder/cut"
		run "$program" trace stat "$folder/cut"
		[ "$status" -eq 2 ]
		[[ $output == *"cut"* ]]
	done
	xz -c "$samples/t29-vfio-parts.txt" >"$folder/packed" || skip "no xz"
	PATH=/nowhere run "$program" trace stat "$folder/packed"
	[ "$status" -eq 2 ]
	[[ $output == *"install xz-utils"* ]]
}

@test "pages of 64 KiB stay what they are, and a space of other pages is refused" {
	"$program" trace import "$samples/t46-granule-64k.txt" --page 64KiB -o "$folder/arm.iovatrace" 2>/dev/null
	"$program" trace stat "$folder/arm.iovatrace" >"$folder/out"
	grep -q 'live at peak  *0.1 MiB' "$folder/out"
	[ "$("$program" trace stat "$folder/arm.iovatrace" --json | jq .page_bytes)" = 65536 ]
	printf 'iovabench: 1\nname: arm\nspace: {size: 16MiB}\nphases: [{name: replay, trace: {file: arm.iovatrace}}]\n' >"$folder/arm.yaml"
	run "$program" run "$folder/arm.yaml" -a buddy --rounds 1 -o "$folder/result"
	[ "$status" -eq 2 ]
	[[ $output == *"arm.iovatrace was recorded in pages of 64 KiB, and the space has pages of 4 KiB"* ]]
	sed -i 's/16MiB/16MiB, page: 64KiB/' "$folder/arm.yaml"
	"$program" check "$folder/arm.yaml"
	run "$program" trace stat "$samples/t46-granule-64k.txt" --page 3KiB
	[ "$status" -eq 2 ]
}

@test "addresses that are all multiples of more than a page are told" {
	printf '%s\n' "$head"'map: IOMMU: iova=0x30000 - 0x50000 size=131072' "$head"'map: IOMMU: iova=0x90000 - 0xa0000 size=65536' \
		>"$folder/wide.txt"
	"$program" trace stat "$folder/wide.txt" >/dev/null 2>"$folder/err"
	grep -q 'every address and size is a multiple of 64KiB, and pages of 4KiB were taken' "$folder/err"
	"$program" trace stat "$folder/wide.txt" --page 64KiB >/dev/null 2>"$folder/err"
	[ "$(grep -c "multiple of" "$folder/err")" -eq 0 ]
	echo "$head"'map: IOMMU: iova=0x1000 - 0x2000 size=4096' >>"$folder/wide.txt"
	"$program" trace stat "$folder/wide.txt" >/dev/null 2>"$folder/err"
	[ "$(grep -c "multiple of" "$folder/err")" -eq 0 ]
}

@test "the figures of a recording are a page, too" {
	"$program" trace stat "$samples/t34-comms-perf.txt" -o "$folder/page.html" >"$folder/out" 2>/dev/null
	[ "$(grep -c '<figure>' "$folder/page.html")" -eq 3 ] # nothing of it is ever freed: no lifetimes
	grep -q 'live at peak' "$folder/page.html"
	diff <(sed '1d' "$folder/out") <(sed -n '/<pre>/,/<\/pre>/p' "$folder/page.html" | sed -e '1d' -e '/<\/pre>/d' -e "s/&#39;/'/")
	"$program" trace stat workloads/traces/e1000e.strict.iovatrace --json -o "$folder/json.html" | jq -e .allocs >/dev/null
	[ "$(grep -c '<figure>' "$folder/json.html")" -eq 4 ]
	printf '%s\n' "$head"'allocret: (x <- y) dom=0xa size=0x2 limit=0xff flush=0 ret=0x5' >"$folder/<b>&.txt"
	"$program" trace stat "$folder/<b>&.txt" -o "$folder/odd.html" >/dev/null 2>&1
	grep -q '&lt;b&gt;&amp;.txt</h1>' "$folder/odd.html"
	run "$program" trace stat "$samples/t02.zip" -o "$folder/none.html"
	[ "$status" -eq 2 ]
	[ ! -e "$folder/none.html" ]
	run "$program" trace stat "$samples/t34-comms-perf.txt" -o "$folder/nowhere/page.html"
	[ "$status" -eq 7 ]
}

@test "losses stay in the compact file" {
	"$program" trace import "$samples/t02-linux-618-pipe.txt" -o "$folder/lost.iovatrace" 2>/dev/null
	"$program" trace stat "$folder/lost.iovatrace" >"$folder/out"
	grep -q 'events lost  *123' "$folder/out"
	grep -q 'rebuilt from map and unmap  *1' "$folder/out"
	[ "$("$program" trace stat "$folder/lost.iovatrace" --json | jq -c '[.losses, .lost_events]')" = '[1,123]' ]
}

@test "a part of a recording, and a larger one" {
	"$program" trace cut "$samples/t29-vfio-parts.txt" --pages 200- -o "$folder/large.iovatrace" 2>/dev/null
	[ "$("$program" trace stat "$folder/large.iovatrace" --json | jq -c '[.allocs, .frees]')" = '[2,2]' ]
	"$program" trace cut "$folder/large.iovatrace" --ops 1- -o "$folder/late.iovatrace"
	[ "$("$program" trace stat "$folder/late.iovatrace" --json | jq -c '[.allocs, .frees]')" = '[2,2]' ]
	"$program" trace scale "$folder/large.iovatrace" --live 3 --domains 2 -o "$folder/more.iovatrace"
	[ "$("$program" trace stat "$folder/more.iovatrace" --json | jq -c '[.allocs, .peak_live, (.domains | length)]')" = '[12,6,2]' ]
	"$program" trace cut "$samples/t34-comms-perf.txt" --time 2-4 -o "$folder/time.iovatrace" 2>/dev/null
	[ "$("$program" trace stat "$folder/time.iovatrace" --json | jq .allocs)" = 2 ]
}

@test "cut and scale tell what is missing or wrong" {
	run "$program" trace cut "$samples/t29-vfio-parts.txt" -o "$folder/x.iovatrace"
	[ "$status" -eq 2 ]
	[[ $output == *"what shall stay?"* ]]
	run "$program" trace cut "$samples/t29-vfio-parts.txt" --ops 9-3 -o "$folder/x.iovatrace"
	[ "$status" -eq 2 ]
	[[ $output == *"like 1000-1999"* ]]
	run "$program" trace cut "$samples/t29-vfio-parts.txt" --pages 5000- -o "$folder/x.iovatrace"
	[ "$status" -eq 2 ]
	[[ $output == *"nothing is left"* ]]
	run "$program" trace scale "$samples/t29-vfio-parts.txt" -o "$folder/x.iovatrace"
	[ "$status" -eq 2 ]
	[[ $output == *"by what?"* ]]
	run "$program" trace stat "$samples/t37-bcc-trace.txt" --time 1-2
	[ "$status" -eq 2 ]
	[[ $output == *"no time in seconds"* ]]
	[ ! -e "$folder/x.iovatrace" ]
}

@test "a fit is a workload that behaves like the recording" {
	"$program" trace fit workloads/traces/nvme.lazy.iovatrace -o "$folder/fit.yaml" --like workloads/nvme-lazy.yaml \
		--against rbtree --against segregated >"$folder/out"
	"$program" check "$folder/fit.yaml"
	[ "$(grep -c 'fits$' "$folder/out")" -eq 2 ]
	grep -q 'lifetimes: the two distributions are at most' "$folder/out"
	# Sizes are those of the recording: one page is the most frequent one.
	[ "$("$program" expand "$folder/fit.yaml" | jq -c '.requests[] | select(.name == "size0") | .size.fixed')" = '"4KiB"' ]
}

@test "of every shipped recording a fit says on three allocators what is outside of its bounds, and nothing else" {
	local recording like rows=0
	while read -r recording like; do
		"$program" trace fit "workloads/traces/$recording.iovatrace" -o "$folder/fit.yaml" --like "workloads/$like.yaml" \
			--against rbtree --against buddy --against segregated >"$folder/out"
		awk '/%.*%.*(fits$|does not fit:)/ && $1 != "fits:" {
			ratio = $6 / $7; said = $0; sub(/^.*[0-9]  /, "", said); out = ""
			if (($2 - $4) ^ 2 > 25) out = out " unusable"
			if ((ratio - 1) ^ 2 > 0.04) out = out " span"
			if ($8 + $9 > 0 && ($8 == 0 || $9 == 0 || $8 > 2 * $9 || $9 > 2 * $8)) out = out " failures"
			wanted = out == "" ? "fits" : "does not fit:" out
			rows++
			if (said != wanted) { print said " but " wanted ": " $0; bad = 1 }
		} END { exit bad || rows != 3 }' "$folder/out"
		rows=$((rows + 1))
	done <<-END
		nvme.lazy nvme-lazy
		gpu.strict gpu-strict
		e1000e.strict e1000e
	END
	[ "$rows" -eq 3 ]
	# The last one has two domains, which a fit has not; apart they fit.
	grep -q "domains: 2 in the recording, one in the fit; 'trace cut --domain N' keeps one" "$folder/out"
	grep -q "does not fit: span" "$folder/out"
	grep -q "the sum of the spans of 2 domains.*'trace cut --domain N' keeps" "$folder/out"
	for domain in 0 1; do
		"$program" trace cut workloads/traces/e1000e.strict.iovatrace --domain "$domain" -o "$folder/one.iovatrace"
		"$program" trace fit "$folder/one.iovatrace" -o "$folder/fit.yaml" --like workloads/e1000e.yaml --against rbtree \
			--against buddy --against segregated >"$folder/out"
		[ "$(grep -c ' fits$' "$folder/out")" -eq 3 ]
	done
}

@test "what is never freed in the recording is no victim of its fit" {
	for i in $(seq 1 40); do
		printf '%s\n' "$head""allocret: (x <- y) dom=0xa size=0x1 limit=0xfffff flush=0 ret=0x$((i + 1000))"
	done >"$folder/stays.txt"
	for i in $(seq 1 200); do
		for j in 1 2 3 4 5; do printf '%s\n' "$head""allocret: (x <- y) dom=0xa size=0x2 limit=0xfffff flush=0 ret=0x${j}0"; done
		for j in 1 2 3 4 5; do printf '%s\n' "$head""freei: (x) dom=0xa pfn=0x${j}0 size=0x2"; done
	done >>"$folder/stays.txt"
	"$program" trace fit "$folder/stays.txt" -o "$folder/fit.yaml" --against rbtree >"$folder/out" 2>/dev/null
	grep -q 'rings: {request: stays1, depth: 40}' "$folder/fit.yaml"
	grep -q 'fits$' "$folder/out"
}

@test "a fit that differs says where, and one that cannot be says why" {
	for i in $(seq 1 300); do
		printf '%s\n' "$head""allocret: (x <- y) dom=0xa size=0x$i limit=0xfffff flush=0 ret=0x$((i * 16))"
		[ $((i % 3)) -ne 0 ] || printf '%s\n' "$head""freei: (x) dom=0xa pfn=0x$((i * 16)) size=0x$i"
	done >"$folder/odd.txt"
	"$program" trace fit "$folder/odd.txt" -o "$folder/fit.yaml" --against rbtree >"$folder/out" 2>/dev/null
	grep -Eq 'fits$|does not fit: ' "$folder/out"
	grep -q 'ranges that are never freed: 200' "$folder/out"
	run "$program" trace fit "$samples/t34-comms-perf.txt" -o "$folder/never.yaml"
	[ "$status" -eq 2 ]
	[[ $output == *"nothing in it is ever freed"* ]]
	[ ! -e "$folder/never.yaml" ]
	run "$program" trace fit "$folder/odd.txt" -o "$folder/x.yaml" --against nosuch
	[ "$status" -eq 2 ]
	run "$program" trace fit "$samples/t46-granule-64k.txt" --page 64KiB -o "$folder/x.yaml" --like workloads/e1000e.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"its space has pages of 4 KiB, the recording has 64 KiB"* ]]
}

# A folder that looks like tracefs.
make_tracefs() {
	mkdir -p "$folder/tracefs/events/iommu/map" "$folder/tracefs/events/iommu/unmap" "$folder/tracefs/events/dma" \
		"$folder/tracefs/events/iovabench"
	printf 'old\n' >"$folder/tracefs/trace"
	printf '1\n' >"$folder/tracefs/tracing_on"
	printf '1408 (expanded)\n' >"$folder/tracefs/buffer_size_kb"
	# shellcheck disable=SC2016  # the kernel's words
	printf '$stack, $retval, $arg<N>\n' >"$folder/tracefs/README"
	: >"$folder/tracefs/kprobe_events"
	printf 'ffffffff8f5b0f3d T alloc_iova_fast\n' >"$folder/kallsyms"
	export TRACING=$folder/tracefs KALLSYMS=$folder/kallsyms
}

@test "record-iova says what it will do, records, and puts everything back" {
	make_tracefs
	run tools/record-iova --dry-run -o "$folder/x.gz"
	[ "$status" -eq 0 ]
	[[ $output == *"records   probes"*"x.gz"* ]]
	[ "$(cat "$TRACING/trace")" = old ]
	run tools/record-iova -o "$folder/x.gz" -- cp "$samples/t02-linux-618-pipe.txt" "$TRACING/trace"
	[ "$status" -eq 0 ]
	[[ $output == *"iovabench trace import $folder/x.gz"* ]]
	[ "$("$program" trace stat "$folder/x.gz" --json 2>/dev/null | jq .allocs)" = 3 ]
	[ "$(cat "$TRACING/tracing_on" "$TRACING/buffer_size_kb" "$TRACING/events/iovabench/enable" | xargs)" = "1 1408 0" ]
	# shellcheck disable=SC2016  # the kernel's words
	grep -q '^p:iovabench/alloc alloc_iova_fast dom=$arg1:x64 size=$arg2:x64 limit=$arg3:x64$' "$TRACING/kprobe_events"
	grep -q '^-:iovabench/freei$' "$TRACING/kprobe_events"
}

@test "record-iova takes the next best, and refuses what cannot be" {
	make_tracefs
	: >"$folder/kallsyms"
	run tools/record-iova --dry-run -o "$folder/x"
	[[ $output == *"records   dma (events/dma/enable)"* ]]
	run tools/record-iova --dry-run -o "$folder/x" --events probes
	[ "$status" -eq 2 ]
	[[ $output == *"does not offer probes"* ]]
	run tools/record-iova --for soon
	[ "$status" -eq 2 ]
	: >"$folder/x"
	run tools/record-iova -o "$folder/x"
	[ "$status" -eq 2 ]
	[[ $output == *"exists already"* ]]
	TRACING=$folder/nowhere run tools/record-iova
	[ "$status" -eq 2 ]
}

@test "a replay tells what its recording lacks, and the kernel's own span" {
	"$program" trace import "$samples/t02-linux-618-pipe.txt" -o "$folder/lost.iovatrace" 2>/dev/null
	printf 'iovabench: 1\nname: lost\nspace: {size: 4GiB}\nphases: [{name: replay, trace: {file: lost.iovatrace}}]\n' >"$folder/lost.yaml"
	"$program" run "$folder/lost.yaml" -a buddy --rounds 0 -o "$folder/result" >"$folder/out"
	[ "$(jq -r '.workloads[0].recorded' "$folder/result/result.json")" = \
		"lost.iovatrace: losses of events: 1, events lost: 123, rebuilt from map and unmap, pages of the kernel's span: 34, the kernel's page tables: 4, the kernel's page tables, ever: 4" ]
	grep -q "events lost: 123" "$folder/out"
	grep -q "s span: 34" "$folder/result/report.html"
	# Its figures stand beside those of each allocator.
	grep -q 'span and page tables ever, in pages: the recorded kernel 34 and 4; buddy [0-9]* and 4' "$folder/out"
	[ "$(jq -c '.arms[0].recorded_kernel | [.span_pages, .page_table_pages, .page_table_ever_pages, .page_table_ever_ratio]' \
		"$folder/result/result.json")" = '[34,4,4,1]' ]
	[ "$("$program" trace stat "$folder/lost.iovatrace" --json | jq -c '[.kernel_span_pages, .kernel_page_table_ever_pages]')" = '[34,4]' ]
	# A part has none of its own, and another workload none at all.
	"$program" trace cut "$folder/lost.iovatrace" --ops 1- -o "$folder/part.iovatrace"
	sed s/lost.iovatrace/part.iovatrace/ "$folder/lost.yaml" >"$folder/part.yaml"
	"$program" run "$folder/part.yaml" tests/cli/tiny.yaml -a buddy --rounds 0 -o "$folder/parts" >"$folder/out"
	[ "$(jq -r '.arms[0].recorded_kernel | [.span_pages, .span_pages_reason] | join(" ")' "$folder/parts/result.json")" = \
		' the recording was cut or scaled from another one, whose addresses are not its own' ]
	[ "$(jq -r '.arms[1].recorded_kernel.span_pages_reason' "$folder/parts/result.json")" = 'not applicable' ]
}

@test "device time stands beside operations" {
	printf 'iovabench: 1\nname: slow\npace: 1k/s\nspace: {size: 64KiB}\nrequests: [{name: a, size: {fixed: 12KiB}}]\nphases: [{name: p, mix: [{request: a, weight: 1}], ops: 2k, victims: random, measure: yes}]\n' >"$folder/slow.yaml"
	sed -i 's/phases: \[/phases: [{name: fill, mix: [{request: a, weight: 1}], until: {live: 9}}, /' "$folder/slow.yaml"
	"$program" run "$folder/slow.yaml" -a bitmap --rounds 0 -o "$folder/result" >"$folder/out" || true
	grep -Eq '\(2.01 k operations, 2.0[01] s of device time, seed' "$folder/out"
	grep -Eq 'first failure at operation [0-9]+ \([0-9.]+ (m?)s of device time\)' "$folder/out"
	grep -q '2.01 s of device time in all' "$folder/result/report.html"
	[ "$(head -1 "$folder/result/series.csv" | tr , '\n' | grep -c device_s)" -eq 1 ]
	jq -e '.arms[0].phases[1].operations.device_s | . > 1.999 and . < 2.001' "$folder/result/result.json"
}

@test "what an archive or an old encoding hides is named, and a cut head is told" {
	local sample=$samples/t03-perf-default.txt
	tar -cf "$folder/a.tar" -C "$samples" t03-perf-default.txt
	run "$program" trace stat "$folder/a.tar"
	[ "$status" -eq 2 ]
	[[ $output == *"a tar archive: import what 'tar xOf FILE NAME' prints"* ]]
	gzip -c "$folder/a.tar" >"$folder/a.tar.gz"
	run "$program" trace stat "$folder/a.tar.gz"
	[ "$status" -eq 2 ]
	[[ $output == *"what is packed in it is no text: a tar archive"* ]]
	gzip -c "$sample" | gzip -c >"$folder/twice.gz"
	run "$program" trace stat "$folder/twice.gz"
	[ "$status" -eq 2 ]
	[[ $output == *"packed once more"* ]]
	for encoding in UTF-16LE UTF-16BE UTF-32; do
		iconv -f UTF-8 -t "$encoding" "$sample" >"$folder/wide"
		run "$program" trace stat "$folder/wide"
		[ "$status" -eq 2 ]
		[[ $output == *"text in ${encoding%?E}: import what 'iconv"* ]]
	done
	# A zero hides nothing.
	{ printf '\0\0'; cat "$sample"; } >"$folder/zero"
	[ "$("$program" trace stat "$folder/zero" --json 2>/dev/null | jq .ops)" -eq 5 ]
	# A file that begins inside a line.
	sed '1s/.*IOMMU: //' "$sample" >"$folder/cut"
	"$program" trace stat "$folder/cut" >/dev/null 2>"$folder/err"
	grep -q 'the first line has no beginning and was left out' "$folder/err"
	{ cat "$sample"; printf 'Processed 55 events and lost 3 chunks!\n'; } >"$folder/chunks"
	"$program" trace stat "$folder/chunks" >/dev/null 2>"$folder/err"
	grep -q 'a buffer overflowed: 1 loss' "$folder/err"
}

@test "a trace.dat is read by libtracecmd where it was there at build" {
	command -v python3 >/dev/null || skip "needs python3"
	tests/support/trace_dat.py "$samples/t01-linux-3x.txt" "$folder/trace.dat"
	run "$program" trace import "$folder/trace.dat" -o "$folder/dat.iovatrace"
	if [[ $output == *"a binary file of trace-cmd: import what 'trace-cmd report"* ]] && ! grep -q tracecmd "${BUILD:-build}/tracecmd"; then
		[ "$status" -eq 2 ]
		skip "built without libtracecmd"
	fi
	[ "$status" -eq 0 ]
	"$program" trace import "$samples/t01-linux-3x.txt" -o "$folder/text.iovatrace"
	[ "$("$program" trace stat "$folder/dat.iovatrace" --json | jq -r .hash)" = \
		"$("$program" trace stat "$folder/text.iovatrace" --json | jq -r .hash)" ]
	# Damaged, and through a pipe, from which it cannot be read.
	head -c 3000 "$folder/trace.dat" >"$folder/damaged.dat"
	run "$program" trace import "$folder/damaged.dat" -o "$folder/x.iovatrace"
	[ "$status" -eq 2 ]
	[[ $output == *"trace-cmd report"* ]]
	run bash -c "cat '$folder/trace.dat' | '$program' trace import - -o '$folder/x.iovatrace'"
	[ "$status" -eq 2 ]
	[ ! -e "$folder/x.iovatrace" ]
}

@test "two commands lead from a posted dmesg or perf script to a replay on six allocators" {
	local posted
	for posted in t19-dmesg-dyndbg.txt t20-dma-612.txt t22-dma-and-iommu.txt; do
		"$program" trace import "$samples/$posted" -o "$folder/posted.iovatrace" --workload "$folder/posted.yaml" 2>/dev/null
		"$program" run "$folder/posted.yaml" -a linux -a buddy -a rbtree -a segregated -a bitmap -a leaf --rounds 0 \
			-o "$folder/$posted.result" >/dev/null
		[ "$(jq -c '[.arms[] | select(.state == "ok") | .operations | .allocations, .frees] | unique' \
			"$folder/$posted.result/result.json")" = '[3]' ]
		[ "$(jq '.arms | length' "$folder/$posted.result/result.json")" -eq 6 ]
	done
	# Elsewhere the workload names its recording by the whole path; what needs more than 4 GiB gets it.
	mkdir "$folder/elsewhere"
	printf '%s\n' "$head"'map: IOMMU: iova=0x100000000 - 0x300000000 paddr=0x1 size=8589934592' >"$folder/wide.txt"
	"$program" trace import "$folder/wide.txt" -o "$folder/wide.iovatrace" --workload "$folder/elsewhere/wide.yaml" 2>/dev/null
	"$program" run "$folder/elsewhere/wide.yaml" -a buddy --rounds 0 -o "$folder/wide" >/dev/null
	jq -e '.arms[0].failures.total == 0' "$folder/wide/result.json"
	run "$program" trace stat "$folder/wide.txt" --workload "$folder/x.yaml"
	[ "$status" -eq 2 ]
	[[ $output == *"--workload belongs to import, cut and scale"* ]]
}
