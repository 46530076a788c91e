/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Capabilities as VFIO shows them, held against sysfs, which has them all. Of this machine's
 * devices, and of those in topologies/capabilities.devices. And what the IOMMU in front of a
 * device says of itself.
 */

#include <errno.h>
#include <linux/pci_regs.h>

#include "common.h"

#define NETWORK "0000:00:0a.0" /* e1000e */

/* On the machine of that topology. */
#define RANDOM "0000:01:00.0" /* virtio-rng-pci */
#define DISKS  "0000:02:00.0" /* an NVMe controller with virtual functions */
#define CXL    "0000:0d:00.0" /* a CXL memory expander */

#define CXL_VENDOR 0x1e98
#define EXT_DOE    0x2e

#define MOST 64

struct list {
	struct vfa_capability element[MOST];
	int count;
};

static bool is_on(const char *bdf, const char *driver)
{
	struct vfa_topology *topology;
	bool is;
	int index;

	assert_ok(vfa_topology_new(NULL, &topology));
	index = vfa_topology_find_function(topology, bdf);
	is = index >= 0 && !strcmp(vfa_topology_get_function(topology, index)->driver, driver);
	vfa_topology_free(topology);
	return is;
}

static void need_topology(void)
{
	vm_need(is_on(CXL, "vfio-pci"), "the topology: run.sh -d capabilities");
}

/* Before Linux 6.4. */
static bool is_old_kernel(void)
{
	return !vm_profile()->has_iommufd;
}

/*
 * By the kernel's tables pci_cap_length and pci_ext_cap_length. But what comes behind two
 * designated ones that touch each other is shown by the kernels that show those: there
 * vfio_find_cap_start() takes the second for a part of the first, whose link is not mended.
 */
static bool is_left_out(const struct vfa_capability *capability)
{
	if (!capability->is_extended)
		return capability->id == PCI_CAP_ID_SSVID || capability->id == PCI_CAP_ID_SLOTID;
	switch (capability->id) {
	case PCI_EXT_CAP_ID_PASID:
	case PCI_EXT_CAP_ID_DPC:
	case PCI_EXT_CAP_ID_L1SS:
	case PCI_EXT_CAP_ID_PTM:
		return true;
	case PCI_EXT_CAP_ID_DVSEC:
	case EXT_DOE:
		return is_old_kernel();
	}
	return false;
}

static bool has(const struct list *list, const struct vfa_capability *wanted)
{
	for (int i = 0; i < list->count; i++) {
		const struct vfa_capability *one = &list->element[i];

		if (one->offset == wanted->offset)
			return one->id == wanted->id && one->is_extended == wanted->is_extended &&
			       one->version == wanted->version;
	}
	return false;
}

/* One that is left out may be a null one, to keep the list together. */
static bool is_null(const struct vfa_capability *capability)
{
	return capability->is_extended && !capability->id &&
	       capability->offset == PCI_CFG_SPACE_SIZE;
}

static void compare(const char *bdf, const struct list *shown, const struct list *all)
{
	for (int i = 0; i < all->count; i++) {
		const struct vfa_capability *one = &all->element[i];

		if (has(shown, one) == is_left_out(one))
			fail_msg("%s: VFIO %s %s at 0x%x", bdf,
				 has(shown, one) ? "shows" : "leaves out", vfa_capability_name(one),
				 one->offset);
	}
	for (int i = 0; i < shown->count; i++)
		assert_true(has(all, &shown->element[i]) || is_null(&shown->element[i]));
}

/* Of the usual devices, and those of the topology. */
static const char *const devices[] = { EDU, NVME, SHARED_MEMORY, NETWORK, RANDOM, DISKS, CXL };

static void vfio_shows_what_sysfs_has_but_for_some(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	int seen = 0;

	vm_need_assignment(vm);
	space = vm_container(vm);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		struct vfa_device *device;
		struct list shown, all;

		if (!is_on(devices[i], "vfio-pci"))
			continue;
		device = vm_device(vm, space, devices[i]);
		shown.count = assert_ok(vfa_device_capabilities(device, shown.element, MOST));
		all.count = assert_ok(vfa_capability_list(NULL, devices[i], all.element, MOST));
		compare(devices[i], &shown, &all);
		seen++;
	}
	vm_need(seen, "the usual devices, or the topology: run.sh -d capabilities");
}

/* The first one, or NULL. */
static const struct vfa_function *find_virtual(const struct vfa_topology *topology)
{
	size_t count = vfa_topology_count_functions(topology);

	for (size_t i = 0; i < count; i++) {
		const struct vfa_function *function = vfa_topology_get_function(topology, i);

		if (function->physical >= 0)
			return function;
	}
	return NULL;
}

