/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A peer: a part of a device's BAR that the devices of a container reach by DMA.
 *
 * The requests go through the IOMMU, which leads them to the BAR, so that isolation stays
 * what it is; whether the hardware on the way passes them on, vfa/p2p.h judges. The part is in
 * the container's list of mappings like memory: what is at an IOVA, the IOVA of an address and
 * the check of a device that joins know it. It is mapped into the process too.
 *
 * The peer may be a device of the same container or of another one, on either backend. Of
 * a container on type1 the kernel maps the BAR as it is in the process. Of one on iommufd it
 * takes a dma-buf of the BAR, made by VFIO (Linux 6.19), and takes it away again, "revokes"
 * it, before the peer is reset, by vfa_device_reset(), vfa_device_hot_reset() or its own
 * registers, whatever comes of the reset, and when it stops to decode memory, or goes to D3
 * or low power. Nothing puts it back but vfa_peer_restore(). On type1 nothing is revoked: requests
 * that come while the peer does not decode memory are lost, and later ones arrive.
 *
 * The kernel tells nobody what it revokes. The library counts what it does to the peer itself,
 * so what it cannot know is what others do: another process with a duplicate of the peer's fd,
 * a hot reset through a container that it was not given, or ioctls that the caller makes on
 * vfa_device_fd(). In doubt, vfa_peer_restore() it. A reset by root, through sysfs, revokes
 * nothing.
 *
 * A handle keeps its container alive, but not the peer: vfa_device_close() of the peer unmaps
 * its parts from whatever containers first, on both backends, so that no device reaches what
 * somebody else may have opened by then. The handle is valid until vfa_peer_unmap() all
 * the same. All functions may be called from any thread, but not with a handle that another
 * one unmaps. vfa_peer_unmap() and vfa_device_close() of the peer may meet: what they have in
 * common is counted, and goes with the last of them.
 */

#ifndef VFA_PEER_H
#define VFA_PEER_H

#include <stdint.h>
#include <vfa/device.h>
#include <vfa/mapping.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_peer;

/** enum vfa_peer_state - what becomes of requests to a peer */
enum vfa_peer_state {
	VFA_PEER_MAPPED = 1, /* they arrive */
	VFA_PEER_OFF,        /* type1: they are lost, until the peer decodes memory again */
	VFA_PEER_REVOKED,    /* iommufd: the IOMMU stops them, until vfa_peer_restore() */
	VFA_PEER_CLOSED,     /* the peer was closed: the IOMMU stops them */
};

/**
 * vfa_peer_map() - let a container's devices reach a part of a BAR
 * @container: a container that a device is in, or a PASID leads to
 * @peer: the device that has the BAR
 * @region: VFA_BAR(0) to VFA_BAR(5), one of memory
 * @offset: in the BAR, in bytes; a multiple of the page size and of
 *	vfa_container_alignment()
 * @size: in bytes; a multiple of the same
 * @options: as of vfa_container_map(); NULL to map both ways at an IOVA that the library
 *	chooses
 * @ret: the peer, to be unmapped with vfa_peer_unmap()
 *
 * The whole part has to be one that vfa_region_map_part() maps, and the peer has to decode
 * memory. No memory is pinned, and nothing counted against the limit on locked memory.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument; @region is not a BAR, or one that the device does not have
 *		(VFA_CAUSE_NO_REGION); a size of 0 (VFA_CAUSE_EMPTY); the BAR is smaller than
 *		a page, or the part not of whole pages (VFA_CAUSE_MISALIGNED); it ends behind
 *		the BAR (VFA_CAUSE_REGION_BOUNDS)
 *	-EOPNOTSUPP: the BAR is I/O ports, or the kernel does not map the part
 *		(VFA_CAUSE_REGION_RIGHTS); on iommufd, the kernel makes no dma-bufs of BARs,
 *		or does not map them (VFA_CAUSE_NO_FEATURE): the message has since which
 *		version it does; @container is noiommu, which does not translate
 *		(VFA_CAUSE_NOIOMMU)
 *	-EIO: the peer does not decode memory: Memory Space Enable is off, or it is in D3
 *		or in low power (VFA_CAUSE_REGION_OFF)
 *	-ENODEV: the peer is gone (VFA_CAUSE_DEVICE_GONE); no device is in the container
 *		(VFA_CAUSE_WRONG_ORDER)
 *	-EBUSY: one of the two containers was sent to another process (VFA_CAUSE_SENT)
 *	and the errors of vfa_container_map() that have to do with @options and the IOVA, and
 *	those of mmap(2).
 *
 * Kernel: VFIO_IOMMU_MAP_DMA; VFIO_DEVICE_FEATURE_DMA_BUF with CONFIG_PCI_P2PDMA (Linux
 * 6.19), IOMMU_IOAS_MAP_FILE.
 */
