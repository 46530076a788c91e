/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Registration with KVM, as a device sees it. */

#ifndef LIB_KVM_H
#define LIB_KVM_H

#include <vfa/kvm.h>

#include "device.h"

/** kvm_forget_device() - remove a device that is about to be closed, if it was added */
void kvm_forget_device(struct vfa_device *device);

#endif
