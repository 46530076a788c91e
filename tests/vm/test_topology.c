/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The groups that the library predicts are those that the kernel formed, on whatever
 * machine this runs. The kernel's are read from sysfs here, not by the library.
 */

#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common.h"

#define PCI_DEVICES   "/sys/bus/pci/devices"
#define VM_DEVICES    "/vm/devices" /* the machine's, as run.sh was given them */
#define MAX_FUNCTIONS 256

/* In PCI Express' extended config space. */
#define FIRST_CAPABILITY 0x100
#define ID_ACS           0x000d
#define ACS_CONTROL      6

/* The functions of this machine, and their groups: predicted, and the kernel's. */
struct machine {
	struct vfa_topology *topology;
	size_t count;
	int32_t predicted[MAX_FUNCTIONS];
	int32_t kernel[MAX_FUNCTIONS];
	bool apart[MAX_FUNCTIONS]; /* by the kernel, which would have it otherwise at boot */
};

static void need_groups(void)
{
	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
}

static const struct vfa_function *function_at(const struct machine *machine, size_t index)
{
	return vfa_topology_get_function(machine->topology, index);
}

static int32_t kernel_group(const char *bdf)
{
	char path[128], target[256], *name;
	ssize_t length;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/iommu_group", bdf);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -1;
	target[length] = '\0';
	name = strrchr(target, '/');
	assert_non_null(name);
	return atoi(name + 1);
}

/* The next device of @file: @word is empty, or what comes before the address. */
static bool next_device(FILE *file, char word[16], char bdf[16])
{
	char line[1024], first[16] = "", second[16] = "";

	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '-' || sscanf(line, "%15s %15s", first, second) != 2)
			continue;
		snprintf(word, 16, "%s", strncmp(second, "0000:", 5) ? "" : first);
		snprintf(bdf, 16, "%s", strncmp(second, "0000:", 5) ? first : second);
		if (strncmp(bdf, "0000:", 5) == 0)
			return true;
	}
	return false;
}

static void predict(struct machine *machine, const struct vfa_acs_change *changes, size_t count)
{
	int predicted = assert_ok(vfa_topology_predict(machine->topology, changes, count,
						       machine->predicted, MAX_FUNCTIONS));

	assert_int_equal(predicted, machine->count);
}

static void mark_apart(struct machine *machine)
{
	FILE *file = fopen(VM_DEVICES, "re");
	char word[16], bdf[16];

	assert_non_null(file);
	while (next_device(file, word, bdf)) {
		if (strcmp(word, "apart") == 0)
			machine->apart[assert_ok(
				vfa_topology_find_function(machine->topology, bdf))] = true;
	}
	fclose(file);
}

static void look(struct vm *vm, struct machine *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->topology = vm_topology(vm);
	ret->count = vfa_topology_count_functions(ret->topology);
	assert_in_range(ret->count, 1, MAX_FUNCTIONS);
	for (size_t i = 0; i < ret->count; i++)
		ret->kernel[i] = kernel_group(function_at(ret, i)->bdf);
	mark_apart(ret);
	predict(ret, NULL, 0);
}

static bool are_together(const int32_t *groups, size_t a, size_t b)
{
	return groups[a] != -1 && groups[a] == groups[b];
}

/* Each two functions are together in both or in neither, and none is covered in one alone. */
static void assert_predicted(const struct machine *machine)
{
	for (size_t i = 0; i < machine->count; i++) {
		const char *bdf = function_at(machine, i)->bdf;

		if ((machine->predicted[i] == -1) != (machine->kernel[i] == -1))
			fail_msg("%s: predicted %d, is in group %d", bdf, machine->predicted[i],
				 machine->kernel[i]);
		for (size_t j = 0; j < i; j++) {
			bool together = are_together(machine->predicted, i, j) &&
					!machine->apart[i] && !machine->apart[j];

			if (together != are_together(machine->kernel, i, j))
				fail_msg("%s and %s: predicted %s, are in groups %d and %d", bdf,
					 function_at(machine, j)->bdf,
					 together ? "together" : "apart", machine->kernel[i],
					 machine->kernel[j]);
		}
	}
}

