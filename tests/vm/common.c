/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "common.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hw/clock.h"

#define VFIO_PCI "/sys/bus/pci/drivers/vfio-pci"
#define NOBODY   65534

static size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	if (!dir)
		abort();
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static struct vm_cleanup *after_test(struct vm *vm, void (*run)(struct vm_cleanup *), void *object)
{
	struct vm_cleanup *cleanup;

	assert_true(vm->cleanups < sizeof(vm->cleanup) / sizeof(vm->cleanup[0]));
	cleanup = &vm->cleanup[vm->cleanups++];
	cleanup->run = run;
	cleanup->object = object;
	return cleanup;
}

static void call(struct vm_cleanup *cleanup)
{
	cleanup->call(cleanup->object);
}

void vm_after(struct vm *vm, void (*function)(void *object), void *object)
{
	after_test(vm, call, object)->call = function;
}

static int set_up(void **state)
{
	struct vm *vm = *state;

	vm->cleanups = 0;
	vm->fds = count_fds();
	return 0;
}

static int tear_down(void **state)
{
	struct vm *vm = *state;
	size_t now;

	while (vm->cleanups > 0) {
		struct vm_cleanup *cleanup = &vm->cleanup[--vm->cleanups];

		cleanup->run(cleanup);
	}
	now = count_fds();
	if (now == vm->fds)
		return 0;
	print_error("%zu file descriptors before the test, %zu after it\n", vm->fds, now);
	return -1;
}

#define MAX_TESTS 64

