#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A matrix in parts, played apart, and joined to the document of the whole.

load helpers

setup_file() {
	load helpers
	export parts=$BATS_FILE_TMPDIR
	printf '%s\n' 'suite: 1' 'workloads: [tests/cli/tiny.yaml, workloads/laws/01-robson-64-16.yaml]' 'allocators: [rbtree, buddy]' \
		'rounds: 7' 'paired-ms: 1' >"$parts/all.yaml"
	printf '%s\n' 'suite: 1' 'workloads: tests/cli/tiny.yaml' 'allocators: [rbtree, buddy]' 'sweep: "phases.churn.ops=1k,2k"' 'rounds: 7' \
		'paired-ms: 1' >"$parts/s.yaml"
	"$iovabench" suite run "$parts/s.yaml" -q -o "$parts/whole"
	for i in 1 2 3; do "$iovabench" suite run "$parts/s.yaml" --shard $i/3 -q -o "$parts/$i"; done
}

# What does not depend on time.
exact() { # folder
	python3 - "$1/result.json" <<-'END'
		import json, sys
		sys.path.insert(0, "tests/soak")
		from figures import arm_exact
		result = json.load(open(sys.argv[1]))
		print(json.dumps([result["schema"], result["build"], result["nodes"], result["workloads"], result["expectations"], result["run"]["rounds"],
		                  result["run"]["partial"], [[c["workload"], c["a"], c["b"], c["metric"]] for c in result["comparisons"]],
		                  [[arm_exact(arm, ()), arm["looks"], arm["throughput"]["rounds"], arm["throughput"]["operations"],
		                    [pair["against"] for pair in [arm["paired"]] + (arm.get("paired_others") or []) if pair]] for arm in result["arms"]]], indent=1, sort_keys=True))
	END
}

# A shard as if another machine had played it.
elsewhere() { # folder copy node
	mkdir "$2"
	cp "$1/rounds.jsonl" "$2"
	jq ".nodes[0].id = \"$3\" | del(.digest)" "$1/result.json" >"$2/result.json"
	jq ".node = \"$3\" | del(.digest)" "$1/run.json" >"$2/run.json"
}

# A shard of which something else was asked.
changed() { # folder copy filter
	mkdir "$2"
	cp "$1/rounds.jsonl" "$1/result.json" "$2"
	jq "$3 | del(.digest)" "$1/run.json" >"$2/run.json"
}

# The checksums of a journal that was changed on purpose.
sums() { # journal
	python3 - "$1" <<-'END'
		import sys
		lines = []
		for line in open(sys.argv[1]):
		    body, value = line[:line.rindex(',"sum":"')], 0xcbf29ce484222325
		    for byte in body.encode():
		        value = (value ^ byte) * 0x100000001b3 % 2**64
		    lines.append(f'{body},"sum":"0x{value:016x}"}}\n')
		open(sys.argv[1], "w").writelines(lines)
	END
}

@test "shards that are joined are the document of the whole, in any order" {
	run -0 "$iovabench" merge "$parts/3" "$parts/1" "$parts/2" -o "$scratch/t"
	is "$output" ""
	exact "$parts/whole" >"$scratch/whole"
	exact "$scratch/t" >"$scratch/joined"
	diff "$scratch/whole" "$scratch/joined"
	[ "$(wc -c <"$scratch/whole")" -gt 10000 ]
	# Times are there as well.
	jq -e '[.arms[] | .throughput.raw_ns_per_op, .paired.ratio // 1] | all(. > 0)' "$scratch/t/result.json"
	is "$(jq -r 'select(.pass != "audit") | .key' "$scratch/t/rounds.jsonl" | sort)" "$(jq -r 'select(.pass != "audit") | .key' "$parts/whole/rounds.jsonl" | sort)"
	[ -s "$scratch/t/report.html" ]
	run -0 "$iovabench" report "$scratch/t"
	run -0 "$iovabench" merge "$parts/1" "$parts/2" "$parts/3" -o "$scratch/u"
	is "$(jq 'del(.run.command, .digest)' "$scratch/t/result.json" | cksum)" "$(jq 'del(.run.command, .digest)' "$scratch/u/result.json" | cksum)"
	cmp "$scratch/t/rounds.jsonl" "$scratch/u/rounds.jsonl"
}

