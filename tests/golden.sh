#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
#
# golden.sh [--update | --capture] [BUILDDIR]: hold what vfa prints of the captured
# machines against the golden files of tests/golden.
#
#   --update   make the golden files anew. Look at the difference before committing it:
#              nobody else will
#   --capture  make the captures of the machines of tests/vm/profiles anew
set -euo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Both streams are one terminal in the guest.
capture() { # NAME PROFILE SHELL...
    "$tests/vm/run.sh" -b "$build" "$2" busybox "${@:3}" -c '/usr/bin/vfa capture - 2>/dev/null' >"$work/capture"
    mv "$work/capture" "$tests/captures/$1.vfa"
    echo "golden.sh: tests/captures/$1.vfa"
}

option=()
case ${1-} in
--update | --capture)
    option=("$1")
    shift
    ;;
esac
build=${1:-$tests/../build}

if [[ ${option[*]} = --capture ]]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    capture intel intel sh
    capture none none sh
    capture stock stock sh
    capture nobody intel su -s /bin/sh nobody # what the kernel shows everybody
    exit
fi
exec python3 "$tests/golden/golden.py" "${option[@]}" "$build/tools/vfa/vfa"
