#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# Each public header compiles alone and twice, in strict C11 and in C++, and describes
# every function it has; so does the initialiser of each struct of options.
# usage: headers.sh SOURCE_DIR BUILD_DIR

set -euo pipefail

source_dir=${1:?usage: headers.sh SOURCE_DIR BUILD_DIR}
include=$source_dir/include
cc=${CC:-gcc}
cxx=${CXX:-g++}
failures=0
compiled=0

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

# The warnings that a careful program turns on. No -D: the headers must do with
# what the strict standard gives them.
warnings=(-pedantic -Wall -Wextra -Wshadow -Wundef -Wcast-qual -Wconversion -Werror)
c_only=(-Wstrict-prototypes -Wmissing-prototypes)

# COMPILER STANDARD for each that is installed.
dialects()
{
	local compiler

	for compiler in "$cc" clang; do
		command -v "$compiler" > /dev/null && echo "$compiler c11"
	done
	for compiler in "$cxx" clang++; do
		if command -v "$compiler" > /dev/null; then
			echo "$compiler c++11"
			echo "$compiler c++17"
		fi
	done
}

# compile COMPILER STANDARD FILE [OPTION...]
compile()
{
	local compiler=$1 standard=$2 language=c extra=("${c_only[@]}")
	shift 2

	case $standard in
	c++*) language=c++ extra=() ;;
	esac
	compiled=$((compiled + 1))
	"$compiler" -x "$language" "-std=$standard" "${warnings[@]}" "${extra[@]}" -I"$include" "$@"
}

declared()
{
	printf '#include <%s>\n' "${headers[@]}" | "$cc" -E -P -I"$include" - |
		awk -f "$source_dir/tests/checks/declared.awk" | sort
}

# NAME of each VFA_NAME_INIT.
initialisers()
{
	sed -n 's/^#define VFA_\([A-Z0-9_]*\)_INIT\b.*/\1/p' "$include"/vfa/*.h
}

# A program that fails when an initialiser does not set the size and zeroes.
initialiser_program()
{
	local name struct

	echo '#include <vfa.h>'
	echo 'int main(void)'
	echo '{'
	echo '	int wrong = 0;'
	for name in $(initialisers); do
		struct="struct vfa_${name,,}"
		echo "	{"
		echo "		$struct options = VFA_${name}_INIT;"
		echo "		const $struct constant = VFA_${name}_INIT;"
		echo "		wrong |= options.struct_size != sizeof($struct);"
		echo "		wrong |= constant.struct_size != sizeof(constant);"
		echo "	}"
	done
	echo '	return wrong;'
	echo '}'
}

# Whether it compiles for 32 bits, without a C library's headers for them.
can_do_32_bits()
{
	"$cc" -x c -m32 -ffreestanding -fsyntax-only /dev/null 2> /dev/null
}

# All functions by address: in C++ they must keep their C names.
reference_program()
{
	local name

	echo '#include <vfa.h>'
	echo 'typedef void (*function)(void);'
	echo 'extern const function all[];'
	echo 'const function all[] = {'
	for name in $functions; do
		echo "	(function)$name,"
	done
	echo '};'
}

# "FUNCTION yes|no" for every function of a header: has it a comment of its own?
described()
{
	awk '
		/^\/\*\*/ { text = "" }
		{ text = text $0 }
		/^[a-z].*[ *]vfa_[a-z0-9_]*\(/ && !/^typedef/ {
			match($0, /[ *]vfa_[a-z0-9_]*\(/)
			name = substr($0, RSTART + 1, RLENGTH - 2)
			print name, (ended == NR - 1 && index(above, name "() - ") ? "yes" : "no")
		}
		/\*\/$/ { ended = NR; above = text; text = "" }
	' "$@"
}

mapfile -t headers < <(cd "$include" && printf '%s\n' vfa.h vfa/*.h)
mapfile -t all_dialects < <(dialects | sort -u)
functions=$(declared)

for header in "${headers[@]}"; do
	printf '#include <%s>\n#include <%s>\n' "$header" "$header" > "$work/twice"
	for dialect in "${all_dialects[@]}"; do
		read -r compiler standard <<< "$dialect"
		compile "$compiler" "$standard" -fsyntax-only "$work/twice" ||
			fail "$header: does not compile alone with $compiler -std=$standard"
	done
	! can_do_32_bits ||
		compile "$cc" c11 -m32 -ffreestanding -fsyntax-only "$work/twice" ||
		fail "$header: does not compile for 32 bits"
	grep -qx "#include <$header>" "$include/vfa.h" || [ "$header" = vfa.h ] ||
		fail "$header: vfa.h does not include it"
done

initialiser_program > "$work/initialisers"
reference_program > "$work/references"
for dialect in "${all_dialects[@]}"; do
	read -r compiler standard <<< "$dialect"
	if ! compile "$compiler" "$standard" "$work/initialisers" -o "$work/program"; then
		fail "initialisers of options do not compile with $compiler -std=$standard"
	elif ! "$work/program"; then
		fail "initialisers of options set the wrong size with $compiler -std=$standard"
	fi
	if ! compile "$compiler" "$standard" -Wno-cast-function-type -c "$work/references" -o "$work/object"; then
		fail "functions cannot be referred to with $compiler -std=$standard"
	elif command -v nm > /dev/null; then
		for name in $(nm -u "$work/object" | awk '$2 !~ /^(vfa_|_GLOBAL_OFFSET_TABLE_)/ { print $2 }'); do
			fail "$name: not a C function with $compiler -std=$standard (extern \"C\" is missing)"
		done
	fi
done

# Each struct with a size of its own has an initialiser.
while read -r struct; do
	name=${struct#vfa_}
	initialisers | grep -x "${name^^}" > /dev/null || fail "struct $struct: no VFA_${name^^}_INIT"
done < <(awk '/^struct vfa_[a-z_]* {/ { name = $2 } /struct_size;/ { print name }' "$include"/vfa/*.h)

descriptions=$(described "$include"/vfa/*.h)
while read -r name; do
	fail "$name: no comment directly above it that begins with its name"
done < <(awk '$2 == "no" { print $1 }' <<< "$descriptions")
for name in $(comm -23 <(echo "$functions") <(cut -d' ' -f1 <<< "$descriptions" | sort)); do
	fail "$name: this check does not find its declaration; its name belongs on the first line"
done

if [[ ${all_dialects[*]} != *c++* ]]; then
	echo "without C++: install g++, or name a compiler in CXX"
fi
echo "${#headers[@]} headers, $(wc -l <<< "$descriptions") functions, $compiled compilations, $failures wrong"
[ "$failures" -eq 0 ]
