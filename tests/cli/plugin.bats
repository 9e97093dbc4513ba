#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a plugin does beside handing out pages reaches no other arm, and is told.

load helpers

# As tiny, in a space that the example walks in no time.
setup_file() {
	export small=$BATS_FILE_TMPDIR/small.yaml
	sed 's/name: tiny/name: small/; s/size: 4GiB/size: 16MiB/' tests/cli/tiny.yaml >"$small"
}

# Beside rbtree, which comes second where the order is that of the arms: in the audit.
beside() { # plugin option…
	local plugin=$1
	shift
	run "$iovabench" run $tiny -a "$plugins/$plugin.so" -a rbtree --rounds 3 --latency off --ops 2k -o "$scratch/t" "$@"
}

# What a test that failed left running.
teardown() {
	[ ! -e "$scratch/run" ] || kill -KILL "$(cat "$scratch/run")" 2>/dev/null || true
}

of() { # spec-part filter
	arms "$scratch/t" "select(.spec | contains(\"$1\")) | $2"
}

@test "what workers share can be cut or overwritten by none of them" {
	beside cut --audit off
	is $status 0
	is "$(of cut .state)" ok
	is "$(of rbtree '[.state, .throughput.rounds, .throughput.operations] | join(" ")')" "ok 3 2000"
}

@test "a path may hold plus signs, colons and backslashes, and a spec that was printed can be used again" {
	folder="$scratch/c++:v1\\x"
	mkdir "$folder"
	cp "${BUILD:-build}/plugins/example.so" "$folder/a+b:c.so"
	escaped=$(sed 's/[+:\\]/\\&/g' <<<"$folder/a+b:c.so")
	run -0 "$iovabench" run $tiny -a "$escaped" -a "magazine:rounds=4+$escaped" --rounds 1 --latency off -q -o "$scratch/t"
	is "$(arms "$scratch/t" .state | sort -u)" ok
	is "$(arms "$scratch/t" .spec | head -n 1)" "$escaped"
	run -0 "$iovabench" run $tiny -a "$(arms "$scratch/t" .spec | tail -n 1)" --rounds 0 -q -o "$scratch/again"
	run -0 "$iovabench" resume "$scratch/t"
	run "$iovabench" compare "$scratch/t:$escaped" "$scratch/t:magazine:rounds=4+$escaped"
	has "$output" "a = $escaped"
}

@test "a path that is not escaped is told how to be" {
	cp "${BUILD:-build}/plugins/example.so" "$scratch/a+b.so"
	cp "${BUILD:-build}/plugins/example.so" "$scratch/a:fit=b.so"
	for name in a+b.so a:fit=b.so; do
		run -2 "$iovabench" run $tiny -a "$scratch/$name" -q -o "$scratch/t"
		has "$output" "there is a file of this name, but + begins a layer and : options; as a plugin write $scratch/$(sed 's/[+:]/\\&/' <<<"$name")"
		[ ! -e "$scratch/t" ]
	done
}

