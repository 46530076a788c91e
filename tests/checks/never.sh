#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# The library never prints, ends the process, reads the environment, touches signals,
# runs at load or keeps a writable global; and it needs the C library alone.
# usage: never.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

build_dir=${2:?usage: never.sh SOURCE_DIR BUILD_DIR}
library=$build_dir/lib/libvfa.so.0
failures=0

for tool in nm objdump readelf; do
	if ! command -v "$tool" > /dev/null; then
		echo "skipped: install binutils"
		exit 77
	fi
done

fail()
{
	echo "$1" >&2
	failures=$((failures + 1))
}

# Those that the tests link: the library's own are not code yet where it is linked as one.
mapfile -t objects < <(find "$build_dir"/lib/libvfa-internal.a.p -name '*.o' 2> /dev/null | sort)
if [ ! -e "$library" ] || [ ${#objects[@]} -eq 0 ]; then
	echo "skipped: build the shared library first (it is not in $build_dir/lib)"
	exit 77
fi
if nm -u "${objects[@]}" | grep 'U __[au][bs]\?san_\|U __gcov' > /dev/null; then
	echo "skipped: sanitizers and coverage do all of this; use a build without them"
	exit 77
fi

# What undefined symbols of the library must not match, as regular expressions. The
# _chk twins are what _FORTIFY_SOURCE makes of a call. A failed assert() does print
# and abort: it is a bug of the library itself, and not in a release build.
printing='printf|fprintf|dprintf|vprintf|vfprintf|vdprintf|puts|fputs|putc|fputc|_IO_putc|putchar'
printing+='|fwrite|putw|puts_unlocked|fputs_unlocked|putchar_unlocked|fputc_unlocked|fwrite_unlocked'
printing+='|perror|psignal|psiginfo|err|errx|verr|verrx|warn|warnx|vwarn|vwarnx|error|error_at_line'
printing+='|syslog|vsyslog|openlog|stdout|stderr|_IO_2_1_std(out|err)_'
ending='exit|_exit|_Exit|quick_exit|abort|raise|kill|tgkill|pthread_exit|pthread_kill'
ending+='|fork|vfork|_Fork|clone|exec[lv]p?e?|fexecve|posix_spawnp?|system|popen'
environment='getenv|secure_getenv|setenv|putenv|unsetenv|clearenv|_*environ|program_invocation_.*name'
signals='signal|bsd_signal|sysv_signal|sigaction|sigset|sigignore|siginterrupt|sigaltstack'
signals+='|sigprocmask|pthread_sigmask|signalfd|sigwait.*|alarm|setitimer|timer_create'
loading='atexit|__cxa_atexit|at_quick_exit|on_exit|__register_atfork|pthread_atfork|dlopen|dlmopen'
process='setlocale|umask|chdir|fchdir|chroot|setrlimit(64)?|prlimit(64)?|sete?[ug]id|setre[su]?[ug]id|prctl|mlockall'

# Undefined symbols as "object: name", without the fortified spelling.
undefined=$(nm -A -u "${objects[@]}" | awk '{
	sub(".*/", "", $1); sub(/:.*/, "", $1)
	sub(/^__isoc[0-9]*_/, "", $NF); sub(/@.*/, "", $NF)
	if (sub(/_chk$/, "", $NF)) sub(/^__/, "", $NF)
	print $1 ": " $NF
}' | sort -u)

check_undefined()
{
	local what=$1 names=$2 found

	while read -r found; do
		fail "$found: the library must never $what"
	done < <(grep -E ": ($names)\$" <<< "$undefined")
}

check_undefined "print" "$printing"
check_undefined "end the process or start another" "$ending"
check_undefined "use the environment" "$environment"
check_undefined "touch signals" "$signals"
check_undefined "run at exit or fork, or load code" "$loading"
check_undefined "change the process" "$process"

# "object section symbol" for data that can be written when the program runs; the
# sections of threads and those that relocation alone writes do not count.
writable()
{
	local object

	for object in "${objects[@]}"; do
		objdump -t "$object" | awk -v object="${object##*/}" '
			$0 ~ / O / && match($0, / (\.data|\.bss|\*COM\*)[^ \t]*/) {
				section = substr($0, RSTART + 1, RLENGTH - 1)
				if (section !~ /^\.data\.rel\.ro/)
					print object, section, $NF
			}'
	done
}

while read -r object section symbol; do
	fail "$object: $symbol in $section is a writable global"
done < <(writable)

# Sections without symbols count too.
for object in "${objects[@]}"; do
	sections=$(readelf -SW "$object" | sed -n 's/^ *\[ *[0-9]*\] *//p' |
		awk '{ print $1, $5 }')
	while read -r section size; do
		case $section in
		.data.rel.ro*) ;;
		.init_array* | .fini_array* | .preinit_array* | .ctors* | .dtors* | .init | .fini)
			fail "${object##*/}: $section runs code at load or unload"
			;;
		.data | .data.* | .bss | .bss.*)
			((16#$size == 0)) || fail "${object##*/}: $section is not empty"
			;;
		esac
	done <<< "$sections"
done

for needed in $(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
	case $needed in
	# The C library and its parts, and the two that hwdata and hotplug may need.
	libc.so.* | ld-linux*.so.* | ld64.so.* | libpthread.so.* | libpci.so.* | libudev.so.*) ;;
	*) fail "$needed: the library must not need it" ;;
	esac
done

if readelf -dW "$library" | grep '(RPATH)\|(RUNPATH)'; then
	fail "the library has a search path of its own"
fi

echo "${#objects[@]} objects, $(cut -d' ' -f2 <<< "$undefined" | sort -u | wc -l) undefined symbols, $failures wrong"
[ "$failures" -eq 0 ]
