#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# Every example is built, is run in the emulated machine, and is short enough to be read at once.
# usage: examples.sh SOURCE_DIR

set -euo pipefail

source_dir=${1:?usage: examples.sh SOURCE_DIR}
cd "$source_dir"
failed=0

wrong()
{
	echo "$1"
	failed=1
}

count=0
for file in examples/*.c; do
	name=$(basename "$file" .c)
	count=$((count + 1))
	grep -q "^    '$name',\$" examples/meson.build || wrong "$file: not in examples/meson.build"
	grep -Eq "VM_CASE(_ONCE)?\($name\)" tests/vm/test_examples.c ||
		wrong "$file: not run by tests/vm/test_examples.c"
	grep -q "^/\* $name: .*\. \*/\$" "$file" || wrong "$file: has no line of purpose"
	lines=$(wc -l < "$file")
	((lines >= 50 && lines <= 150)) || wrong "$file: has $lines lines, not 50 to 150"
done
((count > 0)) || wrong "there are no examples"
((failed == 0)) && echo "$count examples are run"
exit $failed
