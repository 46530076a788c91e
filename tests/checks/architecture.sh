#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# Every file of the library is in the tables of docs/architecture.md, and nothing else is.
# usage: architecture.sh SOURCE_DIR

set -euo pipefail

cd "${1:?usage: architecture.sh SOURCE_DIR}"

# As often as there are files of that name: one a folder.
there=$(find lib -name '*.c' -printf '%f\n' | sort)
told=$(grep '^|' docs/architecture.md | grep -o '`[a-z0-9_]*\.c`' | tr -d '`' | sort)

if ! difference=$(diff <(echo "$there") <(echo "$told")); then
	sed -n 's/^< \(.*\)/not in docs\/architecture.md: \1/p; s/^> \(.*\)/not in lib: \1/p' <<< "$difference"
	exit 1
fi
echo "$(wc -l <<< "$there") files"
