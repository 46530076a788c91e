/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Interrupts of a device, as eventfds.
 *
 * Enabling a range of vectors of one kind makes a handle that owns an eventfd a
 * vector. Wait with vfa_irq_wait(), or put the fds into a loop of your own. A
 * device has one handle a kind, and of INTx, MSI and MSI-X only one at a time.
 *
 * Different vectors may be waited for from different threads, also while the handle
 * grows. A vector must not be given up, nor its eventfd exchanged, while a thread waits
 * for it. A handle dies with vfa_irq_disable(), or with its device; neither may race with
 * a use of it.
 *
 * An eventfd counts in 64 bits, each interrupt that the kernel takes. One that comes
 * while the same vector is pending in the processor is part of that.
 */

#ifndef VFA_IRQ_H
#define VFA_IRQ_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_irq;

/** enum vfa_irq_kind - kinds of interrupts of a PCI device */
enum vfa_irq_kind {
	VFA_IRQ_INTX = 0, /* the pin; masked by the kernel each time it fires */
	VFA_IRQ_MSI,
	VFA_IRQ_MSIX,
	VFA_IRQ_ERROR,   /* the device reported an uncorrectable error */
	VFA_IRQ_REQUEST, /* the kernel wants the device back */
};

/**
 * struct vfa_irq_info - what interrupts of one kind are like
 * @struct_size: set by VFA_IRQ_INFO_INIT
 * @count: how many vectors the device has, 0 for none
 * @is_maskable: 1 when vfa_irq_mask() holds them back; else 0
 * @is_automasked: 1 when the kernel masks them each time they fire, so that
 *	vfa_irq_unmask() has to follow; else 0
 * @is_resizable: 1 when vfa_irq_resize() can go beyond what was reserved; else 0
 */
struct vfa_irq_info {
	uint32_t struct_size;
	uint32_t count;
	uint32_t is_maskable;
	uint32_t is_automasked;
	uint32_t is_resizable;
};

#define VFA_IRQ_INFO_INIT                                                                          \
	{                                                                                          \
		sizeof(struct vfa_irq_info), 0, 0, 0, 0                                            \
	}

/**
 * vfa_irq_get_info() - what interrupts of one kind are like
 * @device: the device
 * @kind: the kind
 * @ret: initialised by the caller, filled on success
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, unknown @kind, or @ret is not initialised
 *	any other errno of the kernel
 *
 * Kernel: VFIO_DEVICE_GET_IRQ_INFO.
 */
int vfa_irq_get_info(struct vfa_device *device, enum vfa_irq_kind kind, struct vfa_irq_info *ret);

/**
 * vfa_irq_count() - how many vectors of a kind the device has
 * @device: the device
 * @kind: the kind
 *
 * Return: the number, 0 for none, or
 *	-EINVAL: @device is NULL or @kind unknown
 *	any other errno of the kernel
 *
 * Kernel: VFIO_DEVICE_GET_IRQ_INFO.
 */
int vfa_irq_count(struct vfa_device *device, enum vfa_irq_kind kind);

/** enum vfa_irq_eventfd - what a vector can signal other than an eventfd of the caller */
enum vfa_irq_eventfd {
	VFA_IRQ_NO_EVENTFD = -1,  /* nothing */
	VFA_IRQ_OWN_EVENTFD = -2, /* one that the library makes, for vfa_irq_wait() */
};

/**
 * struct vfa_irq_options - how to enable vectors
 * @struct_size: set by VFA_IRQ_OPTIONS_INIT
 * @reserve: how many vectors, from vector 0 on, to take from the machine now, so that
 *	they can be had later; 0 for those that are enabled
 * @eventfds: what each of the vectors signals: an eventfd of the caller, such as KVM's
 *	irqfd, or a value of enum vfa_irq_eventfd; NULL for VFA_IRQ_OWN_EVENTFD for all.
 *	The library keeps duplicates: the caller may close its own at any time
 */
struct vfa_irq_options {
	uint32_t struct_size;
	uint32_t reserve;
	const int *eventfds;
};

#define VFA_IRQ_OPTIONS_INIT                                                                       \
	{                                                                                          \
		sizeof(struct vfa_irq_options), 0, 0                                               \
	}

