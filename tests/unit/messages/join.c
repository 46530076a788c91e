/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why a container does not open, and why a device does not join it. */

#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <unistd.h>

#include "messages/messages.h"
#include "uapi/iommufd.h"
#include "uapi/vfio_cdev.h"

#define ACCESS_MESSAGE                                                                             \
	"open /dev/iommu: permission denied: mode 0600, owner %u, group %u; "                      \
	"this process runs as user %u, group %u"
#define ACCESS_HINT "give the node to the user by a udev rule, or for now: chown %u /dev/iommu"

static void bad_bdf_is_told(void **state)
{
	SAYS(try_open(*state, "4.0", NULL), BAD_BDF, "\"4.0\" is not a PCI address",
	     "give domain:bus:device.function in hexadecimal, such as 0000:00:04.0; "
	     "lspci -D lists them");
}

static void bad_fd_is_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = NULL;

	SAYS(vfa_container_open_fd(machine->host, VFA_BACKEND_TYPE1, -1, &container), BAD_FD,
	     "fd -1 is not open", "pass an open /dev/vfio/vfio or /dev/iommu");
	SAYS(vfa_container_open_fd(machine->host, VFA_BACKEND_TYPE1, 999, &container), BAD_FD,
	     "fd 999 is not open", "pass an open /dev/vfio/vfio");
	SAYS(vfa_container_open_fd(machine->host, VFA_BACKEND_IOMMUFD, 999, &container), BAD_FD,
	     "fd 999 is not open", "pass an open /dev/iommu");
}

static void fd_of_another_kind_is_told(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = NULL;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(dup2(null, 700), 700);
	SAYS(vfa_device_open_fd(container, EDU, 700, NULL, &device), BAD_FD,
	     "fd 700 is not an open node of 0000:00:04.0 that type1 could use, or is in use "
	     "already",
	     "pass a newly opened /dev/vfio/GROUP");
	close(700);
	close(null);
	vfa_container_close(container);
}

static void control_fd_of_another_kind_is_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = NULL;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(dup2(null, 700), 700);
	SAYS(vfa_container_open_fd(machine->host, VFA_BACKEND_TYPE1, 700, &container), BAD_FD,
	     "fd 700 is not a VFIO container", "pass an open /dev/vfio/vfio");
	SAYS(vfa_container_open_fd(machine->host, VFA_BACKEND_IOMMUFD, 700, &container), BAD_FD,
	     "fd 700 is not an iommufd", "pass an open /dev/iommu");
	close(700);
	close(null);
}

static void full_fd_table_is_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = NULL;
	int vfio = open_node(machine, "vfio/vfio");
	char message[64];

	snprintf(message, sizeof(message), "duplicate fd %d: Too many open files", vfio);
	fake_fail_call(1, EMFILE);
	SAYS(vfa_container_open_fd(machine->host, VFA_BACKEND_TYPE1, vfio, &container), KERNEL,
	     message, "");
	close_node(vfio);
}

static void undecided_is_told(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = NULL;

	SAYS(vfa_container_fd(container), WRONG_ORDER,
	     "the container has no backend yet: the first device decides",
	     "open a device in it, or the container with a backend by name");
	SAYS(vfa_device_open_fd(container, EDU, 0, NULL, &device), WRONG_ORDER,
	     "0000:00:04.0: the container has no backend yet, so the kind of fd is "
	     "open",
	     "open the container with a backend by name");
	vfa_container_close(container);
}

static void no_device_is_told(void **state)
{
	SAYS(try_open(*state, "00:1e.0", NULL), NO_DEVICE, "there is no PCI device 0000:00:1e.0",
	     "lspci -D lists them");
}

static void no_group_is_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_group *group = NULL;

	SAYS(vfa_group_new(machine->host, 8, &group), NO_GROUP, "there is no IOMMU group 8",
	     "ls /sys/kernel/iommu_groups lists them; without an IOMMU there are none");
}

