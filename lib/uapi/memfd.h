/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What the library uses of memfd_create (Linux 6.3), which the oldest supported
 * kernel headers do not have. tests/checks/uapi.sh compares it with the kernel's own.
 */

#ifndef UAPI_MEMFD_H
#define UAPI_MEMFD_H

#define UAPI_MFD_NOEXEC_SEAL 0x0008U

#endif
