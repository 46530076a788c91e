/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What the tests of messages share. */

#ifndef MESSAGES_H
#define MESSAGES_H

#include "fixture.h"

/* The call failed for this cause, and said exactly this, paths below the machine's root. */
void check_says(struct machine *machine, const char *file, int line, int result,
		enum vfa_cause cause, const char *message, const char *hint);

#define SAYS(call, cause, message, hint)                                                           \
	check_says(*state, __FILE__, __LINE__, (call), VFA_CAUSE_##cause, message, hint)

/* In a container of its own, which must fail. */
int try_open(struct machine *machine, const char *bdf, const char *token);
int try_map_at(struct space space, uint64_t iova, uint64_t size);

extern const struct CMUnitTest join_messages[], map_messages[], device_messages[], pool_messages[];
extern const size_t join_messages_count, map_messages_count, device_messages_count;
extern const size_t pool_messages_count;

extern const struct CMUnitTest capture_messages[];
extern const size_t capture_messages_count;

extern const struct CMUnitTest driver_messages[];
extern const size_t driver_messages_count;

extern const struct CMUnitTest file_messages[];
extern const size_t file_messages_count;

extern const struct CMUnitTest region_messages[];
extern const size_t region_messages_count;
extern const struct CMUnitTest irq_messages[];
extern const size_t irq_messages_count;
extern const struct CMUnitTest monitor_messages[];
extern const size_t monitor_messages_count;
extern const struct CMUnitTest peer_messages[];
extern const size_t peer_messages_count;
extern const struct CMUnitTest reset_messages[];
extern const size_t reset_messages_count;

extern const struct CMUnitTest pasid_messages[];
extern const size_t pasid_messages_count;
extern const struct CMUnitTest share_messages[];
extern const size_t share_messages_count;
extern const struct CMUnitTest vmm_messages[];
extern const size_t vmm_messages_count;

#endif
