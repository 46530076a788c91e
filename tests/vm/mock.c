/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "mock.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/host.h"
#include "fake/sysfs.h"
#include "uapi/iommufd.h"
#include "uapi/vfio_cdev.h"

/* The one ioctl of all tests: what is used of drivers/iommu/iommufd/iommufd_test.h. */
#define TEST_COMMAND UAPI_IOMMUFD(32)

enum {
	TEST_CHECK_MAP = 3,
	TEST_REPLACE = 10,
	TEST_NEW_DEVICE = 12,
	TEST_PAGE_FAULT = 15,
	TEST_ATTACH_PASID = 18,
	TEST_REPLACE_PASID = 19,
	TEST_DETACH_PASID = 20,
	TEST_CHECK_PASID = 21,
};

#define TEST_DEVICE_HAS_PASID (1u << 2)

struct test_command {
	uint32_t size;
	uint32_t op;
	uint32_t id;
	uint32_t reserved;
	union {
		struct {
			uint32_t mock; /* by which it is known to the tests */
			uint32_t table;
			uint32_t device; /* by which it is known to iommufd */
			uint32_t flags;
		} new_device;
		struct {
			uint32_t table;
		} replace;
		struct {
			uint64_t iova;
			uint64_t size;
			uint64_t memory;
		} check_map;
		struct {
			uint32_t device;
			uint32_t pasid;
			uint32_t group;
			uint32_t access;
			uint64_t address;
		} page_fault;
		struct {
			uint32_t pasid;
			uint32_t table;
		} pasid;
		struct { /* the largest, which decides the size */
			uint32_t flags;
			uint64_t iova;
			uint64_t size;
			uint64_t page_size;
			uint64_t memory;
			uint64_t count;
		} dirty;
	};
	uint32_t last;
};

#define DEVICES 5
#define PASIDS  64

/* A device, and its node while that is open. */
static struct mock {
	const char *bdf;
	bool has_pasid;
	int fd;      /* of its node, or -1 */
	int iommufd; /* that it is bound to, by an fd of its own, or -1 */
	uint32_t mock;
	uint32_t device;
	uint32_t parking; /* an IOAS, where it is when it is attached nowhere */
	struct {
		uint32_t number;
		uint32_t table; /* 0: not attached */
	} pasids[PASIDS];
} mocks[DEVICES] = {
	{ .bdf = MOCK, .has_pasid = true },
	{ .bdf = OTHER_MOCK, .has_pasid = true },
	{ .bdf = PLAIN_MOCK },
	{ .bdf = MOCK_LEFT, .has_pasid = true },
	{ .bdf = MOCK_RIGHT, .has_pasid = true },
};

static char dev_root[128];

static struct mock *mock_of_fd(int fd)
{
	for (size_t i = 0; i < DEVICES; i++)
		if (mocks[i].fd == fd && fd >= 0)
			return &mocks[i];
	return NULL;
}

static struct mock *mock_of(const char *bdf)
{
	for (size_t i = 0; i < DEVICES; i++)
		if (!strcmp(mocks[i].bdf, bdf))
			return &mocks[i];
	abort();
}

static int kernel(int fd, unsigned long request, void *argument)
{
	return syscalls_real.ioctl(fd, request, argument);
}

static int command(const struct mock *mock, uint32_t op, struct test_command *command)
{
	command->size = sizeof(*command);
	command->op = op;
	if (!command->id)
		command->id = mock->mock;
	return kernel(mock->iommufd, TEST_COMMAND, command);
}

static void destroy(const struct mock *mock, uint32_t id)
{
	struct uapi_iommu_destroy destroy = { .size = sizeof(destroy), .id = id };

	if (id && kernel(mock->iommufd, UAPI_IOMMU_DESTROY, &destroy))
		print_error("%s: the kernel keeps object %u: %s\n", mock->bdf, id, strerror(errno));
}

