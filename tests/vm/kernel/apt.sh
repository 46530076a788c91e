# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
# shellcheck shell=bash disable=SC2154
#
# A private apt: other suites of the machine's own Debian mirror, signatures
# checked, in a directory of its own. The machine's package state is untouched
# and no root is needed.

apt_release() { # this Debian release's code name
    (
        . /etc/os-release
        echo "$VERSION_CODENAME"
    )
}

# The addresses from which the machine gets this release. Asking apt covers both
# formats of its source lists, and needs no package lists yet. Another vendor's
# archive may be among them; its signature will not verify.
apt_mirrors() {
    local release
    release=$(apt_release)
    apt-get --print-uris update |
        sed -nE "s,^'(.*)/dists/($release|stable)/main/binary-.*,\1,p" | sort -u
}

apt_open() { # DIR SUITE...: fetch the package lists of these suites
    local dir=$1 mirrors mirror suite
    shift
    mirrors=$(apt_mirrors)
    [[ -n $mirrors ]] || die "apt knows no Debian mirror: add one to /etc/apt/sources.list.d"
    mkdir -p "$dir"/{state/lists/partial,cache/archives/partial}
    : >"$dir/status"
    for mirror in $mirrors; do
        for suite; do
            echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
        done
    done >"$dir/sources.list"

    # The machine's network settings hold (a proxy, say); its hooks do not.
    apt-config dump | grep -Ev '^(APT::Update|DPkg|Dir)\b' >"$dir/apt.conf"
    cat >>"$dir/apt.conf" <<END
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$dir/state";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache";
APT::Architecture "amd64";
APT::Sandbox::User "root";
END
    export APT_CONFIG=$dir/apt.conf

    # apt leaves out a suite whose signature does not verify; what counts is
    # whether the package is found in another.
    apt-get -qq update >"$dir/update.log" 2>&1 || true
}

apt_has_no() { # PACKAGE DIR
    grep '^[EW]:' "$2/update.log" >&2 || true
    die "no package $1 to be had: check the network, then try again"
}

apt_newest() { # PACKAGE: its highest version
    apt-cache madison "$1" | awk '{ print $3 }' | sort -V | tail -1
}

apt_fetch() { # PACKAGE=VERSION DIR: download and unpack into DIR
    (
        mkdir -p "$2"
        cd "$2/.." || exit
        apt-get -qq download "$1"
        dpkg-deb -x "${1%%=*}"_*.deb "$2"
        rm -f "${1%%=*}"_*.deb
    )
}
