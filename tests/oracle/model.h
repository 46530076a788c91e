/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * An address space as simple as can be: an array of mappings, in order, and the
 * ranges that may be used. It says what is wrong with a request, all of it.
 */

#ifndef ORACLE_MODEL_H
#define ORACLE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vfa.h>

#define MODEL_RANGES   16
#define MODEL_MAPPINGS 4096

struct model_mapping {
	struct vfa_iova_range range;
	char *vaddr;
	struct vfa_mapping *handle;
};

struct model {
	struct vfa_iova_range allowed[MODEL_RANGES];
	size_t allowed_count;
	struct vfa_reserved_region reserved[MODEL_RANGES];
	size_t reserved_count;
	uint64_t alignment;
	struct model_mapping mappings[MODEL_MAPPINGS];
	size_t count;
};

/* What can be wrong with a request, any number of them at a time. */
enum model_fault {
	FAULT_EMPTY = 1 << 0,
	FAULT_WRAPPED = 1 << 1,
	FAULT_MISALIGNED = 1 << 2,
	FAULT_OUTSIDE = 1 << 3,
	FAULT_RESERVED = 1 << 4,
	FAULT_OVERLAP = 1 << 5,
	FAULT_CUT = 1 << 6,
	FAULT_NOTHING = 1 << 7, /* is mapped there */
};

struct model_request {
	char *vaddr; /* of a map */
	uint64_t iova;
	uint64_t size;
};

/* Where an IOVA may be chosen. */
struct model_wish {
	uint64_t size;
	uint64_t min;
	uint64_t max;
	uint64_t alignment;
};

/** model_read_limits() - take over what the library says may be used */
void model_read_limits(struct model *model, struct vfa_container *container);

/** model_find() - index of the first mapping that ends at @iova or behind it */
size_t model_find(const struct model *model, uint64_t iova);

unsigned int model_map_faults(const struct model *model, const struct model_request *request);
unsigned int model_unmap_faults(const struct model *model, const struct model_request *request);

/** model_lowest() - the lowest place for a wish; false when there is none */
bool model_lowest(const struct model *model, const struct model_wish *wish, uint64_t *ret);

/** model_is_free() - whether nothing is mapped from @range's start to its last, all allowed */
bool model_is_free(const struct model *model, const struct vfa_iova_range *range);

/**
 * model_vaddr() - what lies behind @size bytes from an IOVA on
 *
 * Return: 0; -ENOENT where some are not mapped, else -ERANGE where they are in pieces.
 */
int model_vaddr(const struct model *model, uint64_t iova, uint64_t size, char **ret);

/** model_maps() - whether an address of this process is mapped anywhere */
bool model_maps(const struct model *model, const char *vaddr);

void model_insert(struct model *model, const struct model_request *request,
		  struct vfa_mapping *handle);

/** model_remove() - forget what lies in a range that cuts nothing */
void model_remove(struct model *model, const struct model_request *request);

#endif
