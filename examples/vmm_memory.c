/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vmm_memory: have a guest's memory where the guest has it, plug in more, and tell KVM. */

#include "example.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * A PC has memory below its PCI hole and above 4 GiB. The hole has the window of MSIs at
 * 0xfee00000, where no IOMMU maps anything. This guest is a small one.
 */
#define MIB  ((uint64_t)1 << 20)
#define LOW  (32 * MIB)
#define HIGH (4096 * MIB)
#define RAM  (64 * MIB) /* at first */
#define MORE (16 * MIB)

struct guest {
	char *ram; /* a memfd, which processes that emulate devices can have too */
	int memfd;
	struct vfa_layout *layout;
	struct vfa_kvm *kvm;
};

static struct vfa_layout_region region(const struct guest *guest, uint64_t iova, uint64_t offset,
				       uint64_t size)
{
	return (struct vfa_layout_region){
		.iova = iova,
		.size = size,
		.vaddr = guest->ram + offset,
		.offset = offset,
		.flags = VFA_LAYOUT_FILE,
		.fd = guest->memfd,
	};
}

/* All of it or nothing; what the guest has already stays mapped meanwhile. */
static int plug(struct guest *guest, uint64_t size)
{
	const struct vfa_layout_region regions[] = {
		region(guest, 0, 0, LOW),
		region(guest, HIGH, LOW, RAM - LOW),
		region(guest, HIGH + RAM - LOW, RAM, MORE),
	};
	struct vfa_layout_plan plan = VFA_LAYOUT_PLAN_INIT;
	size_t count = size > RAM ? 3 : size ? 2 : 0;
	int err = vfa_layout_check(guest->layout, regions, count, &plan);

	if (!err)
		err = vfa_layout_apply(guest->layout, regions, count);
	if (!err)
		printf("vmm_memory: %" PRIu64 " MiB: kept %" PRIu64 " regions, mapped %" PRIu64
		       ", unmapped %" PRIu64 "\n",
		       size / MIB, plan.kept, plan.mapped, plan.unmapped);
	return err;
}

/* So that KVM honours the guest's WBINVD where the IOMMU does not enforce snooping. */
static int tell_kvm(struct guest *guest, struct vfa_device *device)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	int err = 0;

	if (vm >= 0)
		err = vfa_kvm_open(NULL, vm, &guest->kvm);
	if (vm >= 0 && !err)
		err = vfa_kvm_add(guest->kvm, device);
	if (!err)
		printf("vmm_memory: %s\n", vm < 0 ? "no KVM here" : "KVM knows the device");
	if (vm >= 0)
		close(vm); /* the handle keeps the VM */
	if (kvm >= 0)
		close(kvm);
	return err;
}

static int get_memory(struct guest *guest)
{
	guest->memfd = memfd_create("guest", MFD_CLOEXEC);
	if (guest->memfd < 0 || ftruncate(guest->memfd, RAM + MORE) < 0)
		return -1;
	guest->ram = mmap(NULL, RAM + MORE, PROT_READ | PROT_WRITE, MAP_SHARED, guest->memfd, 0);
	return guest->ram == MAP_FAILED ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	struct guest guest = { .memfd = -1 };
	int err = -1;

	if (argc < 2) {
		fprintf(stderr, "usage: vmm_memory BDF [auto|type1|iommufd]\n");
		return EXIT_FAILURE;
	}
	if (get_memory(&guest) < 0) {
		perror("vmm_memory: memory of the guest");
		return EXIT_FAILURE;
	}
	if (vfa_container_open(NULL, example_backend(argv[2]), &space) < 0 ||
	    vfa_device_open(space, argv[1], NULL, &device) < 0 ||
	    vfa_layout_new(space, &guest.layout) < 0 || tell_kvm(&guest, device) < 0 ||
	    plug(&guest, RAM) < 0 ||        /* the guest starts */
	    plug(&guest, RAM + MORE) < 0 || /* and gets more while it runs */
	    plug(&guest, RAM) < 0 || plug(&guest, 0) < 0)
		example_complain("vmm_memory");
	else
		err = 0;

	vfa_kvm_close(guest.kvm);
	vfa_device_close(device);
	vfa_layout_free(guest.layout);
	vfa_container_close(space);
	munmap(guest.ram, RAM + MORE);
	close(guest.memfd);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
