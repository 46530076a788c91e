# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
# shellcheck shell=bash disable=SC2154
#
# The purpose-built kernel: the newest linux-source package of Debian, with
# kernel.config over tinyconfig.

own_options() { # the options asked for, without comments
    grep '^CONFIG_' "$here/kernel.config" | sort
}

own_suffix() {
    echo "-$(own_options | sha256sum | cut -c1-12)"
}

own_make() { # DIR: leaves the kernel in DIR/out and its version in DIR/version
    local dir=$1 package version
    own_need flex bison bc xz make gcc
    # Before half a minute of fetching: its makefile refuses such a place.
    [[ $dir != *[[:space:]:]* ]] ||
        die "no kernel can be built in $dir (a space or a colon): set XDG_CACHE_HOME to a place without"
    say "building a guest kernel: about 6 minutes on 2 cores, once; 2 GB of disk meanwhile in $dir"
    apt_open "$dir/apt" trixie-backports testing
    package=$(apt-cache search --names-only '^linux-source-[0-9.]+$' | cut -d' ' -f1 | sort -V | tail -1)
    [[ -n $package ]] || apt_has_no linux-source "$dir/apt"
    version=$(apt_newest "$package")
    echo "$version" >"$dir/version"

    say "fetching $package $version"
    apt_fetch "$package=$version" "$dir/package"
    say "unpacking it"
    mkdir "$dir/source"
    tar -C "$dir/source" --strip-components=1 -xf "$dir"/package/usr/src/linux-source-*.tar.xz
    rm -rf "$dir/package"
    own_build "$dir/source" "$dir/out"
}

own_need() {
    local tool
    for tool; do
        command -v "$tool" >/dev/null || die "$tool is missing; run tests/setup.sh first"
    done
}

own_build() { # SOURCE OUT
    local log=$2/build.log
    {
        make -C "$1" tinyconfig
        (cd "$1" && ./scripts/kconfig/merge_config.sh -m .config "$here/kernel.config")
        make -C "$1" olddefconfig
    } >"$log" 2>&1 || own_failed "$log"
    own_check_options "$1/.config"

    make -C "$1" -j"$(nproc)" bzImage headers 2>&1 | tee -a "$log" | own_progress ||
        own_failed "$log"
    cp "$1/arch/x86/boot/bzImage" "$2/bzImage"
    cp "$1/.config" "$2/config"
    mkdir "$2/headers"
    cp -r "$1/usr/include" "$2/headers/include"
    find "$2/headers" -type f ! -name '*.h' -delete
}

own_failed() { # LOG
    tail -20 "$1"
    cp "$1" "$cache/kernel/failed-build.log"
    die "the kernel build failed; the whole log is $cache/kernel/failed-build.log"
}

# Options that this source does not know, or whose needs are not met, vanish
# without a word otherwise.
own_check_options() { # CONFIG
    local option dropped=()
    while read -r option; do
        case $option in
        *=n) ! grep -q "^${option%=n}=" "$1" || dropped+=("$option") ;;
        *) grep -qx "$option" "$1" || dropped+=("$option") ;;
        esac
    done < <(own_options)
    if ((${#dropped[@]})); then
        say "this kernel does not take: ${dropped[*]}"
    fi
}

own_progress() { # one line a build step on stdin; one updated line on a terminal
    local start=$SECONDS shown=$SECONDS steps=0 every=30 end='\n'
    if [[ -t 2 ]]; then
        every=1 end='\r'
    fi
    while read -r; do
        steps=$((steps + 1))
        if ((SECONDS - shown >= every)); then
            shown=$SECONDS
            printf "kernel.sh: %5d steps, %d s$end" "$steps" $((SECONDS - start)) >&2
        fi
    done
    say "$steps steps, $((SECONDS - start)) s"
}
