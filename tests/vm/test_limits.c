/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* How much can be mapped: what is told of it, and that the kernel agrees. */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

static struct vfa_limits limits_of(struct vfa_container *space)
{
	struct vfa_limits limits = VFA_LIMITS_INIT;

	assert_ok(vfa_container_limits(space, &limits));
	return limits;
}

/* A line of /proc/self/status in bytes. */
static uint64_t status_of(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long kib = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), "%llu", &kib);
	if (file)
		fclose(file);
	return kib * 1024;
}

static void limits_follow_the_kernel(void **state)
{
	struct vfa_limits before, limits;
	struct vfa_container *space;
	struct vm *vm = *state;
	bool type1 = vm->backend == VFA_BACKEND_TYPE1;
	char *memory;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	memory = vm_memory(vm, 5 * PAGE_SIZE);
	before = limits_of(space);
	assert_ok(vfa_container_map(space, memory, 3 * PAGE_SIZE, NULL, NULL));
	assert_ok(vfa_container_map(space, memory, 5 * PAGE_SIZE, NULL, NULL));
	limits = limits_of(space);
	assert_int_equal(limits.entries_used, 2);
	assert_int_equal(limits.mapped_bytes, 8 * PAGE_SIZE);
	assert_int_equal(limits.locked_bytes - before.locked_bytes, type1 ? 8 * PAGE_SIZE : 0);
	assert_int_equal(limits.pinned_bytes - before.pinned_bytes, type1 ? 0 : 8 * PAGE_SIZE);
	assert_int_equal(limits.locked_bytes, status_of("VmLck:"));
	assert_int_equal(limits.pinned_bytes, status_of("VmPin:"));
	assert_int_equal(limits.is_exempt, 1); /* the tests run as root */
	if (type1)
		assert_int_equal(before.entries_available - limits.entries_available, 2);
	else
		assert_int_equal(limits.entries_available, VFA_LIMIT_NONE);
	assert_ok(vfa_container_unmap_all(space));
	limits = limits_of(space);
	assert_int_equal(limits.locked_bytes, before.locked_bytes);
	assert_int_equal(limits.pinned_bytes, before.pinned_bytes);
	assert_int_equal(limits.entries_available, before.entries_available);
}

/* What iommufd has mapped it pins only while there is a device. */
static void without_a_device_nothing_is_pinned(void **state)
{
	struct vfa_limits before, limits;
	struct vfa_container *space;
	struct vfa_device *device = NULL;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	space = vm_container(vm);
	before = limits_of(space);
	assert_ok(vfa_device_open(space, EDU, NULL, &device));
	assert_ok(vfa_container_map(space, vm_memory(vm, PAGE_SIZE), PAGE_SIZE, NULL, NULL));
	vfa_device_close(device);
	limits = limits_of(space);
	assert_int_equal(limits.mapped_bytes, PAGE_SIZE);
	assert_int_equal(limits.locked_bytes, before.locked_bytes);
	assert_int_equal(limits.pinned_bytes, before.pinned_bytes);
	vm_device(vm, space, EDU);
	limits = limits_of(space);
	assert_int_equal(limits.locked_bytes + limits.pinned_bytes,
			 before.locked_bytes + before.pinned_bytes + PAGE_SIZE);
	assert_ok(vfa_container_unmap_all(space));
}

/* Pages of a device are not pinned. */
static void device_memory_does_not_count(void **state)
{
	struct vfa_memlock_estimate estimate = VFA_MEMLOCK_ESTIMATE_INIT;
	struct vfa_plan plan = { 0, 0, 1, VFA_PLAN_DEVICE_MEMORY, 0 };
	struct vfa_container *space;
	struct vfa_limits before;
	volatile char *bar;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	vm_need(vm->backend == VFA_BACKEND_TYPE1, "type1, for iommufd maps no region as it is");
	space = vm_container(vm);
	bar = vm_bar(vm_device(vm, space, SHARED_MEMORY), 2);
	before = limits_of(space);
	plan.size = 1 << 20;
	assert_ok(vfa_container_estimate_memlock(space, &plan, 1, &estimate));
	assert_int_equal(estimate.bytes, 0);
	assert_ok(vfa_container_map(space, (void *)bar, plan.size, NULL, NULL));
	assert_int_equal(limits_of(space).locked_bytes, before.locked_bytes);
	assert_int_equal(limits_of(space).mapped_bytes, plan.size);
	assert_ok(vfa_container_unmap_all(space));
}

