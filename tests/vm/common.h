/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What the tests of the emulated machine share.
 *
 * A test gets a struct vm through its state. What it opens through the vm_
 * functions is closed after it, last first, whether it passed or failed; then
 * the file descriptors of the process must be as many as before. Every case runs
 * over every backend; one that cannot apply to the profile skips and says what
 * would enable it.
 */

#ifndef COMMON_H
#define COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>
#include <vfa.h>

#define PAGE_SIZE 4096u

/* The devices, the same in all profiles: tests/vm/devices has them in QEMU's words. */
#define EDU           "0000:00:04.0"
#define NVME          "0000:00:05.0"
#define BLOCKED       "0000:00:06.0" /* on vfio-pci, but in a group with BLOCKER */
#define BLOCKER       "0000:00:06.1" /* on the kernel's nvme driver */
#define OTHER_EDU     "0000:00:07.0" /* in a group of its own */
#define SHARED_MEMORY "0000:00:08.0" /* ivshmem: BAR 2 is plain memory */
#define PORT          "0000:00:09.0" /* on pcieport, in a group with the next two */
#define PORT_EDU_1    "0000:01:00.0"
#define PORT_EDU_2    "0000:01:00.1"

/* What of a machine has PASIDs. */
enum vm_pasids {
	VM_PASIDS_UNKNOWN = 0, /* no device; sysfs does not tell of the IOMMU */
	VM_PASIDS_NONE,
	VM_PASIDS_OF_IOMMU,   /* but no device */
	VM_PASIDS_OF_DEVICES, /* of pasid_function.h, in place of the usual ones, but not the IOMMU
			       */
	VM_PASIDS_OF_BOTH,
};

/* What is known of the machine that VFA_VM_PROFILE names. */
struct vm_profile {
	const char *name;
	const char *fault[2]; /* parts of the kernel's line when EDU's DMA is stopped, if any */
	const char *fault_address; /* what the address comes behind in it */
	bool has_iommu;
	bool isolates_interrupts;
	bool has_iommufd;
	enum vm_pasids pasids;
	const char *wrong; /* the check of the machine that finds something, NULL for none */
	bool is_fatal;     /* and VFIO cannot be used before it is mended */
	bool translates_behind_ports;
	bool survives_faults;            /* as a device is opened */
	bool unmap_allocates;            /* where that fails, VFIO warns and leaves pages pinned */
	int coherency;                   /* what vfa_coherency_is_enforced() has to say */
	struct vfa_iova_range ranges[4]; /* that the kernel reports, up to an empty one */
	/* Where QEMU's version decides the last address: by what the kernel logged at boot. */
	struct {
		const char *logged;
		uint64_t last;
	} ends[3];
};

const struct vm_profile *vm_profile(void);

struct vm_cleanup {
	void (*run)(struct vm_cleanup *cleanup);
	void (*call)(void *object);
	void *object;
	size_t size;
	char text[256];
	char path[256];
};

struct vm {
	enum vfa_backend backend;
	size_t fds;
	size_t cleanups;
	struct vm_cleanup cleanup[32];
};

enum vm_where {
	VM_EACH_BACKEND = 0, /* once over type1, once over iommufd */
	VM_ONCE,
};

struct vm_case {
	const char *name;
	void (*run)(void **state);
	enum vm_where where;
};

#define VM_CASE(function)                                                                          \
	{                                                                                          \
#function, function, VM_EACH_BACKEND                                               \
	}
#define VM_CASE_ONCE(function)                                                                     \
	{                                                                                          \
#function, function, VM_ONCE                                                       \
	}

/* The whole of main(): 0 when all cases passed or skipped. */
int vm_run(const char *name, const struct vm_case *cases, size_t count);

#define vm_run_cases(name, cases) vm_run(name, cases, sizeof(cases) / sizeof((cases)[0]))

/* Skip unless @condition holds; @enabler ends the sentence "needs ...". */
void vm_need(bool condition, const char *enabler);

/* Skip unless devices can be assigned over this test's backend here. */
void vm_need_assignment(const struct vm *vm);

/* Skip where AddressSanitizer counts and keeps memory in its own ways. */
void vm_need_plain_memory(void);

/* Succeed, or fail the test here and now. What is returned goes after the test. */
struct vfa_container *vm_container(struct vm *vm);
struct vfa_device *vm_device(struct vm *vm, struct vfa_container *space, const char *bdf);
volatile void *vm_bar(struct vfa_device *device, uint32_t index);
struct vfa_buffer *vm_buffer(struct vm *vm, struct vfa_container *space, size_t size,
			     const struct vfa_map_options *options);
