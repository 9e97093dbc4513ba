/* SPDX-License-Identifier: MIT */
#include "trace/fit.h"

#include "base/memory.h"
#include "trace/shape.h"
#include "trace/table.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Below this many operations a lifetime means the same. */
#define LIFETIME_LEAST 1.0
/* Two generations are told apart when the old live so many times as long. */
#define GENERATIONS_RATIO 4.0

/* From so many allocations in a row on, bursts shape a recording more than the lifetimes of each size do. */
#define BURST_LEAST 4.0

/* What a step of the fit frees. */
enum fit_victims { FIT_LIFETIME, FIT_RANDOM, FIT_FIFO };

/* Ranges of one size, or of all sizes that are rare; lifetimes in powers of two. */
struct class
{
	uint32_t pages; /* 0: the rare ones */
	uint64_t freed, stay;
	uint64_t counts[SHAPE_LIFETIMES];
	double sums[SHAPE_LIFETIMES];
	double young, old, share; /* share 1: one generation */
};

struct fit {
	const struct recording *recording;
	struct recording_shape shape;
	struct class classes[FIT_CLASSES_MAX + 1];
	size_t class_count;
	struct table numbers; /* pages: class */
	enum fit_victims victims;
	uint64_t peak;  /* ranges that live at once, besides those that are never freed */
	uint64_t burst; /* extents of a step, where victims are no lifetimes */
};

static unsigned order_of(uint64_t value)
{
	return value <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(value - 1);
}

static int by_allocs(const void *left, const void *right)
{
	const struct shape_size *a = left, *b = right;
	if (a->allocs != b->allocs)
		return a->allocs < b->allocs ? 1 : -1;
	return (a->pages > b->pages) - (a->pages < b->pages);
}

/* The most frequent sizes are classes, the last class is for the others. */
static int make_classes(struct fit *fit)
{
	struct recording_shape *shape = &fit->shape;
	if (shape->size_count)
		qsort(shape->sizes, shape->size_count, sizeof *shape->sizes, by_allocs);
	fit->class_count = shape->size_count < FIT_CLASSES_MAX ? shape->size_count : FIT_CLASSES_MAX;
	for (size_t i = 0; i < fit->class_count; i++) {
		fit->classes[i].pages = shape->sizes[i].pages;
		if (table_put(&fit->numbers, shape->sizes[i].pages, (uint32_t)i))
			return -1;
	}
	return 0;
}

static struct class *class_of(struct fit *fit, uint32_t pages)
{
	uint32_t *known = table_find(&fit->numbers, pages);
	return &fit->classes[known ? *known : fit->class_count];
}

struct living {
	size_t since; /* 1 + the operation */
	uint32_t pages;
};

/* As many ranges as have these pages at most while they are drawn again and again: n ranges have n times their mean, and the
 * most of several draws of all of them lies so many standard deviations above it. */
static uint64_t count_for_pages(double pages, double freed, double freed_pages, double squares)
{
	double mean = freed_pages / freed, deviation = sqrt(fmax(0, squares / freed - mean * mean));
	double draws = freed * mean / fmax(pages, 1);
	double above = draws > 1 ? deviation * sqrt(2 * log(draws)) : 0;
	double root = (sqrt(above * above + 4 * mean * pages) - above) / (2 * mean);
	return (uint64_t)fmax(1, root * root);
}

