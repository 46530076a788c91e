# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
# shellcheck shell=bash disable=SC2154
#
# The guest's initramfs: busybox, init, the programs of a build, their shared
# libraries, and for the stock kernel the modules they need. It is made once
# for each kernel and made anew when one of its inputs is newer; what differs from run
# to run is a second archive behind it.

image_programs() { # BUILD: every program that the guest gets
    local dir
    for dir in examples tests/vm tools/vfa bench/vm; do
        [[ -d $1/$dir ]] || continue
        find "$1/$dir" -type f -perm -u+x ! -name '*.so*' ! -name '*.o' | while read -r file; do
            if [[ $(head -c4 "$file" | tr -d '\0') = $'\x7fELF' ]]; then
                echo "$file"
            fi
        done
    done | sort
}

image_libraries() { # BUILD PROGRAM...: the shared libraries they need, loader included
    local build=$1
    shift
    (($#)) || return 0
    {
        LD_LIBRARY_PATH=$build/lib ldd "$@" |
            sed -nE 's,^\t([^/]* => )?(/.*) \(0x[0-9a-f]+\)$,\2,p' # spaces may be in a path
        # Loaded at run time, when a thread ends early.
        gcc -print-file-name=libgcc_s.so.1
    } | grep '^/' | awk -F/ '!seen[$NF]++'
}

image_is_fresh() { # IMAGE BUILD
    local inputs
    [[ -f $1 && -f $1.inputs ]] || return 1
    cmp -s "$1.programs" <(image_programs "$2") || return 1
    mapfile -t inputs <"$1.inputs"
    # A library is a link; a file that has gone counts as newer.
    [[ -z $(find -L "${inputs[@]}" -maxdepth 0 -newer "$1" 2>&1 | head -1) ]]
}

image_base() { # BUILD KERNELDIR: print the path of an up-to-date image
    local build=$1 kernel=$2 dir=$1/vm image lock
    image=$dir/$(basename "$kernel").cpio
    mkdir -p "$dir"
    exec {lock}>"$image.lock"
    flock "$lock"
    image_is_fresh "$image" "$build" || image_build "$build" "$kernel" "$image"
    exec {lock}>&-
    echo "$image"
}

image_build() { # BUILD KERNELDIR IMAGE
    local build=$1 kernel=$2 image=$3 root=$3.root programs libraries
    # Carries the time from before the copy: an input that changes under way is newer.
    touch "$image.stamp"
    rm -rf "$root"
    mapfile -t programs < <(image_programs "$build")
    mapfile -t libraries < <(image_libraries "$build" "${programs[@]}")

    mkdir -p "$root"/{bin,sbin,lib,lib64,usr/bin,etc,vm,proc,sys,dev,tmp,run,root}
    cp "$(command -v busybox)" "$root/bin/busybox"
    ln -s busybox "$root/bin/sh"
    cp "$here/init" "$root/init"
    printf '%s:x:%s:%s::/:/bin/sh\n' root 0 0 nobody 65534 65534 >"$root/etc/passwd"
    printf '%s:x:%s:\n' root 0 nogroup 65534 >"$root/etc/group"
    ((${#programs[@]} == 0)) || cp "${programs[@]}" "$root/usr/bin/"
    ((${#libraries[@]} == 0)) || cp -L "${libraries[@]}" "$root/lib/"
    if compgen -G "$root/lib/ld-linux*" >/dev/null; then
        cp "$root"/lib/ld-linux* "$root/lib64/"
    fi
    [[ ! -d $kernel/modules ]] || image_modules "$kernel/modules" "$root/lib/modules"

    image_archive "$root" >"$image.new"
    touch -r "$image.stamp" "$image.new"
    printf '%s\n' "${programs[@]}" | grep . >"$image.programs" || true
    printf '%s\n' "${programs[@]}" "${libraries[@]}" "$here/init" "$here/image.sh" \
        "$kernel" | grep . >"$image.inputs"
    mv "$image.new" "$image"
    rm -rf "$root" "$image.stamp"
}

# What vfio-pci, the kernel's nvme driver and KVM on QEMU's processors need, flat, in the
# order to load.
image_modules() { # TREE DIR
    local version module file
    version=$(ls "$1/lib/modules")
    mkdir -p "$2"
    for module in vfio-pci vfio_iommu_type1 nvme kvm-amd; do
        PATH=$PATH:/usr/sbin:/sbin modprobe -d "$1" -S "$version" -C /dev/null --show-depends "$module"
    done | sed -n 's/^insmod \(.*\.ko[.a-z]*\)\( .*\)\?$/\1/p' | awk '!seen[$0]++' | while read -r file; do
        case $file in
        *.xz) xz -dc "$file" >"$2/$(basename "$file" .xz)" ;;
        *) cp "$file" "$2/" ;;
        esac
        basename "$file" .xz
    done >"$2/order"
}

image_archive() { # DIR: print it as an archive to go behind an image
    chmod -R a+rX "$1" # for the guest's other users, whatever the umask is here
    (cd "$1" && find . -print0 | cpio -0 -o -H newc --quiet -R 0:0)
}
