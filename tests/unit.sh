# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
# shellcheck shell=bash disable=SC2154
#
# The tests that need no device. Suite "unit" has the cmocka programs, which run
# in three ways, those with threads in a fourth; suite "check" has what is run once,
# such as scripts.

unit_tests() {
    say "unit tests and checks"
    unit_run build plain --suite unit --suite check

    configure_sanitized
    say "unit tests under AddressSanitizer and UBSan"
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        unit_run build-asan asan --suite unit

    unit_threads

    say "unit tests under valgrind"
    unit_run build memcheck --suite unit --timeout-multiplier 4 \
        --wrap 'valgrind -q --child-silent-after-fork=yes --leak-check=full --errors-for-leak-kinds=definite,possible --error-exitcode=99'
}

# Suite "threads" has the programs in which threads meet. ThreadSanitizer of older
# compilers wants its memory at addresses that the kernel may give to others.
unit_threads() {
    local where=()
    ! setarch "$(uname -m)" -R true 2>/dev/null || where=(--wrap "setarch $(uname -m) -R")
    configure build-tsan -Db_sanitize=thread -Db_lundef=false -Dexamples=false -Dman=disabled
    say "unit tests with threads under ThreadSanitizer"
    TSAN_OPTIONS=halt_on_error=1 unit_run build-tsan tsan --suite threads "${where[@]}"
}

unit_run() { # BUILDDIR LABEL MESON-OPTION...
    local dir=$1 label=$2 log names=() result=0
    shift 2
    mapfile -t names < <(unit_names "$dir" "$@")
    ((${#names[@]})) || return 0
    rm -f "$dir/meson-logs/$label"*.json
    meson test -C "$dir" --logbase "$label" --no-rebuild "$@" "${names[@]}" >"$dir/$label.log" 2>&1 || result=$?
    # meson adds the wrapper's name to the log's.
    log=$(compgen -G "$dir/meson-logs/$label*.json") || log=
    if [[ ! -s $log ]]; then
        tail -20 "$dir/$label.log"
        give_up "meson test gave no results (status $result)"
    fi
    unit_report "$log"
}

unit_names() { # BUILDDIR MESON-OPTION...: the chosen tests
    local dir=$1 name
    shift
    meson test -C "$dir" --list --no-rebuild "$@" 2>/dev/null | sed -n 's/.* \/ //p' |
        while read -r name; do
            if is_chosen "$name"; then
                echo "$name"
            fi
        done
}

unit_report() { # JSON
    local report
    report=$("$tests/tally.py" meson "$1")
    sed '$d' <<<"$report"
    # shellcheck disable=SC2046 # three numbers
    count $(tail -1 <<<"$report")
}
