/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/host.h"
#include "base/sysfs.h"
#include "fixture.h"

#define DISK "0000:00:06.1" /* on nvme, which is the kernel's choice */

#define DEVICE_PATH "bus/pci/devices/%s/"

/* What is to be seen of a function. */
struct state {
	char driver[VFA_DRIVER_NAME];
	char override[VFA_DRIVER_NAME];
};

static struct state look(struct machine *machine, const char *bdf)
{
	struct state state = { .driver = "", .override = "" };
	char path[SYSFS_PATH], target[SYSFS_PATH];
	ssize_t size;
	FILE *file;

	sysfs_path(machine->host, path, DEVICE_PATH "driver", bdf);
	size = readlink(path, target, sizeof(target) - 1);
	if (size > 0) {
		target[size] = '\0';
		strcpy(state.driver, strrchr(target, '/') + 1);
	}
	sysfs_path(machine->host, path, DEVICE_PATH "driver_override", bdf);
	file = fopen(path, "re");
	if (file) {
		assert_non_null(fgets(state.override, sizeof(state.override), file));
		fclose(file);
		state.override[strcspn(state.override, "\n")] = '\0';
	}
	return state;
}

static void check_state(struct machine *machine, const char *bdf, const char *driver,
			const char *override)
{
	struct state state = look(machine, bdf);

	assert_string_equal(state.driver, driver);
	assert_string_equal(state.override, override);
}

static void set_override(struct machine *machine, const char *bdf, const char *override)
{
	char line[SYSFS_LINE];

	snprintf(line, sizeof(line), "%s\n", override);
	tree_write(&machine->tree, line, "sys/" DEVICE_PATH "driver_override", bdf);
}

static struct vfa_driver_options to(const char *driver, const char *override)
{
	struct vfa_driver_options options = VFA_DRIVER_OPTIONS_INIT;

	options.driver = driver;
	options.override = override;
	return options;
}

static int setup_drivers(void **state)
{
	struct machine *machine;

	setup(state);
	machine = *state;
	fake_set_native_driver(DISK, "nvme");
	tree_set_driver(&machine->tree, OTHER, NULL);
	tree_remove(&machine->tree, "sys/devices/pci0000:00/" OTHER "/vfio-dev");
	return 0;
}

#define DRIVER_CASE(test) cmocka_unit_test_setup_teardown(test, setup_drivers, teardown)

static void a_function_changes_its_driver_and_back(void **state)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct machine *machine = *state;
	struct vfa_driver_options back;

	assert_ok(vfa_driver_bind(machine->host, DISK, NULL, &change));
	assert_true(change.changed);
	assert_string_equal(change.from, "nvme");
	assert_string_equal(change.to, "vfio-pci");
	assert_string_equal(change.override, "");
	check_state(machine, DISK, "vfio-pci", "vfio-pci");
	back = to(change.from, change.override);
	assert_ok(vfa_driver_unbind(machine->host, DISK, &back, &change));
	assert_true(change.changed);
	assert_string_equal(change.from, "vfio-pci");
	assert_string_equal(change.to, "nvme");
	assert_string_equal(change.override, "vfio-pci");
	check_state(machine, DISK, "nvme", "(null)");
	assert_string_equal(machine->log, "2 0000:00:06.1: nvme -> vfio-pci\n"
					  "2 0000:00:06.1: vfio-pci -> nvme\n");
}

static void a_function_without_driver_is_bound_and_let_go(void **state)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct vfa_driver_options none = to("", NULL);
	struct machine *machine = *state;

	assert_ok(vfa_driver_bind(machine->host, OTHER, NULL, &change));
	assert_string_equal(change.from, "");
	check_state(machine, OTHER, "vfio-pci", "vfio-pci");
	assert_ok(vfa_driver_unbind(machine->host, OTHER, &none, &change));
	assert_string_equal(change.to, "");
	check_state(machine, OTHER, "", "(null)");
}

