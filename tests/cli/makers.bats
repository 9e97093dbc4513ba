#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What someone needs who writes an allocator: a beginning, a look at it, and what it costs.

load helpers

# A root with what is installed, and no sources.
setup_file() {
	bats_require_minimum_version 1.5.0
	unset MAKEFLAGS MFLAGS MAKELEVEL
	make -s -o all "BUILD=${BUILD:-build}" "CC=${CC:-gcc}" install PREFIX=/usr DESTDIR="$BATS_FILE_TMPDIR" >&2
}

setup() {
	cd "$scratch" || return 1
	usr=$BATS_FILE_TMPDIR/usr
	iovabench=$usr/bin/iovabench
	case $plugins in /*) ;; *) plugins=$BATS_TEST_DIRNAME/../../$plugins ;; esac
}

# No result is made here that is held against the schema.
teardown_file() { :; }

@test "the template compiles with one line, in C and C++, and is right" {
	"$iovabench" plugin template >mine.c
	[ "$(wc -l <mine.c)" -lt 120 ]
	"${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror -shared -fPIC -O2 -I"$usr/include" -o mine.so mine.c
	run -0 "$iovabench" plugin check ./mine.so
	has "$output" " 0 broken"
	cmp mine.c "$usr/share/iovabench/plugins/template.c"
	[ -e "$usr/share/iovabench/plugins/example.c" ]
	"$iovabench" plugin template --lang c++ >mine.cc
	g++ -std=c++11 -Wall -Wextra -Werror -shared -fPIC -O2 -I"$usr/include" -o cc.so mine.cc
	run -0 "$iovabench" verify ./cc.so -q
}

@test "an overlap at the 1000th allocation and a limit that is off by one are found with two commands" {
	"$iovabench" plugin template >mine.c
	sed 's/node->count = extent->count = request->count;/static int calls; &\n\tif (++calls == 1000) node->count = 0;/' mine.c >overlap.c
	sed 's/end <= request->high/end <= request->high + 1/; s/request->high + 1; /request->high + 2; /' mine.c >limit.c
	for bug in overlap limit; do
		! cmp -s mine.c $bug.c
		"${CC:-cc}" -shared -fPIC -O2 -I"$usr/include" -o $bug.so $bug.c
		run -3 "$iovabench" verify ./$bug.so -o $bug.yaml
		[ "$(sed -n '/script:/,/^expect/p' $bug.yaml | grep -c '^      - ')" -le 12 ] || { cat $bug.yaml; return 1; }
		run -3 "$iovabench" run $bug.yaml -a ./$bug.so --rounds 0 -q -o out-$bug
		has "$output" "wrong answer"
	done
}

@test "run --shrink writes what an audit found as a script" {
	cat >churn.yaml <<-'YAML'
		iovabench: 1
		name: churn
		space: {size: 16MiB}
		requests: [{name: page, size: {fixed: 4KiB}}]
		phases:
		  - {name: fill, mix: [{request: page}], until: {live: 100}}
		  - {name: churn, mix: [{request: page}], ops: 20k}
	YAML
	run -3 "$iovabench" run churn.yaml -a "$plugins/wild.so:does=overlap,at=5000" -a buddy --rounds 0 -o out --shrink
	has "$output" "calls break the rule"
	[ -e failure.yaml ]
	[ ! -e failure-2.yaml ]
	run -3 "$iovabench" run failure.yaml -a "$plugins/wild.so:does=overlap,at=5000" --rounds 0 -q -o again
	has "$output" "overlaps"
}

@test "memory beside the host's is told" {
	no_sanitizer
	cat >many.yaml <<-'YAML'
		iovabench: 1
		name: many
		space: {size: 256MiB}
		requests: [{name: page, size: {fixed: 4KiB}}]
		phases: [{name: fill, mix: [{request: page}], until: {live: 10k}}]
	YAML
	"$iovabench" plugin template | sed '1i #include <stdlib.h>' >inside.c
	sed 's/mine->host->memory_get(mine->host->context, sizeof \*node)/calloc(1, sizeof *node)/
		s/mine->host->memory_put(mine->host->context, node, sizeof \*node)/free(node)/' inside.c >beside.c
	is "$(diff inside.c beside.c | grep -c '^>')" 2
	for kind in inside beside; do "${CC:-cc}" -std=c11 -shared -fPIC -O2 -I"$usr/include" -o $kind.so $kind.c; done
	run -0 "$iovabench" run many.yaml -a buddy -a ./inside.so -a ./beside.so --rounds 0 -o out
	is "$(arms out .reason | grep -c .)" 3
	is "$(arms out .reason | sed '2!d')" null
	has "$(arms out .reason | sed '3!d')" "of memory beside the host's, which no figure of metadata counts"
	has "$output" "beside the host's"
}

@test "place and visit_free are optional: holes are made with limits, and the audit's own map shows free space" {
	"$iovabench" plugin template >mine.c
	"${CC:-cc}" -shared -fPIC -O2 -I"$usr/include" -o mine.so mine.c
	sed 's/= IOVA_ALIGN | IOVA_LIMIT;/= IOVA_ALIGN | IOVA_HIGH;/' mine.c >high.c
	"${CC:-cc}" -shared -fPIC -O2 -I"$usr/include" -o high.so high.c
	cat >holes.yaml <<-'YAML'
		iovabench: 1
		name: holes
		space: {size: 16MiB, reserved: [{base: 1MiB, size: 64KiB}]}
		requests: [{name: some, size: {uniform: {min: 4KiB, max: 64KiB}}}]
		phases:
		  - {name: fill, mix: [{request: some}], until: {live: 100}}
		  - {name: churn, mix: [{request: some}], ops: 5k}
	YAML
	run -0 "$iovabench" run holes.yaml -a ./mine.so -a rbtree:fit=first --rounds 0 -q -o out
	is "$(jq -c '[.arms[] | [.audit.violations, .fragmentation.free_pages]] | unique | length' out/result.json)" 1
	is "$(jq -c '[.arms[].audit.placement_hash] | unique | length' out/result.json)" 1
	run -6 "$iovabench" run holes.yaml -a ./high.so --rounds 0 -q -o high
	has "$output" "cannot reserve pages"
	run -6 "$iovabench" run holes.yaml -a magazine+./mine.so --rounds 0 -q -o layer
	has "$output" "has no visit_free"
}

@test "a request above length_max is impossible, and low without high is told" {
	"$iovabench" plugin template >mine.c
	sed 's/^const struct iova_allocator \*iova_plugin(void)$/static uint64_t longest(void *self) { (void)self; return 8; }\n&/
		s/	mine.name = /	mine.length_max = longest;\n&/
		s/	struct node \*next = /	if (request->count > 8) return IOVA_NO_SPACE;\n&/' mine.c >short.c
	"${CC:-cc}" -shared -fPIC -O2 -I"$usr/include" -o short.so short.c
	run -0 "$iovabench" verify ./short.so -q
	cat >long.yaml <<-'YAML'
		iovabench: 1
		name: long
		space: {size: 16MiB}
		requests: [{name: long, size: {fixed: 64KiB}}, {name: low, size: {fixed: 4KiB}, low: 1MiB}]
		phases: [{name: script, script: [{alloc: a, request: long}, {alloc: b, request: low}]}]
	YAML
	run -0 "$iovabench" run long.yaml -a ./short.so --rounds 0 -q -o out
	is "$(jq -c '.arms[0].failures | [.impossible, .fragmented]' out/result.json)" "[1,0]"
	sed 's/= IOVA_ALIGN | IOVA_LIMIT;/= IOVA_ALIGN | IOVA_HIGH;/' mine.c >high.c
	"${CC:-cc}" -shared -fPIC -O2 -I"$usr/include" -o high.so high.c
	run -0 "$iovabench" verify ./high.so -q
	run -6 "$iovabench" run long.yaml -a ./high.so --rounds 0 -q -o high
	has "$output" "request low asks for limits (low), which mine does not honour"
}

@test "padding in front of an extent is its own, and has to be told" {
	"$iovabench" plugin template >mine.c
	sed 's/^	uint64_t first = mine->space.first, end;/	uint64_t first = mine->space.first, end, from = first;/
		s/^		if (request->constraints & IOVA_CONSTRAIN_ALIGN)/		from = first;\n&/
		s/^	node->first = extent->first = first;/	node->first = from, extent->first = first;/
		s/^	node->count = extent->count = request->count;/	extent->count = request->count, node->count = first - from + request->count;/' \
		mine.c >untold.c
	sed 's/^const struct iova_allocator \*iova_plugin(void)$/static uint64_t padding(void *self, const struct iova_extent *extent)\
{\
	(void)self;\
	return extent->first - ((struct node *)(uintptr_t)extent->cookie)->first;\
}\
&/
		s/	mine.name = /	mine.padding = padding;\n&/' untold.c >padded.c
	for name in untold padded; do
		"${CC:-cc}" -shared -fPIC -O2 -I"$usr/include" -o "$name.so" "$name.c"
	done
	run -0 "$iovabench" verify ./padded.so -q
	run -3 "$iovabench" verify ./untold.so --shrink off
	has "$output" "broken   statistics"
	cat >aligned.yaml <<-'YAML'
		iovabench: 1
		name: aligned
		space: {size: 16MiB}
		requests: [{name: page, size: {fixed: 4KiB}}, {name: aligned, size: {fixed: 4KiB}, align: 64KiB}]
		phases: [{name: fill, mix: [{request: page}, {request: aligned}], until: {live: 100}}, {name: churn, mix: [{request: page}, {request: aligned}], ops: 5k}]
	YAML
	run -0 "$iovabench" run aligned.yaml -a ./padded.so --rounds 0 -q -o out
	is "$(jq '.arms[0] | .audit.violations, .space.granted_pages > .space.requested_pages, .plugin_about' out/result.json | paste -sd' ')" \
		'0 true "first fit over a list of live extents"'
	run -3 "$iovabench" run aligned.yaml -a ./untold.so --rounds 0 -q -o out-untold
	run -6 "$iovabench" run aligned.yaml -a magazine+./padded.so --rounds 0 -q -o out-layer
	has "$output" "has padding, which magazine above it cannot show"
}

@test "a crash is told with the line that it happened in" {
	no_sanitizer
	command -v addr2line >/dev/null || skip "binutils is not there"
	"$iovabench" plugin template >mine.c
	sed 's/^	(void)cpu; \/\* of a magazine.*/	static unsigned calls;\n	if (++calls == 500)\n		*(volatile int *)(uintptr_t)calls = 0;\n&/' mine.c >crash.c
	line=$(grep -n 'volatile int' crash.c | cut -d: -f1)
	"${CC:-cc}" -g -shared -fPIC -O1 -I"$usr/include" -o crash.so crash.c
	run -3 "$iovabench" verify ./crash.so --rule disjoint
	has "$output" "crashes: signal 11 (Segmentation fault) at mine_alloc (crash.c:$line)"
	grep -q "^# crashes: signal 11 (Segmentation fault) at mine_alloc (crash.c:$line)$" failure.yaml
	run -3 "$iovabench" run gpu-paging -a ./crash.so --ops 5k --rounds 0 -q -o out
	has "$output" "at mine_alloc (crash.c:$line)"
	"${CC:-cc}" -shared -fPIC -O1 -s -I"$usr/include" -o crash.so crash.c
	run -3 "$iovabench" verify ./crash.so --rule disjoint --shrink off
	has "$output" "(Segmentation fault) at crash.so+0x"
}

