/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A container: one I/O address space, shared by the devices that join it.
 *
 * It is a type1 container or an iommufd IOAS, and owns the fds behind it. A
 * new container is empty; vfa_device_open() brings devices in, and from then
 * on memory can be mapped (vfa/mapping.h). What may be mapped is known only
 * after a device has joined, and can change when another joins or leaves. On iommufd a
 * PASID that leads to the container, of a device in it or elsewhere, does the same
 * (vfa/pasid.h): the container is reached by a device in it or by a PASID.
 *
 * All functions may be called from any thread. Devices, buffers, layouts, peers, PASIDs and
 * fault queues keep their container alive: after vfa_container_close() they still work, and
 * the fds close with the last of them. Mappings belong to the container and go with it.
 */

#ifndef VFA_CONTAINER_H
#define VFA_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vfa/host.h>
#include <vfa/iova.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_container;

/**
 * vfa_container_open() - make an empty address space
 * @host: the machine, or NULL for this one
 * @backend: the kernel interface, or VFA_BACKEND_AUTO to let the first device decide
 * @ret: the container, to be closed with vfa_container_close()
 *
 * A named backend is opened at once; with AUTO nothing is opened yet.
 *
 * Return: 0, or
 *	-EINVAL: @ret is NULL or @backend unknown
 *	-ENOMEM: no memory
 *	and all of vfa_host_check_backend()
 *
 * Kernel: /dev/vfio/vfio; /dev/iommu with IOMMU_IOAS_ALLOC.
 */
int vfa_container_open(struct vfa_host *host, enum vfa_backend backend, struct vfa_container **ret);

/**
 * vfa_container_open_fd() - make an empty address space from an open fd
 * @host: the machine, or NULL for this one
 * @backend: VFA_BACKEND_TYPE1, VFA_BACKEND_IOMMUFD or VFA_BACKEND_NOIOMMU
 * @fd: an open /dev/vfio/vfio or /dev/iommu, as @backend has it. It is
 *	duplicated: the caller keeps and closes its own
 * @ret: the container, to be closed with vfa_container_close()
 *
 * A type1 container must be fresh, with no group in it. On iommufd a new IOAS
 * is made, so that one fd can serve several containers.
 *
 * Return: 0, or
 *	-EINVAL: @ret is NULL, @backend is none of the three
 *	-EBADF: @fd is closed (VFA_CAUSE_BAD_FD)
 *	-ENOTTY: @fd is not of the kind @backend needs (VFA_CAUSE_BAD_FD)
 *	-ENOENT: VFIO has no type1 (VFA_CAUSE_NO_TYPE1), or noiommu is off
 *		(VFA_CAUSE_NOIOMMU)
 *	-EBUSY: the type1 container is already in use (VFA_CAUSE_BAD_FD)
 *	-ENOMEM: no memory
 *	any other errno of the kernel, such as EMFILE
 */
int vfa_container_open_fd(struct vfa_host *host, enum vfa_backend backend, int fd,
			  struct vfa_container **ret);

/**
 * vfa_container_open_beside() - make another empty address space of the same iommufd
 * @container: a container on iommufd, which stays as it is
 * @ret: the other one, to be closed with vfa_container_close()
 *
 * The two share the fd and who locked memory is counted for; no device and no mapping.
 * Devices of one can reach the other by PASID (vfa/pasid.h). As vfa_container_open_fd()
 * with the container's own fd, and for one that was received (vfa/share.h) too.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument
 *	-ENODEV: @container has no backend yet (VFA_CAUSE_WRONG_ORDER)
 *	-EOPNOTSUPP: it is not on iommufd: a type1 container is one address space
 *		(VFA_CAUSE_BAD_ARGUMENT)
 *	-EBUSY: it was sent to another process (VFA_CAUSE_SENT)
 *	-ENOMEM: no memory
 *	any other errno of the kernel, such as EMFILE
 *
 * Kernel: IOMMU_IOAS_ALLOC.
 */
int vfa_container_open_beside(struct vfa_container *container, struct vfa_container **ret);

/**
 * vfa_container_close() - drop the caller's handle
 * @container: the container, or NULL
 *
 * Without devices, buffers, layouts, peers, PASIDs that lead to it, and fault queues the
 * address space goes at once, with all its mappings; else with the last of them.
 */
void vfa_container_close(struct vfa_container *container);

/**
 * vfa_container_keep_mappings() - whether mappings outlive the last device or PASID
 * @container: the container
 * @keep: whether they do, as in a new container
 *
 * When its last device leaves, type1 forgets all mappings in the kernel; iommufd
 * has them, but pins nothing. With @keep they stay in the container's list, and
 * are made again when a device joins, of what is at their addresses then: a join
 * fails where the memory is gone. Without, mappings and their handles go with the
 * last device, on both backends; at once when none is in. Those of buffers and
 * layouts stay in either case. A PASID that leads to the container counts as a device here.
 *
 * Return: 0, or
 *	-EINVAL: @container is NULL
 *	-EIO: mappings were to go at once, as vfa_container_unmap() (VFA_CAUSE_SHORT_UNMAP)
 *	any other errno of the kernel, when mappings were to go at once; what is still
 *		mapped is still listed
 *
 * Kernel: where mappings go, as vfa_container_unmap().
 */