@test "the plan names every round once, blocks are whole squares, and what has no rounds is an audit" {
	run -0 "$iovabench" suite plan "$parts/s.yaml" --shards 3
	is "$(grep -c '^[123]/3' <<<"$output")" 6
	has "$output" "6 units"
	is "$(awk '/^[123]\/3/ { print $2 }' <<<"$output" | sort | uniq -c | awk '{ print $1, $2 }' | paste -sd ,)" "2 1-3,2 4-6,2 7-7"
	# The journal holds what the plan says.
	for i in 1 2 3; do
		is "$(jq -r 'select(.pass == "paired") | "\(.round + 1)"' "$parts/$i/rounds.jsonl" | sort -n | uniq -c | awk '{ print $1, $2 }' | paste -sd ,)" \
			"$(grep "^$i/3" <<<"$output" | awk '{ split($2, r, "-"); for (i = r[1]; i <= r[2]; i++) print i }' | sort -n | uniq -c | awk '{ print $1, $2 }' | paste -sd ,)"
	done
	run -0 "$iovabench" suite plan "$parts/all.yaml" --shards 4
	is "$(awk '/^[1-4]\/4/ { print $1, $2 }' <<<"$output" | paste -sd ,)" "1/4 1-3,2/4 4-6,3/4 7-7,4/4 audit"
	run -2 "$iovabench" suite plan "$parts/s.yaml" --shards 7
	has "$output" "this matrix has 6 units"
	# What every part would refuse is refused before anything is handed in.
	for against in "--budget 1m" "--rounds auto" "--until steady"; do
		# shellcheck disable=SC2086
		run -2 "$iovabench" suite plan "$parts/s.yaml" --shards 3 $against
		has "$output" "suite plan: --shards 3: ${against/ 1m/}"
	done
}

@test "a shard that is missing, there twice or not finished is named, and nothing is written" {
	refuses "shard 2/3 is missing" merge "$parts/1" "$parts/3" -o "$scratch/t"
	refuses "shards 2/3, 3/3 are missing" merge "$parts/1" -o "$scratch/t"
	refuses "are both shard 1/3: merge takes each once" merge "$parts/1" "$parts/2" "$parts/3" "$parts/1" -o "$scratch/t"
	changed "$parts/2" "$scratch/2" .
	rm "$scratch/2/result.json"
	refuses "shard 2/3 has not finished: iovabench resume" merge "$parts/1" "$scratch/2" "$parts/3" -o "$scratch/t"
	# Its journal was cut after its document was written.
	cp "$parts/2/result.json" "$scratch/2"
	head -n 6 "$parts/2/rounds.jsonl" >"$scratch/2/rounds.jsonl"
	refuses "shard 2/3 has not played all of its part" merge "$parts/1" "$scratch/2" "$parts/3" -o "$scratch/t"
	# Two that overlap: the journal of one holds the other's rounds, too.
	cat "$parts/2/rounds.jsonl" "$parts/3/rounds.jsonl" | awk '!seen[$0]++' | jq -c 'select(.pass != "audit")' >/dev/null
	grep '"pass":"timed"' "$parts/3/rounds.jsonl" | cat "$parts/2/rounds.jsonl" - >"$scratch/2/rounds.jsonl"
	refuses "is in another shard, too: they overlap" merge "$parts/1" "$scratch/2" "$parts/3" -o "$scratch/t"
	refuses "is a shard, " merge "$parts/1" "$parts/whole" -o "$scratch/t"
}

