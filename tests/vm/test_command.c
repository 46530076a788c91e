/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The command vfa on a real machine, with its sysfs as the witness. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

#define MAX_ARGUMENTS 16
#define MAX_LINES     64

/* What a run of the command said, and how it ended. */
struct run {
	char output[32768];
	char errors[4096];
	int status;
};

static pid_t start(const char *const *arguments, int output, int errors, bool as_nobody)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	if (as_nobody && vm_become_nobody())
		_exit(126);
	dup2(output, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	execvp("vfa", (char *const *)arguments);
	_exit(127);
}

static void read_back(int fd, char *text, size_t size)
{
	ssize_t got = pread(fd, text, size - 1, 0);

	assert_true(got >= 0 && (size_t)got < size - 1);
	text[got] = '\0';
	close(fd);
}

/* To files, which take all that is said. */
static void run_as(struct run *run, bool as_nobody, const char *const *arguments)
{
	int output = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int errors = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	pid_t pid;

	assert_true(output >= 0 && errors >= 0);
	pid = start(arguments, output, errors, as_nobody);
	assert_int_equal(waitpid(pid, &run->status, 0), pid);
	assert_true(WIFEXITED(run->status));
	run->status = WEXITSTATUS(run->status);
	read_back(output, run->output, sizeof(run->output));
	read_back(errors, run->errors, sizeof(run->errors));
}

#define run_vfa(run, ...) run_as((run), false, (const char *const[]){ "vfa", __VA_ARGS__, NULL })

#define run_vfa_as_nobody(run, ...)                                                                \
	run_as((run), true, (const char *const[]){ "vfa", __VA_ARGS__, NULL })

static void assert_fine(const struct run *run)
{
	if (run->status)
		fail_msg("vfa ended with %d: %s", run->status, run->errors);
}

/* Lines without blanks at their ends, which @text keeps. */
static size_t split(char *text, char *lines[MAX_LINES])
{
	char *line, *end;
	size_t count = 0;

	while ((line = strsep(&text, "\n"))) {
		for (end = line + strlen(line); end > line && end[-1] == ' '; end--)
			end[-1] = '\0';
		if (!*line)
			continue;
		assert_true(count < MAX_LINES);
		lines[count++] = line;
	}
	return count;
}

/* The last name in a link's target, "" without the link. */
static void read_link(const char *bdf, const char *name, char ret[256])
{
	char path[256], target[256] = "";
	const char *last;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, name);
	if (readlink(path, target, sizeof(target) - 1) < 0)
		target[0] = '\0';
	last = strrchr(target, '/');
	strcpy(ret, last ? last + 1 : "");
}

static void list_has_every_function_once(void **state)
{
	struct run run;
	char *lines[MAX_LINES], path[256];
	size_t count;

	(void)state;
	run_vfa(&run, "list", "-n", "-o", "address");
	assert_fine(&run);
	assert_string_equal(run.errors, "");
	count = split(run.output, lines);
	assert_int_equal(count, vm_count_entries("/sys/bus/pci/devices"));
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", lines[i]);
		assert_int_equal(access(path, F_OK), 0);
		assert_true(i == 0 || strcmp(lines[i - 1], lines[i]) < 0);
	}
}

/* A column beside the address, held against a link of sysfs. */
static void check_link(const char *columns, const char *link)
{
	char *lines[MAX_LINES], expected[256];
	const char *bdf, *value;
	struct run run;
	size_t count, set = 0;

	run_vfa(&run, "list", "-n", "-o", columns);
	assert_fine(&run);
	count = split(run.output, lines);
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		bdf = strsep(&lines[i], " ");
		value = lines[i] ? lines[i] + strspn(lines[i], " ") : "";
		read_link(bdf, link, expected);
		assert_string_equal(value, expected);
		set += *value != '\0';
	}
	if (!strcmp(link, "driver") || vm_profile()->has_iommu)
		assert_true(set > 0);
}

static void list_has_the_drivers_and_groups_of_sysfs(void **state)
{
	(void)state;
	check_link("address,driver", "driver");
	check_link("address,group", "iommu_group");
	check_link("address,iommu", "iommu");
}

