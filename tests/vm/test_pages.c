/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Which pages a device has after a fork, and after the process gave its own away. */

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"

#define IOVA     0x500000
#define COPY     0x600000
#define TRANSFER 256

/* A device, a page of the test's own kind at IOVA, and a shared one at COPY. */
struct pages {
	struct vfa_container *space;
	struct edu edu;
	char *page;
	char *copy;
};

static void *map_pages(int flags)
{
	void *memory = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

static struct pages open_pages(struct vm *vm, int flags)
{
	struct vfa_map_options options = vm_fixed(COPY);
	struct pages pages;

	vm_need_assignment(vm);
	pages.space = vm_container(vm);
	pages.edu = edu_open(vm, pages.space, EDU);
	pages.page = map_pages(flags);
	pages.copy = vm_memory(vm, PAGE_SIZE);
	assert_ok(vfa_container_map(pages.space, pages.copy, PAGE_SIZE, &options, NULL));
	return pages;
}

static void map_page(struct pages *pages, uint32_t access)
{
	struct vfa_map_options options = vm_fixed(IOVA);

	options.access = access;
	assert_ok(vfa_container_map(pages->space, pages->page, PAGE_SIZE, &options, NULL));
}

/* What the device sees at IOVA, brought to the copy. */
static void look(struct pages *pages)
{
	edu_take(&pages->edu, IOVA, TRANSFER);
	edu_give(&pages->edu, COPY, TRANSFER);
}

static void close_pages(struct pages *pages)
{
	assert_ok(vfa_container_unmap_all(pages->space));
	munmap(pages->page, PAGE_SIZE);
}

/* A child that ends when the pipe closes, and with what @check says then. */
struct child {
	pid_t pid;
	int pipe;
};

static struct child start_child(bool (*check)(const char *page), const char *page)
{
	struct child child;
	int ends[2];
	char byte;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 0 && check(page) ? 0 : 1);
	}
	close(ends[0]);
	child.pipe = ends[1];
	return child;
}

