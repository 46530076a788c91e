#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
#
# run.sh: run one program on an emulated machine. README.md tells the rest.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../cache.sh"
. "$here/image.sh"
. "$here/accel.sh"
. "$here/log.sh"

say() { echo "vm/run.sh: $*" >&2; }
die() {
    say "$@"
    exit 125
}

usage() {
    cat <<'END'
usage: run.sh [-c] [-b BUILDDIR] [-d TOPOLOGY] [-m SIZE] [-t SECONDS] [-l LOG] PROFILE COMMAND [ARG...]
       run.sh [-b BUILDDIR] [-d TOPOLOGY] [-m SIZE] -i PROFILE

Boots the machine of PROFILE, runs COMMAND there as root and exits with its exit
status; 125 when the guest did not end in time, panicked or did not start. -i gives a shell.

  -b BUILDDIR  where the programs were built (default: build)
  -d TOPOLOGY  the devices of topologies/TOPOLOGY.devices instead of the profile's usual ones;
               random-SEED: of a machine of any shape
  -c           let the guest's clock count its instructions, one a nanosecond; with TCG
  -m SIZE      the guest's memory, in QEMU's words (default: 1G)
  -t SECONDS   how long the guest may take (default: 120)
  -l LOG       the log (default: BUILDDIR/vm/logs/PROFILE-COMMAND.log)
END
    echo "Profiles:" "$(names_in profiles)"
    echo "Topologies:" "$(names_in topologies)"
}

names_in() { # DIRECTORY: its files without their extension
    find "$here/$1" -type f -printf '%f\n' | sed 's/\.[^.]*$//' | sort | tr '\n' ' '
}

read_profile() { # sets kernel, emulator, machine, options, append; topology if none was named
    local usual=''
    kernel='' emulator=installed machine='' options=() append=''
    . "$here/profiles/$profile.profile"
    topology=${topology:-$usual}
}

# The pattern that the devices file promises: each word holds its own offset.
namespace_image() { # FILE
    [[ -f $1 ]] && return
    local new
    new=$(mktemp "$1.XXXXXX")
    perl -e 'print pack("Q<*", map { $_ * 8 } 0 .. (8 << 20) / 8 - 1)' >"$new"
    chmod 444 "$new"
    mv "$new" "$1"
}

device_options() { # sets devices and with, adds to append
    local first second rest
    devices=() with=()
    while read -r first second rest; do
        case $first in
        '' | '#'* | vfs | apart | also | runs) ;;
        with) with=("$build/tests/vm/$second" "$rest") ;;
        -append) append+=" $second $rest" ;;
        -*) devices+=("$first" "$second") ;;
        plug) plugs=1 ;;
        *) devices+=(-device "$rest") ;;
        esac
    done <"$devices_file"
}

find_devices() { # sets devices_file
    devices_file=$here/${topology:+topologies/$topology.}devices
    if [[ $topology = random-* ]]; then
        mkdir -p "$build/vm"
        devices_file=$build/vm/$topology.devices
        "$here/random_devices.py" "${topology#random-}" >"$devices_file"
    fi
    [[ -f $devices_file ]] || die "no topology $topology; there are: $(names_in topologies)"
}

# In single quotes, so that the guest's shell gets each argument as it was.
quoted() {
    local word
    for word; do
        printf "'%s' " "${word//\'/\'\\\'\'}"
    done
}

# What the guest's program sees of the environment here.
passed_environment() {
    local name
    for name in $(compgen -e); do
        case $name in
        VFA_VM_*) ;;
        VFA_* | CMOCKA_*) echo "export $name=$(quoted "${!name}")" ;;
        esac
    done
    # The guest's serial line is a terminal, where sanitizers would use colours.
    for name in ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS; do
        echo "export $name=color=never:$(quoted "${!name-}")"
    done
    echo "export VFA_VM_PROFILE=$profile"
    echo "VFA_VM_TOKEN=$token"
}