/* What closing its last fd does of a real one: all that is attached goes. */
static void unbind(struct mock *mock)
{
	for (size_t i = 0; i < PASIDS; i++) {
		struct test_command detach = { .pasid = { .pasid = mock->pasids[i].number } };

		if (mock->pasids[i].table)
			(void)command(mock, TEST_DETACH_PASID, &detach);
	}
	memset(mock->pasids, 0, sizeof(mock->pasids));
	destroy(mock, mock->mock);
	destroy(mock, mock->parking);
	close(mock->iommufd);
	mock->iommufd = -1;
	mock->mock = mock->parking = 0;
}

static int make_device(struct mock *mock)
{
	struct uapi_iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct test_command new = {
		.new_device = { .flags = mock->has_pasid ? TEST_DEVICE_HAS_PASID : 0 },
	};

	if (kernel(mock->iommufd, UAPI_IOMMU_IOAS_ALLOC, &alloc))
		return -1;
	mock->parking = new.id = alloc.out_ioas_id;
	if (command(mock, TEST_NEW_DEVICE, &new))
		return -1;
	mock->mock = new.new_device.mock;
	mock->device = new.new_device.device;
	return 0;
}

static int bind_device(struct mock *mock, struct uapi_vfio_bind_iommufd *bind)
{
	int err;

	if (mock->iommufd >= 0)
		return errno = EINVAL, -1;
	mock->iommufd = syscalls_real.dup(bind->iommufd);
	if (mock->iommufd < 0)
		return -1;
	if (make_device(mock)) {
		err = errno;
		unbind(mock);
		return errno = err, -1;
	}
	bind->out_devid = mock->device;
	return 0;
}

static int attach(struct mock *mock, uint32_t *table)
{
	struct test_command replace = { .replace = { .table = *table } };
	int result = command(mock, TEST_REPLACE, &replace);

	*table = replace.replace.table;
	return result;
}

/*
 * What requests without PASID go by is one for a group. Each mock device is in one of its own,
 * so that the others of what is a group here follow by themselves.
 */
static int attach_group(const struct mock *mock, uint32_t *table)
{
	size_t length = strlen(mock->bdf) - 2; /* the function is what they differ in */
	uint32_t wanted = *table;
	int err = 0;

	for (size_t i = 0; i < DEVICES && !err; i++) {
		*table = wanted;
		if (mocks[i].iommufd >= 0 && !strncmp(mocks[i].bdf, mock->bdf, length))
			err = attach(&mocks[i], table);
	}
	return err;
}

static size_t find_pasid(const struct mock *mock, uint32_t number)
{
	size_t i = 0;

	while (i < PASIDS && !(mock->pasids[i].table && mock->pasids[i].number == number))
		i++;
	return i;
}

static size_t room_for_pasid(const struct mock *mock)
{
	size_t i = 0;

	while (mock->pasids[i].table)
		if (++i == PASIDS)
			abort();
	return i;
}

static int attach_pasid(struct mock *mock, uint32_t number, uint32_t *table)
{
	struct test_command attach = { .pasid = { .pasid = number, .table = *table } };
	size_t place = find_pasid(mock, number);
	uint32_t op = place < PASIDS ? TEST_REPLACE_PASID : TEST_ATTACH_PASID;

	if (command(mock, op, &attach))
		return -1;
	if (place == PASIDS)
		place = room_for_pasid(mock);
	mock->pasids[place].number = number;
	mock->pasids[place].table = *table;
	*table = attach.pasid.table;
	return 0;
}

static int detach_pasid(struct mock *mock, uint32_t number)
{
	struct test_command detach = { .pasid = { .pasid = number } };
	size_t place = find_pasid(mock, number);

	if (place == PASIDS)
		return 0;
	mock->pasids[place].table = 0;
	return command(mock, TEST_DETACH_PASID, &detach);
}

