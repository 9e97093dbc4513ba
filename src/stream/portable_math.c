/* SPDX-License-Identifier: MIT */
#include "stream/portable_math.h"

#include <assert.h>
#include <float.h>
#include <math.h>

_Static_assert(FLT_EVAL_METHOD == 0 && DBL_MANT_DIG == 53, "double arithmetic is rounded to double at every step");

#define LN2_HIGH 0x1.62e42fee00000p-1 /* 33 bits: a multiple of it is exact */
#define LN2_LOW 0x1.a39ef35793c76p-33
#define LOG2_E 0x1.71547652b82fep+0
#define SQRT_HALF 0x1.6a09e667f3bcdp-1
#define NORMAL_PEAK 0x1.9884533d43651p-2 /* 1 / sqrt(2 pi) */

double portable_log(double x)
{
	assert(x > 0 && isnormal(x));
	int exponent;
	double mantissa = frexp(x, &exponent);
	if (mantissa < SQRT_HALF) {
		mantissa *= 2;
		exponent--;
	}
	/* ln m = 2 artanh t, |t| < 0.172: the first term left out is below 2^-70. */
	double t = (mantissa - 1) / (mantissa + 1), square = t * t, sum = 0;
	for (int k = 25; k >= 1; k -= 2)
		sum = sum * square + 1.0 / k;
	double fraction = 2 * t * sum;
	return exponent * LN2_HIGH + (exponent * LN2_LOW + fraction);
}

double portable_exp(double x)
{
	assert(x <= 700);
	if (x < -700)
		return 0;
	int power = (int)(x * LOG2_E + (x < 0 ? -0.5 : 0.5));
	double rest = (x - power * LN2_HIGH) - power * LN2_LOW, sum = 1;
	for (int n = 18; n >= 1; n--)
		sum = 1 + sum * rest / n;
	return ldexp(sum, power);
}

double portable_growth(double x)
{
	assert(x <= 700);
	if (x > 0.5 || x < -0.5)
		return (portable_exp(x) - 1) / x;
	double sum = 1;
	for (int n = 18; n >= 2; n--)
		sum = 1 + sum * x / n;
	return sum;
}

double portable_normal(double z)
{
	if (z < -8 || z > 8)
		return z < 0 ? 0 : 1;
	/* z + z^3/3 + z^5/(3 5) + …: all terms have one sign (Marsaglia, J. Statistical Software 11(4), 2004). */
	double term = z, sum = z, before = 0;
	for (int n = 3; sum != before; n += 2) {
		before = sum;
		term = term * z * z / n;
		sum += term;
	}
	return 0.5 + NORMAL_PEAK * portable_exp(-z * z / 2) * sum;
}
