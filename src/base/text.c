/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool make_room(struct text *text, size_t more)
{
	assert(text->bytes ? text->length < text->capacity : !text->length);
	if (text->failed)
		return false;
	size_t wanted;
	if (__builtin_add_overflow(text->length, more, &wanted) || wanted == SIZE_MAX) {
		text->failed = true;
		return false;
	}
	wanted++; /* the '\0' */
	if (wanted <= text->capacity)
		return true;
	size_t capacity = text->capacity ? text->capacity : 128;
	while (capacity < wanted && capacity <= SIZE_MAX / 2)
		capacity *= 2;
	if (capacity < wanted)
		capacity = wanted;
	char *bytes = memory_resize(text->bytes, capacity, 1);
	if (!bytes) {
		text->failed = true;
		return false;
	}
	text->bytes = bytes;
	text->capacity = capacity;
	return true;
}

void text_add_bytes(struct text *text, const void *bytes, size_t length)
{
	assert(bytes || !length);
	if (!make_room(text, length))
		return;
	if (length)
		memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	if (length < 0)
		text->failed = true;
	else if (make_room(text, (size_t)length)) {
		vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
		text->length += (size_t)length;
	}
	va_end(again);
	va_end(arguments);
}

/* Length of the valid UTF-8 sequence at bytes (at least one byte is there), or 0. Overlong forms and surrogates are wrong. */
static size_t utf8_length(const unsigned char *bytes)
{
	unsigned char c = bytes[0];
	if (c < 0x80)
		return 1;
	size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && bytes[1] < 0xa0) || (c == 0xed && bytes[1] > 0x9f) || (c == 0xf0 && bytes[1] < 0x90) ||
	    (c == 0xf4 && bytes[1] > 0x8f))
		return 0;
	return length;
}

