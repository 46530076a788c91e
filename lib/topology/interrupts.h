/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Whether devices can be kept from forging interrupts. */

#ifndef TOPOLOGY_INTERRUPTS_H
#define TOPOLOGY_INTERRUPTS_H

#include <vfa/answer.h>

#include "base/host.h"

struct interrupts {
	enum vfa_answer are_remapped;
	char chip[64]; /* an interrupt controller that shows it; empty when unknown */
};

/**
 * interrupts_read() - what the names of the interrupts' controllers tell
 *
 * The kernel asks the controller of each device's interrupts, which it shows by no file.
 * Those that check where a message comes from have names of their own, though.
 */
void interrupts_read(const struct vfa_host *host, struct interrupts *ret);

#endif
