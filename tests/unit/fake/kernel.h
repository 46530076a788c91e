/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A fake kernel: VFIO's type1 and iommufd behind a table of system calls.
 *
 * Nodes below a made-up /dev are served here, with real fds behind them, so
 * that leaks and close-on-exec can be seen; all other paths go to the real
 * kernel. Errnos are Linux's own. There is one fake kernel a process, and any
 * thread may call it.
 */

#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/syscalls.h"

extern const struct syscalls fake_syscalls;

/** fake_start() - a kernel without any device, whose /dev is @dev */
void fake_start(const char *dev);

/** fake_stop() - forget everything; objects still open are released */
void fake_stop(void);

/* The machine. */

enum fake_reserved_type {
	FAKE_DIRECT,
	FAKE_DIRECT_RELAXABLE,
	FAKE_RESERVED,
	FAKE_MSI,
};

struct fake_range {
	uint64_t start;
	uint64_t last;
};

/** fake_add_group() - a group of 39 bits, coherent, with the MSI region of x86 */
void fake_add_group(uint32_t number);

/** fake_add_noiommu_group() - a group of VFIO's unsafe mode, /dev/vfio/noiommu-N */
void fake_add_noiommu_group(uint32_t number);

/** fake_add_device() - a device bound to vfio-pci, with node devices/vfio@cdev */
void fake_add_device(const char *bdf, uint32_t group, uint32_t cdev);

void fake_set_aperture(uint32_t group, uint64_t start, uint64_t last);
void fake_set_page_sizes(uint32_t group, uint64_t bitmap);
void fake_add_reserved(uint32_t group, uint64_t start, uint64_t last, enum fake_reserved_type type);
/* What its IOMMU tells of itself, see IOMMU_GET_HW_INFO; nothing at first. */
struct fake_iommu {
	uint32_t type;
	uint32_t pasid_bits;
	uint64_t capabilities;
	uint32_t size; /* of its registers in bytes */
	uint8_t registers[192];
	bool takes_no_faults; /* of the device, which has no PRI */
};

void fake_set_iommu(uint32_t group, const struct fake_iommu *iommu);
/* Where page tables for its PASIDs reach, which are of 48 bits at first. */
void fake_set_pasid_aperture(uint32_t group, uint64_t start, uint64_t last);
/* Its devices are being reset, and are attached to nothing else until that is over. */
void fake_set_resetting(uint32_t group, bool resetting);
/* A member is on a kernel driver that does DMA. */
void fake_set_viable(uint32_t group, bool viable);
/* Another process has the group node open. */
void fake_set_group_busy(uint32_t group, bool busy);
/* The IOMMU forces DMA to snoop. */
void fake_set_coherent(uint32_t group, bool coherent);
/* The machine remaps interrupts. */
void fake_set_isolated_msi(uint32_t group, bool isolated);

/* Another process has the device node bound. */
void fake_set_device_busy(const char *bdf, bool busy);
/* The device no longer answers: all ones. */
void fake_set_gone(const char *bdf, bool gone);
/*
 * It is unplugged, and the kernel wants it back: it asks by the request interrupt, lets nobody
 * open it any more, and when nobody has it open it is no longer there. Then it may come again.
 */
void fake_unplug(const char *bdf);
void fake_plug(const char *bdf);
/* The kernel cannot wake it: EIO for each access to a region. */
void fake_set_stuck(const char *bdf, bool stuck);
void fake_set_reset(const char *bdf, bool works);
/* It is there, and may be reset with others, but no VFIO driver has it. */
void fake_set_unbound(const char *bdf, bool unbound);
/* A virtual function whose physical function is assigned wants this UUID. */
void fake_set_token(const char *bdf, const char *uuid);
/* It has SR-IOV: who opens it may set the token of its virtual functions. */
void fake_set_physical(const char *bdf);
void fake_set_virtual(const char *bdf, const char *physical);
/* Access as VFIO_DEVICE_FEATURE_GET and _SET, 0 for none; data of 64 bytes at most, NULL for zeros.
 */
void fake_set_feature(const char *bdf, uint32_t feature, uint32_t access, uint32_t size,
		      const void *data);