# The right allocator that does one thing beside; options of run stand behind the deed.
guest() { # deed[,in=moment] option…
	local deed=$1
	shift
	[ $# -gt 0 ] || set -- --rounds 2 --ops 2k
	run "$iovabench" run "$small" -a "$plugins/guest.so:does=$deed" -a rbtree --latency off -o "$scratch/t" "$@"
}

unharmed() {
	is "$(of rbtree '[.state, .reason, .throughput.rounds] | join(" ")')" "ok  2"
}

@test "an allocator that does nothing beside answering has nothing told of it" {
	guest nothing
	is $status 0
	is "$(of guest '[.state, .reason] | join(" ")')" "ok "
}

@test "memory that comes back wrong is a violation, with its operation" {
	local deed
	for deed in "twice|memory was given back twice: 100 bytes" \
		"size|memory was given back with another size than it was asked for with: 500 bytes of 100" \
		"stray|memory was given back that was never handed out: 100 bytes"; do
		rm -rf "$scratch/t"
		guest "${deed%|*}"
		is $status 3
		is "$(of guest .state)" failed
		is "$(of guest .reason)" "1 wrong answer: operation 100 (100 us of device time): ${deed#*|}"
		unharmed
	done
}

@test "memory that comes back wrong in create or destroy is a violation, too" {
	guest twice,in=create
	is $status 3
	has "$(of guest .reason)" "operation 0: in create: memory was given back twice"
	rm -rf "$scratch/t"
	guest twice,in=destroy
	is $status 3
	has "$(of guest .reason)" ": in destroy: memory was given back twice"
	is "$(of guest '.violations | length')" 1
}

@test "a destroy that keeps memory or locks is told; its figures count" {
	guest leak
	is $status 0
	is "$(of guest '[.state, .reason] | join(": ")')" "ok: destroy left memory behind: 1 block, 100 B"
	has "$output" "destroy left memory behind: 1 block, 100 B"
	grep -q "destroy left memory behind" "$scratch/t/report.html"
	rm -rf "$scratch/t"
	guest lock
	is $status 0
	is "$(of guest .reason)" "destroy left 1 lock of the host behind"
	unharmed
}

@test "built-in allocators and layers give everything back" {
	run -0 "$iovabench" run tests/cli/full.yaml workloads/ddi-life.yaml workloads/mdl-storm.yaml --ops 20k -a all -a magazine+rbtree \
		-a lazy+magazine+buddy -a magazine+segregated --rounds 0 -q -o "$scratch/t"
	is "$(arms "$scratch/t" '[.state, .reason] | join(" ")' | sort -u)" "ok "
}

# Of this test: children of the plugin have a name, and its folder as theirs.
left() {
	pgrep -x guest-child | while read -r pid; do
		[ "$(readlink "/proc/$pid/cwd")" != "$PWD" ] || echo "$pid"
	done
}

@test "processes that a plugin leaves behind are killed and told, wherever they hide" {
	no_sanitizer
	local deed
	for deed in "child|left 1 process behind (guest-child), which was killed" \
		"daemon|left 1 process behind (guest-child), which was killed" \
		"tree|left 4 processes behind (guest-child), which were killed" \
		"daemon,in=create|left 1 process behind (guest-child), which was killed" \
		"daemon,in=destroy|left 1 process behind (guest-child), which was killed"; do
		rm -rf "$scratch/t"
		guest "${deed%|*}" --rounds 0
		is $status 0
		is "$(of guest .reason)" "${deed#*|}"
		is "$(of rbtree '[.state, .reason] | join(" ")')" "ok "
		is "$(left)" ""
	done
}

@test "processes of a plugin that had to be killed are killed, too" {
	no_sanitizer
	small=$tiny guest daemon,in=create --rounds 0 --stall 1 --memory 1
	is $status 3
	has "$(of guest .reason)" "passed the memory limit of 1.00 MiB"
	has "$(of guest .reason)" "left 1 process behind (guest-child), which was killed"
	is "$(left)" ""
}

@test "when the parent is killed, nothing of its workers stays" {
	no_sanitizer
	"$iovabench" run $tiny -a "$plugins/guest.so:does=tree,in=create" --rounds 20 --latency off -q -o "$scratch/t" 3>&- &
	local pid=$!
	echo $pid >"$scratch/run"
	for _ in $(seq 600); do
		[ -z "$(left)" ] || break
		sleep 0.05
	done
	[ -n "$(left)" ]
	kill -KILL $pid
	wait $pid || true
	for _ in $(seq 200); do
		[ -n "$(left)" ] || break
		sleep 0.05
	done
	is "$(left)" ""
}

@test "children of whoever started the program are left alone" {
	no_sanitizer
	run -0 bash -c 'sleep 300 >/dev/null 2>&1 3>&- & echo $! >"$1"; exec "$0" run "$2" -a "$3" --rounds 0 -q -o "$4"' "$iovabench" "$scratch/pid" "$small" \
		"$plugins/guest.so:does=daemon" "$scratch/t"
	kill -0 "$(cat "$scratch/pid")"
	kill "$(cat "$scratch/pid")"
	has "$(of guest .reason)" "left 1 process behind (guest-child)"
}

@test "a worker that is stopped from outside does not hang" {
	"$iovabench" run "$small" -a "$plugins/guest.so:does=stop" --rounds 0 --stall 2 -q -o "$scratch/t" 3>&- &
	local pid=$! player=
	for _ in $(seq 500); do
		player=$(pgrep -P "$(pgrep -P $pid | head -n 1)" 2>/dev/null | head -n 1)
		[ -n "$player" ] && [ "$(sed 's/.*) //; s/ .*//' "/proc/$player/stat")" = T ] && break
		sleep 0.02
	done
	sleep 1
	kill -CONT "$player"
	wait $pid
	is "$(of guest '.state')" ok
	[[ $(of guest .reason) == "was stopped from outside for "[01].[0-9]" s" ]]
}

@test "a worker that stays stopped is trouble of the machine, and resume plays it again" {
	run -7 "$iovabench" run "$small" -a "$plugins/guest.so:does=stop" -a rbtree --rounds 0 --stall 1 -o "$scratch/t"
	is "$(of guest '[.state, .owner] | join(" ")')" "failed machine"
	is "$(of guest .reason)" "was stopped in the audit for longer than 1 s: by hand, by a debugger or by its terminal"
	is "$(of rbtree .state)" ok
	"$iovabench" resume "$scratch/t" -q 3>&- &
	local pid=$! player=
	for _ in $(seq 500); do
		player=$(pgrep -P "$(pgrep -P $pid | head -n 1)" 2>/dev/null | head -n 1)
		[ -n "$player" ] && [ "$(sed 's/.*) //; s/ .*//' "/proc/$player/stat")" = T ] && kill -CONT "$player" && break
		sleep 0.02
	done
	wait $pid
	is "$(of guest .state)" ok
}

@test "threads that destroy leaves behind are told, and when they run, times are not trusted" {
	guest idle
	is $status 0
	is "$(of guest '[.state, .reason] | join(" ")')" "ok destroy left threads behind"
	rm -rf "$scratch/t"
	guest spin --rounds 2 --ops 20k
	is $status 5
	is "$(of guest .state)" untrustworthy
	has "$(of guest .reason)" "threads that destroy left behind took CPU time while it was measured"
	unharmed
}

@test "CPU affinity and scheduling class that a plugin changes are put back and told" {
	local deed
	for deed in "cpus|CPU affinity" "class|scheduling class"; do
		[ "$deed" != "cpus|CPU affinity" ] || [ "$(nproc)" -ge 2 ] || continue
		rm -rf "$scratch/t"
		# Before anything was timed: times are as they should be.
		guest "${deed%|*},in=create"
		is $status 0
		is "$(of guest '[.state, .reason] | join(" ")')" "ok ${deed#*|} of a thread that calls it changed in the opening: put back"
		rm -rf "$scratch/t"
		guest "${deed%|*}"
		is $status 5
		is "$(of guest .state)" untrustworthy
		has "$(of guest .reason)" "${deed#*|} of a thread that calls it changed in the throughput pass: put back"
		unharmed
	done
}

@test "niceness that a plugin changes is put back where that is allowed, and told" {
	guest nice,in=create
	if [ "$(id -u)" -eq 0 ]; then
		is "$status $(of guest .state)" "0 ok"
		is "$(of guest .reason)" "niceness of a thread that calls it changed in the opening: put back"
	fi
	has "$(of guest .reason)" "niceness of a thread that calls it changed in the opening"
	unharmed
}

@test "settings of one of several threads are put back and told" {
	guest class --rounds 2 --threads 2
	is $status 5
	has "$(of guest .reason)" "scheduling class of a thread that calls it changed in the pass of several threads: put back"
}