static void what_is_bound_already_is_not_written(void **state)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct vfa_driver_options nvme = to("nvme", NULL), none = to("", NULL);
	struct machine *machine = *state;

	assert_ok(vfa_driver_bind(machine->host, EDU, NULL, &change));
	assert_false(change.changed);
	assert_string_equal(change.from, "vfio-pci");
	assert_string_equal(change.to, "vfio-pci");
	assert_ok(vfa_driver_unbind(machine->host, DISK, NULL, &change));
	assert_false(change.changed);
	assert_ok(vfa_driver_unbind(machine->host, DISK, &nvme, &change));
	assert_false(change.changed);
	assert_ok(vfa_driver_unbind(machine->host, OTHER, &none, &change));
	assert_false(change.changed);
	assert_int_equal(fake_count_writes(), 0);
}

static void the_kernel_chooses_the_driver(void **state)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct machine *machine = *state;

	assert_ok(vfa_driver_bind(machine->host, DISK, NULL, NULL));
	assert_ok(vfa_driver_unbind(machine->host, DISK, NULL, &change));
	assert_string_equal(change.to, "nvme");
	check_state(machine, DISK, "nvme", "(null)");
	/* No driver wants it. */
	assert_ok(vfa_driver_unbind(machine->host, EDU, NULL, &change));
	assert_string_equal(change.from, "vfio-pci");
	assert_string_equal(change.to, "");
	assert_true(change.changed);
	check_state(machine, EDU, "", "(null)");
	assert_ok(vfa_driver_unbind(machine->host, EDU, NULL, &change));
	assert_false(change.changed);
}

static void any_driver_is_bound_by_its_name(void **state)
{
	struct vfa_driver_options stub = to("pci-stub", NULL);
	struct machine *machine = *state;

	tree_write(&machine->tree, "", "sys/bus/pci/drivers/pci-stub/bind");
	tree_write(&machine->tree, "", "sys/bus/pci/drivers/pci-stub/unbind");
	assert_ok(vfa_driver_bind(machine->host, DISK, &stub, NULL));
	check_state(machine, DISK, "pci-stub", "pci-stub");
	assert_ok(vfa_driver_unbind(machine->host, DISK, NULL, NULL));
	check_state(machine, DISK, "nvme", "(null)");
}

/* As driverctl(8) leaves one, before the driver has been changed. */
static void an_override_is_told_and_put_back(void **state)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct machine *machine = *state;
	struct vfa_driver_options back;

	set_override(machine, DISK, "nvme");
	assert_ok(vfa_driver_bind(machine->host, DISK, NULL, &change));
	assert_string_equal(change.override, "nvme");
	back = to(change.from, change.override);
	assert_ok(vfa_driver_unbind(machine->host, DISK, &back, NULL));
	check_state(machine, DISK, "nvme", "nvme");
}

static void an_override_alone_is_cleared(void **state)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct machine *machine = *state;

	set_override(machine, DISK, "vfio-pci");
	assert_ok(vfa_driver_unbind(machine->host, DISK, NULL, &change));
	assert_true(change.changed);
	assert_int_equal(fake_count_writes(), 1);
	check_state(machine, DISK, "nvme", "(null)");
}

static void a_dry_run_tells_what_it_would_write(void **state)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct vfa_driver_options dry = to(NULL, NULL);
	struct machine *machine = *state;
	char wanted[2048];

	dry.flags = VFA_DRIVER_DRY_RUN;
	machine->host->log_level = VFA_LOG_DEBUG;
	assert_ok(vfa_driver_bind(machine->host, DISK, &dry, &change));
	assert_true(change.changed);
	assert_string_equal(change.to, "vfio-pci");
	snprintf(wanted, sizeof(wanted),
		 "3 echo vfio-pci > %1$s/bus/pci/devices/" DISK "/driver_override\n"
		 "3 echo " DISK " > %1$s/bus/pci/drivers/nvme/unbind\n"
		 "3 echo " DISK " > %1$s/bus/pci/drivers/vfio-pci/bind\n",
		 machine->tree.sys);
	assert_string_equal(machine->log, wanted);
	assert_int_equal(fake_count_writes(), 0);
	machine->log[0] = '\0';
	assert_ok(vfa_driver_unbind(machine->host, EDU, &dry, &change));
	assert_string_equal(change.to, "");
	snprintf(wanted, sizeof(wanted),
		 "3 echo " EDU " > %1$s/bus/pci/drivers/vfio-pci/unbind\n"
		 "3 echo " EDU " > %1$s/bus/pci/drivers_probe\n",
		 machine->tree.sys);
	assert_string_equal(machine->log, wanted);
	assert_int_equal(fake_count_writes(), 0);
}

