/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Devices of the kernel's own iommufd tests (CONFIG_IOMMUFD_TEST) behind the library.
 *
 * The library runs over the real /dev/iommu. Its device nodes, and what sysfs says, are made
 * up: binding one makes a mock device in the iommufd, attaching it goes to the kernel's way
 * to attach a mock device, and closing it takes the mock device away. The mock IOMMU
 * translates 0x1000000 to 0x7fffffff in pages of 2 KiB, and has PASIDs of 20 bits.
 */

#ifndef MOCK_H
#define MOCK_H

#include "common.h"

/* One with PASIDs, another one, and one without, each in a group of its own. */
#define MOCK       "0000:00:04.0"
#define OTHER_MOCK "0000:00:05.0"
#define PLAIN_MOCK "0000:00:07.0"
/* Two of one group. */
#define MOCK_LEFT  "0000:00:09.0"
#define MOCK_RIGHT "0000:00:09.1"

#define MOCK_START 0x1000000ull
#define MOCK_LAST  0x7fffffffull
#define MOCK_BITS  20

/* What the mock IOMMU says of itself. */
#define MOCK_TYPE     0xfeedbeefu
#define MOCK_REGISTER 0xdeadbeefu

/** mock_host() - a machine with these devices, gone after the test; skips where there are none */
struct vfa_host *mock_host(struct vm *vm);

/** mock_table() - the page table that a PASID of a device was attached to last, 0: none */
uint32_t mock_table(const char *bdf, uint32_t pasid);

/** mock_pasid_leads_to() - whether the kernel has a PASID of a device at a page table; 0: nowhere
 */
bool mock_pasid_leads_to(const char *bdf, uint32_t pasid, uint32_t table);

/** mock_reaches() - whether a page table has the process's memory at an IOVA */
bool mock_reaches(const char *bdf, uint32_t table, uint64_t iova, const void *memory, size_t size);

/** mock_ask() - the device asks for a page, by a PASID; 0 or -errno */
int mock_ask(const char *bdf, uint32_t pasid, uint32_t group, uint32_t access, uint64_t address);

/** mock_count() - mock devices that are in the kernel */
size_t mock_count(void);

#endif
