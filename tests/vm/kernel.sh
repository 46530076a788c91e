#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
#
# kernel.sh own|stock: print the directory of a guest kernel, made on first use.
#
#   own    the newest kernel source that Debian packages, built with kernel.config:
#          bzImage, config, headers/include (its user API), build.log
#   stock  this Debian release's linux-image-cloud-amd64:
#          bzImage, modules/lib/modules/VERSION
#
# A kernel is made in a .partial directory under a lock and renamed when it is
# complete, so neither a second run nor an interrupted one can spoil it.
set -euo pipefail
export LC_ALL=C # sorts the options that a kernel is known by, and speaks apt's English

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../cache.sh"
. "$here/kernel/apt.sh"
. "$here/kernel/own.sh"
. "$here/kernel/stock.sh"

say() { echo "kernel.sh: $*" >&2; }
die() {
    say "$@"
    exit 1
}

kind=${1-}
case $kind in
own | stock) ;;
*) die "usage: kernel.sh own|stock" ;;
esac

# An own kernel that somebody brings along is used as it is.
if [[ $kind = own && -n ${VFA_VM_KERNEL-} ]]; then
    [[ -r $VFA_VM_KERNEL ]] || die "VFA_VM_KERNEL=$VFA_VM_KERNEL cannot be read"
    key=$(realpath "$VFA_VM_KERNEL" | sha256sum | cut -c1-12)
    mkdir -p "$cache/kernel/brought-$key"
    ln -sfn "$(realpath "$VFA_VM_KERNEL")" "$cache/kernel/brought-$key/bzImage"
    echo "$cache/kernel/brought-$key"
    exit
fi

find_cached() { # KIND-PREFIX and SUFFIX around the version; newest wins
    local found
    found=$(compgen -G "$cache/kernel/$1-*$2" | grep -v '\.partial$' | sort -V | tail -1) || true
    [[ -n $found ]] && echo "$found"
}

mkdir -p "$cache/kernel"
suffix=$("${kind}_suffix")
find_cached "$kind" "$suffix" && exit

exec {lock}>"$cache/kernel/$kind.lock"
flock -n "$lock" || {
    say "another run is making the $kind kernel; waiting for it"
    flock "$lock"
}
find_cached "$kind" "$suffix" && exit

partial=$cache/kernel/$kind.partial
rm -rf "$partial"
mkdir -p "$partial/out"
"${kind}_make" "$partial" >&2
made=$cache/kernel/$kind-$(<"$partial/version")$suffix
mv -T "$partial/out" "$made"
rm -rf "$partial"
echo "$made"
