#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
#
# golden.sh [--update] [BUILDDIR]: hold what vfa prints of the captured machines of
# tests/captures, which tests/vm/capture.sh makes, against the golden files of tests/golden.
#
#   --update   make the golden files anew. Look at the difference before committing it:
#              nobody else will
set -euo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

option=()
if [[ ${1-} = --update ]]; then
    option=("$1")
    shift
fi
build=${1:-$tests/../build}
exec python3 "$tests/golden/golden.py" "${option[@]}" "$build/tools/vfa/vfa"
