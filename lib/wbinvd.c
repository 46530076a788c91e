/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What the coherency of a guest's devices means to its VMM. */

#include <stdio.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "coherency.h"
#include "container.h"
#include "device.h"

#define LEAST_WBINVD OPTIONS_UP_TO(struct vfa_wbinvd, reason)

struct set {
	struct vfa_device *const *devices;
	size_t count;
};

static bool is_in(const struct set *set, const struct vfa_device *device)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->devices[i] == device)
			return true;
	return false;
}

/* A container answers for all its devices, KVM asks of those in the set. */
static bool has_others(const struct set *set, struct vfa_container *container)
{
	const struct vfa_device *device;
	bool found;

	container_lock(container);
	for (device = container->devices; device && is_in(set, device);)
		device = device->next;
	found = device || container->moving;
	container_unlock(container);
	return found;
}

/* As KVM sees one device of the set. */
static enum vfa_answer ask_kernel(const struct set *set, const struct vfa_device *device,
				  enum vfa_answer iommu)
{
	if (iommu != VFA_YES || device->container->wanted == VFA_BACKEND_NOIOMMU)
		return iommu;
	return has_others(set, device->container) ? VFA_UNKNOWN : VFA_YES;
}

/* A yes counts more than an unknown one, and that more than a no. */
static enum vfa_answer worse(enum vfa_answer a, enum vfa_answer b)
{
	if (a == VFA_YES || b == VFA_YES)
		return VFA_YES;
	return a == VFA_UNKNOWN ? a : b;
}

static const char *decider(const struct vfa_coherency *answers)
{
	if (answers->device == VFA_NO)
		return answers->device_origin;
	return answers->iommu == VFA_NO ? answers->iommu_origin : answers->platform_origin;
}

static void tell(const struct vfa_device *device, const struct vfa_coherency *answers,
		 struct vfa_wbinvd *ret)
{
	if (answers->verdict == VFA_COHERENCY_COHERENT)
		snprintf(ret->reason, sizeof(ret->reason), "%s is coherent: %s", device->bdf,
			 decider(answers));
	else
		snprintf(ret->reason, sizeof(ret->reason),
			 "%s %s coherency: device %s, IOMMU %s, platform %s", device->bdf,
			 vfa_coherency_verdict_name(answers->verdict),
			 vfa_answer_name(answers->device), vfa_answer_name(answers->iommu),
			 vfa_answer_name(answers->platform));
}

static void ask_all(const struct set *set, struct vfa_wbinvd *ret)
{
	static const enum vfa_answer needed[] = {
		[VFA_COHERENCY_COHERENT] = VFA_NO,
		[VFA_COHERENCY_MAY_BREAK] = VFA_UNKNOWN,
		[VFA_COHERENCY_CAN_BREAK] = VFA_YES,
	};
	enum vfa_coherency_verdict worst = VFA_COHERENCY_COHERENT;
	struct vfa_coherency answers;

	snprintf(ret->reason, sizeof(ret->reason), "there is no device");
	for (size_t i = 0; i < set->count; i++) {
		coherency_of(set->devices[i], &answers);
		ret->kernel = worse(ret->kernel, ask_kernel(set, set->devices[i], answers.iommu));
		if (i && answers.verdict <= worst)
			continue;
		worst = answers.verdict;
		ret->device = i;
		tell(set->devices[i], &answers, ret);
	}
	ret->needed = needed[worst];
}

static int check_devices(struct vfa_device *const *devices, size_t count)
{
	if (!devices && count)
		return error_null("devices");
	for (size_t i = 0; i < count; i++)
		if (!devices[i])
			return error_null("devices[i]");
	return 0;
}

VFA_API int vfa_coherency_needs_wbinvd(struct vfa_device *const *devices, size_t count,
				       struct vfa_wbinvd *ret)
{
	const struct set set = { devices, count };
	struct vfa_wbinvd wbinvd = { .struct_size = 0 };
	int err = check_devices(devices, count);

	if (!err && ret)
		err = options_check_result("vfa_wbinvd", ret, LEAST_WBINVD);
	if (err)
		return err;
	ask_all(&set, &wbinvd);
	if (ret)
		options_return(&wbinvd, sizeof(wbinvd), ret);
	return wbinvd.needed != VFA_NO;
}
