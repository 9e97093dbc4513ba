/* SPDX-License-Identifier: MIT */
#include "metric/metrics.h"

#include <assert.h>
#include <string.h>

const char *const metric_kind_name[METRIC_KIND_COUNT] = {
#define METRIC_KIND_NAME(name, word) [METRIC_KIND_##name] = word,
	METRIC_KINDS(METRIC_KIND_NAME)
#undef METRIC_KIND_NAME
};

const char *const metric_better_name[METRIC_BETTER_COUNT] = {
	[METRIC_BETTER_NEITHER] = "neither", [METRIC_BETTER_LOWER] = "lower", [METRIC_BETTER_HIGHER] = "higher"};

const double metric_percentile_quantile[METRIC_PERCENTILES] = {0.5, 0.9, 0.99, 0.999, 0.9999};
const char *const metric_percentile_key[METRIC_PERCENTILES] = {"p50_ns", "p90_ns", "p99_ns", "p999_ns", "p9999_ns"};

#define LATENCY_INDEX(kind, name) METRIC_COUNT + METRIC_KIND_##kind *METRIC_LATENCY_COUNT + METRIC_LATENCY_##name

const struct metric_info metric_table[METRIC_ALL] = {
#define METRIC_INFO(name, path, unit, exact, better, source, headline, help)                                               \
	[METRIC_##name] = {path, unit, METRIC_##exact, METRIC_BETTER_##better, METRIC_SOURCE_##source, headline, help},
	METRICS(METRIC_INFO)
#undef METRIC_INFO
#define LATENCY_INFO(kind, of, name, word, unit, better, help)                                                             \
	[LATENCY_INDEX(kind, name)] = {                                                                                    \
		"latency." of "." word, unit,                                                                              \
		METRIC_TIMED,           METRIC_BETTER_##better,                                                            \
		METRIC_SOURCE_LATENCY,  METRIC_LATENCY_HEADLINE(METRIC_KIND_##kind, METRIC_LATENCY_##name),                \
		help " of " of},
#define KIND_INFO(name, word) METRIC_LATENCIES(LATENCY_INFO, name, word)
		METRIC_KINDS(KIND_INFO)
#undef KIND_INFO
#undef LATENCY_INFO
};

const char *const metric_paths[METRIC_ALL + 1] = {
#define METRIC_PATH(name, path, unit, exact, better, source, headline, help) [METRIC_##name] = path,
	METRICS(METRIC_PATH)
#undef METRIC_PATH
#define LATENCY_PATH(kind, of, name, word, unit, better, help) [LATENCY_INDEX(kind, name)] = "latency." of "." word,
#define KIND_PATH(name, word) METRIC_LATENCIES(LATENCY_PATH, name, word)
		METRIC_KINDS(KIND_PATH)
#undef KIND_PATH
#undef LATENCY_PATH
};

int metric_find(const char *path)
{
	assert(path);
	for (int i = 0; i < METRIC_ALL; i++)
		if (strcmp(metric_paths[i], path) == 0)
			return i;
	return -1;
}
