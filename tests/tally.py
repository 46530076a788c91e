#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
"""Count test cases.

tally.py tap STATUS <OUTPUT   one program: prints "PASSED FAILED SKIPPED"
tally.py meson TESTLOG.json   a run of meson test: the same, after one line for
                              each program and the output of those that failed
"""

import json
import re
import sys

SKIP_STATUS = 77


def tally(output, status):
    """The (passed, failed, skipped) cases of a program that printed TAP, or one
    case by its exit status if it printed none."""
    passed = failed = skipped = planned = 0
    for line in output.splitlines():
        if plan := re.match(r"1\.\.(\d+)", line):
            planned += int(plan[1])
        elif case := re.match(r"(not )?ok\b", line):
            # cmocka up to 1.1.5 prints "not ok" for what was skipped.
            if re.search(r"# SKIP\b", line, re.IGNORECASE):
                skipped += 1
            elif case[1]:
                failed += 1
            else:
                passed += 1

    seen = passed + failed + skipped
    if not seen and not planned:
        return (status == 0, status not in (0, SKIP_STATUS), status == SKIP_STATUS)
    # A case without a result never ran, or took the program with it.
    failed += max(0, planned - seen)
    if status != 0 and not failed:
        failed = 1
    return passed, failed, skipped


def meson(path):
    total = [0, 0, 0]
    with open(path, encoding="utf-8", errors="replace") as log:
        runs = [json.loads(line) for line in log]
    for run in runs:
        status = run.get("returncode")
        # A program that meson ended has no exit status worth counting.
        if run["result"] in ("TIMEOUT", "INTERRUPT", "ERROR") or status is None:
            status = 1
        counts = tally(run.get("stdout", ""), status)
        total = [sum(pair) for pair in zip(total, counts)]
        name = run["name"].split(" / ")[-1]
        verdict = "FAIL" if counts[1] else "PASS" if counts[0] else "SKIP"
        print(f"{verdict} {name} {sum(counts)} cases {run['duration']:.0f} s")
        if counts[1]:
            text = run.get("stdout", "") + run.get("stderr", "")
            print(f"     exit status {status}, {run['result']}")
            print("\n".join("     " + line for line in text.splitlines()[-60:]))
    print(*total)


if __name__ == "__main__":
    if sys.argv[1] == "tap":
        print(*map(int, tally(sys.stdin.read(), int(sys.argv[2]))))
    else:
        meson(sys.argv[2])
