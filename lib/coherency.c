/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "coherency.h"

#include <stdio.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "container.h"
#include "device.h"
#include "device_config.h"
#include "topology/function.h"
#include "topology/no_snoop.h"
#include "topology/pci.h"

#define LEAST_COHERENCY OPTIONS_UP_TO(struct vfa_coherency, platform_origin)

VFA_API int vfa_coherency_is_enforced(struct vfa_container *container)
{
	int answer;

	if (!container)
		return error_null("container");
	container_lock(container);
	answer = container_require_space(container, "coherency");
	if (!answer) {
		answer = container->backend->ops->is_coherent(container->backend);
		if (answer < 0)
			answer = error_kernel(answer, "ask for VFIO_DMA_CC_IOMMU");
	}
	container_unlock(container);
	return answer;
}

VFA_API enum vfa_coherency_verdict
vfa_coherency_judge(enum vfa_answer device, enum vfa_answer iommu, enum vfa_answer platform)
{
	if (device == VFA_NO || iommu == VFA_NO || platform == VFA_NO)
		return VFA_COHERENCY_COHERENT;
	if (device == VFA_YES && iommu == VFA_YES && platform == VFA_YES)
		return VFA_COHERENCY_CAN_BREAK;
	return VFA_COHERENCY_MAY_BREAK;
}

/* Chipsets differ, and none says so in a register that is the same on all. */
static void judge(struct vfa_coherency *ret)
{
	ret->platform = VFA_UNKNOWN;
	snprintf(
		ret->platform_origin, sizeof(ret->platform_origin),
		"no register and no interface of the kernel tells whether the root complex honours "
		"No Snoop");
	ret->verdict = vfa_coherency_judge(ret->device, ret->iommu, ret->platform);
}

static void answer_device(const struct vfa_host *host, const char *bdf,
			  const struct config_space *config, struct vfa_coherency *ret)
{
	struct no_snoop no_snoop;

	no_snoop_read(host, bdf, config, &no_snoop);
	ret->device = no_snoop.answer;
	memcpy(ret->device_origin, no_snoop.origin, sizeof(ret->device_origin));
}

/* With the container's lock held. */
static void answer_iommu(struct backend *backend, struct vfa_coherency *ret)
{
	const char *name = vfa_backend_name(backend->kind);
	int enforced;

	if (backend->kind == VFA_BACKEND_NOIOMMU) {
		ret->iommu = VFA_YES;
		snprintf(ret->iommu_origin, sizeof(ret->iommu_origin),
			 "noiommu: no IOMMU is between the device and memory");
		return;
	}
	enforced = backend->ops->is_coherent(backend);
	if (enforced < 0) {
		ret->iommu = VFA_UNKNOWN;
		snprintf(ret->iommu_origin, sizeof(ret->iommu_origin),
			 "VFIO_DMA_CC_IOMMU of %s failed: %s", name, strerror(-enforced));
		return;
	}
	ret->iommu = enforced ? VFA_NO : VFA_YES;
	snprintf(ret->iommu_origin, sizeof(ret->iommu_origin),
		 "VFIO_DMA_CC_IOMMU of %s is %d for the address space: accesses %s", name, enforced,
		 enforced ? "are made to snoop" : "need not snoop");
}

void coherency_of(struct vfa_device *device, struct vfa_coherency *ret)
{
	struct vfa_container *container = device->container;
	struct device_config config;

	device_config(device, &config);
	answer_device(container->host, device->bdf, &config.space, ret);
	container_lock(container);
	answer_iommu(container->backend, ret);
	container_unlock(container);
	judge(ret);
}

VFA_API int vfa_device_coherency(struct vfa_device *device, struct vfa_coherency *ret)
{
	struct vfa_coherency coherency = { .struct_size = 0 };
	int err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = options_check_result("vfa_coherency", ret, LEAST_COHERENCY);
	if (err)
		return err;
	coherency_of(device, &coherency);
	options_return(&coherency, sizeof(coherency), ret);
	return 0;
}

/* What covers a device shows without it in an address space; what that enforces does not. */
static void answer_cover(const struct pci_function *function, struct vfa_coherency *ret)
{
	ret->iommu = VFA_UNKNOWN;
	if (function->group < 0 || function->noiommu) {
		ret->iommu = VFA_YES;
		snprintf(ret->iommu_origin, sizeof(ret->iommu_origin),
			 "%s is in no IOMMU group: no IOMMU is between it and memory",
			 function->bdf);
		return;
	}
	snprintf(ret->iommu_origin, sizeof(ret->iommu_origin),
		 "what the IOMMU enforces shows in an address space with %s in it", function->bdf);
}

static int read_closed(const struct vfa_host *host, const char *bdf, struct vfa_coherency *ret)
{
	struct function_config config;
	struct pci_function function;

	pci_read(host, bdf, &function);
	if (!function.exists)
		return pci_refuse_missing(bdf);
	function_config_open(host, bdf, &config);
	answer_device(host, bdf, &config.space, ret);
	function_config_close(&config);
	answer_cover(&function, ret);
	judge(ret);
	return 0;
}

VFA_API int vfa_coherency_read(struct vfa_host *host, const char *bdf, struct vfa_coherency *ret)
{
	struct vfa_coherency coherency = { .struct_size = 0 };
	char full[BDF_SIZE];
	int err;

	if (!ret)
		return error_null("ret");
	err = options_check_result("vfa_coherency", ret, LEAST_COHERENCY);
	if (!err)
		err = bdf_parse(bdf, full);
	if (!err)
		err = host_hold(host, &host);
	if (err)
		return err;
	err = read_closed(host, full, &coherency);
	vfa_host_free(host);
	if (!err)
		options_return(&coherency, sizeof(coherency), ret);
	return err;
}

VFA_API const char *vfa_coherency_verdict_name(enum vfa_coherency_verdict verdict)
{
	switch (verdict) {
	case VFA_COHERENCY_COHERENT:
		return "coherent";
	case VFA_COHERENCY_MAY_BREAK:
		return "may break";
	case VFA_COHERENCY_CAN_BREAK:
		return "can break";
	}
	return "unknown";
}
