/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a person is told of PASIDs. */

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "messages.h"
#include "uapi/iommufd.h"

#define NO_CAPABILITY "0000:00:05.0 has no PASID capability (extended id 0x1b)"
#define NONE_OF_IOMMU "0000:00:05.0 has the PASID capability, but its IOMMU has no PASIDs"
#define AMD_HINT                                                                                   \
	"AMD-Vi takes guest translation and page requests, and PASIDs of two bits or more, of a "  \
	"machine; see vfa pasid 0000:00:05.0"
/* PPRSup, GTSup, GIoSup and EPHSup. */
#define AMD_ALL (1ull << 1 | 1ull << 4 | 1ull << 48 | 1ull << 50)

static void give_pasids(uint32_t group, uint32_t bits)
{
	struct fake_iommu iommu = { .pasid_bits = bits };

	fake_set_iommu(group, &iommu);
}

static void give_vtd(uint32_t group, uint64_t ecap)
{
	struct uapi_iommu_hw_info_vtd vtd = { .ecap_reg = ecap };
	struct fake_iommu iommu = { .type = UAPI_IOMMU_HW_INFO_TYPE_INTEL_VTD,
				    .size = sizeof(vtd) };

	memcpy(iommu.registers, &vtd, sizeof(vtd));
	fake_set_iommu(group, &iommu);
}

static void give_amd(uint32_t group, uint64_t efr)
{
	struct uapi_iommu_hw_info_amd amd = { .efr = efr };
	struct fake_iommu iommu = { .type = UAPI_IOMMU_HW_INFO_TYPE_AMD, .size = sizeof(amd) };

	memcpy(iommu.registers, &amd, sizeof(amd));
	fake_set_iommu(group, &iommu);
}

static int attach(struct vfa_device *device, struct vfa_container *space, uint32_t fixed)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	uint32_t pasid;

	options.flags = VFA_PASID_FIXED;
	options.pasid = fixed;
	return vfa_pasid_attach(device, space, fixed ? &options : NULL, &pasid);
}

/* NVMe's config space in sysfs, where root sees all of it. */
static void show_config(struct machine *machine, bool has_pasids)
{
	uint8_t config[4096] = { 0 };
	char path[512];
	FILE *file;

	config[0] = 0x34;
	config[2] = 0x12;
	if (has_pasids)
		memcpy(&config[0x100], "\x1b\x00\x01\x00", 4);
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/" NVME "/config", machine->tree.root);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(config, sizeof(config), 1, file), 1);
	assert_int_equal(fclose(file), 0);
}

static void who_lacks_pasids_is_told(void **state)
{
	struct machine *machine = *state;
	struct space space = open_space_of(state, NVME);

	show_config(machine, false);
	give_vtd(5, 0);
	SAYS(attach(space.device, space.container, 0), NO_PASID,
	     NO_CAPABILITY ", and its IOMMU has no PASIDs",
	     "it takes another device and another machine; vfa info 0000:00:05.0 lists what this "
	     "one has");
	give_vtd(5, 1ull << 43 | 1ull << 40);
	SAYS(attach(space.device, space.container, 0), NO_PASID, NO_CAPABILITY,
	     "it takes another device; vfa info 0000:00:05.0 lists what this one has");
	show_config(machine, true);
	SAYS(attach(space.device, space.container, 0), NO_PASID,
	     "0000:00:05.0 and its IOMMU have PASIDs, but the kernel has not turned them on",
	     "it does where all ports above redirect requests (ACS), and the IOMMU is in scalable "
	     "mode: intel_iommu=on,sm_on; vfa pasid 0000:00:05.0 looks for one that does not");
	give_amd(5, AMD_ALL | 1ull << 32);
	SAYS(attach(space.device, space.container, 0), NO_PASID,
	     "0000:00:05.0 and its IOMMU have PASIDs, but the kernel has not turned them on",
	     "it does where all ports above redirect requests (ACS); vfa pasid 0000:00:05.0 looks "
	     "for one that does not");
	give_amd(5, AMD_ALL);
	SAYS(attach(space.device, space.container, 0), NO_PASID, NONE_OF_IOMMU, AMD_HINT);
	for (size_t i = 0; i < 4; i++) {
		static const unsigned int needed[] = { 1, 4, 48, 50 };

		give_amd(5, (AMD_ALL | 1ull << 32) & ~(1ull << needed[i]));
		SAYS(attach(space.device, space.container, 0), NO_PASID, NONE_OF_IOMMU, AMD_HINT);
	}
	give_vtd(5, 1ull << 40);
	SAYS(attach(space.device, space.container, 0), NO_PASID, NONE_OF_IOMMU,
	     "turn scalable mode on if the machine has it: intel_iommu=on,sm_on on the kernel "
	     "command line, and in firmware; see vfa pasid 0000:00:05.0");
	give_pasids(5, 8);
	fake_set_pasids(false);
	SAYS(attach(space.device, space.container, 0), OLD_KERNEL,
	     "0000:00:05.0: this kernel has no VFIO_DEVICE_ATTACH_PASID",
	     "it came with Linux 6.15");
	close_space(space);
}

