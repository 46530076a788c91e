/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Access Control Services in words. */

#ifndef TOPOLOGY_WORDS_H
#define TOPOLOGY_WORDS_H

#include <stddef.h>
#include <vfa/topology.h>

#define ACS_WORDS 32
#define WORDS     512 /* room for any sentence on isolation */

/** acs_words() - "RR, CR"; returns @ret */
const char *acs_words(uint16_t bits, char ret[ACS_WORDS]);

/** words_lack() - what keeps a function from isolating: "has no ACS", "has RR, CR off" */
void words_lack(const struct vfa_function *function, char ret[WORDS]);

/** words_step() - why a function on a path does not isolate, and what that means */
void words_step(const struct vfa_function *function, char ret[WORDS]);

#endif
