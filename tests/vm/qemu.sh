#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
#
# qemu.sh installed|newest: print the QEMU that a profile asks for.
#
#   installed  this machine's own
#   newest     one that can have devices with PASID (11.1 can, 10.0 cannot): this machine's own if
#              it can, else the one of trixie-backports. That is fetched on first use, with all
#              the libraries that it needs, and runs from a directory of its own.
#
# VFA_VM_QEMU names another in place of either.
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
installed | newest) ;;
*) die "usage: qemu.sh installed|newest" ;;
esac

# No device of QEMU has PASID, but a process that it talks to can be one.
has_pasid() { # QEMU
    "$1" -device intel-iommu,help 2>/dev/null | grep -q pasid-bits &&
        "$1" -device vfio-user-pci,help >/dev/null 2>&1
}

if [[ $kind = installed ]] || has_pasid "$own"; then
    echo "$own"
    exit
fi
[[ -z ${VFA_VM_QEMU-} ]] || die "VFA_VM_QEMU=$own cannot have devices with PASID, as QEMU 11.1 can"

find_cached() { # newest wins
    local found
    found=$(compgen -G "$cache/qemu/*/run" | grep -v '\.partial/' | sort -V | tail -1) || true
    [[ -n $found ]] && echo "$found"
}

# With the libraries of its own release, whatever this machine's are.
write_runner() { # ROOT as it will be, FILE
    cat >"$2" <<END
#!/bin/sh
root='$1'
libraries=\$root/usr/lib/x86_64-linux-gnu
export QEMU_MODULE_DIR="\$libraries/qemu"
exec "\$libraries/ld-linux-x86-64.so.2" --library-path "\$libraries" \\
    "\$root/usr/bin/qemu-system-x86_64" -L "\$root/usr/share/qemu" -L "\$root/usr/share/seabios" "\$@"
END
    chmod +x "$2"
}

# What depends on what is left to apt, which takes this directory for an empty machine.
fetch() { # DIR: leaves QEMU in DIR/out/root and its version in DIR/version
    local dir=$1 package
    apt_open "$dir/apt" trixie trixie-backports
    apt_newest qemu-system-x86 >"$dir/version"
    [[ -s $dir/version ]] || apt_has_no qemu-system-x86 "$dir/apt"
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

mkdir -p "$cache/qemu"
find_cached && exit

exec {lock}>"$cache/qemu/lock"
flock "$lock"
find_cached && exit

partial=$cache/qemu/fetched.partial
rm -rf "$partial"
mkdir -p "$partial"
fetch "$partial"
made=$cache/qemu/$(sed 's/^[0-9]*://' "$partial/version")
write_runner "$made/root" "$partial/out/run"
mv -T "$partial/out" "$made"
rm -rf "$partial"
has_pasid "$made/run" || {
    rm -rf "$made"
    die "QEMU $(basename "$made") does not run here"
}
echo "$made/run"
