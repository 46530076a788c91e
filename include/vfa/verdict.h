/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A verdict: what vfa_container_map() would answer, and what would do instead.
 *
 * It is computed by the code that maps, from the kernel's ranges, the reserved
 * regions, the mappings and the dangerous windows of this moment, so that a
 * program can lay out an address space without trying, and without reading
 * messages. It is a copy: nothing has to be freed. It may be asked for from any thread.
 */

#ifndef VFA_VERDICT_H
#define VFA_VERDICT_H

#include <vfa/error.h>
#include <vfa/mapping.h>
#include <vfa/window.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum vfa_verdict_flags - which fields of a verdict say something */
enum vfa_verdict_flags {
	VFA_VERDICT_RANGE = 1 << 0,
	VFA_VERDICT_RESERVED = 1 << 1,
	VFA_VERDICT_MAPPING = 1 << 2,
	VFA_VERDICT_WINDOW = 1 << 3,
	VFA_VERDICT_NEAREST = 1 << 4,
};

/**
 * struct vfa_verdict - what a map request would come to
 * @struct_size: set by VFA_VERDICT_INIT
 * @flags: enum vfa_verdict_flags, of the fields below @cause that are set; the
 *	others are zero
 * @code: 0 when it would be mapped, else the negative errno
 * @cause: VFA_CAUSE_NONE, or what is in the way
 * @range: where it would be mapped; or the range asked for, when it is refused
 * @reserved: the reserved region in the way (VFA_CAUSE_RESERVED)
 * @mapping: the mapping in the way (VFA_CAUSE_OVERLAP)
 * @window: the dangerous window that @range touches; or, where nothing outside of
 *	windows is free (VFA_CAUSE_NO_SPACE), the one that @nearest touches
 * @nearest: the free range nearest to the one asked for that has its size, and
 *	heeds the limits and the alignment in the options, outside of all windows.
 *	Where alignment spoils very many places, not always the very nearest. Of
 *	VFA_CAUSE_NO_SPACE, the lowest in a window, to insist on with VFA_MAP_FIXED
 */
struct vfa_verdict {
	uint32_t struct_size;
	uint32_t flags;
	int32_t code;
	enum vfa_cause cause;
	struct vfa_iova_range range;
	struct vfa_reserved_region reserved;
	struct vfa_iova_range mapping;
	struct vfa_window window;
	struct vfa_iova_range nearest;
};

#define VFA_VERDICT_INIT                                                                           \
	{                                                                                          \
		sizeof(struct vfa_verdict), 0, 0, VFA_CAUSE_NONE, { 0, 0 },                        \
			{ { 0, 0 }, (enum vfa_reserved_type)0, 0 }, { 0, 0 },                      \
			{ { 0, 0 }, (enum vfa_window_kind)0, "" },                                 \
		{                                                                                  \
			0, 0                                                                       \
		}                                                                                  \
	}

/**
 * vfa_container_check_map() - what vfa_container_map() would answer
 * @container: a container that a device is in, or a PASID leads to
 * @vaddr: the memory, as for vfa_container_map(); NULL when only the IOVA matters,
 *	which is then looked for as for memory that suits large pages
 * @size: in bytes
 * @options: as for vfa_container_map()
 * @ret: the verdict, made with VFA_VERDICT_INIT
 *
 * Nothing is mapped, nothing is reserved, and the kernel is not asked: whether it
 * can pin the memory, and has an entry left, shows only when it is mapped. When the
 * verdict is a refusal, vfa_error_last() has the sentence and hint that
 * vfa_container_map() would give, though this call succeeds.
 *
 * Return: 0 with a verdict, whatever it is, or
 *	-EINVAL: a NULL argument; @options that are unknown or contradict each other;
 *		@ret without its size (all VFA_CAUSE_BAD_ARGUMENT)
 *	-ENODEV: no device has joined yet (VFA_CAUSE_WRONG_ORDER)
 *	-EBUSY: the container was sent to another process (VFA_CAUSE_SENT)
 *	-EOPNOTSUPP: noiommu does not translate (VFA_CAUSE_NOIOMMU)
 */
int vfa_container_check_map(struct vfa_container *container, const void *vaddr, uint64_t size,
			    const struct vfa_map_options *options, struct vfa_verdict *ret);

#ifdef __cplusplus
}
#endif

#endif
