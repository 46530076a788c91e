/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Each of examples/ does what it says, as a program of its own. An example is a line
 * of EXAMPLE, which tests/checks/examples.sh asks for, and a line in main.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

/* What it said, on both outputs, and how it ended. */
struct run {
	char output[16384];
	int status;
};

static void execute(const char *const *arguments, int output)
{
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execvp(arguments[0], (char *const *)arguments);
	_exit(127);
}

/* To a file, which takes all that is said. */
static void run_program(struct run *run, const char *const *arguments)
{
	int output = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	ssize_t got;
	pid_t pid;

	assert_true(output >= 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		execute(arguments, output);
	assert_int_equal(waitpid(pid, &run->status, 0), pid);
	got = pread(output, run->output, sizeof(run->output) - 1, 0);
	assert_true(got >= 0);
	run->output[got] = '\0';
	close(output);
}

static void assert_run(const char *said, const char *const *arguments)
{
	struct run run;

	run_program(&run, arguments);
	if (WIFEXITED(run.status) && WEXITSTATUS(run.status) == 0 && strstr(run.output, said))
		return;
	fail_msg("%s ended with status %#x and this, where \"%s\" was expected:\n%s", arguments[0],
		 run.status, said, run.output);
}

/* An example that takes these arguments and then a backend, and has to say @said. */
#define EXAMPLE(name, said, ...)                                                                   \
	static void name(void **state)                                                             \
	{                                                                                          \
		struct vm *vm = *state;                                                            \
		const char *backend = vfa_backend_name(vm->backend);                               \
                                                                                                   \
		vm_need_assignment(vm);                                                            \
		assert_run(said, (const char *const[]){ #name, __VA_ARGS__, backend, NULL });      \
	}

EXAMPLE(edu_dma, "all equal", EDU)
EXAMPLE(edu_interrupt, "12! = 479001600", EDU)
EXAMPLE(handle_intx, "served 6 interrupts", EDU)
EXAMPLE(hot_reset, "resets " PORT_EDU_2 " of group", PORT_EDU_1)
EXAMPLE(low_power, "it has woken", NVME)
EXAMPLE(map_bar, "0x10000ed by load, 0x10000ed by call", EDU)
EXAMPLE(nvme_identify, "block 1 by MSI-X: 00 02", NVME)
EXAMPLE(share_device, "user 65534 did DMA of 4000 bytes", EDU)
EXAMPLE(vmm_memory, "80 MiB: kept 2 regions, mapped 1, unmapped 0", EDU)
EXAMPLE(wait_for_msix, "model QEMU NVMe Ctrl", NVME)

/* Into NVMe's controller memory buffer, and into plain memory behind the start of a BAR. */
static void p2p_copy(void **state)
{
	struct vm *vm = *state;
	const char *backend = vfa_backend_name(vm->backend);

	vm_need_assignment(vm);
	assert_run("all equal", (const char *const[]){ "p2p_copy", EDU, NVME, "2", backend, NULL });
	assert_run("all equal", (const char *const[]){ "p2p_copy", EDU, SHARED_MEMORY, "2:0x3000",
						       backend, NULL });
}

static void list_groups(void **state)
{
	(void)state;
	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
	assert_run(EDU " [1234:11e8]", (const char *const[]){ "list_groups", NULL });
}

static void write_sysfs(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* Read what a program says up to a line with this in it. */
static void assert_says(FILE *output, const char *text)
{
	char line[512];

	do
		assert_non_null(fgets(line, sizeof(line), output));
	while (!strstr(line, text));
}

static pid_t start(const char *const *arguments, FILE **output)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		execute(arguments, ends[1]);
	close(ends[1]);
	*output = fdopen(ends[0], "r");
	assert_non_null(*output);
	return pid;
}

/* A device that is removed in sysfs is unplugged for all but the machine. */
static void watch_hotplug(void **state)
{
	struct vm *vm = *state;
	const char *backend = vfa_backend_name(vm->backend);
	FILE *output;
	int status;
	pid_t pid;

	vm_need_assignment(vm);
	write_sysfs("/sys/bus/pci/devices/" OTHER_EDU "/remove", "1");
	pid = start((const char *const[]){ "watch_hotplug", OTHER_EDU, backend, NULL }, &output);
	write_sysfs("/sys/bus/pci/rescan", "1");
	assert_says(output, "using a device of vendor 1234");
	write_sysfs("/sys/bus/pci/devices/" OTHER_EDU "/remove", "1");
	assert_says(output, "it is still there");
	assert_says(output, "remove pci " OTHER_EDU);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fclose(output);

	write_sysfs("/sys/bus/pci/rescan", "1");
	assert_ok(vfa_driver_bind(NULL, OTHER_EDU, NULL, NULL));
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(edu_dma),          VM_CASE(edu_interrupt), VM_CASE(handle_intx),
		VM_CASE(hot_reset),        VM_CASE(low_power),     VM_CASE(map_bar),
		VM_CASE(nvme_identify),    VM_CASE(p2p_copy),      VM_CASE(share_device),
		VM_CASE(vmm_memory),       VM_CASE(wait_for_msix), VM_CASE(watch_hotplug),
		VM_CASE_ONCE(list_groups),
	};

	return vm_run_cases("examples", cases);
}
