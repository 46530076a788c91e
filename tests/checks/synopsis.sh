#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# The C in the documents compiles, and agrees with the headers.
# usage: synopsis.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: synopsis.sh SOURCE_DIR BUILD_DIR}
cc=${CC:-gcc}
failures=0
blocks=0

if ! command -v "$cc" > /dev/null; then
	echo "skipped: install gcc, or name a compiler in CC"
	exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
	echo "$1" >&2
	failures=$((failures + 1))
}

# Each literal block of a page to a file KIND.NUMBER.c. Kinds: synopsis, example (any
# other block that includes a header), type (a struct or enum that the headers declare).
extract_page()
{
	awk -v out="$work/block" '
		/^# / { section = $0 }
		/^```/ {
			if (!inside) {
				inside = 1; text = ""; next
			}
			inside = 0
			kind = ""
			if (section == "# SYNOPSIS")
				kind = "synopsis"
			else if (section ~ /^# EXAMPLE/ || text ~ /(^|\n)#include </)
				kind = "example"
			else if (text ~ /^(struct|enum|typedef) /)
				kind = "type"
			if (kind != "")
				printf "%s", text > (out "/" kind "." ++n ".c")
			next
		}
		inside {
			gsub(/\\\\/, "\\")
			text = text $0 "\n"
		}
	' "$1"
}

# Each block of C to a file KIND.NUMBER.c.
extract_markdown()
{
	awk -v out="$work/block/$2" '
		/^```c$/ { inside = 1; n++; next }
		/^```/ { inside = 0 }
		inside { print > (out "." n ".c") }
	' "$1"
}

compile()
{
	"$cc" -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -I"$source_dir/include" "$@"
}

# Comments and white space out, to compare declarations as text.
squeeze()
{
	sed -e 's,/\*.*\*/,,' -e '/\/\*/,/\*\//d' "$@" | tr -d ' \t\n'
}

check_block()
{
	local block=$1 page=$2

	blocks=$((blocks + 1))
	case $block in
	*/synopsis.*)
		compile "$block" || fail "$page: the synopsis does not compile by itself"
		compile -include vfa.h "$block" || fail "$page: the synopsis differs from the header"
		;;
	*/example.*)
		compile "$block" || fail "$page: an example does not compile"
		;;
	*/program.*)
		compile "$block" || fail "$page: a program does not compile"
		grep -q 'int main(' "$block" || fail "$page: a program has no main"
		;;
	*/type.*)
		[[ $headers == *"$(squeeze "$block")"* ]] ||
			fail "$page: differs from the headers: $(head -n 1 "$block")"
		;;
	esac
}

headers=$(squeeze "$source_dir"/include/vfa/*.h)

for page in "$source_dir"/docs/man/*.[37].scd "$source_dir/README.md" \
	"$source_dir/docs/isolation.md"; do
	rm -rf "$work/block"
	mkdir "$work/block"
	case $page in
	*.scd) extract_page "$page" ;;
	*/README.md) extract_markdown "$page" program ;;
	*) extract_markdown "$page" example ;;
	esac
	for block in "$work"/block/*.c; do
		[ ! -e "$block" ] || check_block "$block" "${page##*/}"
	done
done

echo "$blocks blocks of C in the documents, $failures wrong"
[ "$blocks" -gt 0 ] && [ "$failures" -eq 0 ]
