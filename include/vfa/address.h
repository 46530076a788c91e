/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What is at an IOVA: for a person who has one from the kernel's log of a fault.
 *
 * An answer is a copy that describes the container at the moment of the question:
 * nothing has to be freed, and mappings may have come and gone since the fault.
 * Both functions may be called from any thread.
 */

#ifndef VFA_ADDRESS_H
#define VFA_ADDRESS_H

#include <vfa/mapping.h>
#include <vfa/window.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum vfa_address_kind - what an IOVA is in */
enum vfa_address_kind {
	VFA_ADDRESS_MAPPED = 1, /* a mapping */
	VFA_ADDRESS_GAP,        /* nothing, but it could be mapped */
	VFA_ADDRESS_RESERVED,   /* a reserved region */
	VFA_ADDRESS_OUTSIDE,    /* no range that the IOMMU translates */
};

/** enum vfa_address_flags - which fields of a struct vfa_address_info say something, and of what */
enum vfa_address_flags {
	VFA_ADDRESS_HAS_BEFORE = 1 << 0,
	VFA_ADDRESS_HAS_BEHIND = 1 << 1,
	VFA_ADDRESS_HAS_WINDOW = 1 << 2,
	VFA_ADDRESS_IS_BAR = 1 << 3, /* no memory: a peer (vfa/peer.h), or a dma-buf */
};

/**
 * struct vfa_address_info - what is at an IOVA
 * @struct_size: set by VFA_ADDRESS_INFO_INIT
 * @flags: enum vfa_address_flags
 * @iova: the address asked for
 * @kind: what it is in
 * @access: of the mapping it is in, enum vfa_access; else 0
 * @range: the mapping, the gap, the reserved region, or the hole between the ranges
 * @before: the mapping that ends next before @range
 * @behind: the mapping that starts next behind @range
 * @reserved: the region that @kind VFA_ADDRESS_RESERVED means
 * @window: the dangerous window it is in, whatever the kind
 * @vaddr: of the mapping it is in, where this byte is in this process; else NULL, as for
 *	a dma-buf without an address
 */
struct vfa_address_info {
	uint32_t struct_size;
	uint32_t flags;
	uint64_t iova;
	enum vfa_address_kind kind;
	uint32_t access;
	struct vfa_iova_range range;
	struct vfa_iova_range before;
	struct vfa_iova_range behind;
	struct vfa_reserved_region reserved;
	struct vfa_window window;
	void *vaddr;
};

#define VFA_ADDRESS_INFO_INIT                                                                      \
	{                                                                                          \
		sizeof(struct vfa_address_info), 0, 0, (enum vfa_address_kind)0, 0, { 0, 0 },      \
			{ 0, 0 }, { 0, 0 }, { { 0, 0 }, (enum vfa_reserved_type)0, 0 },            \
			{ { 0, 0 }, (enum vfa_window_kind)0, "" }, 0                               \
	}

/**
 * vfa_container_describe() - what is at an IOVA
 * @container: a container that a device is in, or a PASID leads to
 * @iova: any address
 * @ret: the answer, made with VFA_ADDRESS_INFO_INIT
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, or @ret without its size (VFA_CAUSE_BAD_ARGUMENT)
 *	-ENODEV: no device has joined yet (VFA_CAUSE_WRONG_ORDER)
 *	-EBUSY: the container was sent to another process (VFA_CAUSE_SENT)
 *	-EOPNOTSUPP: noiommu does not translate (VFA_CAUSE_NOIOMMU)
 */
int vfa_container_describe(struct vfa_container *container, uint64_t iova,
			   struct vfa_address_info *ret);

/**
 * vfa_address_explain() - the same in a sentence
 * @info: an answer of vfa_container_describe()
 * @access: what the device did, VFA_ACCESS_READ or VFA_ACCESS_WRITE, and the sentence
 *	tells whether that faults; 0 when it is not known
 * @text: receives the sentence, may be NULL when @size is 0
 * @size: of @text in bytes; the sentence is cut to fit, and always terminated
 *
 * Return: the length of the whole sentence, or -EINVAL for a NULL argument, @info
 * without its size, or another @access (VFA_CAUSE_BAD_ARGUMENT).
 */
int vfa_address_explain(const struct vfa_address_info *info, uint32_t access, char *text,
			size_t size);

#ifdef __cplusplus
}
#endif

#endif