static int measure_lifetimes(struct fit *fit)
{
	uint64_t live_pages = 0, peak_pages = 0, freed = 0, freed_pages = 0;
	double squares = 0; /* of the pages of what is freed */
	const struct recording *recording = fit->recording;
	struct living *living = memory_zeroed(recording->slot_count, sizeof *living);
	if (!living)
		return -1;
	for (size_t i = 0; i < recording->op_count; i++) {
		const struct recording_op *op = &recording->ops[i];
		struct living *range = &living[op->slot];
		if (op->count && op->refused < recording->limits[op->limits].count)
			*range = (struct living){i + 1, op->count}, live_pages += op->count;
		peak_pages = live_pages > peak_pages ? live_pages : peak_pages;
		if (op->count)
			continue;
		live_pages -= range->pages;
		freed_pages += range->pages;
		squares += (double)range->pages * range->pages;
		freed++;
		struct class *class = class_of(fit, range->pages);
		uint64_t lifetime = i + 1 - range->since;
		unsigned order = order_of(lifetime);
		order = order < SHAPE_LIFETIMES ? order : SHAPE_LIFETIMES - 1;
		class->freed++;
		class->counts[order]++;
		class->sums[order] += (double)lifetime;
		range->since = 0;
	}
	for (uint32_t slot = 0; slot < recording->slot_count; slot++)
		if (living[slot].since)
			class_of(fit, living[slot].pages)->stay++;
	memory_release(living);
	fit->peak =
		freed ? count_for_pages((double)(peak_pages - live_pages), (double)freed, (double)freed_pages, squares) : 1;
	return 0;
}

static double at_least(double value, double least)
{
	return value > least ? value : least;
}

/* Splits a class into young and old where the two are furthest apart in powers of two (Otsu), if that is far. */
static void split_class(struct class *class)
{
	double count = (double)class->freed, sum = 0, order_sum = 0;
	for (unsigned k = 0; k < SHAPE_LIFETIMES; k++) {
		sum += class->sums[k];
		order_sum += (double)class->counts[k] * k;
	}
	class->young = class->old = at_least(sum / at_least(count, 1), LIFETIME_LEAST);
	class->share = 1;
	double below = 0, below_sum = 0, below_orders = 0, best = 0;
	for (unsigned k = 0; k + 1 < SHAPE_LIFETIMES; k++) {
		below += (double)class->counts[k];
		below_sum += class->sums[k];
		below_orders += (double)class->counts[k] * k;
		double above = count - below;
		if (below <= 0 || above <= 0)
			continue;
		double apart = below_orders / below - (order_sum - below_orders) / above,
		       score = below * above * apart * apart;
		double young = at_least(below_sum / below, LIFETIME_LEAST), old = (sum - below_sum) / above;
		if (score <= best || old < GENERATIONS_RATIO * young)
			continue;
		best = score;
		class->young = young;
		class->old = old;
		class->share = below / count;
	}
}

/* The share of a class that has died after so many operations, in the fit. */
static double died(const struct fit *fit, const struct class *class, enum fit_victims victims, double after)
{
	double between = fmax(1, 2 * ((double)fit->peak - (double)fit->burst / 2));
	if (victims == FIT_FIFO)
		return after >= between ? 1 : 0;
	if (victims == FIT_RANDOM)
		return -expm1(-after / between);
	double young = -expm1(-after / class->young);
	return class->share >= 1 ? young : class->share * young + (1 - class->share) * -expm1(-after / class->old);
}

/* The largest distance between the distributions of lifetimes, 0 to 1. */
static double measure_victims(const struct fit *fit, enum fit_victims victims)
{
	double all = 0, so_far = 0, largest = 0;
	for (size_t i = 0; i <= fit->class_count; i++)
		all += (double)fit->classes[i].freed;
	for (unsigned k = 0; k < SHAPE_LIFETIMES; k++) {
		double fitted = 0;
		for (size_t i = 0; i <= fit->class_count; i++) {
			so_far += (double)fit->classes[i].counts[k];
			if (fit->classes[i].freed)
				fitted += (double)fit->classes[i].freed *
					  died(fit, &fit->classes[i], victims, ldexp(1, (int)k));
		}
		largest = fmax(largest, fabs(so_far - fitted) / all);
	}
	return largest;
}

