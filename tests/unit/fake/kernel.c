/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake/dmabuf.h"
#include "fake/internal.h"
#include "fake/lock.h"
#include "uapi/iommufd.h"

#define FDS_MAX       1024
#define NODE_ERRORS   8
#define IOCTL_NUMBERS 64

#define UDEV_CONTROL "/run/udev/control"

struct fake_settings fake_settings;
size_t fake_objects[FAKE_OBJECTS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool inside;
static char dev_root[256];
static struct fake_file *files[FDS_MAX];

static struct {
	unsigned int countdown;
	int err;
	bool came;
	const char *call; /* that failed */
	unsigned long call_request;
	unsigned long request;
	int request_err;
	unsigned int answer_countdown;
} failure;

static struct {
	char node[64];
	int err;
} node_errors[NODE_ERRORS];

static struct {
	unsigned long request;
	unsigned int count;
} ioctl_counts[IOCTL_NUMBERS];

void fake_lock(void)
{
	pthread_mutex_lock(&lock);
	inside = true;
}

void fake_unlock(void)
{
	inside = false;
	pthread_mutex_unlock(&lock);
}

bool fake_is_inside(void)
{
	return inside;
}

/* Files and their fds. */

struct fake_file *fake_file_new(int kind)
{
	struct fake_file *file = calloc(1, sizeof(*file));

	if (file)
		file->kind = kind;
	return file;
}

int fake_file_attach(struct fake_file *file, int fd)
{
	if (fd < 0)
		return -errno;
	if (fd >= FDS_MAX) {
		close(fd);
		return -EMFILE;
	}
	files[fd] = file;
	fake_file_get(file);
	return fd;
}

int fake_file_install(struct fake_file *file)
{
	return fake_file_attach(file, memfd_create("vfio", MFD_CLOEXEC));
}

struct fake_file *fake_file_of_fd(int fd)
{
	return fd >= 0 && fd < FDS_MAX ? files[fd] : NULL;
}

bool fake_is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

void fake_file_get(struct fake_file *file)
{
	file->refs++;
}

void fake_file_put(struct fake_file *file)
{
	if (--file->refs)
		return;
	switch (file->kind) {
	case FILE_CONTAINER:
		fake_container_release(file);
		break;
	case FILE_GROUP:
		fake_group_release(file);
		break;
	case FILE_IOMMUFD:
		fake_iommufd_release(file);
		break;
	case FILE_FAULT_QUEUE:
		fake_fault_queue_release(file);
		break;
	case FILE_DEVICE:
		fake_device_release(file);
		break;
	case FILE_VM:
	case FILE_KVM:
		fake_vm_release(file);
		break;
	case FILE_DMABUF:
		fake_dmabuf_release(file);
		break;
	}
	free(file);
}

/* Failing on demand. */

static int failing_in(const char *function, unsigned long request)
{
	if (!failure.countdown || --failure.countdown)
		return 0;
	failure.came = true;
	failure.call = function + strlen("fake_");
	failure.call_request = request;
	return failure.err;
}

#define failing() failing_in(__func__, 0)

static int failing_ioctl(unsigned long request)
{
	int err = failing_in("fake_ioctl", request);

	return failure.request == request && failure.request_err ? failure.request_err : err;
}

/* Whether the work is done, but what the kernel has to say of it does not arrive. */
static bool loses_answer(unsigned long request)
{
	if (request != VFIO_IOMMU_UNMAP_DMA && request != UAPI_IOMMU_IOAS_MAP &&
	    request != UAPI_IOMMU_IOAS_MAP_FILE && request != UAPI_IOMMU_IOAS_UNMAP &&
	    request != UAPI_IOMMU_OPTION)
		return false;
	if (!failure.answer_countdown || --failure.answer_countdown)
		return false;
	failure.came = true;
	return true;
}

/* libc's convention from the kernel's, and out of the lock. */
static long leave(long result)
{
	fake_unlock();
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

static long real(long result)
{
	return result < 0 ? -errno : result;
}

/* The calls. */

static int node_error(const char *node)
{
	for (size_t i = 0; i < NODE_ERRORS; i++)
		if (node_errors[i].err && !strcmp(node_errors[i].node, node))
			return -node_errors[i].err;
	return 0;
}

static int open_group_node(unsigned int number, bool noiommu)
{
	struct fake_group *group = fake_group_find(number, noiommu);

	return group ? fake_group_open(group) : -ENOENT;
}

static int open_node(const char *node)
{
	struct fake_device *device;
	unsigned int number;
	int err = node_error(node);

	if (err)
		return err;
	if (!strcmp(node, "vfio/vfio") && !fake_settings.iommufd_container)
		return fake_container_open();
	if (!strcmp(node, "iommu") || !strcmp(node, "vfio/vfio"))
		return fake_iommufd_open(node[0] == 'v');
	if (sscanf(node, "vfio/devices/vfio%u", &number) == 1) {
		device = fake_device_find_cdev(number);
		return device && !device->leaving ? fake_cdev_open(device) : -ENOENT;
	}
	if (sscanf(node, "vfio/noiommu-%u", &number) == 1)
		return open_group_node(number, true);
	if (sscanf(node, "vfio/%u", &number) == 1)
		return open_group_node(number, false);
	return -ENOENT;
}

bool fake_is_capable(unsigned int capability)
{
	return !fake_settings.own_namespace && fake_settings.capabilities >> capability & 1;
}

/* Beside the /dev that is served here. */
static bool is_own_status(const char *path)
{
	const char *end = strrchr(dev_root, '/');
	size_t length = end ? end - dev_root : 0;

	return !strncmp(path, dev_root, length) && !strcmp(path + length, "/proc/self/status");
}

/* What the kernel counts for this process, in a file of the moment. */
static int open_status(const char *path)
{
	int fd;

	if (access(path, R_OK))
		return -errno;
	fd = memfd_create("status", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	dprintf(fd, "Name:\tunit\nVmLck:\t%8llu kB\nVmPin:\t%8llu kB\nCapEff:\t%016llx\n",
		(unsigned long long)fake_spaces_locked() / 1024,
		(unsigned long long)fake_spaces_pinned() / 1024,
		(unsigned long long)fake_settings.capabilities);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static int fake_open(const char *path, int flags)
{
	size_t length = strlen(dev_root);
	int err;

	fake_lock();
	err = failing();
	if (err)
		return leave(-err);
	if (!strcmp(path, UDEV_CONTROL))
		return leave(fake_settings.udev ? real(open("/dev/null", O_PATH | O_CLOEXEC))
						: -ENOENT);
	if (is_own_status(path))
		return leave(open_status(path));
	if (strncmp(path, dev_root, length) || path[length] != '/')
		return leave(real(syscalls_real.open(path, flags)));
	while (path[length] == '/')
		length++;
	return leave(open_node(path + length));
}

/* Somebody else's turn, in the midst of a call that takes long. */
static struct {
	unsigned long request; /* of an ioctl; 0 for the next close of a device */
	void (*act)(void *data);
	void *data;
} visitor;

void fake_visit_ioctl(unsigned long request, void (*act)(void *data), void *data)
{
	fake_lock();
	visitor.request = request;
	visitor.act = act;
	visitor.data = data;
	fake_unlock();
}

void fake_visit_close(void (*act)(void *data), void *data)
{
	fake_visit_ioctl(0, act, data);
}

bool fake_awaits_visit(void)
{
	return visitor.act;
}

static void let_visit(unsigned long request)
{
	void (*act)(void *data) = NULL;

	fake_lock();
	if (visitor.act && visitor.request == request) {
		act = visitor.act;
		visitor.act = NULL;
	}
	fake_unlock();
	if (act)
		act(visitor.data);
}

static bool is_device(int fd)
{
	const struct fake_file *file;
	bool found;

	fake_lock();
	file = fake_file_of_fd(fd);
	found = file && file->kind == FILE_DEVICE;
	fake_unlock();
	return found;
}

static int fake_close(int fd)
{
	struct fake_file *file;
	int err, closed;

	if (is_device(fd))
		let_visit(0);
	fake_lock();
	err = failing();
	file = fake_file_of_fd(fd);
	if (file)
		files[fd] = NULL;
	fake_forget_fd(fd);
	closed = close(fd) < 0 ? errno : 0;
	if (file)
		fake_file_put(file);
	return leave(err ? -err : -closed);
}

static int fake_dup(int fd)
{
	struct fake_file *file;
	int err, copy;

	fake_lock();
	err = failing();
	if (err)
		return leave(-err);
	file = fake_file_of_fd(fd);
	copy = syscalls_real.dup(fd);
	if (copy < 0 || !file)
		return leave(real(copy));
	return leave(fake_file_attach(file, copy));
}

static void count_ioctl(unsigned long request)
{
	size_t i = 0;

	while (i < IOCTL_NUMBERS - 1 && ioctl_counts[i].count && ioctl_counts[i].request != request)
		i++;
	ioctl_counts[i].request = request;
	ioctl_counts[i].count++;
}

static long dispatch(struct fake_file *file, unsigned int request, void *argument)
{
	switch (file->kind) {
	case FILE_CONTAINER:
		return fake_container_ioctl(file->container, request, argument);
	case FILE_GROUP:
		return fake_group_ioctl(file->group, request, argument);
	case FILE_IOMMUFD:
		return fake_iommufd_ioctl(file, request, argument);
	case FILE_VM:
	case FILE_KVM:
		return fake_vm_ioctl(file, request, argument);
	case FILE_DMABUF:
	case FILE_FAULT_QUEUE:
		return -ENOTTY;
	case FILE_DEVICE:
		break;
	}
	if (file->opened->group_file)
		return fake_device_ioctl(file->opened, request, argument);
	return fake_cdev_ioctl(file->opened, request, argument);
}

static int fake_ioctl(int fd, unsigned long request, void *argument)
{
	struct fake_file *file;
	int err;

	let_visit(request);
	fake_lock();
	count_ioctl(request);
	err = failing_ioctl(request);
	if (err)
		return leave(-err);
	file = fake_file_of_fd(fd);
	if (!file)
		return leave(real(ioctl(fd, request, argument)));
	fake_file_get(file);
	err = dispatch(file, request, argument);
	if (!err && loses_answer(request))
		err = -EFAULT;
	fake_file_put(file);
	return leave(err);
}

/* A call that may block goes on without the lock then. */
int fake_fail_alone_in(const char *function)
{
	int err;

	fake_lock();
	err = failing_in(function, 0);
	fake_unlock();
	errno = err;
	return err;
}

int fake_fail_uninterrupted_in(const char *function)
{
	return failure.err == EINTR ? 0 : fake_fail_alone_in(function);
}

static struct fake_fault_queue *fault_queue_of(int fd)
{
	const struct fake_file *file = fake_file_of_fd(fd);

	return file && file->kind == FILE_FAULT_QUEUE ? file->fault_queue : NULL;
}

static ssize_t fake_read(int fd, void *buffer, size_t size)
{
	struct fake_fault_queue *queue;

	if (fake_fail_alone())
		return -1;
	fake_lock();
	fake_irq_settle();
	queue = fault_queue_of(fd);
	if (queue)
		return leave(fake_fault_queue_read(queue, buffer, size));
	fake_unlock();
	return read(fd, buffer, size);
}

static ssize_t fake_read_now(int fd, void *buffer, size_t size)
{
	if (fake_fail_alone())
		return -1;
	if (fake_settings.read_now)
		return syscalls_real.read_now(fd, buffer, size);
	errno = EOPNOTSUPP;
	return -1;
}

static int fake_set_nonblocking(int fd)
{
	return fake_fail_alone() ? -1 : syscalls_real.set_nonblocking(fd);
}

static int fake_is_same_file(int fd, int other)
{
	bool is_same;

	if (fake_fail_alone())
		return -1;
	if (!fake_settings.pasids) {
		errno = EINVAL;
		return -1;
	}
	fake_lock();
	is_same = fake_file_of_fd(fd) && fake_file_of_fd(fd) == fake_file_of_fd(other);
	fake_unlock();
	return is_same;
}

static ssize_t fake_write(int fd, const void *buffer, size_t size)
{
	struct fake_fault_queue *queue;

	if (fake_fail_alone())
		return -1;
	fake_lock();
	queue = fault_queue_of(fd);
	if (queue)
		return leave(fake_fault_queue_write(queue, buffer, size));
	if (fake_is_attribute(fd))
		return leave(fake_attribute_write(fd, buffer, size));
	fake_unlock();
	return write(fd, buffer, size);
}

static ssize_t fake_pread(int fd, void *buffer, size_t size, off_t offset)
{
	struct fake_file *file;
	int err;

	fake_lock();
	err = failing();
	if (err)
		return leave(-err);
	file = fake_file_of_fd(fd);
	if (!file || file->kind != FILE_DEVICE)
		return leave(real(pread(fd, buffer, size, offset)));
	return leave(fake_device_read(file->opened, buffer, size, offset));
}

static ssize_t fake_pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
	struct fake_file *file;
	int err;

	fake_lock();
	err = failing();
	if (err)
		return leave(-err);
	file = fake_file_of_fd(fd);
	if (!file || file->kind != FILE_DEVICE)
		return leave(real(pwrite(fd, buffer, size, offset)));
	return leave(fake_device_write(file->opened, buffer, size, offset));
}

static ssize_t fake_readlink(const char *path, char *buffer, size_t size)
{
	return fake_fail_alone() ? -1 : readlink(path, buffer, size);
}

static void *fake_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	struct fake_file *file;
	int err;

	fake_lock();
	/* Signals do not interrupt it. */
	err = failure.err == EINTR ? 0 : failing();
	file = fake_file_of_fd(fd);
	if (!err && file && file->kind == FILE_DEVICE)
		err = -fake_device_mmap(file->opened, size, protection, flags, offset, &address);
	else if (!err && file && file->kind == FILE_DMABUF)
		err = -fake_dmabuf_mmap(file->dmabuf, fd, size, protection, flags, offset,
					&address);
	else if (!err && file)
		err = ENODEV;
	else if (!err)
		err = fake_mmap_memory(&address, size, protection, flags, fd, offset);
	return leave(-err) < 0 ? MAP_FAILED : address;
}

static int fake_munmap(void *address, size_t size)
{
	fake_lock();
	fake_memory_remove_mmio(address, size);
	return leave(real(munmap(address, size)));
}

static void *fake_mremap(void *address, size_t old_size, size_t size, int flags, void *target)
{
	int err;

	fake_lock();
	/* Signals do not interrupt it. */
	err = failure.err == EINTR ? 0 : failing();
	if (err)
		return leave(-err), MAP_FAILED;
	fake_unlock();
	return mremap(address, old_size, size, flags, target);
}

static int fake_eventfd(unsigned int value, int flags)
{
	return fake_fail_alone() ? -1 : eventfd(value, flags);
}

static int fake_epoll_create(int flags)
{
	return fake_fail_alone() ? -1 : epoll_create1(flags);
}

static int fake_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	return fake_fail_alone() ? -1 : epoll_ctl(epoll, operation, fd, event);
}

static int fake_epoll_wait(int epoll, struct epoll_event *events, int max, int timeout_ms)
{
	if (fake_fail_alone())
		return -1;
	fake_lock();
	fake_irq_settle();
	fake_unlock();
	return epoll_wait(epoll, events, max, timeout_ms);
}

static int fake_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	if (fake_fail_alone())
		return -1;
	fake_lock();
	fake_irq_settle();
	fake_unlock();
	/* A rest is over at once, and things have gone on. */
	if (!count)
		fake_settle();
	return count ? poll(fds, count, timeout_ms) : 0;
}

