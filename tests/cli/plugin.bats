#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a plugin does beside handing out pages reaches no other arm, and is told.

load helpers

# Beside rbtree, which comes second where the order is that of the arms: in the audit.
beside() { # plugin option…
	local plugin=$1
	shift
	run "$iovabench" run $tiny -a "$plugins/$plugin.so" -a rbtree --rounds 3 --latency off --ops 2k -o "$scratch/t" "$@"
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

# The right allocator that does one thing beside; options behind the name of the deed are those of run.
guest() { # deed[,in=moment] option…
	local deed=$1
	shift
	run "$iovabench" run $tiny -a "$plugins/guest.so:does=$deed" -a rbtree --rounds 2 --latency off --ops 2k -o "$scratch/t" "$@"
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
		is "$(of guest .reason)" "1 wrong answer: operation 100: ${deed#*|}"
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
