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
