/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What decides whether address spaces can be attached to a device by PASID, without opening it. */

#ifndef VFA_TOOL_PASID_FACTS_H
#define VFA_TOOL_PASID_FACTS_H

#include <vfa/answer.h>
#include <vfa/host.h>

#include "base/bdf.h"

#define PASID_ORIGIN 320

/* An answer, and where it comes from. */
struct pasid_fact {
	enum vfa_answer answer;
	char origin[PASID_ORIGIN];
};

enum pasid_verdict {
	PASID_IMPOSSIBLE,
	PASID_UNKNOWN,
	PASID_AS_GROUP, /* with all other members of its group */
	PASID_POSSIBLE,
};

struct pasid_facts {
	struct pasid_fact device;  /* it has the capability */
	struct pasid_fact enabled; /* the kernel turned it on */
	struct pasid_fact iommu;   /* it translates requests with PASIDs */
	struct pasid_fact group;   /* the device is alone */
	struct pasid_fact others;  /* else all others have the capability too */
	struct pasid_fact kernel;  /* it attaches by PASID */
	struct pasid_fact ats;     /* what follows is for page faults alone */
	struct pasid_fact pri;
	unsigned int bits; /* of the PASIDs that device and IOMMU both have */
	enum pasid_verdict verdict;
	char reason[PASID_ORIGIN];
};

/** pasid_tell() - an answer, in words */
void pasid_tell(struct pasid_fact *fact, enum vfa_answer answer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * pasid_facts_read() - look at a function
 *
 * Return: 0, or -errno with the failure recorded when there is no such function.
 */
int pasid_facts_read(struct vfa_host *host, const char bdf[BDF_SIZE], struct pasid_facts *ret);

#endif
