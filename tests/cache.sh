# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
# shellcheck shell=bash
#
# Sets cache to the directory that keeps kernels and sources from run to run: the
# user's cache, or where that cannot be written (and has no kernel to offer), or where
# there is no HOME, a directory below /var/tmp that nobody else can write.

cache_offers() { # DIR
    mkdir -p "$1" 2>/dev/null && [[ -w $1 ]] && return
    compgen -G "$1/kernel/*/bzImage" >/dev/null
}

cache=${XDG_CACHE_HOME:-${HOME-}/.cache}/libvfa
if [[ -z ${XDG_CACHE_HOME-}${HOME-} ]] || ! cache_offers "$cache"; then
    cache=/var/tmp/libvfa-$EUID
    mkdir -m 700 "$cache" 2>/dev/null || true
    if [[ ! -d $cache || -L $cache || ! -O $cache ]]; then
        echo "cache.sh: no place for kernels and sources: $cache is another's; set XDG_CACHE_HOME" >&2
        exit 1
    fi
fi
