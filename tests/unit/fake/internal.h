/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What the files of the fake kernel share. Everything here runs with the lock
 * of kernel.c held, and returns a negative errno as kernel functions do.
 */

#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include <linux/vfio.h>
#include <pthread.h>
#include <sys/types.h>

#include "fake/kernel.h"

#define FAKE_PAGE         4096ull
#define FAKE_REGIONS      12 /* with those that a driver adds */
#define FAKE_AREAS        16
#define FAKE_IRQS         5
#define FAKE_IOEVENTFDS   8
#define FAKE_VECTORS      2048 /* as many as MSI-X can have */
#define FAKE_RESERVED_MAX 16
#define FAKE_CONFIG       4096
#define FAKE_PASIDS       16
#define FAKE_TABLES       16
#define FAKE_FEATURES     16
#define FAKE_FEATURE_ROOM 64
#define FAKE_BAR_ROOM     (64ull << 20) /* a region's share of the device's memory file */

struct fake_group;
struct fake_device;
struct fake_opened;
struct fake_container;
struct fake_iommufd;
struct fake_fault_queue;
struct fake_vm;
struct fake_dmabuf;

/* An open file: as many references as fds, and objects that hold it. */
struct fake_file {
	enum {
		FILE_CONTAINER,
		FILE_GROUP,
		FILE_IOMMUFD,
		FILE_FAULT_QUEUE,
		FILE_DEVICE,
		FILE_VM,
		FILE_KVM,
		FILE_DMABUF,
	} kind;
	unsigned int refs;
	struct fake_container *container;
	struct fake_group *group;
	struct fake_iommufd *iommufd;
	struct fake_fault_queue *fault_queue;
	struct fake_opened *opened;
	struct fake_vm *vm;
	struct fake_dmabuf *dmabuf;
};

/* kernel.c */

struct fake_settings {
	bool type1;
	bool udev;
	bool loses_last_page;
	bool trusts_memory;
	bool noiommu;
	bool iommufd_container;
	bool bind_token;
	bool unsafe_interrupts;
	bool map_file;
	bool dmabufs;
	bool old_udmabuf;
	bool iommu_info;
	bool fault_queues;
	bool old_fault_queues;
	bool pasids;
	bool features;
	int feature_result; /* of getting one */
	bool kvm_vfio;
	bool old_kvm;
	bool foreign_vm;
	unsigned int hot_reset_races;
	unsigned int nodes;
	int populate_errno;
	uint64_t memlock;
	uint64_t memlock_hard; /* 0: as memlock */
	uint64_t locked_by_process;
	uint64_t locked_by_user;
	uint64_t capabilities;
	bool own_namespace;
	uint32_t entry_limit;
	uint32_t free_vectors;
	uint32_t ioeventfd_width;
	uint32_t ioeventfd_limit;
	uint32_t processor_vectors;
	bool dynamic_msix;
	bool read_now;
};

extern struct fake_settings fake_settings;

/* A capability that counts in the first user namespace, by its number. */
bool fake_is_capable(unsigned int capability);

int fake_file_install(struct fake_file *file);
/* Let an fd stand for the file: the fd, or -errno with it closed. */
int fake_file_attach(struct fake_file *file, int fd);
struct fake_file *fake_file_of_fd(int fd);
bool fake_is_open(int fd);
struct fake_file *fake_file_new(int kind);
void fake_file_get(struct fake_file *file);
void fake_file_put(struct fake_file *file);

/* driver.c: attributes of sysfs that react */

void fake_drivers_reset(const char *dev);
/* The kernel has set up the function that was new, and tries drivers. */
void fake_settle(void);
bool fake_is_attribute(int fd);
/* The size, or -errno. */
long fake_attribute_write(int fd, const void *buffer, size_t size);

/* socket.c */

ssize_t fake_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t fake_recvmsg(int fd, struct msghdr *message, int flags);

/* token.c: 0 or -errno; NULL for none */

int fake_token_match(struct fake_device *device, const char *uuid);

/* files.c: memory that the library makes */

int fake_memfd_create(const char *name, unsigned int flags);
int fake_ftruncate(int fd, off_t size);
int fake_seal(int fd, int seals);
int fake_fstat(int fd, struct stat *status);
int fake_fstatfs(int fd, struct statfs *status);
int fake_madvise(void *address, size_t size, int advice);
int fake_mbind(void *address, size_t size, int mode, const unsigned long *nodes,
	       unsigned long bits);
int fake_thread_create(pthread_t *ret, const pthread_attr_t *attributes, void *(*run)(void *data),
		       void *data);
