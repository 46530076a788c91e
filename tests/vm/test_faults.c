/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The kernel's own fault injection: the first, second, ... step that can fail in
 * this thread's system calls fails, until a run meets no fault. After each, the
 * library's view has to equal the kernel's, and nothing may be left behind.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common.h"
#include "oracle/layouts.h"
#include "raw.h"
#include "uapi/vfio_cdev.h"

#define FAIL_NTH "/proc/thread-self/fail-nth"
#define DEBUG    "/sys/kernel/debug"

/* No call of the library has as many steps. */
#define MOST_FAULTS 5000

#define FIRST_IOVA    0x100000u
#define MOST_MAPPINGS 3

struct injector {
	int fd;
};

/* Fail allocations of every kind, and say nothing of it on the console. */
static void prepare(struct vm *vm)
{
	vm_set(vm, DEBUG "/failslab/ignore-gfp-wait", "N");
	vm_set(vm, DEBUG "/failslab/verbose", "0");
	vm_set(vm, DEBUG "/fail_page_alloc/ignore-gfp-wait", "N");
	vm_set(vm, DEBUG "/fail_page_alloc/ignore-gfp-highmem", "N");
	vm_set(vm, DEBUG "/fail_page_alloc/min-order", "0");
	vm_set(vm, DEBUG "/fail_page_alloc/verbose", "0");
	vm_set(vm, DEBUG "/fail_usercopy/verbose", "0");
	vm_set(vm, DEBUG "/fail_iommufd/verbose", "0");
}

/*
 * The thread's own page faults are steps too, and one that fails kills it: have
 * all pages of the program and its stack, now and later, before they are touched.
 */
static void have_all_pages(void)
{
	volatile char stack[256 << 10];

	for (size_t i = 0; i < sizeof(stack); i += PAGE_SIZE)
		stack[i] = 0;
	assert_int_equal(mlockall(MCL_CURRENT | MCL_FUTURE), 0);
}

static struct injector injector_open(struct vm *vm)
{
	struct injector injector;

	vm_need(access(FAIL_NTH, W_OK) == 0,
		"a kernel with fault injection, as all but stock have");
	vm_need_assignment(vm);
	vm_need_plain_memory();
	prepare(vm);
	have_all_pages();
	injector.fd = vm_open(vm, FAIL_NTH, O_RDWR);
	return injector;
}

/* The write is itself a system call that is not counted: it ends as it takes effect. */
static void arm(const struct injector *injector, int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", nth);

	assert_int_equal(pwrite(injector->fd, text, (size_t)length, 0), length);
}

/* So many steps were left, 0 when the fault was met. A read may itself meet the last of them. */
static int disarm_left(const struct injector *injector)
{
	char text[16] = "";
	ssize_t length = pread(injector->fd, text, sizeof(text) - 1, 0);
	int left = length > 0 ? atoi(text) : 1;

	while (pwrite(injector->fd, "0", 1, 0) != 1)
		;
	return left;
}

static bool disarm(const struct injector *injector)
{
	return !disarm_left(injector);
}

static size_t count_fds(void)
{
	DIR *fds = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(fds);
	while (readdir(fds))
		count++;
	closedir(fds);
	return count;
}

/* Of one piece of code, each with a later step that fails, until one meets no fault. */
struct tries {
	struct injector injector;
	size_t fds; /* that are open before each */
	int nth;    /* the step that fails in this one */
	int failed; /* how many did */
	int err;    /* of this one */
	bool met;   /* its fault */
};

static struct tries tries_of(const struct injector *injector)
{
	return (struct tries){ .injector = *injector, .fds = count_fds(), .met = true };
}

static bool next_try(struct tries *tries)
{
	return tries->met && ++tries->nth < MOST_FAULTS;
}

static void begin_try(const struct tries *tries)
{
	arm(&tries->injector, tries->nth);
}

/* Whoever armed in a way of its own tells whether the fault was met. */
static void note_try(struct tries *tries, int err, bool met)
{
	tries->err = err;
	tries->met = met;
	tries->failed += err < 0;
	if (err < 0)
		assert_int_equal(vfa_error_last()->code, err);
	assert_int_equal(count_fds(), tries->fds);
}

