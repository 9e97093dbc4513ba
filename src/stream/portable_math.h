/* SPDX-License-Identifier: MIT
 * Logarithm, exponential and the normal distribution out of + - * / and exact scaling alone. libm may round them differently
 * from machine to machine; these give the same bits wherever double is IEEE 754 and nothing is fused (-ffp-contract=off). */
#ifndef STREAM_PORTABLE_MATH_H
#define STREAM_PORTABLE_MATH_H

/* Natural logarithm, x > 0 and normal. Relative error below 1e-15. */
double portable_log(double x);

/* e^x, |x| <= 700; 0 below -700. Relative error below 1e-14. */
double portable_exp(double x);

/* (e^x - 1) / x, 1 at 0; x <= 700. Relative error below 1e-14, also near 0, where the obvious form cancels. */
double portable_growth(double x);

/* Probability that a standard normal variable is below z. Absolute error below 1e-14; 0 below -8 and 1 above 8. */
double portable_normal(double z);

#endif