/* Of its header a virtual function has little, not even ids: VFIO makes them up. */
static void a_virtual_function_has_its_own(void **state)
{
	const struct vfa_function *function = find_virtual(vm_topology(*state));
	struct vm *vm = *state;
	struct vfa_capability found;
	struct vfa_device *device;
	struct list shown, all;
	uint16_t vendor = 0;

	vm_need(function, "virtual functions: run.sh -d virtual");
	vm_need_assignment(vm);
	assert_ok(vfa_driver_bind(NULL, function->bdf, NULL, NULL)); /* nobody else wants it */
	device = vm_device(vm, vm_container(vm), function->bdf);
	shown.count = assert_ok(vfa_device_capabilities(device, shown.element, MOST));
	all.count = assert_ok(vfa_capability_list(NULL, function->bdf, all.element, MOST));
	assert_true(shown.count > 0);
	compare(function->bdf, &shown, &all);
	assert_ok(vfa_config_read16(device, PCI_VENDOR_ID, &vendor));
	assert_int_equal(vendor, function->vendor);
	assert_refused(vfa_capability_find_extended(device, PCI_EXT_CAP_ID_SRIOV, &found), ENOENT,
		       VFA_CAUSE_NO_CAPABILITY);
}

static void what_is_left_out_is_told_as_that(void **state)
{
	struct vm *vm = *state;
	struct vfa_capability found;
	struct vfa_device *device;

	need_topology();
	vm_need(is_old_kernel(),
		"a kernel that leaves something out here, as profile stock has it");
	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), CXL);
	assert_refused(vfa_capability_find_extended(device, EXT_DOE, &found), ENOENT,
		       VFA_CAUSE_NO_CAPABILITY);
	assert_said("VFIO leaves out the data object exchange capability");
	assert_refused(vfa_capability_find_extended(device, PCI_EXT_CAP_ID_PASID, &found), ENOENT,
		       VFA_CAUSE_NO_CAPABILITY);
	assert_said("has no PASID capability");
}

/* Each tells vendor and id anew; older kernels leave them all out. */
static void designated_ones_are_found_by_vendor_and_id(void **state)
{
	struct vm *vm = *state;
	struct vfa_capability found;
	struct vfa_device *device;
	uint32_t header;

	need_topology();
	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), CXL);
	if (is_old_kernel()) {
		assert_refused(vfa_capability_find_dvsec(device, CXL_VENDOR, 0, &found), ENOENT,
			       VFA_CAUSE_NO_CAPABILITY);
		assert_said("VFIO leaves out");
		return;
	}
	assert_ok(vfa_capability_find_dvsec(device, CXL_VENDOR, 8, &found));
	assert_ok(vfa_config_read32(device, found.offset + 4, &header));
	assert_int_equal(header & 0xffff, CXL_VENDOR);
	assert_int_equal(header >> 20, found.size);
	assert_refused(vfa_capability_find_dvsec(device, 0x8086, 8, &found), ENOENT,
		       VFA_CAUSE_NO_CAPABILITY);
	assert_said("has no designated vendor-specific capability of vendor 0x8086");
}

/* virtio tells by five of them where its registers are, each of another type. */
static void those_of_one_id_are_found_one_by_one(void **state)
{
	struct vm *vm = *state;
	struct vfa_capability found;
	struct vfa_device *device;
	unsigned int types = 0;
	uint8_t type, length;
	int err;

	need_topology();
	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), RANDOM);
	err = vfa_capability_find(device, PCI_CAP_ID_VNDR, &found);
	while (!err) {
		assert_ok(vfa_config_read8(device, found.offset + PCI_CAP_FLAGS, &length));
		assert_ok(vfa_config_read8(device, found.offset + 3, &type));
		assert_int_equal(found.size, length);
		assert_false(types & 1 << type);
		types |= 1 << type;
		err = vfa_capability_find_next(device, &found, &found);
	}
	assert_int_equal(err, -ENOENT);
	assert_said("it is the last one of its id");
	assert_int_equal(types, 0x3e);
}

/* The registers behind a capability are those that the rest of the kernel goes by. */
static void msi_x_tells_the_number_of_vectors(void **state)
{
	struct vm *vm = *state;
	struct vfa_capability found;
	struct vfa_device *device;
	uint16_t flags;

	vm_need(is_on(NVME, "vfio-pci"), "the usual devices");
	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), NVME);
	assert_ok(vfa_capability_find(device, PCI_CAP_ID_MSIX, &found));
	assert_ok(vfa_config_read16(device, found.offset + PCI_MSIX_FLAGS, &flags));
	assert_int_equal((flags & PCI_MSIX_FLAGS_QSIZE) + 1, vfa_irq_count(device, VFA_IRQ_MSIX));
}

static void extended_ones_cannot_be_written(void **state)
{
	struct vm *vm = *state;
	struct vfa_capability found;
	struct vfa_device *device;
	uint32_t before, after;

	vm_need(is_on(NETWORK, "vfio-pci"), "the usual devices");
	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), NETWORK);
	assert_ok(vfa_capability_find_extended(device, PCI_EXT_CAP_ID_DSN, &found));
	assert_ok(vfa_config_read32(device, found.offset + 4, &before));
	assert_ok(vfa_config_write32(device, found.offset + 4, ~before));
	assert_ok(vfa_config_read32(device, found.offset + 4, &after));
	assert_int_equal(before, after);
}

