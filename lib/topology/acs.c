/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/acs.h"

#define VENDOR_INTEL 0x8086

/*
 * VT-d's specification has Intel's integrated endpoints send every untranslated
 * request to the IOMMU, so that the kernel asks for no ACS there.
 */
static bool is_isolated_by_design(const struct vfa_function *function)
{
	return function->type == VFA_FUNCTION_ROOT_ENDPOINT && function->vendor == VENDOR_INTEL;
}

bool acs_applies(const struct vfa_function *function)
{
	switch (function->type) {
	case VFA_FUNCTION_ROOT_PORT:
	case VFA_FUNCTION_DOWNSTREAM_PORT:
	case VFA_FUNCTION_ENDPOINT:
	case VFA_FUNCTION_LEGACY_ENDPOINT:
	case VFA_FUNCTION_UPSTREAM_PORT:
	case VFA_FUNCTION_ROOT_ENDPOINT:
		return true;
	default:
		return false;
	}
}

/* A function alone in its slot has no peer to reach, unless it is a port to several. */
static bool has_peers(const struct vfa_function *function)
{
	return function->is_multifunction || function->type == VFA_FUNCTION_ROOT_PORT ||
	       function->type == VFA_FUNCTION_DOWNSTREAM_PORT;
}

uint16_t acs_missing(const struct vfa_function *function)
{
	/* What has gone, or sleeps too deeply to tell, is left to itself. */
	if (function->type == VFA_FUNCTION_UNKNOWN)
		return 0;
	if (!acs_applies(function))
		return VFA_ACS_ISOLATION;
	if (!has_peers(function) || is_isolated_by_design(function))
		return 0;
	if (function->acs.present != VFA_YES)
		return VFA_ACS_ISOLATION;
	return VFA_ACS_ISOLATION & function->acs.capability & ~function->acs.control;
}

bool acs_isolates(const struct vfa_function *function)
{
	return !acs_missing(function);
}
