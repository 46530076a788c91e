#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# The library exports what its map lists and its headers declare, and nothing else.
# usage: symbols.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: symbols.sh SOURCE_DIR BUILD_DIR}
build_dir=${2:?usage: symbols.sh SOURCE_DIR BUILD_DIR}
library=$build_dir/lib/libvfa.so.0
cc=${CC:-gcc}
failures=0

for tool in "$cc" nm; do
	if ! command -v "$tool" > /dev/null; then
		echo "skipped: install gcc and binutils, or name a compiler in CC"
		exit 77
	fi
done
if [ ! -e "$library" ]; then
	echo "skipped: build the shared library first (it is not in $build_dir/lib)"
	exit 77
fi

fail()
{
	echo "$1" >&2
	failures=$((failures + 1))
}

# "symbol@@STANZA" for each symbol of the map.
mapped()
{
	awk '
		/^[A-Z]+_[0-9.]+ *{/ { stanza = $1 }
		/^[ \t]*global:/ { global = 1 }
		/^[ \t]*local:/ { global = 0 }
		global && /;/ { gsub(/[ \t;]/, ""); print $0 "@@" stanza }
	' "$source_dir/lib/libvfa.map" | sort
}

# The same as the library has it. Absolute symbols are the names of the versions.
exported()
{
	nm -D --defined-only --with-symbol-versions "$library" | awk '$2 != "A" { print $3 }' | sort
}

declared()
{
	printf '#include "%s"\n' "$source_dir"/include/vfa/*.h |
		"$cc" -E -P -I"$source_dir/include" - | awk -f "$source_dir/tests/checks/declared.awk" | sort
}

without_version()
{
	sed 's/@.*//' | sort
}

compare()
{
	local what=$1 name

	for name in $(comm -23 <(echo "$2") <(echo "$3")); do
		fail "$name: $what"
	done
}

map=$(mapped)
exported=$(exported)
headers=$(declared)
map_names=$(without_version <<< "$map")
exported_names=$(without_version <<< "$exported")

compare "in lib/libvfa.map, but not exported (is it defined, with VFA_API?)" \
	"$map_names" "$exported_names"
compare "exported, but not in lib/libvfa.map" "$exported_names" "$map_names"
compare "in lib/libvfa.map, but no header declares it" "$map_names" "$headers"
compare "declared in a header, but not in lib/libvfa.map" "$headers" "$map_names"

# A difference in the version alone.
for symbol in $(comm -13 <(echo "$map") <(echo "$exported")); do
	if grep -qx "${symbol%%@*}" <<< "$map_names"; then
		fail "$symbol: not the version that lib/libvfa.map gives it"
	fi
done

for name in $(uniq -d <<< "$map_names"); do
	fail "$name: more than once in lib/libvfa.map"
done

echo "$(wc -l <<< "$exported") symbols, $failures wrong"
[ -n "$exported" ] && [ "$failures" -eq 0 ]