static bool has_company(const struct machine *machine, size_t index)
{
	for (size_t i = 0; i < machine->count; i++) {
		if (i != index && are_together(machine->predicted, i, index))
			return true;
	}
	return false;
}

static void every_device_is_where_its_line_says(void **state)
{
	FILE *file = fopen(VM_DEVICES, "re");
	char word[16], bdf[16];
	struct vfa_topology *topology = vm_topology(*state);
	size_t count = 0;

	assert_non_null(file);
	while (next_device(file, word, bdf)) {
		assert_ok(vfa_topology_find_function(topology, bdf));
		count++;
	}
	fclose(file);
	vm_need(count > 0, "devices with their addresses, as those that are not random have");
}

static void snapshot_has_the_groups_that_sysfs_has(void **state)
{
	struct machine machine;
	int32_t highest = -1;

	look(*state, &machine);
	for (size_t i = 0; i < machine.count; i++) {
		assert_int_equal(function_at(&machine, i)->group, machine.kernel[i]);
		if (machine.kernel[i] > highest)
			highest = machine.kernel[i];
	}
	assert_true((highest >= 0) == vm_profile()->has_iommu);
}

static bool is_noted(const struct machine *machine, size_t index, enum vfa_isolation_note_kind kind)
{
	struct vfa_isolation *isolation;
	bool found = false;
	size_t count;

	assert_ok(vfa_isolation_new(machine->topology, function_at(machine, index)->bdf, NULL, 0,
				    &isolation));
	count = vfa_isolation_count_notes(isolation);
	for (size_t i = 0; i < count; i++)
		found = found || vfa_isolation_get_note(isolation, i)->kind == kind;
	vfa_isolation_free(isolation);
	return found;
}

static void predicted_groups_are_the_kernels(void **state)
{
	struct machine machine;

	need_groups();
	look(*state, &machine);
	assert_predicted(&machine);
	for (size_t i = 0; i < machine.count; i++) {
		assert_true(!machine.apart[i] || has_company(&machine, i));
		assert_true(machine.apart[i] == is_noted(&machine, i, VFA_ISOLATION_HOTPLUGGED));
		assert_false(is_noted(&machine, i, VFA_ISOLATION_FINER));
		assert_false(is_noted(&machine, i, VFA_ISOLATION_COARSER));
		assert_false(is_noted(&machine, i, VFA_ISOLATION_LOST));
	}
}

static uint32_t read_config(const char *bdf, uint16_t offset)
{
	uint32_t value;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &value, sizeof(value), offset), sizeof(value));
	close(fd);
	return le32toh(value);
}

static uint16_t find_acs(const char *bdf)
{
	uint16_t offset = FIRST_CAPABILITY;
	uint32_t header = read_config(bdf, offset);

	while ((header & 0xffff) != ID_ACS) {
		offset = header >> 20;
		assert_in_range(offset, FIRST_CAPABILITY, 0xffc);
		header = read_config(bdf, offset);
	}
	return offset;
}

static void write_control(const char *bdf, uint16_t bits)
{
	uint16_t value = htole16(bits);
	char path[128];
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", bdf);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &value, sizeof(value), find_acs(bdf) + ACS_CONTROL),
			 sizeof(value));
	close(fd);
}

static void tell_kernel(const char *bdf, const char *file)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", bdf, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "1", 1), 1);
	close(fd);
}

static bool is_below(const struct machine *machine, size_t index, size_t port)
{
	int32_t parent = function_at(machine, index)->parent;

	while (parent != -1 && (size_t)parent != port)
		parent = function_at(machine, parent)->parent;
	return parent != -1;
}

/* With functions below it that can be taken away and found again, which VFs cannot. */
static bool has_lasting_functions_below(const struct machine *machine, size_t port)
{
	size_t below = 0;

	for (size_t i = 0; i < machine->count; i++) {
		if (!is_below(machine, i, port))
			continue;
		if (function_at(machine, i)->physical != -1)
			return false;
		below++;
	}
	return below > 0;
}

static uint16_t missing_bits(const struct machine *machine, size_t port)
{
	return VFA_ACS_ISOLATION & ~function_at(machine, port)->acs.control;
}