int vfa_container_keep_mappings(struct vfa_container *container, bool keep);

/**
 * vfa_container_backend() - the backend in use
 * @container: the container
 *
 * Return: the backend; VFA_BACKEND_AUTO while no device has joined an automatic
 * container; -EINVAL when @container is NULL.
 */
int vfa_container_backend(struct vfa_container *container);

/**
 * vfa_container_reason() - why this backend, and why not the other
 * @container: the container
 * @reason: receives one sentence, may be NULL when @size is 0
 * @size: of @reason in bytes; the sentence is cut to fit, and always terminated
 *
 * Return: the length of the whole sentence, or -EINVAL for a NULL argument. While
 * an automatic container is undecided the sentence says so.
 */
int vfa_container_reason(struct vfa_container *container, char *reason, size_t size);

/**
 * vfa_container_iova_ranges() - the addresses that can be mapped
 * @container: a container that a device or a PASID reaches
 * @ranges: filled in ascending order, may be NULL when @max is 0
 * @max: number of elements in @ranges
 *
 * The kernel's answer for the devices and PASIDs that reach the container now. Mappings
 * are not taken out of it. The last page of 64 bits is, on type1 of older kernels,
 * which map but do not unmap it, and on iommufd, which maps other memory with it.
 *
 * Return: the number of ranges there are, which may exceed @max, or
 *	-EINVAL: a NULL argument
 *	-ENODEV: no device has joined yet, and no PASID leads to it
 *		(VFA_CAUSE_WRONG_ORDER)
 *	-EBUSY: the container was sent to another process (VFA_CAUSE_SENT)
 *	-EOPNOTSUPP: noiommu does not translate (VFA_CAUSE_NOIOMMU)
 *
 * Kernel: VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE; IOMMU_IOAS_IOVA_RANGES.
 */
int vfa_container_iova_ranges(struct vfa_container *container, struct vfa_iova_range *ranges,
			      size_t max);

/**
 * vfa_container_reserved_regions() - why the gaps are there
 * @container: a container that a device or a PASID reaches
 * @regions: filled in ascending order, may be NULL when @max is 0
 * @max: number of elements in @regions
 *
 * The reserved regions of all groups in the container, as sysfs lists them: an
 * annotation of the gaps between the ranges, not necessarily complete.
 *
 * Return: the number of regions there are, which may exceed @max, or the errors
 * of vfa_container_iova_ranges().
 */
int vfa_container_reserved_regions(struct vfa_container *container,
				   struct vfa_reserved_region *regions, size_t max);

/**
 * vfa_container_page_sizes() - the page sizes of the IOMMU
 * @container: a container that a device or a PASID reaches
 * @ret: a bit for each size: bit 12 is 4 KiB. On iommufd, which tells only the
 *	smallest, all sizes from there on
 *
 * Return: 0, or the errors of vfa_container_iova_ranges().
 *
 * Kernel: vfio_iommu_type1_info.iova_pgsizes; iommu_ioas_iova_ranges.out_iova_alignment.
 */
int vfa_container_page_sizes(struct vfa_container *container, uint64_t *ret);

/**
 * vfa_container_alignment() - what map requests must be a multiple of
 * @container: a container that a device or a PASID reaches
 * @ret: a power of two in bytes, for IOVA, address and size alike
 *
 * Return: 0, or the errors of vfa_container_iova_ranges().
 */
int vfa_container_alignment(struct vfa_container *container, uint64_t *ret);

/**
 * vfa_container_fd() - the fd behind the container
 * @container: the container
 *
 * For what the library does not cover. Mappings made behind its back are not
 * seen by it. The fd belongs to the container.
 *
 * Return: the fd of /dev/vfio/vfio or /dev/iommu; -EINVAL when @container is
 * NULL; -ENODEV while an automatic container is undecided (VFA_CAUSE_WRONG_ORDER).
 */
int vfa_container_fd(struct vfa_container *container);

/**
 * vfa_container_ioas() - the IOAS id of an iommufd container
 * @container: the container
 * @ret: the id
 *
 * Return: 0; -EINVAL for a NULL argument; -ENODEV while an automatic container
 * is undecided (VFA_CAUSE_WRONG_ORDER); -EOPNOTSUPP on another backend
 * (VFA_CAUSE_BAD_ARGUMENT). vfa_container_set_accounting() changes it.
 */
int vfa_container_ioas(struct vfa_container *container, uint32_t *ret);

#ifdef __cplusplus
}
#endif

#endif
