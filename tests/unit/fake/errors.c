/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Which errnos Linux can give where. ENOMEM and EFAULT can come from everything
 * that allocates or copies; ENODEV from everything that asks a device which has
 * gone.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake/internal.h"
#include "uapi/iommufd.h"
#include "uapi/kvm_vfio.h"
#include "uapi/vfio_cdev.h"

#define ERRORS_MAX 16

static const struct {
	const char *call;
	int errors[ERRORS_MAX];
} calls[] = {
	{ "open",
	  { ENOENT, ENODEV, ENXIO, EACCES, EPERM, EBUSY, EMFILE, ENFILE, ENOMEM, ELOOP, EIO } },
	{ "close", { EIO, ENOSPC, EDQUOT } },
	{ "dup", { EMFILE, EBADF, ENOMEM } },
	{ "read", { EIO, ENOMEM, ENODEV, EFAULT, EISDIR, EAGAIN } },
	{ "write", { EIO, ENOMEM, ENODEV, EBUSY, EINVAL, EAGAIN, EPERM, EACCES, ENOSPC } },
	{ "pread", { EIO, EFAULT, EINVAL, ENOMEM, EBUSY, ENODEV } },
	{ "pwrite", { EIO, EFAULT, EINVAL, ENOMEM, EBUSY, ENODEV } },
	{ "readlink", { ENOENT, EACCES, EINVAL, EIO, ELOOP, ENOMEM, ENAMETOOLONG } },
	{ "mmap", { ENOMEM, EINVAL, EAGAIN, EACCES, EPERM, ENODEV, EOVERFLOW, EBADF, ENFILE } },
	{ "mremap", { ENOMEM, EAGAIN, EFAULT, EINVAL } },
	{ "memfd_create", { EMFILE, ENFILE, ENOMEM, EINVAL, ENOSYS, EACCES } },
	{ "ftruncate", { EINVAL, EFBIG, EPERM, ENOSPC, ENOMEM, EIO } },
	{ "seal", { EBUSY, EPERM, EINVAL } },
	{ "madvise", { ENOMEM, EFAULT, EINVAL, EAGAIN, EIO, EHWPOISON } },
	{ "mbind", { EINVAL, EIO, ENOMEM, EPERM, EFAULT, ENOSYS } },
	{ "thread_create", { EAGAIN, EPERM } },
	{ "eventfd", { EMFILE, ENFILE, ENODEV, ENOMEM } },
	{ "epoll_create", { EMFILE, ENFILE, ENOMEM } },
	{ "epoll_ctl", { ENOMEM, ENOSPC, EBADF, EEXIST, ENOENT, EPERM } },
	{ "epoll_wait", { EBADF, EFAULT, EINVAL, EINTR } },
	{ "poll", { ENOMEM, EINVAL, EFAULT } },
	{ "getrlimit", { EINVAL, EFAULT, EPERM } },
};