static int change_attachment(struct mock *mock, unsigned long request, void *argument)
{
	struct uapi_vfio_attach_iommufd_pt *in = argument;
	struct uapi_vfio_detach_iommufd_pt *out = argument;
	uint32_t parking = mock->parking;

	if (mock->iommufd < 0)
		return errno = EINVAL, -1;
	if (request == UAPI_VFIO_DEVICE_ATTACH_IOMMUFD_PT)
		return in->flags ? attach_pasid(mock, in->pasid, &in->pt_id)
				 : attach_group(mock, &in->pt_id);
	return out->flags ? detach_pasid(mock, out->pasid) : attach(mock, &parking);
}

static int get_region_info(struct vfio_region_info *info)
{
	bool is_config = info->index == VFIO_PCI_CONFIG_REGION_INDEX;

	info->size = is_config ? PAGE_SIZE : 0;
	info->offset = (uint64_t)info->index << 40;
	info->flags = is_config ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	info->cap_offset = 0;
	return 0;
}

/* Nothing but config space, of zeros behind its ids. */
static int device_ioctl(struct mock *mock, unsigned long request, void *argument)
{
	struct vfio_device_info *info = argument;
	struct vfio_irq_info *irq = argument;

	switch (request) {
	case UAPI_VFIO_DEVICE_BIND_IOMMUFD:
		return bind_device(mock, argument);
	case UAPI_VFIO_DEVICE_ATTACH_IOMMUFD_PT:
	case UAPI_VFIO_DEVICE_DETACH_IOMMUFD_PT:
		return change_attachment(mock, request, argument);
	case VFIO_DEVICE_GET_INFO:
		info->flags = VFIO_DEVICE_FLAGS_PCI;
		info->num_regions = VFIO_PCI_NUM_REGIONS;
		info->num_irqs = VFIO_PCI_NUM_IRQS;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info(argument);
	case VFIO_DEVICE_GET_IRQ_INFO:
		irq->flags = irq->count = 0;
		return 0;
	}
	return errno = ENOTTY, -1;
}

static int mock_ioctl(int fd, unsigned long request, void *argument)
{
	struct mock *mock = mock_of_fd(fd);

	return mock ? device_ioctl(mock, request, argument) : kernel(fd, request, argument);
}

static ssize_t mock_pread(int fd, void *buffer, size_t size, off_t offset)
{
	static const unsigned char config[64] = { 0x34, 0x12, 0xe8, 0x11 };
	size_t at = offset & (PAGE_SIZE - 1);

	if (!mock_of_fd(fd))
		return syscalls_real.pread(fd, buffer, size, offset);
	memset(buffer, 0, size);
	if (at < sizeof(config))
		memcpy(buffer, config + at,
		       size < sizeof(config) - at ? size : sizeof(config) - at);
	return size;
}

static ssize_t mock_pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
	return mock_of_fd(fd) ? (ssize_t)size : syscalls_real.pwrite(fd, buffer, size, offset);
}

/* The nodes of the devices are numbered as they are here. */
static int mock_open(const char *path, int flags)
{
	size_t length = strlen(dev_root);
	unsigned int number;

	if (strncmp(path, dev_root, length))
		return syscalls_real.open(path, flags);
	if (!strcmp(path + length, "/iommu"))
		return syscalls_real.open("/dev/iommu", flags);
	if (sscanf(path + length, "/vfio/devices/vfio%u", &number) != 1 || number >= DEVICES)
		return errno = ENOENT, -1;
	if (mocks[number].fd >= 0)
		return errno = EBUSY, -1;
	mocks[number].fd = memfd_create("mock", MFD_CLOEXEC);
	return mocks[number].fd;
}

static int mock_close(int fd)
{
	struct mock *mock = mock_of_fd(fd);

	if (mock && mock->iommufd >= 0)
		unbind(mock);
	if (mock)
		mock->fd = -1;
	return syscalls_real.close(fd);
}

