# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# The functions that the preprocessed headers on stdin declare (not those they
# define), one a line. Used by the checks.

{ text = text $0 " " }

END {
	depth = 0
	statement = ""
	count = length(text)
	for (i = 1; i <= count; i++) {
		c = substr(text, i, 1)
		if (c == "{") {
			depth++
		} else if (c == "}") {
			if (--depth == 0)
				statement = ""
		} else if (depth > 0) {
			continue
		} else if (c == ";") {
			if (statement !~ /typedef|static/ && match(statement, /[ *]vfa_[a-z0-9_]+ *\(/))
				print substr(statement, RSTART + 1, RLENGTH - 2)
			statement = ""
		} else {
			statement = statement c
		}
	}
}
