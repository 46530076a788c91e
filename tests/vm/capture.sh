#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
#
# capture.sh [-b BUILDDIR] [NAME...]: make the captures in tests/captures anew, as
# `vfa capture` takes them on the emulated machines. NAME is a topology, on the profile
# intel; or a profile, with the usual devices; or nobody, who sees intel without
# privileges. Without a NAME, all.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
captures=$here/../captures

# A topology that is the usual one of a profile is captured as that.
names() {
    echo nobody
    find "$here/topologies" "$here/profiles" -type f -printf '%f\n' | sed 's/\.[^.]*$//' | sort |
        grep -vxF -f <(sed -n 's/^usual=//p' "$here"/profiles/*.profile)
}

refuse_usual() { # NAME
    local profiles
    profiles=$(grep -lxF "usual=$1" "$here"/profiles/*.profile | sed 's,.*/,,; s/\.profile$//' | tr '\n' ' ') || true
    [[ -z $profiles ]] || {
        echo "capture.sh: $1 is captured on its profiles: name one of $profiles" >&2
        exit 2
    }
}

has_emulator() ( # NAME
    emulator=installed
    [[ ! -f $here/profiles/$1.profile ]] || . "$here/profiles/$1.profile"
    "$here/qemu.sh" "$emulator" >/dev/null
)

# Standard error is the same terminal in the guest, and must not end up in the capture.
as_root="vfa capture - 2>/tmp/errors || { cat /tmp/errors; exit 1; }"
as_nobody="su nobody -c '$as_root'"

capture() { # NAME
    local machine=("$1") command=$as_root
    [[ ! -f $here/topologies/$1.devices ]] || machine=(-d "$1" intel)
    [[ $1 != nobody ]] || machine=(intel) command=$as_nobody
    "$here/run.sh" -b "$build" "${machine[@]}" busybox sh -c "$command" >"$captures/$1.new" || {
        rm "$captures/$1.new"
        exit 1
    }
    mv "$captures/$1.new" "$captures/$1.vfa"
}

build=build
while getopts b: option; do
    case $option in
    b) build=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
(($#)) || mapfile -t all < <(names)
mkdir -p "$captures"
for name; do
    refuse_usual "$name"
done
for name in "${@:-${all[@]}}"; do
    (($#)) || has_emulator "$name" || {
        echo "$name: left as it was, its QEMU cannot be had"
        continue
    }
    echo "$name"
    capture "$name"
done
