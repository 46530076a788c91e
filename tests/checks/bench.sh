#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# The figures of bench/run.sh are those that its programs measure and README describes,
# and what a program prints gets into the file for programs. Nothing is measured.
# usage: bench.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: bench.sh SOURCE_DIR BUILD_DIR}
bench=$source_dir/bench
failures=0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
	echo "$1" >&2
	failures=$((failures + 1))
}

mapfile -t figures < <(sed -n 's/^    "\([a-z0-9_]*\)  *[a-z]*\/bench_.*/\1/p' "$bench/run.sh")
[ "${#figures[@]}" -gt 0 ] || fail "run.sh: no figures"

"$bench/run.sh" --help > "$work/help"
for figure in "${figures[@]}"; do
	grep -qw -- "$figure" "$work/help" || fail "$figure: not in run.sh --help"
	grep -qr --include='bench_*.c' "\"$figure\"" "$bench" || fail "$figure: no program measures it"
	described=${figure%_random} # "the same with ..."
	grep -q "\`${described%_overlapped}\`" "$source_dir/README.md" || fail "$figure: not in README.md"
done

status=0
"$bench/run.sh" no_such_figure > /dev/null 2>&1 || status=$?
[ "$status" -eq 2 ] || fail "run.sh no_such_figure: status $status instead of 2"

# shellcheck source=../../bench/report.sh
. "$bench/report.sh"
tsv=$work/bench.tsv
target_of()
{
	echo 1.10
}
report_start > "$work/table"
read_report >> "$work/table" << 'END'
progress	fast: round 1
figure	fast	12.50	ns	a bare loop	1.100	11.36	1.090	1.120	5
figure	slow	1250.00	ns	a bare loop	1.101	1135.3	1.100	1.102	5
skip	absent	there is no machine
END
printf 'fast\t12.50\tns\ta bare loop\t1.100\nslow\t1250.00\tns\ta bare loop\t1.101\n' > "$work/expected"
diff "$work/expected" "$tsv" || fail "bench.tsv is not as expected"
for line in 'fast .* reached$' 'slow .* MISSED$' 'absent .* skipped: there is no machine$'; do
	grep -q "^$line" "$work/table" || fail "no \"$line\" in the table: $(cat "$work/table")"
done
# shellcheck disable=SC2154 # read_report sets them
[ "$seen$broken" = ' fast  slow  absent 0' ] || fail "seen is \"$seen\", broken $broken"
printf 'failed\t3\n' | { read_report > /dev/null; [ "$broken" -eq 1 ]; } || fail "a failure is not told"

echo "${#figures[@]} figures, $failures wrong"
[ "$failures" -eq 0 ]