/**
 * vfa_irq_enable() - let vectors signal eventfds
 * @device: the device
 * @kind: the kind
 * @start: first vector, from 0
 * @count: number of vectors, at least 1
 * @options: NULL for none
 * @ret: the handle, to be given back with vfa_irq_disable()
 *
 * MSI and MSI-X are writes of the device: bus mastering must be on.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, bad @options, unknown @kind, @count of 0
 *		(VFA_CAUSE_EMPTY); vectors the device does not have, to enable or to
 *		reserve (VFA_CAUSE_IRQ_BOUNDS); an fd that is no eventfd
 *		(VFA_CAUSE_BAD_FD)
 *	-EBADF: an fd that is not open (VFA_CAUSE_BAD_FD)
 *	-ENOENT: the device has none of the kind, or its INTx pin is not connected
 *		(VFA_CAUSE_NO_IRQ)
 *	-EBUSY: this kind, or another of INTx, MSI and MSI-X, is enabled already; or
 *		others share its INTx line and the device cannot (VFA_CAUSE_IRQ_BUSY)
 *	-ENOSPC: the machine has fewer vectors free; the message says how many
 *		(VFA_CAUSE_IRQ_BOUNDS)
 *	-ENOMEM: no memory
 *	-EMFILE: too many open files: each vector has one
 *	any other errno of the kernel
 *
 * Kernel: VFIO_DEVICE_SET_IRQS with VFIO_IRQ_SET_DATA_EVENTFD.
 */
int vfa_irq_enable(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
		   uint32_t count, const struct vfa_irq_options *options, struct vfa_irq **ret);

/**
 * vfa_irq_resize() - enable more vectors, or fewer
 * @irq: the handle
 * @count: number of vectors from its first on, at least 1
 * @eventfds: what each vector that is added signals, as in struct vfa_irq_options; NULL
 *	for VFA_IRQ_OWN_EVENTFD for all
 *
 * Vectors that stay are not disturbed. Up to what was reserved it always works; beyond
 * that only of MSI-X and where the kernel can allocate vectors one by one, see struct
 * vfa_irq_info. Vectors that are given up signal nothing any more and their eventfds are
 * closed, but the kernel keeps them for this device until vfa_irq_disable().
 *
 * Return: 0, or, with nothing changed,
 *	-EINVAL: a NULL handle, a @count of 0 (VFA_CAUSE_EMPTY), vectors the device does
 *		not have (VFA_CAUSE_IRQ_BOUNDS), an fd that is no eventfd
 *		(VFA_CAUSE_BAD_FD)
 *	-EBADF: an fd that is not open (VFA_CAUSE_BAD_FD)
 *	-EOPNOTSUPP: the kernel cannot add vectors now (VFA_CAUSE_IRQ_FIXED)
 *	-ENOSPC: the machine has fewer vectors free; the message says how many
 *		(VFA_CAUSE_IRQ_BOUNDS)
 *	-ENOMEM: no memory
 *	-EMFILE: too many open files
 *	any other errno of the kernel
 *
 * Kernel: VFIO_DEVICE_SET_IRQS on a part of the vectors.
 */
int vfa_irq_resize(struct vfa_irq *irq, uint32_t count, const int *eventfds);

/**
 * vfa_irq_disable() - disable the vectors and free the handle
 * @irq: the handle, or NULL
 *
 * All vectors of the kind are disabled and the eventfds closed. Nothing is signalled.
 */
void vfa_irq_disable(struct vfa_irq *irq);

/**
 * vfa_irq_fd() - the eventfd of a vector
 * @irq: the handle
 * @vector: from start to start + count - 1
 *
 * Readable when the vector has fired; reading gives the number of times and
 * clears it. Close-on-exec, and non-blocking if the library made it; otherwise it is
 * a duplicate of the caller's.
 *
 * Return: the fd, which belongs to @irq, or
 *	-EINVAL: a NULL handle, or a vector that is not enabled or has no eventfd
 *		(VFA_CAUSE_IRQ_BOUNDS)
 *	any other errno of fcntl(2)
 */
int vfa_irq_fd(const struct vfa_irq *irq, uint32_t vector);

/**
 * vfa_irq_set_eventfd() - let a vector signal another eventfd
 * @irq: the handle
 * @vector: from start to start + count - 1
 * @fd: an eventfd of the caller, or a value of enum vfa_irq_eventfd
 *
 * What an eventfd of the library's own had counted is added to the new one. One of the
 * caller's keeps its count: the caller reads it once more. Nobody may wait for this vector
 * meanwhile. Of MSI-X and INTx an interrupt that comes at this moment is signalled to
 * one or the other; of MSI the kernel may lose it, so look at the device once afterwards.
 *
 * Return: 0, or, with nothing changed,
 *	-EINVAL: a NULL handle, a vector that is not enabled (VFA_CAUSE_IRQ_BOUNDS), or an
 *		fd that is no eventfd (VFA_CAUSE_BAD_FD)
 *	-EBADF: an fd that is not open (VFA_CAUSE_BAD_FD)
 *	-EMFILE: too many open files
 *	any other errno of the kernel; with VFA_CAUSE_NOT_RESTORED the vector has no
 *		eventfd any more
 *
 * Kernel: VFIO_DEVICE_SET_IRQS with VFIO_IRQ_SET_DATA_EVENTFD on one vector.
 */