static void arguments_are_checked(void **state)
{
	static const char *const names[] = { "", "a/b", "..", ".", "two words", "line\n" };
	struct vfa_driver_options options = to(NULL, NULL);
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct machine *machine = *state;

	assert_fails(vfa_driver_bind(machine->host, NULL, NULL, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_driver_bind(machine->host, "6.1", NULL, NULL), EINVAL, BAD_BDF);
	assert_fails(vfa_driver_bind(machine->host, "0000:00:1f.7", NULL, NULL), ENODEV, NO_DEVICE);
	options.flags = 1 << 7;
	assert_fails(vfa_driver_bind(machine->host, DISK, &options, NULL), EINVAL, BAD_ARGUMENT);
	options = to(NULL, "nvme");
	assert_fails(vfa_driver_bind(machine->host, DISK, &options, NULL), EINVAL, BAD_ARGUMENT);
	options.struct_size = 4;
	assert_fails(vfa_driver_bind(machine->host, DISK, &options, NULL), EINVAL, BAD_ARGUMENT);
	change.struct_size = 8;
	assert_fails(vfa_driver_bind(machine->host, DISK, NULL, &change), EINVAL, BAD_ARGUMENT);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		options = to(names[i], NULL);
		assert_fails(vfa_driver_bind(machine->host, DISK, &options, NULL), EINVAL,
			     BAD_ARGUMENT);
	}
	options = to("nvme", "a/b");
	assert_fails(vfa_driver_unbind(machine->host, EDU, &options, NULL), EINVAL, BAD_ARGUMENT);
	assert_int_equal(fake_count_writes(), 0);
}

static void an_unknown_driver_changes_nothing(void **state)
{
	struct vfa_driver_options options = to("uio_pci_generic", NULL);
	struct machine *machine = *state;

	assert_fails(vfa_driver_bind(machine->host, DISK, &options, NULL), ENOENT, NO_DRIVER);
	assert_fails(vfa_driver_unbind(machine->host, EDU, &options, NULL), ENOENT, NO_DRIVER);
	assert_int_equal(fake_count_writes(), 0);
}

static void a_bridge_is_not_for_vfio(void **state)
{
	struct machine *machine = *state;

	assert_fails(vfa_driver_bind(machine->host, PORT, NULL, NULL), EINVAL, DRIVER_REFUSED);
	assert_int_equal(fake_count_writes(), 0);
}

static void virtual_functions_keep_the_physical_one(void **state)
{
	struct vfa_driver_options options = to(NULL, NULL);
	struct machine *machine = *state;

	tree_write(&machine->tree, "2\n", "sys/" DEVICE_PATH "sriov_numvfs", DISK);
	assert_fails(vfa_driver_bind(machine->host, DISK, NULL, NULL), EBUSY, IN_USE);
	assert_int_equal(fake_count_writes(), 0);
	options.flags = VFA_DRIVER_FORCE;
	assert_ok(vfa_driver_bind(machine->host, DISK, &options, NULL));
	check_state(machine, DISK, "vfio-pci", "vfio-pci");
}

static void mount_disk(struct machine *machine)
{
	tree_link(&machine->tree, "../../devices/pci0000:00/" DISK "/nvme/nvme0/nvme0n1",
		  "sys/class/block/nvme0n1");
	tree_write(&machine->tree, "259:0\n",
		   "sys/devices/pci0000:00/" DISK "/nvme/nvme0/nvme0n1/dev");
	tree_write(&machine->tree, "36 35 259:0 / /srv rw - ext4 /dev/nvme0n1 rw\n",
		   "proc/self/mountinfo");
}

