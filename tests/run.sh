#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
#
# run.sh: build libvfa and run every test.
set -euo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$tests/.."
. "$tests/say.sh"
. "$tests/unit.sh"
. "$tests/machines.sh"

usage() {
    cat <<'END'
usage: run.sh [--unit | --vm] [--profile P]... [--jobs N] [TEST...]

  --unit       only the unit tests: no root, no emulator, a few minutes
  --vm         only the tests on emulated machines
  --profile P  only on the machine P of tests/vm/profiles; may be repeated
  --jobs N     so many machines at a time (default: the number of processors)
  TEST...      only these tests, by name, with or without test_

The last line counts test cases: N passed, N failed, N skipped.
END
}

count() { # PASSED FAILED SKIPPED
    echo "$@" >>"$counts"
}

# Every way out ends with the closing line.
finish() {
    trap - EXIT
    local passed failed skipped
    read -r passed failed skipped < <(
        awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }' "$counts"
    )
    rm -f "$counts"
    ((passed + failed)) || say "no test has run"
    echo "$passed passed, $failed failed, $skipped skipped"
    ((failed == 0 && passed > 0 && !interrupted))
    exit
}

# Machines run in the background, where a Ctrl-C does not reach them.
# shellcheck disable=SC2317 # a trap calls it
interrupt() {
    local job
    trap '' INT TERM HUP
    interrupted=1
    say "interrupted"
    for job in $(jobs -p); do
        kill -TERM -- "-$job" 2>/dev/null || true
    done
    wait
    finish
}

give_up() { # REASON
    say "$@"
    count 0 1 0
    finish
}

is_chosen() { # TEST
    local name
    ((${#chosen[@]})) || return 0
    for name in "${chosen[@]}"; do
        [[ ${1#test_} = "${name#test_}" ]] && return
    done
    return 1
}

configure() { # BUILDDIR [OPTION...]
    local dir=$1 log=$1.log
    shift
    say "building $dir"
    {
        [[ -f $dir/build.ninja ]] || meson setup "$dir" "$@"
        meson compile -C "$dir"
    } >"$log" 2>&1 || {
        tail -40 "$log"
        give_up "$dir does not build; the whole log is $log"
    }
    mv "$log" "$dir/build.log"
}

configure_sanitized() {
    configure build-asan -Db_sanitize=address,undefined -Db_lundef=false
}

# A mistake is told now, not after minutes of set-up and building.
check_arguments() {
    local profile name
    ((with_unit || with_vm)) || wrong "--unit and --vm exclude each other"
    [[ $jobs =~ ^[1-9][0-9]*$ ]] || wrong "--jobs needs a number from 1 on, not $jobs"
    for profile in "${profiles[@]}"; do
        [[ -f tests/vm/profiles/$profile.profile ]] ||
            wrong "no profile $profile; there are:" "$(machine_profiles | tr '\n' ' ')"
    done
    for name in "${chosen[@]#test_}"; do
        compgen -G "tests/*/test_$name.c" >/dev/null || [[ -f tests/checks/$name.sh || -f tests/fuzz/$name.c ]] ||
            wrong "no test $name"
    done
}

with_unit=1 with_vm=1 jobs=$(nproc) profiles=() chosen=() setup=()
while (($#)); do
    case $1 in
    --unit) with_vm=0 setup=(--unit) ;;
    --vm) with_unit=0 ;;
    --profile | --jobs)
        (($# > 1)) || wrong "$1 needs a value"
        if [[ $1 = --jobs ]]; then jobs=$2; else profiles+=("$2"); fi
        shift
        ;;
    -h | --help) usage && exit ;;
    -*) wrong "unknown option $1" ;;
    *) chosen+=("$1") ;;
    esac
    shift
done
check_arguments
((${#profiles[@]})) || mapfile -t profiles < <(machine_profiles)

interrupted=0
counts=$(mktemp)
trap finish EXIT
trap interrupt INT TERM HUP
export CMOCKA_MESSAGE_OUTPUT=TAP

plan=()
((!with_unit)) || plan+=("unit tests plain, sanitized, under valgrind, and with ThreadSanitizer")
((!with_vm)) || plan+=("device tests on emulated machines: ${profiles[*]}")
say "$(printf '%s; ' "set-up" "build" "${plan[@]}" | sed 's/; $//')"

# Two runs would build in the same directories.
exec {lock}<"$tests/run.sh"
flock -n "$lock" || {
    say "waiting for another run in this tree to end"
    flock "$lock"
}

"$tests/setup.sh" "${setup[@]}" || give_up "the set-up failed"
configure build
((!with_unit)) || unit_tests
((!with_vm)) || machine_tests
finish
