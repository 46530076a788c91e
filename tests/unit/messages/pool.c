/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why a piece is not got or put. */

#include <stdio.h>

#include "messages/messages.h"

#define EMPTY_HINT                                                                                 \
	"put pieces back, share those of idle threads with vfa_pool_flush, or make the pool "      \
	"with a larger count or max_count"

static struct vfa_pool *new_pool(struct space space, uint32_t cache_size)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct vfa_pool *pool = NULL;

	options.cache_size = cache_size;
	assert_ok(vfa_pool_new(space.container, PAGE, 4, &options, &pool));
	return pool;
}

static void pool_of_nothing_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_pool *pool = NULL;

	SAYS(vfa_pool_new(space.container, PAGE, 0, NULL, &pool), EMPTY,
	     "pool: 0 pieces of 4096 bytes", "give at least 1 of each");
	SAYS(vfa_pool_new(space.container, 0, 4, NULL, &pool), EMPTY, "pool: 4 pieces of 0 bytes",
	     "give at least 1 of each");
	close_space(space);
}

static void pool_empty_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_pool *pool = new_pool(space, 2);
	struct vfa_piece pieces[4], piece;

	SAYS(vfa_pool_get_many(pool, pieces, 5), POOL_EMPTY,
	     "pool: 0 of 4 pieces of 4096 bytes are out, and 1 are in the caches of threads: "
	     "5 wanted",
	     EMPTY_HINT);
	assert_ok(vfa_pool_get_many(pool, pieces, 4));
	SAYS(vfa_pool_get(pool, &piece), POOL_EMPTY,
	     "pool: 4 of 4 pieces of 4096 bytes are out, and 0 are in the caches of threads: "
	     "1 wanted",
	     EMPTY_HINT);
	assert_ok(vfa_pool_put_many(pool, pieces, 4));
	vfa_pool_free(pool);
	close_space(space);
}

static void bad_piece_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_pool *pool = new_pool(space, 2);
	struct vfa_piece piece;
	char message[128];

	assert_ok(vfa_pool_get(pool, &piece));
	snprintf(message, sizeof(message),
		 "put: no piece of this pool, of 4096 bytes each, starts at %p",
		 (void *)((char *)piece.vaddr + 64));
	SAYS(vfa_pool_put(pool, (char *)piece.vaddr + 64), BAD_PIECE, message,
	     "put what vfa_pool_get gave, into the pool that gave it");
	assert_ok(vfa_pool_put(pool, piece.vaddr));
	snprintf(message, sizeof(message), "put: the piece at %p is free already", piece.vaddr);
	SAYS(vfa_pool_put(pool, piece.vaddr), BAD_PIECE, message,
	     "put each piece once, and do not use it afterwards");
	vfa_pool_free(pool);
	close_space(space);
}

const struct CMUnitTest pool_messages[] = {
	ON_BOTH(pool_of_nothing_is_told),
	ON_BOTH(pool_empty_is_told),
	ON_BOTH(bad_piece_is_told),
};

const size_t pool_messages_count = sizeof(pool_messages) / sizeof(pool_messages[0]);