static void a_conventional_device_has_no_extended_ones(void **state)
{
	struct vm *vm = *state;
	struct vfa_capability found;
	struct vfa_device *device;

	vm_need(is_on(EDU, "vfio-pci"), "the usual devices");
	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), EDU);
	assert_ok(vfa_capability_find(device, PCI_CAP_ID_MSI, &found));
	assert_refused(vfa_capability_find(device, PCI_CAP_ID_EXP, &found), ENOENT,
		       VFA_CAUSE_NO_CAPABILITY);
	assert_refused(vfa_capability_find_extended(device, PCI_EXT_CAP_ID_DSN, &found), ENOENT,
		       VFA_CAUSE_NO_CAPABILITY);
}

static unsigned int bits_of_ranges(void)
{
	const struct vfa_iova_range *range = vm_profile()->ranges;

	while (range[1].last)
		range++;
	return 64 - __builtin_clzll(range->last);
}

/* How many bits it translates is in the Capability Register of VT-d. */
static void check_registers(const struct vfa_iommu_info *info)
{
	if (!strncmp(vm_profile()->name, "intel", 5)) {
		assert_int_equal(info->type, VFA_IOMMU_INTEL_VTD);
		assert_int_equal((info->registers.vtd.cap >> 16 & 0x3f) + 1, bits_of_ranges());
		assert_true(info->registers.vtd.ecap);
		assert_int_equal(info->data_size, sizeof(info->registers.vtd));
	} else if (!strcmp(vm_profile()->name, "amd")) {
		assert_int_equal(info->type, VFA_IOMMU_AMD);
		assert_true(info->registers.amd.efr);
		assert_int_equal(info->data_size, sizeof(info->registers.amd));
	} else {
		assert_int_equal(info->type, VFA_IOMMU_NONE);
		assert_int_equal(info->data_size, 0);
	}
}

/* In front of a device, which has no PASID on any machine. */
static void the_iommu_tells_of_its_hardware(void **state)
{
	struct vfa_iommu_info info = VFA_IOMMU_INFO_INIT;
	struct vm *vm = *state;
	struct vfa_device *device;

	vm_need_assignment(vm);
	vm_need(is_on(EDU, "vfio-pci"), "the usual devices");
	device = vm_device(vm, vm_container(vm), EDU);
	if (vm->backend == VFA_BACKEND_TYPE1) {
		assert_refused(vfa_iommu_get_info(device, &info), EOPNOTSUPP,
			       VFA_CAUSE_NOT_IOMMUFD);
		return;
	}
	assert_ok(vfa_iommu_get_info(device, &info));
	print_message("# %s: type %u, %u bytes, capabilities 0x%llx\n",
		      vfa_iommu_type_name(info.type), info.kernel_type, info.data_size,
		      (unsigned long long)info.capabilities);
	check_registers(&info);
	assert_int_equal(info.pasid_bits, 0);
	assert_int_equal(info.is_pasid_told, 1);
}

static bool list_has_express(const char *bdf)
{
	struct list all;

	all.count = assert_ok(vfa_capability_list(NULL, bdf, all.element, MOST));
	for (int i = 0; i < all.count; i++)
		if (all.element[i].id == PCI_CAP_ID_EXP && !all.element[i].is_extended)
			return true;
	return false;
}

/* Whatever driver it is on, ports and the host bridge too. */
static void every_function_tells_through_sysfs(void **state)
{
	struct vfa_topology *topology = vm_topology(*state);

	for (size_t i = 0; i < vfa_topology_count_functions(topology); i++) {
		const struct vfa_function *function = vfa_topology_get_function(topology, i);

		assert_int_equal(list_has_express(function->bdf),
				 function->type != VFA_FUNCTION_CONVENTIONAL);
	}
}

static int list_as_nobody(void *data)
{
	(void)data;
	if (vm_become_nobody())
		return -1;
	return vfa_capability_list(NULL, "0000:00:00.0", NULL, 0);
}

static void others_than_root_are_told_why_not(void **state)
{
	struct vm_report report;

	(void)state;
	vm_in_child(list_as_nobody, NULL, &report);
	assert_child_refused(&report, EACCES, VFA_CAUSE_ACCESS);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(vfio_shows_what_sysfs_has_but_for_some),
		VM_CASE(a_virtual_function_has_its_own),
		VM_CASE(what_is_left_out_is_told_as_that),
		VM_CASE(designated_ones_are_found_by_vendor_and_id),
		VM_CASE(those_of_one_id_are_found_one_by_one),
		VM_CASE(msi_x_tells_the_number_of_vectors),
		VM_CASE(extended_ones_cannot_be_written),
		VM_CASE(a_conventional_device_has_no_extended_ones),
		VM_CASE(the_iommu_tells_of_its_hardware),
		VM_CASE_ONCE(every_function_tells_through_sysfs),
		VM_CASE_ONCE(others_than_root_are_told_why_not),
	};

	return vm_run_cases("capability", cases);
}
