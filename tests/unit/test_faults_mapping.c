/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Memory is mapped and unmapped. See scenario.h. */

#include <sys/mman.h>
#include <unistd.h>

#include "fake/config.h"
#include "scenario.h"

static void map_row(struct run *run, uint64_t iova, uint64_t step_size, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct vfa_map_options options = at(iova + i * step_size);

		step(run, vfa_container_map(run->container, run->memory, PAGE, &options, NULL));
	}
}

/* Some in a row, some with gaps between them; unmapped in parts, and then all at once. */
static void rows_of_mappings(struct run *run)
{
	struct vfa_device *device = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device))) {
		map_row(run, 0x10000, PAGE, 4);
		map_row(run, 0x40000, 3 * PAGE, 4);
		step_partly(run, vfa_container_unmap(run->container, 0x11000, 2 * PAGE));
		step_partly(run, vfa_container_unmap(run->container, 0x30000, 0x14000));
		map_row(run, 0x11000, PAGE, 2);
		step_partly(run, vfa_container_unmap_all(run->container));
		map_row(run, 0x40000, PAGE, 1);
	}
	vfa_device_close(device);
	device = NULL;
	step(run, 0);
	/* On type1 what is left is mapped anew. */
	if (step(run, open_plainly(run->container, NVME, &device)))
		step_partly(run, vfa_container_unmap_all(run->container));
	vfa_device_close(device);
	vfa_container_close(run->container);
}

static void ask(struct run *run)
{
	struct vfa_address_info info = VFA_ADDRESS_INFO_INIT;
	struct vfa_verdict verdict = VFA_VERDICT_INIT;
	char text[256];

	step(run, vfa_container_check_map(run->container, NULL, PAGE, NULL, &verdict));
	if (step(run, vfa_container_describe(run->container, 0x10000, &info)))
		step(run, vfa_address_explain(&info, VFA_ACCESS_READ, text, sizeof(text)));
}

/* Mappings in and out of a window, which go with the last device. */
static void windows_and_questions(struct run *run)
{
	const struct vfa_window window = { { 0x10000, 0x1ffff }, VFA_WINDOW_BAR, NVME };
	struct vfa_map_options options = at(0x10000);
	struct vfa_device *device = NULL;
	bool added;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	step(run, vfa_container_keep_mappings(run->container, false));
	added = step(run, vfa_container_add_window(run->container, &window));
	if (step(run, open_plainly(run->container, EDU, &device))) {
		step(run, vfa_container_map(run->container, run->memory, PAGE, &options, NULL));
		step(run, vfa_container_map(run->container, run->memory, PAGE, NULL, NULL));
		ask(run);
		if (added)
			step(run, vfa_container_remove_window(run->container, &window));
	}
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

/* A device brings windows along, and takes them with it. */
static void windows_of_a_device(struct run *run)
{
	const struct tree_resource bar = { 0, 0x10000, 0x1ffff, TREE_MEMORY };
	struct vfa_device *device = NULL;

	tree_write_resources(&run->machine->tree, RIGHT, 13, &bar, 1);
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, vfa_device_open(run->container, LEFT, NULL, &device))) {
		step(run, vfa_device_windows(device, NULL, 0));
		step(run, vfa_container_map(run->container, run->memory, PAGE, NULL, NULL));
	}
	vfa_device_close(device);
	step(run, 0);
	assert_int_equal(vfa_container_windows(run->container, NULL, 0), 0);
	vfa_container_close(run->container);
}

static int export_bar(struct vfa_device *device)
{
	const struct vfa_region_area area = { 0, PAGE };

	return vfa_dmabuf_export(device, VFA_BAR(0), &area, 1);
}

static void map_memory(struct run *run)
{
	int fd = memfd_create("memory", MFD_CLOEXEC);

	assert_true(fd >= 0 && !ftruncate(fd, 2 * PAGE));
	step(run, 0);
	step(run, vfa_container_map_file(run->container, fd, 0, 2 * PAGE, NULL, NULL));
	step(run, vfa_container_map_file(run->container, fd, PAGE, PAGE, NULL, NULL));
	close(fd);
	step(run, 0);
}

/* Which has no address. */
static void map_bar(struct run *run, struct vfa_device *device)
{
	int fd = export_bar(device);

	if (step(run, fd) && run->machine->backend == VFA_BACKEND_IOMMUFD)
		step(run, vfa_container_map_file(run->container, fd, 0, PAGE, NULL, NULL));
	if (fd >= 0)
		close_node(fd);
	step(run, 0);
}

static void files(struct run *run)
{
	struct vfa_device *device = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device))) {
		map_memory(run);
		map_bar(run, device);
		step_partly(run, vfa_container_unmap_all(run->container));
	}
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

SCENARIO(rows_of_mappings)
SCENARIO(files)
SCENARIO(windows_and_questions)
SCENARIO(windows_of_a_device)
UNANSWERED(rows_of_mappings)
UNANSWERED(windows_and_questions)
UNANSWERED(files)
INTERRUPTED(windows_and_questions)
INTERRUPTED(files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(rows_of_mappings),
		CASES(files),
		CASES(windows_and_questions),
		CASES(windows_of_a_device),
		ON_BOTH(each_answer_to_rows_of_mappings_may_fail),
		ON_IOMMUFD(each_answer_to_files_may_fail),
		ON_IOMMUFD(each_answer_to_windows_and_questions_may_fail),
		ON_BOTH(signals_do_not_disturb_files),
		ON_BOTH(signals_do_not_disturb_windows_and_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
