/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A guest of the guest: a VM of KVM with one processor in real mode and a few pages
 * of memory. What it writes to a port comes back from guest_run(). Failures fail the
 * test.
 */

#ifndef GUEST_H
#define GUEST_H

#include "common.h"

#define GUEST_PORT 0x10 /* what guests write to */
#define GUEST_IRQ  5    /* of the first interrupt controller */

struct guest {
	int vm;
	int vcpu;
	volatile struct kvm_run *state;
	uint8_t *memory;
};

/* A VM, without processor. Skips where KVM has none. */
int guest_vm(struct vm *vm);

/* A VM that is about to run code of its own: guest_flush or guest_wait. */
struct guest guest_open(struct vm *vm, const uint8_t *code, const uint8_t *end);

/* Let it run until it writes to the port: what it wrote. */
uint8_t guest_run(const struct guest *guest);

/* Writes back the caches by WBINVD and says GUEST_FLUSHED, then GUEST_ON, for ever. */
extern const uint8_t guest_flush[], guest_flush_end[];

#define GUEST_FLUSHED 1
#define GUEST_ON      2

/* Says GUEST_READY, then GUEST_INTERRUPTED each time GUEST_IRQ arrives, before it ends that. */
extern const uint8_t guest_wait[], guest_wait_end[];

#define GUEST_READY       1
#define GUEST_INTERRUPTED 2

#endif
