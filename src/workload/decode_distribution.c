/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "workload/decode.h"

#include <stdio.h>
#include <string.h>

#define ALPHA_MIN 0.01
#define ALPHA_MAX 16
#define SIGMA_MIN 0.01
#define SIGMA_MAX 8

static struct decode_range size_range(const struct decode *decode)
{
	return (struct decode_range){1, decode->workload->space.usable, "what the space can hold"};
}

void decode_one_variant(struct decode *decode, yaml_place place, const char *const *variants, const char *what)
{
	const char *found = NULL;
	char known[256] = "";
	size_t used = 0;
	for (size_t i = 0; variants[i]; i++) {
		yaml_place variant = yaml_places_value(decode->places, place, variants[i]);
		if (used < sizeof known)
			used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
						 i == 0            ? ""
						 : variants[i + 1] ? ", "
								   : " or ",
						 variants[i]);
		if (variant == YAML_PLACE_NONE)
			continue;
		if (found)
			decode_fault(decode, variant, "a second variant; %s is given by %s already", what, found);
		else
			found = variants[i];
	}
	if (!found)
		decode_fault(decode, place, "is missing a variant: %s", known);
}

bool decode_number(struct decode *decode, struct decode_value value, double min, double max, const char *name,
		   double *result)
{
	double number;
	char quoted[YAML_QUOTE_BYTES];
	if (!value.text)
		return value.place == YAML_PLACE_NONE;
	if (!decode_decimal(decode, value, &number))
		return false;
	char last = value.text[strlen(value.text) - 1];
	if (last < '0' || last > '9' || number < min || number > max) {
		decode_fault(decode, value.place, "%s is no %s; a plain number from %.15g to %.15g",
			     yaml_quote(quoted, value.text), name, min, max);
		return false;
	}
	*result = number;
	return true;
}

static bool decode_alpha(struct decode *decode, yaml_place place, const char *raw, double *alpha)
{
	decode_missing(decode, place, "alpha", "the power of the distribution, for example 1.2");
	struct decode_value value = decode_value(decode, place, "alpha", raw);
	return decode_number(decode, value, ALPHA_MIN, ALPHA_MAX, "alpha", alpha) && value.text;
}

/* min and max of a variant of size:. Returns whether both can be used. */
static bool decode_min_max(struct decode *decode, yaml_place place, const char *min, const char *max,
			   struct workload_size *size)
{
	decode_missing(decode, place, "min", "sizes are drawn from min to max");
	decode_missing(decode, place, "max", "sizes are drawn from min to max");
	struct decode_value low = decode_value(decode, place, "min", min), high = decode_value(decode, place, "max", max);
	bool good = decode_pages(decode, low, size_range(decode), &size->min);
	good = decode_pages(decode, high, size_range(decode), &size->max) && good;
	if (!good || !low.text || !high.text)
		return false;
	if (size->min > size->max) {
		decode_fault(decode, high.place, "max %s is less than min %s", high.text, low.text);
		return false;
	}
	return true;
}

static bool decode_powers(struct decode *decode, yaml_place place, const struct raw_powers *raw, struct workload_size *size)
{
	char less[DECODE_SIZE_BYTES], more[DECODE_SIZE_BYTES];
	size->ratio = 0.5;
	bool good = decode_min_max(decode, place, raw->min, raw->max, size);
	decode_share(decode, decode_value(decode, place, "ratio", raw->ratio), false, &size->ratio);
	decode_flag(decode, decode_value(decode, place, "exact", raw->exact), &size->exact);
	if (good && (size->max % size->min || !bits_is_power_of_two(size->max / size->min))) {
		uint64_t near = size->min << bits_log2_floor(size->max / size->min);
		decode_fault(decode, yaml_places_value(decode->places, place, "max"),
			     "max must be min times a power of two; near are %s and %s",
			     decode_pages_text(decode, less, near), decode_pages_text(decode, more, 2 * near));
		return false;
	}
	return good;
}

