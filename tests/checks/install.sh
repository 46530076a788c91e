#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# What is installed is complete, knows nothing of the build tree, and is enough for a
# program elsewhere: the first one of README.md, with pkg-config alone.
# usage: install.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=$(cd "${1:?usage: install.sh SOURCE_DIR BUILD_DIR}" && pwd)
failures=0

for tool in meson ninja pkg-config readelf; do
	if ! command -v "$tool" > /dev/null; then
		echo "skipped: install meson, ninja-build, pkg-config and binutils"
		exit 77
	fi
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build=$work/build
prefix=$work/prefix

fail()
{
	echo "$1" >&2
	failures=$((failures + 1))
}

# A build of its own, for the prefix is fixed when a build is configured.
install_library()
{
	if ! {
		meson setup "$build" "$source_dir" --prefix="$prefix" --libdir=lib \
			--mandir=share/man -Dtests=disabled -Dexamples=false &&
			meson install -C "$build"
	} > "$work/install.log" 2>&1; then
		tail -n 40 "$work/install.log"
		fail "meson install fails"
		exit 1
	fi
}

# What it needs beside the library.
with_command()
{
	pkg-config --exists libkmod libpci smartcols
}

# What the sources call for, and what is there, as paths below the prefix.
expected()
{
	local page name

	if with_command; then
		echo bin/vfa
		echo share/bash-completion/completions/vfa
	fi
	(cd "$source_dir" && printf '%s\n' include/vfa.h include/vfa/*.h)
	echo lib/libvfa.so
	echo lib/libvfa.so.0
	echo "lib/libvfa.so.$version"
	echo lib/pkgconfig/libvfa.pc
	command -v scdoc > /dev/null || return 0
	for page in "$source_dir"/docs/man/*.scd; do
		name=$(basename "$page" .scd)
		[ "$name" != vfa.1 ] || with_command || continue
		echo "share/man/man${name##*.}/$name"
	done
	sed -n "s,^ *'\(vfa_[a-z0-9_]*\)'\,$,share/man/man3/\1.3,p" "$source_dir/docs/man/meson.build"
}

installed()
{
	find "$prefix" ! -type d -printf '%P\n'
}

check_tree()
{
	local file target

	while read -r file; do
		fail "$file: not installed"
	done < <(comm -23 <(expected | sort) <(installed | sort))
	while read -r file; do
		fail "$file: installed, but not to be"
	done < <(comm -13 <(expected | sort) <(installed | sort))

	for file in libvfa.so libvfa.so.0; do
		[ "$(readlink -f "$prefix/lib/$file")" = "$prefix/lib/libvfa.so.$version" ] ||
			fail "$file: does not lead to libvfa.so.$version"
	done
	while IFS=: read -r file target; do
		[ -e "$prefix/share/man/${target#.so }" ] || fail "${file##*/}: an alias of ${target#.so }, which is not there"
	done < <(grep -s '^\.so ' "$prefix"/share/man/man3/*)
	while read -r file; do
		fail "${file#"$prefix/"}: names the build or source tree"
	done < <(grep -rlFI -e "$build" -e "$source_dir" "$prefix")
	if readelf -dW "$prefix/lib/libvfa.so" | grep '(RPATH)\|(RUNPATH)'; then
		fail "libvfa.so: has a search path of its own"
	fi
	readelf -dW "$prefix/lib/libvfa.so" | grep 'SONAME.*\[libvfa\.so\.0\]' > /dev/null ||
		fail "libvfa.so: its soname is not libvfa.so.0"
}

first_program()
{
	sed -n '/^```c$/,/^```$/{/^```/d;p}' "$source_dir/README.md"
}

# Where nothing but pkg-config's answer leads to the library.
check_program()
{
	local cc=$1 flags status=0

	read -ra flags <<< "$(pkg-config --cflags --libs libvfa)"
	if ! "$cc" -Wall -Wextra -Werror first.c -o first "${flags[@]}"; then
		fail "README.md's first program does not build with $cc ${flags[*]}"
		return
	fi
	# An address that no machine has: nothing is touched, and the refusal names it.
	LD_LIBRARY_PATH=$prefix/lib ./first ffff:ff:1f.7 > output 2>&1 || status=$?
	if [ "$status" -ne 1 ] || ! grep -q 'ffff:ff:1f\.7' output; then
		cat output
		fail "README.md's first program does not say what it lacks (built with $cc, status $status)"
	fi
	[ "$(LD_LIBRARY_PATH=$prefix/lib ldd ./first | awk '/libvfa/ { print $3 }')" = "$prefix/lib/libvfa.so.0" ] ||
		fail "README.md's first program runs with another libvfa.so.0"
}

version=$(sed -n "s/^ *version: '\(.*\)',/\1/p" "$source_dir/meson.build")
install_library
check_tree

# Only this prefix, whatever is set or installed.
unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR CPATH C_INCLUDE_PATH LIBRARY_PATH
export PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig
[ "$(pkg-config --modversion libvfa)" = "$version" ] || fail "libvfa.pc: another version than meson.build's"

mkdir "$work/elsewhere"
cd "$work/elsewhere"
first_program > first.c
built=()
for cc in "${CC:-gcc}" clang; do
	command -v "$cc" > /dev/null || continue
	built+=("$cc")
	check_program "$cc"
done

command -v scdoc > /dev/null || echo "without man pages: install scdoc"
echo "$(installed | wc -l) files installed, a program built with ${built[*]:-no compiler}, $failures wrong"
[ ${#built[@]} -gt 0 ] && [ "$failures" -eq 0 ]