@test "shards of another build, request, file, clock or stream are refused and named" {
	changed "$parts/2" "$scratch/build" '.build_hash = "0x0000000000000001"'
	refuses "they were run by different builds" merge "$parts/1" "$scratch/build" "$parts/3" -o "$scratch/t"
	changed "$parts/2" "$scratch/rounds" '.options.rounds = "8"'
	refuses "--rounds is 7 and 8" merge "$parts/1" "$scratch/rounds" "$parts/3" -o "$scratch/t"
	changed "$parts/2" "$scratch/arms" '.options.allocators[0] = "bitmap"'
	refuses "their allocators are different" merge "$parts/1" "$scratch/arms" "$parts/3" -o "$scratch/t"
	changed "$parts/2" "$scratch/sweep" '.options.sweeps[0].values[0] = "3k"'
	refuses "their sweeps are different" merge "$parts/1" "$scratch/sweep" "$parts/3" -o "$scratch/t"
	changed "$parts/2" "$scratch/file" '.inputs[0].hash = "0x0000000000000001"'
	refuses "tests/cli/tiny.yaml was not the same file, so that they played different streams" merge "$parts/1" "$scratch/file" "$parts/3" -o "$scratch/t"
	changed "$parts/2" "$scratch/clock" '.clock.ns_per_tick *= 1.5'
	refuses "the clock of their machine changed between them" merge "$parts/1" "$scratch/clock" "$parts/3" -o "$scratch/t"
	changed "$parts/2" "$scratch/count" '.options.shard = "2/4"'
	refuses "the numbers of shards are different" merge "$parts/1" "$scratch/count" "$parts/3" -o "$scratch/t"
	changed "$parts/3" "$scratch/stream" .
	jq '.workloads[0].stream_hash = "0x0000000000000001" | del(.digest)' "$parts/3/result.json" >"$scratch/stream/result.json"
	refuses "played another stream of tiny than other shards did" merge "$parts/1" "$parts/2" "$scratch/stream" -o "$scratch/t"
	refuses "--rounds auto ends by what was measured" suite run "$parts/s.yaml" --shard 1/3 --rounds auto -o "$scratch/t"
	refuses "it takes --budget none" suite run "$parts/s.yaml" --shard 1/3 --budget 10s -o "$scratch/t"
	for shard in 0/3 4/3 1/0 1 /3 1/ a/b 1/3x 1/10001; do refuses "--shard '$shard': takes the number of a part" suite run "$parts/s.yaml" --shard $shard -o "$scratch/t"; done
	printf '%s\n' 'suite: 1' 'workloads: tests/cli/tiny.yaml' 'shard: 1/3' >"$scratch/s.yaml"
	refuses "shard" suite run "$scratch/s.yaml" -o "$scratch/t"
}

@test "a shard of another machine keeps it, and rounds are held against each other within a machine alone" {
	elsewhere "$parts/2" "$scratch/2" 0x0000000000000002
	run -0 "$iovabench" merge "$parts/1" "$scratch/2" "$parts/3" -o "$scratch/t"
	is "$(jq '.nodes | length' "$scratch/t/result.json")" 2
	is "$(jq -r '[.arms[] | [.spec, .sweep["phases.churn.ops"], .node, .throughput.rounds] | join(" ")] | join(",")' "$scratch/t/result.json")" \
		"$(jq -rn '"rbtree 1k 0 6,buddy 1k 0 6,rbtree 2k 0 4,buddy 2k 0 4,rbtree 1k 1 1,buddy 1k 1 1,rbtree 2k 1 3,buddy 2k 1 3"')"
	is "$(jq -c '[.comparisons[] | select((.a_arm / 4 | floor) != (.b_arm / 4 | floor))] | length' "$scratch/t/result.json")" 0
	# An audit that a machine makes otherwise is no audit.
	elsewhere "$parts/2" "$scratch/3" 0x0000000000000002
	edits '1s/"placement_hash":"0x[0-9a-f]*"/"placement_hash":"0x0000000000000007"/g' "$scratch/3/rounds.jsonl"
	sums "$scratch/3/rounds.jsonl"
	run -5 "$iovabench" merge "$parts/1" "$scratch/3" "$parts/3" -o "$scratch/u"
	has "$output" "tiny phases.churn.ops=1k, rbtree: nondeterministic"
	changed "$parts/2" "$scratch/4" .
	cp "$scratch/3/rounds.jsonl" "$scratch/4"
	run -5 "$iovabench" merge "$parts/1" "$scratch/4" "$parts/3" -o "$scratch/v"
	has "$output" "the audit of rbtree on tiny disagrees with that of another shard (their placements)"
	[ ! -e "$scratch/v" ]
}

@test "a shard that was killed goes on, rounds can be added to all, and nothing that was played is lost" {
	cp -r "$parts/whole" "$scratch/whole"
	for i in 1 2 3; do cp -r "$parts/$i" "$scratch/$i"; done
	rm "$scratch/2/result.json" "$scratch/2/report.html"
	head -n 5 "$parts/2/rounds.jsonl" >"$scratch/2/rounds.jsonl"
	# More rounds are asked for at once of what was killed.
	for i in whole 1 2 3; do "$iovabench" resume "$scratch/$i" --rounds 9 -q; done
	run -0 "$iovabench" merge "$scratch/1" "$scratch/2" "$scratch/3" -o "$scratch/t"
	exact "$scratch/whole" >"$scratch/one"
	exact "$scratch/t" >"$scratch/other"
	diff "$scratch/one" "$scratch/other"
	# What was there is there still.
	for i in 1 2 3; do is "$(jq -r .key "$parts/$i/rounds.jsonl" | sort | comm -23 - <(jq -r .key "$scratch/$i/rounds.jsonl" | sort))" ""; done
	run -2 "$iovabench" merge "$scratch/1" "$scratch/2" "$parts/3" -o "$scratch/u"
	has "$output" "no shards of one matrix: --rounds is 9 and 7"
	run -2 "$iovabench" resume "$scratch/1" --rounds 8
	has "$output" "takes 9 or more"
}

