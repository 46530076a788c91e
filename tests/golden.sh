#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
#
# golden.sh [--update] [BUILDDIR]: hold what vfa prints of the captured machines against
# the golden files of tests/golden, or make those anew. Look at the difference before
# committing it: nobody else will.
set -euo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
option=()
if [[ ${1-} = --update ]]; then
    option=(--update)
    shift
fi
exec python3 "$tests/golden/golden.py" "${option[@]}" "${1:-$tests/../build}/tools/vfa/vfa"
