#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors
#
# demo.sh: build libvfa and drive real devices with it on an emulated machine,
# over both backends. Needs Debian 12 or 13 and, to install packages, root or sudo.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/cache.sh
profile=intel
edu=0000:00:04.0
nvme=0000:00:05.0
log=build/demo.log

say() { echo "demo: $*"; }
fail() {
    say "FAILED: $*" >&2
    exit 1
}

# Say every 10 s that a step still goes on, and how far it is.
watch() {
    local start=$SECONDS
    while sleep 10 >/dev/null 2>&1; do
        echo "      $((SECONDS - start)) s: $(tail -n 1 "$log" | cut -c1-80)"
    done
}

watcher=
stop_watching() {
    [[ -n $watcher ]] || return 0
    kill "$watcher"
    wait "$watcher" 2>/dev/null || true
    watcher=
}
trap stop_watching EXIT

step() { # TEXT COMMAND...
    local text=$1 status=0
    shift
    say "$text"
    : >"$log"
    watch &
    watcher=$!
    "$@" >"$log" 2>&1 || status=$?
    stop_watching
    ((status)) || return 0
    tail -n 30 "$log" >&2
    fail "$text (status $status; the end of $log is above)"
}

build() {
    if [[ ! -f build/build.ninja ]]; then
        meson setup build || return
    fi
    meson compile -C build
}

# The guest's shell runs this. Every command is shown before its output.
guest_script() {
    local backend
    echo 'run() { echo; echo "$ $*"; "$@" || { echo "$* ended with status $?"; exit 1; }; }'
    echo "run list_groups"
    for backend in type1 iommufd; do
        echo "run edu_dma $edu $backend"
        echo "run edu_interrupt $edu $backend"
        echo "run nvme_identify $nvme $backend"
        echo "run p2p_copy $edu $nvme 2 $backend"
    done
}

cat <<END
This demo
  1. installs the Debian packages that are missing, if any (with sudo, unless root);
  2. builds libvfa and its examples in $PWD/build;
  3. on first use, fetches and builds a Linux kernel for the emulated machine (some
     minutes, kept in $cache);
  4. boots a machine with an Intel IOMMU in QEMU and lets the examples drive its edu
     and NVMe devices over type1 and over iommufd.
Nothing else on this machine is changed.

END

mkdir -p build
step "installing what is missing" tests/setup.sh
step "building the library and the examples" build
step "making sure that there is a kernel" tests/vm/kernel.sh own
say "booting the emulated machine"
tests/vm/run.sh -b build "$profile" sh -c "$(guest_script)" ||
    fail "see above; the machine's log is in build/vm/logs"

echo
say "done: edu's DMA and interrupts, an NVMe controller, and DMA from edu into its memory worked"
say "over type1 and over iommufd."