/* mmap of what is no device: 0 or a positive errno. */
int fake_mmap_memory(void **address, size_t size, int protection, int flags, int fd, off_t offset);
void fake_forget_fd(int fd);
void fake_forget_files(void);

/* errors.c: by the name of a system call, and the ioctl's number; NULL for an unknown one */

const int *fake_errors_of(const char *call, unsigned long request);

/* space.c: an I/O address space of either kind */

struct fake_map {
	uint64_t iova;
	uint64_t last;
	uint64_t vaddr;
	uint64_t inode; /* of the file, when it is one that is mapped */
	uint64_t offset;
	uint32_t flags;           /* VFIO_DMA_MAP_FLAG_* */
	bool exempt;              /* made with CAP_IPC_LOCK */
	struct fake_file *dmabuf; /* that is mapped, which it holds open; or NULL */
	bool revoked;             /* the dma-buf was: it leads nowhere */
};

/* Where the kernel counts what is pinned. */
enum fake_accounting {
	FAKE_TYPE1,       /* locked memory of the process */
	FAKE_PER_PROCESS, /* the same, and pinned memory */
	FAKE_PER_USER,    /* locked memory of the user, and pinned memory */
};

struct fake_space {
	struct fake_space *next;
	enum fake_accounting accounting;
	struct fake_map *maps;
	size_t count;
	size_t room;
	struct fake_group *tenants[64]; /* one entry for each attachment */
	size_t tenant_count;
	struct {
		uint32_t id;
		struct fake_range aperture;
	} tables[FAKE_TABLES]; /* made by hand */
	size_t table_count;
};

void fake_space_init(struct fake_space *space, enum fake_accounting accounting);
void fake_space_exit(struct fake_space *space);
void fake_space_clear(struct fake_space *space);
size_t fake_space_ranges(const struct fake_space *space, struct fake_range *ranges, size_t max);
uint64_t fake_space_page_sizes(const struct fake_space *space);
/* Whether a live mapping is where @group cannot have one. */
bool fake_space_conflicts(const struct fake_space *space, const struct fake_group *group);
int fake_space_join(struct fake_space *space, struct fake_group *group);
/* -EADDRINUSE when a mapping is outside of the aperture. */
int fake_space_add_table(struct fake_space *space, uint32_t id, struct fake_range aperture);
void fake_space_remove_table(struct fake_space *space, uint32_t id);
void fake_space_leave(struct fake_space *space, struct fake_group *group);
size_t fake_space_count_all(void);
bool fake_space_describe(size_t index, struct fake_mapping *ret);
bool fake_space_is_coherent(const struct fake_space *space);
bool fake_space_in_ranges(const struct fake_space *space, uint64_t iova, uint64_t last);
struct fake_map *fake_space_find(const struct fake_space *space, uint64_t iova, uint64_t last);
int fake_space_insert(struct fake_space *space, const struct fake_map *map);
void fake_space_remove(struct fake_space *space, struct fake_map *map);
int fake_space_pin(const struct fake_space *space, uint64_t vaddr, uint64_t size, uint32_t flags,
		   bool device_memory);
int fake_space_pin_file(const struct fake_space *space, uint64_t size);
void fake_spaces_forget(uint64_t iova, uint64_t last);
/* A dma-buf's mappings lead nowhere from now on. */
void fake_spaces_revoke(const struct fake_dmabuf *dmabuf);
/* VmLck and VmPin of this process, in bytes. */
uint64_t fake_spaces_locked(void);
uint64_t fake_spaces_pinned(void);

/* memory.c: what is mapped in this process */

int fake_memory_check(uint64_t vaddr, uint64_t size, bool write);
void fake_memory_add_mmio(void *address, size_t size, const struct fake_device *device);
/* Pages that another driver shows as it does registers: nobody pins those. */
void fake_memory_add_pfns(void *address, size_t size);
void fake_memory_remove_mmio(void *address, size_t size);
bool fake_memory_is_mmio(uint64_t vaddr, uint64_t size);
/* Registers, if there are any, are of devices that decode memory. */
bool fake_memory_answers(uint64_t vaddr, uint64_t size);
bool fake_memory_is_pfns(uint64_t vaddr, uint64_t size);
void fake_memory_forget_mmio(void);

/* machine.c */

struct fake_reserved {
	struct fake_range range;
	enum fake_reserved_type type;
};

/* Of a group, on iommufd. */
struct fake_pasid {
	uint32_t number;
	uint32_t table;
	uint64_t devices;  /* that it is attached to: a bit each, by the number of its node */
	uint32_t reporter; /* id of the first of them, which page faults of all are told of */
};

