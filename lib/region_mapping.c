/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "region_mapping.h"

#include <stdlib.h>
#include <sys/mman.h>

void region_mapping_add(struct vfa_device *device, struct region_mapping *mapping)
{
	mapping->next = device->mappings.first;
	device->mappings.first = mapping;
}

/* Whoever enters from here on cannot meet them. */
static void free_retired(struct region_mappings *mappings)
{
	while (mappings->retired) {
		struct region_mapping *mapping = mappings->retired;

		mappings->retired = mapping->next_retired;
		free(mapping);
	}
}

void region_mapping_remove(struct vfa_device *device, struct region_mapping *mapping)
{
	struct region_mappings *mappings = &device->mappings;
	_Atomic(struct region_mapping *) *link = &mappings->first;

	while (*link != mapping)
		link = &(*link)->next;
	*link = mapping->next;
	mapping->next_retired = mappings->retired;
	mappings->retired = mapping;
	if (!mappings->readers)
		free_retired(mappings);
}

void region_mappings_release(struct vfa_device *device)
{
	free_retired(&device->mappings);
}

void region_mappings_enter(struct vfa_device *device)
{
	device->mappings.readers++;
}

void region_mappings_leave(struct vfa_device *device)
{
	device->mappings.readers--;
}

struct region_mapping *region_mapping_find(const struct vfa_device *device, const void *address)
{
	struct region_mapping *mapping;

	for (mapping = device->mappings.first; mapping; mapping = mapping->next)
		if ((uintptr_t)address - (uintptr_t)mapping->address < mapping->size)
			break;
	return mapping;
}

int region_mapping_protection(const struct vfa_device *device, const struct region_mapping *mapping)
{
	uint32_t flags = device->regions[mapping->index].info.flags;

	return (flags & VFA_REGION_CAN_READ ? PROT_READ : 0) |
	       (flags & VFA_REGION_CAN_WRITE ? PROT_WRITE : 0);
}
