# SPDX-License-Identifier: MIT
# What the tests of the command line share. They run from the root of the repository; BUILD: where the program is.

bats_require_minimum_version 1.5.0
iovabench=${BUILD:-build}/iovabench
plugins=${BUILD:-build}/tests/plugins
case $plugins in /*) ;; *) plugins=./$plugins ;; esac
tiny=tests/cli/tiny.yaml
scratch=$BATS_TEST_TMPDIR
# What a user has calibrated on this machine is no part of a test.
export XDG_CACHE_HOME=${BATS_FILE_TMPDIR:-/nonexistent}/cache

# A sanitizer wants terabytes of addresses, and catches signals itself.
sanitized() {
	grep -q -e __asan_init -e __tsan_init "$iovabench"
}

no_sanitizer() {
	! sanitized || skip "not with a sanitizer"
}

# The arms of a result, one line each: what the filter gives of an arm.
arms() { # result filter
	jq -r ".arms[] | $2" "$1/result.json"
}

# A background process of a script ignores interrupts; this one does not.
interruptible() {
	exec env --default-signal=INT "$@"
}

# Until the journal has so many lines; fails after 10 s.
wait_for_journal() { # folder lines
	for _ in $(seq 500); do
		[ "$(wc -l 2>/dev/null <"$1/rounds.jsonl" || echo 0)" -lt "$2" ] || return 0
		sleep 0.02
	done
	echo "$1/rounds.jsonl has not got $2 lines"
	return 1
}

# sed, of a file in place, that must change it: a test that damages nothing tests nothing.
edits() { # script file
	cp "$2" "$scratch/before"
	sed -i "$1" "$2"
	! cmp -s "$2" "$scratch/before" || {
		echo "sed '$1' changed nothing in $2"
		return 1
	}
}

# Exit code 2, a message with this part, and no folder.
refuses() { # part of the message, command line…
	local part=$1
	shift
	run -2 --separate-stderr "$iovabench" "$@"
	is "$output" ""
	has "$stderr" "$part"
	[ ! -e "$scratch/t" ]
}

is() { # got wanted
	[ "$1" = "$2" ] || {
		echo "got:    $1"
		echo "wanted: $2"
		return 1
	}
}

has() { # text part
	[[ $1 == *"$2"* ]] || {
		echo "in: $1"
		echo "not found: $2"
		return 1
	}
}

# Every result that the tests of a file left is one by the schema, and they leave some. Beneath a sanitizer they are the same.
teardown_file() {
	! sanitized || return 0
	tests/gates/schema --validate "$BATS_RUN_TMPDIR" >&2
}