static bool decode_lognormal(struct decode *decode, yaml_place place, const struct raw_lognormal *raw,
			     struct workload_size *size)
{
	char text[DECODE_SIZE_BYTES], least[DECODE_SIZE_BYTES], most[DECODE_SIZE_BYTES];
	bool good = decode_min_max(decode, place, raw->min, raw->max, size);
	decode_missing(decode, place, "median", "half of the sizes lie below it");
	decode_missing(decode, place, "sigma", "the standard deviation of the natural logarithm, for example 1.5");
	struct decode_value median = decode_value(decode, place, "median", raw->median);
	struct decode_value sigma = decode_value(decode, place, "sigma", raw->sigma);
	bool known = decode_pages(decode, median, size_range(decode), &size->median) && median.text;
	if (good && known && (size->median < size->min || size->median > size->max)) {
		decode_fault(decode, median.place, "median %s lies outside %s to %s, min to max",
			     decode_pages_text(decode, text, size->median), decode_pages_text(decode, least, size->min),
			     decode_pages_text(decode, most, size->max));
		known = false;
	}
	good = decode_number(decode, sigma, SIGMA_MIN, SIGMA_MAX, "sigma", &size->sigma) && sigma.text && good;
	return good && known;
}

static bool decode_power(struct decode *decode, yaml_place place, const struct raw_power *raw, struct workload_size *size)
{
	bool good = decode_min_max(decode, place, raw->min, raw->max, size);
	return decode_alpha(decode, place, raw->alpha, &size->alpha) && good;
}

/* One variant, neither weights nor mixed. */
static bool decode_simple(struct decode *decode, yaml_place place, const struct raw_size *raw, struct workload_size *size)
{
	const struct {
		const char *key;
		const struct raw_uniform *raw;
		enum workload_size_kind kind;
	} ranges[] = {{"uniform", raw->uniform, WORKLOAD_SIZE_UNIFORM},
		      {"log_uniform", raw->log_uniform, WORKLOAD_SIZE_LOG_UNIFORM}};
	const struct {
		const char *key;
		const struct raw_power *raw;
		enum workload_size_kind kind;
	} powers[] = {{"pareto", raw->pareto, WORKLOAD_SIZE_PARETO}, {"zipf", raw->zipf, WORKLOAD_SIZE_ZIPF}};
	struct decode_value fixed = decode_value(decode, place, "fixed", raw->fixed);
	if (fixed.text) {
		size->kind = WORKLOAD_SIZE_FIXED;
		bool good = decode_pages(decode, fixed, size_range(decode), &size->min);
		size->max = size->min;
		return good;
	}
	for (size_t i = 0; i < 2; i++) {
		yaml_place below = decode_below(decode, place, ranges[i].key);
		size->kind = ranges[i].kind;
		if (below != YAML_PLACE_NONE && ranges[i].raw)
			return decode_min_max(decode, below, ranges[i].raw->min, ranges[i].raw->max, size);
		below = decode_below(decode, place, powers[i].key);
		size->kind = powers[i].kind;
		if (below != YAML_PLACE_NONE && powers[i].raw)
			return decode_power(decode, below, powers[i].raw, size);
	}
	yaml_place below = decode_below(decode, place, "powers_of_two");
	size->kind = WORKLOAD_SIZE_POWERS_OF_TWO;
	if (below != YAML_PLACE_NONE && raw->powers_of_two)
		return decode_powers(decode, below, raw->powers_of_two, size);
	below = decode_below(decode, place, "lognormal");
	size->kind = WORKLOAD_SIZE_LOGNORMAL;
	return below != YAML_PLACE_NONE && raw->lognormal && decode_lognormal(decode, below, raw->lognormal, size);
}