static int fake_getrlimit(int resource, struct rlimit *limit)
{
	if (fake_fail_alone())
		return -1;
	if (resource != RLIMIT_MEMLOCK)
		return getrlimit(resource, limit);
	limit->rlim_cur = limit->rlim_max = fake_settings.memlock;
	if (fake_settings.memlock_hard)
		limit->rlim_max = fake_settings.memlock_hard;
	return 0;
}

const struct syscalls fake_syscalls = {
	.open = fake_open,
	.close = fake_close,
	.dup = fake_dup,
	.ioctl = fake_ioctl,
	.read = fake_read,
	.read_now = fake_read_now,
	.set_nonblocking = fake_set_nonblocking,
	.is_same_file = fake_is_same_file,
	.write = fake_write,
	.pread = fake_pread,
	.pwrite = fake_pwrite,
	.readlink = fake_readlink,
	.mmap = fake_mmap,
	.munmap = fake_munmap,
	.mremap = fake_mremap,
	.memfd_create = fake_memfd_create,
	.ftruncate = fake_ftruncate,
	.seal = fake_seal,
	.fstat = fake_fstat,
	.fstatfs = fake_fstatfs,
	.madvise = fake_madvise,
	.mbind = fake_mbind,
	.thread_create = fake_thread_create,
	.eventfd = fake_eventfd,
	.epoll_create = fake_epoll_create,
	.epoll_ctl = fake_epoll_ctl,
	.epoll_wait = fake_epoll_wait,
	.poll = fake_poll,
	.getrlimit = fake_getrlimit,
	.sendmsg = fake_sendmsg,
	.recvmsg = fake_recvmsg,
};

