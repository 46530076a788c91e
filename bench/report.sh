# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
# shellcheck shell=bash disable=SC2034,SC2154
#
# The table, for people, and the file $tsv, for programs, from the lines that a
# benchmark prints (bench.h). Needs target_of; sets seen, the figures reported, and broken.

report_start() {
    seen='' broken=0 terminal=0 columns=${COLUMNS:-80}
    [[ ! -t 1 ]] || terminal=1
    : >"$tsv"
    row '\n%-23s %14s   %-34s %6s %14s %7s\n' figure value baseline ratio quartiles target
}

report_figure() { # NAME VALUE UNIT BASELINE RATIO BASE LOW HIGH ROUNDS
    local target verdict=''
    target=$(target_of "$1")
    if [[ $target != - ]]; then
        verdict=$(awk -v ratio="$5" -v target="$target" \
            'BEGIN { print ratio <= target ? "reached" : "MISSED" }')
    fi
    row '%-23s %14s   %-34s %6.3f %14s %7s  %s\n' "$1" "$(short "$2") $3" "$(short "$6") $3: $4" "$5" \
        "$(printf '%.3f-%.3f' "$7" "$8")" "$target" "$verdict"
    printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" >>"$tsv"
    seen+=" $1 "
}

short() { # NUMBER: three digits of it at least
    awk -v number="$1" 'BEGIN { printf number < 100 ? "%.2f" : "%.0f", number }'
}

report_skip() { # NAME REASON
    row '%-23s skipped: %s\n' "$1" "$2"
    seen+=" $1 "
}

break_down() { # REASON
    row '%s\n' "$*"
    broken=1
}

# The lines of a program, which bench.h tells of.
read_report() {
    local line words
    while IFS= read -r line; do
        IFS=$'\t' read -r -a words <<<"$line"
        case ${words[0]-} in
        figure) report_figure "${words[@]:1}" ;;
        skip) report_skip "${words[@]:1}" ;;
        note) row '%21s %s\n' '' "${words[*]:1}" ;;
        progress) progress "${words[*]:1}" ;;
        failed) break_down "it ended with status ${words[1]}" ;;
        *) row '%s\n' "$line" ;;
        esac
    done
}

# What happens just now, in a line of a terminal that the next output takes the place of.
progress() { # TEXT
    ((!terminal)) || printf '\r\e[K%.*s' "$((columns - 1))" "$*"
}

row() { # FORMAT ARG...
    progress ""
    # shellcheck disable=SC2059
    printf "$@"
}
