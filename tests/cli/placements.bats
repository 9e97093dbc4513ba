#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the audits saw, written for programs of other people.

load helpers

setup_file() {
	load helpers
	export w=$BATS_FILE_TMPDIR/w.yaml
	cat >"$w" <<-'EOF'
		iovabench: 1
		name: placed
		cpus: 1
		space: {base: 0x300000, size: 9MiB, reserved: [{base: 0x400000, size: 12KiB}, {base: 0x8ff000, size: 4KiB}]}
		requests:
		  - {name: small, size: {uniform: {min: 4KiB, max: 40KiB}}}
		  - {name: large, size: {fixed: 512KiB}, align: natural}
		phases:
		  - {name: fill, mix: [{request: small}], until: {occupancy: 60%}}
		  - {name: churn, mix: [{request: small, weight: 20}, {request: large}], ops: 6k, victims: random}
	EOF
}

@test "another program finds the figures of the space in the placements" {
	run "$iovabench" run "$w" -a rbtree -a rbtree:fit=first -a bitmap -a bitmap:fit=next --rounds 0 -q -o "$scratch/o" \
		--dump-placements "$scratch/p.csv"
	for spec in rbtree rbtree:fit=first bitmap bitmap:fit=next; do
		[ "$(jq --arg s "$spec" ".arms[] | select(.spec == \$s) | .failures.total" "$scratch/o/result.json")" -gt 0 ]
		run -0 python3 tests/cli/placements.py "$scratch/p.csv" "$scratch/o/result.json" "$spec"
		is "$output" "30 figures, 0 wrong"
	done
}

@test "a figure that is wrong is found by it" {
	run "$iovabench" run "$w" -a rbtree --rounds 0 -q -o "$scratch/o" --dump-placements "$scratch/p.csv"
	# The last free is lost.
	tac "$scratch/p.csv" | awk -F, '$5 == "free" && !done { done = 1; next } { print }' | tac >"$scratch/less.csv"
	run -1 python3 tests/cli/placements.py "$scratch/less.csv" "$scratch/o/result.json" rbtree
	has "$output" "operations.frees"
}

@test "driver calls, both address spaces and failures have their lines" {
	run "$iovabench" run workloads/bar-mapping.yaml -a buddy --rounds 0 --ops 2k -q -o "$scratch/o" --dump-placements "$scratch/p.csv"
	is "$(head -n 1 "$scratch/p.csv")" workload,allocator,phase,operation,event,request,domain,side,first,count
	is "$(cut -d, -f8 "$scratch/p.csv" | sort -u | grep -vx side | tr '\n' ' ')" "cpu "
	# What was taken and not given back is what lived at the end.
	run "$iovabench" run workloads/gpu-paging.yaml -a buddy --rounds 0 --ops 2k -q -o "$scratch/g" --dump-placements "$scratch/g.csv"
	is "$(awk -F, '$5 == "fail"' "$scratch/g.csv" | grep -c .)" "$(jq '[.arms[0].phases[].failures | .total - .physical] | add' "$scratch/g/result.json")"
}

@test "a sweep and several allocators have names in one file; series of operations rise" {
	run -0 "$iovabench" run "$w" -a buddy -a bitmap --sweep cpus=1,2 --rounds 1 --latency off -q -o "$scratch/o" \
		--dump-placements "$scratch/p.csv"
	is "$(cut -d, -f1,2 "$scratch/p.csv" | tail -n +2 | uniq | tr '\n' ' ')" \
		"placed cpus=1,buddy placed cpus=1,bitmap placed cpus=2,buddy placed cpus=2,bitmap "
	run -0 awk -F, '$2 == "buddy" && $1 == "placed cpus=1" && $4 < last { exit 1 } { last = $2 == "buddy" ? $4 : 0 }' "$scratch/p.csv"
}

@test "a file that is there, or cannot be made, is refused before anything runs" {
	echo mine >"$scratch/p.csv"
	run -2 --separate-stderr "$iovabench" run "$w" -a buddy --rounds 0 -q -o "$scratch/o" --dump-placements "$scratch/p.csv"
	has "$stderr" "--dump-placements $scratch/p.csv: cannot be made: File exists"
	is "$(cat "$scratch/p.csv")" mine
	[ ! -e "$scratch/o" ]
	run -7 --separate-stderr "$iovabench" run "$w" -a buddy --rounds 0 -q -o "$scratch/o" --dump-placements "$scratch/no/p.csv"
	ln -s "$scratch/victim" "$scratch/link"
	run -2 --separate-stderr "$iovabench" run "$w" -a buddy --rounds 0 -q -o "$scratch/o" --dump-placements "$scratch/link"
	[ ! -e "$scratch/victim" ]
	run -2 --separate-stderr "$iovabench" run "$scratch/none.yaml" -a buddy -o "$scratch/o" --dump-placements "$scratch/q.csv"
	[ ! -e "$scratch/q.csv" ]
	run -2 --separate-stderr "$iovabench" run "$w" -a buddy --audit off -o "$scratch/o" --dump-placements "$scratch/q.csv"
	has "$stderr" "--dump-placements"
}

@test "a full disk costs the lines, not the result" {
	[ -e /dev/full ] || skip "no /dev/full"
	command -v prlimit >/dev/null || skip "no prlimit(1)"
	run -0 prlimit --fsize=1500000 "$iovabench" run "$w" -a buddy -a bitmap --ops 60k --rounds 0 -q -o "$scratch/o" --dump-placements "$scratch/p.csv"
	is "$(arms "$scratch/o" .state | sort -u)" ok
	has "$(arms "$scratch/o" .reason)" "the placements could not be written: File too large"
}

@test "a run that was killed goes on without its lines" {
	interruptible "$iovabench" run $tiny -a rbtree -a buddy --rounds 3 --ops 200k -q -o "$scratch/o" --dump-placements "$scratch/p.csv" &
	wait_for_journal "$scratch/o" 1
	kill -KILL $!
	wait $! || true
	kept=$(grep -c , "$scratch/p.csv")
	run "$iovabench" resume "$scratch/o" -q
	is "$(arms "$scratch/o" .state | sort -u)" ok
	[ "$(grep -c , "$scratch/p.csv")" -ge "$kept" ]
}