static void no_iommu_is_told(void **state)
{
	struct machine *machine = *state;

	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/iommu_group");
	SAYS(try_open(machine, EDU, NULL), NO_IOMMU,
	     "0000:00:04.0 is in no IOMMU group, though this machine has an IOMMU",
	     "the IOMMU does not cover this device: firmware tables leave it out, or "
	     "the kernel was told to pass it by");
	tree_remove(&machine->tree, "sys/kernel/iommu_groups");
	SAYS(try_open(machine, EDU, NULL), NO_IOMMU,
	     "0000:00:04.0 is in no IOMMU group: the kernel found no IOMMU",
	     "turn it on in firmware (VT-d, AMD-Vi, SMMU) and in the kernel "
	     "(intel_iommu=on on the command line); /sys/kernel/iommu_groups stays "
	     "empty until then");
}

static void no_vfio_is_told(void **state)
{
	struct machine *machine = *state;

	remove_vfio(machine);
	SAYS(vfa_host_check_backend(machine->host, VFA_BACKEND_TYPE1), NO_VFIO,
	     "open /dev/vfio/vfio: there is no VFIO in this kernel, or it is not "
	     "loaded",
	     "load it: modprobe vfio-pci");
}

static void no_type1_is_told(void **state)
{
	struct machine *machine = *state;

	fake_set_type1(false);
	SAYS(vfa_host_check_backend(machine->host, VFA_BACKEND_TYPE1), NO_TYPE1,
	     "VFIO has no type1 IOMMU driver", "load it: modprobe vfio_iommu_type1");
}

static void iommufd_for_a_container_is_told(void **state)
{
	struct machine *machine = *state;

	fake_set_iommufd_container(true);
	SAYS(vfa_host_check_backend(machine->host, VFA_BACKEND_TYPE1), NO_TYPE1,
	     "/dev/vfio/vfio is no container of VFIO's own: this kernel has no type1",
	     "open the container as iommufd; type1 needs CONFIG_VFIO_CONTAINER");
}

static void no_iommufd_is_told(void **state)
{
	struct machine *machine = *state;

	remove_iommufd(machine);
	SAYS(vfa_host_check_backend(machine->host, VFA_BACKEND_IOMMUFD), NO_IOMMUFD,
	     "open /dev/iommu: there is no iommufd in this kernel, or it is not loaded",
	     "it needs Linux 6.6 with CONFIG_IOMMUFD: modprobe iommufd; the type1 "
	     "backend works without");
}

static void no_device_node_is_told(void **state)
{
	struct machine *machine = *state;

	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/vfio-dev/vfio0/dev");
	SAYS(try_open(machine, EDU, NULL), NO_DEVICE_NODE,
	     "0000:00:04.0 has no device node: "
	     "/sys/bus/pci/devices/0000:00:04.0/vfio-dev/vfio0 has no dev file",
	     "iommufd needs Linux 6.6 with CONFIG_VFIO_DEVICE_CDEV; the type1 backend "
	     "works without");
}

static void hidden_device_node_is_told(void **state)
{
	fake_set_open_errno("vfio/devices/vfio0", ENOENT);
	SAYS(try_open(*state, EDU, NULL), NO_DEVICE_NODE,
	     "0000:00:04.0: there is no /dev/vfio/devices/vfio0",
	     "make the node visible here: in a container, pass it in; else see "
	     "whether udev or devtmpfs runs");
}

static void not_bound_is_told(void **state)
{
	struct machine *machine = *state;

	SAYS(try_open(machine, "0000:00:06.1", NULL), NOT_BOUND,
	     "0000:00:06.1 is bound to nvme, not to a VFIO driver",
	     "bind it to vfio-pci, if nothing uses it:\n"
	     "  modprobe vfio-pci\n"
	     "  echo vfio-pci > /sys/bus/pci/devices/0000:00:06.1/driver_override\n"
	     "  echo 0000:00:06.1 > /sys/bus/pci/devices/0000:00:06.1/driver/unbind\n"
	     "  echo 0000:00:06.1 > /sys/bus/pci/drivers_probe");
	tree_set_driver(&machine->tree, "0000:00:06.1", NULL);
	SAYS(try_open(machine, "0000:00:06.1", NULL), NOT_BOUND,
	     "0000:00:06.1 is bound to no driver",
	     "bind it to vfio-pci:\n"
	     "  modprobe vfio-pci\n"
	     "  echo vfio-pci > /sys/bus/pci/devices/0000:00:06.1/driver_override\n"
	     "  echo 0000:00:06.1 > /sys/bus/pci/drivers_probe");
}