static void choose(struct fit *fit, struct fit_distance *distance)
{
	const struct recording_shape *shape = &fit->shape;
	*distance = (struct fit_distance){.domains = fit->recording->domain_count};
	distance->burst = (double)shape->allocs / (double)shape->bursts;
	fit->burst = (uint64_t)llround(fmin(distance->burst, WORKLOAD_BURST_MAX));
	fit->burst = fit->burst < fit->peak ? fit->burst : fit->peak;
	if (distance->burst >= BURST_LEAST)
		fit->victims = measure_victims(fit, FIT_RANDOM) <= measure_victims(fit, FIT_FIFO) ? FIT_RANDOM : FIT_FIFO;
	distance->fit_burst = fit->victims == FIT_LIFETIME ? 2 : (double)fit->burst;
	distance->lifetimes = measure_victims(fit, fit->victims);
	for (size_t i = 0; i <= fit->class_count; i++)
		distance->stay += fit->classes[i].stay;
	for (uint32_t i = 0; i < shape->cpus; i++)
		distance->cpus = fmax(distance->cpus, fabs((double)shape->cpu_allocs[i] / (double)shape->allocs -
							   1.0 / (double)shape->cpus));
}

#define SPACE_BYTES (UINT64_C(4) << 30)

/* Pages of the most that lives at once. */
static uint64_t peak_pages(const struct recording *recording)
{
	uint64_t live = 0, peak = 0;
	uint32_t *pages = memory_zeroed(recording->slot_count, sizeof *pages);
	for (size_t i = 0; i < recording->op_count && pages; i++) {
		const struct recording_op *op = &recording->ops[i];
		if (op->count && op->refused == recording->limits[op->limits].count)
			continue;
		live += op->count ? op->count : -(uint64_t)pages[op->slot];
		pages[op->slot] = op->count;
		peak = live > peak ? live : peak;
		if (i % RECORDING_LEAVE_OPS == 0)
			recording_leave(recording, i);
	}
	memory_release(pages);
	return peak;
}

struct workload_space fit_space(const struct recording *recording)
{
	uint32_t page_bytes = recording_page_bytes(recording);
	struct workload_space space = {.page_bytes = page_bytes, .first = 1, .end = SPACE_BYTES / page_bytes};
	for (uint64_t peak = peak_pages(recording); space.end / 8 * 7 < peak && space.end < WORKLOAD_PAGES_MAX;)
		space.end *= 2;
	return space;
}

static void add_space(const struct workload_space *space, struct text *yaml)
{
	text_add(yaml, "space:\n  size: %llu pages\n", (unsigned long long)space->end); /* exclusive */
	if (space->first)
		text_add(yaml, "  base: %llu pages\n", (unsigned long long)space->first);
	text_add(yaml, "  page: %lluKiB\n", (unsigned long long)(space->page_bytes / 1024));
	for (size_t i = 0; i < space->hole_count; i++)
		text_add(yaml, "%s    - {base: %llu pages, size: %llu pages}\n", i ? "" : "  reserved:\n",
			 (unsigned long long)space->holes[i].first, (unsigned long long)space->holes[i].count);
}

void fit_add_replay(const struct recording *recording, const struct workload_space *space, const char *source,
		    const char *file, struct text *yaml)
{
	text_add(yaml, "iovabench: 1\nname: replay\nabout: what a kernel did\nsource: ");
	text_add_json(yaml, source);
	text_add(yaml, "\n# A recording does not say how far its device reaches: put that in.\n");
	add_space(space, yaml);
	text_add(yaml, "cpus: %u\nphases:\n  - {name: replay, trace: {file: ", recording->cpus);
	text_add_json(yaml, file);
	text_add(yaml, "}}\n");
}

