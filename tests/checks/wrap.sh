#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# Without the cmocka package, the tests build and run with subprojects/cmocka.wrap,
# and none of it is installed. The source comes from a cache, filled once.
# usage: wrap.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: wrap.sh SOURCE_DIR BUILD_DIR}
# shellcheck source=../cache.sh
. "$source_dir/tests/cache.sh"
sources=$cache/sources
wrap=$source_dir/subprojects/cmocka.wrap
program=tests/unit/test_error

skip()
{
	echo "skipped: $1"
	exit 77
}

die()
{
	echo "$1" >&2
	exit 1
}

entry()
{
	sed -n "s/^$1 = //p" "$wrap"
}

is_cached()
{
	[ -e "$sources/$tarball" ] && echo "$hash  $sources/$tarball" | sha256sum --status -c
}

# Debian's source package has the release as cmocka's own site has it: the hash that
# the wrap gives is the proof.
fetch()
{
	local helper=/usr/lib/apt/apt-helper version=${directory#cmocka-} mirror partial

	[ -x "$helper" ] && [ -w "$cache" ] || return 0
	mkdir -p "$sources"
	partial=$(mktemp -d "$sources/partial.XXXXXX")
	for mirror in $(apt_mirrors 2> /dev/null); do
		if "$helper" download-file "$mirror/pool/main/c/cmocka/cmocka_$version.orig.tar.xz" \
			"$partial/$tarball" "SHA256:$hash" > /dev/null 2>&1; then
			mv "$partial/$tarball" "$sources/$tarball"
			break
		fi
	done
	rm -rf "$partial"
}

for tool in meson ninja "${CC:-cc}"; do
	command -v "$tool" > /dev/null || skip "install meson, ninja-build and gcc"
done
[ -e "$source_dir/$program.c" ] || skip "needs $program.c, a test to run"

directory=$(entry directory)
tarball=$(entry source_filename)
hash=$(entry source_hash)
# shellcheck source=../vm/kernel/apt.sh
. "$source_dir/tests/vm/kernel/apt.sh"
is_cached || fetch
is_cached || skip "needs the network once, or $tarball (of $(entry source_url)) in $sources"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/tree/subprojects/packagecache"
for part in meson.build meson_options.txt include lib tools bench examples docs tests; do
	cp -r "$source_dir/$part" "$work/tree/"
done
cp -r "$wrap" "$source_dir/subprojects/packagefiles" "$work/tree/subprojects/"
cp "$sources/$tarball" "$work/tree/subprojects/packagecache/"

build=$work/tree/build
meson setup "$build" "$work/tree" --wrap-mode=forcefallback \
	--buildtype=debug -Dtests=enabled -Dman=disabled -Dcommand=disabled -Dexamples=false > "$work/setup.log" 2>&1 || {
	cat "$work/setup.log"
	die "the tree cannot be configured with the wrap"
}
LC_ALL=C ninja -C "$build" "$program" > "$work/build.log" 2>&1 || {
	tail -n 40 "$work/build.log"
	die "$program does not build with the wrap"
}
if grep -q 'warning:.*cmocka\|cmocka.*warning:' "$work/build.log"; then
	grep 'warning:' "$work/build.log"
	die "cmocka does not build without warnings"
fi
if ldd "$build/$program" | grep libcmocka; then
	die "$program uses the installed cmocka, not the wrap's"
fi
(unset CMOCKA_MESSAGE_OUTPUT && "$build/$program") > "$work/run.log" 2>&1 || {
	cat "$work/run.log"
	die "$program fails with the wrap's cmocka"
}

if meson introspect "$build" --installed | grep 'cmocka' > /dev/null; then
	die "the wrap's cmocka would be installed"
fi

echo "$directory from the cache: $program passes"
