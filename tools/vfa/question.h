/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Rows of tables that ask something of devices. */

#ifndef QUESTION_H
#define QUESTION_H

#include "cell.h"

/* What was asked, the answer, and where it comes from, which may be NULL. */
struct question {
	const char *name;
	const char *answer;
	enum colour colour;
	const char *origin;
};

/* Its columns, as struct column has them. */
void question_name(const void *data, struct cell *cell);
void question_answer(const void *data, struct cell *cell);
void question_origin(const void *data, struct cell *cell);

#endif