struct vfa_buffer *vm_buffer_of(struct vm *vm, struct vfa_container *space, size_t size,
				const struct vfa_buffer_options *options);
struct vfa_pool *vm_pool(struct vm *vm, struct vfa_container *space, size_t size, size_t count,
			 const struct vfa_pool_options *options);
struct vfa_irq *vm_irq(struct vm *vm, struct vfa_device *device, enum vfa_irq_kind kind,
		       uint32_t count);
struct vfa_layout *vm_layout(struct vm *vm, struct vfa_container *space);
struct vfa_kvm *vm_kvm(struct vm *vm, int machine);
struct vfa_irq *vm_irq_with(struct vm *vm, struct vfa_device *device, enum vfa_irq_kind kind,
			    uint32_t start, uint32_t count, const struct vfa_irq_options *options);
void *vm_memory(struct vm *vm, size_t size); /* zeroed, shared */
void *vm_map_fd(struct vm *vm, int fd, size_t size);
struct vfa_topology *vm_topology(struct vm *vm);
struct vfa_monitor *vm_monitor(struct vm *vm);
int vm_open(struct vm *vm, const char *path, int flags);
void vm_own_fd(struct vm *vm, int fd);
void vm_after(struct vm *vm, void (*function)(void *object), void *object);
void vm_own_container(struct vm *vm, struct vfa_container *space);
void vm_own_device(struct vm *vm, struct vfa_device *device);

/* At exactly @iova, access both ways. */
struct vfa_map_options vm_fixed(uint64_t iova);

/* The call has to succeed; a failure shows why. The value is the call's. */
#define assert_ok(call) vm_assert_ok((call), #call, __FILE__, __LINE__)

/*
 * The call has to fail with -@error, and vfa_error_last() has to say so, with
 * @cause and a message. The message is shown, for a person to judge.
 */
#define assert_refused(call, error, cause)                                                         \
	vm_assert_refused((call), (error), (cause), #call, __FILE__, __LINE__)

/* The message or the hint of the last refusal has to mention @text. */
#define assert_said(text) vm_assert_said((text), __FILE__, __LINE__)

int vm_assert_ok(int result, const char *call, const char *file, int line);
void vm_assert_refused(int result, int error, enum vfa_cause cause, const char *call,
		       const char *file, int line);
void vm_assert_said(const char *text, const char *file, int line);

/* How a call ended in another process. */
struct vm_report {
	int result;
	int code;
	enum vfa_cause cause;
	char message[1024];
	char hint[1024];
};

/* Run @function in a child, which must close all it opens, and wait for it to end. */
void vm_in_child(int (*function)(void *data), void *data, struct vm_report *ret);

/* Give up all privileges of a child: 0 on success. */
int vm_become_nobody(void);

#define assert_child_refused(report, error, cause)                                                 \
	vm_assert_child_refused((report), (error), (cause), __FILE__, __LINE__)

void vm_assert_child_refused(const struct vm_report *report, int error, enum vfa_cause cause,
			     const char *file, int line);

/* What this process uses, in KiB. */
struct vm_usage {
	unsigned long locked;    /* as the kernel counts for type1 */
	unsigned long pinned;    /* as it counts for iommufd */
	unsigned long anonymous; /* which of file pages are in is the kernel's choice */
};

struct vm_usage vm_usage_now(void);

/* How many names a directory has, those that start with a dot not counted. */
size_t vm_count_entries(const char *path);

/* Write @text to a file of sysfs; what was there comes back after the test. */
void vm_set(struct vm *vm, const char *path, const char *text);

/* How many huge pages of 2 MiB there shall be. */
#define VM_HUGE_PAGES "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"

/* Skip where sysfs does not let there be so many: an old kernel may have none at all. */
void vm_need_huge_pages(struct vm *vm, const char *count);

/* Take a device from vfio-pci; it is bound again after the test. */
void vm_unbind(struct vm *vm, const char *bdf);

/* Bind a device to vfio-pci until the end of the test. */
void vm_bind(struct vm *vm, const char *bdf);

/* Did the kernel log this since it booted? */
bool vm_log_had(struct vm *vm, const char *text);

/* The kernel's log from here on. */
int vm_log_open(struct vm *vm);

/* Wait until the kernel logs a line with both texts. */
bool vm_log_has(int log, const char *text, const char *other_text, unsigned int timeout_ms);

#define VM_LOG_LINE 4096

/* The same, and give the line. */
bool vm_log_find(int log, const char *text, const char *other_text, unsigned int timeout_ms,
		 char line[VM_LOG_LINE]);

#endif
