#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What goes wrong costs no more than it must, and is told: plugins, limits, disks, workers that are killed.

load helpers

# One good arm beside a bad one: the good one keeps everything.
beside() { # plugin option…
	local plugin=$1
	shift
	run "$iovabench" run $tiny -a rbtree -a "$plugins/$plugin.so" --rounds 2 --latency off -o "$scratch/t" "$@"
}

rbtree_is_whole() {
	is "$(arms "$scratch/t" 'select(.spec == "rbtree") | [.state, .throughput.rounds, .audit.violations] | join(" ")')" "ok 2 0"
	[ -s "$scratch/t/report.html" ]
}

reason_is() {
	has "$(arms "$scratch/t" 'select(.spec != "rbtree") | .reason')" "$1"
	is "$(arms "$scratch/t" 'select(.spec != "rbtree") | .state')" "$2"
}

@test "a plugin that gives wrong answers fails, and the others keep their results" {
	beside overlap
	is $status 3
	rbtree_is_whole
	reason_is "was given [0x1, 0x2): overlaps the live extent [0x1, 0x2)" failed
	has "$output" "failed (allocator): "
	# A line for each that is kept, in every form.
	for n in 2 3; do
		has "$output" "    operation $n ($n.00 us of device time): request page (1 page) was given [0x1, 0x2): overlaps the live extent [0x1, 0x2)"
		has "$("$iovabench" report "$scratch/t" --format md)" "
  - operation $n ($n.00 us of device time): request page (1 page) was given"
		has "$(cat "$scratch/t/report.html")" "<li>operation $n ($n.00 us of device time): request page (1 page) was given [0x1, 0x2): overlaps the live extent [0x1, 0x2)</li>"
	done
	is "$(arms "$scratch/t" 'select(.spec != "rbtree") | .violations[0] | [.operation, .device_s, .what, .request.name, .request.pages, .extent.first,
		.extent.count, .overlaps.first, .overlaps.count] | join(" ")')" "2 2e-06 overlaps the live extent page 1 0x0000000000000001 1 0x0000000000000001 1"
}

@test "no figure of an arm that was thrown out stands anywhere" {
	printf '%s\n' 'expect: [{metric: failures.total, is: 0}]' | cat tests/cli/tiny.yaml - >"$scratch/w.yaml"
	run -3 "$iovabench" run "$scratch/w.yaml" -a rbtree -a "$plugins/overlap.so" --rounds 2 -o "$scratch/t"
	has "$output" "overlap.so: expected failures.total is 0: MISSED (not measured)"
	is "$(jq -c '[.expectations[] | [.got, .met, .got_reason]]' "$scratch/t/result.json")" \
		'[[0,true,null],[null,false,"the arm failed: nothing of it counts"]]'
	is "$(jq '.comparisons | length' "$scratch/t/result.json")" 0
	is "$(arms "$scratch/t" 'select(.spec != "rbtree") | [.phases, .series_table.rows, .address_maps, .domains, .latency] | map(length) | add')" 0
	# Every number that a metric could have is null.
	is "$(arms "$scratch/t" 'select(.spec != "rbtree") | {throughput, failures, operations, space, fragmentation, steps, metadata_bytes, audit, calls, placement, counters, ageing} |
		[.. | numbers] | length')" 0
	is "$(arms "$scratch/t" 'select(.spec != "rbtree") | .failures.total_reason')" "the arm failed: nothing of it counts"
	run ! grep -q overlap "$scratch/t/series.csv"
	is "$(find "$scratch/t" -name '*overlap*.hlog')" ""
	# Nor in what was written before this was so.
	jq '(.arms[] | select(.spec != "rbtree")) |= (. as $bad | del(.owner, .violations))
		| .arms[1] = (.arms[0] * {spec: .arms[1].spec, state: "failed", reason: "overlap"} | del(.owner)) | del(.digest)' "$scratch/t/result.json" >"$scratch/old.json"
	run -0 --separate-stderr "$iovabench" report "$scratch/old.json" --format csv
	is "$(python3 -c 'import csv, sys
print({row["value"] for row in csv.DictReader(sys.stdin) if "overlap" in row["spec"]})' <<<"$output")" "{'"''"'}"
}

@test "a plugin that crashes fails with its signal" {
	no_sanitizer
	beside crash
	is $status 3
	rbtree_is_whole
	reason_is "crashed in the audit: signal 11 (Segmentation fault)" failed
	# It plays no further part.
	is "$(grep -c crash.so "$scratch/t/rounds.jsonl")" 1
}