int vm_run(const char *name, const struct vm_case *cases, size_t count)
{
	static const enum vfa_backend backends[] = { VFA_BACKEND_TYPE1, VFA_BACKEND_IOMMUFD };
	static struct CMUnitTest tests[MAX_TESTS];
	static struct vm states[MAX_TESTS];
	static char names[MAX_TESTS][128];
	size_t used = 0;
	size_t i, j;

	if (!vm_profile()) {
		fprintf(stderr, "%s: VFA_VM_PROFILE names no profile: run this by run.sh\n", name);
		return EXIT_FAILURE;
	}
	for (i = 0; i < count; i++) {
		for (j = 0; j < (cases[i].where == VM_ONCE ? 1 : 2); j++, used++) {
			if (used == MAX_TESTS)
				abort();
			states[used].backend =
				cases[i].where == VM_ONCE ? VFA_BACKEND_AUTO : backends[j];
			snprintf(names[used], sizeof(names[used]), "%s (%s)", cases[i].name,
				 vfa_backend_name(states[used].backend));
			tests[used] = (struct CMUnitTest){
				.name = names[used],
				.test_func = cases[i].run,
				.setup_func = set_up,
				.teardown_func = tear_down,
				.initial_state = &states[used],
			};
		}
	}
	return _cmocka_run_group_tests(name, tests, used, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS;
}

void vm_need(bool condition, const char *enabler)
{
	if (condition)
		return;
	print_message("# skipped in profile %s: needs %s\n", vm_profile()->name, enabler);
	skip();
}

void vm_need_plain_memory(void)
{
#ifdef __SANITIZE_ADDRESS__
	vm_need(false, "a program without AddressSanitizer");
#endif
}

void vm_need_assignment(const struct vm *vm)
{
	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
	vm_need(vm_profile()->isolates_interrupts,
		"interrupt remapping or leave to go without it, as in profile virtio-unsafe");
	vm_need(vm->backend != VFA_BACKEND_IOMMUFD || vm_profile()->has_iommufd,
		"a kernel with iommufd, as in profile intel");
}

int vm_assert_ok(int result, const char *call, const char *file, int line)
{
	const struct vfa_error *error = vfa_error_last();

	if (result < 0) {
		print_error("%s: %d, %s: %s (%s)\n", call, result, vfa_cause_name(error->cause),
			    error->message, error->hint);
		_fail(file, line);
	}
	return result;
}

/* As comments of the test's output, line by line. */
static void show_lines(const char *prefix, const char *text)
{
	while (*text) {
		int length = (int)strcspn(text, "\n");

		print_message("# %s%.*s\n", prefix, length, text);
		text += length + (text[length] == '\n');
	}
}

static void show_refusal(const char *message, const char *hint)
{
	show_lines("", message);
	show_lines("  hint: ", hint);
}

void vm_assert_refused(int result, int error, enum vfa_cause cause, const char *call,
		       const char *file, int line)
{
	const struct vfa_error *last = vfa_error_last();

	if (result != -error || last->code != result || last->cause != cause || !*last->message) {
		print_error("%s: %d where %d was expected, cause %s where %s was\n", call, result,
			    -error, vfa_cause_name(last->cause), vfa_cause_name(cause));
		print_error("error record: %d, \"%s\" (\"%s\")\n", last->code, last->message,
			    last->hint);
		_fail(file, line);
	}
	show_refusal(last->message, last->hint);
}

void vm_assert_said(const char *text, const char *file, int line)
{
	const struct vfa_error *last = vfa_error_last();

	if (!strstr(last->message, text) && !strstr(last->hint, text)) {
		print_error("no \"%s\" in \"%s\" or in \"%s\"\n", text, last->message, last->hint);
		_fail(file, line);
	}
}

static void close_container(struct vm_cleanup *cleanup)
{
	vfa_container_close(cleanup->object);
}

void vm_own_container(struct vm *vm, struct vfa_container *space)
{
	after_test(vm, close_container, space);
}

struct vfa_container *vm_container(struct vm *vm)
{
	struct vfa_container *space = NULL;

	assert_ok(vfa_container_open(NULL, vm->backend, &space));
	vm_own_container(vm, space);
	return space;
}

static void close_device(struct vm_cleanup *cleanup)
{
	vfa_device_close(cleanup->object);
}

void vm_own_device(struct vm *vm, struct vfa_device *device)
{
	after_test(vm, close_device, device);
}

struct vfa_device *vm_device(struct vm *vm, struct vfa_container *space, const char *bdf)
{
	struct vfa_device *device = NULL;

	assert_ok(vfa_device_open(space, bdf, NULL, &device));
	vm_own_device(vm, device);
	return device;
}

volatile void *vm_bar(struct vfa_device *device, uint32_t index)
{
	volatile void *bar = NULL;

	assert_ok(vfa_region_map(device, VFA_BAR(index), &bar));
	return bar;
}

static void free_buffer(struct vm_cleanup *cleanup)
{
	vfa_buffer_free(cleanup->object);
}

struct vfa_buffer *vm_buffer(struct vm *vm, struct vfa_container *space, size_t size,
			     const struct vfa_map_options *options)
{
	struct vfa_buffer_options with = VFA_BUFFER_OPTIONS_INIT;

	with.map = options;
	return vm_buffer_of(vm, space, size, &with);
}

struct vfa_buffer *vm_buffer_of(struct vm *vm, struct vfa_container *space, size_t size,
				const struct vfa_buffer_options *options)
{
	struct vfa_buffer *buffer = NULL;

	assert_ok(vfa_buffer_alloc(space, size, options, &buffer));
	after_test(vm, free_buffer, buffer);
	return buffer;
}

static void free_pool(struct vm_cleanup *cleanup)
{
	vfa_pool_free(cleanup->object);
}

struct vfa_pool *vm_pool(struct vm *vm, struct vfa_container *space, size_t size, size_t count,
			 const struct vfa_pool_options *options)
{
	struct vfa_pool *pool = NULL;

	assert_ok(vfa_pool_new(space, size, count, options, &pool));
	after_test(vm, free_pool, pool);
	return pool;
}

static void free_topology(struct vm_cleanup *cleanup)
{
	vfa_topology_free(cleanup->object);
}

struct vfa_topology *vm_topology(struct vm *vm)
{
	struct vfa_topology *topology = NULL;

	assert_ok(vfa_topology_new(NULL, &topology));
	after_test(vm, free_topology, topology);
	return topology;
}

static void free_layout(struct vm_cleanup *cleanup)
{
	vfa_layout_free(cleanup->object);
}

struct vfa_layout *vm_layout(struct vm *vm, struct vfa_container *space)
{
	struct vfa_layout *layout;

	assert_ok(vfa_layout_new(space, &layout));
	after_test(vm, free_layout, layout);
	return layout;
}

static void close_kvm(struct vm_cleanup *cleanup)
{
	vfa_kvm_close(cleanup->object);
}

struct vfa_kvm *vm_kvm(struct vm *vm, int machine)
{
	struct vfa_kvm *kvm;

	assert_ok(vfa_kvm_open(NULL, machine, &kvm));
	after_test(vm, close_kvm, kvm);
	return kvm;
}

static void close_monitor(struct vm_cleanup *cleanup)
{
	vfa_monitor_close(cleanup->object);
}

struct vfa_monitor *vm_monitor(struct vm *vm)
{
	struct vfa_monitor *monitor = NULL;

	assert_ok(vfa_monitor_open(NULL, NULL, &monitor));
	after_test(vm, close_monitor, monitor);
	return monitor;
}

static void disable_irq(struct vm_cleanup *cleanup)
{
	vfa_irq_disable(cleanup->object);
}

struct vfa_irq *vm_irq(struct vm *vm, struct vfa_device *device, enum vfa_irq_kind kind,
		       uint32_t count)
{
	return vm_irq_with(vm, device, kind, 0, count, NULL);
}

struct vfa_irq *vm_irq_with(struct vm *vm, struct vfa_device *device, enum vfa_irq_kind kind,
			    uint32_t start, uint32_t count, const struct vfa_irq_options *options)
{
	struct vfa_irq *irq = NULL;

	assert_ok(vfa_irq_enable(device, kind, start, count, options, &irq));
	after_test(vm, disable_irq, irq);
	return irq;
}

static void free_memory(struct vm_cleanup *cleanup)
{
	munmap(cleanup->object, cleanup->size);
}

void *vm_memory(struct vm *vm, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	after_test(vm, free_memory, memory)->size = size;
	return memory;
}

void *vm_map_fd(struct vm *vm, int fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	after_test(vm, free_memory, memory)->size = size;
	return memory;
}

static void close_fd(struct vm_cleanup *cleanup)
{
	close((int)cleanup->size);
}

void vm_own_fd(struct vm *vm, int fd)
{
	after_test(vm, close_fd, NULL)->size = (size_t)fd;
}

int vm_open(struct vm *vm, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	vm_own_fd(vm, fd);
	return fd;
}

struct vfa_map_options vm_fixed(uint64_t iova)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;

	options.flags = VFA_MAP_FIXED;
	options.iova = iova;
	return options;
}