static const struct {
	unsigned long request;
	int errors[ERRORS_MAX];
} ioctls[] = {
	{ VFIO_GET_API_VERSION, { ENOTTY, EINVAL } },
	{ VFIO_CHECK_EXTENSION, { ENOTTY, EINVAL, ENODEV } },
	{ VFIO_SET_IOMMU, { ENODEV, EINVAL, ENOMEM, EPERM, EBUSY, EIO, ENOTTY } },
	{ VFIO_IOMMU_GET_INFO, { EFAULT, EINVAL, ENOMEM, ENODEV, ENOTTY } },
	{ VFIO_IOMMU_MAP_DMA,
	  { EINVAL, EFAULT, ENOMEM, EEXIST, ENOSPC, EOVERFLOW, EBUSY, EPERM, EIO, ENOTTY } },
	{ VFIO_IOMMU_UNMAP_DMA, { EINVAL, EFAULT, EOVERFLOW, EBUSY, ENOTTY } },
	{ VFIO_GROUP_GET_STATUS, { EFAULT, EINVAL, ENODEV } },
	{ VFIO_GROUP_SET_CONTAINER,
	  { EFAULT, EBADF, EBADFD, EINVAL, EPERM, EBUSY, ENODEV, ENOMEM, EIO } },
	{ VFIO_GROUP_UNSET_CONTAINER, { EINVAL, EBUSY, ENODEV } },
	{ VFIO_GROUP_GET_DEVICE_FD,
	  { EFAULT, ENODEV, EINVAL, EPERM, EBUSY, EACCES, ENOMEM, EMFILE, ENFILE, EIO } },
	{ VFIO_DEVICE_GET_INFO, { EFAULT, EINVAL, ENOMEM, ENODEV } },
	{ VFIO_DEVICE_GET_REGION_INFO, { EFAULT, EINVAL, ENOMEM, ENODEV } },
	{ VFIO_DEVICE_GET_IRQ_INFO, { EFAULT, EINVAL, ENODEV } },
	{ VFIO_DEVICE_SET_IRQS,
	  { EFAULT, EINVAL, ENOMEM, EBUSY, ENOSPC, ENOTTY, EBADF, EIO, ENODEV, EMSGSIZE } },
	{ VFIO_DEVICE_FEATURE, { EFAULT, EINVAL, ENOTTY, ENOMEM, EBADF, EIO, ENODEV, EACCES } },
	{ VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
	  { EFAULT, EINVAL, ENODEV, ENOSPC, EAGAIN, ENOMEM, EPERM, ERANGE, EIO } },
	{ VFIO_DEVICE_PCI_HOT_RESET,
	  { EFAULT, EINVAL, ENODEV, EBADF, EBUSY, EAGAIN, ENOTTY, ENOMEM, EPERM, EIO } },
	{ VFIO_DEVICE_IOEVENTFD,
	  { EFAULT, EINVAL, EBADF, EBUSY, EEXIST, ENODEV, ENOMEM, ENOSPC, ENOTTY, EIO } },
	{ VFIO_DEVICE_RESET, { EINVAL, ENOTTY, EAGAIN, EBUSY, EIO, ENODEV } },
	{ UAPI_VFIO_DEVICE_BIND_IOMMUFD,
	  { EFAULT, EINVAL, EBADF, EBADFD, EBUSY, EPERM, EACCES, ENOMEM, ENODEV, EIO,
	    EOPNOTSUPP } },
	{ UAPI_VFIO_DEVICE_ATTACH_IOMMUFD_PT,
	  { EFAULT, EINVAL, ENOENT, EBUSY, ENOMEM, EADDRINUSE, ENODEV, EPERM } },
	{ UAPI_VFIO_DEVICE_DETACH_IOMMUFD_PT, { EFAULT, EINVAL, ENODEV } },
	{ UAPI_IOMMU_DESTROY, { EFAULT, EINVAL, ENOENT, EBUSY, ENOMEM } },
	{ UAPI_IOMMU_IOAS_ALLOC, { EFAULT, EINVAL, ENOMEM, EOPNOTSUPP, E2BIG, ENOTTY } },
	{ UAPI_IOMMU_IOAS_IOVA_RANGES, { EFAULT, EINVAL, ENOENT, EMSGSIZE, EOPNOTSUPP, E2BIG } },
	{ UAPI_IOMMU_IOAS_MAP,
	  { EFAULT, EINVAL, ENOMEM, EEXIST, EOVERFLOW, ENOENT, EPERM, ENOSPC, EOPNOTSUPP, EIO } },
	{ UAPI_IOMMU_IOAS_MAP_FILE,
	  { EFAULT, EINVAL, ENOMEM, EEXIST, EOVERFLOW, ENOENT, EPERM, EBADF, EOPNOTSUPP, ENOTTY } },
	{ UAPI_IOMMU_IOAS_UNMAP, { ENOENT, EBUSY, EDEADLK, EFAULT, EINVAL, EOVERFLOW } },
	{ UAPI_IOMMU_OPTION, { EFAULT, EINVAL, EOPNOTSUPP, EPERM, EBUSY, ENOENT } },
	{ UAPI_KVM_CREATE_DEVICE, { ENODEV, EBUSY, ENOMEM, EMFILE, ENFILE, EIO, ENOTTY, EINVAL } },
	{ UAPI_KVM_SET_DEVICE_ATTR, { EFAULT, EBADF, EINVAL, EEXIST, ENOENT, ENOMEM, ENXIO, EIO } },
	{ UAPI_KVM_HAS_DEVICE_ATTR, { EFAULT, ENXIO, EPERM, EIO, ENOTTY, EINVAL } },
	{ UAPI_IOMMU_VFIO_IOAS, { ENODEV, ENOENT, EFAULT, EINVAL, EOPNOTSUPP } },
};

static const int *errors_of_ioctl(unsigned long request)
{
	for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
		if (ioctls[i].request == request)
			return ioctls[i].errors;
	return NULL;
}

const int *fake_errors_of(const char *call, unsigned long request)
{
	if (!strcmp(call, "ioctl"))
		return errors_of_ioctl(request);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].call, call))
			return calls[i].errors;
	return NULL;
}