/* Life. */

void fake_start(const char *dev)
{
	fake_lock();
	snprintf(dev_root, sizeof(dev_root), "%s", dev);
	fake_drivers_reset(dev);
	memset(&failure, 0, sizeof(failure));
	memset(&visitor, 0, sizeof(visitor));
	memset(node_errors, 0, sizeof(node_errors));
	memset(ioctl_counts, 0, sizeof(ioctl_counts));
	memset(fake_objects, 0, sizeof(fake_objects));
	fake_fault_queues_reset();
	fake_settings = (struct fake_settings){
		.type1 = true,
		.bind_token = true,
		.map_file = true,
		.dmabufs = true,
		.iommu_info = true,
		.fault_queues = true,
		.pasids = true,
		.features = true,
		.kvm_vfio = true,
		.nodes = 1,
		.memlock = UINT64_MAX,
		.entry_limit = 65535,
		.free_vectors = FAKE_VECTORS,
		.ioeventfd_width = 8,
		.ioeventfd_limit = FAKE_IOEVENTFDS,
		.processor_vectors = FAKE_VECTORS,
		.dynamic_msix = true,
		.read_now = true,
	};
	fake_unlock();
}

void fake_stop(void)
{
	failure.countdown = 0;
	fake_drop_messages();
	for (int fd = 0; fd < FDS_MAX; fd++)
		if (files[fd])
			fake_close(fd);
	fake_lock();
	fake_memory_forget_mmio();
	fake_forget_files();
	fake_machine_reset();
	fake_unlock();
}