int vfa_peer_map(struct vfa_container *container, struct vfa_device *peer, uint32_t region,
		 uint64_t offset, uint64_t size, const struct vfa_map_options *options,
		 struct vfa_peer **ret);

/**
 * vfa_peer_unmap() - unmap a peer and free its handle
 * @peer: the peer, in whatever state, or NULL
 *
 * Return: 0, or the errors of vfa_mapping_unmap(). After VFA_CAUSE_SHORT_UNMAP the handle is
 * dead; after any other failure the peer is still mapped, and the handle valid.
 *
 * Kernel: VFIO_IOMMU_UNMAP_DMA; IOMMU_IOAS_UNMAP.
 */
int vfa_peer_unmap(struct vfa_peer *peer);

/**
 * vfa_peer_check() - whether requests arrive
 * @peer: the peer
 *
 * By what the library did to the device, and by a look into its config space. What it
 * cannot know is told above; calls that go on in other threads count when they return.
 *
 * Return: of enum vfa_peer_state, or
 *	-EINVAL: @peer is NULL
 *	-ENODEV: the device is gone (VFA_CAUSE_DEVICE_GONE)
 *	any other errno of pread(2)
 */
int vfa_peer_check(struct vfa_peer *peer);

/**
 * vfa_peer_restore() - have requests arrive again after a revocation
 * @peer: the peer
 *
 * On iommufd it is unmapped and mapped again, at the same IOVA, whatever its state: requests
 * that come in between are stopped. On type1, where the IOMMU leads there all the time,
 * nothing is done but to look. Pages that vfa_region_catch_fault() put in the place of those
 * at vfa_peer_address() are the device's again, as after vfa_region_restore().
 *
 * Return: 0 when it is VFA_PEER_MAPPED now, or
 *	-EINVAL: @peer is NULL
 *	-EIO: the peer does not decode memory (VFA_CAUSE_REGION_OFF); nothing was done
 *	-ENODEV: the peer was closed (VFA_CAUSE_WRONG_ORDER) or is gone
 *		(VFA_CAUSE_DEVICE_GONE)
 *	and the other errors of vfa_peer_map(). Should the kernel refuse to map it again,
 *	nothing is mapped at its IOVA, and it stays VFA_PEER_REVOKED; the next call tries to
 *	have the same IOVA, which is refused when somebody has mapped there
 *	(VFA_CAUSE_OVERLAP).
 *
 * Kernel: IOMMU_IOAS_UNMAP, VFIO_DEVICE_FEATURE_DMA_BUF, IOMMU_IOAS_MAP_FILE.
 */
int vfa_peer_restore(struct vfa_peer *peer);

/** vfa_peer_iova() - where it starts for the container's devices; @peer not NULL */
uint64_t vfa_peer_iova(const struct vfa_peer *peer);

/**
 * vfa_peer_address() - where it starts for this process
 * @peer: the peer, not NULL
 *
 * To be used by vfa/mmio.h, and not at all while the peer does not decode memory
 * (vfa_region_catch_fault() tells what happens then). It is vfa_region_map_part()'s, but
 * only vfa_peer_unmap() unmaps it, and vfa_device_close() of the peer.
 *
 * Return: the address, or NULL once the peer was closed.
 */
volatile void *vfa_peer_address(const struct vfa_peer *peer);

/** vfa_peer_size() - its size in bytes; @peer not NULL */
uint64_t vfa_peer_size(const struct vfa_peer *peer);

/**
 * vfa_peer_state_name() - such as "revoked"
 * @state: any value; "unknown" for one this library does not know
 */
const char *vfa_peer_state_name(enum vfa_peer_state state);

#ifdef __cplusplus
}
#endif

#endif