@test "a plugin that hangs is killed and fails" {
	beside hang --stall 2
	is $status 3
	rbtree_is_whole
	reason_is "hung in the audit: no window ended for 2 s" failed
}

# 80 windows of ten allocations of 4 ms: all of them take 3.2 s at least, and each a 75th of what counts as a hang.
@test "a slow plugin does not hang" {
	{
		printf '%s\n' 'iovabench: 1' 'name: slow' 'space: {size: 4GiB}' 'requests: [{name: page, size: {fixed: 4KiB}}]' 'phases:'
		for i in $(seq 40); do
			echo "  - {name: fill$i, measure: yes, mix: [{request: page}], until: {live: 10}}"
			echo "  - {name: churn$i, mix: [{request: page}], ops: 20}"
			echo "  - {name: empty$i, free: all}"
		done
	} >"$scratch/slow.yaml"
	run -0 "$iovabench" run "$scratch/slow.yaml" -a "$plugins/slow.so" --rounds 1 --audit off --latency off --stall 3 -q -o "$scratch/t"
	is "$(arms "$scratch/t" .state)" ok
	is "$(arms "$scratch/t" '[.phases[].throughput.operations] | add')" $((40 * (10 + 20 + 10)))
	[ "$(arms "$scratch/t" '[.phases[].throughput | (.raw_ns_per_op // 0) * .operations] | add / 1e9 | floor')" -ge 3 ]
}

@test "a plugin that takes too much memory is killed, and what it prints is no data" {
	run -3 --separate-stderr "$iovabench" run $tiny -a rbtree -a "$plugins/large.so" --rounds 2 --latency off --memory 100 --json - \
		-o "$scratch/t"
	is "$(jq -s length <<<"$output")" 1
	has "$stderr" "took another MiB"
	rbtree_is_whole
	reason_is "passed the memory limit of 100 MiB in the audit" failed
}

# One run of a hundred arms: what each does, in its first call of which function, and what is told of it. Whether an arm can go on
# without its descriptors depends on which are open: -.
@test "a hundred plugins that do what they should not are told by what they do, and no other arm is touched" {
	no_sanitizer
	local everywhere="create alloc free place statistics visit invariant poll drain destroy"
	cat >"$scratch/deeds" <<-TABLE
		crash|failed|crashed in the audit: signal 11|$everywhere
		abort|failed|crashed in the audit: signal 6|$everywhere
		trap|failed|crashed in the audit: signal 4|$everywhere
		exit|failed|ended in the audit with exit code 0 and without a record|$everywhere
		killed|failed|was killed from outside in the audit: signal 9|$everywhere
		close|-||$everywhere
		fork|ok|left 1 process behind (exe), which was killed|$everywhere
		thread|ok|destroy left threads behind|$everywhere
		print|ok||$everywhere
		eat|failed|passed the memory limit of 100 MiB in the audit|alloc free statistics destroy
		hang|failed|hung in the audit: no window ended for 1 s|alloc free
		overlap|failed|wrong answers; the first: operation |alloc
	TABLE
	cat >"$scratch/wild.yaml" <<-'YAML'
		iovabench: 1
		name: wild
		space: {base: 4KiB, size: 4MiB, reserved: [{base: 64KiB, size: 4KiB}]}
		pace: 1k/s
		requests: [{name: page, size: {fixed: 4KiB}}]
		phases:
		  - {name: fill, mix: [{request: page}], until: {live: 100}}
		  - {name: churn, mix: [{request: page}], ops: 400}
	YAML
	local deed state said functions function arms=(-a buddy)
	while IFS='|' read -r deed state said functions; do
		for function in $functions; do
			arms+=(-a "$plugins/wild.so:does=$deed,at=1,in=$function")
			printf '%s\t%s\t%s\n' "does=$deed,at=1,in=$function" "$state" "$said"
		done
	done <"$scratch/deeds" >"$scratch/expected"
	is "$(wc -l <"$scratch/expected")" 97
	run -0 "$iovabench" run "$scratch/wild.yaml" -a buddy -a bitmap --rounds 0 -q -o "$scratch/alone"
	run -7 "$iovabench" run "$scratch/wild.yaml" "${arms[@]}" -a bitmap --rounds 0 --stall 1 --memory 100 -q -o "$scratch/t"
	arms "$scratch/t" 'select(.spec | test("wild")) | [(.spec | sub(".*wild.so:"; "")), .state, .reason // ""] | @tsv' >"$scratch/got"
	is "$(wc -l <"$scratch/got")" 97
	paste "$scratch/expected" "$scratch/got" |
		awk -F'\t' '$1 != $4 || $2 != "-" && ($2 != $5 || ($3 == "" ? $6 != "" : !index($6, $3)))' >"$scratch/wrong"
	is "$(cat "$scratch/wrong")" ""
	is "$(arms "$scratch/t" 'select(.spec | test("wild") | not) | .audit' | sha256sum)" "$(arms "$scratch/alone" .audit | sha256sum)"
}

