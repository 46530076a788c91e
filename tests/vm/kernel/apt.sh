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

# The address of the Debian archive is the one the machine uses for its release.
# Asking apt covers both formats of its source lists.
apt_mirror() {
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$(apt_release)" \
            '($1 == release || $1 == "stable") && $2 == "main" { print $3; exit }'
}

apt_open() { # DIR SUITE...: fetch the package lists of these suites
    local dir=$1 mirror suite
    shift
    mirror=$(apt_mirror)
    [[ -n $mirror ]] || die "apt knows no Debian mirror: add one to /etc/apt/sources.list.d"
    mkdir -p "$dir"/{state/lists/partial,cache/archives/partial}
    : >"$dir/status"
    for suite; do
        echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
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

    # A suite whose signature does not verify is left out by apt; what counts is
    # whether the package is found in the others.
    apt-get -qq update >"$dir/update.log" 2>&1 ||
        say "apt-get update complained: $(grep '^[EW]:' "$dir/update.log" | head -3)"
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