static bool has_zero_page_pinned(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%d.%d", &major, &minor), 2);
	return major < 6 || (major == 6 && minor < 2);
}

/* Before Linux 6.2 the page of zeroes that all share was pinned, which counts for nobody. */
static void memory_that_is_only_read_counts_since_linux_6_2(void **state)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	uint64_t size = 8 * PAGE_SIZE, counted;
	struct vfa_container *space;
	struct vfa_limits before;
	struct vm *vm = *state;
	char *memory;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	options.access = VFA_ACCESS_READ;
	before = limits_of(space);
	assert_ok(vfa_container_map(space, memory, size, &options, NULL));
	counted = limits_of(space).locked_bytes - before.locked_bytes +
		  limits_of(space).pinned_bytes - before.pinned_bytes;
	assert_ok(vfa_container_unmap_all(space));
	munmap(memory, size);
	assert_int_equal(counted, has_zero_page_pinned() ? 0 : size);
}

static void need_iommufd(struct vm *vm)
{
	vm_need_assignment(vm);
	vm_need(vm->backend == VFA_BACKEND_IOMMUFD, "iommufd, for type1 has no choice");
}

static void iommufd_counts_by_process_when_asked(void **state)
{
	struct vfa_container *space;
	struct vfa_device *device = NULL;
	struct vm *vm = *state;
	uint32_t ioas;

	need_iommufd(vm);
	space = vm_container(vm);
	assert_int_equal(limits_of(space).accounting, VFA_ACCOUNTING_USER);
	assert_ok(vfa_device_open(space, EDU, NULL, &device)); /* one that was there before */
	assert_refused(vfa_container_set_accounting(space, VFA_ACCOUNTING_PROCESS), EBUSY,
		       VFA_CAUSE_WRONG_ORDER);
	vfa_device_close(device);
	assert_ok(vfa_container_set_accounting(space, VFA_ACCOUNTING_PROCESS));
	assert_int_equal(limits_of(space).accounting, VFA_ACCOUNTING_PROCESS);
	assert_ok(vfa_container_set_accounting(space, VFA_ACCOUNTING_USER));
	assert_int_equal(limits_of(space).accounting, VFA_ACCOUNTING_USER);
	assert_ok(vfa_container_ioas(space, &ioas));
	vm_device(vm, space, EDU);
	assert_ok(vfa_container_map(space, vm_memory(vm, PAGE_SIZE), PAGE_SIZE, NULL, NULL));
	assert_ok(vfa_container_unmap_all(space));
}

static void an_fd_that_serves_others_keeps_its_accounting(void **state)
{
	struct vfa_container *space = NULL, *other = NULL;
	struct vm *vm = *state;
	int fd;

	need_iommufd(vm);
	fd = vm_open(vm, "/dev/iommu", O_RDWR);
	assert_ok(vfa_container_open_fd(NULL, VFA_BACKEND_IOMMUFD, fd, &space));
	vm_own_container(vm, space);
	assert_ok(vfa_container_open_fd(NULL, VFA_BACKEND_IOMMUFD, fd, &other));
	assert_refused(vfa_container_set_accounting(space, VFA_ACCOUNTING_PROCESS), EBUSY,
		       VFA_CAUSE_BAD_FD);
	vfa_container_close(other);
	assert_ok(vfa_container_set_accounting(space, VFA_ACCOUNTING_PROCESS));
	vm_device(vm, space, EDU);
}

static int count_by_process_as_nobody(void *data)
{
	struct vfa_container *space = NULL;
	int err;

	(void)data;
	if (vfa_container_open(NULL, VFA_BACKEND_IOMMUFD, &space) < 0 || vm_become_nobody())
		_exit(1);
	err = vfa_container_set_accounting(space, VFA_ACCOUNTING_PROCESS);
	vfa_container_close(space);
	return err;
}

static void a_change_of_accounting_wants_privilege(void **state)
{
	struct vm_report report;
	struct vm *vm = *state;

	need_iommufd(vm);
	vm_in_child(count_by_process_as_nobody, NULL, &report);
	assert_child_refused(&report, EPERM, VFA_CAUSE_DENIED);
}

