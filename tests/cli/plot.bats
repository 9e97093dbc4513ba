#!/usr/bin/env bats
# Figures of results, and the page that holds them.

load helpers

setup_file() {
	"${BUILD:-build}/iovabench" run tests/cli/tiny.yaml -a buddy -a bitmap --rounds 2 -q -o "$BATS_FILE_TMPDIR/made"
}

setup() {
	made=$BATS_FILE_TMPDIR/made
	scratch=$BATS_TEST_TMPDIR
}

kinds() { "$iovabench" plot --help | sed -n 's/^ \([a-z]*\): .*/\1/p'; }

@test "every kind is a picture that a parser takes, with a table and a script" {
	[ "$(kinds | wc -l)" -ge 7 ]
	for kind in $(kinds); do
		"$iovabench" plot "$kind" "$made" -o "$scratch/$kind.svg" --data "$scratch/$kind.csv"
		xmllint --noout "$scratch/$kind.svg"
		grep -q 'svg class="figure"' "$scratch/$kind.svg"
		! grep -q 'var(' "$scratch/$kind.svg"
		[ "$(wc -l <"$scratch/$kind.csv")" -ge 1 ]
	done
	grep -q 'svg class="plot"' "$scratch/percentiles.svg"
	grep -q "data-name=\"bitmap\"" "$scratch/percentiles.svg"
}

@test "the table has the numbers of the result" {
	"$iovabench" plot forest "$made" --data "$scratch/forest.csv" >/dev/null
	wanted=$(jq '.arms[] | select(.spec == "bitmap") | .paired.ratio // empty' "$made/result.json")
	if [ -n "$wanted" ]; then
		python3 - "$scratch/forest.csv" "$wanted" <<-'PY'
			import csv, sys
			rows = [row for row in csv.DictReader(open(sys.argv[1])) if row["spec"] == "bitmap" and row["condition"] == "hot"]
			assert abs(float(rows[0]["ratio"]) / float(sys.argv[2]) - 1) < 1e-12, rows
		PY
	fi
	"$iovabench" plot space "$made" --data "$scratch/time.csv" >/dev/null
	python3 - "$scratch/time.csv" "$made/result.json" <<-'PY'
		import csv, json, sys
		rows = [row for row in csv.DictReader(open(sys.argv[1])) if row["spec"] == "buddy" and row["plot"].endswith(": live")]
		arm = [arm for arm in json.load(open(sys.argv[2]))["arms"] if arm["spec"] == "buddy"][0]
		assert rows and len({row["x"] for row in rows}) == len(rows), rows
		assert all(float(row["y"]) <= arm["space"]["peak_live_pages"] for row in rows)
	PY
}

@test "figures of the reference have its numbers, whole" {
	"$iovabench" report results/reference --format json >"$scratch/result.json"
	for kind in percentiles phases latency failures space; do
		"$iovabench" plot "$kind" results/reference -o "$scratch/$kind.svg" --data "$scratch/$kind.csv"
	done
	python3 tests/cli/figures.py "$scratch/result.json" "$scratch"
	rm "$scratch/result.json" # of another build
}

