/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "question.h"

void question_name(const void *data, struct cell *cell)
{
	const struct question *question = data;

	cell_set(cell, "%s", question->name);
}

void question_answer(const void *data, struct cell *cell)
{
	const struct question *question = data;

	cell_set(cell, "%s", question->answer);
	cell_set_colour(cell, question->colour);
}

void question_origin(const void *data, struct cell *cell)
{
	const struct question *question = data;

	if (question->origin)
		cell_set(cell, "%s", question->origin);
}
