# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
# shellcheck shell=bash
#
# What the scripts named run.sh tell of themselves. Needs usage.

say() { echo "== $*"; }

wrong() { # REASON
    {
        echo "run.sh: $*"
        usage
    } >&2
    exit 2
}