/* A plan that a child carries out without privileges, with the limit that it is given. */
#define MOST 8

struct trial {
	enum vfa_backend backend;
	enum vfa_accounting accounting;
	uint32_t pages[MOST]; /* of each mapping; neighbours share memory */
	size_t count;
	bool with_hugepages;
	bool in_two_containers;
	bool as_buffers; /* whole huge pages then, with_hugepages */
	int64_t more;    /* than the estimate, in bytes */
};

static void give_up(const char *what)
{
	fprintf(stderr, "%s: %s (%s)\n", what, strerror(errno), vfa_error_last()->message);
	_exit(1);
}

static char *trial_memory(const struct trial *trial, size_t size)
{
	int flags = MAP_SHARED | MAP_ANONYMOUS | (trial->with_hugepages ? MAP_HUGETLB : 0);
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (memory == MAP_FAILED)
		give_up("mmap");
	return memory;
}

/* Both are opened with privileges; each with a device of its own. */
static void open_spaces(const struct trial *trial, struct vfa_container *spaces[2])
{
	static const char *const bdfs[] = { EDU, OTHER_EDU };

	for (int i = 0; i < 2; i++) {
		struct vfa_device *device = NULL;

		if (vfa_container_open(NULL, trial->backend, &spaces[i]) < 0 ||
		    vfa_container_set_accounting(spaces[i], trial->accounting) < 0 ||
		    vfa_device_open(spaces[i], bdfs[i], NULL, &device) < 0)
			give_up("open");
	}
}

static uint64_t estimate_trial(const struct trial *trial, struct vfa_container *space)
{
	struct vfa_memlock_estimate estimate = VFA_MEMLOCK_ESTIMATE_INIT;
	struct vfa_plan plan[MOST] = { { 0 } };

	for (size_t i = 0; i < trial->count; i++) {
		plan[i].size = trial->pages[i] * PAGE_SIZE;
		plan[i].count = 1;
		plan[i].page_size = trial->as_buffers && trial->with_hugepages ? 2 << 20 : 0;
	}
	if (vfa_container_estimate_memlock(space, plan, trial->count, &estimate) < 0)
		give_up("estimate");
	return estimate.limit;
}

static void limit_memlock(uint64_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		give_up("setrlimit");
}

static int alloc_one(const struct trial *trial, struct vfa_container *space, size_t size)
{
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;
	struct vfa_buffer *buffer;

	options.flags = VFA_BUFFER_STRICT;
	options.page_size = trial->with_hugepages ? 2 << 20 : 0;
	return vfa_buffer_alloc(space, size, &options, &buffer);
}

/* Returns the mappings that were made, the last refusal being for memlock. */
static int carry_out(const struct trial *trial, struct vfa_container *spaces[2], char *memory)
{
	for (size_t i = 0; i < trial->count; i++) {
		struct vfa_container *space = spaces[trial->in_two_containers ? i % 2 : 0];
		/* From the same start, so that pages are pinned more than once. */
		uint64_t size = trial->pages[i] * PAGE_SIZE;
		int err = trial->as_buffers ? alloc_one(trial, space, size)
					    : vfa_container_map(space, memory, size, NULL, NULL);

		if (err && vfa_error_last()->cause != VFA_CAUSE_MEMLOCK)
			give_up("map");
		if (err)
			return (int)i;
	}
	return (int)trial->count;
}

/* The kernel has counted what was estimated, to the byte. */
static void check_counted(const struct trial *trial, struct vfa_container *space, uint64_t bytes)
{
	struct vfa_limits limits = VFA_LIMITS_INIT;
	bool by_user = trial->accounting == VFA_ACCOUNTING_USER;

	if (vfa_container_limits(space, &limits) < 0 || limits.is_exempt ||
	    limits.accounting != (uint32_t)trial->accounting ||
	    bytes != (by_user ? limits.pinned_bytes : limits.locked_bytes))
		give_up("counted");
}

