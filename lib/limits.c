/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/limits.h>

#include <errno.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "memlock.h"

#define LEAST_LIMITS OPTIONS_UP_TO(struct vfa_limits, reserved)

/* Type1 has no answer without a group: it has no IOMMU then. */
static int read_entries(const struct vfa_container *container, struct vfa_limits *ret)
{
	struct backend *backend = container->backend;
	uint32_t left;
	int err;

	ret->entries_available = VFA_LIMIT_NONE;
	if (backend->ops->holds_mappings(backend))
		ret->entries_used = container->space.count;
	if (backend->kind != VFA_BACKEND_TYPE1)
		return 0;
	ret->entries_available = VFA_LIMIT_UNKNOWN;
	if (!backend->ops->holds_mappings(backend))
		return 0;
	err = backend->ops->entries_left(backend, &left);
	if (err < 0)
		return err == -EOPNOTSUPP ? 0 : error_kernel(err, "ask for the entries left");
	ret->entries_available = left;
	return 0;
}

static int read_limits(const struct vfa_container *container, struct vfa_limits *ret)
{
	struct memlock memlock;
	int err = container_require_accounting(container, "limits");

	if (!err)
		err = memlock_require(container, &memlock);
	if (!err)
		err = read_entries(container, ret);
	if (err)
		return err;
	ret->accounting = memlock.accounting;
	ret->mapped_bytes = container->mapped_bytes;
	ret->locked_bytes = memlock.locked;
	ret->pinned_bytes = memlock.pinned;
	ret->memlock_soft = memlock.soft;
	ret->memlock_hard = memlock.hard;
	ret->is_exempt = memlock.is_exempt;
	return 0;
}

VFA_API int vfa_container_limits(struct vfa_container *container, struct vfa_limits *ret)
{
	struct vfa_limits limits = { .struct_size = 0 };
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	err = options_check_result("vfa_limits", ret, LEAST_LIMITS);
	if (err)
		return err;
	container_lock(container);
	err = read_limits(container, &limits);
	container_unlock(container);
	if (!err)
		options_return(&limits, sizeof(limits), ret);
	return err;
}

static int refuse_accounting(const struct vfa_container *container, enum vfa_accounting accounting,
			     int err)
{
	switch (err) {
	case -EOPNOTSUPP:
		return error_set(EOPNOTSUPP, VFA_CAUSE_BAD_ARGUMENT,
				 "%s cannot count locked memory by %s\n"
				 "open the container as iommufd, which can",
				 vfa_backend_name(container->backend->kind),
				 vfa_accounting_name(accounting));
	case -EPERM:
		return error_set(EPERM, VFA_CAUSE_DENIED,
				 "this process may not have locked memory counted by %s\n"
				 "it takes CAP_SYS_RESOURCE in the first user namespace; drop it "
				 "afterwards",
				 vfa_accounting_name(accounting));
	case -EBUSY:
		return error_set(EBUSY, VFA_CAUSE_BAD_FD,
				 "the container's iommufd has more in it than this container, so "
				 "that its accounting cannot be changed\n"
				 "do it before the fd is used for anything else, or give the "
				 "container an fd of its own");
	default:
		return error_kernel(err, "have locked memory counted by %s",
				    vfa_accounting_name(accounting));
	}
}

static int check_empty(const struct vfa_container *container)
{
	if (!container_is_reached(container) && !container->moving && !container->space.count)
		return 0;
	return error_set(EBUSY, VFA_CAUSE_WRONG_ORDER,
			 "accounting: the container has a device or mappings in it, which are "
			 "counted already\n"
			 "change it right after vfa_container_open, which names the backend");
}

static int set_accounting(struct vfa_container *container, enum vfa_accounting accounting)
{
	struct backend *backend = container->backend;
	enum vfa_accounting now;
	int err = container_require_accounting(container, "accounting");

	if (err)
		return err;
	err = backend->ops->get_accounting(backend, &now);
	if (err)
		return error_kernel(err, "ask for the accounting");
	if (now == accounting)
		return 0;
	err = check_empty(container);
	if (err)
		return err;
	err = backend->ops->set_accounting(backend, accounting);
	return err ? refuse_accounting(container, accounting, err) : 0;
}

VFA_API int vfa_container_set_accounting(struct vfa_container *container,
					 enum vfa_accounting accounting)
{
	int err;

	if (!container)
		return error_null("container");
	if (accounting != VFA_ACCOUNTING_PROCESS && accounting != VFA_ACCOUNTING_USER)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "accounting %d is neither process nor user\nname one of them",
				 accounting);
	container_lock(container);
	err = set_accounting(container, accounting);
	container_unlock(container);
	return err;
}

VFA_API const char *vfa_accounting_name(enum vfa_accounting accounting)
{
	switch (accounting) {
	case VFA_ACCOUNTING_PROCESS:
		return "process";
	case VFA_ACCOUNTING_USER:
		return "user";
	}
	return "unknown";
}
