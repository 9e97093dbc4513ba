#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From a fresh clone to results: installs what is missing (Debian packages), builds, runs the published matrix, and tells where the
# report is.  ./bench.sh check builds and runs every test instead.  ./bench.sh packages only installs.
set -eu
cd "$(dirname "$0")"

# package, what for
run_packages="
gcc                compiles the program
make               drives the build
pkg-config         finds the libraries
libc6-dev          the C library's headers
libcyaml-dev       reads workload files
libyaml-dev        finds the positions of their errors
libjansson-dev     reads and writes results
zlib1g-dev         packs latency histograms
libzstd-dev        unpacks recordings of kernels, and results
"
peers_packages="
linux-source       kernel files as plugins
"
check_packages="
bats               tests of the command line
libcmocka-dev      unit tests
binutils           looks at the symbols of allocators
jq                 looks into JSON documents
libxml2-utils      checks that JUnit files are well-formed XML
procps             finds the worker that a test kills
bsdextrautils      aligns the table of laws
libtracecmd-dev    reads trace.dat, where it is there
libtracefs-dev     what libtracecmd is made of
libtraceevent-dev  likewise
python3            makes random workloads and command lines
python3-yaml       reads those that failed once
python3-jsonschema holds results against their schema
zstd               packs results
groff-base         reads the manual pages
zsh                completes command lines in a test
fish               likewise
"

# What is published is suites/published.yaml (docs/method.md). The other workloads answer questions of their own (docs/workloads.md).
reference=results/reference

say() { printf '%s\n' "$*" >&2; }

missing() { # list of "package what for"
	local package reason
	while read -r package reason; do
		[ -n "$package" ] || continue
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s %s\n' "$package" "$reason"
	done <<<"$1"
}

install_missing() {
	local wanted as_root=
	wanted=$(missing "$1")
	[ -n "$wanted" ] || return 0
	say "These Debian packages are missing and will be installed:"
	printf '%s\n' "$wanted" | while read -r package reason; do printf '  %-18s %s\n' "$package" "$reason" >&2; done
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || { say "Neither root nor sudo: install them yourself, then run this again."; exit 1; }
		as_root=sudo
	fi
	local names
	names=$(printf '%s\n' "$wanted" | cut -d' ' -f1)
	$as_root apt-get update -qq
	# shellcheck disable=SC2086  # a list of words
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $names </dev/null >&2
}

# What the published figures rest on is looked at first: laws, and comparisons of equals (noisy ones are no reason to stop).
renew_reference() {
	local folder limit=$((2 * 1024 * 1024))
	command -v zstd >/dev/null || { say "zstd packs the result: ./bench.sh packages installs it."; exit 1; }
	make -s laws >/dev/null || { say "A law is broken (make laws): no reference is made by this build."; exit 1; }
	build/iovabench calibrate --null >&2 || [ $? -eq 5 ]
	folder=$(mktemp -d)
	# shellcheck disable=SC2064  # the folder of now
	trap "rm -rf '$folder'" EXIT
	build/iovabench suite run suites/published.yaml -o "$folder/run"
	zstd -q -19 "$folder/run/result.json" -o "$folder/result.json.zst"
	[ "$(stat -c %s "$folder/result.json.zst")" -le $limit ] || { say "Packed it is larger than $limit bytes: nothing was changed."; exit 1; }
	mv "$folder/result.json.zst" $reference/result.json.zst
	say "$reference/result.json.zst is new."
	picture "$folder/run/report.html"
}

# The first screen of a report, for README.md.
picture() { # report
	local browser
	browser=$(command -v chromium || command -v chromium-browser) || { say "Without chromium docs/report.png stays as it is."; return 0; }
	"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1400,900 --screenshot="$folder/report.png" "file://$1" 2>/dev/null
	mv "$folder/report.png" docs/report.png
	say "docs/report.png is new."
}

jobs=$(nproc)
case ${1:-run} in
run)
	install_missing "$run_packages"
	say "Building."
	make -s -j"$jobs"
	say "Running the published matrix, suites/published.yaml."
	exec build/iovabench suite run suites/published.yaml
	;;
peers)
	[ -n "${LINUX_SRC:-}" ] && peers_packages=
	install_missing "$run_packages$peers_packages"
	say "Building."
	make -s -j"$jobs" peers
	[ -e build/peers/drm_mm.so ] || { say "Without kernel files there are no peers: LINUX_SRC= says where a tree is."; exit 1; }
	say "Running the published matrix with files of the Linux kernel, suites/peers.yaml; tests/peers/table makes tables of its result."
	exec build/iovabench suite run suites/peers.yaml
	;;
reference)
	make -s -j"$jobs"
	renew_reference
	;;
check)
	install_missing "$run_packages$check_packages"
	make -s -j"$jobs" tests
	exec make -s check
	;;
packages)
	install_missing "$run_packages$check_packages"
	;;
-h | --help)
	say "usage: ./bench.sh [check | packages | peers | reference]"
	say "  (nothing)  install what is missing, build, run the published matrix, tell where the report is"
	say "  check      install what is missing, build and run every test; ends with a line 'N passed, N failed'"
	say "  packages   install what is missing, nothing else"
	say "  peers      run the published matrix with plugins of Linux's files, from Debian's linux-source or LINUX_SRC="
	say "  reference  run the published matrix and put it into $reference (make reference)"
	;;
*)
	say "bench.sh: '$1' is unknown; ./bench.sh --help"
	exit 2
	;;
esac
