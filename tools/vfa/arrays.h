/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Arrays in JSON by libsmartcols, which knows neither an empty nor an unknown one:
 * its older versions write both as an array with null in it.
 */

#ifndef VFA_TOOL_ARRAYS_H
#define VFA_TOOL_ARRAYS_H

/* The one word of an array that could not be read. */
#define ARRAY_UNKNOWN "?"

/** arrays_mend() - make empty arrays [] and unknown ones null, in place */
void arrays_mend(char *json);

#endif