/* The list of weights or mixed, or YAML_PLACE_NONE; with room for its parts. */
static yaml_place decode_parts(struct decode *decode, yaml_place place, const char *key, unsigned count,
			       struct workload_size *size)
{
	yaml_place list = decode_below(decode, place, key);
	if (list == YAML_PLACE_NONE)
		return YAML_PLACE_NONE;
	if (!count)
		decode_fault(decode, list, "is an empty list; at least one part");
	if (count > WORKLOAD_SIZE_PARTS_MAX)
		decode_fault(decode, yaml_places_item(decode->places, list, WORKLOAD_SIZE_PARTS_MAX),
			     "%u parts; at most %u", count, WORKLOAD_SIZE_PARTS_MAX);
	if (!count || count > WORKLOAD_SIZE_PARTS_MAX)
		return YAML_PLACE_NONE;
	size->parts = decode_array(decode, count, sizeof *size->parts);
	return size->parts ? list : YAML_PLACE_NONE;
}

static void add_part(struct workload_size *size)
{
	const struct workload_size *part = &size->parts[size->part_count].size;
	size->min = !size->part_count || part->min < size->min ? part->min : size->min;
	size->max = part->max > size->max ? part->max : size->max;
	size->part_count++;
}

static bool decode_part_weight(struct decode *decode, yaml_place place, const char *raw, uint64_t *weight)
{
	*weight = 1;
	return decode_count(decode, decode_value(decode, place, "weight", raw),
			    (struct decode_range){1, DECODE_WEIGHT_MAX, "shares"}, weight);
}

static bool decode_weights(struct decode *decode, yaml_place place, const struct raw_size *raw, struct workload_size *size)
{
	yaml_place list = decode_parts(decode, place, "weights", raw->weights_count, size);
	size->kind = WORKLOAD_SIZE_WEIGHTS;
	for (unsigned i = 0; list != YAML_PLACE_NONE && i < raw->weights_count; i++) {
		yaml_place entry = decode_entry(decode, list, i);
		struct workload_size_part *part = &size->parts[size->part_count];
		if (entry == YAML_PLACE_NONE)
			continue;
		decode_missing(decode, entry, "size", "an entry of weights is {size: 4KiB, weight: 3}");
		struct decode_value pages = decode_value(decode, entry, "size", raw->weights[i].size);
		bool good = decode_part_weight(decode, entry, raw->weights[i].weight, &part->weight);
		good = decode_pages(decode, pages, size_range(decode), &part->size.min) && pages.text && good;
		part->size.max = part->size.min;
		if (good)
			add_part(size);
	}
	return list != YAML_PLACE_NONE && size->part_count == raw->weights_count;
}

static bool decode_mixed(struct decode *decode, yaml_place place, const struct raw_size *raw, struct workload_size *size)
{
	static const char *const variants[] = {"fixed",     "uniform", "powers_of_two", "log_uniform",
					       "lognormal", "pareto",  "zipf",          NULL};
	yaml_place list = decode_parts(decode, place, "mixed", raw->mixed_count, size);
	size->kind = WORKLOAD_SIZE_MIXED;
	for (unsigned i = 0; list != YAML_PLACE_NONE && i < raw->mixed_count; i++) {
		yaml_place entry = decode_entry(decode, list, i);
		struct workload_size_part *part = &size->parts[size->part_count];
		if (entry == YAML_PLACE_NONE)
			continue;
		decode_one_variant(decode, entry, variants, "the size");
		bool good = decode_part_weight(decode, entry, raw->mixed[i].weight, &part->weight);
		if (decode_simple(decode, entry, &raw->mixed[i], &part->size) && good)
			add_part(size);
	}
	return list != YAML_PLACE_NONE && size->part_count == raw->mixed_count;
}

bool decode_size(struct decode *decode, yaml_place parent, const struct raw_size *raw, struct workload_size *size)
{
	static const char *const variants[] = {"fixed",  "uniform", "powers_of_two", "log_uniform", "lognormal",
					       "pareto", "zipf",    "weights",       "mixed",       NULL};
	yaml_place place = decode_below(decode, parent, "size");
	if (place == YAML_PLACE_NONE || !raw)
		return false;
	decode_one_variant(decode, place, variants, "the size");
	bool weights = decode_given(decode, place, "weights"), mixed = decode_given(decode, place, "mixed");
	if (weights && !mixed)
		return decode_weights(decode, place, raw, size);
	if (mixed && !weights)
		return decode_mixed(decode, place, raw, size);
	return !weights && !mixed && decode_simple(decode, place, raw, size);
}

