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

static bool is_port(const struct vfa_function *function)
{
	return function->type == VFA_FUNCTION_ROOT_PORT ||
	       function->type == VFA_FUNCTION_DOWNSTREAM_PORT;
}

bool acs_has_peers(const struct vfa_function *function)
{
	return function->is_multifunction || is_port(function);
}

/* Between functions of one device nothing else is defined. */
#define IN_SLOT (VFA_ACS_RR | VFA_ACS_CR | VFA_ACS_EC | VFA_ACS_DT)

uint16_t acs_possible(const struct vfa_function *function)
{
	if (is_port(function))
		return ACS_BITS;
	return acs_applies(function) ? IN_SLOT : 0;
}

bool acs_takes_over(const struct vfa_function *bridge)
{
	return bridge->type == VFA_FUNCTION_CONVENTIONAL ||
	       bridge->type == VFA_FUNCTION_PCI_BRIDGE ||
	       bridge->type == VFA_FUNCTION_EXPRESS_BRIDGE;
}

uint16_t acs_missing(const struct vfa_function *function)
{
	/* What has gone, or sleeps too deeply to tell, is left to itself. */
	if (function->type == VFA_FUNCTION_UNKNOWN)
		return 0;
	if (!acs_applies(function))
		return VFA_ACS_ISOLATION;
	if (!acs_has_peers(function) || is_isolated_by_design(function))
		return 0;
	if (function->acs.present != VFA_YES)
		return VFA_ACS_ISOLATION;
	return VFA_ACS_ISOLATION & function->acs.capability & ~function->acs.control;
}

bool acs_isolates(const struct vfa_function *function)
{
	return !acs_missing(function);
}
