#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# On a terminal vfa has colours, unless NO_COLOR says no, and fits its width; elsewhere it
# has none, and cuts nothing. What gets nowhere is told.
# usage: terminal.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: terminal.sh SOURCE_DIR BUILD_DIR}
build_dir=${2:?usage: terminal.sh SOURCE_DIR BUILD_DIR}
failures=0

if [ ! -x "$build_dir/tools/vfa/vfa" ] || ! command -v script > /dev/null; then
	echo "skipped: build the command, and install bsdutils"
	exit 77
fi

fail()
{
	echo "$1" >&2
	failures=$((failures + 1))
}

command="'$build_dir/tools/vfa/vfa' --host '$source_dir/tests/captures/intel.vfa' --pci-ids '$source_dir/tests/golden/pci.ids'"
export LC_ALL=C TERM=linux
unset NO_COLOR COLUMNS

# on_terminal COLUMNS WORDS
on_terminal()
{
	script -qec "stty cols $1; $command $2" /dev/null < /dev/null | tr -d '\r'
}

elsewhere()
{
	bash -c "$command $1"
}

has_colours()
{
	grep -q $'\033\\[3[0-9]m'
}

longest_line()
{
	awk 'length > longest { longest = length } END { print longest + 0 }'
}

on_terminal 200 'iova 00:04.0' | has_colours || fail "a terminal: no colours"
NO_COLOR='' on_terminal 200 'iova 00:04.0' | has_colours || fail "an empty NO_COLOR: no colours"
! NO_COLOR=1 on_terminal 200 'iova 00:04.0' | has_colours || fail "NO_COLOR: colours"
for terminal in dumb ''; do
	! TERM=$terminal on_terminal 200 'iova 00:04.0' | has_colours || fail "TERM=$terminal: colours"
done
! elsewhere 'iova 00:04.0' 2> /dev/null | has_colours || fail "a pipe: colours"
for words in 'p2p 01:00.0 01:00.1' 'isolation 01:00.0'; do
	on_terminal 200 "$words" | grep -q $'\033\\[31mdangerous\033\\[0m: ' || fail "a terminal: vfa $words: danger is not red"
	! elsewhere "$words" | has_colours || fail "a pipe: vfa $words: colours"
done
! on_terminal 200 'iova --json 00:04.0' | grep -q $'\033' || fail "JSON on a terminal: colours"

full=$(elsewhere 'list' | longest_line)
[ "$full" -gt 100 ] || fail "a pipe: cut to $full columns"
[ "$(COLUMNS=40 elsewhere 'list' | longest_line)" -eq "$full" ] || fail "a pipe: COLUMNS changes it"
for width in 80 100; do
	longest=$(on_terminal $width 'list' | longest_line)
	[ "$longest" -le $width ] || fail "a terminal of $width columns: $longest columns of vfa list"
done
[ "$(on_terminal 80 'list -n -o address,device' | head -1 | tr -s ' ')" = '0000:00:00.0 DRAM Controller' ] ||
	fail "a terminal of 80 columns: cut though it fits"
# Names may be cut, sentences not.
for words in 'isolation 01:00.0' 'doctor 01:00.0' 'coherency 01:00.0' 'p2p 01:00.0 01:00.1' \
	'pasid 01:00.0'; do
	cut=$(comm -13 <(elsewhere "$words" 2>&1 | tr -s ' ' | sort) \
		<(NO_COLOR=1 on_terminal 80 "$words" | tr -s ' ' | sort))
	[ -z "$cut" ] || fail "a terminal of 80 columns: vfa $words prints \"$cut\""
done

# ASCII in the C locale, lines elsewhere.
elsewhere 'group 3' 2> /dev/null | grep -q '^`-0000:00:06.1' || fail "the C locale: no ASCII tree"
LC_ALL=C.UTF-8 elsewhere 'group 3' 2> /dev/null | grep -q '^└─0000:00:06.1' || fail "a UTF-8 locale: no lines in the tree"

for words in 'list' 'list --json' 'info --json 00:04.0' '--help'; do
	status=0
	said=$(bash -c "$command $words > /dev/full" 2>&1) || status=$?
	[ "$status" -eq 1 ] || fail "a full disk: vfa $words ends with $status"
	[[ $said = *'No space left'* ]] || fail "a full disk: vfa $words says \"$said\""
done
said=$(elsewhere 'capture /dev/full' 2>&1) || true
[[ $said = *'/dev/full: No space left'* ]] || fail "vfa capture to a full disk says \"$said\""

echo "$failures wrong"
[ "$failures" -eq 0 ]
