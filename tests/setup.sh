#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
#
# setup.sh [--unit] [--check]: install the Debian packages that are missing to
# build libvfa and run its tests.
#
#   --unit   only what the library and its unit tests need; no emulator
#   --check  install nothing; exit with 1 when something is missing
#
# With nothing missing it needs no root, no network and no time.
set -euo pipefail

unit_packages=(
    g++ gcc libc6-dev
    libc6-dbg valgrind
    libcmocka-dev
    libkmod-dev libpci-dev libsmartcols-dev libudev-dev
    meson ninja-build pkg-config
    scdoc
)
vm_packages=(
    busybox-static cpio kmod qemu-system-x86          # the machine
    bc bison flex libelf-dev libssl-dev make xz-utils # its kernel
    debian-archive-keyring                            # what vouches for that
)

say() { echo "setup.sh: $*"; }
fail() {
    echo "setup.sh: $*" >&2
    exit 1
}

packages=("${unit_packages[@]}" "${vm_packages[@]}")
check=0
for option; do
    case $option in
    --unit) packages=("${unit_packages[@]}") ;;
    --check) check=1 ;;
    *) fail "usage: setup.sh [--unit] [--check]" ;;
    esac
done

command -v dpkg-query >/dev/null || fail "this script knows Debian only; elsewhere, install: ${packages[*]}"

missing=()
for package in "${packages[@]}"; do
    # The status is empty for a package that dpkg has never heard of.
    status=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | head -1) || true
    [[ $status = installed ]] || missing+=("$package")
done

if ((${#missing[@]} == 0)); then
    say "all packages are there"
    exit
fi
if ((check)); then
    say "missing: ${missing[*]}"
    exit 1
fi

apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
install=(install -y --no-install-recommends "${missing[@]}")
as_root=()
if ((EUID != 0)); then
    as_root=(sudo)
    command -v sudo >/dev/null || fail "packages are missing; as root, run: apt-get update && apt-get ${install[*]}"
fi
say "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" "${apt[@]}" update && "${as_root[@]}" "${apt[@]}" "${install[@]}"; } >"$log" 2>&1; then
    tail -15 "$log" >&2
    fail "the packages could not be installed; as root, run: apt-get update && apt-get ${install[*]}"
fi
say "installed"