struct fake_group {
	struct fake_group *next;
	uint32_t number;
	bool noiommu;
	bool viable;
	bool coherent;
	bool isolated_msi;
	bool busy;
	struct fake_range aperture;
	uint64_t page_sizes;
	struct fake_reserved reserved[FAKE_RESERVED_MAX];
	size_t reserved_count;
	bool forgets_reserved; /* by its address space, where one could not be replaced */
	bool resetting;
	struct fake_iommu iommu;

	struct fake_file *file; /* the one opener of the group node */
	struct fake_container *container;
	unsigned int container_users;
	unsigned int cdev_opens;
	const void *owner;
	unsigned int owner_count;
	struct fake_space *attached; /* on iommufd */
	unsigned int attached_count;
	struct fake_range pasid_aperture; /* of page tables made by hand */
	struct fake_pasid pasids[FAKE_PASIDS];
	size_t pasid_count;
};

struct fake_region {
	uint64_t size;
	uint32_t flags;
	uint32_t type; /* of one that a driver adds */
	uint32_t subtype;
	bool maps_msix;
	struct fake_range sparse[FAKE_AREAS]; /* when there are any, nothing else can be mapped */
	uint32_t sparse_count;
	bool is_sparse;
};

struct fake_irq {
	uint32_t count;
	int fds[FAKE_VECTORS]; /* duplicates that stand for the kernel's references */
};

struct fake_feature {
	uint32_t access; /* VFIO_DEVICE_FEATURE_GET and _SET; 0: the device has it not */
	uint32_t size;
	uint8_t data[FAKE_FEATURE_ROOM];
};

/* A store that an eventfd makes; a width of 0 for none. */
struct fake_ioeventfd {
	uint64_t offset;
	uint64_t value;
	uint32_t width;
	int fd; /* a duplicate that stands for the kernel's reference */
};

struct fake_device {
	struct fake_device *next;
	struct fake_group *group;
	char bdf[16];
	char token[40];
	bool is_physical;             /* has SR-IOV, and vfio-pci made its virtual functions */
	struct fake_device *physical; /* of a virtual function, NULL for another */
	uint32_t cdev;
	uint8_t config[FAKE_CONFIG];
	uint8_t fixed[FAKE_CONFIG]; /* bits of it that cannot be written */
	uint8_t saved[FAKE_CONFIG]; /* as it was when the device was opened */
	struct fake_region regions[FAKE_REGIONS];
	uint32_t region_count;
	struct fake_ioeventfd ioeventfds[FAKE_IOEVENTFDS];
	struct fake_irq irqs[FAKE_IRQS];
	int memory_fd;
	bool busy;
	bool gone;
	bool stuck;
	bool leaving;
	bool reset_works;
	int info_errno;
	size_t transfer;
	unsigned int resets;
	struct fake_feature features[FAKE_FEATURES];
	bool unbound;               /* from VFIO's driver, and so beyond its reach */
	struct fake_opened *opened; /* which has it by its node */
	unsigned int hot_resets;
	bool low_power;
	int wakeup_fd; /* a duplicate that stands for the kernel's reference */

	unsigned int open_count;
	int irq_type; /* FAKE_IRQS when none of INTx, MSI and MSI-X is on */
	uint32_t irq_allocated;
	int unmask_fd; /* a duplicate, as those of vectors are */
	bool masked;
	bool pending;
};

/* A device file, from a group or from a device node. */
struct fake_opened {
	struct fake_device *device;
	struct fake_file *group_file;
	struct fake_file *iommufd_file;
	bool granted;
	uint32_t id;
	uint32_t page_table;
};

extern struct fake_group *fake_groups;
extern struct fake_device *fake_devices;

struct fake_group *fake_group_find(uint32_t number, bool noiommu);
struct fake_device *fake_device_find(const char *bdf);
struct fake_device *fake_device_find_cdev(uint32_t cdev);
bool fake_group_wants_identity_map(const struct fake_group *group);
bool fake_group_is_busy(const struct fake_group *group);
int fake_group_claim(struct fake_group *group, const void *owner);
void fake_group_release_claim(struct fake_group *group);
void fake_machine_reset(void);

/* type1.c */

int fake_container_open(void);
long fake_container_ioctl(struct fake_container *container, unsigned int request, void *argument);
void fake_container_release(struct fake_file *file);
int fake_container_add_group(struct fake_container *container, struct fake_group *group);
void fake_container_remove_group(struct fake_container *container, struct fake_group *group);
bool fake_container_has_iommu(const struct fake_container *container);

/* group.c */

