#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
#
# qemu.sh installed|newest: print the QEMU that a profile asks for.
#
#   installed  VFA_VM_QEMU, or this machine's own
#   newest     one that can have devices with PASID (11.1 can, 10.0 cannot): VFA_VM_QEMU_NEWEST;
#              or the installed one if it can, else the one of trixie-backports. That is fetched
#              on first use, with all the libraries that it needs, and runs from a directory of
#              its own.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../cache.sh"
. "$here/kernel/apt.sh"

say() { echo "qemu.sh: $*" >&2; }
die() {
    say "$@"
    exit 1
}

kind=${1-}
own=${VFA_VM_QEMU:-qemu-system-x86_64}
case $kind in
installed)
    echo "$own"
    exit
    ;;
newest) ;;
*) die "usage: qemu.sh installed|newest" ;;
esac

# No device of QEMU has PASID, but a process that it talks to can be one.
has_pasid() { # QEMU
    "$1" -device intel-iommu,help 2>/dev/null </dev/null | grep pasid-bits >/dev/null &&
        "$1" -device vfio-user-pci,help >/dev/null 2>&1 </dev/null
}

find_cached() { # the newest that runs
    local run
    while read -r run; do
        has_pasid "$run" || continue
        echo "$run"
        return
    done < <(compgen -G "$cache/qemu/*/run" | sort -Vr)
    return 1
}

# With the libraries of its own release, whatever this machine's are.
write_runner() { # FILE, beside root
    cat >"$1" <<'END'
#!/bin/sh
root=${0%/*}/root
libraries=$root/usr/lib/x86_64-linux-gnu
export QEMU_MODULE_DIR="$libraries/qemu"
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" \
    "$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" "$@"
END
    chmod +x "$1"
}

# What depends on what is left to apt, which takes this directory for an empty machine.
fetch() { # DIR: leaves QEMU in DIR/out/root and its version in DIR/version
    local dir=$1 package
    apt_open "$dir/apt" trixie trixie-backports
    apt_newest qemu-system-x86 >"$dir/version"
    [[ -s $dir/version ]] || apt_has_no qemu-system-x86 "$dir/apt"
    dpkg --compare-versions "$(<"$dir/version")" ge 1:11.1~ ||
        die "the newest QEMU to be had is $(<"$dir/version"), which cannot have devices with PASID as 11.1 can"
    say "fetching QEMU $(<"$dir/version"), once"
    apt-get -qq -o Debug::NoLocking=1 -o APT::Install-Recommends=0 -t trixie-backports \
        --download-only -y install qemu-system-x86 >"$dir/fetch.log" 2>&1 || {
        tail -5 "$dir/fetch.log" >&2
        die "QEMU cannot be fetched: check the network, then try again"
    }
    mkdir -p "$dir/out/root"
    for package in "$dir"/apt/cache/archives/*.deb; do
        dpkg-deb -x "$package" "$dir/out/root"
    done
    rm -rf "$dir"/out/root/usr/share/{doc,man,locale}
}

if [[ -n ${VFA_VM_QEMU_NEWEST-} ]]; then
    has_pasid "$VFA_VM_QEMU_NEWEST" ||
        die "VFA_VM_QEMU_NEWEST=$VFA_VM_QEMU_NEWEST does not run or cannot have devices with PASID as 11.1 can"
    echo "$VFA_VM_QEMU_NEWEST"
    exit
fi
if has_pasid "$own"; then
    echo "$own"
    exit
fi
find_cached && exit

mkdir -p "$cache/qemu"
exec {lock}>"$cache/qemu/lock"
flock "$lock"
find_cached && exit

partial=$cache/qemu/fetched.partial
rm -rf "$partial"
trap 'rm -rf "$partial"' EXIT
mkdir -p "$partial"
fetch "$partial"
write_runner "$partial/out/run"
version=$(sed 's/^[0-9]*://' "$partial/version")
has_pasid "$partial/out/run" ||
    die "QEMU $version, just fetched, does not run here or cannot have devices with PASID as 11.1 can"
made=$cache/qemu/$version
rm -rf "$made" # it does not run, or it would have been taken
mv -T "$partial/out" "$made"
echo "$made/run"
