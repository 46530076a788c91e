#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# Every function has a page and an alias, every cause its section, and pages render.
# usage: manpages.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: manpages.sh SOURCE_DIR BUILD_DIR}
build_dir=${2:-}
man_dir=$source_dir/docs/man
failures=0

fail()
{
	echo "$1" >&2
	failures=$((failures + 1))
}

# Names followed by a parenthesis, outside of comments.
functions_in()
{
	sed -e 's,/\*.*\*/,,' -e '/\/\*/,/\*\//d' "$@" |
		grep -v '^#define\|^typedef' | grep -o '\bvfa_[a-z0-9_]*(' | tr -d '(' | sort -u
}

synopses()
{
	cat "$man_dir"/*.3.scd | sed -n '/^# SYNOPSIS/,/^# DESCRIPTION/p'
}

aliases()
{
	sed -n "s/^ *'\(vfa_[a-z0-9_]*\)',$/\1/p" "$man_dir/meson.build" | sort
}

causes()
{
	sed -n 's/^\tVFA_CAUSE_\([A-Z0-9_]*\).*/\1/p' "$source_dir/include/vfa/error.h" |
		tr 'A-Z_' 'a-z-'
}

compare()
{
	local what=$1 left=$2 right=$3 name

	for name in $(comm -23 <(echo "$left") <(echo "$right")); do
		fail "$name: in $what"
	done
}

declared=$(functions_in "$source_dir"/include/vfa/*.h)
documented=$(synopses | grep -o '\bvfa_[a-z0-9_]*(' | tr -d '(' | sort -u)
aliased=$(aliases)

compare "the headers, but in no synopsis" "$declared" "$documented"
compare "a synopsis, but not in the headers" "$documented" "$declared"
compare "the headers, but without an alias in docs/man/meson.build" "$declared" "$aliased"
compare "docs/man/meson.build, but not in the headers" "$aliased" "$declared"

for function in $declared; do
	grep -q "\*$function\*(" "$man_dir"/*.3.scd || fail "$function: no page describes it"
done

sections=$(sed -n 's/^## //p' "$man_dir/vfa-errors.7.scd" | sort)
compare "enum vfa_cause, but without a section in vfa-errors(7)" "$(causes | sort)" "$sections"
compare "vfa-errors(7), but not in enum vfa_cause" "$sections" "$(causes | sort)"

# A cause that a page names exists.
named=$(sed -n '/cause /s/.*cause //p' "$man_dir"/*.scd | grep -o '\*[a-z0-9-]*\*' | tr -d '*' | sort -u)
for name in $named; do
	causes | grep -qx -- "$name" || fail "$name: a page names this cause, but enum vfa_cause does not"
done

# A heading comes once in a page.
for page in "$man_dir"/*.scd; do
	twice=$(grep '^##* ' "$page" | sort | uniq -d)
	[ -z "$twice" ] || fail "${page##*/}: \"$twice\" twice"
done

# scdoc takes a backslash as an escape in code as well: \\n is printed as \n, and \n as n.
for page in "$man_dir"/*.scd; do
	lost=$(grep -nE '(^|[^\\])\\[A-Za-z0-9]' "$page" || true)
	[ -z "$lost" ] || fail "${page##*/}: a backslash that would be lost: $lost"
done

# A page is referred to once at the end of another.
for page in "$man_dir"/*.scd; do
	twice=$(sed -n '/^# SEE ALSO/,$p' "$page" | grep -o '\*[a-zA-Z0-9_-]*\*([1-9])' | sort |
		uniq -d)
	[ -z "$twice" ] || fail "${page##*/}: twice in SEE ALSO: $twice"
done

# From vfa(7) every page is found.
for page in "$man_dir"/*.3.scd; do
	name=${page##*/}
	sed -n '/^# SEE ALSO/,$p' "$man_dir/vfa.7.scd" | grep -q "\*${name%.3.scd}\*(3)" ||
		fail "${name%.3.scd}: vfa(7) does not refer to it"
done

# Every reference to a page of the library leads somewhere.
for reference in $(grep -oh '\*vfa[a-z0-9_-]*\*([137])' "$man_dir"/*.scd | tr -d '*' | sort -u); do
	name=${reference%(*} section=${reference#*(}
	section=${section%)}
	[ -e "$man_dir/$name.$section.scd" ] || grep -qx "$name" <<< "$aliased" ||
		fail "$reference: a page refers to it, but it does not exist"
done

if ! command -v scdoc > /dev/null; then
	echo "$failures wrong in the sources of the manual"
	[ "$failures" -eq 0 ] || exit 1
	echo "skipped the rendering: install scdoc"
	exit 77
fi

for page in "$man_dir"/*.scd; do
	roff=$(scdoc < "$page") || fail "${page##*/}: scdoc refuses it"
	if command -v man > /dev/null; then
		warnings=$(MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -l - <<< "$roff" 2>&1 > /dev/null)
		[ -z "$warnings" ] || fail "${page##*/}: $warnings"
	fi
done

if [ -d "$build_dir/docs/man" ]; then
	for function in $aliased; do
		[ -e "$build_dir/docs/man/$function.3" ] || fail "$function: the build made no alias"
	done
fi

echo "$(wc -w <<< "$declared") functions, $(causes | wc -l) causes, $failures wrong"
[ "$failures" -eq 0 ]
