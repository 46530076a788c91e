/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Features of a device, as the rest of the library uses them. */

#ifndef LIB_FEATURE_H
#define LIB_FEATURE_H

#include <vfa/feature.h>

/**
 * feature_call() - get or set a feature, whatever it takes
 * @access: one of enum vfa_feature_access
 *
 * Return: 0 or more, or -errno, unrecorded: -ENOTTY for no such feature, -EINVAL for
 * many reasons.
 */
int feature_call(struct vfa_device *device, uint32_t feature, uint32_t access, void *data,
		 size_t size);

/** feature_refuse() - put a failure of feature_call() into words; returns -errno */
int feature_refuse(struct vfa_device *device, uint32_t feature, uint32_t access, int err);

#endif