static int try_plan(void *data)
{
	const struct trial *trial = data;
	struct vfa_container *spaces[2];
	uint64_t bytes;
	char *memory;
	int made;

	limit_memlock(RLIM_INFINITY);
	open_spaces(trial, spaces);
	memory = trial_memory(trial, 4 << 20);
	if (vm_become_nobody())
		give_up("become nobody");
	bytes = estimate_trial(trial, spaces[0]);
	limit_memlock(bytes + trial->more);
	made = carry_out(trial, spaces, memory);
	if (!trial->more)
		check_counted(trial, spaces[0], bytes);
	return made;
}

static int mappings_made(const struct trial *trial)
{
	struct vm_report report;

	vm_in_child(try_plan, (void *)trial, &report);
	return report.result;
}

/* All of it with the estimate, all but the last mapping with a page less. */
static void check_trial(struct trial *trial)
{
	trial->more = 0;
	assert_int_equal(mappings_made(trial), trial->count);
	trial->more = -1;
	assert_int_equal(mappings_made(trial), trial->count - 1);
}

/* The same in every run, and as good as any other. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

static void check_random_plans(struct vm *vm, struct trial trial)
{
	uint32_t seed = 2;

	trial.backend = vm->backend;
	for (int run = 0; run < 10; run++) {
		trial.count = 1 + next_random(&seed) % MOST;
		for (size_t i = 0; i < trial.count; i++)
			trial.pages[i] = 1 + next_random(&seed) % 1000;
		check_trial(&trial);
	}
}

static enum vfa_accounting usual_accounting(const struct vm *vm)
{
	return vm->backend == VFA_BACKEND_TYPE1 ? VFA_ACCOUNTING_PROCESS : VFA_ACCOUNTING_USER;
}

static void the_estimate_is_just_enough(void **state)
{
	struct vm *vm = *state;

	vm_need_assignment(vm);
	check_random_plans(vm, (struct trial){ .accounting = usual_accounting(vm) });
}

static void the_estimate_is_just_enough_by_process(void **state)
{
	struct vm *vm = *state;

	need_iommufd(vm);
	check_random_plans(vm, (struct trial){ .accounting = VFA_ACCOUNTING_PROCESS });
}

static void two_containers_count_twice(void **state)
{
	struct vm *vm = *state;

	vm_need_assignment(vm);
	check_random_plans(vm, (struct trial){ .accounting = usual_accounting(vm),
					       .in_two_containers = true });
}

/* What is mapped of a huge page counts, not all of it. */
static void huge_pages_count_like_others(void **state)
{
	struct vm *vm = *state;

	vm_need_assignment(vm);
	vm_set(vm, "/proc/sys/vm/nr_hugepages", "4");
	check_random_plans(
		vm, (struct trial){ .accounting = usual_accounting(vm), .with_hugepages = true });
}

static void buffers_count_like_other_memory(void **state)
{
	struct vm *vm = *state;

	vm_need_assignment(vm);
	vm_set(vm, "/proc/sys/vm/nr_hugepages", "20");
	check_random_plans(
		vm, (struct trial){ .accounting = usual_accounting(vm), .as_buffers = true });
	check_random_plans(vm, (struct trial){ .accounting = usual_accounting(vm),
					       .as_buffers = true,
					       .with_hugepages = true });
}

/* Another process of the same user that has two pages mapped until the pipe closes. */
static pid_t start_neighbour(const struct trial *trial, int ready, int until, int other_end)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	char *memory, byte;
	pid_t pid = fork();

	if (pid)
		return pid;
	close(other_end);
	memory = trial_memory(trial, 2 * PAGE_SIZE);
	if (vfa_container_open(NULL, trial->backend, &space) < 0 ||
	    vfa_container_set_accounting(space, trial->accounting) < 0 ||
	    vfa_device_open(space, OTHER_EDU, NULL, &device) < 0 || vm_become_nobody() ||
	    vfa_container_map(space, memory, 2 * PAGE_SIZE, NULL, NULL) < 0)
		give_up("neighbour");
	if (write(ready, "", 1) != 1 || read(until, &byte, 1) != 0)
		give_up("neighbour's pipe");
	_exit(0);
}

