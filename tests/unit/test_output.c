/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* How the command vfa reads its options and prints values. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrays.h"
#include "columns.h"
#include "fail.h"
#include "json.h"
#include "options.h"
#include "text.h"

/* After fail.h: it has a fail() of its own. */
#include <cmocka.h>

static void assert_mended(const char *json, const char *expected)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", json);
	arrays_mend(text);
	assert_string_equal(text, expected);
}

static void arrays_without_anything_are_empty(void **state)
{
	(void)state;
	assert_mended("{\"a\": [\n  null\n ], \"b\": [null]}", "{\"a\": [], \"b\": []}");
	assert_mended("[]", "[]");
}

static void arrays_that_could_not_be_read_are_null(void **state)
{
	(void)state;
	assert_mended("{\"a\": [\n  \"?\"\n ]}", "{\"a\": null}");
	assert_mended("[\"?\", \"a\"]", "[\"?\", \"a\"]");
	assert_mended("[\"?a\"]", "[\"?a\"]");
}

static void strings_that_look_like_arrays_stay(void **state)
{
	(void)state;
	assert_mended("{\"a\": \"[null]\"}", "{\"a\": \"[null]\"}");
	assert_mended("{\"a\": \"\\\"[null]\"}", "{\"a\": \"\\\"[null]\"}");
	assert_mended("{\"a\": \"\\\\\", \"b\": [null]}", "{\"a\": \"\\\\\", \"b\": []}");
	assert_mended("\"[null]", "\"[null]");
	assert_mended("\"\\", "\"\\");
	assert_mended("[ nullable ]", "[ nullable ]");
	assert_mended("[", "[");
}

static void assert_made_utf8(const char *bytes, const char *expected)
{
	char text[64];

	snprintf(text, sizeof(text), "%s", bytes);
	text_make_utf8(text);
	assert_string_equal(text, expected);
}

