#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# run --profile: what a profiler sees of a run, and what becomes of one that is not there or fails.

load helpers

# A perf that notes what it is told and how it was started, and does what the rest of it says before each answer.
fake_perf() { # commands
	mkdir -p "$scratch/bin"
	cat >"$scratch/bin/perf" <<-END
		#!/usr/bin/env bash
		printf '%s\n' "\$@" >"$scratch/arguments"
		while [ "\$1" != -- ]; do
			case \$1 in
			-o) file=\$2 ;;
			--control=fd:*) pipes=\${1#--control=fd:} ;;
			esac
			shift
		done
		shift
		from=\${pipes%,*} to=\${pipes#*,}
		$1
		"\$@" &
		worker=\$!
		while read -r -t 10 line <&"\$from"; do
			echo "\$line" >>"$scratch/commands"
			$2
			printf 'ack\n\0' >&"\$to"
		done &
		wait "\$worker"
		code=\$?
		kill %2
		echo data >"\$file"
		exit "\$code"
	END
	chmod +x "$scratch/bin/perf"
}

@test "valgrind sees the allocator in measured windows, and nothing of what is around them" {
	no_sanitizer
	command -v valgrind >/dev/null || skip "no valgrind"
	run -0 --separate-stderr "$iovabench" run $tiny -a rbtree -a buddy --rounds 1 --profile valgrind -q -o "$scratch/out"
	file=$scratch/out/tiny-rbtree.callgrind.out
	has "$stderr" "profile of rbtree on tiny: callgrind_annotate $file"
	has "$stderr" "profile of buddy on tiny: callgrind_annotate $scratch/out/tiny-buddy.callgrind.out"
	run -0 callgrind_annotate --threshold=100 --auto=no "$file"
	costs=$(sed -n 's/^ *\([0-9,]*\) ([^)]*) *[^ ]*:\([a-z_][a-z_0-9.]*\).*/\2 \1/p' <<<"$output" | tr -d ,)
	has "$costs" "rbtree_alloc "
	has "$costs" "rbtree_free "
	is "$(grep -v -e ^rbtree_ -e ^key_ -e ^gap_ -e ^iovabench_window -e ^crew_play_polls_apart -e ^engine_play_to_poll <<<"$costs")" ""
	# 10,000 allocations of the measured phase, and none of the 300 before it.
	is "$(awk '$1 == "rbtree_alloc" { print $2 % 10000 }' <<<"$costs")" 0
}

@test "perf is told to count in windows alone, and how to read what it wrote is told" {
	fake_perf : :
	run -0 --separate-stderr env "PATH=$scratch/bin:$PATH" "$iovabench" run $tiny -a rbtree --rounds 1 --profile perf -q -o "$scratch/out"
	is "$stderr" "profile of rbtree on tiny: perf report -i $scratch/out/tiny-rbtree.perf.data"
	is "$(cat "$scratch/out/tiny-rbtree.perf.data")" data
	has "$(tr '\n' ' ' <"$scratch/arguments")" "record -q -D -1 -o $scratch/out/tiny-rbtree.perf.data --control=fd:"
	is "$(sort -u "$scratch/commands" | tr '\n' ' ')" "disable enable "
	is "$(head -n 1 "$scratch/commands") $(tail -n 1 "$scratch/commands") $(uniq -d "$scratch/commands")" "enable disable "
}

@test "a profile leaves no trace in figures or journal" {
	fake_perf : :
	for profile in off perf; do
		PATH=$scratch/bin:$PATH "$iovabench" run $tiny -a rbtree --rounds 2 --profile $profile -q -o "$scratch/$profile"
	done
	is "$(wc -l <"$scratch/perf/rounds.jsonl")" "$(wc -l <"$scratch/off/rounds.jsonl")"
	is "$(arms "$scratch/perf" .throughput.rounds)" 2
	run -0 --separate-stderr "$iovabench" resume "$scratch/perf"
	has "$stderr" "nothing was run"
}

@test "a file whose name a shell would take apart is quoted" {
	fake_perf : :
	run -0 --separate-stderr env "PATH=$scratch/bin:$PATH" "$iovabench" run $tiny -a rbtree --rounds 1 --profile perf -q -o "$scratch/a b"
	has "$stderr" "perf report -i '$scratch/a b/tiny-rbtree.perf.data'"
}

@test "a profiler that is not there is told with its package, before anything is run" {
	for wanted in "perf linux-perf" "valgrind valgrind"; do
		run -2 --separate-stderr env PATH=/nowhere "$iovabench" run $tiny -a rbtree --profile "${wanted% *}" -q -o "$scratch/out"
		has "$stderr" "iovabench run: --profile ${wanted% *}: ${wanted% *} is not installed (Debian: ${wanted#* })"
		[ ! -e "$scratch/out" ]
	done
	run -2 --separate-stderr "$iovabench" run $tiny -a rbtree --profile gprof
	has "$stderr" "takes perf, valgrind or off"
	run -2 --separate-stderr "$iovabench" run $tiny -a rbtree -t 2 --profile perf
	has "$stderr" "--profile perf: takes one thread"
}

@test "a profiler that fails costs its profile alone" {
	fake_perf "exit 3" :
	run -7 --separate-stderr env "PATH=$scratch/bin:$PATH" "$iovabench" run $tiny -a rbtree --rounds 1 --profile perf -q -o "$scratch/out"
	has "$stderr" "no profile of rbtree on tiny: "
	is "$(arms "$scratch/out" .state)" ok
	# One that dies while it is told something.
	fake_perf : 'exec {to}>&- {from}<&-; exit 1'
	run -7 --separate-stderr env "PATH=$scratch/bin:$PATH" "$iovabench" run $tiny -a rbtree --rounds 1 --profile perf -q -o "$scratch/again"
	has "$stderr" "no profile of rbtree on tiny: "
	is "$(arms "$scratch/again" .state)" ok
	fake_perf : "printf 'no\\n' >&\"\$to\"; continue"
	run -7 --separate-stderr env "PATH=$scratch/bin:$PATH" "$iovabench" run $tiny -a rbtree --rounds 1 --profile perf -q -o "$scratch/third"
	is "$stderr" "no profile of rbtree on tiny: the profiler did not acknowledge a command"
}
