#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
#
# run.sh: measure libvfa against what it stands on.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
. tests/say.sh
. "$here/report.sh"
build=build
tsv=$build/bench.tsv

# What each figure is measured by, and the ratio to reach, if there is one. A register is read
# by the very same instruction: 1, but that no two measurements of the same are quite alike.
figures=(
    "map_type1                vm/bench_map             1.10"
    "unmap_type1              vm/bench_map             1.10"
    "map_type1_random         vm/bench_map             -"
    "unmap_type1_random       vm/bench_map             -"
    "map_iommufd              vm/bench_map             1.10"
    "unmap_iommufd            vm/bench_map             1.10"
    "map_iommufd_random       vm/bench_map             -"
    "unmap_iommufd_random     vm/bench_map             -"
    "map_vs_kernel_iova       vm/bench_map             0.05"
    "buffer_1g                vm/bench_buffer          0.75"
    "irq_wakeup               vm/bench_irq             1.10"
    "mmio_read                vm/bench_mmio            1.01"
    "p2p_copy_type1           vm/bench_p2p             1.00"
    "p2p_copy_iommufd         vm/bench_p2p             1.00"
    "peer_map_type1           vm/bench_peer            -"
    "peer_unmap_type1         vm/bench_peer            -"
    "peer_map_iommufd         vm/bench_peer            -"
    "peer_unmap_iommufd       vm/bench_peer            -"
    "open_device_type1        vm/bench_open            1.20"
    "open_device_iommufd      vm/bench_open            1.20"
    "open_16_devices_type1    vm/bench_open_many       0.70"
    "open_16_devices_iommufd  vm/bench_open_many       0.70"
    "translate_1k             native/bench_translate   4.00"
    "translate_1k_overlapped  native/bench_translate   -"
    "translate_1m             native/bench_translate   2.00"
    "translate_1m_overlapped  native/bench_translate   -"
    "translate_2_threads      native/bench_translate   1.10"
    "iova_alloc_1m            native/bench_iova        3.00"
    "memory_per_mapping       native/bench_memory      1.00"
    "pool_get_put             native/bench_pool        1.00"
    "pool_get_put_burst       native/bench_pool        -"
)

usage() {
    cat <<'END'
usage: run.sh [--quick] [--count] [NAME...]

  --quick  fewer rounds: under two minutes, once the kernel of the emulated machine is there
  --count  count the emulated machine's instructions instead of taking the time: the same on a
           busy machine, but blind to caches. Only for figures of one processor there
  NAME...  only these figures, of:
END
    echo "${figures[@]%% *}" | fold -s -w 80 | sed 's/^/           /; s/ $//'
    cat <<'END'

A figure is the median of its rounds, in each of which its baseline is measured too. The ratio,
figure over baseline, is the median of the ratios of the rounds, with their quartiles behind it.
Figures also go to build/bench.tsv, a line each: name, value, unit, baseline's name, ratio.
END
}

is_chosen() { # NAME
    ((${#chosen[@]} == 0)) || [[ " ${chosen[*]} " == *" $1 "* ]]
}

target_of() { # NAME
    printf '%s\n' "${figures[@]}" | awk -v name="$1" '$1 == name { print $3 }'
}

# Why a program cannot run here; nothing when it can.
obstacle() { # PROGRAM
    if ((${#count[@]})) && [[ $1 != vm/bench_@(irq|map|mmio|open|peer) ]]; then
        echo "nothing to count"
    elif [[ $1 = vm/* && -n $no_machine ]]; then
        echo "$no_machine"
    elif [[ ! -x $build/bench/$1 && $1 = */bench_pool ]]; then
        echo "no DPDK: install libdpdk-dev, then meson setup --reconfigure $build"
    elif [[ ! -x $build/bench/$1 ]]; then
        echo "$1 was not built"
    fi
}

run_program() { # PROGRAM [ARG...]
    local program=$1
    shift
    case $program in
    vm/bench_buffer) # a host thread for each processor of the guest, and room for its memory
        VFA_VM_ACCEL=${VFA_VM_ACCEL:-tcg,thread=multi} \
            tests/vm/run.sh -b "$build" -m 4G -t 600 intel "${program#vm/}" "$@"
        ;;
    vm/bench_open_many) tests/vm/run.sh -b "$build" -t 600 -d sixteen intel "${program#vm/}" "$@" ;;
    vm/*) tests/vm/run.sh "${count[@]}" -b "$build" -t 600 intel "${program#vm/}" "$@" ;;
    *) "$build/bench/$program" "$@" ;;
    esac
}

measure() { # PROGRAM NAME...
    local program=$1 reason name report
    shift
    reason=$(obstacle "$program")
    if [[ -n $reason ]]; then
        for name; do
            report_skip "$name" "$reason"
        done
        return
    fi
    progress "starting $program"
    exec {report}< <(run_program "$program" "${options[@]}" "$@" 2>&1 ||
        printf 'failed\t%s\n' "$?")
    read_report <&"$report"
    exec {report}<&-
    for name; do
        [[ $seen == *" $name "* ]] || break_down "$name: $program did not measure it"
    done
}

build_programs() {
    say "building $build"
    mkdir -p "$build"
    {
        [[ -f $build/build.ninja ]] || meson setup "$build"
        meson compile -C "$build"
    } >"$build.log" 2>&1 || {
        tail -40 "$build.log"
        say "$build does not build; the whole log is $build.log"
        exit 1
    }
    mv "$build.log" "$build/build.log"
}

# What the emulated machine lacks; nothing when it can be used.
machine_obstacle() {
    local missing
    missing=$(tests/setup.sh --check 2>&1) || {
        echo "${missing##*setup.sh: } (tests/setup.sh installs it)"
        return
    }
    tests/vm/kernel.sh own >/dev/null || echo "there is no kernel for the emulated machine"
}

options=() count=() chosen=()
while (($#)); do
    case $1 in
    --quick) options+=("$1") ;;
    --count) options+=("$1") count=(-c) ;;
    -h | --help) usage && exit ;;
    -*) wrong "unknown option $1" ;;
    *)
        [[ -n $(target_of "$1") ]] || wrong "no figure $1"
        chosen+=("$1")
        ;;
    esac
    shift
done

# Tests would be measured too, and build in the same directory.
exec {lock}<tests/run.sh
flock -n "$lock" || {
    say "waiting for a run of tests in this tree to end"
    flock "$lock"
}

build_programs
no_machine=$(machine_obstacle)
load=$(cut -d' ' -f1 /proc/loadavg)
say "measuring; other processes on this machine: load $load"
report_start
for program in $(printf '%s\n' "${figures[@]}" | awk '!seen[$2]++ { print $2 }'); do
    names=()
    for name in $(printf '%s\n' "${figures[@]}" | awk -v program="$program" '$2 == program { print $1 }'); do
        ! is_chosen "$name" || names+=("$name")
    done
    ((${#names[@]} == 0)) || measure "$program" "${names[@]}"
done
row '\n'
say "$(wc -l <"$tsv") figures in $tsv, $SECONDS s"
exit "$broken"