static void a_capability_out_of_sight_is_told(void **state)
{
	struct space space = open_space(state);

	SAYS(attach(space.device, space.container, 0), NO_PASID,
	     "0000:00:04.0 has no PASIDs: its IOMMU has none that the kernel uses, or the device "
	     "none; the kernel does not show which",
	     "look as root for its PASID capability: vfa info 0000:00:04.0");
	close_space(space);
}

static void what_is_in_use_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_container *other = NULL;
	int ends[2];

	give_pasids(4, 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_ok(vfa_container_open_beside(space.container, &other));
	SAYS(vfa_pasid_detach(space.device, other), NO_PASID,
	     "no PASID of 0000:00:04.0 leads to this address space",
	     "vfa_pasid_list tells which it has");
	SAYS(attach(space.device, other, 2), BAD_ARGUMENT,
	     "0000:00:04.0: 2 is none of its PASIDs, which are 1 to 1: device and IOMMU have no "
	     "more bits",
	     "give one of them, or have one chosen without VFA_PASID_FIXED");
	assert_ok(attach(space.device, other, 1));
	SAYS(attach(space.device, space.container, 1), PASID_IN_USE,
	     "PASID 1 of 0000:00:04.0, group 4, leads to IOAS 4",
	     "give another, or detach it first; vfa_pasid_list tells which are in use");
	SAYS(attach(space.device, space.container, 0), PASID_IN_USE,
	     "0000:00:04.0: all its PASIDs are in use, 1 to 1", "detach one");
	SAYS(attach(space.device, other, 2), PASID_IN_USE,
	     "PASID 1 of 0000:00:04.0, group 4, leads to IOAS 4",
	     "use that, or detach it before 2 is to lead there");
	SAYS(vfa_share_send(ends[0], space.container), IN_USE,
	     "the container cannot be sent: PASID 1 of group 4 is of its devices",
	     "detach it: the receiver attaches its own");
	fake_set_resetting(4, true);
	assert_ok(vfa_pasid_detach(space.device, other));
	SAYS(vfa_share_send(ends[0], space.container), IN_USE,
	     "0000:00:04.0 cannot be sent: its group keeps a page table that goes with PASIDs",
	     "send it when no device of the group is being reset any more");
	fake_set_resetting(4, false);
	close(ends[0]);
	close(ends[1]);
	vfa_container_close(other);
	close_space(space);
}

static void a_reset_in_the_way_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_container *other = NULL;

	give_pasids(4, 8);
	assert_ok(vfa_container_open_beside(space.container, &other));
	fake_set_resetting(4, true);
	SAYS(attach(space.device, other, 0), IN_USE,
	     "0000:00:04.0: the page table of group 4 cannot be replaced now: a device of the "
	     "group is being reset",
	     "attach again when the reset is over");
	fake_set_resetting(4, false);
	assert_ok(attach(space.device, other, 0));
	fake_set_resetting(4, true);
	SAYS(attach(space.device, space.container, 0), PASID_IN_USE,
	     "0000:00:04.0: PASID 2 of group 4 cannot be attached now: a device of the group is "
	     "being reset, or somebody else uses the number",
	     "attach again when the reset is over, or give another with VFA_PASID_FIXED");
	fake_set_resetting(4, false);
	vfa_container_close(other);
	close_space(space);
}

