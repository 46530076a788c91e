/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

/* F_DUPFD_QUERY, which older headers do not have. */
#define DUPFD_QUERY (1024 + 3)

static int real_open(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC);
}

static int real_dup(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static ssize_t real_read_now(int fd, void *buffer, size_t size)
{
	struct iovec part = { .iov_base = buffer, .iov_len = size };

	return preadv2(fd, &part, 1, -1, RWF_NOWAIT);
}

static int real_set_nonblocking(int fd)
{
	return fcntl(fd, F_SETFL, O_NONBLOCK);
}

static int real_is_same_file(int fd, int other)
{
	return fcntl(fd, DUPFD_QUERY, other);
}

static int real_ioctl(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument);
}

static int real_getrlimit(int resource, struct rlimit *limit)
{
	return getrlimit(resource, limit);
}

static int real_memfd_create(const char *name, unsigned int flags)
{
	return memfd_create(name, flags | MFD_CLOEXEC);
}

static int real_seal(int fd, int seals)
{
	return fcntl(fd, F_ADD_SEALS, seals);
}

/* libc leaves this one to libnuma. */
static int real_mbind(void *address, size_t size, int mode, const unsigned long *nodes,
		      unsigned long bits)
{
	return syscall(SYS_mbind, address, size, mode, nodes, bits, 0);
}

static void *real_mremap(void *address, size_t old_size, size_t size, int flags, void *target)
{
	return mremap(address, old_size, size, flags, target);
}

const struct syscalls syscalls_real = {
	.open = real_open,
	.close = close,
	.dup = real_dup,
	.ioctl = real_ioctl,
	.read = read,
	.read_now = real_read_now,
	.set_nonblocking = real_set_nonblocking,
	.is_same_file = real_is_same_file,
	.write = write,
	.pread = pread,
	.pwrite = pwrite,
	.readlink = readlink,
	.mmap = mmap,
	.munmap = munmap,
	.mremap = real_mremap,
	.memfd_create = real_memfd_create,
	.ftruncate = ftruncate,
	.seal = real_seal,
	.fstat = fstat,
	.fstatfs = fstatfs,
	.madvise = madvise,
	.mbind = real_mbind,
	.thread_create = pthread_create,
	.eventfd = eventfd,
	.epoll_create = epoll_create1,
	.epoll_ctl = epoll_ctl,
	.epoll_wait = epoll_wait,
	.poll = poll,
	.getrlimit = real_getrlimit,
	.sendmsg = sendmsg,
	.recvmsg = recvmsg,
};

/* The value of a call, or -errno, repeated while a signal interrupts it. */
#define RESTART(call)                                                                              \
	({                                                                                         \
		__typeof__(call) value_;                                                           \
		do                                                                                 \
			value_ = (call);                                                           \
		while (value_ < 0 && errno == EINTR);                                              \
		value_ < 0 ? -errno : value_;                                                      \
	})

int sys_open(const struct syscalls *sys, const char *path, int flags)
{
	return RESTART(sys->open(path, flags));
}

/* Nothing can be done about a failing close: Linux frees the fd in any case. */
void sys_close(const struct syscalls *sys, int fd)
{
	if (fd >= 0)
		(void)sys->close(fd);
}

int sys_dup(const struct syscalls *sys, int fd)
{
	return RESTART(sys->dup(fd));
}

ssize_t sys_read(const struct syscalls *sys, int fd, void *buffer, size_t size)
{
	return RESTART(sys->read(fd, buffer, size));
}

/* Before Linux 5.8 an eventfd cannot be read so: there it does not block from here on. */
ssize_t sys_read_now(const struct syscalls *sys, int fd, void *buffer, size_t size)
{
	ssize_t used = RESTART(sys->read_now(fd, buffer, size));
	int err;

	if (used != -EOPNOTSUPP && used != -ENOSYS)
		return used;
	err = sys_set_nonblocking(sys, fd);
	return err ? err : sys_read(sys, fd, buffer, size);
}

int sys_set_nonblocking(const struct syscalls *sys, int fd)
{
	return RESTART(sys->set_nonblocking(fd));
}

int sys_is_same_file(const struct syscalls *sys, int fd, int other)
{
	return RESTART(sys->is_same_file(fd, other));
}

