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
