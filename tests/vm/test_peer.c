/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Parts of BARs as targets of DMA: edu's engine writes into the memory of ivshmem and into NVMe's
 * controller memory buffer, and reads from them.
 */

#include <errno.h>
#include <linux/pci_regs.h>

#include "edu.h"

#define SIZE (4u * PAGE_SIZE)

static struct vfa_peer *map_peer(struct vfa_container *space, struct vfa_device *device,
				 uint64_t offset, uint64_t size)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vfa_peer *peer = NULL;

	options.iova_max = EDU_DMA_MASK;
	assert_ok(vfa_peer_map(space, device, VFA_BAR(2), offset, size, &options, &peer));
	return peer;
}

static void a_device_writes_into_a_peer(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *memory;
	struct vfa_buffer *buffer;
	struct vfa_peer *peer;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	memory = vm_device(vm, space, SHARED_MEMORY);
	buffer = edu_buffer(vm, space, PAGE_SIZE);
	peer = map_peer(space, memory, 0, SIZE);
	edu_fill(vfa_buffer_vaddr(buffer), 2048, 1);
	edu_take(&edu, vfa_buffer_iova(buffer), 2048);
	edu_give(&edu, vfa_peer_iova(peer), 2048);
	edu_check((void *)vfa_peer_address(peer), 2048, 1);
	assert_int_equal(vfa_peer_check(peer), VFA_PEER_MAPPED);
	assert_ok(vfa_peer_unmap(peer));
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_device_writes_into_a_peer),
	};

	return vm_run_cases("peer", cases);
}
