#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# What lib/uapi declares for old kernel headers is what newer ones have: sizes, fields,
# ioctl numbers, constants. UAPI_X stands for the kernel's X, struct uapi_x for its x.
# usage: uapi.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: uapi.sh SOURCE_DIR BUILD_DIR}
cc=${CC:-gcc}
failures=0

# shellcheck source=../cache.sh
. "$source_dir/tests/cache.sh"

if ! command -v "$cc" > /dev/null; then
	echo "skipped: install gcc, or name a compiler in CC"
	exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
	echo "$1" >&2
	failures=$((failures + 1))
}

# "STRUCT FIELD VALUE" for the preprocessed structs on stdin, in order; VALUE initialises it.
fields()
{
	awk '
		/^struct [a-z0-9_]+ \{/ { struct = $2; next }
		/^}/ { struct = "" }
		struct != "" && /;$/ {
			value = /\[/ ? "{ 1 }" : "1"
			sub(/(\[.*)?;$/, "")
			print struct, $NF, value
		}
	'
}

# preprocess [OPTION...]: the text on stdin, without what it includes but kernel headers.
preprocess()
{
	"$cc" -E -P "$@" -
}

ours()
{
	printf '#include "%s"\n' "${headers[@]}"
}

theirs()
{
	echo '#include <linux/iommufd.h>'
	echo '#include <linux/kvm.h>'
	echo '#include <linux/memfd.h>'
	echo '#include <linux/vfio.h>'
}

our_fields_of()
{
	awk -v struct="$1" '$1 == struct { print $2 }' <<< "$our_fields"
}

our_values_of()
{
	awk -v struct="$1" '$1 == struct { print substr($0, length($1 $2) + 3) "," }' <<< "$our_fields"
}

# The kernel's name for a struct of ours. A device's ioctls lose "device" here.
kernel_struct()
{
	local name=${1#uapi_} candidate

	for candidate in "$name" "${name/#vfio_/vfio_device_}"; do
		if grep -q "^$candidate " <<< "$kernel_fields"; then
			echo "$candidate"
			return
		fi
	done
}

kernel_field()
{
	local candidate

	for candidate in "$2" "__$2"; do
		if grep -q "^$1 $candidate " <<< "$kernel_fields"; then
			echo "$candidate"
			return
		fi
	done
}

# Both are static assertions, one a line, so that each failure has its own message.
assert_struct()
{
	local ours=$1 theirs=$2 field twin complete=1

	for field in $(our_fields_of "$ours"); do
		twin=$(kernel_field "$theirs" "$field")
		if [ -z "$twin" ]; then
			missing+=("$theirs.$field")
			complete=0
			continue
		fi
		echo "_Static_assert(offsetof(struct $ours, $field) == offsetof(struct $theirs, $twin)," \
			"\"$ours.$field: another offset\");"
		echo "_Static_assert(__builtin_types_compatible_p(__typeof__(((struct $ours *)0)->$field)," \
			"__typeof__(((struct $theirs *)0)->$twin)), \"$ours.$field: another type\");"
		compared=$((compared + 1))
	done

	# A kernel's struct may grow at its end; then ours is one that it used to have. It may
	# also have a second name for a field, or an array of no size at its end.
	if [ "$(grep -c "^$ours " <<< "$our_fields")" -eq "$(grep -c "^$theirs " <<< "$kernel_fields")" ]; then
		echo "_Static_assert(sizeof(struct $ours) == sizeof(struct $theirs), \"$ours: another size\");"
	elif [ "$complete" -eq 1 ]; then
		echo "_Static_assert(sizeof(struct $ours) <= sizeof(struct $theirs), \"$ours: too large\");"
		grown+=("$theirs")
	fi
}

assert_constant()
{
	if grep -qw "${1#UAPI_}" <<< "$kernel_text"; then
		echo "_Static_assert($1 == ${1#UAPI_}, \"$1: another value\");"
		compared=$((compared + 1))
	else
		missing+=("${1#UAPI_}")
	fi
}

# compare LABEL old|new [OPTION...]: with the kernel headers that OPTIONs lead to. Old
# ones may lack what newer ones have.
compare()
{
	local label=$1 age=$2 struct twin name kernel_text kernel_fields compared=0 missing=() grown=()
	shift 2

	kernel_fields=$(theirs | preprocess "$@" | fields)
	kernel_text=$(theirs | preprocess -dD "$@")
	{
		echo '#include <stddef.h>'
		ours
		theirs
	} > "$work/uapi.c"

	for struct in $our_structs; do
		twin=$(kernel_struct "$struct")
		if [ -n "$twin" ]; then
			assert_struct "$struct" "$twin" >> "$work/uapi.c"
		else
			missing+=("struct ${struct#uapi_}")
		fi
	done
	for name in $our_constants; do
		assert_constant "$name" >> "$work/uapi.c"
	done

	while read -r name; do
		fail "$name, with $label"
	done < <(LC_ALL=C "$cc" -fsyntax-only "$@" "$work/uapi.c" 2>&1 | sed -n 's/.*error: //p')

	if [ ${#missing[@]} -gt 0 ]; then
		name="not in $label: $(printf '%s, ' "${missing[@]}" | sed 's/, $//')"
		if [ "$age" = old ]; then
			echo "$name"
		else
			fail "$name"
		fi
	fi
	[ ${#grown[@]} -eq 0 ] || echo "grown since, in $label: ${grown[*]}"
	echo "$label: $compared fields and constants compared"
}

mapfile -t headers < <(printf '%s\n' "$(cd "$source_dir" && pwd)"/lib/uapi/*.h)
our_fields=$(ours | preprocess -I"$source_dir/lib/uapi" | fields | grep '^uapi_')
our_structs=$(cut -d' ' -f1 <<< "$our_fields" | sort -u)
our_constants=$(sed -n 's/^#define \(UAPI_[A-Z0-9_]*\)[ \t].*/\1/p' "${headers[@]}")

# Nothing escapes: each struct of the source has been seen, with all of its fields
# (one too many and one too few are both errors of an initialiser), and each constant.
while read -r _ struct; do
	grep -qx "$struct" <<< "$our_structs" || fail "struct $struct: this check does not see its fields"
done < <(grep -ho 'struct *uapi_[a-z0-9_]*' "${headers[@]}" | sort -u)
{
	ours
	for struct in $our_structs; do
		echo "extern struct $struct all_$struct;"
		echo "struct $struct all_$struct = { $(our_values_of "$struct") };"
	done
} > "$work/all.c"
"$cc" -fsyntax-only -Wextra -Werror "$work/all.c" || fail "this check does not see each field"
if grep -n '\benum\b\|\bunion\b' "${headers[@]}"; then
	fail "this check knows neither enums nor unions"
fi

sets=0
if theirs | preprocess > /dev/null 2>&1; then
	compare "the system's headers" old
	sets=$((sets + 1))
fi
newest=$(compgen -G "$cache/kernel/own-*/headers/include/linux/iommufd.h" | grep -v '\.partial/' | sort -V | tail -n 1) || true
if [ -n "$newest" ]; then
	newest=${newest%/linux/iommufd.h}
	label=${newest#"$cache/kernel/own-"}
	compare "the headers of kernel ${label%%-*}" new -I"$newest"
	sets=$((sets + 1))
fi

[ "$failures" -eq 0 ] || exit 1
if [ "$sets" -eq 0 ]; then
	echo "skipped: needs kernel headers of Linux 6.6; tests/vm/kernel.sh own makes some"
	exit 77
fi