/* A port alone in its slot that has ACS, all on or not; -1 when there is none. */
static int find_port(const struct machine *machine, bool isolates)
{
	for (size_t i = 0; i < machine->count; i++) {
		const struct vfa_function *port = function_at(machine, i);

		if (port->type == VFA_FUNCTION_ROOT_PORT && !port->is_multifunction &&
		    port->acs.present == VFA_YES && port->group != -1 &&
		    isolates == !missing_bits(machine, i) &&
		    has_lasting_functions_below(machine, i))
			return i;
	}
	return -1;
}

/* Have the kernel find what is below a port again, and form groups anew. */
static void find_anew(const struct machine *machine, size_t port)
{
	for (size_t i = 0; i < machine->count; i++) {
		if (function_at(machine, i)->parent == (int32_t)port)
			tell_kernel(function_at(machine, i)->bdf, "remove");
	}
	tell_kernel(function_at(machine, port)->bdf, "rescan");
}

/* What the library expects of other bits is what the kernel makes of them. */
static void assert_expected_of(struct vm *vm, const struct vfa_acs_change *change, size_t port)
{
	struct machine before, after, restored;
	uint16_t control;

	look(vm, &before);
	control = function_at(&before, port)->acs.control;
	predict(&before, change, 1);

	write_control(change->bdf, (control | change->set) & ~change->clear);
	find_anew(&before, port);
	look(vm, &after);
	write_control(change->bdf, control);
	find_anew(&after, port);
	look(vm, &restored);

	assert_int_equal(after.count, before.count);
	assert_memory_not_equal(after.kernel, before.kernel, sizeof(after.kernel));
	assert_predicted(&after);
	memcpy(before.kernel, after.kernel, sizeof(before.kernel));
	assert_predicted(&before);
	assert_predicted(&restored);
}

static void cleared_bits_make_the_groups_that_were_expected(void **state)
{
	struct vfa_acs_change change = { 0 };
	struct machine machine;
	int port;

	need_groups();
	look(*state, &machine);
	port = find_port(&machine, true);
	vm_need(port >= 0, "a root port with ACS, as topology ports has it");
	change.bdf = function_at(&machine, port)->bdf;
	change.clear = VFA_ACS_SV | VFA_ACS_RR;
	assert_expected_of(*state, &change, port);
}

static void set_bits_make_the_groups_that_were_expected(void **state)
{
	struct vfa_acs_change change = { 0 };
	struct machine machine;
	int port;

	need_groups();
	look(*state, &machine);
	port = find_port(&machine, false);
	vm_need(port >= 0, "a root port with ACS off, as topology ports-no-redirect has it");
	change.bdf = function_at(&machine, port)->bdf;
	change.set = missing_bits(&machine, port);
	assert_expected_of(*state, &change, port);
}

static void cleared_bits_are_told_and_change_no_group(void **state)
{
	struct machine before, after;
	const char *bdf;
	int port;

	need_groups();
	look(*state, &before);
	port = find_port(&before, true);
	vm_need(port >= 0, "a root port with ACS, as topology ports has it");
	bdf = function_at(&before, port)->bdf;
	write_control(bdf, 0);
	look(*state, &after);
	write_control(bdf, function_at(&before, port)->acs.control);

	assert_memory_equal(after.kernel, before.kernel, sizeof(after.kernel));
	assert_int_equal(function_at(&after, port)->acs.control, 0);
	for (size_t i = 0; i < after.count; i++)
		assert_true(!is_below(&after, i, port) || is_noted(&after, i, VFA_ISOLATION_LOST));
	predict(&before,
		&(struct vfa_acs_change){ .bdf = bdf,
					  .clear = function_at(&before, port)->acs.control },
		1);
	assert_memory_equal(after.predicted, before.predicted, sizeof(after.predicted));
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(every_device_is_where_its_line_says),
		VM_CASE_ONCE(snapshot_has_the_groups_that_sysfs_has),
		VM_CASE_ONCE(predicted_groups_are_the_kernels),
		VM_CASE_ONCE(cleared_bits_are_told_and_change_no_group),
		VM_CASE_ONCE(cleared_bits_make_the_groups_that_were_expected),
		VM_CASE_ONCE(set_bits_make_the_groups_that_were_expected),
	};

	return vm_run_cases("topology", cases);
}