static void what_the_kernel_uses_is_taken_by_force_only(void **state)
{
	struct vfa_driver_options options = to(NULL, NULL);
	struct machine *machine = *state;

	mount_disk(machine);
	assert_fails(vfa_driver_bind(machine->host, DISK, NULL, NULL), EBUSY, IN_USE);
	check_message("0000:00:06.1 is in use: nvme0n1 is mounted on /srv",
		      "end that first: umount, swapoff, ip link set down; by force it is lost");
	assert_int_equal(fake_count_writes(), 0);
	options.flags = VFA_DRIVER_DRY_RUN;
	assert_fails(vfa_driver_bind(machine->host, DISK, &options, NULL), EBUSY, IN_USE);
	options.flags = VFA_DRIVER_FORCE;
	assert_ok(vfa_driver_bind(machine->host, DISK, &options, NULL));
	check_state(machine, DISK, "vfio-pci", "vfio-pci");
}

static void what_a_process_holds_is_taken_by_force_only(void **state)
{
	static const char *const nodes[] = { "vfio/4", "vfio/devices/vfio0" };
	struct vfa_driver_options options = to(NULL, NULL);
	struct machine *machine = *state;

	for (size_t i = 0; i < 2; i++) {
		tree_add_holder(&machine->tree, 4711, "qemu", nodes[i]);
		assert_fails(vfa_driver_unbind(machine->host, EDU, NULL, NULL), EBUSY, IN_USE);
		assert_non_null(strstr(vfa_error_last()->message, "held by process 4711 (qemu)"));
		assert_int_equal(fake_count_writes(), 0);
		tree_remove(&machine->tree, "proc/4711");
	}
	tree_add_holder(&machine->tree, 4711, "qemu", nodes[0]);
	options.flags = VFA_DRIVER_FORCE;
	assert_ok(vfa_driver_unbind(machine->host, EDU, &options, NULL));
	check_state(machine, EDU, "", "(null)");
}

/* It would wait for itself. */
static void what_this_process_holds_is_not_taken_by_force(void **state)
{
	struct vfa_driver_options options = to(NULL, NULL);
	struct machine *machine = *state;

	options.flags = VFA_DRIVER_FORCE;
	tree_add_holder(&machine->tree, getpid(), "unit", "vfio/4");
	assert_fails(vfa_driver_unbind(machine->host, EDU, &options, NULL), EBUSY, IN_USE);
	assert_int_equal(fake_count_writes(), 0);
}

static void a_driver_that_refuses_gives_the_function_back(void **state)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct vfa_driver_options nvme = to("nvme", NULL);
	struct machine *machine = *state;

	fake_set_probe_errno("vfio-pci", EIO);
	assert_fails(vfa_driver_bind(machine->host, DISK, NULL, &change), EIO, DRIVER_REFUSED);
	assert_string_equal(change.from, "");
	check_message("0000:00:06.1: vfio-pci refused it: Input/output error; it is bound to "
		      "nvme, as before",
		      "the kernel's log may tell why: dmesg | tail");
	check_state(machine, DISK, "nvme", "(null)");
	assert_fails(vfa_driver_bind(machine->host, OTHER, NULL, &change), EIO, DRIVER_REFUSED);
	check_state(machine, OTHER, "", "(null)");
	fake_set_probe_errno("vfio-pci", 0);
	fake_set_probe_errno("nvme", ENXIO);
	assert_ok(vfa_driver_bind(machine->host, DISK, NULL, NULL));
	assert_fails(vfa_driver_unbind(machine->host, DISK, &nvme, NULL), ENXIO, DRIVER_REFUSED);
	check_state(machine, DISK, "vfio-pci", "vfio-pci");
}

static void without_an_iommu_vfio_is_told_apart(void **state)
{
	struct machine *machine = *state;

	tree_remove(&machine->tree, "sys/" DEVICE_PATH "iommu_group", DISK);
	fake_set_probe_errno("vfio-pci", EINVAL);
	assert_fails(vfa_driver_bind(machine->host, DISK, NULL, NULL), ENOENT, NO_IOMMU);
	check_state(machine, DISK, "nvme", "(null)");
}