int vm_become_nobody(void)
{
	return setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	       setresuid(NOBODY, NOBODY, NOBODY);
}

static void write_report(int pipe, int result)
{
	const struct vfa_error *last = vfa_error_last();
	struct vm_report report = { .result = result };

	report.code = last->code;
	report.cause = last->cause;
	snprintf(report.message, sizeof(report.message), "%s", last->message);
	snprintf(report.hint, sizeof(report.hint), "%s", last->hint);
	if (write(pipe, &report, sizeof(report)) != sizeof(report))
		_exit(1);
}

void vm_in_child(int (*function)(void *data), void *data, struct vm_report *ret)
{
	int ends[2];
	ssize_t got;
	int status;
	pid_t pid;

	fflush(NULL);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		write_report(ends[1], function(data));
		_exit(0);
	}
	close(ends[1]);
	got = read(ends[0], ret, sizeof(*ret));
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(got, sizeof(*ret));
}

void vm_assert_child_refused(const struct vm_report *report, int error, enum vfa_cause cause,
			     const char *file, int line)
{
	if (report->result != -error || report->code != -error || report->cause != cause ||
	    !*report->message) {
		print_error("%d where %d was expected, cause %s where %s was: %s\n", report->result,
			    -error, vfa_cause_name(report->cause), vfa_cause_name(cause),
			    report->message);
		_fail(file, line);
	}
	show_refusal(report->message, report->hint);
}

