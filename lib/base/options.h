/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Options of a caller built against an older or newer header: the fields both
 * sides know are used, the rest is zero.
 */

#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

/* The size of a struct that ends with a field: with the last one of the first release. */
#define OPTIONS_UP_TO(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))

/**
 * options_copy() - take a caller's options
 * @what: the struct's name for the message
 * @options: the caller's, or NULL for all zero
 * @ret: this library's, of @size bytes
 *
 * Return: 0, or -EINVAL when the caller's struct_size is less than @least (the
 * size in the first release) or fields this library does not know are set.
 */
int options_copy(const char *what, const void *options, size_t least, void *ret, size_t size);

/**
 * options_check_result() - whether a caller's struct has room for an answer
 * @what: the struct's name for the message
 * @result: the caller's, with its struct_size
 * @least: its size in the first release
 *
 * Return: 0 or -EINVAL, recorded.
 */
int options_check_result(const char *what, const void *result, size_t least);

/** options_return() - give as much of an answer as the caller knows; the rest is zero */
void options_return(const void *answer, size_t size, void *ret);

#endif
