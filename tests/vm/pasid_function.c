/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "pasid_function.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* VT-d's part of the kernel's debugfs; it writes PASIDs in hexadecimal. */
#define TABLES "/sys/kernel/debug/iommu/intel"

#define PAGE_MASK    0x000ffffffffff000ull /* of the address in an entry of a page table */
#define FRAME_MASK   ((1ull << 55) - 1)    /* of /proc/self/pagemap */
#define DMA_PATIENCE 5000                  /* ms */

struct pasid_function pasid_function_open(struct vm *vm, struct vfa_container *space,
					  const char *bdf)
{
	struct pasid_function function = { .bdf = bdf };

	function.device = vm_device(vm, space, bdf);
	function.bar = vm_bar(function.device, 0);
	assert_ok(vfa_device_enable_bus_master(function.device));
	return function;
}

int pasid_function_write(const struct pasid_function *function, uint64_t iova, uint64_t value)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t status = PASID_DMA_RUNNING;

	vfa_mmio_write64(function->bar, PASID_DMA_VALUE, value);
	vfa_mmio_write64(function->bar, PASID_DMA_ADDRESS, iova);
	/* It has no interrupt to wait for. */
	for (int i = 0; i < DMA_PATIENCE && status == PASID_DMA_RUNNING; i++) {
		status = vfa_mmio_read64(function->bar, PASID_DMA_STATUS);
		if (status == PASID_DMA_RUNNING)
			nanosleep(&pause, NULL);
	}
	assert_int_not_equal(status, PASID_DMA_RUNNING);
	return status;
}

static void table_path(const char *bdf, uint32_t pasid, char ret[128])
{
	if (pasid)
		snprintf(ret, 128, TABLES "/%s/%x/domain_translation_struct", bdf, pasid);
	else
		snprintf(ret, 128, TABLES "/%s/domain_translation_struct", bdf);
}

bool pasid_is_attached(const char *bdf, uint32_t pasid)
{
	char path[128];

	table_path(bdf, pasid, path);
	return access(path, F_OK) == 0;
}

/* A line has the number of a page of IOVAs and the entries on the way to it, the last one last. */
static uint64_t entry_of(const char *line, uint64_t page)
{
	const char *last = strrchr(line, '\t');

	if (!last || strncmp(line, "0x", 2) != 0 || strtoull(line, NULL, 16) != page)
		return 0;
	return strtoull(last + 1, NULL, 16);
}

uint64_t pasid_target(const char *bdf, uint32_t pasid, uint64_t iova)
{
	char path[128], line[256];
	uint64_t entry = 0;
	FILE *table;

	table_path(bdf, pasid, path);
	table = fopen(path, "re");
	if (!table)
		fail_msg("there is no %s", path);
	while (!entry && fgets(line, sizeof(line), table))
		entry = entry_of(line, iova / PAGE_SIZE);
	fclose(table);
	return entry & PAGE_MASK;
}

uint64_t pasid_physical(const volatile void *page)
{
	int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	(void)*(const volatile char *)page; /* so that this process has it too */
	assert_true(map >= 0);
	assert_int_equal(pread(map, &entry, sizeof(entry),
			       (off_t)((uintptr_t)page / PAGE_SIZE * sizeof(entry))),
			 sizeof(entry));
	close(map);
	assert_int_not_equal(entry & FRAME_MASK, 0);
	return (entry & FRAME_MASK) * PAGE_SIZE;
}