make_initramfs() { # [COMMAND...]
    local image
    image=$(image_base "$build" "$kernel_dir")
    mkdir -p "$work/files/vm"
    passed_environment >"$work/files/vm/environment"
    cp "$devices_file" "$work/files/vm/devices"
    # With its path: busybox's shell prefers its own command of the same name.
    if (($#)) && grep -q "/$1\$" "$image.programs"; then
        set -- "/usr/bin/$1" "${@:2}"
    fi
    (($# == 0)) || quoted "$@" >"$work/files/vm/command"
    {
        cat "$image"
        image_archive "$work/files"
    } >"$work/initramfs"
}

qemu_command() { # sets qemu
    device_options
    # A busy host can keep the timer from ticking for as long as the kernel checks it.
    local appended="console=ttyS0 no_timer_check panic=-1 printk.devkmsg=on printk.time=1 $append"
    # With a thread for each processor QEMU 10.0 now and then loses a wake-up, and
    # the guest stands still.
    local thread=
    [[ $accel != tcg ]] || thread=,thread=single
    qemu=(
        "${with[@]}"
        "$emulator"
        -nodefaults -no-user-config -display none -no-reboot
        -machine "$machine" -accel "$accel$thread" -cpu max -smp 2 -m "$memory"
        -kernel "$kernel_dir/bzImage" -initrd "$work/initramfs" -append "$appended"
    )
    qemu+=("${options[@]}" "${devices[@]}")
    ((!counting)) || qemu+=(-icount 'shift=0,sleep=off')
    ((!plugs)) || qemu+=(
        -chardev "socket,id=monitor,path=$work/monitor,server=on,wait=off"
        -mon chardev=monitor
        -chardev "socket,id=plugs,path=$work/monitor"
        -device "isa-serial,chardev=plugs,index=2,irq=5"
    )
    if ((interactive)); then
        qemu+=(-serial mon:stdio)
    else
        qemu+=(
            -chardev "file,id=console,path=$work/console"
            -serial chardev:console
            -chardev "file,id=output,path=/dev/stdout,append=on"
            -serial chardev:output
        )
    fi
}

# QEMU dies with this script, whatever ends it.
run_command() {
    qemu_command
    : >"$work/console"
    set +e
    (
        cd "$build/vm" # where the devices' files are
        exec setpriv --pdeathsig TERM timeout --foreground -k 5 "$seconds" "${qemu[@]}"
    ) </dev/null 2>"$work/qemu-errors" | tee "$work/output"
    qemu_status=${PIPESTATUS[0]}
    set -e
    status=$(sed -n "s/.*vfa-vm: $token: exit status \([0-9]*\).*/\1/p" "$work/console")
    if [[ -n $status ]]; then
        outcome="exit status $status, ${SECONDS} s"
    else
        status=125
        case $qemu_status in
        0) outcome="the guest went down before the program ended" ;;
        124 | 137) outcome="the guest did not end within $seconds s (-t)" ;;
        *) outcome="QEMU ended with status $qemu_status" ;;
        esac
        ! grep -q "Property '.*' not found" "$work/qemu-errors" ||
            outcome="this QEMU does not know a property of a device: the usual profiles take 7.2 to 10.0 (README.md)"
        ! grep -q 'Kernel panic' "$work/console" || outcome="the guest's kernel panicked"
        log_show_console "$work/console" "$work/qemu-errors" >&2
        say "$profile: $1: $outcome"
    fi
}

build=build topology='' memory=1G seconds=120 log='' interactive=0 counting=0 plugs=0
while getopts b:cd:m:t:l:ih option; do
    case $option in
    b) build=$OPTARG ;;
    c) counting=1 ;;
    d) topology=$OPTARG ;;
    m) memory=$OPTARG ;;
    t) seconds=$OPTARG ;;
    l) log=$OPTARG ;;
    i) interactive=1 ;;
    h) usage && exit ;;
    *) usage >&2 && exit 125 ;;
    esac
done
shift $((OPTIND - 1))
(($# > 0)) || { usage >&2 && exit 125; }
profile=$1
shift
(($# > 0)) || interactive=1
[[ -f $here/profiles/$profile.profile ]] || die "no profile $profile; there are: $(names_in profiles)"
[[ -d $build ]] || die "no build directory $build: configure it with meson, or name it with -b"
build=$(cd "$build" && pwd)
read_profile
find_devices

kernel_dir=$("$here/kernel.sh" "$kernel") || exit 125
emulator=$("$here/qemu.sh" "$emulator") || exit 125
accel=tcg
((counting)) || accel=$(accel_choice "$build")
mkdir -p "$build/vm/logs"
namespace_image "$build/vm/namespace.raw"
token=$(tr -dc a-z0-9 </dev/urandom | head -c 12 || true)
work=$(mktemp -d "${TMPDIR:-/tmp}/vfa-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT

if ((interactive)); then
    make_initramfs
    qemu_command
    (cd "$build/vm" && exec "${qemu[@]}")
    exit
fi

log=$(realpath -m "${log:-$build/vm/logs/$profile-${topology:+$topology-}$(basename "$1").log}")
command=("$@") qemu=() outcome="interrupted"
trap 'log_write "$log" "${command[@]}"; rm -rf "$work"' EXIT
trap 'exit 125' INT TERM HUP
make_initramfs "$@"
run_command "$@"
exit "$status"
