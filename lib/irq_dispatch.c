/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>

#include "base/api.h"
#include "base/error.h"
#include "irq.h"

#define BATCH 64 /* events that are taken before the first handler is called */

VFA_API int vfa_irq_set_handler(struct vfa_irq *irq,
				void (*handler)(struct vfa_irq *irq, uint32_t vector,
						uint64_t count, void *data),
				void *data)
{
	if (!irq)
		return error_null("irq");
	irq->handler = handler;
	irq->data = data;
	return 0;
}

/* What is taken from an eventfd has to get somewhere. */
static int check_handlers(struct vfa_irq *const *irqs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!irqs[i])
			return error_null("irqs");
		if (!irqs[i]->handler)
			return error_set(EINVAL, VFA_CAUSE_WRONG_ORDER,
					 "%s: %s interrupts have no handler\n"
					 "give them one first: vfa_irq_set_handler",
					 irqs[i]->device->bdf, irq_name(irqs[i]->kind));
	}
	return 0;
}

/* Each of them may take away another's, or its own. */
static int call_handlers(const struct vfa_irq_event *events, int count)
{
	int called = 0;

	for (int i = 0; i < count; i++) {
		struct vfa_irq *irq = events[i].irq;

		if (!irq->handler)
			continue;
		irq->handler(irq, events[i].vector, events[i].count, irq->data);
		called++;
	}
	return called;
}

VFA_API int vfa_irq_dispatch(struct vfa_irq *const *irqs, size_t count, int timeout_ms)
{
	struct vfa_irq_event events[BATCH];
	int got = irqs ? check_handlers(irqs, count) : error_null("irqs");

	if (!got)
		got = vfa_irq_wait_any(irqs, count, timeout_ms, events, BATCH);
	return got > 0 ? call_handlers(events, got) : got;
}
