/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What the config space of a function says of PASIDs, ATS and PRI. */

#ifndef VFA_TOOL_PASID_REGISTERS_H
#define VFA_TOOL_PASID_REGISTERS_H

#include "base/host.h"
#include "pasid_facts.h"

/** pasid_registers_read() - the facts device, enabled, ats and pri, and the bits */
void pasid_registers_read(const struct vfa_host *host, const char *bdf, struct pasid_facts *facts);

#endif
