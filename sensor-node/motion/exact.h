/* exact.h - the transcendental functions of the sensing core, bit for bit the same on every machine.
 *
 * libm's exp, sin and so on differ in the last bit from one C library to the next, and one bit is enough to give
 * another batch. These use only what IEEE 754 fixes: + - * / and sqrt in double, rounded to nearest, never contracted
 * (-ffp-contract=off), so x86-64, arm64 and WebAssembly agree. Everything below sensor-node/motion,
 * sensor-node/position and in the core calls these; tests/sensor-node/test_alone.sh holds it to that.
 *
 * Errors, against long double on dense sweeps (test_exact), in units of the last place: exp, log, sin and cos below 1,
 * hypot below 1.5, atan2, tan and tanh below 3, pow below 2 for results of 1e-20..1e20 and below 32 beyond. NAN gives
 * NAN; infinities and zeros as in the C standard's Annex F, with the exceptions named below. Pure. */
#ifndef MOTION_EXACT_H
#define MOTION_EXACT_H

double exact_exp(double x);
double exact_log(double x); /* -INFINITY at 0, NAN below */
/* x >= 0 only: NAN below, also for whole exponents. */
double exact_pow(double x, double y);
/* Radians, |x| <= 1e6; NAN beyond: no angle here is so large, and reducing it would take a table. */
double exact_sin(double x);
double exact_cos(double x);
double exact_tan(double x);
double exact_atan2(double y, double x);
double exact_hypot(double x, double y);
double exact_tanh(double x);

static inline float exact_expf(float x)
{
    return (float)exact_exp((double)x);
}

#endif