@test "without standard files nothing else takes their place" {
	prints() { # redirection…
		rm -rf "$scratch/t"
		bash -c '"$0" run "$1" -a rbtree -a "$2" --rounds 1 --latency off --memory 100 -q -o "$3" '"$1" \
			"$iovabench" $tiny "$plugins/large.so" "$scratch/t"
	}
	local closed
	for closed in '2>&-' '1>&- 2>&-' '0<&- 1>&- 2>&-'; do
		run -3 prints "$closed"
		reason_is "passed the memory limit of 100 MiB in the audit" failed
		# What the plugin says is in no file of the run.
		run ! grep -q "took another MiB" -r "$scratch/t"
	done
	# Data for which there is no reader are missed as on a full disk.
	run -7 bash -c '"$0" list allocators 1>&-' "$iovabench"
}

@test "plugins that are none, are not there or get a wrong option are told together, and nothing is run" {
	run -2 "$iovabench" run $tiny -a rbtree -a "$plugins/wrong_abi.so" -a "$plugins/wrong_size.so" -a "$plugins/wrong_magic.so" \
		-a "$plugins/missing_function.so" -a "$plugins/not_a_plugin.so" -a ./no/such/plugin.so -a "$plugins/slow.so:speed=9" -a "magazine+$plugins/not_a_plugin.so" --rounds 2 --latency off -o "$scratch/t"
	for part in ABI size magic statistics iova_plugin no/such/plugin.so 'has no option "speed"; it takes none'; do has "$output" "$part"; done
	is "$(wc -l <<<"$output")" 8
	[ ! -e "$scratch/t" ]
	# With the faults of the workload; by aperture and calibrate, too.
	echo 'iovabench: 7' >"$scratch/w.yaml"
	run -2 "$iovabench" run "$scratch/w.yaml" -a "$plugins/wrong_abi.so" -q -o "$scratch/t"
	has "$output" "w.yaml:1:"
	has "$output" "its ABI is"
	run -2 "$iovabench" aperture $tiny -a "$plugins/wrong_abi.so"
	has "$output" "its ABI is"
	run -2 "$iovabench" calibrate --null -a "$plugins/wrong_abi.so" -o "$scratch/c"
	has "$output" "its ABI is"
}

@test "a plugin that crashes or hangs while it is opened is an arm that failed" {
	no_sanitizer
	beside dies_opened
	is $status 3
	rbtree_is_whole
	reason_is "crashed in the audit: signal 6 (Aborted)" failed
}

@test "a demand that a plugin does not honour makes it not applicable" {
	run -6 "$iovabench" run workloads/nvme-qd128.yaml -a "$plugins/slow.so" --rounds 1 -o "$scratch/t"
	is "$(arms "$scratch/t" .reason)" "request command asks for alignment, which slow does not honour"
}

@test "a worker that is killed from outside costs its own arm" {
	"$iovabench" run $tiny -a rbtree -a "$plugins/slow.so" --rounds 2 --latency off --ops 100k -o "$scratch/t" >/dev/null 2>&1 &
	pid=$!
	worker=
	for _ in $(seq 200); do
		grep -q . "$scratch/t/rounds.jsonl" 2>/dev/null && worker=$(pgrep -P $pid) && break
		sleep 0.05
	done
	kill -KILL "$worker"
	code=0
	wait $pid || code=$?
	is $code 7
	rbtree_is_whole
	reason_is "was killed from outside in the audit: signal 9 (Killed); by hand, or the system had no memory left" failed
	is "$(jq -r 'select(.ok | not) | .owner' "$scratch/t/rounds.jsonl")" machine
}

@test "workers do not outlive a parent that is killed" {
	"$iovabench" run $tiny -a "$plugins/slow.so" --rounds 1 --ops 100k -o "$scratch/t" >/dev/null 2>&1 &
	pid=$!
	worker=
	for _ in $(seq 100); do
		worker=$(pgrep -P $pid) && break
		sleep 0.05
	done
	kill -KILL $pid
	wait $pid || true
	sleep 0.3
	# Where nobody collects the dead, it may still have an entry.
	[ ! -e "/proc/$worker" ] || [ "$(cut -d' ' -f3 "/proc/$worker/stat")" = Z ]
}