static void list_has_the_nodes_of_bound_devices(void **state)
{
	const char *bdf, *node;
	char *lines[MAX_LINES];
	struct run run;
	size_t count, nodes = 0;

	(void)state;
	vm_need(vm_profile()->has_iommu, "devices on vfio-pci, as profile intel has them");
	run_vfa(&run, "list", "-n", "-o", "address,node");
	assert_fine(&run);
	count = split(run.output, lines);
	for (size_t i = 0; i < count; i++) {
		bdf = strsep(&lines[i], " ");
		node = lines[i] ? lines[i] + strspn(lines[i], " ") : "";
		if (*node && access(node, R_OK))
			fail_msg("%s: %s is not there", bdf, node);
		nodes += *node != '\0';
	}
	assert_int_equal(nodes, 8); /* tests/vm/devices */
}

static void nobody_sees_what_sysfs_shows_and_is_told_of_the_rest(void **state)
{
	char *lines[MAX_LINES], *root_lines[MAX_LINES];
	struct run nobody, root;
	size_t count, unknown = 0;

	(void)state;
	run_vfa(&root, "list", "-n", "-o", "address,driver,regions");
	run_vfa_as_nobody(&nobody, "list", "-n", "-o", "address,driver,regions");
	assert_fine(&nobody);
	assert_string_equal(nobody.output, root.output);
	assert_string_equal(nobody.errors, "");

	run_vfa(&root, "list", "-n", "-o", "address,type");
	run_vfa_as_nobody(&nobody, "list", "-n", "-o", "address,type");
	assert_fine(&nobody);
	count = split(nobody.output, lines);
	assert_int_equal(count, split(root.output, root_lines));
	for (size_t i = 0; i < count; i++) {
		assert_null(strchr(root_lines[i], '?'));
		if (strchr(lines[i], '?'))
			unknown++;
		else
			assert_string_equal(lines[i], root_lines[i]);
	}
	assert_true(unknown > 0);
	assert_non_null(strstr(nobody.errors, "could not be read"));
	assert_non_null(strstr(nobody.errors, "64 bytes"));
}

/* A group begins a line, a member is drawn below it. */
static void group_has_the_groups_and_members_of_sysfs(void **state)
{
	char *lines[MAX_LINES], path[256], *member;
	size_t count, groups = 0, members = 0;
	const char *group = "";
	struct run run;

	(void)state;
	run_vfa(&run, "group", "-n", "-o", "name");
	assert_fine(&run);
	count = split(run.output, lines);
	for (size_t i = 0; i < count; i++) {
		if (lines[i][0] >= '0' && lines[i][0] <= '9') {
			group = lines[i];
			groups++;
			continue;
		}
		member = lines[i] + strcspn(lines[i], "0123456789");
		snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%s/devices/%s", group,
			 member);
		assert_int_equal(access(path, F_OK), 0);
		members++;
	}
	assert_int_equal(groups, vm_count_entries("/sys/kernel/iommu_groups"));
	assert_true(members >= groups);
}

static void group_has_the_verdict_of_the_kernel(void **state)
{
	char *lines[MAX_LINES];
	struct run run;

	(void)state;
	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
	run_vfa(&run, "group", BLOCKED, "-n", "-o", "viable,source");
	assert_fine(&run);
	assert_int_equal(split(run.output, lines), 1);
	assert_non_null(strstr(lines[0], "no"));
	assert_non_null(strstr(lines[0], "kernel"));
	assert_non_null(strstr(run.errors, BLOCKER));
	assert_non_null(strstr(run.errors, "/driver/unbind"));

	run_vfa(&run, "group", EDU, "-n", "-o", "viable,source");
	assert_fine(&run);
	assert_string_equal(run.errors, "");
	assert_non_null(strstr(run.output, "yes"));
	assert_non_null(strstr(run.output, "kernel"));
}