static void who_else_is_in_the_group_is_told(void **state)
{
	struct space space = open_space_of(state, LEFT);
	struct vfa_device *right = open_device(space.container, RIGHT);
	struct vfa_device *both[2] = { space.device, right };
	uint32_t pasid;

	give_pasids(9, 8);
	SAYS(attach(space.device, space.container, 0), PASID_GROUP,
	     "0000:01:01.0 is not alone in group 9: nothing isolates it from 0000:01:02.0 "
	     "(vfio-pci), whatever the PASID",
	     "open all of them in one container, and use vfa_pasid_attach_group");
	SAYS(vfa_pasid_attach_group(both, 1, space.container, NULL, &pasid), PASID_GROUP,
	     "group 9 is not whole: 0000:01:02.0 (vfio-pci) could do DMA too, and is not given",
	     "bind to vfio-pci what is not, open it in the same container, and give all of the "
	     "group");
	assert_ok(vfa_pasid_attach_group(both, 2, space.container, NULL, &pasid));
	SAYS(vfa_pasid_detach(right, space.container), PASID_GROUP,
	     "PASID 1 of group 9 is also that of 0000:01:01.0, which is not given",
	     "vfa_pasid_detach_group takes all 2 devices that have it");
	vfa_device_close(right);
	close_space(space);
}

static void other_iommufds_are_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_container *other = open_container(*state);

	SAYS(attach(space.device, other, 0), OTHER_IOMMUFD,
	     "attach a PASID: the address space is of another iommufd than 0000:00:04.0",
	     "open its container by vfa_container_open_beside, or both with one fd");
	vfa_container_close(other);
	close_space(space);
}

static void who_reports_no_page_faults_is_told(void **state)
{
	struct fake_iommu iommu = { .pasid_bits = 8, .takes_no_faults = true };
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	struct space space = open_space(state);
	uint32_t pasid;

	fake_set_iommu(4, &iommu);
	assert_ok(vfa_fault_queue_open(space.container, &options.faults));
	SAYS(vfa_pasid_attach(space.device, space.container, &options, &pasid), NO_FEATURE,
	     "0000:00:04.0: no page faults with a queue: that takes ATS and PRI turned on, no "
	     "virtual function, and an IOMMU driver that reports them",
	     "attach it without a fault queue; vfa pasid 0000:00:04.0 tells which it has");
	vfa_fault_queue_close(options.faults);
	close_space(space);
}

static void page_faults_of_a_group_are_told(void **state)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	struct space space = open_space_of(state, LEFT);
	struct vfa_device *both[2] = { space.device, open_device(space.container, RIGHT) };
	uint32_t pasid;

	give_pasids(9, 8);
	assert_ok(vfa_fault_queue_open(space.container, &options.faults));
	SAYS(vfa_pasid_attach_group(both, 2, space.container, &options, &pasid), NO_FEATURE,
	     "group 9 has 2 devices: the kernel would report page faults of all as those of one",
	     "attach without a fault queue");
	vfa_fault_queue_close(options.faults);
	vfa_device_close(both[1]);
	close_space(space);
}

static void a_mapping_in_the_way_is_told(void **state)
{
	struct space space = open_space(state);

	give_pasids(4, 8);
	map_at(space.container, space.memory, PAGE, 1ull << 33);
	fake_set_pasid_aperture(4, 0, 0xffffffff);
	SAYS(attach(space.device, space.container, 0), JOIN_CONFLICT,
	     "attach a PASID of 0000:00:04.0: mapping 0x200000000-0x200000fff is outside what a "
	     "page table for PASIDs reaches, which is 0x0-0xffffffff",
	     "unmap it, attach, and map it elsewhere");
	close_space(space);
}

const struct CMUnitTest pasid_messages[] = {
	ON_IOMMUFD(who_lacks_pasids_is_told),
	ON_IOMMUFD(a_capability_out_of_sight_is_told),
	ON_IOMMUFD(what_is_in_use_is_told),
	ON_IOMMUFD(a_reset_in_the_way_is_told),
	ON_IOMMUFD(who_else_is_in_the_group_is_told),
	ON_IOMMUFD(other_iommufds_are_told),
	ON_IOMMUFD(a_mapping_in_the_way_is_told),
	ON_IOMMUFD(who_reports_no_page_faults_is_told),
	ON_IOMMUFD(page_faults_of_a_group_are_told),
};

const size_t pasid_messages_count = sizeof(pasid_messages) / sizeof(pasid_messages[0]);