@test "a used folder is refused before anything runs" {
	"$iovabench" run $tiny -a rbtree --rounds 1 --latency off -q -o "$scratch/t"
	before=$(cat "$scratch/t"/* | cksum)
	run -2 "$iovabench" run $tiny -a rbtree --rounds 1 -o "$scratch/t"
	has "$output" "this folder holds another run; choose a new one with -o"
	is "$(cat "$scratch/t"/* | cksum)" "$before"
}

@test "a folder that cannot be made is exit code 7" {
	echo >"$scratch/file"
	run -7 "$iovabench" run $tiny -a rbtree --rounds 1 -o "$scratch/file/t"
	has "$output" "$scratch/file/t: cannot make this folder for results"
}

@test "a folder that may not be written is exit code 7" {
	mkdir -m 0555 "$scratch/locked"
	if [ "$(id -u)" -eq 0 ]; then
		command -v setpriv >/dev/null || skip "root may write everywhere, and setpriv(1) is not installed"
		chmod 0777 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$scratch" 2>/dev/null || true
		setpriv --reuid 65534 --regid 65534 --clear-groups "$iovabench" --version >/dev/null 2>&1 || skip "another user cannot run the program here"
		run -7 setpriv --reuid 65534 --regid 65534 --clear-groups "$iovabench" run $tiny -a rbtree --rounds 1 -o "$scratch/locked/t"
	else
		run -7 "$iovabench" run $tiny -a rbtree --rounds 1 -o "$scratch/locked/t"
	fi
	has "$output" "Permission denied"
}

@test "a full disk is exit code 7, and no half result is left" {
	mkdir "$scratch/small"
	mount -t tmpfs -o size=64k tmpfs "$scratch/small" 2>/dev/null || skip "tmpfs cannot be mounted here"
	code=0
	"$iovabench" run $tiny -a rbtree -a buddy -a bitmap --rounds 2 -o "$scratch/small/t" >"$scratch/out" 2>&1 || code=$?
	left=$(find "$scratch/small" -name '*.partial' -o -name result.json)
	umount "$scratch/small"
	is $code 7
	has "$(cat "$scratch/out")" "No space left on device"
	is "$left" ""
}

@test "a device that is full is exit code 7, stays a device, and the run is kept" {
	run -7 "$iovabench" run $tiny -a rbtree --rounds 1 --latency off --json /dev/full -o "$scratch/t"
	has "$output" "/dev/full: cannot write: No space left on device"
	has "$output" "report: $scratch/t/report.html"
	[ -c /dev/full ]
	is "$(arms "$scratch/t" .state)" ok
	code=0
	"$iovabench" run $tiny -a rbtree --rounds 1 --latency off -o "$scratch/u" >/dev/full 2>"$scratch/err" || code=$?
	is $code 7
	has "$(cat "$scratch/err")" "cannot write to standard output"
}

@test "a worker that cannot reserve its memory is trouble of ours, not of the allocator" {
	no_sanitizer
	run -7 bash -c "ulimit -v 200000; exec $iovabench run $tiny -a rbtree --rounds 1 -o $scratch/t"
	has "$output" "ulimit -v"
}

@test "the limit of a control group is that of --memory, and what the system kills for it is told" {
	no_sanitizer
	local group
	group=$(sed -n 's/^[0-9]*:memory:/\/sys\/fs\/cgroup\/memory/p' /proc/self/cgroup)/iovabench-$$
	mkdir "$group" 2>/dev/null || skip "no control group of version 1 can be made here"
	echo $((80 << 20)) >"$group/memory.limit_in_bytes"
	within() { bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$iovabench" run $tiny --rounds 1 --latency off --ops 2k "$@"; }
	run within -a "$plugins/large.so" -a rbtree -o "$scratch/t" --memory 100000
	local code=$status
	run within -a "$plugins/large.so" -a rbtree -o "$scratch/limited"
	rmdir "$group"
	is "$code $status" "7 3"
	is "$(arms "$scratch/t" .reason | head -n 1)" \
		"was killed from outside in the audit: signal 9 (Killed); the system did, because its control group may take no more memory"
	is "$(arms "$scratch/t" .state | tail -n 1)" ok
	has "$(jq -r '.machine.warnings[]' "$scratch/t/result.json")" "the control group may take 80.0 MiB of memory, less than the 97.7 GiB of --memory"
	has "$(jq -r '.machine.warnings[]' "$scratch/limited/result.json")" "the control group may take 80.0 MiB of memory: --memory is 60.0 MiB"
	is "$(arms "$scratch/limited" .reason | head -n 1)" "passed the memory limit of 60.0 MiB in the audit"
}
