#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# What vfa prints of captured machines is what the golden files have: tables, trees, JSON
# and refusals. tests/golden.sh --update makes them anew.
# usage: golden.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: golden.sh SOURCE_DIR BUILD_DIR}
build_dir=${2:?usage: golden.sh SOURCE_DIR BUILD_DIR}

if [ ! -x "$build_dir/tools/vfa/vfa" ] || ! command -v python3 > /dev/null; then
	echo "skipped: build the command, and install python3"
	exit 77
fi
exec "$source_dir/tests/golden.sh" "$build_dir"
