# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
# shellcheck shell=bash disable=SC2154
#
# KVM or TCG? A /dev/kvm that opens proves nothing: some create a machine and
# then fail on an instruction. So KVM is used after a whole boot has worked, tried once
# for each boot of the host.

accel_choice() { # BUILD: print kvm or tcg
    local answer lock
    if [[ -n ${VFA_VM_ACCEL-} ]]; then
        echo "$VFA_VM_ACCEL"
        return
    fi
    if [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
        echo tcg
        return
    fi
    answer=$cache
    [[ -w $cache ]] || answer=$1/vm
    answer+=/accel-$(</proc/sys/kernel/random/boot_id)
    exec {lock}>"${answer%/*}/accel.lock"
    flock "$lock"
    if [[ ! -f $answer ]]; then
        rm -f "${answer%/*}"/accel-????????-*
        accel_try "$1" >"$answer.new"
        mv "$answer.new" "$answer"
    fi
    cat "$answer"
}

accel_try() { # BUILD
    if VFA_VM_ACCEL=kvm "$here/run.sh" -b "$1" -t 30 -l "$1/vm/logs/kvm-trial.log" \
        none busybox true >/dev/null 2>&1; then
        echo kvm
    else
        echo tcg
    fi
}
