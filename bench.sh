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
check_packages="
bats               tests of the command line
libcmocka-dev      unit tests
binutils           looks at the symbols of allocators
jq                 looks into JSON documents
libxml2-utils      checks that JUnit files are well-formed XML
procps             finds the worker that a test kills
bsdextrautils      aligns the table of laws
python3            makes random workloads and command lines
python3-yaml       reads those that failed once
python3-jsonschema holds results against their schema
zstd               packs results
"

# What is published: five and a half minutes on two CPUs. The other workloads answer questions of their own (docs/workloads.md).
matrix="comb e1000e gpu-paging gpu-strict mask-mix mixed-sizes nic-ring nvme-lazy nvme-qd128 video-pool"

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

jobs=$(nproc)
case ${1:-run} in
run)
	install_missing "$run_packages"
	say "Building."
	make -s -j"$jobs"
	say "Running the published matrix: ten of the shipped workloads on buddy, bitmap, rbtree and what Linux runs."
	set --
	for name in $matrix; do set -- "$@" "workloads/$name.yaml"; done
	# The three comparisons of a workload share an error of 5 %. Seven rounds are the fewest with an interval for it, eleven the
	# fewest whose interval leaves out a round on each side, so that one that was disturbed decides nothing.
	exec build/iovabench run "$@" -a buddy -a bitmap -a rbtree -a linux-lazy --rounds 11 \
		--interfere data=256KiB,code=256KiB,pairs=2k
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
	say "usage: ./bench.sh [check | packages]"
	say "  (nothing)  install what is missing, build, run the published matrix, tell where the report is"
	say "  check      install what is missing, build and run every test; ends with a line 'N passed, N failed'"
	say "  packages   install what is missing, nothing else"
	;;
*)
	say "bench.sh: '$1' is unknown; ./bench.sh --help"
	exit 2
	;;
esac
