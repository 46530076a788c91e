/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* map_bar: show the regions of a device, and read a register of a mapped BAR and by call. */

#include "example.h"

#include <endian.h>
#include <inttypes.h>

#define MAX_AREAS 8

static void show_flags(uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{ VFA_REGION_CAN_READ, "read" },
		{ VFA_REGION_CAN_WRITE, "write" },
		{ VFA_REGION_CAN_MAP, "map" },
		{ VFA_REGION_IS_SPARSE, "in parts" },
		{ VFA_REGION_IS_IO_PORTS, "I/O ports" },
		{ VFA_REGION_IS_PREFETCHABLE, "prefetchable" },
		{ VFA_REGION_MSIX_IS_MAPPABLE, "with the MSI-X table" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].flag)
			printf(", %s", names[i].name);
	printf("\n");
}

static int show_region(struct vfa_device *device, uint32_t index)
{
	struct vfa_region_area areas[MAX_AREAS];
	struct vfa_region_info info;
	int count, i;

	if (vfa_region_get_info(device, index, &info) < 0)
		return -1;
	if (!info.size)
		return 0; /* the device has none of this index */
	printf("map_bar: region %" PRIu32 ": %#" PRIx64 " bytes", index, info.size);
	show_flags(info.flags);
	count = vfa_region_areas(device, index, areas, MAX_AREAS);
	for (i = 0; i < count && i < MAX_AREAS; i++)
		printf("map_bar:   can be mapped: %#" PRIx64 " bytes at %#" PRIx64 "\n",
		       areas[i].size, areas[i].offset);
	return count < 0 ? -1 : 0;
}

/* The first BAR that can be mapped, and what of it. */
static int find_bar(struct vfa_device *device, struct vfa_region_area *area)
{
	uint32_t index;

	for (index = VFA_BAR(0); index <= VFA_BAR(5); index++)
		if (vfa_region_areas(device, index, area, 1) > 0)
			return (int)index;
	fprintf(stderr, "map_bar: the device has no BAR that can be mapped\n");
	return -1;
}

/* One area, which is the whole region on most devices; vfa_region_map() maps that. */
static int read_register(struct vfa_device *device)
{
	struct vfa_region_area area;
	uint32_t loaded, called = 0;
	volatile void *registers;
	int index = find_bar(device, &area);

	if (index < 0)
		return -1;
	if (vfa_region_map_part(device, (uint32_t)index, area.offset, area.size, &registers) < 0 ||
	    vfa_region_read(device, (uint32_t)index, area.offset, &called, sizeof(called)) < 0) {
		example_complain("map_bar");
		return -1;
	}
	loaded = vfa_mmio_read32(registers, 0);
	printf("map_bar: BAR %d at %#" PRIx64 ": %#" PRIx32 " by load, %#" PRIx32 " by call\n",
	       index, area.offset, loaded, le32toh(called));
	if (loaded == UINT32_MAX && vfa_device_check(device) != VFA_DEVICE_READY)
		fprintf(stderr, "map_bar: the device does not answer\n");
	return vfa_region_unmap_part(device, registers);
}

int main(int argc, char **argv)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int err = -1;
	int index;

	if (argc < 2) {
		fprintf(stderr, "usage: map_bar BDF [auto|type1|iommufd|noiommu]\n");
		return EXIT_FAILURE;
	}
	if (vfa_container_open(NULL, example_backend(argv[2]), &space) < 0 ||
	    vfa_device_open(space, argv[1], NULL, &device) < 0) {
		example_complain("map_bar");
		goto close;
	}
	for (err = 0, index = 0; !err && index < vfa_region_count(device); index++)
		err = show_region(device, (uint32_t)index);
	if (err < 0)
		example_complain("map_bar");
	else
		err = read_register(device);

close:
	vfa_device_close(device);
	vfa_container_close(space);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