/* Follow the printed commands, as a shell would. */
static void follow_hint(void)
{
	char hint[2048], path[SYSFS_PATH], text[64];
	int fd;

	snprintf(hint, sizeof(hint), "%s", vfa_error_last()->hint);
	for (char *line = strtok(hint, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "  ", 2))
			continue;
		if (sscanf(line, "  echo %63[^> ] > %511s", text, path) != 2) {
			text[0] = '\0';
			assert_int_equal(sscanf(line, "  echo > %511s", path), 1);
		}
		fd = fake_syscalls.open(path, 1);
		assert_true(fd >= 0);
		strcat(text, "\n");
		assert_int_equal(fake_syscalls.write(fd, text, strlen(text)), strlen(text));
		fake_syscalls.close(fd);
	}
}

static void what_cannot_be_undone_is_told_with_commands(void **state)
{
	struct vfa_driver_options nvme = to("nvme", "nvme");
	struct machine *machine = *state;

	assert_ok(vfa_driver_bind(machine->host, DISK, NULL, NULL));
	fake_set_probe_errno("vfio-pci", EIO);
	fake_set_probe_errno("nvme", ENXIO);
	assert_fails(vfa_driver_unbind(machine->host, DISK, &nvme, NULL), ENXIO, NOT_RESTORED);
	check_message("0000:00:06.1: nvme refused it: No such device or address; and it is not "
		      "bound to vfio-pci any more, as it was: 0000:00:06.1: vfio-pci refused it: "
		      "Input/output error",
		      NULL);
	check_state(machine, DISK, "", "vfio-pci");
	fake_set_probe_errno("vfio-pci", 0);
	follow_hint();
	check_state(machine, DISK, "vfio-pci", "vfio-pci");
}

/* No command is there by half: what is left out is longer than the room for all. */
static void long_roots_leave_commands_out(void **state)
{
	struct vfa_driver_options nvme = to("nvme", "nvme");
	struct machine *machine = *state;
	char root[466], *given = machine->host->sysfs;
	const char *hint;

	snprintf(root, sizeof(root), "%s", given);
	while (strlen(root) + 2 < sizeof(root))
		strcat(root, "/.");
	assert_ok(vfa_driver_bind(machine->host, DISK, NULL, NULL));
	fake_set_probe_errno("vfio-pci", EIO);
	fake_set_probe_errno("nvme", ENXIO);
	machine->host->sysfs = root;
	assert_fails(vfa_driver_unbind(machine->host, DISK, &nvme, NULL), ENXIO, NOT_RESTORED);
	machine->host->sysfs = given;
	hint = vfa_error_last()->hint;
	assert_null(strstr(hint, "bind"));
	assert_string_equal(hint + strlen(hint) - strlen("/driver_override"), "/driver_override");
}

static void unplug(void *data)
{
	struct machine *machine = data;

	tree_remove(&machine->tree, "sys/devices/pci0000:00/" DISK);
	tree_remove(&machine->tree, "sys/bus/pci/devices/" DISK);
}

static void a_function_may_go_away_at_any_step(void **state)
{
	static const struct tree_device disk = { DISK,   NULL,     "nvme", 0x1b36,
						 0x0010, 0x010802, -1,     -1 };
	struct machine *machine = *state;

	for (unsigned int n = 1; n <= 3; n++) {
		fake_visit_write(n, unplug, machine);
		assert_fails(vfa_driver_bind(machine->host, DISK, NULL, NULL), ENODEV, NO_DEVICE);
		tree_add_device(&machine->tree, &disk);
	}
}

/* The kernel probes it for the override when it is ready. */
static void a_function_that_has_just_come_is_bound(void **state)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct machine *machine = *state;

	tree_set_driver(&machine->tree, DISK, NULL);
	fake_set_new(DISK);
	assert_ok(vfa_driver_bind(machine->host, DISK, NULL, &change));
	assert_string_equal(change.to, "vfio-pci");
	check_state(machine, DISK, "vfio-pci", "vfio-pci");
}

static void a_driver_that_does_not_want_a_function_is_told(void **state)
{
	struct machine *machine = *state;

	tree_set_driver(&machine->tree, DISK, NULL);
	fake_set_probe_errno("vfio-pci", ENODEV);
	assert_fails(vfa_driver_bind(machine->host, DISK, NULL, NULL), ENODEV, DRIVER_REFUSED);
	check_state(machine, DISK, "", "(null)");
}