static void end_try(struct tries *tries, int err)
{
	note_try(tries, err, disarm(&tries->injector));
}

static void check_tries(const struct tries *tries, const char *what)
{
	printf("# %s: %d faults met, %d of them made it fail\n", what, tries->nth - 1,
	       tries->failed);
	assert_false(tries->met);
	assert_int_equal(tries->err, 0);
	assert_true(tries->failed > 0);
}

/* Faults within chosen ioctls only, one after another as if there was nothing between them. */
static struct {
	const struct injector *injector;
	bool (*chosen)(unsigned long request);
	int left;
} within;

/* The library's calls come here too. */
int ioctl(int fd, unsigned long request, ...)
{
	void *argument;
	va_list list;
	int result, err;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	if (!within.left || !within.chosen(request))
		return (int)syscall(SYS_ioctl, fd, request, argument);
	arm(within.injector, within.left);
	result = (int)syscall(SYS_ioctl, fd, request, argument);
	err = errno;
	within.left = disarm_left(within.injector);
	errno = err;
	return result;
}

/*
 * Everything a program does with an open device; 0 or the first failure. Opening it
 * has a case of its own.
 */
static int use(struct vfa_container *space, struct vfa_device *device)
{
	struct vfa_buffer *buffer = NULL;
	struct vfa_irq *irq = NULL;
	volatile void *bar;
	int err, mapped;

	err = vfa_buffer_alloc(space, 4 * PAGE_SIZE, NULL, &buffer);
	mapped = vfa_region_map(device, VFA_BAR(0), &bar);
	if (err >= 0)
		err = mapped;
	if (err >= 0)
		err = vfa_irq_enable(device, VFA_IRQ_MSIX, 0, 2, NULL, &irq);
	if (err >= 0)
		err = vfa_coherency_is_enforced(space);

	vfa_irq_disable(irq);
	if (mapped >= 0)
		vfa_region_unmap(device, VFA_BAR(0));
	vfa_buffer_free(buffer);
	return err < 0 ? err : 0;
}

static int open_and_close(enum vfa_backend backend)
{
	struct vfa_container *space = NULL;
	int err = vfa_container_open(NULL, backend, &space);

	vfa_container_close(space);
	return err;
}

static void a_container_opened_with_any_fault_leaves_nothing_behind(void **state)
{
	struct vm *vm = *state;
	struct injector injector = injector_open(vm);
	struct tries tries = tries_of(&injector);

	while (next_try(&tries)) {
		begin_try(&tries);
		end_try(&tries, open_and_close(vm->backend));
	}
	check_tries(&tries, "open and close");
}

/*
 * These open the device: the PCI core enables it, and ACPI finds its interrupt by
 * code that does not survive a fault.
 */
static bool enters(unsigned long request)
{
	return request == VFIO_GROUP_GET_DEVICE_FD || request == UAPI_VFIO_DEVICE_BIND_IOMMUFD;
}

static bool does_not_enter(unsigned long request)
{
	return !enters(request);
}

/* A whole life of a container: 0 or the first failure. */
static int live(enum vfa_backend backend, void *memory)
{
	struct vfa_map_options options = vm_fixed(FIRST_IOVA);
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	struct vfa_buffer *buffer = NULL;
	int err = vfa_container_open(NULL, backend, &space);

	if (!err)
		err = vfa_device_open(space, EDU, NULL, &device);
	if (!err)
		err = vfa_container_map(space, memory, PAGE_SIZE, &options, NULL);
	if (!err)
		err = vfa_buffer_alloc(space, PAGE_SIZE, NULL, &buffer);
	if (!err)
		err = vfa_container_unmap(space, FIRST_IOVA, PAGE_SIZE);
	vfa_buffer_free(buffer);
	vfa_device_close(device);
	vfa_container_close(space);
	return err;
}