/* Knobs of the kernel. */

#define SETTER(name, type, field)                                                                  \
	void name(type value)                                                                      \
	{                                                                                          \
		fake_lock();                                                                       \
		fake_settings.field = value;                                                       \
		fake_unlock();                                                                     \
	}

SETTER(fake_set_type1, bool, type1)
SETTER(fake_set_udev, bool, udev)
SETTER(fake_set_loses_last_page, bool, loses_last_page)
SETTER(fake_set_trusts_memory, bool, trusts_memory)
SETTER(fake_set_noiommu, bool, noiommu)
SETTER(fake_set_iommufd_container, bool, iommufd_container)
SETTER(fake_set_bind_token, bool, bind_token)
SETTER(fake_set_unsafe_interrupts, bool, unsafe_interrupts)
SETTER(fake_set_map_file, bool, map_file)
SETTER(fake_set_dmabufs, bool, dmabufs)
SETTER(fake_set_old_udmabuf, bool, old_udmabuf)
SETTER(fake_set_iommu_info, bool, iommu_info)
SETTER(fake_set_fault_queues, bool, fault_queues)
SETTER(fake_set_old_fault_queues, bool, old_fault_queues)
SETTER(fake_set_pasids, bool, pasids)
SETTER(fake_set_features, bool, features)
SETTER(fake_set_feature_result, int, feature_result)
SETTER(fake_set_kvm_vfio, bool, kvm_vfio)
SETTER(fake_set_old_kvm, bool, old_kvm)
SETTER(fake_set_foreign_vm, bool, foreign_vm)
SETTER(fake_set_hot_reset_races, unsigned int, hot_reset_races)
SETTER(fake_set_nodes, unsigned int, nodes)
SETTER(fake_set_populate_errno, int, populate_errno)
SETTER(fake_set_memlock, uint64_t, memlock)
SETTER(fake_set_memlock_hard, uint64_t, memlock_hard)
SETTER(fake_set_locked_by_process, uint64_t, locked_by_process)
SETTER(fake_set_locked_by_user, uint64_t, locked_by_user)
SETTER(fake_set_capabilities, uint64_t, capabilities)
SETTER(fake_set_own_namespace, bool, own_namespace)
SETTER(fake_set_entry_limit, uint32_t, entry_limit)
SETTER(fake_set_free_vectors, uint32_t, free_vectors)
SETTER(fake_set_ioeventfd_width, uint32_t, ioeventfd_width)
SETTER(fake_set_ioeventfd_limit, uint32_t, ioeventfd_limit)
SETTER(fake_set_processor_vectors, uint32_t, processor_vectors)
SETTER(fake_set_dynamic_msix, bool, dynamic_msix)
SETTER(fake_set_read_now, bool, read_now)