static struct decode_range life_range(void)
{
	return (struct decode_range){1, WORKLOAD_LIFETIME_MAX, "operations"};
}

static void decode_life(struct decode *decode, yaml_place place, const char *key, const char *raw, const char *advice,
			uint64_t *result)
{
	decode_missing(decode, place, key, advice);
	*result = 1;
	decode_count(decode, decode_value(decode, place, key, raw), life_range(), result);
}

static void decode_life_range(struct decode *decode, yaml_place place, const char *min, const char *max,
			      struct workload_lifetime *lifetime)
{
	static const char advice[] = "lifetimes are drawn from min to max operations";
	decode_life(decode, place, "min", min, advice, &lifetime->min);
	decode_life(decode, place, "max", max, advice, &lifetime->max);
	struct decode_value low = decode_value(decode, place, "min", min), high = decode_value(decode, place, "max", max);
	if (low.text && high.text && lifetime->min > lifetime->max)
		decode_fault(decode, high.place, "max %s is less than min %s", high.text, low.text);
}

static void decode_generational(struct decode *decode, yaml_place place, const struct raw_generational *raw,
				struct workload_lifetime *lifetime)
{
	lifetime->kind = WORKLOAD_LIFETIME_GENERATIONAL;
	lifetime->young_share = 1;
	decode_life(decode, place, "young", raw->young, "the mean lifetime of those that die young, in operations",
		    &lifetime->mean);
	decode_life(decode, place, "old", raw->old, "the mean lifetime of the others, in operations", &lifetime->old_mean);
	decode_missing(decode, place, "share", "the share of those that die young, for example 90%");
	decode_share(decode, decode_value(decode, place, "share", raw->share), false, &lifetime->young_share);
	struct decode_value young = decode_value(decode, place, "young", raw->young),
			    old = decode_value(decode, place, "old", raw->old);
	if (young.text && old.text && lifetime->mean > lifetime->old_mean)
		decode_fault(decode, old.place, "old %s is less than young %s", old.text, young.text);
}

void decode_lifetime(struct decode *decode, yaml_place parent, const struct raw_lifetime *raw,
		     struct workload_lifetime *lifetime)
{
	static const char *const variants[] = {"fixed", "uniform", "exponential", "pareto", "generational", NULL};
	yaml_place place = decode_below(decode, parent, "lifetime"), below;
	if (place == YAML_PLACE_NONE || !raw)
		return;
	decode_one_variant(decode, place, variants, "the lifetime");
	struct decode_value fixed = decode_value(decode, place, "fixed", raw->fixed);
	lifetime->kind = WORKLOAD_LIFETIME_FIXED;
	lifetime->min = lifetime->max = 1;
	if (fixed.text) {
		decode_count(decode, fixed, life_range(), &lifetime->min);
		lifetime->max = lifetime->min;
	} else if ((below = decode_below(decode, place, "uniform")) != YAML_PLACE_NONE && raw->uniform) {
		lifetime->kind = WORKLOAD_LIFETIME_UNIFORM;
		decode_life_range(decode, below, raw->uniform->min, raw->uniform->max, lifetime);
	} else if ((below = decode_below(decode, place, "exponential")) != YAML_PLACE_NONE && raw->exponential) {
		lifetime->kind = WORKLOAD_LIFETIME_EXPONENTIAL;
		decode_life(decode, below, "mean", raw->exponential->mean, "the mean lifetime in operations",
			    &lifetime->mean);
	} else if ((below = decode_below(decode, place, "pareto")) != YAML_PLACE_NONE && raw->pareto) {
		lifetime->kind = WORKLOAD_LIFETIME_PARETO;
		lifetime->alpha = 1;
		decode_life_range(decode, below, raw->pareto->min, raw->pareto->max, lifetime);
		decode_alpha(decode, below, raw->pareto->alpha, &lifetime->alpha);
	} else if ((below = decode_below(decode, place, "generational")) != YAML_PLACE_NONE && raw->generational) {
		decode_generational(decode, below, raw->generational, lifetime);
	}
}
