/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A chain of capabilities behind the answer to an info call. */

#ifndef FAKE_CHAIN_H
#define FAKE_CHAIN_H

#include <stddef.h>
#include <stdint.h>

struct fake_chain {
	size_t header; /* bytes of the struct in front of it */
	size_t size;
	size_t last; /* where the last capability is */
	unsigned char bytes[2048];
};

/* Room for @size bytes behind the header of a new capability, zeroed. */
void *fake_chain_add(struct fake_chain *chain, uint16_t id, uint16_t version, size_t size);

/* Copy behind @argument if *@argsz says that it fits, else tell what would. */
void fake_chain_copy(const struct fake_chain *chain, void *argument, uint32_t *argsz,
		     uint32_t *offset);

#endif
