/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What a function was bound to before "vfa bind", until it is unbound or the machine
 * goes down: a file a function in /run/vfa.
 */

#ifndef VFA_REMEMBERED_H
#define VFA_REMEMBERED_H

#include <stdbool.h>
#include <stdint.h>
#include <vfa/driver.h>

/**
 * struct remembered - one function's
 * @id: vendor and device: another device at the address was bound to nothing
 * @driver: the driver before, "" for none
 * @override: the driver_override before, "" for none
 * @given: the driver that it was given to: if it has another now, somebody else bound it
 */
struct remembered {
	uint32_t id;
	char driver[VFA_DRIVER_NAME];
	char override[VFA_DRIVER_NAME];
	char given[VFA_DRIVER_NAME];
};

/** remembered_read() - false when nothing, or nothing that makes sense, is remembered */
bool remembered_read(const char *bdf, struct remembered *ret);

/** remembered_write() - whole or not at all; 0 or -errno */
int remembered_write(const char *bdf, const struct remembered *before);

void remembered_forget(const char *bdf);

#endif