static void bind_to_vfio(void *data)
{
	struct machine *machine = data;

	tree_set_driver(&machine->tree, DISK, "vfio-pci");
}

/* Between the override and the bind: the kernel was first, with what was wanted. */
static void a_function_that_the_kernel_binds_meanwhile_is_bound(void **state)
{
	struct machine *machine = *state;

	tree_set_driver(&machine->tree, DISK, NULL);
	fake_visit_write(2, bind_to_vfio, machine);
	assert_ok(vfa_driver_bind(machine->host, DISK, NULL, NULL));
	check_state(machine, DISK, "vfio-pci", "vfio-pci");
}

static void give_to_nvme(void *data)
{
	struct machine *machine = data;

	tree_set_driver(&machine->tree, DISK, "nvme");
}

static void give_to_another(void *data)
{
	struct machine *machine = data;

	tree_set_driver(&machine->tree, DISK, "pci-stub");
}

static void a_race_is_told_and_not_undone(void **state)
{
	struct machine *machine = *state;

	/* Back to the old one just before the new one is to have it. */
	fake_visit_write(3, give_to_nvme, machine);
	assert_fails(vfa_driver_bind(machine->host, DISK, NULL, NULL), EBUSY, IN_USE);
	check_state(machine, DISK, "nvme", "(null)");
	/* A third one has it. */
	fake_visit_write(3, give_to_another, machine);
	assert_fails(vfa_driver_bind(machine->host, DISK, NULL, NULL), EBUSY, NOT_RESTORED);
	check_state(machine, DISK, "pci-stub", "(null)");
}

/* Each system call of a change fails once, with each errno that it can give. */

/* Of a driver link it says that there is no driver. */
#define LIE ENOENT

struct scenario {
	const char *bdf;
	const char *driver; /* at first */
	const char *override;
	int (*play)(struct machine *machine, const char *bdf, struct vfa_driver_change *ret);
	bool fails; /* without any fault too */
};

static void prepare(struct machine *machine, const struct scenario *scenario)
{
	fake_fail_call(0, 0);
	tree_set_driver(&machine->tree, scenario->bdf,
			scenario->driver[0] ? scenario->driver : NULL);
	set_override(machine, scenario->bdf, scenario->override);
}

static void check_failed(struct machine *machine, const struct scenario *scenario, int result,
			 int injected)
{
	struct state now = look(machine, scenario->bdf);
	const struct vfa_error *error = vfa_error_last();

	assert_int_equal(error->code, result);
	assert_int_not_equal(error->cause, VFA_CAUSE_NONE);
	if (error->cause == VFA_CAUSE_NOT_RESTORED) {
		assert_true(scenario->fails);
		if (injected == LIE)
			return;
		follow_hint();
		now = look(machine, scenario->bdf);
	}
	assert_string_equal(now.driver, scenario->driver);
	assert_string_equal(now.override, scenario->override);
}

static bool play_with(struct machine *machine, const struct scenario *scenario, unsigned int n,
		      int err)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct state now;
	bool came;
	int result;

	prepare(machine, scenario);
	fake_fail_call(n, err);
	result = scenario->play(machine, scenario->bdf, &change);
	came = fake_has_failed();
	fake_fail_call(0, 0);
	if (result < 0) {
		check_failed(machine, scenario, result, err);
		return came;
	}
	assert_false(scenario->fails);
	now = look(machine, scenario->bdf);
	if (err != LIE)
		assert_string_equal(now.driver, change.to);
	return came;
}

static void fail_each_call(struct machine *machine, const struct scenario *scenario)
{
	unsigned int n = 0;

	while (play_with(machine, scenario, ++n, EDOM)) {
		const int *errors = fake_failed_errors();

		assert_non_null(errors);
		for (; *errors; errors++)
			play_with(machine, scenario, n, *errors);
	}
	assert_true(n > 10);
	n = 0;
	while (play_with(machine, scenario, ++n, EINTR))
		;
}

