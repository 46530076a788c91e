#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
"""What vfa prints of captured machines, held against golden files.

golden.py VFA            compare; prints what differs
golden.py --update VFA   make the golden files anew

For each capture tests/captures/NAME.vfa and each reading command there are two files,
tests/golden/NAME/COMMAND.txt with tables and trees, and COMMAND.json. Besides, what is
refused is in tests/golden/refusals.txt.

The output must not depend on who runs this where: the locale is C, there is no
terminal, and names come from tests/golden/pci.ids.
"""

import concurrent.futures
import difflib
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
CAPTURES = HERE.parent / "captures"
NAMES = HERE / "pci.ids"

# What does not read, or not of a captured machine.
OTHER_COMMANDS = {"bind", "capture", "monitor", "unbind"}

# What every machine has on its root bus.
CHIPSET = ("0000:00:00.", "0000:00:1f.")


class Machine:
    """A captured machine, and what is there to ask about."""

    def __init__(self, vfa, capture):
        self.vfa = vfa
        self.name = capture.stem
        self.capture = capture
        columns = "address,group,ids,type,config"
        listed = self.run("list", "--json", "-o", columns)
        if listed.returncode:
            raise SystemExit(f"golden.py: {capture}: {listed.stderr}")
        self.functions = json.loads(listed.stdout)["devices"]

    def run(self, *words):
        """Run a command on the machine."""
        line = [self.vfa, "--host", self.capture, "--pci-ids", NAMES, *words]
        return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False,
                              env={"LC_ALL": "C", "PATH": os.environ["PATH"]})

    def every(self):
        """Each function."""
        return [[function["address"]] for function in self.functions]

    def kinds(self):
        """One function of each kind."""
        first = {}
        for function in self.functions:
            kind = function["ids"], function["type"], function["config"]
            first.setdefault(kind, function["address"])
        return [[address] for address in first.values()]

    def groups(self):
        """One function of each group, then all of them together; any without groups."""
        first = {}
        for function in self.functions:
            first.setdefault(function["group"], function["address"])
        if None in first and len(first) > 1:
            del first[None]
        return [[address] for address in first.values()] + [list(first.values())]

    def ends(self):
        """The functions that send requests, without those that every machine has."""
        return [function for function in self.functions if not leads_on(function)
                and not function["address"].startswith(CHIPSET)]

    def neighbours(self):
        """Two functions of each group that has them."""
        groups = {}
        for function in self.ends():
            groups.setdefault(function["group"], []).append(function["address"])
        groups.pop(None, None)
        return [members[:2] for members in groups.values() if len(members) > 1]

    def pairs(self):
        """One function of each kind with the next, the first with the last of all, neighbours."""
        ends = [function["address"] for function in self.ends()]
        kinds = [address for [address] in self.kinds() if address in ends]
        pairs = list(zip(kinds, kinds[1:]))
        pairs = [list(pair) for pair in [*pairs, (kinds[0], ends[-1])]]
        return pairs + [pair for pair in self.neighbours() if pair not in pairs]

    def changes(self):
        """The bits that isolate, cleared and set on each port."""
        ports = [function["address"] for function in self.functions
                 if (function["type"] or "").endswith(" port")]
        return [["--what-if", f"{port}:{sign}SV,{sign}RR,{sign}CR,{sign}UF"]
                for port in ports[:4] for sign in "-+"]


def leads_on(function):
    """Whether it is a bridge, of those that say so."""
    return (function["type"] or "").endswith((" port", " bridge"))


def lines_of(machine, command):
    """The command lines to try of a reading command."""
    lines = {
        "coherency": machine.kinds,
        "doctor": lambda: [[], *machine.kinds()],
        "info": machine.kinds,
        "iova": machine.groups,
        "isolation": lambda: [[], *machine.every(), *machine.changes()],
        "list": lambda: [[], ["-O", "--sort", "group"]],
        "group": lambda: [[], ["-O"], machine.every()[0]],
        "p2p": machine.pairs,
        "pasid": lambda: [*machine.groups()[:-1], sum(machine.every()[:2], [])],
        "vfs": lambda: [[], ["-O"], *machine.every()[-1:]],
    }
    if command not in lines:
        raise SystemExit(f"golden.py: how to try vfa {command}? say so in lines_of()")
    return [[command, *line] for line in lines[command]()]


def told(words, run):
    """All that a command said; blanks at the end of a line depend on libsmartcols."""
    text = "".join(line.rstrip() + "\n" for line in run.stdout.splitlines())
    text += "".join("! " + line.rstrip() + "\n" for line in run.stderr.splitlines())
    return f"$ vfa {' '.join(words)}\n{text}= {run.returncode}\n\n"


def parsed(words, run):
    """The JSON that a command printed, which need not have the same blanks everywhere."""
    try:
        return json.loads(run.stdout) if run.stdout else None
    except json.JSONDecodeError as error:
        raise SystemExit(f"golden.py: vfa {' '.join(words)}: not JSON: {error}") from error