static void bridge_is_told(void **state)
{
	struct machine *machine = *state;

	SAYS(try_open(machine, PORT, NULL), NOT_BOUND,
	     "0000:00:09.0 is a bridge, which no VFIO driver takes",
	     "open the devices behind it; it may stay on its driver");
	tree_set_driver(&machine->tree, PORT, NULL);
	SAYS(try_open(machine, PORT, NULL), NOT_BOUND,
	     "0000:00:09.0 is a bridge, which no VFIO driver takes",
	     "open the devices behind it; it may stay on its driver");
}

static void noiommu_is_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container;

	fake_set_noiommu(true);
	machine->backend = VFA_BACKEND_NOIOMMU;
	SAYS(try_open(machine, EDU, NULL), NOIOMMU,
	     "0000:00:04.0 has an IOMMU: its group 4 is not a noiommu group",
	     "open the container as type1, iommufd or auto");
	container = open_container(machine);
	SAYS(vfa_coherency_is_enforced(container), NOIOMMU,
	     "coherency: noiommu does not translate: there are no IOVAs",
	     "use a machine with an IOMMU");
	vfa_container_close(container);
}

static void denied_is_told(void **state)
{
	fake_set_open_errno("vfio/devices/vfio0", EPERM);
	SAYS(try_open(*state, EDU, NULL), DENIED,
	     "open /dev/vfio/devices/vfio0: not permitted, though not by the node's "
	     "mode",
	     "allow the node in the device cgroup of this service or container "
	     "(systemd: DeviceAllow=/dev/vfio/devices/vfio0 rw); a noiommu node needs "
	     "CAP_SYS_RAWIO");
}

#define UUID "00112233-4455-6677-8899-aabbccddeeff"

/* NVME becomes a virtual function of OTHER, in sysfs and for the kernel. */
static void make_virtual(struct machine *machine, const char *driver)
{
	fake_set_physical(OTHER);
	fake_set_virtual(NVME, OTHER);
	tree_write(&machine->tree, "1\n", "sys/bus/pci/devices/" OTHER "/sriov_totalvfs");
	tree_link(&machine->tree, "../" OTHER, "sys/bus/pci/devices/" NVME "/physfn");
	if (!driver)
		return;
	tree_remove(&machine->tree, "sys/bus/pci/devices/" OTHER "/vfio-dev");
	tree_set_driver(&machine->tree, OTHER, driver);
}

static void missing_vf_token_is_told(void **state)
{
	make_virtual(*state, NULL);
	SAYS(try_open(*state, NVME, NULL), VF_TOKEN,
	     "0000:00:05.0: the VF token is missing: its physical function 0000:00:07.0 is on "
	     "vfio-pci",
	     "open 0000:00:07.0 with a UUID as vf_token, and give the same here");
}

static void wrong_vf_token_is_told(void **state)
{
	make_virtual(*state, NULL);
	SAYS(try_open(*state, NVME, UUID), VF_TOKEN,
	     "0000:00:05.0: the VF token is not that of its physical function 0000:00:07.0",
	     "give the UUID with which 0000:00:07.0 was opened; none fits before it was opened "
	     "with one");
}

static void vf_token_of_virtual_functions_in_use_is_told(void **state)
{
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;
	struct vfa_container *container = open_container(*state);
	struct vfa_device *physical, *virtual;

	make_virtual(*state, NULL);
	options.vf_token = UUID;
	assert_ok(vfa_device_open(container, OTHER, &options, &physical));
	assert_ok(vfa_device_open(container, NVME, &options, &virtual));
	vfa_device_close(physical);
	SAYS(vfa_device_open(container, OTHER, NULL, &physical), VF_TOKEN,
	     "0000:00:07.0: the VF token is missing: its virtual functions are in use",
	     "give the UUID with which they were opened, or close them first");
	options.vf_token = "ffffffff-4455-6677-8899-aabbccddeeff";
	SAYS(vfa_device_open(container, OTHER, &options, &physical), VF_TOKEN,
	     "0000:00:07.0: the VF token is not theirs: its virtual functions are in use",
	     "give the UUID with which they were opened, or close them first");
	vfa_device_close(virtual);
	vfa_container_close(container);
}

