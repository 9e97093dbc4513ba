/* SPDX-License-Identifier: MIT
 * From the text of a value to what it means. Everything that is wrong is told at its location. */
#ifndef YAML_SCALAR_H
#define YAML_SCALAR_H

#include "yaml/document.h"

/* What a row made of a text: by its kind. */
struct yaml_scalar {
	uint64_t whole;
	double real;
	int64_t word;
};

/* False when it was told. location YAML_LOCATION_NONE: a fallback, which is right. */
bool yaml_scalar_read(struct yaml_document *document, const struct yaml_key *row, yaml_location location, const char *text,
		      struct yaml_scalar *scalar);

/* For rules: what the table cannot say. */
bool yaml_read_bytes(struct yaml_document *document, yaml_location location, const char *text, uint64_t *bytes);
/* Bytes as pages, from min (0 or 1) to max of them: what says what max is ("the largest space"). */
bool yaml_read_pages(struct yaml_document *document, yaml_location location, uint64_t bytes, uint64_t min, uint64_t max,
		     const char *what, uint64_t *pages);
bool yaml_read_power(struct yaml_document *document, yaml_location location, uint64_t pages);
bool yaml_read_word(struct yaml_document *document, yaml_location location, const char *text, const struct yaml_word *words,
		    int64_t *word);
bool yaml_in_range(struct yaml_document *document, yaml_location location, uint64_t number, uint64_t min, uint64_t max,
		   const char *what);
/* Tells when pages are more than max. */
bool yaml_at_most(struct yaml_document *document, yaml_location location, uint64_t pages, uint64_t max, const char *what);

#define YAML_SIZE_BYTES 40
/* "64KiB", in the largest unit that divides it. Returns buffer. */
const char *yaml_size_text(char buffer[YAML_SIZE_BYTES], uint64_t bytes);
/* The same for pages; also beyond 2^64 bytes. */
const char *yaml_pages_text(uint64_t page_bytes, char buffer[YAML_SIZE_BYTES], uint64_t pages);

/* "a, b or c". */
void yaml_join_words(struct text *text, const struct yaml_word *words);

#define YAML_NUMBER_BYTES 48
/* A number as the reader takes it back to the same double: of a DECIMAL with % k M G where it must be, of a SHARE with %.
 * Returns buffer. */
const char *yaml_decimal_text(char buffer[YAML_NUMBER_BYTES], double number, bool share);

#endif
