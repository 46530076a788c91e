#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# A captured machine of 4096 PCI functions is read whole.
# usage: large.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: large.sh SOURCE_DIR BUILD_DIR}
build_dir=${2:?usage: large.sh SOURCE_DIR BUILD_DIR}
functions=4096
groups=1024

if [ ! -x "$build_dir/tools/vfa/vfa" ]; then
	echo "skipped: build the command; it needs libkmod, libpci and libsmartcols"
	exit 77
fi
PATH=$build_dir/tools/vfa:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# same WHAT FILE FILE
same()
{
	if ! cmp -s "$2" "$3"; then
		echo "$1:" >&2
		diff "$2" "$3" | head >&2
		failures=$((failures + 1))
	fi
}

"$source_dir/tests/large.py" > "$work/large.vfa"
sed -n 's/^link \([^ ]*\) .*devices\/pci.*/\1/p' "$work/large.vfa" | sort -u > "$work/functions"
[ "$(wc -l < "$work/functions")" -eq $functions ]

vfa --host "$work/large.vfa" list -n -o address > "$work/listed"
same "addresses listed, in their order" "$work/functions" "$work/listed"

vfa --host "$work/large.vfa" list --json -o group,address |
	python3 -c 'import json, sys; print(*sorted({row["group"] for row in
		list(json.load(sys.stdin).values())[0]}), sep="\n")' > "$work/groups"
seq 0 $((groups - 1)) > "$work/numbers"
same "groups of all functions" "$work/numbers" "$work/groups"

# What is read is all that was written.
vfa --host "$work/large.vfa" capture "$work/again.vfa"
vfa --host "$work/again.vfa" capture "$work/third.vfa"
same "a capture of the capture" "$work/again.vfa" "$work/third.vfa"
for file in large again; do
	vfa --host "$work/$file.vfa" list -n -O > "$work/$file"
done
same "all that is listed of the capture" "$work/large" "$work/again"

echo "$functions functions, $failures wrong"
[ "$failures" -eq 0 ]
