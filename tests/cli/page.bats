#!/usr/bin/env bats
# The page of a report in a browser: what it draws, what it answers to, what it refuses.

load helpers

setup_file() {
	"${BUILD:-build}/iovabench" run tests/cli/tiny.yaml -a buddy -a bitmap --rounds 2 -q -o "$BATS_FILE_TMPDIR/made"
	"${BUILD:-build}/iovabench" report "$BATS_FILE_TMPDIR/made" -o "$BATS_FILE_TMPDIR/page.html"
}

setup() {
	page=$BATS_FILE_TMPDIR/page.html
	scratch=$BATS_TEST_TMPDIR
	command -v chromium >/dev/null || skip "chromium is not installed"
}

browse() { # page, what else for the browser: what is left of the page after its scripts, and what the console said
	local file=$1
	shift
	timeout 120 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/profile" --enable-logging=stderr \
		--virtual-time-budget=4000 "$@" "file://$file" 2>"$scratch/console"
	! grep CONSOLE "$scratch/console"
}

# Appends a script to a page whose policy was taken away.
act() { # script
	sed '/Content-Security-Policy/s/http-equiv="[^"]*" content="[^"]*"/name="none" content=""/' "$page" >"$scratch/acted.html"
	printf '<script>setTimeout(() => { %s }, 500);</script>\n' "$1" >>"$scratch/acted.html"
	browse "$scratch/acted.html" --dump-dom >"$scratch/dom"
}

@test "the console is silent, and every figure is there without scripts" {
	browse "$page" --dump-dom >"$scratch/dom"
	grep -q '<html lang="en" class="js">' "$scratch/dom"
	[ "$(grep -c '<figure class="chart"' "$page")" -ge 4 ]
	! grep -q 'Not measured' "$page"
}

@test "the pointer reads values, and the cursor is one for all plots over operations" {
	act 'const plot = [...document.querySelectorAll("[data-chart=fragmentation] svg.plot")][0];
		plot.scrollIntoView(); setTimeout(() => { const box = plot.getBoundingClientRect();
		plot.dispatchEvent(new PointerEvent("pointermove", {clientX: box.left + box.width / 2, clientY: box.top + 10, bubbles: true}));
		document.title = [...document.querySelectorAll(".cursor")].filter(one => one.getAttribute("d")).length + " cursors"; }, 500)'
	[[ $(grep -o '[0-9]* cursors' "$scratch/dom" | head -n 1) =~ ^([2-9]|[1-9][0-9]+)\ cursors$ ]]
	grep -q 'class="readout"[^>]*><span>[^<]*</span><span>[^<]*</span><span>buddy <b>[0-9.]' "$scratch/dom"
}

@test "arrow keys read values, a button hides an allocator" {
	act 'const figure = document.querySelector("[data-chart=percentiles]"); figure.scrollIntoView(); setTimeout(() => {
		for (let i = 0; i < 5; i++) figure.querySelector(".scroll").dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
		[...document.querySelectorAll(".workload .legend button")].find(one => one.textContent === "bitmap").click(); }, 500)'
	grep -q 'class="readout"[^>]*><span>[^<]*latency of' "$scratch/dom"
	grep -q 'aria-pressed="false">bitmap' "$scratch/dom"
	grep -q 'class="series a1 hidden" data-name="bitmap"' "$scratch/dom"
}

@test "a script that got into the page is not run" {
	sed 's|</body>|<script>document.title = "run"</script></body>|' "$page" >"$scratch/injected.html"
	! browse "$scratch/injected.html" --dump-dom >"$scratch/dom" || false
	grep -q CONSOLE "$scratch/console"
	! grep -q '<title>run</title>' "$scratch/dom"
}
