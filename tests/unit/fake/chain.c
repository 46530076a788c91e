/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fake/chain.h"

#include <linux/vfio.h>
#include <string.h>

static void set_next(struct fake_chain *chain, size_t at, uint32_t next)
{
	memcpy(chain->bytes + at + offsetof(struct vfio_info_cap_header, next), &next,
	       sizeof(next));
}

void *fake_chain_add(struct fake_chain *chain, uint16_t id, uint16_t version, size_t size)
{
	struct vfio_info_cap_header header = { .id = id, .version = version };
	size_t at = chain->size;

	if (at)
		set_next(chain, chain->last, chain->header + at);
	memcpy(chain->bytes + at, &header, sizeof(header));
	chain->last = at;
	/* As kernels before 6.6, which keep nothing but what has 32 bits aligned. */
	chain->size += (sizeof(header) + size + 3) & ~(size_t)3;
	return chain->bytes + at + sizeof(header);
}

void fake_chain_copy(const struct fake_chain *chain, void *argument, uint32_t *argsz,
		     uint32_t *offset)
{
	*offset = 0;
	if (*argsz < chain->header + chain->size) {
		*argsz = chain->header + chain->size;
		return;
	}
	memcpy((char *)argument + chain->header, chain->bytes, chain->size);
	*offset = chain->header;
}