int fake_group_open(struct fake_group *group);
long fake_group_ioctl(struct fake_group *group, unsigned int request, void *argument);
void fake_group_release(struct fake_file *file);

/* hwpt.c */

struct uapi_vfio_attach_iommufd_pt;
long fake_pasid_attach(struct fake_opened *opened, struct uapi_vfio_attach_iommufd_pt *argument);
long fake_pasid_detach(struct fake_opened *opened, uint32_t number);
void fake_pasid_detach_all(struct fake_opened *opened);

/* iommufd.c and cdev.c */

int fake_iommufd_open(bool per_process);
long fake_iommufd_ioctl(struct fake_file *file, unsigned int request, void *argument);
void fake_iommufd_release(struct fake_file *file);
int fake_iommufd_bind(struct fake_file *file, struct fake_device *device, uint32_t *ret);
void fake_iommufd_unbind(struct fake_file *file, struct fake_device *device, uint32_t id);
int fake_iommufd_attach(struct fake_file *file, struct fake_device *device, uint32_t *pt_id,
			uint32_t *page_table);
void fake_iommufd_detach(struct fake_file *file, struct fake_device *device, uint32_t *page_table);
bool fake_iommufds_are_compat_clear(void);
int fake_cdev_open(struct fake_device *device);
long fake_cdev_bind(struct fake_opened *opened, void *argument);
long fake_cdev_ioctl(struct fake_opened *opened, unsigned int request, void *argument);

/* fault_queue.c */

void fake_fault_queues_reset(void);
void fake_fault_queue_release(struct fake_file *file);
long fake_fault_queue_read(struct fake_fault_queue *queue, void *buffer, size_t size);
long fake_fault_queue_write(struct fake_fault_queue *queue, const void *buffer, size_t size);

/* device.c */

struct fake_opened *fake_opened_new(struct fake_device *device);
int fake_device_open_by_group(struct fake_device *device, struct fake_file *group_file);
/* Nobody has it open, and it is to leave: the kernel lets go of it. */
void fake_device_leave(struct fake_device *device);
void fake_device_first_open(struct fake_device *device);
void fake_device_release(struct fake_file *file);
long fake_device_ioctl(struct fake_opened *opened, unsigned int request, void *argument);
ssize_t fake_device_read(struct fake_opened *opened, void *buffer, size_t size, uint64_t offset);
ssize_t fake_device_write(struct fake_opened *opened, const void *buffer, size_t size,
			  uint64_t offset);
int fake_device_mmap(struct fake_opened *opened, size_t size, int protection, int flags,
		     uint64_t offset, void **ret);

/* dmabuf.c */

void fake_dmabuf_release(struct fake_file *file);
/* It decodes memory, is not in D3hot and not in low power. */
bool fake_device_answers(const struct fake_device *device);

/* vconfig.c: config space of a device that has gone, as VFIO shows it */

void fake_config_lose(const struct fake_device *device, uint8_t config[FAKE_CONFIG]);

/* What a store to a mapped BAR does. */
void fake_device_store(struct fake_device *device, uint64_t offset, const void *bytes, size_t size);

/* ioeventfd.c */

long fake_ioeventfd_set(struct fake_device *device, const struct vfio_device_ioeventfd *wanted);
void fake_ioeventfd_drop_all(struct fake_device *device);
size_t fake_ioeventfd_count(const struct fake_device *device);

/* irq.c */

uint32_t fake_irq_count(const struct fake_device *device, uint32_t index);
long fake_irq_set(struct fake_device *device, const struct vfio_irq_set *set);
void fake_irq_disable_all(struct fake_device *device);
bool fake_is_eventfd(int fd);
void fake_signal_eventfd(int fd);
void fake_irq_settle(void);
void fake_irq_fire(struct fake_device *device, uint32_t index, uint32_t vector);

/* feature.c */

void fake_features_init(struct fake_device *device);
long fake_feature(struct fake_device *device, struct vfio_device_feature *argument);
/* The host asks something of the device. */
void fake_power_wake(struct fake_device *device);
void fake_power_leave(struct fake_device *device);

/* kvm.c */

long fake_vm_ioctl(struct fake_file *file, unsigned int request, void *argument);
void fake_vm_release(struct fake_file *file);

/* hot_reset.c */

long fake_hot_reset_info(const struct fake_opened *opened, struct vfio_pci_hot_reset_info *info);
long fake_hot_reset(const struct fake_opened *opened, const struct vfio_pci_hot_reset *request);

/* The objects that are open now, for the inspectors. */
extern size_t fake_objects[FAKE_OBJECTS];

#endif
