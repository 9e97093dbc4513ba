/* SPDX-License-Identifier: MIT
 * The figures of the table of metrics as an arm has them, with the reason where there is none. */
#ifndef RESULT_FIGURES_H
#define RESULT_FIGURES_H

#include "metric/metrics.h"

#include <assert.h>
#include <math.h>

/* Why a figure is null. The texts are in result_reason_text. */
enum result_reason {
	RESULT_REASON_NOT_MEASURED, /* the pass that gives it was switched off or did not run */
	RESULT_REASON_NOT_APPLICABLE,
	RESULT_REASON_SHORT_WINDOW,  /* fewer than 1000 clock steps */
	RESULT_REASON_BELOW_HARNESS, /* net: less than 1 ns above null */
	RESULT_REASON_FAILURES,      /* net: an allocation failed, so null did other work */
	RESULT_REASON_FEW_ROUNDS,    /* interval: too few rounds for 95 % */
	RESULT_REASON_NO_FAILURE,    /* first failure: there was none */
	RESULT_REASON_NO_STEPS,      /* the allocator does not count */
	RESULT_REASON_NO_HARNESS,    /* net: null was not played, or failed */
	RESULT_REASON_CLOSED_LOOP,
	RESULT_REASON_FEW_WINDOWS,      /* ageing */
	RESULT_REASON_DISTURBED,        /* ageing: no window of the first or of the last tenth is left */
	RESULT_REASON_COUNTERS_REFUSED, /* by the system */
	RESULT_REASON_COUNTERS_MISSING, /* in the machine */
	RESULT_REASON_NO_LAYER,         /* the allocator is no layer in front of another */
	RESULT_REASON_ADAPTIVE,         /* times: an adversary asks every arm for something else */
	RESULT_REASON_THROWN_OUT,       /* the arm failed */
	RESULT_REASON_SEVERAL_THREADS,  /* steps of a latency: in which order they came is chance */
	RESULT_REASON_LONG_PASS,        /* steps of a latency: its pass is not played once more */
	RESULT_REASON_NO_CLEAN_WINDOW,
	RESULT_REASON_CPU_CLOCK,         /* CPU time is not known in steps as small as the windows need */
	RESULT_REASON_PIECES,            /* free runs of an older version, which told how the allocator keeps them */
	RESULT_REASON_PLACE_CAN_FAIL,    /* physical: in identity mode nothing is decided ahead */
	RESULT_REASON_ADAPTERS,          /* physical: several adapters have their frames of one pool */
	RESULT_REASON_ROUTINES,          /* physical: of what scripts call literally, nothing is decided ahead */
	RESULT_REASON_DIFFERENT_WORK,    /* times: a logical call failed before the first window had ended */
	RESULT_REASON_NO_ADDRESSES,      /* recorded kernel: imported by an older version */
	RESULT_REASON_REMADE,            /* likewise: cut or scaled */
	RESULT_REASON_OVERLAPS,          /* likewise: its frees are not all there */
	RESULT_REASON_HARNESS_SHORT,     /* net: null was done within 1000 clock steps */
	RESULT_REASON_HARNESS_DISTURBED, /* net: null has no clean window */
	RESULT_REASON_NO_IOTLB,          /* the workload has none */
	RESULT_REASON_NO_BOUNDS,         /* nobody asked */
	RESULT_REASON_IN_PIECES,         /* bounds: what lives is not what was asked for */
	RESULT_REASON_MANY_EXTENTS,      /* bounds: packings would take too long */
	RESULT_REASON_NO_PACKING,        /* bounds: none found a place for every extent */
	RESULT_REASON_COUNT
};
extern const char *const result_reason_text[RESULT_REASON_COUNT];

/* One value per metric; NaN = null, with its reason. */
struct result_figures {
	double value[METRIC_COUNT];
	unsigned char reason[METRIC_COUNT];
};

/* All null, not measured. */
void result_figures_clear(struct result_figures *figures);

static inline void result_set(struct result_figures *figures, enum metric metric, double value)
{
	assert(metric < METRIC_COUNT);
	figures->value[metric] = value;
}

static inline void result_set_null(struct result_figures *figures, enum metric metric, enum result_reason reason)
{
	assert(metric < METRIC_COUNT && reason < RESULT_REASON_COUNT);
	figures->value[metric] = (double)NAN;
	figures->reason[metric] = (unsigned char)reason;
}

/* All figures that are made of one thing. */
static inline void result_set_null_of(struct result_figures *figures, enum metric_source source, enum result_reason reason)
{
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
		if (metric_table[metric].source == source)
			result_set_null(figures, metric, reason);
}

#endif