static struct syscalls mock_syscalls;

static void make_tree(struct tree *tree)
{
	static const char *const reserved = "0x00000000fee00000 0x00000000feefffff msi\n";

	tree_create(tree);
	for (size_t i = 0; i < DEVICES; i++) {
		bool is_right = !strcmp(mocks[i].bdf, MOCK_RIGHT);
		int group = strtol(mocks[i].bdf + strlen("0000:00:"), NULL, 16);
		struct tree_device device = { mocks[i].bdf, NULL,   "vfio-pci", 0x1234,
					      0x11e8,       0xff00, group,      (int)i };

		if (!is_right)
			tree_add_group(tree, group, reserved);
		tree_add_device(tree, &device);
	}
	snprintf(dev_root, sizeof(dev_root), "%s", tree->dev);
}

struct machine {
	struct tree tree;
	struct vfa_host *host;
};

static void free_machine(void *data)
{
	struct machine *machine = data;

	vfa_host_free(machine->host);
	tree_destroy(&machine->tree);
	free(machine);
}

/* A kernel without the tests has no such ioctl. */
static bool has_mocks(void)
{
	struct test_command nothing = { .size = sizeof(nothing) };
	int fd = syscalls_real.open("/dev/iommu", 2);
	bool has;

	if (fd < 0)
		return false;
	has = kernel(fd, TEST_COMMAND, &nothing) && errno != ENOTTY;
	close(fd);
	return has;
}

struct vfa_host *mock_host(struct vm *vm)
{
	struct vfa_host_options options = VFA_HOST_OPTIONS_INIT;
	struct machine *machine;

	vm_need(has_mocks(), "a kernel with CONFIG_IOMMUFD_TEST, as the own one");
	mock_syscalls = syscalls_real;
	mock_syscalls.open = mock_open;
	mock_syscalls.close = mock_close;
	mock_syscalls.ioctl = mock_ioctl;
	mock_syscalls.pread = mock_pread;
	mock_syscalls.pwrite = mock_pwrite;
	for (size_t i = 0; i < DEVICES; i++)
		mocks[i].fd = mocks[i].iommufd = -1;
	machine = calloc(1, sizeof(*machine));
	assert_non_null(machine);
	make_tree(&machine->tree);
	vm_after(vm, free_machine, machine);
	options.sysfs = machine->tree.sys;
	options.dev = machine->tree.dev;
	assert_ok(vfa_host_new(&options, &machine->host));
	machine->host->sys = &mock_syscalls;
	return machine->host;
}

uint32_t mock_table(const char *bdf, uint32_t pasid)
{
	const struct mock *mock = mock_of(bdf);
	size_t place = find_pasid(mock, pasid);

	return place < PASIDS ? mock->pasids[place].table : 0;
}

bool mock_pasid_leads_to(const char *bdf, uint32_t pasid, uint32_t table)
{
	struct test_command check = { .pasid = { .pasid = pasid, .table = table } };

	return !command(mock_of(bdf), TEST_CHECK_PASID, &check);
}

bool mock_reaches(const char *bdf, uint32_t table, uint64_t iova, const void *memory, size_t size)
{
	struct test_command check = {
		.id = table,
		.check_map = { .iova = iova, .size = size, .memory = (uintptr_t)memory },
	};

	return !command(mock_of(bdf), TEST_CHECK_MAP, &check);
}

int mock_ask(const char *bdf, uint32_t pasid, uint32_t group, uint32_t access, uint64_t address)
{
	struct mock *mock = mock_of(bdf);
	struct test_command fault = {
		.page_fault = {
			.device = mock->device,
			.pasid = pasid,
			.group = group,
			.access = access,
			.address = address,
		},
	};

	return command(mock, TEST_PAGE_FAULT, &fault) ? -errno : 0;
}

size_t mock_count(void)
{
	return vm_count_entries("/sys/bus/iommufd_mock/devices");
}
