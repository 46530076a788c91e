/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fake/internal.h"

#define MMIO_MAX 64

static struct {
	uint64_t start;
	uint64_t size;
	const struct fake_device *device; /* whose registers they are, or NULL: mere pages */
} mmio[MMIO_MAX];

static void add(void *address, size_t size, const struct fake_device *device)
{
	for (size_t i = 0; i < MMIO_MAX; i++) {
		if (mmio[i].size)
			continue;
		mmio[i].start = (uintptr_t)address;
		mmio[i].size = size;
		mmio[i].device = device;
		return;
	}
}

void fake_memory_add_mmio(void *address, size_t size, const struct fake_device *device)
{
	add(address, size, device);
}

void fake_memory_add_pfns(void *address, size_t size)
{
	if (!fake_settings.old_udmabuf)
		add(address, size, NULL);
}

void fake_memory_remove_mmio(void *address, size_t size)
{
	for (size_t i = 0; i < MMIO_MAX; i++)
		if (mmio[i].size == size && mmio[i].start == (uintptr_t)address)
			mmio[i].size = 0;
}

void fake_memory_forget_mmio(void)
{
	memset(mmio, 0, sizeof(mmio));
}

static bool is_there(uint64_t vaddr, uint64_t size, bool is_pfns)
{
	for (size_t i = 0; i < MMIO_MAX; i++)
		if (mmio[i].size && !mmio[i].device == is_pfns &&
		    vaddr < mmio[i].start + mmio[i].size && vaddr + size > mmio[i].start)
			return true;
	return false;
}

bool fake_memory_is_mmio(uint64_t vaddr, uint64_t size)
{
	return is_there(vaddr, size, false);
}

bool fake_memory_answers(uint64_t vaddr, uint64_t size)
{
	for (size_t i = 0; i < MMIO_MAX; i++)
		if (mmio[i].size && mmio[i].device && vaddr < mmio[i].start + mmio[i].size &&
		    vaddr + size > mmio[i].start && !fake_device_answers(mmio[i].device))
			return false;
	return true;
}

bool fake_memory_is_pfns(uint64_t vaddr, uint64_t size)
{
	return is_there(vaddr, size, true);
}

/* Pinning asks of memory what an access by the CPU would. */
int fake_memory_check(uint64_t vaddr, uint64_t size, bool write)
{
	FILE *file = fopen("/proc/self/maps", "re");
	uint64_t start, end, next = vaddr;
	char line[512], rights[8];

	if (!file)
		return -EFAULT;
	while (next < vaddr + size && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &start, &end, rights) != 3)
			continue;
		if (next < start || next >= end)
			continue;
		if (rights[0] != 'r' || (write && rights[1] != 'w'))
			break;
		next = end;
	}
	fclose(file);
	return next < vaddr + size ? -EFAULT : 0;
}
