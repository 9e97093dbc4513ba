/* SPDX-License-Identifier: MIT
 * Where values stand, and which of them are worth a tick. */
#include "draw/draw.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TAIL_NINES 9
/* A share so close to 1 that doubles around it are too few. */
#define TAIL_LEAST 1e-12

static double along(enum draw_scale scale, double value)
{
	switch (scale) {
	case DRAW_LOG:
		return value > 0 ? log10(value) : (double)NAN;
	case DRAW_TAIL:
		return value < 1 ? -log10(fmax(1 - value, TAIL_LEAST)) : (double)NAN;
	case DRAW_LINEAR:
		break;
	}
	return value;
}

static double share_of(const struct draw_axis *axis, double value)
{
	double low = along(axis->scale, axis->low), high = along(axis->scale, axis->high);
	return (along(axis->scale, value) - low) / (high - low);
}

double draw_x(const struct draw *draw, double value)
{
	return draw->box.x + share_of(&draw->x, value) * draw->box.width;
}

double draw_y(const struct draw *draw, double value)
{
	return draw->box.y + (1 - share_of(&draw->y, value)) * draw->box.height;
}

/* A step of 1, 2, 2.5 or 5 times a power of ten, of counts a whole one; of bytes a power of two. */
static double step_of(enum draw_unit unit, double least)
{
	static const double factors[] = {1, 2, 2.5, 5, 10};
	if (unit == DRAW_BYTES)
		return exp2(ceil(log2(fmax(least, 1)) - 1e-9));
	double power = pow(10, floor(log10(unit == DRAW_COUNT ? fmax(least, 1) : least)));
	for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++)
		if (factors[i] * power >= least * 0.999 && (unit != DRAW_COUNT || fmod(factors[i] * power, 1) == 0))
			return factors[i] * power;
	return 10 * power;
}

static size_t linear_ticks(const struct draw_axis *axis, double most, double ticks[DRAW_TICKS_MAX])
{
	size_t count = 0;
	double step = step_of(axis->unit, (axis->high - axis->low) / fmin(fmax(most, 1), DRAW_TICKS_MAX - 2));
	for (double n = ceil(axis->low / step - 1e-9); n * step <= axis->high + step * 1e-9 && count < DRAW_TICKS_MAX; n++)
		ticks[count++] = n * step + 0.0; /* no -0 */
	return count;
}

static size_t log_ticks(const struct draw_axis *axis, double most, double ticks[DRAW_TICKS_MAX])
{
	static const double sparse[] = {1}, some[] = {1, 3}, more[] = {1, 2, 5}, dense[] = {1, 1.5, 2, 3, 4, 5, 6, 8};
	double decades = log10(axis->high / axis->low);
	const struct {
		const double *factors;
		size_t count;
	} choices[] = {{dense, 8}, {more, 3}, {some, 2}, {sparse, 1}};
	size_t choice = 0, count = 0;
	while (choice < 3 && (double)choices[choice].count * decades > most)
		choice++;
	double every = choice == 3 ? fmax(1, ceil(decades / fmax(most, 1))) : 1;
	for (double power = floor(log10(axis->low)); power <= ceil(log10(axis->high)); power++) {
		for (size_t i = 0; i < choices[choice].count; i++) {
			double tick = choices[choice].factors[i] * pow(10, power);
			if (fabs(fmod(power, every)) < 0.5 && tick >= axis->low * 0.999 && tick <= axis->high * 1.001 &&
			    count < DRAW_TICKS_MAX)
				ticks[count++] = tick;
		}
	}
	return count;
}

static size_t tail_ticks(const struct draw_axis *axis, double most, double ticks[DRAW_TICKS_MAX])
{
	size_t count = 0;
	double every = fmax(1, ceil(along(DRAW_TAIL, axis->high) / fmax(most, 1)));
	for (int nines = 0; nines <= TAIL_NINES; nines++) {
		double tick = 1 - pow(10, -nines);
		if (fmod(nines, every) < 0.5 && tick >= axis->low - 1e-12 && tick <= axis->high + 1e-12)
			ticks[count++] = tick;
		if (nines == 0 && every < 1.5 && axis->low < 0.5 && axis->high > 0.5)
			ticks[count++] = 0.5;
	}
	return count;
}

size_t draw_ticks(const struct draw_axis *axis, double pixels, double pixels_each, double ticks[DRAW_TICKS_MAX])
{
	assert(isfinite(axis->low) && isfinite(axis->high) && axis->low < axis->high && pixels_each > 0);
	double most = pixels / pixels_each;
	switch (axis->scale) {
	case DRAW_LOG:
		return log_ticks(axis, most, ticks);
	case DRAW_TAIL:
		return tail_ticks(axis, most, ticks);
	case DRAW_LINEAR:
		break;
	}
	return linear_ticks(axis, most, ticks);
}

/* "1.50 MiB" is "1.5 MiB", "200 ns" stays. */
static void drop_zeros(char *number)
{
	char *dot = strchr(number, '.');
	size_t digits = dot ? strspn(dot + 1, "0123456789") : 0;
	if (!dot)
		return;
	char *end = dot + 1 + digits, *keep = end;
	while (keep[-1] == '0')
		keep--;
	if (keep[-1] == '.')
		keep--;
	memmove(keep, end, strlen(end) + 1);
}

/* As many digits as the share needs: 99.99 %, 50 %. */
static void write_share(char buffer[TEXT_NUMBER_BYTES], double share)
{
	snprintf(buffer, TEXT_NUMBER_BYTES, "%.7f", 100 * share);
	drop_zeros(buffer);
	strcat(buffer, " %");
}

const char *draw_number(char buffer[TEXT_NUMBER_BYTES], enum draw_unit unit, double value)
{
	switch (unit) {
	case DRAW_NS:
		text_duration(buffer, value);
		break;
	case DRAW_BYTES:
		text_bytes(buffer, value);
		break;
	case DRAW_SHARE:
		write_share(buffer, value);
		return buffer;
	case DRAW_TIMES:
		snprintf(buffer, TEXT_NUMBER_BYTES, "%.3g\u00d7", value);
		return buffer;
	case DRAW_COUNT:
	case DRAW_NUMBER:
		text_count(buffer, value);
		break;
	}
	drop_zeros(buffer);
	return buffer;
}
