# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
# shellcheck shell=bash disable=SC2154
#
# The tests that need a device: every program build/tests/vm/test_* on every
# machine, several machines at a time. A program skips what its machine cannot do.
# Those of build-asan run on one machine.

machine_profiles() {
    find tests/vm/profiles -name '*.profile' -printf '%f\n' | sed 's/\.profile$//' | sort
}

machine_tests() {
    machine_kernels
    machine_emulators
    say "device tests, $jobs machines at a time; logs are in build/vm/logs"
    machine_round build "${profiles[@]}"
    say "groups of machines of many shapes"
    machine_topologies build
    say "what docs/driver.md says"
    machine_tutorial build

    [[ " ${profiles[*]} " == *" intel "* ]] || return 0
    configure_sanitized
    say "device tests under AddressSanitizer and UBSan, on the machine intel"
    machine_round build-asan intel
}

machine_round() { # BUILDDIR PROFILE...
    local dir=$1 profile program programs=()
    shift
    for program in "$dir"/tests/vm/test_*; do
        if [[ -f $program && -x $program ]] && is_chosen "$(basename "$program")"; then
            programs+=("$(basename "$program")")
        fi
    done
    for profile; do
        for program in "${programs[@]}"; do
            machine_suits "$profile" "$program" || continue
            machine_start "$dir" "$profile" "$program"
        done
    done
    wait
}

# Each on the newest kernel and the oldest, and where its file says so on other IOMMUs.
machine_topologies() { # BUILDDIR
    local file profile program
    for file in tests/vm/topologies/*.devices; do
        for profile in intel stock $(sed -n 's/^also //p' "$file"); do
            [[ " ${profiles[*]} " == *" $profile "* ]] || continue
            for program in $(machine_programs "$file"); do
                is_chosen "$program" || continue
                machine_start "$1" "$profile" "$program" "$(basename "$file" .devices)"
            done
        done
    done
    machine_random_topologies "$1"
    wait
}

machine_programs() { # FILE of a topology
    grep -q '^runs' "$1" || echo test_reach test_topology
    sed -n 's/^runs//p' "$1"
}

# Machines that nobody thought of, the same in every run; run.sh takes other seeds.
machine_random_topologies() { # BUILDDIR
    local seed profile
    is_chosen test_topology || return 0
    for seed in {1..8}; do
        for profile in intel stock; do
            [[ " ${profiles[*]} " == *" $profile "* ]] || continue
            machine_start "$1" "$profile" test_topology "random-$seed"
        done
    done
}

# One boot runs all of the page. On both kernels, for both backends.
machine_tutorial() { # BUILDDIR
    local profile
    is_chosen tutorial || return 0
    for profile in intel stock; do
        [[ " ${profiles[*]} " != *" $profile "* ]] || machine_start "$1" "$profile" tutorial
    done
    wait
}

machine_start() { # as machine_test, when there is room for another
    while (($(jobs -rp | wc -l) >= jobs)); do
        wait -n || true
    done
    set -m # a process group for each, so that all of it can be ended
    machine_test "$@" </dev/null &
    set +m
}

# Made before the tests, so that their output is not in the midst of the results.
machine_kernels() {
    local profile
    for profile in "${profiles[@]}"; do
        (. "tests/vm/profiles/$profile.profile" && tests/vm/kernel.sh "$kernel" >/dev/null) ||
            give_up "no kernel for the profile $profile"
    done
}

# A QEMU that is not there and cannot be fetched is no fault of the tree.
machine_emulators() { # takes profiles out of the list
    local profile emulator kept=()
    local -A had=()
    for profile in "${profiles[@]}"; do
        emulator=installed
        . "tests/vm/profiles/$profile.profile"
        [[ -n ${had[$emulator]-} ]] || had[$emulator]=$(tests/vm/qemu.sh "$emulator" || echo no)
        if [[ ${had[$emulator]} != no ]]; then
            kept+=("$profile")
        else
            say "SKIP the machine $profile: a QEMU 11.1 enables it, named by VFA_VM_QEMU_NEWEST" \
                "or fetched from Debian's trixie-backports"
            count 0 0 1
        fi
    done
    profiles=("${kept[@]}")
}

# A machine that cannot assign devices names the programs that make sense there.
machine_suits() { # PROFILE PROGRAM
    local only=''
    # This needs the kernel, and nothing of the machine.
    [[ $2 != test_mock_pasid || $1 == intel ]] || return
    . "tests/vm/profiles/$1.profile"
    [[ -z $only || " $only " == *" $2 "* ]]
}

# Most programs take seconds; these do a given amount of work, on a busy host too.
machine_patience() { # PROGRAM: seconds
    case $1 in
    test_hotplug | test_leaks | test_oracle | test_stress) echo 600 ;;
    *) echo 120 ;;
    esac
}

machine_test() { # BUILDDIR PROFILE PROGRAM [TOPOLOGY]
    local machine=$2${4:+-$4} output status=0 start=$SECONDS
    local log=$1/vm/logs/$machine-$3.log
    local passed failed skipped verdict=PASS
    mkdir -p "$1/vm/logs"
    rm -f "$log"
    output=$(machine_run "$log" "$@" 2>"$log.errors") || status=$?
    read -r passed failed skipped < <(tests/tally.py tap "$status" <<<"$output")
    count "$passed" "$failed" "$skipped"
    ((passed)) || verdict=SKIP
    ((!failed)) || verdict=FAIL
    {
        echo "$verdict $machine $3 $((passed + failed + skipped)) cases $((SECONDS - start)) s"
        if ((failed)); then
            machine_failure "$log" "$status"
            [[ $3 != tutorial ]] || grep -A 20 '^not ok' <<<"$output"
        fi
    } >"$log.verdict"
    cat "$log.verdict" # in one piece, whoever else prints
    rm "$log.verdict" "$log.errors"
}

machine_run() { # LOG, and as machine_test
    if [[ $4 = tutorial ]]; then
        tests/vm/tutorial.py -b "$2" "$3"
    else
        tests/vm/run.sh -b "$2" ${5:+-d "$5"} -l "$1" -t "$(machine_patience "$4")" "$3" "$4"
    fi
}

machine_failure() { # LOG STATUS
    echo "     exit status $2; the whole log is $1"
    if [[ -f $1 ]]; then
        sed -n '/^== outcome/,/^$/p' "$1"
        sed -n '/^== output/,/^== console/p' "$1" | sed '1d;$d' | tail -60
        sed -n '/^== console/,$p' "$1" | tail -20
    else
        tail -20 "$1.errors" # it did not get as far as a log
    fi | sed 's/^/     /'
}
