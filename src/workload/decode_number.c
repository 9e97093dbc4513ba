/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "workload/decode.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct unit {
	const char *name;
	unsigned shift;
} units[] = {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}};
#define UNIT_COUNT (sizeof units / sizeof units[0])

const char *decode_size_text(char buffer[DECODE_SIZE_BYTES], uint64_t bytes)
{
	size_t unit = 0;
	while (bytes & ((UINT64_C(1) << units[unit].shift) - 1))
		unit++;
	if (!bytes)
		unit = UNIT_COUNT - 1;
	snprintf(buffer, DECODE_SIZE_BYTES, "%llu%s", (unsigned long long)(bytes >> units[unit].shift), units[unit].name);
	return buffer;
}

const char *decode_pages_text(const struct decode *decode, char buffer[DECODE_SIZE_BYTES], uint64_t pages)
{
	uint64_t bytes;
	if (!__builtin_mul_overflow(pages, decode->workload->space.page_bytes, &bytes))
		return decode_size_text(buffer, bytes);
	snprintf(buffer, DECODE_SIZE_BYTES, "%llu pages", (unsigned long long)pages);
	return buffer;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool fault_text(struct decode *decode, struct decode_value value, const char *message)
{
	char quoted[YAML_QUOTE_BYTES];
	decode_fault(decode, value.place, "%s %s", yaml_quote(quoted, value.text), message);
	return false;
}

static bool read_hex(struct decode *decode, struct decode_value value, uint64_t *number)
{
	const char *digits = value.text + 2;
	size_t length = strlen(digits);
	if (!length || strspn(digits, "0123456789abcdefABCDEF") != length)
		return fault_text(decode, value, "is no hex number: 0x and the digits 0-9 a-f, nothing behind them");
	if (length > 16)
		return fault_text(decode, value, "is larger than 2^64 - 1");
	*number = 0;
	for (; *digits; digits++)
		*number = *number * 16 + (uint64_t)(is_digit(*digits) ? *digits - '0' : tolower(*digits) - 'a' + 10);
	return true;
}

/* The digits at the beginning of value; *rest is what follows. */
static bool read_whole(struct decode *decode, struct decode_value value, uint64_t *number, const char **rest)
{
	const char *at = value.text;
	if (!*at)
		return fault_text(decode, value, "is empty; a number must stand here");
	if (*at == '-' || *at == '+')
		return fault_text(decode, value, "has a sign; numbers here have none");
	if (!is_digit(*at))
		return fault_text(decode, value, "is no number");
	if (at[0] == '0' && is_digit(at[1]))
		return fault_text(decode, value, "has a leading zero; octal is not read here, hex is 0x...");
	*number = 0;
	for (; is_digit(*at); at++)
		if (__builtin_mul_overflow(*number, UINT64_C(10), number) ||
		    __builtin_add_overflow(*number, (uint64_t)(*at - '0'), number))
			return fault_text(decode, value, "is larger than 2^64 - 1");
	if (*at == '.')
		return fault_text(decode, value, "is no whole number");
	if ((*at == 'e' || *at == 'E') && (is_digit(at[1]) || at[1] == '-' || at[1] == '+'))
		return fault_text(decode, value, "has an exponent; write the number out");
	*rest = at;
	return true;
}

static bool scale_count(struct decode *decode, struct decode_value value, const char *rest, uint64_t *number)
{
	uint64_t factor = !*rest               ? 1
			  : !strcmp(rest, "k") ? 1000
			  : !strcmp(rest, "M") ? 1000000
			  : !strcmp(rest, "G") ? 1000000000
					       : 0;
	if (!factor)
		return fault_text(decode, value, "is no count: digits, then k (1000), M, G or nothing");
	if (__builtin_mul_overflow(*number, factor, number))
		return fault_text(decode, value, "is larger than 2^64 - 1");
	return true;
}

bool decode_count(struct decode *decode, struct decode_value value, struct decode_range range, uint64_t *result)
{
	uint64_t number;
	const char *rest;
	char quoted[YAML_QUOTE_BYTES];
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	if (!read_whole(decode, value, &number, &rest) || !scale_count(decode, value, rest, &number))
		return false;
	if (number < range.min || number > range.max) {
		decode_fault(decode, value.place, "%s is out of range; from %llu to %llu %s",
			     yaml_quote(quoted, value.text), (unsigned long long)range.min, (unsigned long long)range.max,
			     range.what);
		return false;
	}
	*result = number;
	return true;
}

bool decode_seed(struct decode *decode, struct decode_value value, uint64_t *result)
{
	uint64_t number;
	const char *rest = "";
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	bool hex = value.text[0] == '0' && value.text[1] == 'x';
	if (hex ? !read_hex(decode, value, &number) : !read_whole(decode, value, &number, &rest))
		return false;
	if (*rest)
		return fault_text(decode, value, "is no seed: a decimal or hex number without a unit");
	*result = number;
	return true;
}

bool decode_pace(struct decode *decode, struct decode_value value, double *result)
{
	uint64_t number;
	const char *rest;
	char count[8] = "";
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	if (!read_whole(decode, value, &number, &rest))
		return false;
	size_t length = strlen(rest);
	if (length < 2 || strcmp(rest + length - 2, "/s") != 0 || length - 2 >= sizeof count)
		return fault_text(decode, value, "is no pace: a count and /s, for example 1M/s");
	memcpy(count, rest, length - 2);
	if (!scale_count(decode, value, count, &number))
		return false;
	if (!number)
		return fault_text(decode, value, "is no pace: at least 1/s");
	*result = (double)number;
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

static bool fault_unit(struct decode *decode, struct decode_value value, const char *rest)
{
	char quoted[YAML_QUOTE_BYTES], unit[YAML_QUOTE_BYTES];
	if (!*rest) {
		decode_fault(decode, value.place,
			     "%s needs a unit (B KiB MiB GiB TiB pages): write %sB, %sKiB, %spages, ... or hex",
			     yaml_quote(quoted, value.text), value.text, value.text, value.text);
		return false;
	}
	const char *meant = unit_meant(rest);
	decode_fault(decode, value.place, "%s: %s is no unit of sizes (B KiB MiB GiB TiB pages)%s%s%s",
		     yaml_quote(quoted, value.text), yaml_quote(unit, rest), meant ? "; did you mean '" : "",
		     meant ? meant : "", meant ? "'?" : "");
	return false;
}

bool decode_bytes(struct decode *decode, struct decode_value value, uint64_t *result)
{
	uint64_t number, factor = 0;
	const char *rest;
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	if (value.text[0] == '0' && value.text[1] == 'x')
		return read_hex(decode, value, result);
	if (!read_whole(decode, value, &number, &rest))
		return false;
	const char *unit = rest + (*rest == ' ');
	for (size_t i = 0; i < UNIT_COUNT; i++)
		if (!strcmp(unit, units[i].name))
			factor = UINT64_C(1) << units[i].shift;
	if (!strcmp(unit, "pages") || !strcmp(unit, "page")) {
		if (!decode->page_unit_known)
			return fault_text(decode, value, "cannot be told in pages: it is the size of one");
		factor = decode->workload->space.page_bytes;
	}
	if (!*rest && !number)
		factor = 1;
	if (!factor)
		return fault_unit(decode, value, unit);
	if (__builtin_mul_overflow(number, factor, &number))
		return fault_text(decode, value, "is larger than 2^64 - 1 bytes");
	*result = number;
	return true;
}

bool decode_pages(struct decode *decode, struct decode_value value, struct decode_range range, uint64_t *result)
{
	uint64_t bytes, page = decode->workload->space.page_bytes;
	char quoted[YAML_QUOTE_BYTES], below[DECODE_SIZE_BYTES], above[DECODE_SIZE_BYTES], of[DECODE_SIZE_BYTES];
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	if (!decode_bytes(decode, value, &bytes))
		return false;
	uint64_t pages = bytes / page;
	if (bytes % page) {
		decode_fault(decode, value.place, "%s is no whole number of pages of %s; near are %s and %s",
			     yaml_quote(quoted, value.text), decode_size_text(of, page),
			     decode_pages_text(decode, below, pages), decode_pages_text(decode, above, pages + 1));
		return false;
	}
	if (pages < range.min || pages > range.max) {
		bool less = pages < range.min;
		decode_fault(decode, value.place, "%s is %s than %s, %s", yaml_quote(quoted, value.text),
			     less ? "less" : "more", decode_pages_text(decode, of, less ? range.min : range.max),
			     less ? "one page" : range.what);
		return false;
	}
	*result = pages;
	return true;
}

bool decode_page_inside(struct decode *decode, struct decode_value value, uint64_t *result)
{
	const struct workload *workload = decode->workload;
	uint64_t pages = workload->space.first, page = workload->space.page_bytes;
	char quoted[YAML_QUOTE_BYTES];
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	if (!decode_pages(decode, value, (struct decode_range){0, WORKLOAD_PAGES_MAX, "the largest address"}, &pages))
		return false;
	if (pages < workload->space.first || pages >= workload->space.end) {
		decode_fault(decode, value.place, "%s lies outside the space, 0x%llx to 0x%llx",
			     yaml_quote(quoted, value.text), (unsigned long long)(workload->space.first * page),
			     (unsigned long long)(workload->space.end * page - 1));
		return false;
	}
	*result = pages;
	return true;
}

bool decode_pages_power(struct decode *decode, struct decode_value value, struct decode_range range, uint64_t *result)
{
	uint64_t pages = 1;
	char quoted[YAML_QUOTE_BYTES], below[DECODE_SIZE_BYTES], above[DECODE_SIZE_BYTES];
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	if (!decode_pages(decode, value, range, &pages))
		return false;
	if (pages && !bits_is_power_of_two(pages)) {
		uint64_t less = UINT64_C(1) << bits_log2_floor(pages);
		decode_fault(decode, value.place, "%s is no power of two; near are %s and %s",
			     yaml_quote(quoted, value.text), decode_pages_text(decode, below, less),
			     decode_pages_text(decode, above, 2 * less));
		return false;
	}
	*result = pages;
	return true;
}

/* [-]digits[.digits]; *mantissa / 10^*decimals, exact below 2^53. */
static bool read_decimal(struct decode *decode, struct decode_value value, int64_t *mantissa, unsigned *decimals,
			 const char **rest)
{
	const char *at = value.text + (value.text[0] == '-');
	unsigned digits = 0;
	bool point = false;
	if (*at == '.' && is_digit(at[1]))
		return fault_text(decode, value, "begins with a point; write 0 before it");
	if (!is_digit(*at))
		return fault_text(decode, value, *value.text ? "is no number" : "is empty; a number must stand here");
	if (at[0] == '0' && is_digit(at[1]))
		return fault_text(decode, value, "has a leading zero");
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
			return fault_text(decode, value, "has more than 15 digits");
		if (*decimals > 15)
			return fault_text(decode, value, "has more than 15 decimals");
	}
	if ((*at == 'e' || *at == 'E') && (is_digit(at[1]) || at[1] == '-' || at[1] == '+'))
		return fault_text(decode, value, "has an exponent; write the number out");
	if (value.text[0] == '-')
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

bool decode_decimal(struct decode *decode, struct decode_value value, double *result)
{
	int64_t mantissa;
	unsigned decimals;
	const char *rest;
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	if (!read_decimal(decode, value, &mantissa, &decimals, &rest))
		return false;
	if (!*rest)
		*result = (double)mantissa / power_of_ten(decimals);
	else if (!strcmp(rest, "%"))
		*result = (double)mantissa / power_of_ten(decimals + 2);
	else if (!strcmp(rest, "k") || !strcmp(rest, "M") || !strcmp(rest, "G"))
		*result = (double)mantissa * (*rest == 'k' ? 1e3 : *rest == 'M' ? 1e6 : 1e9) / power_of_ten(decimals);
	else
		return fault_text(decode, value, "has something behind the number; %, k, M or G may follow");
	return true;
}

bool decode_share(struct decode *decode, struct decode_value value, bool zero_allowed, double *result)
{
	int64_t mantissa;
	unsigned decimals;
	const char *rest;
	char quoted[YAML_QUOTE_BYTES];
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	if (!read_decimal(decode, value, &mantissa, &decimals, &rest))
		return false;
	double share = (double)mantissa / power_of_ten(decimals + 2);
	if (!*rest && mantissa) {
		decode_fault(decode, value.place, "%s is a share and needs %%: write %.15g%%",
			     yaml_quote(quoted, value.text), 100 * share * (100 * share <= 1 ? 100 : 1));
		return false;
	}
	if (*rest && strcmp(rest, "%") != 0)
		return fault_text(decode, value, "is no share: a number and %, nothing behind it");
	if (share < 0 || share > 1 || (!zero_allowed && mantissa == 0))
		return fault_text(decode, value,
				  zero_allowed ? "must be from 0% to 100%" : "must be above 0% and at most 100%");
	*result = share;
	return true;
}
