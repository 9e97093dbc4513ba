#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Completion of command lines, and manual pages: both come from the tables of the program.

load helpers

program=$(realpath "$iovabench")

# Nothing here is run, so that there is no result to hold against the schema.
teardown_file() { :; }

offered() { # word...
	"$iovabench" completion words -- "$@" | cut -f1 | paste -sd ' '
}

@test "commands, options, values and allocators are offered, each where it may stand" {
	is "$(offered ru)" run
	is "$(offered comp)" "compare completion"
	is "$(offered run --laten)" --latency
	is "$(offered run --latency "")" "sampled all off"
	is "$(offered run --latency=o)" "--latency=off"
	is "$(offered run -a bud)" buddy
	is "$(offered run x.yaml -a magazine+bit)" magazine+bitmap
	is "$(offered run -a rbtree:fi)" "rbtree:fit="
	is "$(offered run -a magazine+rbtree:fit=)" "magazine+rbtree:fit=first magazine+rbtree:fit=best magazine+rbtree:fit=last"
	is "$(offered list "")" "allocators distributions keys metrics rules suites workloads"
	is "$(offered trace st)" "stat @files"
	is "$(offered plot hea)" "heat @files"
	is "$(offered describe requests.size.zipf.)" "requests.size.zipf.min requests.size.zipf.max requests.size.zipf.alpha"
	is "$(offered run -o "")" @files
	is "$(offered run --rounds "")" ""
	is "$(offered nothing x)" ""
}

@test "every command and every option of the program is offered" {
	for command in $("$iovabench" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
		[ "$command" != iovabench ] || continue
		has " $(offered "") " " $command "
		for option in $("$iovabench" "$command" --help | grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
			has " $(offered "$command" --) " " $option "
		done
	done
}

@test "bash puts in what is missing, also behind a colon and an equals sign" {
	bash_line() { # line
		bash -c 'source <("$1" completion bash); COMP_LINE=${2/#iovabench/$1} COMP_POINT=$((${#2} - 9 + ${#1}))
			_iovabench; printf "%s\n" "${COMPREPLY[@]}"' - "$program" "$1" | paste -sd ' '
	}
	is "$(bash_line "iovabench ru")" run
	is "$(bash_line "iovabench run -a magazine+rbtree:fi")" "fit="
	is "$(bash_line "iovabench run -a rbtree:fit=b")" best
	is "$(bash_line "iovabench run --latency ")" "sampled all off"
	cd "$scratch"
	touch mine.yaml
	is "$(bash_line "iovabench check mi")" mine.yaml
}

@test "zsh is given words with what they mean, and files where files go" {
	"$iovabench" completion zsh >"$scratch/_iovabench"
	run zsh -f -c '
		_describe() { shift 2; print -l "$@" ${(P)2}; }
		_files() { print files; }
		source "$1"
		words=("$2" trace st) CURRENT=3
		_iovabench' - "$scratch/_iovabench" "$program"
	has "$output" "stat:"
	has "$output" files
}

@test "fish is given words with what they mean" {
	"$iovabench" completion fish >"$scratch/iovabench.fish"
	mkdir -p "$scratch/bin"
	ln -s "$program" "$scratch/bin/iovabench"
	run env HOME="$scratch" PATH="$scratch/bin:$PATH" fish --no-config -c \
		"source $scratch/iovabench.fish; complete -C 'iovabench run --latency s'"
	is "$(cut -f1 <<<"$output")" sampled
}

@test "a shell that is none is refused" {
	refuses "takes one of bash, zsh, fish" completion tcsh
	refuses "takes one of bash, zsh, fish" completion
	refuses "takes commands, keys, metrics or allocators, not 'x'" --manual x
}

@test "manual pages have nothing that troff warns of, and their example is right" {
	for page in docs/*.[1-9]; do
		is "$(groff -man -Tutf8 -ww -z "$page" 2>&1)" ""
	done
	sed -n '/^\.SH EXAMPLE/,/^\.fi/p' "docs/iovabench-workload.5" | sed '1,2d; /^\.fi/d; s/\\-/-/g' >"$scratch/example.yaml"
	[ "$(wc -l <"$scratch/example.yaml")" -gt 5 ]
	"$iovabench" check "$scratch/example.yaml"
}