int vfa_irq_set_eventfd(struct vfa_irq *irq, uint32_t vector, int fd);

/**
 * vfa_irq_wait() - wait until a vector has fired
 * @irq: the handle
 * @vector: from start to start + count - 1
 * @timeout_ms: in milliseconds; 0 to look only, negative to wait for ever
 * @ret: how often it fired since the last look, at least 1; may be NULL
 *
 * INTx stays masked after it fired: serve the device, then vfa_irq_unmask(). A
 * signal does not shorten the wait.
 *
 * Return: 0, or
 *	-EINVAL: a NULL handle; a vector that is not enabled or has no eventfd
 *		(VFA_CAUSE_IRQ_BOUNDS), or one of the caller's (VFA_CAUSE_BAD_FD)
 *	-ETIMEDOUT: it did not fire in time (VFA_CAUSE_TIMEOUT)
 *	-ENODEV: nor will it: the device is gone (VFA_CAUSE_DEVICE_GONE). A wait is not cut
 *		short by that, but by VFA_IRQ_REQUEST among what it waits for
 *	any other errno of poll(2) or read(2)
 */
int vfa_irq_wait(struct vfa_irq *irq, uint32_t vector, int timeout_ms, uint64_t *ret);

/**
 * vfa_irq_poll_fd() - one fd for all vectors of a handle
 * @irq: the handle
 *
 * For a loop of the caller's: it is readable while a vector with an eventfd of the
 * library's has fired and was not looked at. Then vfa_irq_wait_any() or vfa_irq_dispatch()
 * with a timeout of 0 takes what is there. Vectors that come later are told of as well.
 *
 * Return: the fd, an epoll(7) that is close-on-exec and belongs to @irq, or
 *	-EINVAL: @irq is NULL
 *	-EMFILE: too many open files
 *	-ENOSPC: the user has too many fds in epolls, see /proc/sys/fs/epoll
 *	any other errno of epoll_create1(2) or epoll_ctl(2)
 */
int vfa_irq_poll_fd(struct vfa_irq *irq);

/**
 * struct vfa_irq_event - a vector that has fired
 * @irq: its handle
 * @vector: its number
 * @reserved: 0, for what later releases tell
 * @count: how often it fired since the last look, at least 1
 */
struct vfa_irq_event {
	struct vfa_irq *irq;
	uint32_t vector;
	uint32_t reserved;
	uint64_t count;
};

/**
 * vfa_irq_wait_any() - wait until vectors have fired, of one or several handles
 * @irqs: the handles, of one device or several
 * @count: how many, at least 1
 * @timeout_ms: in milliseconds; 0 to look only, negative to wait for ever
 * @events: room for @max events
 * @max: at least 1
 *
 * Takes what has fired, in the order of the handles; what there is no room for stays for
 * the next call. With the handle of VFA_IRQ_REQUEST among them, and first, a wait for
 * a device ends when the kernel wants the device back. Vectors with an eventfd of
 * the caller's are not waited for. A signal does not shorten the wait.
 *
 * Return: how many events there are, at least 1, or
 *	-EINVAL: a NULL argument or handle; a @count or @max of 0 (VFA_CAUSE_EMPTY)
 *	-ETIMEDOUT: nothing fired in time (VFA_CAUSE_TIMEOUT)
 *	-ENODEV: nor will it: a device is gone (VFA_CAUSE_DEVICE_GONE)
 *	-ENOMEM: no memory
 *	as vfa_irq_poll_fd(), and any other errno of poll(2), epoll_wait(2) or read(2)
 */
int vfa_irq_wait_any(struct vfa_irq *const *irqs, size_t count, int timeout_ms,
		     struct vfa_irq_event *events, size_t max);

