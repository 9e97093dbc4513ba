/* SPDX-License-Identifier: MIT */
#include "yaml/scalar.h"

#include "base/bits.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct unit {
	const char *name;
	unsigned shift;
} units[] = {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}};
#define UNIT_COUNT (sizeof units / sizeof units[0])

const char *yaml_size_text(char buffer[YAML_SIZE_BYTES], uint64_t bytes)
{
	size_t unit = 0;
	while (bytes & ((UINT64_C(1) << units[unit].shift) - 1))
		unit++;
	if (!bytes)
		unit = UNIT_COUNT - 1;
	snprintf(buffer, YAML_SIZE_BYTES, "%llu%s", (unsigned long long)(bytes >> units[unit].shift), units[unit].name);
	return buffer;
}

const char *yaml_pages_text(uint64_t page_bytes, char buffer[YAML_SIZE_BYTES], uint64_t pages)
{
	assert(page_bytes);
	uint64_t bytes;
	if (!__builtin_mul_overflow(pages, page_bytes, &bytes))
		return yaml_size_text(buffer, bytes);
	snprintf(buffer, YAML_SIZE_BYTES, "%llu pages", (unsigned long long)pages);
	return buffer;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool fault_text(struct yaml_document *document, yaml_location location, const char *text, const char *message)
{
	char quoted[YAML_QUOTE_BYTES];
	yaml_fault(document, location, "%s %s", yaml_quote(quoted, text), message);
	return false;
}

static bool read_hex(struct yaml_document *document, yaml_location location, const char *text, uint64_t *number)
{
	const char *digits = text + 2;
	size_t length = strlen(digits);
	if (!length || strspn(digits, "0123456789abcdefABCDEF") != length)
		return fault_text(document, location, text,
				  "is no hex number: 0x and the digits 0-9 a-f, nothing behind them");
	if (length > 16)
		return fault_text(document, location, text, "is larger than 2^64 - 1");
	*number = 0;
	for (; *digits; digits++)
		*number = *number * 16 + (uint64_t)(is_digit(*digits) ? *digits - '0' : tolower(*digits) - 'a' + 10);
	return true;
}

/* The digits at the beginning of value; *rest is what follows. */
static bool read_whole(struct yaml_document *document, yaml_location location, const char *text, uint64_t *number,
		       const char **rest)
{
	const char *at = text;
	if (!*at)
		return fault_text(document, location, text, "is empty; a number must stand here");
	if (*at == '-' || *at == '+')
		return fault_text(document, location, text, "has a sign; numbers here have none");
	if (!is_digit(*at))
		return fault_text(document, location, text, "is no number");
	if (at[0] == '0' && is_digit(at[1]))
		return fault_text(document, location, text, "has a leading zero; octal is not read here, hex is 0x...");
	*number = 0;
	for (; is_digit(*at); at++)
		if (__builtin_mul_overflow(*number, UINT64_C(10), number) ||
		    __builtin_add_overflow(*number, (uint64_t)(*at - '0'), number))
			return fault_text(document, location, text, "is larger than 2^64 - 1");
	if (*at == '.')
		return fault_text(document, location, text, "is no whole number");
	if ((*at == 'e' || *at == 'E') && (is_digit(at[1]) || at[1] == '-' || at[1] == '+'))
		return fault_text(document, location, text, "has an exponent; write the number out");
	*rest = at;
	return true;
}

static bool scale_count(struct yaml_document *document, yaml_location location, const char *text, const char *rest,
			uint64_t *number)
{
	uint64_t factor = !*rest               ? 1
			  : !strcmp(rest, "k") ? 1000
			  : !strcmp(rest, "M") ? 1000000
			  : !strcmp(rest, "G") ? 1000000000
					       : 0;
	if (!factor)
		return fault_text(document, location, text, "is no count: digits, then k (1000), M, G or nothing");
	if (__builtin_mul_overflow(*number, factor, number))
		return fault_text(document, location, text, "is larger than 2^64 - 1");
	return true;
}

bool yaml_in_range(struct yaml_document *document, yaml_location location, uint64_t number, uint64_t min, uint64_t max,
		   const char *what)
{
	assert(min <= max);
	char quoted[YAML_QUOTE_BYTES];
	if (number >= min && number <= max)
		return true;
	yaml_fault(document, location, "%s is out of range; from %llu to %llu %s",
		   yaml_quote(quoted, yaml_value_text(document, location)), (unsigned long long)min,
		   (unsigned long long)max, what);
	return false;
}

static bool read_count(struct yaml_document *document, const struct yaml_key *row, yaml_location location, const char *text,
		       uint64_t *number)
{
	const char *rest;
	return read_whole(document, location, text, number, &rest) && scale_count(document, location, text, rest, number) &&
	       yaml_in_range(document, location, *number, row->min, row->max, row->what);
}

static bool read_seed(struct yaml_document *document, yaml_location location, const char *text, uint64_t *number)
{
	const char *rest = "";
	bool hex = text[0] == '0' && text[1] == 'x';
	if (hex ? !read_hex(document, location, text, number) : !read_whole(document, location, text, number, &rest))
		return false;
	if (*rest)
		return fault_text(document, location, text, "is no seed: a decimal or hex number without a unit");
	return true;
}

static bool read_rate(struct yaml_document *document, yaml_location location, const char *text, double *rate)
{
	uint64_t number;
	const char *rest;
	char count[8] = "";
	if (!read_whole(document, location, text, &number, &rest))
		return false;
	size_t length = strlen(rest);
	if (length < 2 || strcmp(rest + length - 2, "/s") != 0 || length - 2 >= sizeof count)
		return fault_text(document, location, text, "is no pace: a count and /s, for example 1M/s");
	memcpy(count, rest, length - 2);
	if (!scale_count(document, location, text, count, &number))
		return false;
	if (!number)
		return fault_text(document, location, text, "is no pace: at least 1/s");
	*rate = (double)number;
	return true;
}

/* The unit that a wrong one could mean. */
static const char *unit_meant(const char *rest)
{
	static const struct {
		char letter;
		const char *unit;
	} letters[] = {{'k', "KiB"}, {'m', "MiB"}, {'g', "GiB"}, {'t', "TiB"}, {'p', "pages"}, {'b', "B"}};
	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
		if (tolower((unsigned char)*rest) == letters[i].letter)
			return letters[i].unit;
	return NULL;
}

/* "4GiB-1", as one writes a mask: says what it is in hex. */
static bool fault_mask(struct yaml_document *document, yaml_location location, const char *text, uint64_t number,
		       const char *unit)
{
	char quoted[YAML_QUOTE_BYTES];
	for (size_t i = 0; number && i < UNIT_COUNT; i++) {
		size_t length = strlen(units[i].name);
		if (strncmp(unit, units[i].name, length) != 0 || strcmp(unit + length, "-1") != 0 ||
		    number > UINT64_MAX >> units[i].shift)
			continue;
		yaml_fault(document, location, "%s: nothing is reckoned here; write 0x%llx", yaml_quote(quoted, text),
			   (unsigned long long)((number << units[i].shift) - 1));
		return true;
	}
	return false;
}

static bool fault_unit(struct yaml_document *document, yaml_location location, const char *text, const char *rest)
{
	char quoted[YAML_QUOTE_BYTES], unit[YAML_QUOTE_BYTES];
	if (!*rest) {
		yaml_fault(document, location,
			   "%s needs a unit (B KiB MiB GiB TiB pages): write %sB, %sKiB, %spages, ... or hex",
			   yaml_quote(quoted, text), text, text, text);
		return false;
	}
	const char *meant = unit_meant(rest);
	yaml_fault(document, location, "%s: %s is no unit of sizes (B KiB MiB GiB TiB pages)%s%s%s",
		   yaml_quote(quoted, text), yaml_quote(unit, rest), meant ? "; did you mean '" : "", meant ? meant : "",
		   meant ? "'?" : "");
	return false;
}

bool yaml_read_bytes(struct yaml_document *document, yaml_location location, const char *text, uint64_t *bytes)
{
	uint64_t number, factor = 0;
	const char *rest;
	if (text[0] == '0' && text[1] == 'x')
		return read_hex(document, location, text, bytes);
	if (!read_whole(document, location, text, &number, &rest))
		return false;
	const char *unit = rest + (*rest == ' ');
	for (size_t i = 0; i < UNIT_COUNT; i++)
		if (!strcmp(unit, units[i].name))
			factor = UINT64_C(1) << units[i].shift;
	if (!strcmp(unit, "pages") || !strcmp(unit, "page")) {
		if (!document->page_bytes)
			return fault_text(document, location, text, "cannot be told in pages: it is the size of one");
		factor = document->page_bytes;
	}
	if (!*rest && !number)
		factor = 1;
	if (!factor)
		return fault_mask(document, location, text, number, unit) ? false
									  : fault_unit(document, location, text, unit);
	if (__builtin_mul_overflow(number, factor, &number))
		return fault_text(document, location, text, "is larger than 2^64 - 1 bytes");
	*bytes = number;
	return true;
}

static bool read_page(struct yaml_document *document, const struct yaml_key *row, yaml_location location, const char *text,
		      uint64_t *bytes)
{
	char quoted[YAML_QUOTE_BYTES], least[YAML_SIZE_BYTES], most[YAML_SIZE_BYTES];
	if (!yaml_read_bytes(document, location, text, bytes))
		return false;
	if (bits_is_power_of_two(*bytes) && *bytes >= row->min && *bytes <= row->max)
		return true;
	yaml_fault(document, location, "%s is no page: a power of two from %s to %s", yaml_quote(quoted, text),
		   yaml_size_text(least, row->min), yaml_size_text(most, row->max));
	return false;
}

bool yaml_at_most(struct yaml_document *document, yaml_location location, uint64_t pages, uint64_t max, const char *what)
{
	char quoted[YAML_QUOTE_BYTES], most[YAML_SIZE_BYTES];
	const char *text = yaml_value_text(document, location);
	if (pages <= max)
		return true;
	if (text)
		yaml_fault(document, location, "%s is more than %s, %s", yaml_quote(quoted, text),
			   yaml_pages_text(document->page_bytes, most, max), what);
	return false;
}

bool yaml_read_pages(struct yaml_document *document, yaml_location location, uint64_t bytes, uint64_t min, uint64_t max,
		     const char *what, uint64_t *pages)
{
	assert(document->page_bytes && min <= 1 && min <= max);
	uint64_t page = document->page_bytes, whole = bytes / page;
	char quoted[YAML_QUOTE_BYTES], below[YAML_SIZE_BYTES], above[YAML_SIZE_BYTES], of[YAML_SIZE_BYTES];
	if (bytes && !whole) {
		yaml_fault(document, location, "%s is a part of a page of %s, and any part takes a whole one: write %s",
			   yaml_quote(quoted, yaml_value_text(document, location)), yaml_size_text(of, page), of);
		return false;
	}
	if (bytes % page) {
		yaml_fault(document, location, "%s is no whole number of pages of %s; near are %s and %s",
			   yaml_quote(quoted, yaml_value_text(document, location)), yaml_size_text(of, page),
			   yaml_pages_text(page, below, whole), yaml_pages_text(page, above, whole + 1));
		return false;
	}
	if (whole < min) {
		yaml_fault(document, location, "%s is less than %s, one page",
			   yaml_quote(quoted, yaml_value_text(document, location)), yaml_size_text(of, page));
		return false;
	}
	*pages = whole;
	return yaml_at_most(document, location, whole, max, what);
}

bool yaml_read_power(struct yaml_document *document, yaml_location location, uint64_t pages)
{
	assert(document->page_bytes);
	char quoted[YAML_QUOTE_BYTES], below[YAML_SIZE_BYTES], above[YAML_SIZE_BYTES];
	if (!pages || bits_is_power_of_two(pages))
		return true;
	uint64_t less = UINT64_C(1) << bits_log2_floor(pages);
	yaml_fault(document, location, "%s is no power of two; near are %s and %s",
		   yaml_quote(quoted, yaml_value_text(document, location)),
		   yaml_pages_text(document->page_bytes, below, less),
		   yaml_pages_text(document->page_bytes, above, 2 * less));
	return false;
}

/* [-]digits[.digits]; *mantissa / 10^*decimals, exact below 2^53. */
static bool read_digits(struct yaml_document *document, yaml_location location, const char *text, int64_t *mantissa,
			unsigned *decimals, const char **rest)
{
	const char *at = text + (text[0] == '-');
	unsigned digits = 0;
	bool point = false;
	if (*at == '.' && is_digit(at[1]))
		return fault_text(document, location, text, "begins with a point; write 0 before it");
	if (!is_digit(*at))
		return fault_text(document, location, text, *text ? "is no number" : "is empty; a number must stand here");
	if (at[0] == '0' && is_digit(at[1]))
		return fault_text(document, location, text, "has a leading zero");
	*mantissa = 0;
	*decimals = 0;
	for (; is_digit(*at) || (*at == '.' && !point && is_digit(at[1])); at++) {
		if (*at == '.') {
			point = true;
			continue;
		}
		*mantissa = *mantissa * 10 + (*at - '0');
		*decimals += point;
		if (*mantissa && ++digits > 15)
			return fault_text(document, location, text, "has more than 15 digits");
		if (*decimals > 15)
			return fault_text(document, location, text, "has more than 15 decimals");
	}
	if ((*at == 'e' || *at == 'E') && (is_digit(at[1]) || at[1] == '-' || at[1] == '+'))
		return fault_text(document, location, text, "has an exponent; write the number out");
	if (text[0] == '-')
		*mantissa = -*mantissa;
	*rest = at;
	return true;
}

static double power_of_ten(unsigned exponent)
{
	double power = 1; /* exact up to 10^22 */
	while (exponent--)
		power *= 10;
	return power;
}

static bool read_decimal(struct yaml_document *document, yaml_location location, const char *text, double *number)
{
	int64_t mantissa;
	unsigned decimals;
	const char *rest;
	if (!read_digits(document, location, text, &mantissa, &decimals, &rest))
		return false;
	if (!*rest)
		*number = (double)mantissa / power_of_ten(decimals);
	else if (!strcmp(rest, "%"))
		*number = (double)mantissa / power_of_ten(decimals + 2);
	else if (!strcmp(rest, "k") || !strcmp(rest, "M") || !strcmp(rest, "G"))
		*number = (double)mantissa * (*rest == 'k' ? 1e3 : *rest == 'M' ? 1e6 : 1e9) / power_of_ten(decimals);
	else
		return fault_text(document, location, text, "has something behind the number; %, k, M or G may follow");
	return true;
}

static bool read_number(struct yaml_document *document, const struct yaml_key *row, yaml_location location,
			const char *text, double *number)
{
	char quoted[YAML_QUOTE_BYTES];
	if (!read_decimal(document, location, text, number))
		return false;
	if (is_digit(text[strlen(text) - 1]) && *number >= row->least && *number <= row->most)
		return true;
	yaml_fault(document, location, "%s is no %s; a plain number from %.15g to %.15g", yaml_quote(quoted, text),
		   row->name, row->least, row->most);
	return false;
}

static bool read_share(struct yaml_document *document, const struct yaml_key *row, yaml_location location, const char *text,
		       double *share)
{
	int64_t mantissa;
	unsigned decimals;
	const char *rest;
	char quoted[YAML_QUOTE_BYTES];
	if (!read_digits(document, location, text, &mantissa, &decimals, &rest))
		return false;
	*share = (double)mantissa / power_of_ten(decimals + 2);
	if (!*rest && mantissa) {
		yaml_fault(document, location, "%s is a share and needs %%: write %.15g%%", yaml_quote(quoted, text),
			   100 * *share * (100 * *share <= 1 ? 100 : 1));
		return false;
	}
	if (*rest && strcmp(rest, "%") != 0)
		return fault_text(document, location, text, "is no share: a number and %, nothing behind it");
	if (*share < 0 || *share > 1 || (row->min && mantissa == 0))
		return fault_text(document, location, text,
				  row->min ? "must be above 0% and at most 100%" : "must be from 0% to 100%");
	return true;
}

#define WORDS_MAX 64

void yaml_join_words(struct text *text, const struct yaml_word *words)
{
	for (size_t i = 0; words[i].word; i++)
		text_add(text, "%s%s", i == 0 ? "" : words[i + 1].word ? ", " : " or ", words[i].word);
}

bool yaml_read_word(struct yaml_document *document, yaml_location location, const char *text, const struct yaml_word *words,
		    int64_t *word)
{
	const char *names[WORDS_MAX + 1] = {NULL};
	char quoted[YAML_QUOTE_BYTES], meant[YAML_MEANT_BYTES];
	for (size_t i = 0; words[i].word; i++) {
		if (!strcmp(text, words[i].word)) {
			*word = words[i].value;
			return true;
		}
		assert(i < WORDS_MAX);
		names[i] = words[i].word;
	}
	struct text known = {0};
	yaml_join_words(&known, words);
	if (known.failed)
		yaml_no_memory(document);
	else
		yaml_fault(document, location, "%s is not known here; write %s%s", yaml_quote(quoted, text), known.bytes,
			   yaml_meant(meant, text, names));
	text_release(&known);
	return false;
}

static bool read_bits(struct yaml_document *document, const struct yaml_key *row, yaml_location location, const char *text,
		      uint64_t *bits)
{
	int64_t word;
	if (!is_digit(*text)) {
		if (!yaml_read_word(document, location, text, row->words, &word))
			return false;
		*bits = (uint64_t)word;
	} else if (!yaml_read_bytes(document, location, text, bits)) {
		return false;
	} else if (*bits > UINT32_MAX) {
		yaml_fault(document, location, "flags have 32 bits");
		return false;
	}
	return true;
}

static bool read_flag(struct yaml_document *document, yaml_location location, const char *text, uint64_t *flag)
{
	*flag = !strcmp(text, "yes") || !strcmp(text, "true");
	if (!*flag && strcmp(text, "no") != 0 && strcmp(text, "false") != 0)
		return fault_text(document, location, text, "is neither yes nor no");
	return true;
}

static bool read_name(struct yaml_document *document, yaml_location location, const char *text)
{
	char quoted[YAML_QUOTE_BYTES];
	size_t length = strlen(text);
	if (!length || strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") != length)
		return fault_text(document, location, text, "is no name: small letters, digits and . _ - make one");
	if (length > YAML_NAME_BYTES_MAX) {
		yaml_fault(document, location, "%s has %zu letters; the limit is %u", yaml_quote(quoted, text), length,
			   YAML_NAME_BYTES_MAX);
		return false;
	}
	return true;
}

static bool read_reference(struct yaml_document *document, const struct yaml_key *row, yaml_location location,
			   const char *text, uint64_t *index)
{
	char quoted[YAML_QUOTE_BYTES], meant[YAML_MEANT_BYTES];
	static const char *const none[] = {NULL};
	const struct yaml_names *names = &document->names[row->names - 1];
	size_t found = name_table_find(&names->numbers, text);
	*index = found;
	if (found != NAME_TABLE_NONE)
		return true;
	yaml_fault(document, location, "there is no %s %s%s", row->what, yaml_quote(quoted, text),
		   yaml_meant(meant, text, names->names ? names->names : none));
	return false;
}

static bool read_version(struct yaml_document *document, const struct yaml_key *row, yaml_location location,
			 const char *text)
{
	char quoted[YAML_QUOTE_BYTES], version[24];
	snprintf(version, sizeof version, "%llu", (unsigned long long)row->min);
	if (!strcmp(text, version))
		return true;
	yaml_fault(document, location, "format version %s; this program reads version %s", yaml_quote(quoted, text),
		   version);
	return false;
}

static bool read_bytes(struct yaml_document *document, const struct yaml_key *row, yaml_location location, const char *text,
		       uint64_t *bytes)
{
	char quoted[YAML_QUOTE_BYTES], most[YAML_SIZE_BYTES];
	if (!yaml_read_bytes(document, location, text, bytes))
		return false;
	if (!row->max || *bytes <= row->max)
		return true;
	yaml_fault(document, location, "%s is more than %s, the most there is", yaml_quote(quoted, text),
		   yaml_size_text(most, row->max));
	return false;
}

/* PAGES, POWER and MEMORY. */
static bool read_size(struct yaml_document *document, const struct yaml_key *row, yaml_location location, const char *text,
		      uint64_t *number)
{
	uint64_t bytes, pages;
	if (!yaml_read_bytes(document, location, text, &bytes) ||
	    !yaml_read_pages(document, location, bytes, row->min, row->max, row->what, &pages) ||
	    (row->kind == YAML_POWER && !yaml_read_power(document, location, pages)))
		return false;
	*number = row->kind == YAML_MEMORY ? bytes : pages;
	return true;
}

bool yaml_scalar_read(struct yaml_document *document, const struct yaml_key *row, yaml_location location, const char *text,
		      struct yaml_scalar *scalar)
{
	switch (row->kind) {
	case YAML_VERSION:
		return read_version(document, row, location, text);
	case YAML_NAME:
		return read_name(document, location, text);
	case YAML_REFERENCE:
		return read_reference(document, row, location, text, &scalar->whole);
	case YAML_WORD:
		return yaml_read_word(document, location, text, row->words, &scalar->word);
	case YAML_BITS:
		return read_bits(document, row, location, text, &scalar->whole);
	case YAML_FLAG:
		return read_flag(document, location, text, &scalar->whole);
	case YAML_COUNT:
		return read_count(document, row, location, text, &scalar->whole);
	case YAML_SEED:
		return read_seed(document, location, text, &scalar->whole);
	case YAML_RATE:
		return read_rate(document, location, text, &scalar->real);
	case YAML_NUMBER:
		return read_number(document, row, location, text, &scalar->real);
	case YAML_DECIMAL:
		return read_decimal(document, location, text, &scalar->real);
	case YAML_SHARE:
		return read_share(document, row, location, text, &scalar->real);
	case YAML_BYTES:
		return read_bytes(document, row, location, text, &scalar->whole);
	case YAML_PAGE:
		return read_page(document, row, location, text, &scalar->whole);
	case YAML_PAGES:
	case YAML_POWER:
	case YAML_MEMORY:
		return read_size(document, row, location, text, &scalar->whole);
	default: /* any text is right */
		return true;
	}
}

/* What is read has at most 15 digits and a unit: one of these is it. */
const char *yaml_decimal_text(char buffer[YAML_NUMBER_BYTES], double number, bool share)
{
	assert(isfinite(number));
	static const struct {
		const char *unit;
		double factor;
		unsigned decimals;
	} written[] = {{"%", 1, 2}, {"", 1, 0}, {"%", 1, 2}, {"k", 1e3, 0}, {"M", 1e6, 0}, {"G", 1e9, 0}};
	size_t end = share ? 1 : sizeof written / sizeof written[0];
	for (size_t i = share ? 0 : 1; i < end; i++)
		for (unsigned decimals = 0; decimals <= 15; decimals++) {
			double ten = power_of_ten(decimals + written[i].decimals);
			double mantissa = nearbyint(number / written[i].factor * ten);
			if (fabs(mantissa) >= 1e15 || mantissa * written[i].factor / ten != number)
				continue;
			int64_t whole = (int64_t)fabs(mantissa);
			int64_t one = (int64_t)power_of_ten(decimals);
			int length = snprintf(buffer, YAML_NUMBER_BYTES, "%s%lld", mantissa < 0 ? "-" : "",
					      (long long)(whole / one));
			if (decimals)
				length += snprintf(buffer + length, (size_t)(YAML_NUMBER_BYTES - length), ".%0*lld",
						   (int)decimals, (long long)(whole % one));
			snprintf(buffer + length, (size_t)(YAML_NUMBER_BYTES - length), "%s", written[i].unit);
			return buffer;
		}
	snprintf(buffer, YAML_NUMBER_BYTES, "%.17g%s", share ? 100 * number : number, share ? "%" : "");
	return buffer;
}
