# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
# shellcheck shell=bash disable=SC2154
#
# The kernel of this Debian release for virtual machines: VFIO as modules and no
# iommufd. Unpacked, never installed.

stock_suffix() {
    echo "-$(apt_release)"
}

stock_make() { # DIR: leaves the kernel in DIR/out and its version in DIR/version
    local dir=$1 release package version
    release=$(apt_release)
    apt_open "$dir/apt" "$release"
    # linux-image-cloud-amd64 is a name for the current one.
    package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-/ { print $2 }' | head -1)
    [[ -n $package ]] || apt_has_no linux-image-cloud-amd64 "$dir/apt"
    version=$(apt_newest "$package")
    echo "$version" >"$dir/version"

    say "fetching $package $version"
    apt_fetch "$package=$version" "$dir/package"
    mkdir "$dir/out/modules"
    cp "$dir"/package/boot/vmlinuz-* "$dir/out/bzImage"
    # Debian 13 moved modules to /usr.
    mkdir "$dir/out/modules/lib"
    cp -r "$dir"/package/{usr/,}lib/modules "$dir/out/modules/lib/" 2>/dev/null || true
    PATH=$PATH:/usr/sbin:/sbin depmod -b "$dir/out/modules" "$(ls "$dir/out/modules/lib/modules")"
}
