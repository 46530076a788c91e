# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors
# shellcheck shell=bash

complete -W 'group list' vfa