/* What was set last. */
void fake_get_feature(const char *bdf, uint32_t feature, void *ret);
/* The device wakes by itself. */
void fake_wake(const char *bdf);
bool fake_is_in_low_power(const char *bdf);
/* Flags as VFIO_REGION_INFO_FLAG_*. */
void fake_set_region(const char *bdf, uint32_t index, uint64_t size, uint32_t flags);
/* Only this part of the region can be mapped, and others told so; none at all of 0 bytes. */
void fake_add_sparse(const char *bdf, uint32_t index, uint64_t start, uint64_t size);
/* One that the device's driver adds behind the others: its index. */
uint32_t fake_add_region(const char *bdf, uint32_t type, uint32_t subtype, uint64_t size,
			 uint32_t flags);
/* It has the MSI-X table, and the kernel says that this is no reason not to map it. */
void fake_set_msix_mappable(const char *bdf, uint32_t index);
void fake_set_irq_count(const char *bdf, uint32_t index, uint32_t count);
void fake_set_config(const char *bdf, uint32_t offset, const void *bytes, size_t size);
/* Bits of config space, in the 16 at an offset, that the device does not let anybody write. */
void fake_fix_config(const char *bdf, uint32_t offset, uint16_t bits);
/* What is there now, whoever has the device. */
uint16_t fake_get_config(const char *bdf, uint32_t offset);
/* What GET_REGION_INFO and GET_IRQ_INFO of an index answer; 0 as usual. */
void fake_set_info_errno(const char *bdf, int err);
/* Whether the BARs answer; where they do not, loads and stores of them raise SIGBUS. */
void fake_set_decoding(const char *bdf, bool on);
/* How much of a pread or pwrite of a region is done; SIZE_MAX for all. */
void fake_set_transfer(const char *bdf, size_t most);

/* The kernel. */

void fake_set_type1(bool there);
/* udevd runs; not at first. */
void fake_set_udev(bool runs);
/* Type1 is one that loses mappings which reach the end of 64 bits. */
void fake_set_loses_last_page(bool old);
/* Maps do not look whether there is memory, which takes most of their time. */
void fake_set_trusts_memory(bool trusts);
void fake_set_noiommu(bool there);
/* CONFIG_IOMMUFD_VFIO_CONTAINER: /dev/vfio/vfio is an iommufd. */
void fake_set_iommufd_container(bool there);
/* VFIO_DEVICE_BIND_FLAG_TOKEN, after Linux 6.16. */
void fake_set_bind_token(bool there);
void fake_set_unsafe_interrupts(bool allowed);
/* The answer to opening the node, a path below /dev; 0 as usual. */
void fake_set_open_errno(const char *node, int err);
/* IOMMU_IOAS_MAP_FILE, from Linux 6.14. */
void fake_set_map_file(bool there);
/* dma-bufs of BARs, from Linux 6.19. */
void fake_set_dmabufs(bool there);
/* As before Linux 6.11: what is mapped of other drivers' dma-bufs is memory that can be pinned. */
void fake_set_old_udmabuf(bool old);
/* IOMMU_GET_HW_INFO, from Linux 6.6. */
void fake_set_iommu_info(bool there);
/* IOMMU_FAULT_QUEUE_ALLOC, from Linux 6.11. */
void fake_set_fault_queues(bool there);
/* A read without room for the first group gives nothing, as up to about Linux 6.15. */
void fake_set_old_fault_queues(bool old);
/* PASIDs of VFIO's devices, from Linux 6.15. */
void fake_set_pasids(bool there);
/* VFIO_DEVICE_FEATURE, from Linux 5.7. */
void fake_set_features(bool there);
/* What getting one returns; 0 as most do. */
void fake_set_feature_result(int result);
/* CONFIG_KVM_VFIO. */
void fake_set_kvm_vfio(bool there);
/* As before Linux 6.2: KVM's VFIO device takes groups only, and stays as long as its VM. */
void fake_set_old_kvm(bool old);
/* VMs are those of another process. */
void fake_set_foreign_vm(bool foreign);
/* Huge pages of this size that are free: 64 KiB, 2 MiB or 1 GiB; none at first. */
void fake_set_huge_pages(uint64_t page_size, uint64_t count);
/* NUMA nodes, from 0 on; 0 for a kernel that has none of it. */
void fake_set_nodes(unsigned int count);
/* The answer to MADV_POPULATE_WRITE; 0 as usual. */
void fake_set_populate_errno(int err);
/* The limit in bytes, soft and hard; UINT64_MAX for none. */
void fake_set_memlock(uint64_t bytes);
void fake_set_memlock_hard(uint64_t bytes);
/* What counts besides mappings: of this process by mlock, of the user by its others. */
void fake_set_locked_by_process(uint64_t bytes);
void fake_set_locked_by_user(uint64_t bytes);
/* Effective ones, a bit each. */
void fake_set_capabilities(uint64_t capabilities);
/* The process is in a user namespace that is not the first: they do not count. */
void fake_set_own_namespace(bool own);
/* vfio_iommu_type1.dma_entry_limit, for containers set up from now on. */
void fake_set_entry_limit(uint32_t entries);
/* That many more functions come to the bus while the kernel tells what is on it. */
void fake_set_hot_reset_races(unsigned int count);
/* Vectors that the machine has left for one device. */
void fake_set_free_vectors(uint32_t count);
/* Of these, vectors that the processors have left: found out as each is enabled. */
void fake_set_processor_vectors(uint32_t count);
/* The kernel adds MSI-X vectors while others are enabled, from Linux 6.5. */
void fake_set_dynamic_msix(bool there);
/* An eventfd that blocks can be read without waiting, from Linux 5.8. */
void fake_set_read_now(bool there);
/* The widest store that an eventfd makes, 8 at first; 0 on a kernel without them. */
void fake_set_ioeventfd_width(uint32_t width);
/* How many a device may have, 8 at first. */
void fake_set_ioeventfd_limit(uint32_t limit);
/* Eventfds that were written make their stores now. */
void fake_make_stores(const char *bdf);
size_t fake_count_stores(const char *bdf);
/* The kernel loses the mappings, or the parts of them, in this range. */
void fake_forget(uint64_t iova, uint64_t size);
/* The interrupt of a vector arrives. Returns whether anybody listens. */
bool fake_fire(const char *bdf, uint32_t index, uint32_t vector);

