/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The machine of the tests, new for each of them, and checked when it ends: no
 * fd may have leaked, and the fake kernel must hold nothing any more.
 *
 *	group 4   0000:00:04.0  edu-like: BARs, INTx and one MSI vector
 *	group 5   0000:00:05.0  nvme-like: PCIe, 33 MSI-X vectors
 *	group 6   0000:00:06.0  vfio-pci, and 0000:00:06.1 on nvme: not viable
 *	group 7   0000:00:07.0
 *	group 9   0000:00:09.0  a port, with 0000:01:01.0 and 0000:01:02.0 below
 */

#ifndef FIXTURE_H
#define FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <vfa.h>

#include "fake/kernel.h"
#include "fake/sysfs.h"

#define EDU    "0000:00:04.0"
#define NVME   "0000:00:05.0"
#define SHARED "0000:00:06.0"
#define OTHER  "0000:00:07.0"
#define PORT   "0000:00:09.0"
#define LEFT   "0000:01:01.0"
#define RIGHT  "0000:01:02.0"

#define PAGE 4096ull

struct machine {
	struct tree tree;
	struct vfa_host *host;
	enum vfa_backend backend; /* what the case is run on */
	size_t fds;
	char log[4096]; /* the lines of the host's log */
};

int setup(void **state);
int setup_type1(void **state);
int setup_iommufd(void **state);
int teardown(void **state);

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define ON_TYPE1(test)                                                                             \
	{                                                                                          \
#test "_on_type1", test, setup_type1, teardown, NULL                               \
	}
#define ON_IOMMUFD(test)                                                                           \
	{                                                                                          \
#test "_on_iommufd", test, setup_iommufd, teardown, NULL                           \
	}
#define ON_BOTH(test) ON_TYPE1(test), ON_IOMMUFD(test)

/* Fds of this process, those of the fake kernel itself not counted. */
size_t count_fds(void);

struct vfa_container *open_container(struct machine *machine);
struct vfa_device *open_device(struct vfa_container *container, const char *bdf);
/* Through the fake kernel, @node below /dev. */
int open_node(struct machine *machine, const char *node);
void close_node(int fd);

/* A container with a device in it, and 16 pages to map. */
struct space {
	struct machine *machine;
	struct vfa_container *container;
	struct vfa_device *device;
	char *memory;
};

#define MEMORY (16 * PAGE)

struct space open_space(void **state);
struct space open_space_of(void **state, const char *bdf);
void close_space(struct space space);

/* One way of the kernel to be without the backend. */
void remove_iommufd(struct machine *machine);
void remove_vfio(struct machine *machine);

/* Shared, zeroed memory, and an alias of the options' initialiser. */
void *memory_new(size_t size);
void memory_free(void *memory, size_t size);
struct vfa_map_options at(uint64_t iova);
struct vfa_mapping *map_at(struct vfa_container *container, void *vaddr, uint64_t size,
			   uint64_t iova);

/* Under valgrind: a test that repeats itself does so less often. */
bool is_slow(void);

/* The call failed with this, and said so. */
void check_failure(int result, int code, enum vfa_cause cause);
/* And exactly in these words; a hint of NULL is not looked at. */
void check_message(const char *message, const char *hint);

#define assert_fails(call, err, cause) check_failure((call), -(err), VFA_CAUSE_##cause)
#define assert_ok(call)                check_ok((call), #call, __FILE__, __LINE__)

void check_ok(int result, const char *call, const char *file, int line);

#endif
