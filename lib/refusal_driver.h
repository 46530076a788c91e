/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why a function does not get a driver, and where that leaves it. */

#ifndef LIB_REFUSAL_DRIVER_H
#define LIB_REFUSAL_DRIVER_H

#include "base/error.h"
#include "rebind.h"

/* All that refuse return the -errno to give, recorded. */

/** rebind_is_gone() - the function has been unplugged */
bool rebind_is_gone(const struct rebind *rebind);

/** refuse_gone() - it has been unplugged while its driver was changed */
int refuse_gone(const struct rebind *rebind);

/** refuse_driver_name() - no driver can have this name */
int refuse_driver_name(const char *what, const char *name);

/** refuse_no_driver() - no driver of this name is in the kernel */
int refuse_no_driver(const struct rebind *rebind, const char *driver);

/** refuse_bridge() - VFIO's drivers take no bridges */
int refuse_bridge(const struct rebind *rebind, const char *driver);

/** refuse_read() - an attribute could not be read */
int refuse_read(const struct rebind *rebind, const char *path, int err);

/** refuse_write() - an attribute could not be written */
int refuse_write(const struct rebind *rebind, const char *path, int err);

/** refuse_bind() - @driver did not take the function */
int refuse_bind(const struct rebind *rebind, const char *driver, const char *path, int err);

/** refuse_raced() - the driver link does not say what was just written */
int refuse_raced(const struct rebind *rebind, const char *wanted, const char *found);

/** refuse_restored() - what failed, and that what was done is undone */
int refuse_restored(const struct rebind *rebind, const struct error_record *failure);

/** refuse_unrestored() - what failed, and then what kept it from being undone, as recorded */
int refuse_unrestored(const struct rebind *rebind, const struct error_record *failure);

#endif
