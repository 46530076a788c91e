# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
# shellcheck shell=bash disable=SC2154
#
# The log of a run: what was run, how, what the program said, what the kernel said.

log_part() { # TITLE FILE
    printf '\n== %s\n' "$1"
    [[ ! -s $2 ]] || tr -d '\r' <"$2"
}

log_write() { # LOG COMMAND...
    local log=$1
    shift
    {
        printf '== command\n%s\n' "$(quoted "$@")"
        printf '\n== profile\n%s on %s\n' "$profile" "$(basename "$kernel_dir")"
        printf '\n== outcome\n%s\n' "$outcome"
        printf '\n== QEMU\n%s\n' "$(quoted "${qemu[@]}")"
        log_part "QEMU's messages" "$work/qemu-errors"
        log_part "output" "$work/output"
        log_part "console" "$work/console"
    } >"$work/log"
    mkdir -p "$(dirname "$log")"
    mv "$work/log" "$log"
}

log_show_console() { # CONSOLE QEMU-ERRORS
    local file
    for file; do
        [[ -s $file ]] || continue
        printf -- '---- the last lines of the %s\n' "$(basename "$file")"
        tail -40 "$file" | tr -d '\r'
    done
}