static void unwanted_vf_token_is_told(void **state)
{
	SAYS(try_open(*state, EDU, UUID), VF_TOKEN,
	     "0000:00:04.0 takes no VF token: it is neither a virtual function nor one that has "
	     "virtual functions",
	     "give none");
	make_virtual(*state, "nvme");
	fake_set_virtual(NVME, NULL);
	SAYS(try_open(*state, NVME, UUID), VF_TOKEN,
	     "0000:00:05.0 takes no VF token: its physical function 0000:00:07.0 is on nvme, not "
	     "on vfio-pci",
	     "give none");
}

static void vf_token_without_sysfs_is_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;
	struct vfa_container *container = open_container(machine);
	int fd = open_node(machine,
			   machine->backend == VFA_BACKEND_TYPE1 ? "vfio/4" : "vfio/devices/vfio0");
	struct vfa_device *device = NULL;
	bool type1 = machine->backend == VFA_BACKEND_TYPE1;

	tree_remove(&machine->tree, "sys/bus");
	options.vf_token = UUID;
	SAYS(vfa_device_open_fd(container, EDU, fd, &options, &device), VF_TOKEN,
	     type1 ? "0000:00:04.0: the device takes no VF token"
		   : "0000:00:04.0: the VF token was not taken",
	     type1 ? "give one for an assigned physical function and its virtual functions only"
		   : "tokens on iommufd need a Linux newer than 6.16, on type1 any; give none for "
		     "devices other than an assigned physical function and its virtual functions");
	fake_set_token(EDU, UUID);
	SAYS(vfa_device_open_fd(container, EDU, fd, NULL, &device), VF_TOKEN,
	     "0000:00:04.0: the VF token is missing",
	     "give the UUID with which its physical function was opened, as vf_token");
	close_node(fd);
	vfa_container_close(container);
}

static void vf_token_of_another_form_is_told(void **state)
{
	SAYS(try_open(*state, EDU, "secret"), VF_TOKEN,
	     "0000:00:04.0: the VF token \"secret\" is not a UUID",
	     "give it in the form 00112233-4455-6677-8899-aabbccddeeff");
}

static void vf_token_on_an_old_kernel_is_told(void **state)
{
	fake_set_bind_token(false);
	make_virtual(*state, NULL);
	SAYS(try_open(*state, NVME, UUID), VF_TOKEN, "0000:00:05.0: the VF token was not taken",
	     "tokens on iommufd need a Linux newer than 6.16, on type1 any; give none for devices "
	     "other than an assigned physical function and its virtual functions");
}

static void unsafe_interrupts_on_type1_is_told(void **state)
{
	fake_set_isolated_msi(4, false);
	SAYS(try_open(*state, EDU, NULL), UNSAFE_INTERRUPTS,
	     "0000:00:04.0 cannot be used safely: this machine does not remap "
	     "interrupts, so a device could forge any interrupt by DMA",
	     "turn interrupt remapping on in firmware; "
	     "vfio_iommu_type1.allow_unsafe_interrupts=1 on the kernel command line "
	     "goes without, and lets whoever has the device disturb or take over this "
	     "machine");
}

static void unsafe_interrupts_on_iommufd_is_told(void **state)
{
	fake_set_isolated_msi(4, false);
	SAYS(try_open(*state, EDU, NULL), UNSAFE_INTERRUPTS,
	     "0000:00:04.0 cannot be used safely: this machine does not remap "
	     "interrupts, so a device could forge any interrupt by DMA",
	     "turn interrupt remapping on in firmware; "
	     "iommufd.allow_unsafe_interrupts=1 on the kernel command line goes "
	     "without, and lets whoever has the device disturb or take over this "
	     "machine\n"
	     "or a process that this user cannot see has the group open: look as root, "
	     "fuser -v /dev/vfio/*");
}

static void not_viable_is_told(void **state)
{
	SAYS(try_open(*state, SHARED, NULL), NOT_VIABLE,
	     "0000:00:06.0 cannot be used: group 6 is not viable: 0000:00:06.1 is "
	     "bound to nvme",
	     "members on pcieport, pci-stub or no driver do not block; take off the "
	     "others, if nothing uses them:\n"
	     "  echo 0000:00:06.1 > /sys/bus/pci/devices/0000:00:06.1/driver/unbind");
}

