/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What a machine, or one of its devices, lacks for being given to user space.
 *
 * A probe is a list of checks, each with its result, the reason, and what to do. Nothing
 * is changed: nodes are opened for the time of a question, no device is opened, and the
 * kernel's log is not read. What cannot be known, for want of rights or on a captured
 * machine, is told as unknown with the reason. A probe never changes and may be read by
 * all threads.
 */

#ifndef VFA_PROBE_H
#define VFA_PROBE_H

#include <stddef.h>
#include <vfa/host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_probe;

/** enum vfa_probe_result - how a check came out; the larger the worse */
enum vfa_probe_result {
	VFA_PROBE_OK = 1,
	VFA_PROBE_UNKNOWN, /* it could not be found out */
	VFA_PROBE_WARNING, /* it works, but something is missing or unsafe */
	VFA_PROBE_FAILURE, /* VFIO cannot be used before this is mended */
};

/**
 * struct vfa_check - one check
 * @name: one word, the same on all machines
 * @result: how it came out
 * @reason: what was found, a sentence without a period
 * @hint: what to do about it, or an empty string; lines that start with two spaces are
 *	commands
 */
struct vfa_check {
	const char *name;
	enum vfa_probe_result result;
	const char *reason;
	const char *hint;
};

/**
 * vfa_probe_new() - look at a machine, or at one device
 * @host: the machine, or NULL for this one
 * @bdf: a PCI address, "0000:00:04.0" or "00:04.0", for the checks of that device; NULL
 *	for those of the machine
 * @ret: the checks, to be freed with vfa_probe_free()
 *
 * A check that another one's failure makes pointless is left out.
 *
 * Return: 0, whatever the results, or
 *	-EINVAL: @ret is NULL, or @bdf does not parse (VFA_CAUSE_BAD_BDF)
 *	-ENODEV: no such device (VFA_CAUSE_NO_DEVICE)
 *	-ENOMEM: no memory
 */
int vfa_probe_new(struct vfa_host *host, const char *bdf, struct vfa_probe **ret);

/**
 * vfa_probe_free() - free a probe
 * @probe: the probe, or NULL
 */
void vfa_probe_free(struct vfa_probe *probe);

/**
 * vfa_probe_worst() - the worst result of all checks
 * @probe: not NULL
 */
enum vfa_probe_result vfa_probe_worst(const struct vfa_probe *probe);

/**
 * vfa_probe_count_checks() - how many checks there are
 * @probe: not NULL
 */
size_t vfa_probe_count_checks(const struct vfa_probe *probe);

/**
 * vfa_probe_get_check() - one check
 * @probe: not NULL
 * @index: from 0 to vfa_probe_count_checks() - 1
 *
 * Return: it, valid as long as @probe; NULL when @index is too large.
 */
const struct vfa_check *vfa_probe_get_check(const struct vfa_probe *probe, size_t index);

/**
 * vfa_probe_result_name() - "ok", "unknown", "warning" or "failure"
 * @result: any value; "unknown" for one this library does not know
 */
const char *vfa_probe_result_name(enum vfa_probe_result result);

#ifdef __cplusplus
}
#endif

#endif