struct vm_usage vm_usage_now(void)
{
	struct vm_usage usage = { 0 };
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	int found = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		found += sscanf(line, "VmLck: %lu", &usage.locked) == 1;
		found += sscanf(line, "VmPin: %lu", &usage.pinned) == 1;
		found += sscanf(line, "RssAnon: %lu", &usage.anonymous) == 1;
	}
	fclose(file);
	assert_int_equal(found, 3);
	return usage;
}

/* By one write, as sysfs wants it. */
static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t written;

	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text));
	close(fd);
	return written == (ssize_t)strlen(text);
}

static void restore_file(struct vm_cleanup *cleanup)
{
	if (!write_file(cleanup->path, cleanup->text))
		print_error("%s: cannot write \"%s\" back\n", cleanup->path, cleanup->text);
}

/* Have @text written to @path after the test. */
static struct vm_cleanup *write_after_test(struct vm *vm, const char *path, const char *text)
{
	struct vm_cleanup *cleanup = after_test(vm, restore_file, NULL);

	snprintf(cleanup->path, sizeof(cleanup->path), "%s", path);
	snprintf(cleanup->text, sizeof(cleanup->text), "%s", text);
	return cleanup;
}

size_t vm_count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

void vm_set(struct vm *vm, const char *path, const char *text)
{
	char old[128] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, old, sizeof(old) - 1) > 0);
	close(fd);
	old[strcspn(old, "\n")] = '\0';
	write_after_test(vm, path, old);
	assert_true(write_file(path, text));
}

void vm_need_huge_pages(struct vm *vm, const char *count)
{
	char got[32] = "";
	int fd;

	vm_need(access(VM_HUGE_PAGES, W_OK) == 0, "a kernel with huge pages of 2 MiB");
	vm_set(vm, VM_HUGE_PAGES, count);
	fd = vm_open(vm, VM_HUGE_PAGES, O_RDONLY);
	assert_true(read(fd, got, sizeof(got) - 1) > 0);
	vm_need(atoi(got) >= atoi(count), "memory in large pieces for huge pages");
}

void vm_unbind(struct vm *vm, const char *bdf)
{
	write_after_test(vm, "/sys/bus/pci/drivers_probe", bdf);
	assert_true(write_file(VFIO_PCI "/unbind", bdf));
}

void vm_bind(struct vm *vm, const char *bdf)
{
	char path[128];

	assert_true(write_file("/sys/bus/pci/drivers_probe", bdf));
	snprintf(path, sizeof(path), VFIO_PCI "/%s", bdf);
	assert_int_equal(access(path, F_OK), 0);
	write_after_test(vm, VFIO_PCI "/unbind", bdf);
}

bool vm_log_had(struct vm *vm, const char *text)
{
	return vm_log_has(vm_open(vm, "/dev/kmsg", O_RDONLY | O_NONBLOCK), text, "", 1000);
}

int vm_log_open(struct vm *vm)
{
	int log = vm_open(vm, "/dev/kmsg", O_RDONLY | O_NONBLOCK);

	assert_int_equal(lseek(log, 0, SEEK_END), 0);
	return log;
}

bool vm_log_has(int log, const char *text, const char *other_text, unsigned int timeout_ms)
{
	char line[VM_LOG_LINE];

	return vm_log_find(log, text, other_text, timeout_ms, line);
}

bool vm_log_find(int log, const char *text, const char *other_text, unsigned int timeout_ms,
		 char line[VM_LOG_LINE])
{
	uint64_t deadline = clock_ms() + timeout_ms;
	struct pollfd ready = { .fd = log, .events = POLLIN };

	while (clock_ms() < deadline) {
		ssize_t got = read(log, line, VM_LOG_LINE - 1); /* one line a read */

		if (got > 0) {
			line[got] = '\0';
			if (strstr(line, text) && strstr(line, other_text))
				return true;
		} else if (errno == EAGAIN) {
			poll(&ready, 1, 100);
		} else if (errno != EPIPE) { /* which says that lines were lost */
			return false;
		}
	}
	return false;
}
