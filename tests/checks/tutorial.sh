#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# The programs of docs/driver.md build, by its own command, at each step of the page. What
# they do is seen on the emulated machine: tests/vm/tutorial.py.
# usage: tutorial.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: tutorial.sh SOURCE_DIR BUILD_DIR}
build_dir=${2:?usage: tutorial.sh SOURCE_DIR BUILD_DIR}

for tool in python3 "${CC:-cc}"; do
	if ! command -v "$tool" > /dev/null; then
		echo "skipped: install $tool"
		exit 77
	fi
done
if [ ! -e "$build_dir/lib/libvfa.so" ]; then
	echo "skipped: build the shared library first (it is not in $build_dir/lib)"
	exit 77
fi

exec "$source_dir/tests/vm/tutorial.py" -b "$build_dir" --compile
