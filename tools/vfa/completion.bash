# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors
# shellcheck shell=bash

# Completion of vfa for bash. What there is to choose from is asked of the command's
# own help, so that nothing is listed here.

_vfa_commands()
{
	vfa --help 2> /dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z0-9]*\) .*/\1/p'
}

# COMMAND, or nothing for what may come before it: "--name VALUE" or "-l VALUE" a line.
_vfa_options()
{
	vfa ${1:+"$1"} --help 2> /dev/null | sed -n '
		/^Options\( of every command\)\?:/,/^$/ {
			s/^  -\(.\), --\([a-z-]*\) \([A-Z]*\) .*/-\1 \3\n--\2 \3/p
			s/^      --\([a-z-]*\) \([A-Z]*\) .*/--\1 \2/p
		}'
}

_vfa_columns()
{
	vfa "$1" --help 2> /dev/null | sed -n '/^Columns/,$s/^  [* ] \([A-Z0-9]*\) .*/\1/p'
}

# The words behind the options in the usage of COMMAND.
_vfa_arguments()
{
	vfa "$1" --help 2> /dev/null | sed -n '1s/.*\[OPTION\.\.\.\]//p'
}

# Of the machine that --host names, if it does. sysfs wakes no device.
_vfa_addresses()
{
	if [[ -n $1 ]]; then
		vfa --host "$1" list -n -o address 2> /dev/null
	else
		command ls /sys/bus/pci/devices 2> /dev/null
	fi
}

_vfa_groups()
{
	if [[ -n $1 ]]; then
		vfa --host "$1" list -n -o group 2> /dev/null | tr -d ' '
	else
		command ls /sys/kernel/iommu_groups 2> /dev/null
	fi
}

# What to choose from where the usage says KIND.
_vfa_values()
{
	local kind=$1 command=$2 host=$3

	case $kind in
	COLUMN | LIST) _vfa_columns "$command" ;;
	BACKEND) printf '%s\n' type1 iommufd ;;
	NAME) command ls /sys/bus/pci/drivers 2> /dev/null ;;
	*GROUP*) _vfa_groups "$host"; _vfa_addresses "$host" ;;
	*BDF* | *A\ B*) _vfa_addresses "$host" ;;
	esac
}

# Sets COMPREPLY to the lines of the input that go on from $1, in whatever case.
_vfa_reply()
{
	local start=$1 head='' word

	# The last of several columns.
	if [[ $2 = LIST && $start =~ ^(\+|.*,)(.*)$ ]]; then
		head=${BASH_REMATCH[1]} start=${BASH_REMATCH[2]}
	fi
	while read -r word; do
		if [[ ${word,,} = "${start,,}"* ]]; then
			COMPREPLY+=("$head$word")
		fi
	done
}

# Colons divide words for bash: they have to be put together again, and off the answers.
_vfa()
{
	local line=() command='' host='' value='' words i before word prefix

	words=${COMP_LINE:0:COMP_POINT}
	read -ra line <<< "$words"
	[[ $words != *[[:space:]] ]] || line+=('')
	word=${line[-1]}
	for ((i = 1; i < ${#line[@]} - 1; i++)); do
		before=${line[i]}
		value=$(_vfa_options "$command" | sed -n "s/^$before //p")
		if [[ -n $value ]]; then
			[[ $before != --host ]] || host=${line[i + 1]}
			((++i < ${#line[@]} - 1)) || break
			value=
		elif [[ -z $command && $before != -* ]]; then
			command=$before
		fi
	done

	COMPREPLY=()
	if [[ $value = FILE ]]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	elif [[ -n $value ]]; then
		_vfa_reply "$word" "$value" < <(_vfa_values "$value" "$command" "$host")
	elif [[ $word = -* ]]; then
		_vfa_reply "$word" < <(_vfa_options "$command" | sed 's/ .*//; /^-.$/d')
	elif [[ -z $command ]]; then
		_vfa_reply "$word" < <(_vfa_commands)
	elif [[ $(_vfa_arguments "$command") = *FILE* ]]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	else
		_vfa_reply "$word" < <(_vfa_values "$(_vfa_arguments "$command")" "$command" "$host")
	fi

	prefix=${word%"${word##*:}"}
	if [[ -n $prefix && $COMP_WORDBREAKS = *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
	fi
}

complete -F _vfa vfa