static void live_with_faults(struct vm *vm, bool (*chosen)(unsigned long request))
{
	struct injector injector = injector_open(vm);
	void *memory = vm_memory(vm, PAGE_SIZE);
	struct tries tries = tries_of(&injector);
	int err;

	within.injector = &injector;
	within.chosen = chosen;
	assert_int_equal(live(vm->backend, memory), 0);
	while (next_try(&tries)) {
		within.left = tries.nth;
		err = live(vm->backend, memory);
		note_try(&tries, err, !within.left);
		assert_int_equal(vm_usage_now().pinned, 0);
	}
	within.left = 0;
	assert_int_equal(munlockall(), 0); /* what is locked then was locked for type1 */
	if (!vm_profile()->unmap_allocates)
		assert_int_equal(vm_usage_now().locked, 0);
	check_tries(&tries, "a life");
}

static void a_life_with_any_fault_in_its_ioctls_leaves_nothing_behind(void **state)
{
	live_with_faults(*state, does_not_enter);
}

static void a_device_opened_with_any_fault_leaves_nothing_behind(void **state)
{
	vm_need(vm_profile()->survives_faults,
		"a kernel that enables devices without ACPI, as in profile faults");
	live_with_faults(*state, enters);
}

static void a_device_used_with_any_fault_leaves_nothing_behind(void **state)
{
	struct vm *vm = *state;
	struct injector injector = injector_open(vm);
	struct vfa_container *space = vm_container(vm);
	struct vfa_device *device = vm_device(vm, space, NVME);
	struct tries tries = tries_of(&injector);

	assert_int_equal(use(space, device), 0);
	while (next_try(&tries)) {
		begin_try(&tries);
		end_try(&tries, use(space, device));
	}
	check_tries(&tries, "use");
	assert_int_equal(use(space, device), 0);
}

/* Over a socket to this very process; what is lost on the way goes with the socket. */
static int pass_on(const int ends[2], struct vfa_container *sent)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int err = vfa_share_send(ends[0], sent);

	if (!err)
		err = vfa_share_receive(ends[1], NULL, &space, &device, 1);
	vfa_device_close(device);
	vfa_container_close(space);
	return err < 0 ? err : 0;
}

/* Faults while it is on its way only: opening a device has a case of its own. */
static int pass_on_with_fault(struct tries *tries, enum vfa_backend backend, bool *met)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int ends[2], err;

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	assert_ok(vfa_container_open(NULL, backend, &space));
	assert_ok(vfa_device_open(space, EDU, NULL, &device));
	begin_try(tries);
	err = pass_on(ends, space);
	*met = disarm(&tries->injector);
	vfa_device_close(device);
	vfa_container_close(space);
	close(ends[0]);
	close(ends[1]);
	return err;
}

static void a_container_passed_on_with_any_fault_leaves_nothing_behind(void **state)
{
	struct vm *vm = *state;
	struct injector injector = injector_open(vm);
	struct tries tries = tries_of(&injector);

	while (next_try(&tries)) {
		bool met;
		int err = pass_on_with_fault(&tries, vm->backend, &met);

		note_try(&tries, err, met);
	}
	check_tries(&tries, "pass on");
}

