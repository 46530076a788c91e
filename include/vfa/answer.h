/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* An answer that may be unknown: what could not be read is never told as a no. */

#ifndef VFA_ANSWER_H
#define VFA_ANSWER_H

#ifdef __cplusplus
extern "C" {
#endif

/** enum vfa_answer - yes, no, or not known */
enum vfa_answer {
	VFA_NO = 0,
	VFA_YES = 1,
	VFA_UNKNOWN = 2,
};

/**
 * vfa_answer_name() - "no", "yes" or "unknown"
 * @answer: any value
 */
const char *vfa_answer_name(enum vfa_answer answer);

#ifdef __cplusplus
}
#endif

#endif