/**
 * vfa_irq_set_handler() - say what vfa_irq_dispatch() calls
 * @irq: the handle
 * @handler: called with the handle, the vector, how often it fired, at least 1, and
 *	@data; NULL for none, as at first
 * @data: the caller's
 *
 * It is called by the thread that calls vfa_irq_dispatch(), with no lock of the library
 * held, so that it may unmask INTx, or reset the device. It must not disable a handle
 * that is dispatched, or take vectors away from one; leave a note, and do so when
 * vfa_irq_dispatch() is back. Where it takes a handler away, its own or another, what
 * that one was still to be called for is dropped.
 *
 * No other thread may dispatch the handle meanwhile: it might call the old handler after
 * this has returned, or the new one with the old @data. What is to change while threads
 * dispatch belongs behind @data.
 *
 * Return: 0, or -EINVAL: @irq is NULL.
 */
int vfa_irq_set_handler(struct vfa_irq *irq,
			void (*handler)(struct vfa_irq *irq, uint32_t vector, uint64_t count,
					void *data),
			void *data);

/**
 * vfa_irq_dispatch() - wait until vectors have fired, and call their handlers
 * @irqs: the handles, of one device or several, each with a handler
 * @count: how many, at least 1
 * @timeout_ms: in milliseconds; 0 to look only, negative to wait for ever
 *
 * Each vector that has fired makes one call, as vfa_irq_wait_any() gives one event for
 * it. Call again for what fires meanwhile. The library has no thread of its own.
 *
 * Return: how many calls were made, at least 1, or
 *	-EINVAL: a handle has no handler (VFA_CAUSE_WRONG_ORDER)
 *	as vfa_irq_wait_any()
 */
int vfa_irq_dispatch(struct vfa_irq *const *irqs, size_t count, int timeout_ms);

/**
 * vfa_irq_mask() - hold INTx back
 * @irq: a handle of VFA_IRQ_INTX
 *
 * Return: 0, or
 *	-EINVAL: @irq is NULL
 *	-EOPNOTSUPP: the kind cannot be masked by VFIO (VFA_CAUSE_NO_IRQ)
 *	any other errno of the kernel
 *
 * Kernel: VFIO_IRQ_SET_ACTION_MASK.
 */
int vfa_irq_mask(struct vfa_irq *irq);

/**
 * vfa_irq_unmask() - let INTx through again
 * @irq: a handle of VFA_IRQ_INTX
 *
 * Once after each time it fired. An interrupt that is still pending fires at once.
 *
 * Return: as vfa_irq_mask(). Kernel: VFIO_IRQ_SET_ACTION_UNMASK.
 */
int vfa_irq_unmask(struct vfa_irq *irq);

/**
 * vfa_irq_set_unmask_eventfd() - let an eventfd unmask INTx
 * @irq: a handle of VFA_IRQ_INTX
 * @fd: the caller's, such as KVM's resamplefd, or VFA_IRQ_NO_EVENTFD for none, as at first
 *
 * Each time something is written to it the kernel unmasks, as vfa_irq_unmask() does, and
 * takes what was written. A duplicate is kept: the caller may close its own.
 *
 * Return: 0, or, with nothing changed,
 *	-EINVAL: @irq is NULL, @fd is VFA_IRQ_OWN_EVENTFD, or no eventfd (VFA_CAUSE_BAD_FD)
 *	-EBADF: @fd is not open (VFA_CAUSE_BAD_FD)
 *	-EOPNOTSUPP: the kind cannot be masked by VFIO (VFA_CAUSE_NO_IRQ)
 *	any other errno of the kernel; with VFA_CAUSE_NOT_RESTORED INTx has no such
 *		eventfd any more
 *
 * Kernel: VFIO_IRQ_SET_ACTION_UNMASK with VFIO_IRQ_SET_DATA_EVENTFD.
 */
int vfa_irq_set_unmask_eventfd(struct vfa_irq *irq, int fd);

/**
 * vfa_irq_trigger() - fire a vector by software
 * @irq: the handle
 * @vector: one that is enabled
 *
 * For tests: the eventfd is signalled as if the device had interrupted; the device is not
 * involved, and INTx is not masked. Where the Command register disables INTx the
 * kernel leaves it.
 *
 * Return: 0, or
 *	-EINVAL: a NULL handle, or a vector that is not enabled or has no eventfd
 *		(VFA_CAUSE_IRQ_BOUNDS)
 *	any other errno of the kernel
 *
 * Kernel: VFIO_IRQ_SET_ACTION_TRIGGER with VFIO_IRQ_SET_DATA_NONE.
 */
int vfa_irq_trigger(struct vfa_irq *irq, uint32_t vector);

/**
 * vfa_irq_kind_name() - "INTx", "MSI", "MSI-X", "error" or "request"
 * @kind: any value; "unknown" for one this library does not know
 */
const char *vfa_irq_kind_name(enum vfa_irq_kind kind);

#ifdef __cplusplus
}
#endif

#endif