static bool end_child(struct child child)
{
	int status;

	close(child.pipe);
	assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* In a child, where a failed assertion would end nothing. */
static bool holds(const char *page, unsigned int seed)
{
	char wanted[TRANSFER];

	edu_fill(wanted, TRANSFER, seed);
	return !memcmp(page, wanted, TRANSFER);
}

static bool sees_what_the_device_wrote(const char *page)
{
	return holds(page, 5);
}

static void shared_memory_stays_one_after_a_fork(void **state)
{
	struct pages pages = open_pages(*state, MAP_SHARED);
	struct child child;

	map_page(&pages, VFA_ACCESS_READ_WRITE);
	child = start_child(sees_what_the_device_wrote, pages.page);
	edu_fill(pages.copy, TRANSFER, 5);
	edu_take(&pages.edu, COPY, TRANSFER);
	edu_give(&pages.edu, IOVA, TRANSFER);
	edu_check(pages.page, TRANSFER, 5);
	assert_true(end_child(child));
	close_pages(&pages);
}

static bool sees_what_was_there_at_the_fork(const char *page)
{
	return holds(page, 1);
}

/* The page that is pinned stays with the parent; the child has the copy. */
static void a_parent_keeps_its_private_page(void **state)
{
	struct pages pages = open_pages(*state, MAP_PRIVATE);
	struct child child;

	edu_fill(pages.page, TRANSFER, 1);
	map_page(&pages, VFA_ACCESS_READ_WRITE);
	child = start_child(sees_what_was_there_at_the_fork, pages.page);
	edu_fill(pages.page, TRANSFER, 2);
	look(&pages);
	edu_check(pages.copy, TRANSFER, 2);
	assert_true(end_child(child));
	close_pages(&pages);
}

static bool has_no_such_page(const char *page)
{
	unsigned char resident;

	return mincore((void *)page, PAGE_SIZE, &resident) == -1 && errno == ENOMEM;
}

static void memory_may_be_kept_from_children(void **state)
{
	struct pages pages = open_pages(*state, MAP_PRIVATE);
	struct child child;

	assert_int_equal(madvise(pages.page, PAGE_SIZE, MADV_DONTFORK), 0);
	map_page(&pages, VFA_ACCESS_READ_WRITE);
	child = start_child(has_no_such_page, pages.page);
	edu_fill(pages.page, TRANSFER, 3);
	look(&pages);
	edu_check(pages.copy, TRANSFER, 3);
	assert_true(end_child(child));
	close_pages(&pages);
}

static void the_device_keeps_memory_that_the_process_unmaps(void **state)
{
	struct pages pages = open_pages(*state, MAP_SHARED);

	edu_fill(pages.page, TRANSFER, 1);
	map_page(&pages, VFA_ACCESS_READ_WRITE);
	assert_ptr_equal(mmap(pages.page, PAGE_SIZE, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 pages.page);
	edu_fill(pages.page, TRANSFER, 2);
	look(&pages);
	edu_check(pages.copy, TRANSFER, 1);
	close_pages(&pages);
}

static bool pins_the_page_of_zeroes(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%d.%d", &major, &minor), 2);
	return major < 6 || (major == 6 && minor < 2);
}

/* Before Linux 6.2 the device had the page of zeroes, for good. */
static void a_page_only_read_follows_writes_since_linux_6_2(void **state)
{
	static const char zeroes[TRANSFER];
	struct pages pages = open_pages(*state, MAP_PRIVATE);

	map_page(&pages, VFA_ACCESS_READ);
	edu_fill(pages.page, TRANSFER, 4);
	look(&pages);
	if (pins_the_page_of_zeroes())
		assert_memory_equal(pages.copy, zeroes, TRANSFER);
	else
		edu_check(pages.copy, TRANSFER, 4);
	close_pages(&pages);
}

/* Opens a device and ends; its child, which does nothing, tells its pid and stays. */
static void leave_a_child_with_a_device(enum vfa_backend backend, int told, int until)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	pid_t child;
	char byte;

	if (vfa_container_open(NULL, backend, &space) < 0 ||
	    vfa_device_open(space, EDU, NULL, &device) < 0)
		_exit(1);
	child = fork();
	if (child == 0)
		_exit(read(until, &byte, 1) == 0 ? 0 : 1);
	_exit(write(told, &child, sizeof(child)) == sizeof(child) ? 0 : 1);
}

static void a_child_holds_what_its_parent_had_open(void **state)
{
	struct vfa_device *device = NULL;
	struct vfa_container *space;
	struct vm *vm = *state;
	int told[2], until[2], status;
	pid_t parent, child;

	vm_need_assignment(vm);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_true(pipe(told) == 0 && pipe(until) == 0);
	fflush(NULL);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		close(until[1]);
		leave_a_child_with_a_device(vm->backend, told[1], until[0]);
	}
	assert_int_equal(read(told[0], &child, sizeof(child)), sizeof(child));
	assert_true(waitpid(parent, &status, 0) == parent && status == 0);
	space = vm_container(vm);
	assert_int_equal(vfa_device_open(space, EDU, NULL, &device), -EBUSY);
	close(until[1]);
	assert_true(waitpid(child, &status, 0) == child && status == 0);
	vm_device(vm, space, EDU);
	close(until[0]);
	close(told[0]);
	close(told[1]);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(shared_memory_stays_one_after_a_fork),
		VM_CASE(a_parent_keeps_its_private_page),
		VM_CASE(memory_may_be_kept_from_children),
		VM_CASE(the_device_keeps_memory_that_the_process_unmaps),
		VM_CASE(a_page_only_read_follows_writes_since_linux_6_2),
		VM_CASE(a_child_holds_what_its_parent_had_open),
	};

	return vm_run_cases("pages", cases);
}