/* With room for three pages, of which the neighbour's may be two. */
static int map_beside_another(void *data)
{
	const struct trial *trial = data;
	struct rlimit limit = { 3 * PAGE_SIZE, 3 * PAGE_SIZE };
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int ready[2], until[2], err;
	char *memory = trial_memory(trial, 2 * PAGE_SIZE), byte;
	pid_t neighbour;

	if (pipe(ready) || pipe(until) || setrlimit(RLIMIT_MEMLOCK, &limit))
		give_up("pipe");
	neighbour = start_neighbour(trial, ready[1], until[0], until[1]);
	if (neighbour < 0 || read(ready[0], &byte, 1) != 1)
		give_up("neighbour");
	if (vfa_container_open(NULL, trial->backend, &space) < 0 ||
	    vfa_container_set_accounting(space, trial->accounting) < 0 ||
	    vfa_device_open(space, EDU, NULL, &device) < 0 || vm_become_nobody())
		give_up("open");
	err = vfa_container_map(space, memory, 2 * PAGE_SIZE, NULL, NULL);
	close(until[1]);
	if (waitpid(neighbour, NULL, 0) != neighbour)
		give_up("waitpid");
	return err;
}

static void only_by_user_do_processes_share_a_limit(void **state)
{
	struct vm *vm = *state;
	struct trial trial = { .backend = vm->backend, .accounting = usual_accounting(vm) };
	struct vm_report report;

	vm_need_assignment(vm);
	vm_in_child(map_beside_another, &trial, &report);
	if (vm->backend == VFA_BACKEND_TYPE1) {
		assert_int_equal(report.result, 0);
		return;
	}
	assert_child_refused(&report, ENOMEM, VFA_CAUSE_MEMLOCK);
	assert_non_null(strstr(report.hint, "vfa_container_set_accounting"));
	trial.accounting = VFA_ACCOUNTING_PROCESS; /* and what the hint says helps */
	vm_in_child(map_beside_another, &trial, &report);
	assert_int_equal(report.result, 0);
}

/* Still root, but held to the limit. */
static void drop_ipc_lock(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		give_up("capget");
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	if (syscall(SYS_capset, &header, data))
		give_up("capset");
}

/* Two pages are mapped; a device comes back when there is room for one, then for both. */
static int join_within_a_limit(void *data)
{
	const struct trial *trial = data;
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	uint64_t limit;

	drop_ipc_lock();
	limit_memlock(RLIM_INFINITY);
	if (vfa_container_open(NULL, trial->backend, &space) < 0 ||
	    vfa_device_open(space, EDU, NULL, &device) < 0 ||
	    vfa_container_map(space, trial_memory(trial, 2 * PAGE_SIZE), 2 * PAGE_SIZE, NULL,
			      NULL) < 0)
		give_up("map");
	vfa_device_close(device);
	limit = estimate_trial(trial, space);
	limit_memlock(limit + trial->more);
	return vfa_device_open(space, EDU, NULL, &device);
}

static void a_device_that_would_pin_too_much_is_told_so(void **state)
{
	struct vm *vm = *state;
	struct trial trial = { .backend = vm->backend };
	struct vm_report report;

	vm_need_assignment(vm);
	vm_in_child(join_within_a_limit, &trial, &report);
	assert_int_equal(report.result, 0);
	trial.more = -1;
	vm_in_child(join_within_a_limit, &trial, &report);
	assert_child_refused(&report, ENOMEM, VFA_CAUSE_MEMLOCK);
	assert_non_null(strstr(report.hint, "soft limit"));
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(limits_follow_the_kernel),
		VM_CASE(without_a_device_nothing_is_pinned),
		VM_CASE(device_memory_does_not_count),
		VM_CASE(memory_that_is_only_read_counts_since_linux_6_2),
		VM_CASE(iommufd_counts_by_process_when_asked),
		VM_CASE(an_fd_that_serves_others_keeps_its_accounting),
		VM_CASE(a_change_of_accounting_wants_privilege),
		VM_CASE(the_estimate_is_just_enough),
		VM_CASE(the_estimate_is_just_enough_by_process),
		VM_CASE(two_containers_count_twice),
		VM_CASE(huge_pages_count_like_others),
		VM_CASE(buffers_count_like_other_memory),
		VM_CASE(only_by_user_do_processes_share_a_limit),
		VM_CASE(a_device_that_would_pin_too_much_is_told_so),
	};

	return vm_run_cases("limits", cases);
}