/* The sockets with messages in them were closed, and nobody has received the fds in those. */
void fake_drop_messages(void);

/**
 * fake_fail_call() - fail one system call
 * @n: which one from now on, 1 for the next; 0 for none
 * @err: the errno
 *
 * munmap is not counted: nothing but a broken caller makes it fail.
 */
void fake_fail_call(unsigned int n, int err);

/** fake_fail_ioctl() - fail all ioctls of this number from now on; @err 0 for none */
void fake_fail_ioctl(unsigned long request, int err);

/**
 * fake_fail_answer() - let one map, unmap or option be done and fail all the same
 * @n: which one from now on, 1 for the next; 0 for none
 *
 * The kernel works first, and copies its answer out then: EFAULT. Type1's map
 * has no answer.
 */
void fake_fail_answer(unsigned int n);

/** fake_has_failed() - whether the call or answer that was to fail came */
bool fake_has_failed(void);

/** fake_failed_errors() - all that the kernel can give where a call failed last, up to a 0 */
const int *fake_failed_errors(void);

/** fake_is_inside() - whether this thread runs in the fake kernel */
bool fake_is_inside(void);

/**
 * fake_visit_ioctl() - something else happens while a call takes its time
 *
 * When the next ioctl of this number, or the next close of a device, begins. It may call the
 * library, which shows what no lock is held for.
 */
void fake_visit_ioctl(unsigned long request, void (*act)(void *data), void *data);
void fake_visit_close(void (*act)(void *data), void *data);

/** fake_awaits_visit() - whether that has not come yet */
bool fake_awaits_visit(void);

/* Drivers: bind, unbind, driver_override and drivers_probe of sysfs react. */

/* The driver that the kernel chooses for a device without an override; none at first. */
void fake_set_native_driver(const char *bdf, const char *driver);
/* The function has just come: it takes no driver before the library has rested. */
void fake_set_new(const char *bdf);
/* What the driver's probe answers to every device; 0 as usual. */
void fake_set_probe_errno(const char *driver, int err);
/* Something else happens just before one of these attributes is written, 1 for the next. */
void fake_visit_write(unsigned int n, void (*act)(void *data), void *data);
/* How often they have been written since fake_start(). */
unsigned int fake_count_writes(void);