@test "costs of an earlier run make another plan, and every shard needs the same ones" {
	cp "$parts/whole/result.json" "$scratch/costs.json"
	run -0 "$iovabench" suite plan "$parts/s.yaml" --shards 3 --costs "$scratch/costs.json"
	has "$output" "6 units"
	"$iovabench" suite run "$parts/s.yaml" --shard 1/2 --costs "$scratch/costs.json" -q -o "$scratch/1"
	jq -r '.inputs[].path' "$scratch/1/run.json" | grep -qx "$scratch/costs.json"
	jq 'del(.digest) | .arms[0].throughput.raw_ns_per_op *= 2' "$scratch/costs.json" >"$scratch/new" && mv "$scratch/new" "$scratch/costs.json"
	"$iovabench" suite run "$parts/s.yaml" --shard 2/2 --costs "$scratch/costs.json" -q -o "$scratch/2"
	refuses "costs.json was not the same file" merge "$scratch/1" "$scratch/2" -o "$scratch/t"
	refuses "--costs $scratch/none" suite run "$parts/s.yaml" --shard 1/2 --costs "$scratch/none" -o "$scratch/t"
	refuses "takes the result.json of a run" suite run "$parts/s.yaml" --shard 1/2 --costs tests/cli/tiny.yaml -o "$scratch/t"
}

@test "on a full disk a merge leaves nothing, and can be tried again" {
	no_sanitizer
	run bash -c "ulimit -f 20; trap '' XFSZ; exec $iovabench merge $parts/1 $parts/2 $parts/3 -o $scratch/t"
	is "$status" 7
	[ ! -e "$scratch/t/result.json" ]
	run -0 "$iovabench" merge "$parts/1" "$parts/2" "$parts/3" -o "$scratch/t"
}

@test "scripts hand the parts in, and whoever comes again goes on" {
	"$iovabench" suite plan "$parts/s.yaml" --shards 2 --for make -o "$scratch/m" >"$scratch/Makefile"
	make -s -f "$scratch/Makefile" >/dev/null
	[ -s "$scratch/m/merged/result.json" ]
	"$iovabench" suite plan "$parts/s.yaml" --shards 2 --for slurm -o "$scratch/s" >"$scratch/job.sh"
	# As Slurm would play it.
	for i in 1 2; do SLURM_ARRAY_TASK_ID=$i sh "$scratch/job.sh" part; done
	SLURM_ARRAY_TASK_ID=1 sh "$scratch/job.sh" part
	sh "$scratch/job.sh" merge
	exact "$parts/whole" >"$scratch/one"
	exact "$scratch/s/merged" >"$scratch/other"
	diff "$scratch/one" "$scratch/other"
	for kind in slurm parallel; do "$iovabench" suite plan "$parts/s.yaml" --shards 2 --for $kind | sh -n; done
	run -2 "$iovabench" suite plan "$parts/s.yaml" --for slurm
	has "$output" "takes --shards N, too"
	run -2 "$iovabench" suite plan "$parts/s.yaml" --shards 2 --for slrum
	has "$output" "takes slurm, parallel, make or people"
}

@test "memory of a merge does not grow with the parts: each is read, packed and gone" {
	no_sanitizer
	sweep=$(seq -s, 100 111)
	for i in $(seq 12); do
		"$iovabench" run tests/cli/tiny.yaml -a rbtree -a buddy --sweep "phases.churn.ops=$sweep" --rounds 0 --shard $i/12 -q -o "$scratch/$i"
	done
	# The trees of all documents would take twice as much.
	(ulimit -d 12000 && "$iovabench" merge $(seq -f "$scratch/%.0f" 12) -o "$scratch/merged")
	is "$(arms "$scratch/merged" .state | sort | uniq -c | xargs)" "24 ok"
}