ssize_t sys_write(const struct syscalls *sys, int fd, const void *buffer, size_t size)
{
	return RESTART(sys->write(fd, buffer, size));
}

ssize_t sys_pread(const struct syscalls *sys, int fd, void *buffer, size_t size, off_t offset)
{
	return RESTART(sys->pread(fd, buffer, size, offset));
}

ssize_t sys_pwrite(const struct syscalls *sys, int fd, const void *buffer, size_t size,
		   off_t offset)
{
	return RESTART(sys->pwrite(fd, buffer, size, offset));
}

ssize_t sys_readlink(const struct syscalls *sys, const char *path, char *buffer, size_t size)
{
	return RESTART(sys->readlink(path, buffer, size));
}

int sys_mmap(const struct syscalls *sys, void *address, size_t size, int protection, int flags,
	     int fd, off_t offset, void **ret)
{
	void *got = sys->mmap(address, size, protection, flags, fd, offset);

	if (got == MAP_FAILED)
		return -errno;
	*ret = got;
	return 0;
}

void sys_munmap(const struct syscalls *sys, void *address, size_t size)
{
	(void)sys->munmap(address, size);
}

/* To where other pages are, which go in the same step. */
int sys_mremap(const struct syscalls *sys, void *address, size_t size, void *target)
{
	void *got = sys->mremap(address, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, target);

	return got == MAP_FAILED ? -errno : 0;
}

int sys_memfd_create(const struct syscalls *sys, const char *name, unsigned int flags)
{
	return RESTART(sys->memfd_create(name, flags));
}

int sys_ftruncate(const struct syscalls *sys, int fd, off_t size)
{
	return RESTART(sys->ftruncate(fd, size));
}

int sys_seal(const struct syscalls *sys, int fd, int seals)
{
	return RESTART(sys->seal(fd, seals));
}

int sys_fstat(const struct syscalls *sys, int fd, struct stat *ret)
{
	return RESTART(sys->fstat(fd, ret));
}

int sys_fstatfs(const struct syscalls *sys, int fd, struct statfs *ret)
{
	return RESTART(sys->fstatfs(fd, ret));
}

int sys_madvise(const struct syscalls *sys, void *address, size_t size, int advice)
{
	return RESTART(sys->madvise(address, size, advice));
}

int sys_mbind(const struct syscalls *sys, void *address, size_t size, int mode,
	      const unsigned long *nodes, unsigned long bits)
{
	return RESTART(sys->mbind(address, size, mode, nodes, bits));
}

int sys_thread_create(const struct syscalls *sys, pthread_t *ret, const pthread_attr_t *attributes,
		      void *(*run)(void *data), void *data)
{
	return -sys->thread_create(ret, attributes, run, data);
}

int sys_eventfd(const struct syscalls *sys)
{
	return RESTART(sys->eventfd(0, EFD_CLOEXEC));
}

int sys_epoll_create(const struct syscalls *sys)
{
	return RESTART(sys->epoll_create(EPOLL_CLOEXEC));
}

int sys_epoll_ctl(const struct syscalls *sys, int epoll, int operation, int fd,
		  struct epoll_event *event)
{
	return RESTART(sys->epoll_ctl(epoll, operation, fd, event));
}

int sys_epoll_look(const struct syscalls *sys, int epoll, struct epoll_event *events, int max)
{
	return RESTART(sys->epoll_wait(epoll, events, max, 0));
}

/* With a timeout a restart would wait anew: the caller counts the time. */
int sys_poll(const struct syscalls *sys, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	int ready = sys->poll(fds, count, timeout_ms);

	return ready < 0 ? -errno : ready;
}

int sys_getrlimit(const struct syscalls *sys, int resource, struct rlimit *ret)
{
	return RESTART(sys->getrlimit(resource, ret));
}

ssize_t sys_sendmsg(const struct syscalls *sys, int fd, const struct msghdr *message, int flags)
{
	return RESTART(sys->sendmsg(fd, message, flags));
}

ssize_t sys_recvmsg(const struct syscalls *sys, int fd, struct msghdr *message, int flags)
{
	return RESTART(sys->recvmsg(fd, message, flags));
}
