/* SPDX-License-Identifier: MIT
 * Histograms between the measuring room and results. */
#ifndef PLAY_PLAIN_HISTOGRAM_H
#define PLAY_PLAIN_HISTOGRAM_H

#include "measure/histogram.h"
#include "result/result.h"

/* Fills *plain (zeroed) with the buckets that hold samples. -1: no memory; what it has then is released with its record. */
int plain_histogram_store(struct result_histogram *plain, const struct histogram *histogram);

/* Adds what plain holds: exact, extremes included. */
void plain_histogram_add(struct histogram *sum, const struct result_histogram *plain);

#endif