/* A dma-buf of another driver, such as udmabuf. */
int fake_dmabuf_open(uint64_t size, bool can_mmap);

/* A VM of KVM: its fd, as KVM_CREATE_VM gives it. */
int fake_vm_open(void);
/* Nodes added to the VFIO device of a VM, by the fd of either. */
size_t fake_count_registered(int fd);
/* What KVM has concluded from them. */
bool fake_is_noncoherent(int fd);

/*
 * A device of a fault queue, by the queue's fd, asks for pages: a group of requests, of which
 * all but the last have the same in common. Those with a PASID are told of the device of the
 * group that was attached first.
 */
struct fake_fault {
	uint32_t device_id; /* in the iommufd */
	uint32_t pasid;     /* FAKE_NO_PASID for none */
	uint32_t group;
	uint32_t access;  /* IOMMU_PGFAULT_PERM_* */
	uint64_t address; /* the requests after it are for the pages behind */
	size_t count;
};

#define FAKE_NO_PASID UINT32_MAX

void fake_report_fault(int fd, const struct fake_fault *fault);
/* How many groups have been answered by this code since fake_start(). */
size_t fake_count_answers(uint32_t code);

/* What can be seen. */

struct fake_mapping {
	uint64_t iova;
	uint64_t size;
	uint64_t vaddr;  /* 0 when a file is mapped */
	uint64_t inode;  /* of that file, else 0 */
	uint64_t offset; /* in it */
	bool readable;   /* by the device */
	bool writable;
	bool is_dmabuf; /* the file is one */
	bool revoked;   /* and it leads nowhere any more */
	char bdf[16];   /* of the device whose BAR it is of, while that is open */
	uint32_t region;
	uint64_t region_offset;
};

size_t fake_count_mappings(void);
/* By address space and IOVA; false when there are not so many. */
bool fake_get_mapping(size_t index, struct fake_mapping *ret);
/* Containers, IOAS, bound devices, page tables, open groups and devices. */
size_t fake_count_objects(void);
/* The open ones of one kind, see enum fake_object. */
enum fake_object {
	FAKE_OBJECT_CONTAINER,
	FAKE_OBJECT_GROUP,
	FAKE_OBJECT_IOMMUFD,
	FAKE_OBJECT_IOAS,
	FAKE_OBJECT_DEVICE,
	FAKE_OBJECT_KVM, /* VMs, and their VFIO devices */
	FAKE_OBJECT_DMABUF,
	FAKE_OBJECT_FAULT_QUEUE,
	FAKE_OBJECT_PAGE_TABLE, /* made by hand */
	FAKE_OBJECTS,
};
size_t fake_count_kind(enum fake_object kind);
size_t fake_count_vectors(void);
/* Vectors that a device has taken from the machine, whether they signal or not. */
uint32_t fake_count_allocated(const char *bdf);
bool fake_is_masked(const char *bdf);
bool fake_is_bus_master(const char *bdf);
unsigned int fake_count_resets(const char *bdf);
/* With its bus. */
unsigned int fake_count_hot_resets(const char *bdf);
/* PASIDs that a device is attached by. */
size_t fake_count_pasids(const char *bdf);
/* Whether the IOMMU translates requests of a device with it: all of its group is attached as one.
 */
bool fake_pasid_leads(const char *bdf, uint32_t pasid);
/* Whether what it does without a PASID goes by a page table that takes them. */
bool fake_goes_with_pasids(const char *bdf);
/* The compatibility IOAS of all open iommufds is unset. */
bool fake_is_compat_clear(void);
/* Fds that belong to the fake kernel itself. */
size_t fake_count_own_fds(void);
/* How often an ioctl has been made since fake_start(). */
unsigned int fake_count_ioctls(unsigned long request);
/* The node of the last mbind, or -1, and its mode. */
int fake_last_node(int *mode);
/* Threads that the library has made since fake_start(). */
unsigned int fake_count_threads(void);

#endif