/* The limits that most demands of the recording have, where the space reaches beyond them. */
static void add_limits(const struct fit *fit, const struct workload_space *space, struct text *yaml)
{
	const struct recording *recording = fit->recording;
	uint64_t demands[RECORDING_LIMITS_MAX] = {0};
	size_t most = 0;
	for (size_t i = 0; i < recording->op_count; i++)
		if (recording->ops[i].count)
			demands[recording->ops[i].limits]++;
	for (size_t i = 1; i < recording->limits_count; i++)
		most = demands[i] > demands[most] ? i : most;
	const struct recording_limits *limits = &recording->limits[most];
	if (limits->high[0] >= space->end - 1 || limits->high[0] < space->first)
		return;
	/* Inclusive bytes. */
	text_add(yaml, ", high: [");
	for (size_t i = 0; i < limits->count; i++) {
		uint64_t high = limits->high[i] < space->end - 1 ? limits->high[i] : space->end - 1;
		text_add(yaml, "%s0x%llx", i ? ", " : "",
			 (unsigned long long)(high * space->page_bytes + space->page_bytes - 1));
		if (high == space->end - 1)
			break;
	}
	text_add(yaml, "]");
}

/* Sizes of a class: its own, or the rare ones by their number of allocations. */
static void add_size(const struct fit *fit, const struct class *class, struct text *yaml)
{
	if (class->pages) {
		text_add(yaml, "size: {fixed: %u pages}", class->pages);
		return;
	}
	const struct recording_shape *shape = &fit->shape;
	size_t end = shape->size_count;
	if (end > fit->class_count + WORKLOAD_SIZE_PARTS_MAX)
		end = fit->class_count + WORKLOAD_SIZE_PARTS_MAX;
	text_add(yaml, "size: {weights: [");
	for (size_t i = fit->class_count; i < end; i++)
		text_add(yaml, "%s{size: %u pages, weight: %llu}", i > fit->class_count ? ", " : "", shape->sizes[i].pages,
			 (unsigned long long)shape->sizes[i].allocs);
	text_add(yaml, "]}");
}

static unsigned long long whole(double value)
{
	return value < 1                               ? 1
	       : value > (double)WORKLOAD_LIFETIME_MAX ? WORKLOAD_LIFETIME_MAX
						       : (unsigned long long)llround(value);
}

static void add_requests(const struct fit *fit, const struct workload_space *space, struct text *yaml)
{
	text_add(yaml, "requests:\n");
	for (size_t i = 0; i <= fit->class_count; i++) {
		const struct class *class = &fit->classes[i];
		if (class->stay) {
			text_add(yaml, "  - {name: stays%zu, ", i);
			add_size(fit, class, yaml);
			text_add(yaml, ", align: natural");
			add_limits(fit, space, yaml);
			text_add(yaml, "}\n");
		}
		if (!class->freed)
			continue;
		text_add(yaml, "  - {name: size%zu, ", i);
		add_size(fit, class, yaml);
		text_add(yaml, ", align: natural");
		add_limits(fit, space, yaml);
		if (fit->victims != FIT_LIFETIME)
			text_add(yaml, "}\n");
		else if (class->share >= 1)
			text_add(yaml, ", lifetime: {exponential: {mean: %llu}}}\n", whole(class->young));
		else
			text_add(yaml, ", lifetime: {generational: {young: %llu, old: %llu, share: %.3f%%}}}\n",
				 whole(class->young), whole(class->old), fmax(0.001, 100 * class->share));
	}
}

static void add_mix(const struct fit *fit, struct text *yaml)
{
	bool first = true;
	for (size_t i = 0; i <= fit->class_count; i++) {
		if (!fit->classes[i].freed)
			continue;
		text_add(yaml, "%s{request: size%zu, weight: %llu}", first ? "" : ", ", i,
			 (unsigned long long)fit->classes[i].freed);
		first = false;
	}
}