static int play_bind(struct machine *machine, const char *bdf, struct vfa_driver_change *ret)
{
	return vfa_driver_bind(machine->host, bdf, NULL, ret);
}

static int play_unbind(struct machine *machine, const char *bdf, struct vfa_driver_change *ret)
{
	return vfa_driver_unbind(machine->host, bdf, NULL, ret);
}

static int play_give_back(struct machine *machine, const char *bdf, struct vfa_driver_change *ret)
{
	struct vfa_driver_options back = to("nvme", "pci-stub");

	return vfa_driver_unbind(machine->host, bdf, &back, ret);
}

static void each_call_of_a_bind_may_fail(void **state)
{
	static const struct scenario bound = { DISK, "nvme", "(null)", play_bind, false };
	static const struct scenario overridden = { DISK, "nvme", "nvme", play_bind, false };
	static const struct scenario unbound = { OTHER, "", "(null)", play_bind, false };

	fail_each_call(*state, &bound);
	fail_each_call(*state, &overridden);
	fail_each_call(*state, &unbound);
}

static void each_call_of_an_unbind_may_fail(void **state)
{
	static const struct scenario probed = { DISK, "vfio-pci", "vfio-pci", play_unbind, false };
	static const struct scenario given = { DISK, "vfio-pci", "vfio-pci", play_give_back,
					       false };
	static const struct scenario wanted_by_none = { EDU, "vfio-pci", "(null)", play_unbind,
							false };

	fail_each_call(*state, &probed);
	fail_each_call(*state, &given);
	fail_each_call(*state, &wanted_by_none);
}

/* Two faults: the driver refuses, and something is in the way of undoing it. */
static void each_call_of_the_way_back_may_fail(void **state)
{
	static const struct scenario refused = { DISK, "nvme", "(null)", play_bind, true };
	static const struct scenario overridden = { DISK, "nvme", "pci-stub", play_bind, true };
	static const struct scenario unbound = { OTHER, "", "(null)", play_bind, true };

	fake_set_probe_errno("vfio-pci", EIO);
	fail_each_call(*state, &refused);
	fail_each_call(*state, &overridden);
	fail_each_call(*state, &unbound);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DRIVER_CASE(a_function_changes_its_driver_and_back),
		DRIVER_CASE(a_function_without_driver_is_bound_and_let_go),
		DRIVER_CASE(what_is_bound_already_is_not_written),
		DRIVER_CASE(the_kernel_chooses_the_driver),
		DRIVER_CASE(any_driver_is_bound_by_its_name),
		DRIVER_CASE(an_override_is_told_and_put_back),
		DRIVER_CASE(an_override_alone_is_cleared),
		DRIVER_CASE(a_dry_run_tells_what_it_would_write),
		DRIVER_CASE(arguments_are_checked),
		DRIVER_CASE(an_unknown_driver_changes_nothing),
		DRIVER_CASE(a_bridge_is_not_for_vfio),
		DRIVER_CASE(virtual_functions_keep_the_physical_one),
		DRIVER_CASE(what_the_kernel_uses_is_taken_by_force_only),
		DRIVER_CASE(what_a_process_holds_is_taken_by_force_only),
		DRIVER_CASE(what_this_process_holds_is_not_taken_by_force),
		DRIVER_CASE(a_driver_that_refuses_gives_the_function_back),
		DRIVER_CASE(without_an_iommu_vfio_is_told_apart),
		DRIVER_CASE(what_cannot_be_undone_is_told_with_commands),
		DRIVER_CASE(long_roots_leave_commands_out),
		DRIVER_CASE(a_function_may_go_away_at_any_step),
		DRIVER_CASE(a_function_that_has_just_come_is_bound),
		DRIVER_CASE(a_driver_that_does_not_want_a_function_is_told),
		DRIVER_CASE(a_function_that_the_kernel_binds_meanwhile_is_bound),
		DRIVER_CASE(a_race_is_told_and_not_undone),
		DRIVER_CASE(each_call_of_a_bind_may_fail),
		DRIVER_CASE(each_call_of_an_unbind_may_fail),
		DRIVER_CASE(each_call_of_the_way_back_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