static void blocker_of_another_bus_is_told(void **state)
{
	struct machine *machine = *state;

	fake_set_viable(4, false);
	tree_link(&machine->tree, "/sys/bus/platform/drivers/pl330",
		  "sys/kernel/iommu_groups/4/devices/9000000.dma/driver");
	SAYS(try_open(machine, EDU, NULL), NOT_VIABLE,
	     "0000:00:04.0 cannot be used: group 4 is not viable: 9000000.dma is "
	     "bound to pl330",
	     "members on pcieport, pci-stub or no driver do not block; take off the "
	     "others, if nothing uses them:\n"
	     "  echo 9000000.dma > "
	     "/sys/kernel/iommu_groups/4/devices/9000000.dma/driver/unbind");
}

static void group_busy_is_told(void **state)
{
	struct machine *machine = *state;

	fake_set_group_busy(4, true);
	SAYS(try_open(machine, EDU, NULL), GROUP_BUSY,
	     "0000:00:04.0 is busy: it or its group is open in a process that cannot be seen from "
	     "here",
	     "as root, fuser -v /dev/vfio/* /dev/vfio/devices/* names it; a device "
	     "that was just closed may still be on its way out");
	tree_add_holder(&machine->tree, 4711, "qemu-system-x86", "vfio/4");
	SAYS(try_open(machine, EDU, NULL), GROUP_BUSY,
	     "0000:00:04.0 is busy: /dev/vfio/4 is held by process 4711 "
	     "(qemu-system-x86)",
	     "a group admits one owner at a time: wait for that process to end, or use "
	     "the device through it");
}

static void busy_in_this_process_is_told(void **state)
{
	struct machine *machine = *state;

	fake_set_group_busy(4, true);
	tree_add_holder(&machine->tree, getpid(), "test", "vfio/4");
	SAYS(try_open(machine, EDU, NULL), GROUP_BUSY,
	     "0000:00:04.0 is busy: /dev/vfio/4 is open in this process",
	     "a group admits one owner at a time: use the handle or the container that "
	     "has it, or close that first");
}

static void busy_sibling_is_told(void **state)
{
	struct machine *machine = *state;

	fake_set_device_busy(LEFT, true);
	tree_add_holder(&machine->tree, 4711, "qemu-system-x86", "vfio/devices/vfio4");
	SAYS(try_open(machine, RIGHT, NULL), GROUP_BUSY,
	     "0000:01:02.0 is busy: /dev/vfio/devices/vfio4 is held by process 4711 "
	     "(qemu-system-x86)",
	     "a group admits one owner at a time: wait for that process to end, or use "
	     "the device through it");
}

static void node_of_another_group_is_told(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = NULL;
	int node = open_node(*state, "vfio/5");
	char message[128];

	snprintf(message, sizeof(message), "0000:00:04.0 is not in the group whose node is fd %d",
		 node);
	SAYS(vfa_device_open_fd(container, EDU, node, NULL, &device), BAD_FD, message,
	     "pass the node of its own group");
	close_node(node);
	vfa_container_close(container);
}

static void device_busy_is_told(void **state)
{
	struct machine *machine = *state;

	fake_set_device_busy(EDU, true);
	SAYS(try_open(machine, EDU, NULL), DEVICE_BUSY,
	     "0000:00:04.0 is busy: it or its group is open in a process that cannot be seen from "
	     "here",
	     "as root, fuser -v /dev/vfio/* /dev/vfio/devices/* names it; a device "
	     "that was just closed may still be on its way out");
	tree_add_holder(&machine->tree, 4711, "qemu-system-x86", "vfio/devices/vfio0");
	SAYS(try_open(machine, EDU, NULL), DEVICE_BUSY,
	     "0000:00:04.0 is busy: /dev/vfio/devices/vfio0 is held by process 4711 "
	     "(qemu-system-x86)",
	     "a group admits one owner at a time: wait for that process to end, or use "
	     "the device through it");
}