def written(value, depth=0):
    """JSON with a row a line, and rows that are long on several: so differences are small."""
    whole = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, (dict, list)) or (depth > 2 and len(whole) < 1000):
        return whole
    if isinstance(value, dict):
        inside = [f"{json.dumps(key)}: {written(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inside) + "\n}"
    return "[\n" + ",\n".join(written(item, depth + 1) for item in value) + "\n]"


def of_command(machine, command):
    """The golden files of a command: their names and texts."""
    text, documents = "", {}
    for words in lines_of(machine, command):
        text += told(words, machine.run(*words))
        words = [*words, "--json"]
        documents[" ".join(words)] = parsed(words, machine.run(*words))
    stem = f"{machine.name}/{command}"
    yield f"{stem}.txt", text
    yield f"{stem}.json", written(documents) + "\n"


def refusals(machine):
    """Command lines that make no sense, or little, and devices that are not there."""
    address = machine.functions[0]["address"]
    lines = [
        [],
        ["no-such-command"],
        ["list", "too-many"],
        ["info"],
        ["info", address, address],
        ["list", "--no-such-option"],
        ["list", "-o"],
        ["list", "-o", "no-such-column"],
        ["list", "-o", "address,"],
        ["list", "-o", ""],
        ["list", "--json=yes"],
        ["list", "--sort", "no-such-column"],
        ["list", "--sort", "config"],
        ["info", "--sort", "address", address],
        ["info", "no-such-device"],
        ["info", "ffff:ff:1f.7"],
        ["iova", address, "ffff:ff:1f.7"],
        ["iova", "--backend", "no-such-backend", address],
        ["group", "4294967295"],
        ["group", "99999999999"],
        ["group", "no-such-device"],
        ["isolation", "no-such-device"],
        ["isolation", "-o", "address"],
        ["isolation", "-o", "no-such-column", "--json", address],
        ["isolation", "-o", "address,type", "--json", address],
        ["isolation", "-n"],
        ["isolation", address, "--what-if", f"{address}:RR"],
        ["isolation", address, "--what-if", f"{address}:+RR,-XX"],
        ["isolation", "--what-if", "+RR"],
        ["isolation", "--what-if", "ffff:ff:1f.7:+RR"],
        ["monitor"],
        ["vfs", "no-such-device"],
        ["vfs", address],
        ["vfs", address, "1"],
        ["vfs", "--dry-run", address, "1"],
        ["vfs", "--dry-run", address, "-1"],
        ["vfs", "--dry-run", "--", address, "-1"],
        ["vfs", "--dry-run", address, "many"],
        ["vfs", address, "1", "2"],
        ["list", "--pci-ids", "/no/such/file", "-o", "address,device"],
        ["list", "--pci-ids", "/proc/version", "-o", "address,device"],
        ["--no-such-option"],
        ["--host", "/no/such/file", "list"],
        ["--host"],
    ]
    return "".join(told(words, machine.run(*words)) for words in lines)


def golden(vfa):
    """All golden files: their names and texts."""
    helped = subprocess.run([vfa, "--help"], capture_output=True, text=True, check=True).stdout
    listed = helped.split("\nCommands:\n")[1].split("\n\n")[0]
    commands = {line.split()[0] for line in listed.splitlines()} - OTHER_COMMANDS
    machines = [Machine(vfa, capture) for capture in sorted(CAPTURES.glob("*.vfa"))]
    if not machines:
        raise SystemExit("golden.py: there are no captures")
    yield "refusals.txt", refusals(machines[0])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        tasks = [(machine, command) for machine in machines for command in sorted(commands)]
        for files in pool.map(lambda task: list(of_command(*task)), tasks):
            yield from files


def update(files):
    """Write them, and take away those of commands and captures that are no more."""
    for path in HERE.glob("*/*"):
        if path.relative_to(HERE).as_posix() not in files:
            path.unlink()
    for name, text in files.items():
        path = HERE / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def compare(files):
    """Print what differs; returns how many files do."""
    wrong = 0
    there = {path.relative_to(HERE).as_posix() for path in HERE.glob("*/*")} | {"refusals.txt"}
    for name in sorted(there | set(files)):
        path = HERE / name
        golden_text = path.read_text(encoding="utf-8") if path.exists() else ""
        text = files.get(name, "")
        if text == golden_text:
            continue
        wrong += 1
        print(f"{name} differs:")
        lines = difflib.unified_diff(golden_text.splitlines(), text.splitlines(),
                                     "golden", "printed", lineterm="")
        print("\n".join(list(lines)[:40]))
    print(f"{len(files)} golden files, {wrong} wrong")
    return wrong


def main(words):
    """Compare or update."""
    updating = words[:1] == ["--update"]
    if len(words) != 1 + updating:
        raise SystemExit("usage: golden.py [--update] VFA")
    files = dict(golden(pathlib.Path(words[-1]).resolve()))
    if updating:
        update(files)
        return 0
    return compare(files) > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
