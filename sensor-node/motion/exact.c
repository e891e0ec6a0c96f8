#include "sensor-node/motion/exact.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A number and what it lacks of the true one: about 105 bits. */
struct pair {
    double hi, lo;
};

/* ln 2 and pi/2 in parts: k * hi is exact for whole k below 2^21. */
#define LN2_HI    0x1.62e42feep-1
#define LN2_LO    0x1.a39ef35793c76p-33
#define PI_2_A    0x1.921fb544p+0
#define PI_2_B    0x1.0b4611a6p-34
#define PI_2_C    0x1.3198a2e037073p-69
#define PI_2      0x1.921fb54442d18p+0
#define PI_2_LESS 0x1.1a62633145c07p-54 /* what PI_2 lacks of pi/2 */
#define ANGLE_MAX 1e6

/* Adding and taking off 1.5 * 2^52 rounds to the nearest whole number, |x| < 2^51. */
static double nearest_whole(double x)
{
    const double big = 0x1.8p52, sum = x + big;

    return sum - big;
}

static double power_of_two(int k) /* -1022..1023 */
{
    const uint64_t bits = (uint64_t)(k + 1023) << 52;
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* a * b without loss (Dekker 1971): each factor is split into two of 26 bits. |a|, |b| < 2^500. */
static struct pair product(double a, double b)
{
    const double split = 0x1p27 + 1, ta = split * a, tb = split * b;
    const double ah = ta - (ta - a), al = a - ah, bh = tb - (tb - b), bl = b - bh, hi = a * b;

    return (struct pair){hi, ((ah * bh - hi) + ah * bl + al * bh) + al * bl};
}

/* a + b without loss, |a| >= |b| or a = 0. */
static struct pair sum(double a, double b)
{
    const double hi = a + b;

    return (struct pair){hi, b - (hi - a)};
}

/* ---- exp, tanh ------------------------------------------------------------------------------------------ */

/* e^r - 1 for |r| <= 0.35: the power series to r^13 (the next term is below 2^-57). */
static double expm1_small(double r)
{
    double series = 1.0 / 6227020800;
    static const double factorial[] = {479001600, 39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2};

    for (int i = 0; i < 11; i++)
        series = series * r + 1 / factorial[i];
    return r + r * r * series;
}

/* x = k ln 2 + r; returns k. */
static int split_exponent(double x, double tail, double *ret_rest)
{
    const double k = nearest_whole(x * 0x1.71547652b82fep+0);

    *ret_rest = (x - k * LN2_HI) - (k * LN2_LO - tail);
    return (int)k;
}

/* e^(x + tail), |tail| far below one unit of x. */
static double exp_sum(double x, double tail)
{
    double rest;

    if (isnan(x))
        return x;
    if (x > 709.8)
        return INFINITY;
    if (x < -745.2)
        return 0;
    const int k = split_exponent(x, tail, &rest), half = k / 2;
    return (1 + expm1_small(rest)) * power_of_two(half) * power_of_two(k - half);
}

double exact_exp(double x)
{
    return exp_sum(x, 0);
}

/* tanh x = m / (m + 2) with m = e^2x - 1, which keeps its digits near zero. */
double exact_tanh(double x)
{
    double rest;

    if (isnan(x) || x == 0)
        return x;
    if (fabs(x) > 20)
        return copysign(1, x);
    const double scale = power_of_two(split_exponent(2 * x, 0, &rest));
    const double m = (scale - 1) + scale * expm1_small(rest);
    return m / (m + 2);
}

/* ---- log, pow ------------------------------------------------------------------------------------------- */

/* x = 2^k m, sqrt(1/2) <= m < sqrt(2), for positive finite x. */
static int split_mantissa(double x, double *ret_m)
{
    const bool is_subnormal = x < 0x1p-1022;
    const double scaled = is_subnormal ? x * 0x1p54 : x;
    uint64_t bits;

    memcpy(&bits, &scaled, sizeof bits);
    int k = (int)(bits >> 52) - 1023 - (is_subnormal ? 54 : 0);
    bits = (bits & 0xFFFFFFFFFFFFF) | (UINT64_C(1023) << 52);
    memcpy(ret_m, &bits, sizeof bits);
    if (*ret_m >= 0x1.6a09e667f3bcdp+0) {
        *ret_m /= 2;
        k++;
    }
    return k;
}

/* ln m = 2 atanh s, s = (m - 1) / (m + 1), |s| < 0.1716: the first term to twice the digits, the rest once. */
static struct pair log_pair(double x)
{
    double m, series = 1.0 / 23;
    const int k = split_mantissa(x, &m);
    const double f = m - 1, g = m + 1, g_lo = m - (g - 1); /* m - 1 is exact, m + 1 = g + g_lo */
    const double s = f / g, z = s * s;
    const struct pair back = product(s, g);
    const double s_lo = ((f - back.hi) - back.lo - s * g_lo) / g;

    for (int n = 21; n >= 3; n -= 2)
        series = series * z + 1.0 / n;
    const struct pair first = sum(k * LN2_HI, 2 * s);
    return sum(first.hi, first.lo + (2 * (s_lo + s * z * series) + k * LN2_LO));
}

double exact_log(double x)
{
    if (isnan(x) || x == INFINITY)
        return x;
    if (x <= 0)
        return x == 0 ? -INFINITY : NAN;
    const struct pair log = log_pair(x);
    return log.hi + log.lo;
}

double exact_pow(double x, double y)
{
    if (y == 0 || x == 1)
        return 1;
    if (isnan(x) || isnan(y) || x < 0)
        return NAN;
    if (x == 0 || x == INFINITY)
        return (x == 0) == (y > 0) ? 0 : INFINITY;
    const struct pair log = log_pair(x);
    if (!(fabs(y * log.hi) < 800)) /* also keeps the factors small enough for product() */
        return (y > 0) == (log.hi > 0) ? INFINITY : 0;
    const struct pair power = product(y, log.hi);
    return exp_sum(power.hi, power.lo + y * log.lo);
}

/* ---- angles --------------------------------------------------------------------------------------------- */

/* x = n pi/2 + r, |r| <= pi/4; returns n modulo 4 (Cody and Waite, three parts). |x| <= ANGLE_MAX. */
static int split_angle(double x, struct pair *ret_rest)
{
    const double n = nearest_whole(x * 0x1.45f306dc9c883p-1);
    const double a = x - n * PI_2_A, b = n * PI_2_B, rest = a - b;
    const double less = n * PI_2_C - ((a - rest) - b);

    *ret_rest = sum(rest, -less);
    return (int)((int64_t)n & 3);
}

/* Power series to r^17 and r^16, |r| <= pi/4; of what r lacks the first order counts. */
static double sin_small(struct pair r)
{
    static const double factorial[] = {-1307674368000, 6227020800, -39916800, 362880, -5040, 120, -6};
    const double z = r.hi * r.hi;
    double series = 1.0 / 355687428096000;

    for (int i = 0; i < 7; i++)
        series = series * z + 1 / factorial[i];
    return r.hi + (r.hi * z * series + r.lo * (1 - z / 2));
}

static double cos_small(struct pair r)
{
    static const double factorial[] = {-87178291200, 479001600, -3628800, 40320, -720, 24};
    const double z = r.hi * r.hi, half = z / 2, rough = 1 - half;
    double series = 1.0 / 20922789888000;

    for (int i = 0; i < 6; i++)
        series = series * z + 1 / factorial[i];
    return rough + (((1 - rough) - half) + (z * z * series - r.hi * r.lo));
}

/* `quarters` more quarter turns: the cosine is the sine of a quarter more. */
static double sine(double x, int quarters)
{
    struct pair rest;

    if (!(fabs(x) <= ANGLE_MAX))
        return NAN;
    const int quadrant = (split_angle(x, &rest) + quarters) & 3;
    const double value = quadrant & 1 ? cos_small(rest) : sin_small(rest);
    return quadrant & 2 ? -value : value;
}

double exact_sin(double x)
{
    return x == 0 ? x : sine(x, 0); /* keeps the sign of zero */
}

double exact_cos(double x)
{
    return sine(x, 1);
}

double exact_tan(double x)
{
    return sine(x, 0) / sine(x, 1);
}

/* atan t for 0 <= t <= 1: the nearest eighth's from the table, the rest by the series (|z| <= 1/16). */
static double atan_unit(double t)
{
    static const struct pair eighths[9] = {{0, 0},
                                           {0x1.fd5ba9aac2f6ep-4, -0x1.cd37686760c17p-59},
                                           {0x1.f5b75f92c80ddp-3, 0x1.8ab6e3cf7afbdp-57},
                                           {0x1.6f61941e4def1p-2, -0x1.c63aae6f6e918p-56},
                                           {0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56},
                                           {0x1.1e00babdefeb4p-1, -0x1.928df287a668fp-58},
                                           {0x1.4978fa3269ee1p-1, 0x1.2419a87f2a458p-56},
                                           {0x1.700a7c5784634p-1, -0x1.8c34d25aadef6p-56},
                                           {0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55}};
    const int k = (int)(8 * t + 0.5);
    const double c = k / 8.0, z = (t - c) / (1 + t * c), zz = z * z;
    double series = 1.0 / 13;

    for (int n = 11; n >= 3; n -= 2)
        series = 1.0 / n - series * zz;
    return eighths[k].hi + (eighths[k].lo + (z - z * zz * series));
}

double exact_atan2(double y, double x)
{
    const double ay = fabs(y), ax = fabs(x), most = fmax(ax, ay), least = fmin(ax, ay);

    if (isnan(x) || isnan(y))
        return NAN;
    const double t = most == 0 ? 0 : least == INFINITY ? 1 : least / most;
    double angle = atan_unit(t);
    if (ay > ax)
        angle = PI_2 - (angle - PI_2_LESS);
    if (signbit(x))
        angle = 2 * PI_2 - (angle - 2 * PI_2_LESS);
    return copysign(angle, y);
}

/* Out of range squares are kept away by a power of two, which rounds nothing. */
double exact_hypot(double x, double y)
{
    const double most = fmax(fabs(x), fabs(y));
    const double scale = most > 0x1p500 ? 0x1p-600 : most < 0x1p-400 ? 0x1p600 : 1;
    const double a = x * scale, b = y * scale;

    if (isinf(x) || isinf(y))
        return INFINITY;
    return sqrt(a * a + b * b) / scale;
}
