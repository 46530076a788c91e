#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
"""Hold docs/driver.md against the emulated machine.

tutorial.py [-b BUILDDIR] PROFILE            run the page; prints TAP
tutorial.py [-b BUILDDIR] --compile          only build its programs
tutorial.py [-b BUILDDIR] --update PROFILE   put what came out into the page

What the page says to its reader is what is done here. Blocks of C are pieces of
one program: a function or struct that is shown again replaces the older one, and a new
function goes above the first that uses it. A line that starts with "cc" says how it is
built. In blocks of kind console, lines after "# " were
typed on the machine, and those after "$ tests/vm/run.sh intel" on one that has
just been booted; the other lines came out. "..." stands for anything.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
PAGE = TREE / "docs/driver.md"
BOOTED = "tests/vm/run.sh intel "


class Program:
    """The reader's driver.c, as it grows."""

    def __init__(self):
        self.types = {}
        self.functions = {}

    @staticmethod
    def split(text):
        """Pieces are apart by an empty line that is not within braces."""
        piece = []
        for line in text.splitlines() + [""]:
            if line or (piece and "{" in "".join(piece) and not piece[-1].startswith("}")):
                piece.append(line)
            elif piece:
                yield "\n".join(piece)
                piece = []

    def add(self, text):
        new = {}
        for piece in self.split(text):
            function = re.search(r"^[a-z][\w *]*?(\w+)\(", piece, re.M)
            struct = re.search(r"^struct (\w+) {", piece, re.M)
            if not function:
                self.types[struct[1] if struct else piece] = piece
            elif function[1] in self.functions:
                self.functions[function[1]] = piece
            else:
                new[function[1]] = piece
        self.insert(new)

    def insert(self, new):
        """Above the first function that uses one of them."""
        order = list(self.functions.items())
        call = re.compile(rf"\b({'|'.join(new)})\(")
        users = (at for at, (_, text) in enumerate(order) if new and call.search(text))
        at = next(users, len(order))
        self.functions = dict(order[:at] + list(new.items()) + order[at:])

    def text(self):
        return "\n\n".join([*self.types.values(), *self.functions.values()]) + "\n"


class Command:
    def __init__(self, prompt, text, program):
        self.prompt, self.text, self.program = prompt, text, program
        self.expected, self.place = [], None

    def guest_text(self):
        return self.text.removeprefix(BOOTED) if self.prompt == "$" else self.text

    def matches(self, lines):
        pattern = "\n".join(
            "(.*\n)*?.*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*")
            for line in self.expected
        )
        return re.fullmatch(pattern, "\n".join(lines))


class Page:
    def __init__(self, path):
        self.lines = path.read_text().splitlines()
        self.build, self.commands, self.programs = "", [], []
        program, kind, start = Program(), None, 0
        for number, line in enumerate(self.lines):
            if not line.startswith("```"):
                continue
            if kind is None:
                kind, start = line[3:] or "text", number + 1
                continue
            block = self.lines[start:number]
            if kind == "c":
                program.add("\n".join(block))
            elif kind == "sh":
                self.build = next((text for text in block if text.startswith("cc ")), self.build)
            elif kind == "console":
                self.read_console(start, block, program)
            kind = None

    def version(self, program):
        if not self.programs or self.programs[-1] != program.text():
            self.programs.append(program.text())
        return len(self.programs) - 1

    def read_console(self, start, block, program):
        for number, line in enumerate(block, start):
            prompt = re.match(r"([#$]) (.*)", line)
            if prompt:
                used = self.version(program) if re.search(r"\bdriver\b", prompt[2]) else None
                self.commands.append(Command(prompt[1], prompt[2], used))
                self.commands[-1].place = slice(number + 1, number + 1)
            else:
                command = self.commands[-1]
                command.expected.append(line)
                command.place = slice(command.place.start, number + 1)

    def update(self, outputs):
        for command, output in reversed(list(zip(self.commands, outputs))):
            if not command.matches(output):
                self.lines[command.place] = output
        PAGE.write_text("\n".join(self.lines) + "\n")


def compile_all(page, build, work):
    """The page's own command, in a tree that looks like the reader's."""
    shutil.rmtree(work, ignore_errors=True)
    (work / "build/examples").mkdir(parents=True)
    (work / "include").symlink_to(TREE / "include")
    (work / "build/lib").symlink_to(build / "lib")
    for number, text in enumerate(page.programs):
        (work / "driver.c").write_text(text)
        command = page.build.replace("cc ", "${CC:-cc} -Wall -Wextra -Werror -Wno-unused-function ", 1)
        built = subprocess.run(command, shell=True, cwd=work, capture_output=True, text=True)
        if built.returncode:
            sys.exit(f"program {number + 1} of {PAGE.name} does not build:\n{built.stderr}")
        (work / "driver.c").rename(work / f"driver-{number}.c")
        (work / "build/examples/driver").rename(work / f"build/examples/driver-{number}")


def guest_script(page):
    script = ["export TERM=dumb"]
    for number, command in enumerate(page.commands):
        if command.program is not None:
            script.append(f"ln -sf driver-{command.program} /usr/bin/driver")
        if command.prompt == "$":
            script.append("vfa bind 0000:00:04.0 >/dev/null 2>&1")
        script += [f"echo '<<< {number}'", command.guest_text(), "echo '>>>'"]
    return "\n".join(script)


def run(page, build, work, profile):
    """What each command printed; nothing for those that the machine did not come to."""
    (work / "build/tools/vfa").mkdir(parents=True)
    shutil.copy(build / "tools/vfa/vfa", work / "build/tools/vfa")
    log = build / f"vm/logs/{profile}-tutorial.log"
    machine = subprocess.run(
        [TREE / "tests/vm/run.sh", "-b", work / "build", "-l", log, "-t", "300", profile]
        + ["sh", "-c", guest_script(page)],
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    text = re.sub(r"\r|\x1b\[[0-9;]*m", "", machine.stdout)
    found = dict(re.findall(r"^<<< (\d+)\n(.*?)^>>>$", text, re.M | re.S))
    return [
        [line.rstrip() for line in found.get(str(number), "").splitlines()]
        for number in range(len(page.commands))
    ]


def report(page, outputs):
    failed = 0
    print(f"1..{len(outputs)}")
    for number, (command, output) in enumerate(zip(page.commands, outputs), 1):
        ok = command.matches(output)
        failed += not ok
        print(f"{'' if ok else 'not '}ok {number} - {command.text.replace('#', '')}")
        if not ok:
            print("# the page has:", *command.expected, sep="\n#   ")
            print("# but out came:", *output, sep="\n#   ")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-b", dest="build", type=pathlib.Path, default=TREE / "build")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("profile", nargs="?")
    options = parser.parse_args()
    build, page = options.build.resolve(), Page(PAGE)
    work = build / f"tutorial-{options.profile or 'compile'}"
    compile_all(page, build, work)
    if options.compile:
        print(f"{len(page.programs)} programs in {PAGE.name}, 0 wrong")
        return 0
    outputs = run(page, build, work, options.profile)
    if options.update:
        page.update(outputs)
        return 0
    return report(page, outputs) > 0


if __name__ == "__main__":
    sys.exit(main())