static void info_has_the_regions_of_sysfs(void **state)
{
	char *lines[MAX_LINES], line[256];
	uint64_t start, last, shown_start, shown_last;
	struct run run;
	FILE *file;

	(void)state;
	run_vfa(&run, "info", EDU, "-n", "-o", "regions");
	assert_fine(&run);
	assert_int_equal(split(run.output, lines), 1); /* edu has one BAR, of 1 MiB */
	file = fopen("/sys/bus/pci/devices/" EDU "/resource", "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	assert_int_equal(sscanf(line, "%" SCNx64 " %" SCNx64, &start, &last), 2);
	assert_int_equal(sscanf(lines[0], "bar0 %" SCNx64 " %" SCNx64 " 1M memory", &shown_start,
				&shown_last),
			 2);
	assert_true(shown_start == start && shown_last == last);
}

static void info_has_the_interrupts_of_config_space(void **state)
{
	struct run run;

	(void)state;
	run_vfa(&run, "info", NVME, "-n", "-o", "interrupts");
	assert_fine(&run);
	assert_non_null(strstr(run.output, "msix"));
	assert_non_null(strstr(run.output, " 65 ")); /* QEMU's nvme */
	assert_non_null(strstr(run.output, "bar0+0x2000"));
}

/* Asked for by hand, and closed again: a group admits one opener. */
static int kernel_ranges(enum vfa_backend backend, struct vfa_iova_range *ranges, size_t max)
{
	struct vfa_container *space;
	struct vfa_device *edu, *nvme;
	int count;

	assert_ok(vfa_container_open(NULL, backend, &space));
	assert_ok(vfa_device_open(space, EDU, NULL, &edu));
	assert_ok(vfa_device_open(space, NVME, NULL, &nvme));
	count = assert_ok(vfa_container_iova_ranges(space, ranges, max));
	vfa_device_close(nvme);
	vfa_device_close(edu);
	vfa_container_close(space);
	return count;
}

static void iova_has_the_ranges_of_the_kernel(void **state)
{
	const struct vm *vm = *state;
	const char *backend = vfa_backend_name(vm->backend);
	struct vfa_iova_range ranges[8];
	char *lines[MAX_LINES], expected[128];
	struct run run;
	size_t count;
	int known, usable = 0;

	vm_need_assignment(vm);
	known = kernel_ranges(vm->backend, ranges, 8);
	run_vfa(&run, "iova", "-n", "-o", "kind,start,last,source", "--backend", backend, EDU,
		NVME);
	assert_fine(&run);
	assert_string_equal(run.errors, "");
	count = split(run.output, lines);
	for (size_t i = 0; i < count; i++) {
		char kind[32], start[32], last[32], source[32];

		assert_int_equal(sscanf(lines[i], "%31s %31s %31s %31s", kind, start, last, source),
				 4);
		if (strcmp(kind, "usable"))
			continue;
		assert_true(usable < known);
		snprintf(expected, sizeof(expected), "0x%" PRIx64, ranges[usable].start);
		assert_string_equal(start, expected);
		snprintf(expected, sizeof(expected), "0x%" PRIx64, ranges[usable].last);
		assert_string_equal(last, expected);
		assert_string_equal(source, backend);
		usable++;
	}
	assert_int_equal(usable, known);
}

static void iova_goes_by_sysfs_where_a_device_cannot_be_opened(void **state)
{
	struct run run;

	(void)state;
	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
	run_vfa(&run, "iova", "-n", "-o", "kind,source", BLOCKED);
	assert_fine(&run);
	assert_non_null(strstr(run.errors, BLOCKER));
	assert_non_null(strstr(run.errors, "sysfs"));
	assert_non_null(strstr(run.output, "msi"));
	assert_null(strstr(run.output, "type1"));
	assert_null(strstr(run.output, "iommufd"));
}

static void iova_without_iommu_is_refused(void **state)
{
	struct run run;

	(void)state;
	vm_need(!vm_profile()->has_iommu, "a machine without IOMMU, as profile none is");
	run_vfa(&run, "iova", EDU);
	assert_int_equal(run.status, 1);
	assert_string_equal(run.output, "");
	assert_non_null(strstr(run.errors, EDU));
	assert_non_null(strstr(run.errors, "hint: "));
}

/* Wait for a line, and read it. */
static void next_line(int fd, char *line, size_t size)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	size_t used = 0;

	while (!used || line[used - 1] != '\n') {
		assert_int_equal(poll(&readable, 1, 10000), 1);
		assert_true(used < size - 1);
		assert_int_equal(read(fd, line + used, 1), 1);
		used++;
	}
	line[used] = '\0';
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Its headings say that it listens. */
static pid_t start_monitor(int pipe_ends[2], const char *const *arguments)
{
	char line[256];
	pid_t pid;

	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	pid = start(arguments, pipe_ends[1], STDERR_FILENO, false);
	close(pipe_ends[1]);
	next_line(pipe_ends[0], line, sizeof(line));
	assert_non_null(strstr(line, "ACTION"));
	return pid;
}

static void assert_ends_fine(pid_t pid, int fd)
{
	char rest;
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(read(fd, &rest, 1), 0);
	close(fd);
}

static void monitor_tells_of_a_driver_that_lets_go_and_comes_back(void **state)
{
	const char *const arguments[] = { "vfa", "monitor", "--count",
					  "2",   "-o",      "action,subsystem,address,driver",
					  NULL };
	char line[256];
	int ends[2];
	pid_t pid;

	(void)state;
	/* No VFIO driver, so that there is no node that comes and goes too. */
	pid = start_monitor(ends, arguments);
	write_file("/sys/bus/pci/drivers/nvme/unbind", BLOCKER);
	next_line(ends[0], line, sizeof(line));
	assert_non_null(strstr(line, "unbind "));
	assert_non_null(strstr(line, BLOCKER));
	assert_non_null(strstr(line, "nvme"));
	write_file("/sys/bus/pci/drivers/nvme/bind", BLOCKER);
	next_line(ends[0], line, sizeof(line));
	assert_int_equal(strncmp(line, "bind ", strlen("bind ")), 0);
	assert_non_null(strstr(line, BLOCKER));
	assert_ends_fine(pid, ends[0]);
}

static void check_signal(int signal)
{
	const char *const arguments[] = { "vfa", "monitor", NULL };
	int ends[2];
	pid_t pid = start_monitor(ends, arguments);

	assert_int_equal(kill(pid, signal), 0);
	assert_ends_fine(pid, ends[0]);
}

static void monitor_ends_well_on_signals(void **state)
{
	(void)state;
	check_signal(SIGINT);
	check_signal(SIGTERM);
}

static void monitor_ends_in_time(void **state)
{
	const char *const arguments[] = { "vfa", "monitor", "--timeout", "1", NULL };
	int ends[2];
	pid_t pid;

	(void)state;
	pid = start_monitor(ends, arguments);
	assert_ends_fine(pid, ends[0]);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(list_has_every_function_once),
		VM_CASE_ONCE(list_has_the_drivers_and_groups_of_sysfs),
		VM_CASE_ONCE(list_has_the_nodes_of_bound_devices),
		VM_CASE_ONCE(nobody_sees_what_sysfs_shows_and_is_told_of_the_rest),
		VM_CASE_ONCE(group_has_the_groups_and_members_of_sysfs),
		VM_CASE_ONCE(group_has_the_verdict_of_the_kernel),
		VM_CASE_ONCE(info_has_the_regions_of_sysfs),
		VM_CASE_ONCE(info_has_the_interrupts_of_config_space),
		VM_CASE(iova_has_the_ranges_of_the_kernel),
		VM_CASE_ONCE(iova_goes_by_sysfs_where_a_device_cannot_be_opened),
		VM_CASE_ONCE(iova_without_iommu_is_refused),
		VM_CASE_ONCE(monitor_tells_of_a_driver_that_lets_go_and_comes_back),
		VM_CASE_ONCE(monitor_ends_well_on_signals),
		VM_CASE_ONCE(monitor_ends_in_time),
	};

	return vm_run_cases("command", cases);
}