@test "the library can be part of a plugin" {
	no_sanitizer
	cat >inside.c <<-'C'
		#include <iovabench/dxgkrnl.h>
		#include <iovabench/instance.h>
		void *keep = (void *)dxgkrnl_create;
		const struct iova_allocator *iova_plugin(void)
		{
			static struct iova_allocator table;
			struct iova_space space = {.count = 64, .page_bytes = 4096};
			struct iova_instance *buddy = iova_instance_create("buddy", &space, 0, 0, 0);
			if (!buddy)
				return 0;
			table = *iova_instance_table(buddy);
			table.name = "inside";
			iova_instance_destroy(buddy);
			return &table;
		}
	C
	"${CC:-cc}" -std=c11 -shared -fPIC -O2 -I"$usr/include" -o inside.so inside.c "$usr/lib/libiovabench.a" -lm -lpthread -ldl
	[ "$(readelf -d inside.so | grep -c TEXTREL)" -eq 0 ]
	run -0 "$iovabench" describe ./inside.so
	has "$output" inside
	run -0 "$iovabench" verify ./inside.so --shrink off
	has "$output" " 0 broken"
}

@test "kernel sources that are not there are one line, and no error" {
	for source in "" /no/such/tree "$scratch"; do
		run -0 env "BUILD=$scratch/build" "$BATS_TEST_DIRNAME/../../plugins/peers/build" "$source"
		is "$(wc -l <<<"$output")" 1
	done
	run -0 env "BUILD=$scratch/build" "$BATS_TEST_DIRNAME/../../tests/fidelity/run"
	has "$output" "there are no peers"
}

@test "describe opens a spec and a plugin, bench tells what an operation costs" {
	run -0 "$iovabench" describe rbtree:fit=best
	has "$output" "here:  fit=best"
	run -0 "$iovabench" describe "$plugins/flawed.so:flaw=leak"
	has "$output" "here:  flaw=leak"
	has "$output" "promises to find: complete"
	run -2 "$iovabench" describe "$plugins/wrong_abi.so"
	has "$output" "its ABI is"
	run -3 "$iovabench" describe "$plugins/dies_opened.so"
	run -0 "$iovabench" plugin bench buddy "$plugins/wild.so" -w nvme-qd128 --ops 2k
	is "$(grep -c '^null \|^buddy \|wild.so ' <<<"$output")" 3
	run -2 "$iovabench" plugin bench
	run -2 "$iovabench" plugin burn
	run -2 "$iovabench" plugin template x
}
