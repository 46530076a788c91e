#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# The help of the command vfa, vfa(1) and the completion for bash name the same commands,
# options and columns, and what several of them tell is told alike.
# usage: command.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: command.sh SOURCE_DIR BUILD_DIR}
build_dir=${2:?usage: command.sh SOURCE_DIR BUILD_DIR}
page=$source_dir/docs/man/vfa.1.scd
failures=0

if [ ! -x "$build_dir/tools/vfa/vfa" ]; then
	echo "skipped: build the command; it needs libkmod, libpci and libsmartcols"
	exit 77
fi
PATH=$build_dir/tools/vfa:$PATH

fail()
{
	echo "$1" >&2
	failures=$((failures + 1))
}

# compare WHAT HELP PAGE: both are lists with a word a line
compare()
{
	local word

	for word in $(comm -23 <(sort -u <<< "$2") <(sort -u <<< "$3")); do
		fail "$1 $word: in the help, but not in vfa(1)"
	done
	for word in $(comm -13 <(sort -u <<< "$2") <(sort -u <<< "$3")); do
		fail "$1 $word: in vfa(1), but not in the help"
	done
}

# help_options HEADING [COMMAND]: "--name VALUE" a line
help_options()
{
	vfa "${@:2}" --help | sed -n "/^$1:/,/^\$/s/^  .*\(--[a-z-]*\( [A-Z]\+\)\?\)  .*/\1/p" | tr ' ' =
}

help_columns()
{
	vfa "$1" --help | sed -n '/^Columns/,$s/^  [* ] \([A-Z0-9]*\) .*/\1/p'
}

page_commands()
{
	sed -n 's/^## vfa \([a-z0-9]*\).*/\1/p' "$page"
}

# The part of the page behind a heading.
page_part()
{
	awk -v heading="$1" '
		/^#/ { inside = index($0 " ", heading " ") == 1 }
		inside' "$page"
}

page_options()
{
	sed -n 's/^\(.*, \)\?\*\(--[a-z-]*\)\*\( _\([A-Z]*\)_\)\?$/\2=\4/p' | sed 's/=$//'
}

page_columns()
{
	sed -n 's/^\*\([A-Z0-9]*\)\*\(, shown by default\)\?$/\1/p'
}

# The page may send to another command for them.
columns_told()
{
	local other

	other=$(page_part "## vfa $1" | sed -n 's/^All columns of \*vfa \([a-z]*\)\* are shown.*/\1/p')
	page_part "## vfa ${other:-$1}" | page_columns
}

# What the completion offers behind a line.
complete_line()
{
	bash -c '. "$1"; COMP_LINE=$2 COMP_POINT=${#2}; _vfa; printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$source_dir/tools/vfa/completion.bash" "$1"
}

commands=$(vfa --help | sed -n '/^Commands:/,/^$/s/^  \([a-z0-9]*\) .*/\1/p')
[ -n "$commands" ] || fail "vfa --help: no commands"
compare command "$commands" "$(page_commands)"
compare option "$(help_options 'Options of .*')" "$(page_part '# OPTIONS' | page_options)"
[ "$(complete_line 'vfa ')" = "$commands" ] || fail "the completion offers other commands than the help has"

common=$(help_options 'Options of .*' | sort)
for command in $commands; do
	usage=$(vfa "$command" --help | sed -n '1s/.*\[OPTION\.\.\.\] \?//p')
	heading="## vfa $command${usage:+ $usage}"
	grep -qxF -- "$heading" "$page" || fail "$command: no heading \"$heading\" in vfa(1)"
	own=$(help_options Options "$command" | sort | comm -23 - <(echo "$common"))
	compare "$command: option" "$own" "$(page_part "## vfa $command" | page_options)"
	columns=$(help_columns "$command")
	compare "$command: column" "$columns" "$(columns_told "$command")"

	options=$(help_options Options "$command" | sed 's/=.*//')
	[ "$(complete_line "vfa $command --")" = "$options" ] ||
		fail "$command: the completion offers other options than the help has"
	[ -z "$columns" ] || [ "$(complete_line "vfa $command -o ")" = "$columns" ] ||
		fail "$command: the completion offers other columns than the help has"
done

# A disk in use: commands tell of it alike.
machine=$(mktemp)
trap 'rm -f "$machine"' EXIT
sed -e '/^text mountinfo/a | 99 1 259:0 / /srv rw - ext4 /dev/nvme2n1 rw' \
	"$source_dir/tests/captures/intel.vfa" > "$machine"
use_in()
{
	vfa --host "$machine" "$@" --json 2> /dev/null | python3 -c '
import json, sys
rows = list(json.load(sys.stdin).values())[0]
rows += [child for row in rows for child in row.get("children", [])]
print(*[row["use"] for row in rows if "0000:00:06.1" in row.values()])'
}
used=$(use_in list -o address,use)
[ "$used" = "['nvme2n1 is mounted on /srv']" ] || fail "vfa list: use is $used"
[ "$(use_in group)" = "$used" ] || fail "vfa group: use is $(use_in group), not $used"

# PASIDs that are off, for the sake of a function that does not redirect.
enabled_of()
{
	sed -e "/^dir .*:00:0d\.0$/,/^dir/{$1}" "$source_dir/tests/captures/intel-no-pasid.vfa" > "$machine"
	LC_ALL=C vfa --host "$machine" pasid 00:0d.0 | sed -n 's/.*-enabled *//p'
}
enabled=$(enabled_of 's/^| 110: 0d 00 01 00 1d 00 15/| 110: 0d 00 01 00 1d 00 11/')
[[ $enabled = "no "*" is off: 0000:00:0d.0 has RR off, "* ]] ||
	fail "vfa pasid: without RR it is $enabled"
enabled=$(enabled_of 's/^| 100: 1b 00 01 11/| 100: 1b 00 01 00/; /^| 110:/d')
[[ $enabled = "unknown "*" is off: 0000:00:0d.0 has no ACS, "* ]] ||
	fail "vfa pasid: without ACS it is $enabled"

echo "$(wc -w <<< "$commands") commands, $failures wrong"
[ "$failures" -eq 0 ]
