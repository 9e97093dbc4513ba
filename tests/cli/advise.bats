#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Which allocator for a driver: the answer, and the way from a recording to it.

load helpers

recording=$PWD/tests/recordings/t20-dma-612.txt
program=$(realpath "$iovabench")

# Fragments that bitmap can use and buddy cannot: 3 pages of 8 each, in a space of 64.
rounding() {
	cat >"$scratch/rounding.yaml" <<-'END'
		iovabench: 1
		name: rounding
		space: {base: 0, size: 256KiB}
		requests: [{name: three, size: {fixed: 12KiB}}]
		phases: [{name: fill, mix: [{request: three}], until: {live: 20}, measure: yes}]
	END
}

@test "who fails requests is not advised, and every allocator has its row" {
	rounding
	run -0 "$iovabench" advise "$scratch/rounding.yaml" --rounds 0 -q -o "$scratch/t"
	has "${lines[0]}" "rounding: take segregated. serves every request (buddy fails 20.0 %"
	for spec in buddy bitmap rbtree segregated leaf linux-lazy; do
		is "$(grep -c "^$spec  " <<<"$output")" 1
	done
	is "$(awk '/^buddy / { print $3 }' <<<"$output")" 4
	is "$(awk '/^bitmap / { print $3 }' <<<"$output")" 0
	has "$output" "all of it: $scratch/t/report.html"
	[ -s "$scratch/t/report.html" ]
}

@test "a recording becomes a workload beside us, once, and is played" {
	cd "$scratch"
	run -0 --separate-stderr "$program" advise "$recording" --rounds 0 -q -o t
	has "$stderr" "t20-dma-612.replay.yaml is the workload that was made of"
	[[ ${lines[0]} == "replay: "* ]]
	"$program" check t20-dma-612.replay.yaml
	run -2 --separate-stderr "$program" advise "$recording" --rounds 0 -q -o u
	has "$stderr" "t20-dma-612.replay.yaml: is there already"
	[ ! -e u ]
	run -0 "$program" advise t20-dma-612.replay.yaml --rounds 0 -q -o u
	printf 'no recording\n' >nothing.txt
	run -2 --separate-stderr "$program" advise nothing.txt -q -o v
	has "$stderr" "none of its 1 lines is an event that can be used"
	[ ! -e nothing.replay.yaml ] && [ ! -e nothing.replay.iovatrace ] && [ ! -e v ]
}

@test "the document goes to standard output when asked, and the answer beside it" {
	run -0 --separate-stderr "$iovabench" advise $tiny --rounds 0 -q --json - -o "$scratch/t"
	is "$(jq -r '.schema' <<<"$output")" "$(jq -r .schema "$scratch/t/result.json")"
	has "$stderr" "tiny: "
	run -2 "$iovabench" advise $tiny --rounds 0 --cpus 4095 -o "$scratch/u"
	has "$output" "4095"
	[ ! -e "$scratch/u" ]
	run -2 "$iovabench" advise
	has "$output" "no workload was named"
}