static unsigned character_of(const unsigned char *at, size_t length)
{
	return length == 2 ? (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu)
			   : (at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
}

/* Characters that no markup may hold, and those that turn the direction of what follows them. */
static bool is_unfit(const unsigned char *at, size_t length)
{
	if (length == 0 || (length == 1 && ((*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7f)))
		return true;
	if (length == 2) /* U+0080 to U+009F, U+061C */
		return (at[0] == 0xc2 && at[1] < 0xa0) || (at[0] == 0xd8 && at[1] == 0x9c);
	if (length != 3)
		return false;
	unsigned character = character_of(at, length);
	return character == 0x200e || character == 0x200f || (character >= 0x202a && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069) || character >= 0xfffe;
}

/* Of two bytes or more. U+2028, U+2029, U+FEFF: YAML takes JSON, but not these in it. */
static void add_json_sequence(struct text *text, const unsigned char *at, size_t length)
{
	unsigned character = length < 4 ? character_of(at, length) : 0;
	if (is_unfit(at, length) || character == 0x2028 || character == 0x2029 || character == 0xfeff)
		text_add(text, "\\u%04x", character);
	else
		text_add_bytes(text, at, length);
}

static void add_json_character(struct text *text, unsigned char c)
{
	switch (c) {
	case '"':
		text_add(text, "\\\"");
		break;
	case '\\':
		text_add(text, "\\\\");
		break;
	case '\n':
		text_add(text, "\\n");
		break;
	case '\t':
		text_add(text, "\\t");
		break;
	case '\r':
		text_add(text, "\\r");
		break;
	default:
		if (c < 0x20 || c == 0x7f)
			text_add(text, "\\u%04x", c);
		else
			text_add_bytes(text, &c, 1);
	}
}

void text_add_json(struct text *text, const char *value)
{
	if (!value) {
		text_add(text, "null");
		return;
	}
	text_add(text, "\"");
	for (const unsigned char *at = (const unsigned char *)value; *at;) {
		size_t length = utf8_length(at);
		if (length == 0) {
			text_add(text, "\\ufffd");
			at++;
		} else if (length == 1) {
			add_json_character(text, *at++);
		} else {
			add_json_sequence(text, at, length);
			at += length;
		}
	}
	text_add(text, "\"");
}

void text_add_json_document(struct text *text, const char *json, size_t length)
{
	const unsigned char *at = (const unsigned char *)json, *end = at + length, *from = at;
	while (at < end) {
		size_t bytes = *at < 0x7f ? 1 : utf8_length(at);
		if (bytes == 1 && *at < 0x7f) {
			at++;
			continue;
		}
		text_add_bytes(text, from, (size_t)(at - from));
		if (bytes > 1)
			add_json_sequence(text, at, bytes);
		else
			text_add(text, bytes ? "\\u007f" : "\\ufffd");
		at += bytes + (bytes == 0);
		from = at;
	}
	text_add_bytes(text, from, (size_t)(at - from));
}

static void add_escape(struct text *text, const unsigned char *at, size_t length)
{
	switch (length) {
	case 3:
	case 2:
		text_add(text, "\\u%04x", character_of(at, length));
		break;
	default:
		if (*at == '\n' || *at == '\t' || *at == '\r')
			text_add(text, *at == '\n' ? "\\n" : *at == '\t' ? "\\t" : "\\r");
		else
			text_add(text, "\\x%02x", *at);
	}
}

static void add_fit(struct text *text, const char *value, bool lines)
{
	for (const unsigned char *at = (const unsigned char *)(value ? value : ""); *at;) {
		size_t length = utf8_length(at);
		if ((!lines && (*at == '\n' || *at == '\t')) || is_unfit(at, length))
			add_escape(text, at, length);
		else
			text_add_bytes(text, at, length);
		at += length + (length == 0);
	}
}

void text_add_plain(struct text *text, const char *value)
{
	add_fit(text, value, false);
}

void text_add_lines(struct text *text, const char *value)
{
	add_fit(text, value, true);
}

void text_add_html(struct text *text, const char *value)
{
	static const struct {
		char from;
		const char *to;
	} escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
	for (const unsigned char *at = (const unsigned char *)(value ? value : ""); *at;) {
		const char *to = NULL;
		size_t length = utf8_length(at);
		for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
			if (escapes[i].from == (char)*at)
				to = escapes[i].to;
		if (is_unfit(at, length))
			to = "\xef\xbf\xbd";
		if (to)
			text_add(text, "%s", to);
		else
			text_add_bytes(text, at, length);
		at += length + (length == 0);
	}
}

void text_add_word(struct text *text, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=+,%@-";
	if (*word && !word[strspn(word, plain)]) {
		text_add(text, " %s", word);
		return;
	}
	text_add(text, " '");
	for (; *word; word++)
		if (*word == '\'')
			text_add(text, "'\\''");
		else
			text_add_bytes(text, word, 1);
	text_add(text, "'");
}

void text_add_csv(struct text *text, const char *value)
{
	if (!value || !*value)
		return;
	bool runs = strchr("=+-@\t\r\n", *value) != NULL;
	bool quoted = runs || strpbrk(value, ",\"\r\n");
	text_add(text, "%s%s", quoted ? "\"" : "", runs ? "'" : "");
	for (const unsigned char *at = (const unsigned char *)value; *at;) {
		size_t length = utf8_length(at);
		if (is_unfit(at, length) && *at != '\r')
			text_add(text, "\xef\xbf\xbd");
		else if (*at == '"')
			text_add(text, "\"\"");
		else
			text_add_bytes(text, at, length);
		at += length + (length == 0);
	}
	text_add(text, "%s", quoted ? "\"" : "");
}

/* Backslashes, hyphens and leading points say what they are. */
void text_add_troff(struct text *text, const char *value)
{
	for (bool fresh = true; *value; value++) {
		if (fresh && (*value == '.' || *value == '\''))
			text_add(text, "\\&");
		if (*value == '\\' || *value == '-')
			text_add(text, *value == '-' ? "\\-" : "\\e");
		else
			text_add_bytes(text, value, 1);
		fresh = *value == '\n';
	}
}

void text_release(struct text *text)
{
	memory_release(text->bytes);
	*text = (struct text){0};
}

/* value in [1, 1000) with three significant digits. Rounding may carry: 999.6 is written 1000, which stays readable. */
static const char *three_digits(char buffer[TEXT_NUMBER_BYTES], double value, const char *unit)
{
	int decimals = fabs(value) < 9.995 ? 2 : fabs(value) < 99.95 ? 1 : 0;
	snprintf(buffer, TEXT_NUMBER_BYTES, "%.*f%s%s", decimals, value, *unit ? " " : "", unit);
	return buffer;
}

static const char *scaled(char buffer[TEXT_NUMBER_BYTES], double value, double step, const char *const *units, size_t count)
{
	if (!isfinite(value)) {
		snprintf(buffer, TEXT_NUMBER_BYTES, "-");
		return buffer;
	}
	size_t unit = 0;
	while (unit + 1 < count && fabs(value) >= 0.9995 * step) {
		value /= step;
		unit++;
	}
	if (unit == 0 && value == floor(value)) {
		snprintf(buffer, TEXT_NUMBER_BYTES, "%.0f%s%s", value, *units[0] ? " " : "", units[0]);
		return buffer;
	}
	return three_digits(buffer, value, units[unit]);
}

const char *text_duration(char buffer[TEXT_NUMBER_BYTES], double ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	return scaled(buffer, ns, 1000, units, 4);
}

const char *text_bytes(char buffer[TEXT_NUMBER_BYTES], double bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	return scaled(buffer, bytes, 1024, units, 6);
}

const char *text_count(char buffer[TEXT_NUMBER_BYTES], double count)
{
	static const char *const units[] = {"", "k", "M", "G", "T"};
	return scaled(buffer, count, 1000, units, 5);
}

#define NEAREST_LENGTH_MAX 40

/* Damerau-Levenshtein (optimal string alignment) distance of two words of at most NEAREST_LENGTH_MAX letters. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][NEAREST_LENGTH_MAX + 1];
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return rows[a_length % 3][b_length];
}

const char *text_nearest(const char *word, const char *const *names)
{
	assert(word);
	size_t length = strlen(word);
	if (length > NEAREST_LENGTH_MAX)
		return NULL;
	size_t limit = length / 3 ? length / 3 : 1;
	const char *nearest = NULL;
	for (; *names; names++) {
		size_t name_length = strlen(*names);
		if (name_length > NEAREST_LENGTH_MAX)
			continue;
		size_t far = distance(word, length, *names, name_length);
		if (far <= limit && far < name_length) {
			nearest = *names;
			limit = far ? far - 1 : 0;
			if (far == 0)
				break;
		}
	}
	return nearest;
}

unsigned text_columns(const char *text)
{
	unsigned columns = 0;
	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}