static void firmware_map_is_told(void **state)
{
	struct machine *machine = *state;

	fake_add_reserved(4, 0xa0000, 0xbffff, FAKE_DIRECT);
	tree_write(&machine->tree, "0x00000000000a0000 0x00000000000bffff direct\n",
		   "sys/kernel/iommu_groups/4/reserved_regions");
	SAYS(try_open(machine, EDU, NULL), FIRMWARE_MAP,
	     "0000:00:04.0 cannot be assigned: firmware wants 0xa0000-0xbffff mapped "
	     "one to one for it (RMRR or IVMD)",
	     "look for a firmware setting that releases the device; no setting of "
	     "this library does");
}

/* sysfs shows no reason: the device is asked what it could map alone, if it can be. */
static void join_conflict_is_told(void **state)
{
	struct machine *machine = *state;
	struct space space = open_space(state);
	struct vfa_device *device = NULL;
	bool type1 = machine->backend == VFA_BACKEND_TYPE1;

	fake_add_reserved(7, 0x100000, 0x1fffff, FAKE_RESERVED);
	map_at(space.container, space.memory, PAGE, 0x1ff000);
	SAYS(vfa_device_open(space.container, OTHER, NULL, &device), JOIN_CONFLICT,
	     "0000:00:07.0 cannot join: mapping 0x1ff000-0x1fffff is outside its IOMMU's "
	     "aperture, which is 0x0-0xfffff, 0x200000-0xfedfffff, 0xfef00000-0x7fffffffff",
	     "unmap it, let the device join, and map it elsewhere");
	fake_set_open_errno(type1 ? "vfio/vfio" : "iommu", EACCES);
	SAYS(vfa_device_open(space.container, OTHER, NULL, &device), JOIN_CONFLICT,
	     "0000:00:07.0 cannot join: a live mapping is where it has a reserved "
	     "region or its IOMMU does not reach",
	     "unmap what lies in its reserved_regions or above its aperture, let it "
	     "join, and map again");
	tree_write(&machine->tree, "0x0000000000100000 0x00000000001fffff reserved\n",
		   "sys/kernel/iommu_groups/7/reserved_regions");
	SAYS(vfa_device_open(space.container, OTHER, NULL, &device), JOIN_CONFLICT,
	     "0000:00:07.0 cannot join: mapping 0x1ff000-0x1fffff overlaps reserved "
	     "region 0x100000-0x1fffff (reserved) of group 7",
	     "unmap it, let the device join, and map it elsewhere");
	close_space(space);
}

/* VT-d tells the width of its addresses: the kernel need not be asked. */
static void address_bits_are_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_device *device = NULL;
	struct space space;

	fake_set_aperture(4, 0, 0xffffffffffff);
	space = open_space(state);
	tree_write(&machine->tree, "d2008c22260286\n",
		   "sys/devices/pci0000:00/" OTHER "/iommu/intel-iommu/cap");
	map_at(space.container, space.memory, PAGE, 0x7ffffff000);
	vfa_device_close(open_device(space.container, OTHER));
	map_at(space.container, space.memory, PAGE, 0x8000000000);
	fake_fail_ioctl(VFIO_GROUP_SET_CONTAINER, EIO); /* which would be told instead */
	fake_fail_ioctl(UAPI_VFIO_DEVICE_BIND_IOMMUFD, EIO);
	SAYS(vfa_device_open(space.container, OTHER, NULL, &device), JOIN_CONFLICT,
	     "0000:00:07.0 cannot join: mapping 0x8000000000-0x8000000fff is outside its IOMMU's "
	     "aperture, which is 0x0-0x7fffffffff",
	     "unmap it, let the device join, and map it elsewhere");
	fake_fail_ioctl(0, 0);
	close_space(space);
}