static void utf8_stays(void **state)
{
	(void)state;
	assert_made_utf8("", "");
	assert_made_utf8("a \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
			 "a \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	assert_made_utf8("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
			 "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}

static void bytes_that_are_not_utf8_are_question_marks(void **state)
{
	(void)state;
	assert_made_utf8("a\xff"
			 "b\x80",
			 "a?b?");
	assert_made_utf8("\xc3", "?");
	assert_made_utf8("\xe2\x82", "??");
	assert_made_utf8("\xf0\x9f\x98", "???");
	assert_made_utf8("\xc0\xaf", "??");           /* not the shortest form */
	assert_made_utf8("\xe0\x80\xaf", "???");      /* likewise */
	assert_made_utf8("\xed\xa0\x80", "???");      /* half of a pair */
	assert_made_utf8("\xf4\x90\x80\x80", "????"); /* past the last character */
	assert_made_utf8("\xc3\xc3\xa9", "?\xc3\xa9");
}

static void assert_size(uint64_t bytes, bool json, const char *expected)
{
	struct cell cell = { .json = json };

	cell_set_size(&cell, bytes);
	assert_string_equal(cell.text, expected);
	cell_free(&cell);
}

static void sizes_have_the_largest_unit_that_is_exact(void **state)
{
	(void)state;
	assert_size(0, false, "0B");
	assert_size(1023, false, "1023B");
	assert_size(1024, false, "1K");
	assert_size(1025, false, "1025B");
	assert_size(3 << 20, false, "3M");
	assert_size(1ull << 63, false, "8E");
	assert_size(UINT64_MAX, false, "18446744073709551615B");
	assert_size(4096, true, "4096");
}

static void words_of_lists_are_set_apart(void **state)
{
	struct cell cell = { .json = false };

	(void)state;
	cell_add(&cell, "%s", "one");
	cell_add(&cell, "%d", 2);
	assert_string_equal(cell.text, "one,2");
	cell_clear(&cell);
	assert_false(cell.is_set);
	cell.json = true;
	cell_add(&cell, "one");
	cell_add(&cell, "2");
	assert_string_equal(cell.text, "one\n2");
	cell_free(&cell);
}

static void get_text(const void *item, struct cell *cell)
{
	cell_set(cell, "%s", (const char *)item);
}

static void get_words(const void *item, struct cell *cell)
{
	for (const char *c = item; *c; c++)
		cell_add(cell, "%c", *c);
}

static void get_length(const void *item, struct cell *cell)
{
	cell_set(cell, "%zu", strlen(item));
}

static void get_full(const void *item, struct cell *cell)
{
	cell_set_boolean(cell, *(const char *)item);
}

static void get_unknown(const void *item, struct cell *cell)
{
	(void)item;
	cell_set_unknown(cell, "nobody knows");
}

static void get_nothing(const void *item, struct cell *cell)
{
	(void)item;
	(void)cell;
}

static const struct column columns[] = {
	{ "TEXT", "", COLUMN_TEXT, COLUMN_DEFAULT, get_text },
	{ "WORDS", "", COLUMN_LIST, 0, get_words },
	{ "LENGTH", "", COLUMN_NUMBER, COLUMN_DEFAULT, get_length },
	{ "FULL", "", COLUMN_BOOLEAN, 0, get_full },
	{ "UNKNOWN", "", COLUMN_LIST, 0, get_unknown },
	{ "NOTHING", "", COLUMN_TEXT, 0, get_nothing },
	{ NULL },
};

/* An object of all columns, in an array in an object. */
static char *print_json(const char *item, bool one_line)
{
	struct cell cell = { .json = true };
	char *text = NULL;
	size_t size;
	struct json json = { .out = open_memstream(&text, &size), .one_line = one_line };

	assert_non_null(json.out);
	json_open(&json, NULL, '{');
	json_open(&json, "Items", '[');
	json_open(&json, NULL, '{');
	for (const struct column *column = columns; column->name; column++) {
		columns_get(column, item, &cell);
		json_cell(&json, column, &cell);
	}
	json_close(&json, '}');
	json_close(&json, ']');
	json_close(&json, '}');
	fclose(json.out);
	cell_free(&cell);
	return text;
}

static void json_has_every_kind_of_value(void **state)
{
	char *text = print_json("ab", true);

	(void)state;
	assert_string_equal(text, "{\"items\": [{\"text\": \"ab\", \"words\": [\"a\", \"b\"], "
				  "\"length\": 2, \"full\": true, \"unknown\": null, "
				  "\"nothing\": null}]}\n");
	free(text);
}

static void json_of_nothing_has_empty_values(void **state)
{
	char *text = print_json("", true);

	(void)state;
	assert_string_equal(text, "{\"items\": [{\"text\": \"\", \"words\": [], \"length\": 0, "
				  "\"full\": false, \"unknown\": null, \"nothing\": null}]}\n");
	free(text);
}

static void json_escapes_what_strings_cannot_have(void **state)
{
	char *text = print_json("\"\\\x01\xc3\xa9\xff", true);

	(void)state;
	assert_non_null(strstr(text, "\"text\": \"\\\"\\\\\\u0001\xc3\xa9?\""));
	free(text);
}

static void json_on_several_lines_is_the_same(void **state)
{
	char *text = print_json("a", false);

	(void)state;
	assert_string_equal(text, "{\n   \"items\": [\n      {\n         \"text\": \"a\",\n"
				  "         \"words\": [\"a\"],\n         \"length\": 1,\n"
				  "         \"full\": true,\n         \"unknown\": null,\n"
				  "         \"nothing\": null\n      }\n   ]\n}\n");
	free(text);
}

static const struct option_spec options[] = {
	{ "again", 'a', "WHAT", "" },
	{ "quick", 'q', NULL, "" },
	{ NULL },
};

static const struct command command = {
	.name = "command",
	.arguments = "",
	.columns = columns,
	.options = options,
};

#define MAX_WORDS 8

/* getopt moves them. */
struct line {
	char *words[MAX_WORDS];
	int count;
};

static struct line line_of(const char *const *words)
{
	struct line line = { .count = 0 };

	for (; words[line.count]; line.count++)
		line.words[line.count] = (char *)words[line.count];
	return line;
}

#define LINE(...) line_of((const char *const[]){ __VA_ARGS__, NULL })

static void options_are_read_wherever_they_stand(void **state)
{
	struct line line =
		LINE("command", "first", "-a", "one", "second", "--quick", "--again=two");
	struct request request = { .command = &command };

	(void)state;
	assert_int_equal(options_read(&request, line.count, line.words), 5);
	assert_string_equal(line.words[5], "first");
	assert_string_equal(line.words[6], "second");
	assert_string_equal(request_option(&request, "again"), "two");
	assert_string_equal(request_option(&request, "quick"), "");
	assert_null(request_option(&request, "json"));
	assert_int_equal(request.given_count, 3);
	assert_string_equal(request.given[0].value, "one");
	options_free(&request);
}

static void options_end_at_two_dashes(void **state)
{
	struct line line = LINE("command", "-q", "--", "--json");
	struct request request = { .command = &command };

	(void)state;
	assert_int_equal(options_read(&request, line.count, line.words), 3);
	assert_null(request_option(&request, "json"));
	options_free(&request);
}

static void options_before_the_command_end_with_it(void **state)
{
	struct line line = LINE("vfa", "--host", "file", "command", "--json");
	struct request request = { .command = NULL };

	(void)state;
	assert_int_equal(options_read(&request, line.count, line.words), 3);
	assert_string_equal(request_option(&request, "host"), "file");
	assert_null(request_option(&request, "json"));
	options_free(&request);
}

static void unknown_options_are_refused(void **state)
{
	struct line lines[] = {
		LINE("command", "--unknown"),  LINE("command", "-u"),
		LINE("command", "--json=yes"), LINE("command", "--again"),
		LINE("command", "--o", "x"),
	};
	struct request request = { .command = &command };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(options_read(&request, lines[i].count, lines[i].words), -1);
	options_free(&request);
}

/* What is shown of a line, as headings. */
static int choose(struct line line, char *ret, size_t size)
{
	struct request request = { .command = &command };
	struct chosen_columns chosen;
	int status;

	assert_true(options_read(&request, line.count, line.words) >= 0);
	status = columns_choose(&request, &chosen);
	options_free(&request);
	if (status)
		return status;
	*ret = '\0';
	for (size_t i = 0; i < chosen.count; i++)
		snprintf(ret + strlen(ret), size - strlen(ret), "%s ", chosen.columns[i]->name);
	if (chosen.sort)
		snprintf(ret + strlen(ret), size - strlen(ret), "by %s", chosen.sort->name);
	columns_free(&chosen);
	return status;
}

static void assert_chosen(struct line line, const char *expected)
{
	char chosen[256];

	assert_int_equal(choose(line, chosen, sizeof(chosen)), STATUS_FINE);
	assert_string_equal(chosen, expected);
}

static void columns_are_chosen_in_their_order(void **state)
{
	(void)state;
	assert_chosen(LINE("command"), "TEXT LENGTH ");
	assert_chosen(LINE("command", "-o", "words,Text"), "WORDS TEXT ");
	assert_chosen(LINE("command", "-o", "words,WORDS"), "WORDS ");
	assert_chosen(LINE("command", "-o", "+full,text"), "TEXT LENGTH FULL ");
	assert_chosen(LINE("command", "-O"), "TEXT WORDS LENGTH FULL UNKNOWN NOTHING ");
	assert_chosen(LINE("command", "-x", "length"), "TEXT LENGTH by LENGTH");
}

static void columns_that_are_not_there_are_refused(void **state)
{
	struct line lines[] = {
		LINE("command", "-o", "none"), LINE("command", "-o", ""),
		LINE("command", "-o", "+"),    LINE("command", "-o", "text,"),
		LINE("command", "-x", "none"), LINE("command", "-x", "full"),
	};
	char chosen[256];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(choose(lines[i], chosen, sizeof(chosen)), STATUS_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrays_without_anything_are_empty),
		cmocka_unit_test(arrays_that_could_not_be_read_are_null),
		cmocka_unit_test(strings_that_look_like_arrays_stay),
		cmocka_unit_test(utf8_stays),
		cmocka_unit_test(bytes_that_are_not_utf8_are_question_marks),
		cmocka_unit_test(sizes_have_the_largest_unit_that_is_exact),
		cmocka_unit_test(words_of_lists_are_set_apart),
		cmocka_unit_test(json_has_every_kind_of_value),
		cmocka_unit_test(json_of_nothing_has_empty_values),
		cmocka_unit_test(json_escapes_what_strings_cannot_have),
		cmocka_unit_test(json_on_several_lines_is_the_same),
		cmocka_unit_test(options_are_read_wherever_they_stand),
		cmocka_unit_test(options_end_at_two_dashes),
		cmocka_unit_test(options_before_the_command_end_with_it),
		cmocka_unit_test(unknown_options_are_refused),
		cmocka_unit_test(columns_are_chosen_in_their_order),
		cmocka_unit_test(columns_that_are_not_there_are_refused),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