void fake_set_open_errno(const char *node, int err)
{
	size_t i = 0;

	fake_lock();
	while (node_errors[i].node[0] && strcmp(node_errors[i].node, node))
		i++;
	snprintf(node_errors[i].node, sizeof(node_errors[i].node), "%s", node);
	node_errors[i].err = err;
	fake_unlock();
}

void fake_forget(uint64_t iova, uint64_t size)
{
	fake_lock();
	fake_spaces_forget(iova, iova + size - 1);
	fake_unlock();
}

void fake_fail_call(unsigned int n, int err)
{
	fake_lock();
	failure.countdown = n;
	failure.err = err;
	failure.came = false;
	fake_unlock();
}

void fake_fail_ioctl(unsigned long request, int err)
{
	fake_lock();
	failure.request = request;
	failure.request_err = err;
	fake_unlock();
}

void fake_fail_answer(unsigned int n)
{
	fake_lock();
	failure.answer_countdown = n;
	failure.came = false;
	fake_unlock();
}

bool fake_has_failed(void)
{
	return failure.came;
}

const int *fake_failed_errors(void)
{
	const int *errors = fake_errors_of(failure.call, failure.call_request);

	if (!errors)
		fprintf(stderr, "fake/errors.c does not know %s %#lx\n", failure.call,
			failure.call_request);
	return errors;
}

/* Inspectors. */

size_t fake_count_mappings(void)
{
	size_t count;

	fake_lock();
	count = fake_space_count_all();
	fake_unlock();
	return count;
}

bool fake_get_mapping(size_t index, struct fake_mapping *ret)
{
	bool found;

	fake_lock();
	found = fake_space_describe(index, ret);
	fake_unlock();
	return found;
}

size_t fake_count_kind(enum fake_object kind)
{
	size_t count;

	fake_lock();
	count = fake_objects[kind];
	fake_unlock();
	return count;
}

size_t fake_count_objects(void)
{
	size_t count = 0;

	for (int kind = 0; kind < FAKE_OBJECTS; kind++)
		count += fake_count_kind(kind);
	return count;
}

bool fake_is_compat_clear(void)
{
	bool clear;

	fake_lock();
	clear = fake_iommufds_are_compat_clear();
	fake_unlock();
	return clear;
}

unsigned int fake_count_ioctls(unsigned long request)
{
	unsigned int count = 0;

	fake_lock();
	for (size_t i = 0; i < IOCTL_NUMBERS; i++)
		if (ioctl_counts[i].request == request)
			count += ioctl_counts[i].count;
	fake_unlock();
	return count;
}