/* Type1 maps anew what the device would not have let in. */
static void kept_mapping_in_the_way_is_told(void **state)
{
	struct machine *machine = *state;
	struct space space = open_space(state);

	map_at(space.container, space.memory, PAGE, 0x1ff000);
	vfa_device_close(space.device);
	space.device = NULL;
	fake_add_reserved(7, 0x100000, 0x1fffff, FAKE_RESERVED);
	SAYS(vfa_device_open(space.container, OTHER, NULL, &space.device), JOIN_CONFLICT,
	     "0000:00:07.0 cannot join: mapping 0x1ff000-0x1fffff is outside its IOMMU's "
	     "aperture, which is 0x0-0xfffff, 0x200000-0xfedfffff, 0xfef00000-0x7fffffffff",
	     "unmap it, let the device join, and map it elsewhere");
	fake_set_aperture(7, 0, 0xfffff);
	tree_write(&machine->tree, "0x0000000000100000 0x00000000001fffff direct-relaxable\n",
		   "sys/kernel/iommu_groups/7/reserved_regions");
	SAYS(vfa_device_open(space.container, OTHER, NULL, &space.device), JOIN_CONFLICT,
	     "0000:00:07.0 cannot join: mapping 0x1ff000-0x1fffff is outside its IOMMU's "
	     "aperture, which is 0x0-0xfffff",
	     "unmap it, let the device join, and map it elsewhere");
	close_space(space);
}

static void lost_memory_is_told(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, PAGE, 0x10000);
	vfa_device_close(space.device);
	space.device = NULL;
	memory_free(space.memory, PAGE);
	SAYS(vfa_device_open(space.container, OTHER, NULL, &space.device), BAD_ADDRESS,
	     "0000:00:07.0 cannot join: the memory of a mapping is gone, or has lost its rights",
	     "unmap before memory is freed, or let mappings go with the last device: "
	     "vfa_container_keep_mappings");
	close_space(space);
}

static void access_is_told(void **state)
{
	struct machine *machine = *state;
	char message[256], hint[256];

	fake_set_open_errno("iommu", EACCES);
	snprintf(message, sizeof(message), ACCESS_MESSAGE, geteuid(), getegid(), geteuid(),
		 getegid());
	snprintf(hint, sizeof(hint), ACCESS_HINT, geteuid());
	SAYS(vfa_host_check_backend(machine->host, VFA_BACKEND_IOMMUFD), ACCESS, message, hint);
}

const struct CMUnitTest join_messages[] = {
	ON_BOTH(bad_bdf_is_told),
	ON_TYPE1(bad_fd_is_told),
	ON_TYPE1(fd_of_another_kind_is_told),
	CASE(control_fd_of_another_kind_is_told),
	CASE(full_fd_table_is_told),
	CASE(undecided_is_told),
	ON_BOTH(no_device_is_told),
	CASE(no_group_is_told),
	ON_BOTH(no_iommu_is_told),
	CASE(no_vfio_is_told),
	CASE(no_type1_is_told),
	CASE(iommufd_for_a_container_is_told),
	CASE(no_iommufd_is_told),
	ON_IOMMUFD(no_device_node_is_told),
	ON_IOMMUFD(hidden_device_node_is_told),
	ON_BOTH(not_bound_is_told),
	ON_BOTH(bridge_is_told),
	CASE(noiommu_is_told),
	ON_IOMMUFD(denied_is_told),
	ON_BOTH(missing_vf_token_is_told),
	ON_BOTH(wrong_vf_token_is_told),
	ON_BOTH(vf_token_of_virtual_functions_in_use_is_told),
	ON_BOTH(unwanted_vf_token_is_told),
	ON_BOTH(vf_token_without_sysfs_is_told),
	ON_BOTH(vf_token_of_another_form_is_told),
	ON_IOMMUFD(vf_token_on_an_old_kernel_is_told),
	ON_TYPE1(unsafe_interrupts_on_type1_is_told),
	ON_IOMMUFD(unsafe_interrupts_on_iommufd_is_told),
	ON_BOTH(not_viable_is_told),
	ON_BOTH(blocker_of_another_bus_is_told),
	ON_TYPE1(group_busy_is_told),
	ON_TYPE1(busy_in_this_process_is_told),
	ON_IOMMUFD(busy_sibling_is_told),
	ON_TYPE1(node_of_another_group_is_told),
	ON_IOMMUFD(device_busy_is_told),
	ON_BOTH(firmware_map_is_told),
	ON_BOTH(join_conflict_is_told),
	ON_BOTH(kept_mapping_in_the_way_is_told),
	ON_BOTH(address_bits_are_told),
	ON_IOMMUFD(lost_memory_is_told),
	CASE(access_is_told),
};

const size_t join_messages_count = sizeof(join_messages) / sizeof(join_messages[0]);