static void add_phases(const struct fit *fit, struct text *yaml)
{
	uint64_t freed = 0, other_cpu = 0;
	const struct recording *recording = fit->recording;
	uint16_t *cpus = memory_zeroed(recording->slot_count, sizeof *cpus);
	for (size_t i = 0; i < recording->op_count && cpus; i++) {
		const struct recording_op *op = &recording->ops[i];
		if (op->count)
			cpus[op->slot] = op->cpu;
		else
			other_cpu += cpus[op->slot] != op->cpu;
		freed += !op->count;
	}
	if (!cpus)
		yaml->failed = true;
	memory_release(cpus);
	text_add(yaml, "phases:\n");
	/* What is in rings is no victim of a mix. */
	for (size_t i = 0; i <= fit->class_count; i++)
		if (fit->classes[i].stay)
			text_add(yaml, "  - {name: stays%zu, rings: {request: stays%zu, depth: %llu}}\n", i, i,
				 (unsigned long long)fit->classes[i].stay);
	if (fit->victims != FIT_LIFETIME) {
		text_add(yaml, "  - {name: fill, mix: [");
		add_mix(fit, yaml);
		text_add(yaml, "], until: {live: %llu}}\n", (unsigned long long)fit->peak);
	}
	text_add(yaml, "  - {name: lives, mix: [");
	add_mix(fit, yaml);
	text_add(yaml, "], ops: %llu, victims: %s%s", (unsigned long long)(2 * freed),
		 fit->victims == FIT_LIFETIME ? "lifetime"
		 : fit->victims == FIT_FIFO   ? "fifo"
					      : "random",
		 2 * other_cpu > freed ? ", free_on: next" : "");
	if (fit->victims != FIT_LIFETIME)
		text_add(yaml, ", burst: %llu", (unsigned long long)fit->burst);
	text_add(yaml, "}\n");
}

static int make(struct fit *fit, const struct workload_space *space, const char *source, struct text *yaml,
		struct fit_distance *distance, struct error *error)
{
	if (recording_shape(fit->recording, &fit->shape, error))
		return -1;
	if (make_classes(fit) || measure_lifetimes(fit))
		return error_set(error, EXIT_CODE_IO, "no memory to fit a workload");
	uint64_t freed = 0;
	for (size_t i = 0; i <= fit->class_count; i++) {
		split_class(&fit->classes[i]);
		freed += fit->classes[i].freed;
	}
	if (!freed)
		return error_set(error, EXIT_CODE_USAGE, "nothing in it is ever freed: there are no lifetimes to fit");
	choose(fit, distance);
	text_add(yaml, "# What:  a synthetic workload, fitted to the sizes, lifetimes, bursts and CPUs of a recording.\n"
		       "# Not:   the order of sizes, domains, and how much of the load each CPU has.\n"
		       "iovabench: 1\nname: fit\nabout: fitted to a recording by iovabench trace fit\nsource: ");
	text_add_json(yaml, source);
	text_add(yaml, "\n");
	add_space(space, yaml);
	text_add(yaml, "cpus: %u\n", fit->recording->cpus);
	add_requests(fit, space, yaml);
	add_phases(fit, yaml);
	return yaml->failed ? error_set(error, EXIT_CODE_IO, "no memory to fit a workload") : 0;
}

int recording_fit(const struct recording *recording, const struct workload_space *space, const char *source,
		  struct text *yaml, struct fit_distance *distance, struct error *error)
{
	assert(recording->op_count && space->end > space->first && space->page_bytes);
	struct fit *fit = memory_zeroed(1, sizeof *fit);
	if (!fit)
		return error_set(error, EXIT_CODE_IO, "no memory to fit a workload");
	fit->recording = recording;
	int result = make(fit, space, source, yaml, distance, error);
	recording_shape_release(&fit->shape);
	table_release(&fit->numbers);
	memory_release(fit);
	return result;
}

void fit_distance_add(const struct fit_distance *distance, struct text *text)
{
	text_add(text, "lifetimes: the two distributions are at most %.1f points apart\n", 100 * distance->lifetimes);
	text_add(text, "CPUs: shares of allocations are at most %.1f points from equal ones\n", 100 * distance->cpus);
	text_add(text, "allocations in a row: %.2f in the recording, about %.0f in the fit\n", distance->burst,
		 distance->fit_burst);
	if (distance->domains > 1)
		text_add(text, "domains: %u in the recording, one in the fit; 'trace cut --domain N' keeps one\n",
			 distance->domains);
	if (distance->stay)
		text_add(text, "ranges that are never freed: %llu, which the fit allocates first\n",
			 (unsigned long long)distance->stay);
}