/* A buffer of each kind, one after the other; 0 or the first failure. */
static int make_buffers(struct vfa_container *space)
{
	static const struct vfa_buffer_options kinds[] = {
		{ .threads = 1, .alignment = 64 << 10 },
		{ .flags = VFA_BUFFER_ANONYMOUS | VFA_BUFFER_IDENTITY },
		{ .flags = VFA_BUFFER_STRICT, .page_size = 2 << 20 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct vfa_buffer_options options = kinds[i];
		struct vfa_buffer *buffer = NULL;
		int err;

		options.struct_size = sizeof(options);
		err = vfa_buffer_alloc(space, 4 * PAGE_SIZE, &options, &buffer);
		if (err < 0)
			return err;
		vfa_buffer_free(buffer);
	}
	return 0;
}

/* Of this process, in bytes: all memory of buffers is. */
static size_t count_shared(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	size_t size = 0;
	char line[512], kind;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*3c%c", &start, &end, &kind) == 3 && kind == 's')
			size += end - start;
	fclose(maps);
	return size;
}

static void buffers_made_with_any_fault_leave_nothing_behind(void **state)
{
	struct vm *vm = *state;
	struct injector injector = injector_open(vm);
	struct vfa_container *space;
	struct tries tries;
	size_t shared;

	/* Else the only huge page stays pinned, and is lost. */
	vm_need(!vm_profile()->unmap_allocates,
		"an IOMMU that unmaps without memory, as in profile intel");
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	vm_set(vm, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "1");
	assert_int_equal(make_buffers(space), 0);
	shared = count_shared();
	tries = tries_of(&injector);
	while (next_try(&tries)) {
		begin_try(&tries);
		end_try(&tries, make_buffers(space));
		assert_int_equal(count_shared(), shared);
		assert_ok(vfa_container_unmap_all(space)); /* no buffer is left */
	}
	check_tries(&tries, "buffers");
	assert_int_equal(make_buffers(space), 0); /* and the one huge page is free again */
}

/* What the library and the kernel have at @iova; they have to agree. */
static bool is_mapped(struct vfa_container *space, void *memory, uint64_t iova)
{
	struct vfa_map_options options = vm_fixed(iova);
	int raw = raw_map(space, memory, PAGE_SIZE, iova);
	uint64_t done;
	int own;

	if (!raw)
		assert_int_equal(raw_unmap(space, iova, PAGE_SIZE, &done), 0);
	else
		assert_int_equal(raw, -EEXIST);
	own = vfa_container_map(space, memory, PAGE_SIZE, &options, NULL);
	if (!own)
		assert_ok(vfa_container_unmap(space, iova, PAGE_SIZE));
	else
		assert_int_equal(own, -EEXIST);
	assert_int_equal(own, raw);
	return own != 0;
}

static void a_failed_map_maps_nothing(void **state)
{
	struct vm *vm = *state;
	struct injector injector = injector_open(vm);
	struct vfa_container *space = vm_container(vm);
	struct vfa_map_options options = vm_fixed(FIRST_IOVA);
	void *memory = vm_memory(vm, PAGE_SIZE);
	struct tries tries;

	vm_device(vm, space, EDU);
	tries = tries_of(&injector);
	while (next_try(&tries)) {
		begin_try(&tries);
		end_try(&tries, vfa_container_map(space, memory, PAGE_SIZE, &options, NULL));
		assert_int_equal(is_mapped(space, memory, FIRST_IOVA), tries.err == 0);
		if (!tries.err)
			assert_ok(vfa_container_unmap(space, FIRST_IOVA, PAGE_SIZE));
	}
	check_tries(&tries, "map");
}

/* A part of a BAR, in and out again; 0 or the first failure. One fault does not come twice. */
static int use_peer(struct vfa_container *space, struct vfa_device *device)
{
	struct vfa_map_options options = vm_fixed(FIRST_IOVA);
	struct vfa_peer *peer = NULL;
	int err, unmapped;

	err = vfa_peer_map(space, device, VFA_BAR(2), 0, 4 * PAGE_SIZE, &options, &peer);
	if (err)
		return err;
	err = vfa_peer_restore(peer);
	if (!err)
		err = vfa_peer_check(peer) == VFA_PEER_MAPPED ? 0 : vfa_error_last()->code;
	unmapped = vfa_peer_unmap(peer);
	if (!unmapped)
		return err;
	if (vfa_error_last()->cause != VFA_CAUSE_SHORT_UNMAP && vfa_peer_unmap(peer))
		fail_msg("a peer stays mapped: %s", vfa_error_last()->message);
	return unmapped;
}

static void a_peer_mapped_with_any_fault_leaves_nothing_behind(void **state)
{
	struct vm *vm = *state;
	struct injector injector = injector_open(vm);
	struct vfa_container *space = vm_container(vm);
	struct vfa_device *device = vm_device(vm, space, SHARED_MEMORY);
	void *memory = vm_memory(vm, PAGE_SIZE);
	struct tries tries;
	size_t shared;

	assert_int_equal(use_peer(space, device), 0);
	shared = count_shared();
	tries = tries_of(&injector);
	while (next_try(&tries)) {
		begin_try(&tries);
		end_try(&tries, use_peer(space, device));
		assert_int_equal(count_shared(), shared);
		assert_false(is_mapped(space, memory, FIRST_IOVA));
	}
	check_tries(&tries, "a peer");
}

static uint64_t iova_of(int i)
{
	return FIRST_IOVA + (uint64_t)i * 2 * PAGE_SIZE;
}

static void map_all(struct vfa_container *space, void *memory, int mappings)
{
	for (int i = 0; i < mappings; i++) {
		struct vfa_map_options options = vm_fixed(iova_of(i));

		if (!is_mapped(space, memory, options.iova))
			assert_ok(vfa_container_map(space, memory, PAGE_SIZE, &options, NULL));
	}
}

static int count_mapped(struct vfa_container *space, void *memory, int mappings)
{
	int count = 0;

	for (int i = 0; i < mappings; i++)
		count += is_mapped(space, memory, iova_of(i));
	return count;
}

/* Unmap so many mappings at once, with each fault in turn. */
static void unmap_with_faults(struct vm *vm, const struct injector *injector,
			      struct vfa_container *space, int mappings)
{
	uint64_t size = iova_of(mappings) - FIRST_IOVA;
	void *memory = vm_memory(vm, PAGE_SIZE);
	struct tries tries = tries_of(injector);
	int left;

	while (next_try(&tries)) {
		map_all(space, memory, mappings);
		begin_try(&tries);
		end_try(&tries, vfa_container_unmap(space, FIRST_IOVA, size));
		left = count_mapped(space, memory, mappings);
		assert_true(tries.err < 0 || left == 0);
	}
	check_tries(&tries, mappings == 1 ? "unmap one" : "unmap several");
}

static void a_failed_unmap_keeps_what_the_kernel_keeps(void **state)
{
	struct vm *vm = *state;
	struct injector injector = injector_open(vm);
	struct vfa_container *space = vm_container(vm);

	vm_device(vm, space, EDU);
	unmap_with_faults(vm, &injector, space, 1);
	unmap_with_faults(vm, &injector, space, MOST_MAPPINGS);
}

static void arm_step(void *data, unsigned int n)
{
	arm(data, (int)n);
}

static bool disarm_step(void *data)
{
	return disarm(data);
}

static void layouts_changed_with_any_fault_are_the_old_or_the_new(void **state)
{
	struct vm *vm = *state;
	struct injector injector = injector_open(vm);
	struct layouts_tally tally;
	struct layouts_plan plan = {
		.kernel = raw_ioctl,
		.iova = FIRST_IOVA,
		.changes = 4,
		.arm = arm_step,
		.disarm = disarm_step,
		.data = &injector,
	};

	/* Else the IOMMU keeps what could not be unmapped, and refuses it the next time. */
	vm_need(!vm_profile()->unmap_allocates,
		"an IOMMU that unmaps without memory, as in profile intel");
	plan.container = vm_container(vm);
	vm_device(vm, plan.container, EDU);
	plan.memory = vm_memory(vm, (LAYOUTS_PAGES + 1) * PAGE_SIZE);
	assert_int_equal(getrandom(&plan.seed, sizeof(plan.seed), 0), sizeof(plan.seed));
	layouts_run(&plan, &tally);
	printf("# %u changes, %u of them failed\n", tally.calls, tally.failed);
	assert_int_equal(tally.disagreements, 0);
	assert_true(tally.failed > 0);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_container_opened_with_any_fault_leaves_nothing_behind),
		VM_CASE(a_life_with_any_fault_in_its_ioctls_leaves_nothing_behind),
		VM_CASE(a_device_opened_with_any_fault_leaves_nothing_behind),
		VM_CASE(a_device_used_with_any_fault_leaves_nothing_behind),
		VM_CASE(a_container_passed_on_with_any_fault_leaves_nothing_behind),
		VM_CASE(buffers_made_with_any_fault_leave_nothing_behind),
		VM_CASE(a_failed_map_maps_nothing),
		VM_CASE(a_peer_mapped_with_any_fault_leaves_nothing_behind),
		VM_CASE(a_failed_unmap_keeps_what_the_kernel_keeps),
		VM_CASE(layouts_changed_with_any_fault_are_the_old_or_the_new),
	};

	return vm_run_cases("faults", cases);
}
