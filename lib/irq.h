/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Interrupts of a device, as the rest of the library uses them. */

#ifndef LIB_IRQ_H
#define LIB_IRQ_H

#include "device.h"

/** irq_release_all() - disable what is still enabled; nobody else uses the device any more */
void irq_release_all(struct vfa_device *device);

#endif
