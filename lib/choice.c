/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "choice.h"

#include <errno.h>
#include <stdio.h>

#include "base/api.h"
#include "base/error.h"

/* That iommufd is not there is no failure of the caller's: its record stays. */
static int try_iommufd(const struct vfa_host *host, char *reason, size_t size, struct backend **ret)
{
	struct error_record saved;
	int err;

	error_save(&saved);
	err = backend_open(host, VFA_BACKEND_IOMMUFD, -1, ret);
	if (err && err != -ENOMEM) {
		snprintf(reason, size, "type1, because iommufd cannot be used: %s",
			 vfa_error_last()->message);
		error_restore(&saved);
	}
	return err;
}

static int take_type1(const struct vfa_host *host, struct backend **ret)
{
	return backend_open(host, VFA_BACKEND_TYPE1, -1, ret);
}

int choose_backend(const struct vfa_host *host, const struct pci_function *function, char *reason,
		   size_t size, struct backend **ret)
{
	int err = try_iommufd(host, reason, size, ret);

	if (err)
		return err == -ENOMEM ? err : take_type1(host, ret);
	if (!function->has_node) {
		backend_close(*ret);
		*ret = NULL; /* type1 may fail too */
		snprintf(reason, size,
			 "type1, because %s has no device node for iommufd: its "
			 "vfio-dev/%s has no dev file (CONFIG_VFIO_DEVICE_CDEV, Linux 6.6)",
			 function->bdf, function->vfio_node[0] ? function->vfio_node : "vfioN");
		return take_type1(host, ret);
	}
	snprintf(reason, size,
		 "iommufd, because /dev/iommu opens and %s has a device node; type1 comes second",
		 function->bdf);
	return 0;
}

VFA_API int vfa_host_check_backend(struct vfa_host *host, enum vfa_backend backend)
{
	struct backend *opened;
	int err = host_hold(host, &host);

	if (err)
		return err;
	err = backend_open(host, backend, -1, &opened);
	if (!err)
		backend_close(opened);
	vfa_host_free(host);
	return err;
}
