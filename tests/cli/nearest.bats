#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every refusal names the nearest right thing.

load helpers

# What is meant, then the command line; T is a workload.
table() {
	cat <<-'END'
		did you mean 'run'?|rnu T
		did you mean 'compare'?|comapre a b
		did you mean 'suite'?|siute list
		did you mean '--rounds'?|run T --rounts 3
		did you mean '--baseline'?|gate --basline x y
		did you mean '--output'?|history --outptu x
		did you mean 'sampled'?|run T --latency sampld
		did you mean 'mutex'?|run T --lock mutx
		did you mean 'only'?|run T --paired onyl
		did you mean 'valgrind'?|run T --profile valgrin
		did you mean 'always'?|run T --color alwys
		did you mean 'buddy'?|run T --against budy
		-a buddy -a linux|run T -a buddy,linux
		did you mean "buddy"?|run T -a budy
		did you mean "magazine"?|run T -a maagzine+linux
		did you mean "fit"?|run T -a rbtree:fti=best
		did you mean "best"?|run T -a rbtree:fit=bset
		did you mean "buddy"?|verify budy
		did you mean 'nvme-lazy'?|run nvme-lasy
		did you mean 'nvme-lazy'?|check nvme-lasy
		did you mean 'nvme-lazy'?|expand nvme-lasy
		did you mean 'nvme-lazy'?|aperture nvme-lasy
		did you mean 'nvme-lazy'?|advise nvme-lasy
		did you mean 'gpu-paging'?|verify buddy gpu-pagin
		did you mean 'nightly'?|suite run nightli
		did you mean 'published'?|suite plan publishd
		did you mean plan|suite pln quick
		did you mean 'slurm'?|suite plan quick --shards 2 --for slrum
		did you mean stat|trace sta x
		did you mean 'check'?|plugin chek
		did you mean 'bash'?|completion bsh
		did you mean 'suites'?|list suits
		did you mean 'allocators'?|list alocators
		did you mean 'map'?|plot mpa x
		did you mean 'html'?|report x --format htm
		did you mean 'throughput.raw_ns_per_op'?|describe thruput.raw_ns_per_op
		did you mean 'latency.alloc.p999_ns'?|describe latency.alloc.p99.9_ns
		did you mean 'failures.total'?|describe failures.totl
		did you mean 'phases.mix'?|describe phases.mxi
		did you mean 'buddy'?|describe buddi
	END
}

@test "misspelt commands, options, values, allocators, their options, workloads, suites, metrics, keys and figures" {
	local count=0 line words
	while IFS='|' read -r wanted line; do
		read -ra words <<<"${line//T/$tiny}"
		run -2 --separate-stderr "$iovabench" "${words[@]}"
		has "$stderr" "$wanted" || {
			echo "of: iovabench $line"
			return 1
		}
		count=$((count + 1))
	done < <(table)
	[ "$count" -ge 40 ]
	[ ! -e results ] || [ -e results/reference ]
}

@test "what is far from everything is told without a guess, and what is there is taken" {
	run -2 "$iovabench" run zzzzzz -o "$scratch/t"
	[[ $output != *"did you mean"* ]]
	is "$("$iovabench" list suites | grep -c '\.yaml ')" "$("$iovabench" suite list | wc -l)"
	run -0 "$iovabench" run $tiny -a buddy:first=low,rounding=pow2 --parse-only
}

# They run nothing that would leave a result.
teardown_file() {
	:
}
