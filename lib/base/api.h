/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What the version script exports is marked where it is defined. */

#ifndef BASE_API_H
#define BASE_API_H

#define VFA_API __attribute__((visibility("default")))

#endif
