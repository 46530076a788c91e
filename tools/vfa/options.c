/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "fail.h"

#define MAX_OPTIONS 32

static const struct option_spec common[] = {
	{ "host", 0, "FILE", "a captured machine instead of this one" },
	{ "pci-ids", 0, "FILE", "take the names of devices from this file" },
	{ "help", 'h', NULL, "print this help" },
	{ "version", 'V', NULL, "print the version" },
	{ NULL },
};

/* For commands that print a table. */
static const struct option_spec printing[] = {
	{ "json", 'J', NULL, "print JSON" },
	{ "noheadings", 'n', NULL, "print no headings" },
	{ "output", 'o', "LIST", "print these columns; +LIST: besides the usual ones" },
	{ "output-all", 'O', NULL, "print all columns" },
	{ NULL },
};

static const struct option_spec sorting[] = {
	{ "sort", 'x', "COLUMN", "sort by this column" },
	{ NULL },
};

static const struct option_spec none[] = { { NULL } };

/* What getopt wants, made of the tables above. */
struct parser {
	struct option options[MAX_OPTIONS + 1];
	const struct option_spec *specs[MAX_OPTIONS];
	char letters[2 * MAX_OPTIONS + 3];
	int count;
};

static void add_letter(struct parser *parser, const struct option_spec *spec)
{
	char *end = parser->letters + strlen(parser->letters);

	if (!spec->letter)
		return;
	*end++ = spec->letter;
	if (spec->value)
		*end++ = ':';
	*end = '\0';
}

static void add_options(struct parser *parser, const struct option_spec *specs)
{
	for (; specs->name && parser->count < MAX_OPTIONS; specs++) {
		parser->specs[parser->count] = specs;
		parser->options[parser->count++] = (struct option){
			.name = specs->name,
			.has_arg = specs->value ? required_argument : no_argument,
		};
		add_letter(parser, specs);
	}
}

static const struct option_spec *own_options(const struct command *command)
{
	return command && command->options ? command->options : none;
}

static void prepare(struct parser *parser, const struct command *command)
{
	memset(parser, 0, sizeof(*parser));
	strcpy(parser->letters, command ? ":" : "+:");
	add_options(parser, common);
	if (command && command->columns)
		add_options(parser, printing);
	if (command && command->columns && !command->has_no_order)
		add_options(parser, sorting);
	add_options(parser, own_options(command));
}

static const struct option_spec *find_letter(const struct parser *parser, int letter)
{
	for (int i = 0; i < parser->count; i++) {
		if (parser->specs[i]->letter == letter)
			return parser->specs[i];
	}
	return NULL;
}

static void remember(struct request *request, const struct option_spec *spec, const char *value)
{
	size_t size = (request->given_count + 1) * sizeof(*request->given);

	request->given = must(realloc(request->given, size));
	request->given[request->given_count++] = (struct given_option){
		.name = spec->name,
		.value = value ? value : "",
	};
}

/* "--name=value" of one that takes none; getopt tells it from an unknown one by nothing. */
static bool has_needless_value(const struct parser *parser, const char *word)
{
	size_t length = strcspn(word, "=");

	for (int i = 0; i < parser->count; i++) {
		const char *name = parser->specs[i]->name;

		if (word[length] && length == strlen(name) + 2 &&
		    !strncmp(word + 2, name, length - 2))
			return true;
	}
	return false;
}

static int refuse(const struct request *request, const struct parser *parser, int what,
		  const char *word)
{
	const char *name = request->command ? request->command->name : "";
	const char *colon = *name ? ": " : "";

	if (what == ':')
		fail_usage("%s%soption %s needs a value", name, colon, word);
	else if (has_needless_value(parser, word))
		fail_usage("%s%soption %.*s takes no value", name, colon, (int)strcspn(word, "="),
			   word);
	else if (optopt)
		fail_usage("%s%sthere is no option -%c", name, colon, optopt);
	else
		fail_usage("%s%sthere is no option %s", name, colon, word);
	fprintf(stderr, "hint: vfa %s%s--help lists them\n", name, *name ? " " : "");
	return -1;
}

int options_read(struct request *request, int argc, char **argv)
{
	struct parser parser;
	int got, index;

	prepare(&parser, request->command);
	optind = 0; /* anew */
	for (;;) {
		index = -1;
		got = getopt_long(argc, argv, parser.letters, parser.options, &index);
		if (got < 0)
			return optind;
		if (got == ':' || got == '?')
			return refuse(request, &parser, got, argv[optind - 1]);
		remember(request, got ? find_letter(&parser, got) : parser.specs[index], optarg);
	}
}

void options_free(struct request *request)
{
	free(request->given);
}

const char *request_option(const struct request *request, const char *name)
{
	for (size_t i = request->given_count; i-- > 0;) {
		if (!strcmp(request->given[i].name, name))
			return request->given[i].value;
	}
	return NULL;
}

static void print_options(const struct option_spec *specs)
{
	char letter[8], text[64];

	for (; specs->name; specs++) {
		snprintf(letter, sizeof(letter), specs->letter ? "-%c, " : "    ", specs->letter);
		snprintf(text, sizeof(text), "--%s%s%s", specs->name, specs->value ? " " : "",
			 specs->value ? specs->value : "");
		printf("  %s%-20s  %s\n", letter, text, specs->help);
	}
}

static void print_columns(const struct command *command)
{
	printf("\nColumns (* without -o):\n");
	for (const struct column *column = command->columns; column->name; column++)
		printf("  %c %-12s  %s\n", columns_is_usual(command, column) ? '*' : ' ',
		       column->name, column->help);
}

void help_print(const struct command *const *commands)
{
	printf("usage: vfa [OPTION...] COMMAND [OPTION...] [ARGUMENT...]\n\n"
	       "PCI devices, IOMMU groups and VFIO, as they are.\n\nCommands:\n");
	for (; *commands; commands++)
		printf("  %-10s %-18s %s\n", (*commands)->name, (*commands)->arguments,
		       (*commands)->summary);
	printf("\nOptions of every command:\n");
	print_options(common);
	printf("\nOptions of commands that print a table:\n");
	print_options(printing);
	print_options(sorting);
	printf("\nvfa COMMAND --help tells more; vfa(1) tells all.\n");
}

void help_print_command(const struct command *command)
{
	printf("usage: vfa %s [OPTION...]%s%s\n\n%s.\n", command->name,
	       *command->arguments ? " " : "", command->arguments, command->summary);
	if (command->details)
		printf("%s\n", command->details);
	printf("\nOptions:\n");
	print_options(own_options(command));
	if (command->columns)
		print_options(printing);
	if (command->columns && !command->has_no_order)
		print_options(sorting);
	print_options(common);
	if (command->columns)
		print_columns(command);
}
