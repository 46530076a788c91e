/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The system calls that reach the kernel's VFIO or make memory for it, one table
 * a host, so that a test can put its own kernel behind the library and fail each
 * call in turn.
 * They keep libc's conventions; the sys_ wrappers turn -1 into -errno and
 * restart what a signal interrupted.
 */

#ifndef BASE_SYSCALLS_H
#define BASE_SYSCALLS_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/types.h>

struct msghdr;
struct stat;
struct statfs;

struct syscalls {
	int (*open)(const char *path, int flags);
	int (*close)(int fd);
	int (*dup)(int fd);
	int (*ioctl)(int fd, unsigned long request, void *argument);
	ssize_t (*read)(int fd, void *buffer, size_t size);
	ssize_t (*read_now)(int fd, void *buffer, size_t size); /* preadv2(2) with RWF_NOWAIT */
	int (*set_nonblocking)(int fd);                         /* fcntl(2) with F_SETFL */
	int (*is_same_file)(int fd, int other); /* fcntl(2) with F_DUPFD_QUERY, Linux 6.10 */
	ssize_t (*write)(int fd, const void *buffer, size_t size);
	ssize_t (*pread)(int fd, void *buffer, size_t size, off_t offset);
	ssize_t (*pwrite)(int fd, const void *buffer, size_t size, off_t offset);
	ssize_t (*readlink)(const char *path, char *buffer, size_t size);
	void *(*mmap)(void *address, size_t size, int protection, int flags, int fd, off_t offset);
	int (*munmap)(void *address, size_t size);
	void *(*mremap)(void *address, size_t old_size, size_t size, int flags, void *target);
	int (*memfd_create)(const char *name, unsigned int flags);
	int (*ftruncate)(int fd, off_t size);
	int (*seal)(int fd, int seals); /* fcntl(2) with F_ADD_SEALS */
	int (*fstat)(int fd, struct stat *status);
	int (*fstatfs)(int fd, struct statfs *status);
	int (*madvise)(void *address, size_t size, int advice);
	int (*mbind)(void *address, size_t size, int mode, const unsigned long *nodes,
		     unsigned long bits);
	int (*thread_create)(pthread_t *ret, const pthread_attr_t *attributes,
			     void *(*run)(void *data), void *data); /* an errno, as pthread's */
	int (*eventfd)(unsigned int value, int flags);
	int (*epoll_create)(int flags);
	int (*epoll_ctl)(int epoll, int operation, int fd, struct epoll_event *event);
	int (*epoll_wait)(int epoll, struct epoll_event *events, int max, int timeout_ms);
	int (*poll)(struct pollfd *fds, nfds_t count, int timeout_ms);
	int (*getrlimit)(int resource, struct rlimit *limit);
	ssize_t (*sendmsg)(int fd, const struct msghdr *message, int flags);
	ssize_t (*recvmsg)(int fd, struct msghdr *message, int flags);
};

/* The real ones. Every fd is close-on-exec from birth. */
extern const struct syscalls syscalls_real;

int sys_open(const struct syscalls *sys, const char *path, int flags);
void sys_close(const struct syscalls *sys, int fd);
int sys_dup(const struct syscalls *sys, int fd);

/* In line: it is on the way of every map and unmap. */
static inline int sys_ioctl(const struct syscalls *sys, int fd, unsigned long request,
			    void *argument)
{
	int value;

	do
		value = sys->ioctl(fd, request, argument);
	while (value < 0 && errno == EINTR);
	return value < 0 ? -errno : value;
}

ssize_t sys_read(const struct syscalls *sys, int fd, void *buffer, size_t size);
/* What is there now, -EAGAIN for nothing, of an fd that may block. */
ssize_t sys_read_now(const struct syscalls *sys, int fd, void *buffer, size_t size);
int sys_set_nonblocking(const struct syscalls *sys, int fd);
/* One file that was opened once, whatever its fds: 1 or 0; -EINVAL where it cannot be asked. */
int sys_is_same_file(const struct syscalls *sys, int fd, int other);
ssize_t sys_write(const struct syscalls *sys, int fd, const void *buffer, size_t size);
ssize_t sys_pread(const struct syscalls *sys, int fd, void *buffer, size_t size, off_t offset);
ssize_t sys_pwrite(const struct syscalls *sys, int fd, const void *buffer, size_t size,
		   off_t offset);
ssize_t sys_readlink(const struct syscalls *sys, const char *path, char *buffer, size_t size);
int sys_mmap(const struct syscalls *sys, void *address, size_t size, int protection, int flags,
	     int fd, off_t offset, void **ret);
void sys_munmap(const struct syscalls *sys, void *address, size_t size);
int sys_mremap(const struct syscalls *sys, void *address, size_t size, void *target);
int sys_memfd_create(const struct syscalls *sys, const char *name, unsigned int flags);
int sys_ftruncate(const struct syscalls *sys, int fd, off_t size);
int sys_seal(const struct syscalls *sys, int fd, int seals);
int sys_fstat(const struct syscalls *sys, int fd, struct stat *ret);
int sys_fstatfs(const struct syscalls *sys, int fd, struct statfs *ret);
int sys_madvise(const struct syscalls *sys, void *address, size_t size, int advice);
int sys_mbind(const struct syscalls *sys, void *address, size_t size, int mode,
	      const unsigned long *nodes, unsigned long bits);
int sys_thread_create(const struct syscalls *sys, pthread_t *ret, const pthread_attr_t *attributes,
		      void *(*run)(void *data), void *data);
/* One that blocks. */
int sys_eventfd(const struct syscalls *sys);
int sys_epoll_create(const struct syscalls *sys);
int sys_epoll_ctl(const struct syscalls *sys, int epoll, int operation, int fd,
		  struct epoll_event *event);
/* What is there now: it does not wait. */
int sys_epoll_look(const struct syscalls *sys, int epoll, struct epoll_event *events, int max);
int sys_getrlimit(const struct syscalls *sys, int resource, struct rlimit *ret);
ssize_t sys_sendmsg(const struct syscalls *sys, int fd, const struct msghdr *message, int flags);
ssize_t sys_recvmsg(const struct syscalls *sys, int fd, struct msghdr *message, int flags);
int sys_poll(const struct syscalls *sys, struct pollfd *fds, nfds_t count, int timeout_ms);

#endif
