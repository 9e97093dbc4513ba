/* SPDX-License-Identifier: MIT
 * What journal lines and result.json have in common, written and read in the same form. */
#ifndef RESULT_PARTS_H
#define RESULT_PARTS_H

#include "base/json.h"
#include "result/result.h"

/* More of anything is taken for damage. A run of many combinations and arms has millions of comparisons. */
#define PARTS_COUNT_MAX ((size_t)1 << 28)
#define PARTS_PAGES_MAX (UINT64_C(1) << 52)

/* Every metric under its path in object, null with "<key>_reason" beside it. all: false leaves out what was not measured. */
void parts_write_figures(struct json_writer *writer, json_t *object, const struct result_figures *figures, bool all);
/* A missing metric was not measured: a table that grows can still read older documents. */
void parts_read_figures(struct json_reader *reader, const struct json_at *object, struct result_figures *figures);

void parts_write_histogram(struct json_writer *writer, json_t *object, const struct result_histogram *histogram);
void parts_read_histogram(struct json_reader *reader, const struct json_at *object, struct result_histogram *histogram);

/* {columns, rows} under key. */
void parts_write_series(struct json_writer *writer, json_t *object, const char *key, const struct result_series_row *rows,
			size_t count);
/* rows belong to phases below phase_count. */
void parts_read_series(struct json_reader *reader, const struct json_at *object, const char *key, size_t phase_count,
		       struct result_series_row **rows, size_t *count);

void parts_write_maps(struct json_writer *writer, json_t *object, const char *key, const struct result_map *maps,
		      size_t count);
void parts_read_maps(struct json_reader *reader, const struct json_at *object, const char *key, struct result_map **maps,
		     size_t *count);

/* Failures over the stream. Reading: false when there are none in an older document, which knew of none. */
void parts_write_failures(struct json_writer *writer, json_t *object, const char *key,
			  const struct result_failures *failures, size_t count);
bool parts_read_failures(struct json_reader *reader, const struct json_at *object, const char *key,
			 struct result_failures **failures, size_t *count);

/* "samples" of object: [first bin, samples, ...] of each column. bins: how many there may be. */
void parts_write_heat_columns(struct json_writer *writer, json_t *object, const struct result_heat *heat);
void parts_read_heat_columns(struct json_reader *reader, const struct json_at *object, size_t bins,
			     struct result_heat *heat);
/* What a result has; older ones have nothing under key. */
void parts_write_heat(struct json_writer *writer, json_t *object, const struct result_heat *heat);
void parts_read_heat(struct json_reader *reader, const struct json_at *object, const char *key, struct result_heat *heat);

/* Likewise. */
void parts_write_cells(struct json_writer *writer, json_t *object, const struct result_cells *cells);
void parts_read_cells(struct json_reader *reader, const struct json_at *object, const char *key,
		      struct result_cells *cells);

void parts_write_violations(struct json_writer *writer, json_t *object, const char *key,
			    const struct result_violation *violations, size_t count);
/* Older documents have none. */
void parts_read_violations(struct json_reader *reader, const struct json_at *object, const char *key,
			   struct result_violation **violations, size_t *count);

void parts_write_domains(struct json_writer *writer, json_t *object, const char *key, const struct result_domain *domains,
			 size_t count);
void parts_read_domains(struct json_reader *reader, const struct json_at *object, const char *key,
			struct result_domain **domains, size_t *count);

/* The worst latencies; unit is the key of each: "ticks" or "ns". */
void parts_write_samples(struct json_writer *writer, json_t *object, const char *key, const struct result_sample *samples,
			 size_t count, const char *unit);
void parts_read_samples(struct json_reader *reader, const struct json_at *object, const char *key,
			struct result_sample **samples, size_t *count, const char *unit);

/* "max_taint" and, under clean_key, the largest without taint, both null where nobody looked. Readers take what is missing for
 * that. */
void parts_write_max(struct json_writer *writer, json_t *object, const char *clean_key, enum result_taint taint,
		     double clean);
void parts_read_max(struct json_reader *reader, const struct json_at *object, const char *clean_key,
		    enum result_taint *taint, double *clean);

/* "over_processes": each percentile. Older documents have none: all NaN. */
void parts_write_over_processes(struct json_writer *writer, json_t *object,
				const struct result_over_processes over[METRIC_PERCENTILES]);
void parts_read_over_processes(struct json_reader *reader, const struct json_at *object,
			       struct result_over_processes over[METRIC_PERCENTILES]);

/* "latency_classes" and "worst_samples" of a phase; NULL: there is none. Older documents have neither. */
void parts_write_classes(struct json_writer *writer, json_t *object, const struct result_phase *phase);
void parts_read_classes(struct json_reader *reader, const struct json_at *object, struct result_phase *phase);

/* The reason that a text tells; NOT_MEASURED when it is none. */
enum result_reason parts_reason_of(const json_t *text);

/* null under key, and why under "<key>_reason". */
void parts_put_none(struct json_writer *writer, json_t *object, const char *key, const char *reason);

/* count doubles under key; null is NaN. */
void parts_write_doubles(struct json_writer *writer, json_t *object, const char *key, const double *values, size_t count);
void parts_read_doubles(struct json_reader *reader, const struct json_at *object, const char *key, double **values,
			size_t *count);

/* What a comparison is but for its two arms: metric, values, ratio, interval, verdict. */
void parts_write_comparison(struct json_writer *writer, json_t *object, const struct result_comparison *comparison);

/* against: the spec of that arm. */
void parts_write_paired(struct json_writer *writer, json_t *object, const struct result_paired *paired,
			const char *against);
/* arm_count: of the whole result. */
void parts_read_paired(struct json_reader *reader, const struct json_at *object, size_t arm_count,
		       struct result_paired *paired);

void parts_release_histogram(struct result_histogram *histogram);
/* See result_arm_pack. */
void parts_release_bulk(struct result_arm *arm);
void parts_release_maps(struct result_map *maps, size_t count);

#endif