@test "phases are drawn beside each other on one scale, domains against their number" {
	"$iovabench" plot phases "$made" --data "$scratch/phases.csv" >"$scratch/phases.svg"
	for phase in fill churn; do grep -q "^\"tiny: $phase, alloc\",bitmap," "$scratch/phases.csv"; done
	is "$(grep -o 'data-y="[^"]*" data-key="tiny: [a-z]*, alloc"' "$scratch/phases.svg" | cut -d'"' -f2 | uniq | wc -l)" 1
	# What is in one phase alone has no other to be held against.
	run ! grep -q ', free' "$scratch/phases.csv"
	run "$iovabench" plot domains "$made"
	has "$output" "Not measured"
	"$iovabench" run workloads/e1000e.yaml -a buddy -a rbtree --rounds 0 -q -o "$scratch/two"
	"$iovabench" plot domains "$scratch/two" --data "$scratch/domains.csv" >"$scratch/domains.svg"
	is "$(grep '^e1000e: span,rbtree' "$scratch/domains.csv" | cut -d, -f4 | paste -sd ' ')" \
		"$(jq -r '.arms[1].domains | map(.space.span_pages) | join(" ")' "$scratch/two/result.json")"
}

@test "a line that lies level is written by its ends" {
	jq 'del(.digest) | .arms[].series_table |= (.columns as $names | ($names | index("span_pages")) as $at | .rows |= map(.[$at] = 7))' \
		"$made/result.json" >"$scratch/level.json"
	"$iovabench" plot space "$scratch/level.json" >"$scratch/level.svg"
	grep -A2 'data-key="tiny: span"' "$scratch/level.svg" | grep -qE 'd="M[0-9.]+ [0-9.]+H[0-9.]+"'
}

@test "sizes in pages and in KiB lie on one axis, in bytes" {
	"$iovabench" run tests/cli/tiny.yaml -a buddy --sweep 'requests.page.size.fixed=2 pages,4KiB,4 pages' --rounds 0 -q -o "$scratch/pages"
	"$iovabench" plot sweep "$scratch/pages" --data "$scratch/pages.csv" >"$scratch/pages.svg"
	grep -q '>16 KiB<' "$scratch/pages.svg"
	[ "$(grep -c 'metadata,buddy' "$scratch/pages.csv")" -eq 3 ]
	grep -q 'metadata,buddy,16384,' "$scratch/pages.csv"
}

@test "a sweep is drawn against its key, one line for each arm and each of the other values" {
	"$iovabench" run tests/cli/tiny.yaml -a buddy -a rbtree --seed 1,2 --sweep phases.churn.ops=4k,1k,2k --rounds 0 -q -o "$scratch/swept"
	"$iovabench" plot sweep "$scratch/swept" --data "$scratch/sweep.csv" >"$scratch/sweep.svg"
	grep -q '>phases.churn.ops</text>' "$scratch/sweep.svg"
	grep -q '>bytes</text>' "$scratch/sweep.svg"
	is "$(grep ': metadata,' "$scratch/sweep.csv" | cut -d, -f1-3 | paste -sd ';')" \
		"$(for seed in 1 2; do for spec in buddy rbtree; do for x in 1000 2000 4000; do printf 'tiny seed=%s: metadata,%s,%s;' $seed $spec $x; done; done; done | sed 's/;$//')"
	bytes=$(jq '[.arms[] | select(.spec == "rbtree")][0].metadata_bytes' "$scratch/swept/result.json")
	is "$(grep '^tiny seed=1: metadata,rbtree,4000,' "$scratch/sweep.csv" | cut -d, -f4)" "$bytes"
	# A scale of its own for each way to write an amount; ticks of counts are whole.
	for values in '4KiB 16KiB 1MiB:4096,16384,1048576:log bytes' '10% 20% 30%:0.10000000000000001,0.20000000000000001,0.29999999999999999:linear share' \
		'1 2 3:1,2,3:linear count' '0.5 1 1.5:0.5,1,1.5:linear number'; do
		IFS=: read -r written wanted scale <<<"$values"
		jq --arg written "$written" 'del(.digest) | ($written | split(" ")) as $v | .workloads[] |= (.sweep["phases.churn.ops"] |= {"1k": $v[0], "2k": $v[1], "4k": $v[2]}[.])' \
			"$scratch/swept/result.json" >"$scratch/written.json"
		"$iovabench" plot sweep "$scratch/written.json" --data "$scratch/written.csv" >"$scratch/written.svg"
		is "$(grep '^tiny seed=1: metadata,buddy,' "$scratch/written.csv" | cut -d, -f3 | paste -sd ,)" "$wanted"
		grep -q "data-x=\"$scale " "$scratch/written.svg"
	done
	rm "$scratch/written.json"
}

@test "other forms come from rsvg-convert, and its absence is told" {
	mkdir "$scratch/bin"
	printf '#!/bin/sh\necho "made $2"; cat >/dev/null\n' >"$scratch/bin/rsvg-convert"
	chmod +x "$scratch/bin/rsvg-convert"
	PATH=$scratch/bin:$PATH "$iovabench" plot forest "$made" -o "$scratch/f.pdf"
	[ "$(cat "$scratch/f.pdf")" = "made pdf" ]
	printf '#!/bin/sh\nexit 3\n' >"$scratch/bin/rsvg-convert"
	PATH=$scratch/bin:$PATH run "$iovabench" plot forest "$made" -o "$scratch/f.pdf"
	[ "$status" -eq 7 ]
	has "$output" "rsvg-convert failed"
	[ "$(cat "$scratch/f.pdf")" = "made pdf" ]
	iovabench=$(realpath "$iovabench")
	PATH=/nowhere run "$iovabench" plot forest "$made" -o "$scratch/g.png"
	[ "$status" -eq 2 ]
	has "$output" "librsvg2-bin"
	[ ! -e "$scratch/g.png" ]
}

@test "what is wrong is named" {
	run "$iovabench" plot forrest "$made"
	[ "$status" -eq 2 ]
	has "$output" "did you mean 'forest'?"
	run "$iovabench" plot volcano "$made"
	has "$output" "there are forest, percentiles"
	run "$iovabench" plot forest "$made" -o "$scratch/x.jpeg"
	[ "$status" -eq 2 ]
	has "$output" ".svg, .pdf or .png"
	run "$iovabench" plot forest
	[ "$status" -eq 2 ]
	run "$iovabench" plot forest "$scratch/nothing"
	[ "$status" -eq 2 ]
	run "$iovabench" plot forest "$made" -o "$scratch/no/such/folder.svg"
	[ "$status" -eq 7 ]
	run "$iovabench" report "$made" -o "$scratch/x.svg"
	[ "$status" -eq 2 ]
	has "$output" ".html, .md, .csv or .json"
	[ ! -e "$scratch/x.svg" ]
}

@test "the policy of a page names what is in it, and nothing else" {
	"$iovabench" report "$made" -o "$scratch/page.html"
	python3 - "$scratch/page.html" <<-'PY'
		import base64, hashlib, re, sys
		page = open(sys.argv[1]).read()
		policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
		named = set(re.findall(r"'sha256-([^']*)'", policy))
		inside = re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", page, re.S)
		assert {base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in inside} == named, policy
		assert "unsafe" not in policy and "base-uri 'none'" in policy and "form-action 'none'" in policy
		assert len(inside) == 3 and len(re.findall(r"<svg class=\"figure( piece)?", page)) >= 4
	PY
}
