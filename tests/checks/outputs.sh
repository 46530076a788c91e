#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# What pages in docs/ show of vfa with a captured machine is what it prints. In a page "..."
# stands for the rest of a line, or alone for any number of lines.
# usage: outputs.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: outputs.sh SOURCE_DIR BUILD_DIR}
build_dir=$(realpath "${2:?usage: outputs.sh SOURCE_DIR BUILD_DIR}")

if [ ! -x "$build_dir/tools/vfa/vfa" ] || ! command -v python3 > /dev/null; then
	echo "skipped: build the command, and install python3"
	exit 77
fi

cd "$source_dir"
LC_ALL=C exec python3 - "$build_dir/tools/vfa/vfa" docs/*.md << 'END'
import re
import shlex
import subprocess
import sys

COMMAND = "$ vfa --host "


def pattern_of(line):
    """A regular expression for a line of a page, with its end."""
    if line == "...":
        return "(?:.*\n)*?"
    if line.endswith("..."):
        return re.escape(line[:-3].rstrip()) + ".*\n"
    return re.escape(line) + "\n"


def printed(vfa, words):
    """What the command prints, without blanks at the end of lines."""
    run = subprocess.run([vfa, *words], capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"{shlex.join(words)} exits with {run.returncode}: {run.stderr}")
    return "".join(line.rstrip() + "\n" for line in run.stdout.splitlines())


def blocks_of(page):
    """The literal blocks of a page, of no language, as lists of lines."""
    fence, lines = None, []
    with open(page, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if not line.startswith("```"):
                lines.append(line)
            elif fence is None:
                fence, lines = line, []
            else:
                if fence == "```":
                    yield lines
                fence = None


def main(vfa, pages):
    shown = wrong = 0
    for page in pages:
        for line, *expected in filter(None, blocks_of(page)):
            if not line.startswith(COMMAND):
                continue
            shown += 1
            text = printed(vfa, shlex.split(line)[2:])
            if not re.fullmatch("".join(map(pattern_of, expected)), text):
                wrong += 1
                print(f"{page}: {line[2:]} prints otherwise:\n{text}")
    print(f"{shown} outputs in pages, {wrong} wrong")
    return wrong > 0 or shown == 0


sys.exit(main(sys.argv[1], sys.argv[2:]))
END
