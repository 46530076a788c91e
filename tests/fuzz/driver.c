/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Runs a fuzz target without libFuzzer: on the files of its corpus, and on files that
 * chance has made of them. The same seed makes the same files.
 */

#include <dirent.h>
#include <string.h>

#include "fuzz.h"
#include "oracle/random.h"

#define LARGEST 16384

struct input {
	uint8_t *bytes;
	size_t size;
};

static struct input corpus[256];
static size_t corpus_count;

static void read_input(const char *directory, const char *name)
{
	struct input *input = &corpus[corpus_count++];
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "re");
	input->bytes = malloc(LARGEST);
	fuzz_require(file && input->bytes);
	input->size = fread(input->bytes, 1, LARGEST, file);
	fclose(file);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void read_corpus(const char *directory)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, is_visible, alphasort);

	fuzz_require(count > 0 && count <= 256);
	for (int i = 0; i < count; i++) {
		read_input(directory, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

struct part {
	size_t start, size;
};

/* A part of an input takes the place of another part, which may be of another size. */
static void replace(struct input *input, struct part out, const struct input *from, struct part in)
{
	uint8_t *at = input->bytes + out.start;

	if (input->size - out.size + in.size > LARGEST)
		return;
	memmove(at + in.size, at + out.size, input->size - out.start - out.size);
	memcpy(at, from->bytes + in.start, in.size);
	input->size += in.size - out.size;
}

static struct part any_part(struct random *random, const struct input *input)
{
	size_t start = random_below(random, input->size + 1);

	return (struct part){ start, random_below(random, (input->size - start) / 4 + 1) };
}

/* With the newline at its end; of bytes that are no text, what is between two such bytes. */
static struct part any_line(struct random *random, const struct input *input)
{
	size_t start = random_below(random, input->size + 1), end = start;

	while (start && input->bytes[start - 1] != '\n')
		start--;
	while (end < input->size && input->bytes[end++] != '\n')
		;
	return (struct part){ start, end - start };
}

/* A line behind another one, or in its place. */
static void replace_line(struct random *random, struct input *input, const struct input *from)
{
	struct part out = any_line(random, input);

	if (random_once_in(random, 2)) {
		out.start += out.size;
		out.size = 0;
	}
	replace(input, out, from, any_line(random, from));
}

static void change_byte(struct random *random, struct input *input)
{
	static const uint8_t telling[] = "\0\1\2\3\4\10\20\40\100\200\377\n |#\\/.0f";
	uint8_t *byte;

	if (!input->size)
		return;
	byte = input->bytes + random_below(random, input->size);
	switch (random_below(random, 3)) {
	case 0:
		*byte ^= 1 << random_below(random, 8);
		break;
	case 1:
		*byte = random_bits(random);
		break;
	default:
		*byte = telling[random_below(random, sizeof(telling) - 1)];
	}
}

static void mutate(struct random *random, struct input *input)
{
	const struct input *other = &corpus[random_below(random, corpus_count)];
	uint8_t copy[LARGEST];
	struct input self = { copy, input->size };

	memcpy(copy, input->bytes, input->size);
	switch (random_below(random, 8)) {
	case 0:
		replace(input, any_part(random, input), &self, any_part(random, &self));
		break;
	case 1:
		replace(input, any_part(random, input), other, any_part(random, other));
		break;
	case 2:
		replace_line(random, input, &self);
		break;
	case 3:
		replace_line(random, input, other);
		break;
	case 4:
		if (random_once_in(random, 4))
			input->size = random_below(random, input->size + 1);
		break;
	default:
		change_byte(random, input);
	}
}

/* In memory of its own size, so that a byte too far is seen by tools. */
static void run(const struct input *input)
{
	uint8_t *bytes = malloc(input->size ? input->size : 1);

	fuzz_require(bytes);
	memcpy(bytes, input->bytes, input->size);
	LLVMFuzzerTestOneInput(bytes, input->size);
	free(bytes);
}

static void run_mutated(uint64_t seed)
{
	struct random random = { seed };
	uint8_t bytes[LARGEST];
	const struct input *from = &corpus[random_below(&random, corpus_count)];
	struct input input = { bytes, from->size };

	memcpy(bytes, from->bytes, from->size);
	for (uint64_t times = random_below(&random, 8) + 1; times; times--)
		mutate(&random, &input);
	run(&input);
}

int main(int argc, char **argv)
{
	unsigned long long seed, count;

	if (argc != 4) {
		fprintf(stderr, "usage: %s CORPUS SEED COUNT\n", argv[0]);
		return 2;
	}
	read_corpus(argv[1]);
	seed = strtoull(argv[2], NULL, 0);
	count = strtoull(argv[3], NULL, 0);
	for (size_t i = 0; i < corpus_count; i++)
		run(&corpus[i]);
	printf("%zu files; seeds from %llu, %llu of them\n", corpus_count, seed, count);
	fflush(stdout);
	for (unsigned long long i = 0; i < count; i++)
		run_mutated(seed + i);
	for (size_t i = 0; i < corpus_count; i++)
		free(corpus[i].bytes);
	return 0;
}
