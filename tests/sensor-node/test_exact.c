/* The functions of exact.h against libm in long double (64 bits of mantissa or more: right to the last bit of a
 * double), and their bits against those written down here, which every machine has to give. */
#include "tests/check.h"

#include <float.h>

#include "sensor-node/motion/exact.h"

/* Distance in units of the last place of what is right. */
static double units(double got, long double want)
{
    const double near = (double)want, unit = nextafter(fabs(near), INFINITY) - fabs(near);

    if (!isfinite(got) || !isfinite(near))
        return got == near ? 0 : INFINITY;
    return (double)(fabsl((long double)got - want) / (long double)unit);
}

/* Greatest distance over `steps` points from `low` to `high`, spread evenly (or evenly in the logarithm). */
static double worst(double (*function)(double), long double (*right)(long double), double low, double high,
                    bool is_logarithmic)
{
    const int steps = 60000;
    double most = 0;

    for (int i = 0; i <= steps; i++) {
        const double share = (i + 0.37 * (i % 3)) / (steps + 1);
        const double x = is_logarithmic ? low * pow(high / low, share) : low + (high - low) * share;
        most = fmax(most, units(function(x), right((long double)x)));
    }
    return most;
}

#define CHECK_WORST(limit, ...)                                                                              \
    do {                                                                                                     \
        const double worst_ = worst(__VA_ARGS__);                                                            \
        if (!(worst_ < (limit)))                                                                             \
            CHECK_FAILED("worst(%s): %.3f units in the last place", #__VA_ARGS__, worst_);                   \
    } while (0)

FACT(exp_is_right_to_the_last_place)
{
    CHECK_WORST(1, exact_exp, expl, -1, 1, false);
    CHECK_WORST(1, exact_exp, expl, -40, 40, false);
    CHECK_WORST(1, exact_exp, expl, -708, 709.7, false);
    CHECK_WORST(1, exact_exp, expl, 1e-300, 1, true);
    CHECK_WORST(1, exact_exp, expl, -745, -709, false); /* subnormal */
}

FACT(log_is_right_to_the_last_place)
{
    CHECK_WORST(1, exact_log, logl, 0.3, 3, false);
    CHECK_WORST(1, exact_log, logl, 1 - 1e-9, 1 + 1e-9, false);
    CHECK_WORST(1, exact_log, logl, 1e-320, 1e308, true);
}

FACT(sine_and_cosine_are_right_to_the_last_place)
{
    CHECK_WORST(1, exact_sin, sinl, -7, 7, false);
    CHECK_WORST(1, exact_cos, cosl, -7, 7, false);
    CHECK_WORST(1, exact_sin, sinl, -1e6, 1e6, false);
    CHECK_WORST(1, exact_cos, cosl, -1e6, 1e6, false);
    CHECK_WORST(1, exact_sin, sinl, 1e-300, 1, true);
    CHECK_WORST(1, exact_sin, sinl, M_PI - 1e-7, M_PI + 1e-7, false);
    CHECK_WORST(1, exact_cos, cosl, 100000.5 * M_PI - 1e-6, 100000.5 * M_PI + 1e-6, false);
}

FACT(tangents_are_right_to_three_places)
{
    CHECK_WORST(3, exact_tan, tanl, -1.6, 1.6, false);
    CHECK_WORST(3, exact_tanh, tanhl, -3, 3, false);
    CHECK_WORST(3, exact_tanh, tanhl, 1e-300, 30, true);
}

FACT(atan2_is_right_all_around)
{
    double most = 0;

    for (int i = 0; i < 40000; i++) {
        const double angle = i * 0.000157, r = exp((i % 41) - 20);
        const double y = r * sin(angle), x = r * cos(angle);
        most = fmax(most, units(exact_atan2(y, x), atan2l((long double)y, (long double)x)));
        const double small = y * 1e-9;
        most = fmax(most, units(exact_atan2(small, x), atan2l((long double)small, (long double)x)));
    }
    if (!(most < 3))
        CHECK_FAILED("worst: %.3f units in the last place", most);
}

FACT(hypot_is_right_at_any_size)
{
    double most = 0;

    for (int i = 0; i < 60000; i++) {
        const double x = exp((i % 1381) - 690), y = x * ((i * 7919) % 10007) / 3000.0;
        most = fmax(most, units(exact_hypot(x, -y), hypotl((long double)x, (long double)y)));
    }
    if (!(most < 1.5))
        CHECK_FAILED("worst: %.3f units in the last place", most);
}

static double worst_power(double log_size)
{
    double most = 0;

    for (int i = 0; i < 60000; i++) {
        const double x = exp(((i * 7919) % 10007) / 100.0 - 50), y = log_size * ((i % 61) - 30) / 30 / fabs(log(x));
        most = fmax(most, units(exact_pow(x, y), powl((long double)x, (long double)y)));
    }
    return most;
}

FACT(pow_is_right_to_two_places_of_usual_numbers)
{
    CHECK(worst_power(46) < 2); /* 1e-20 .. 1e20 */
    CHECK(worst_power(700) < 32);
    CHECK_NEAR(exact_pow(10, 3), 1000, 0);
    CHECK_NEAR(exact_pow(2, -3), 0.125, 0);
}

FACT(what_is_no_number_stays_none)
{
    CHECK(isnan(exact_exp(NAN)) && isnan(exact_log(NAN)) && isnan(exact_tanh(NAN)) && isnan(exact_hypot(NAN, 1)));
    CHECK(isnan(exact_sin(NAN)) && isnan(exact_cos(INFINITY)) && isnan(exact_tan(1e7)) && isnan(exact_sin(-INFINITY)));
    CHECK(isnan(exact_atan2(NAN, 1)) && isnan(exact_atan2(1, NAN)));
    CHECK(isnan(exact_log(-1)) && isnan(exact_pow(-8, 3)) && isnan(exact_pow(NAN, 1)) && isnan(exact_pow(2, NAN)));
}

FACT(infinities_and_zeros_are_those_of_the_c_standard)
{
    CHECK(exact_exp(INFINITY) == INFINITY && exact_exp(-INFINITY) == 0 && exact_exp(710) == INFINITY);
    CHECK(exact_exp(0) == 1 && exact_exp(-746) == 0 && exact_log(1) == 0 && exact_log(0) == -INFINITY);
    CHECK(exact_log(INFINITY) == INFINITY && exact_tanh(INFINITY) == 1 && exact_tanh(-50) == -1);
    CHECK(exact_sin(0) == 0 && exact_cos(0) == 1 && exact_tan(0) == 0 && exact_tanh(0) == 0);
    CHECK(signbit(exact_sin(-0.0)) && signbit(exact_tanh(-0.0)) && signbit(exact_atan2(-0.0, 1)));
    CHECK(exact_atan2(0, 0) == 0 && exact_atan2(0, -0.0) == M_PI && exact_atan2(-1, 0) == -M_PI / 2);
    CHECK(exact_atan2(INFINITY, INFINITY) == M_PI / 4 && exact_atan2(1, -INFINITY) == M_PI);
    CHECK(exact_hypot(INFINITY, NAN) == INFINITY && exact_hypot(0, 0) == 0 && exact_hypot(3, 4) == 5);
    CHECK(exact_pow(0, 2) == 0 && exact_pow(0, -2) == INFINITY && exact_pow(5, 0) == 1 && exact_pow(1, NAN) == 1);
    CHECK(exact_pow(INFINITY, 2) == INFINITY && exact_pow(INFINITY, -2) == 0 && exact_pow(2, 2000) == INFINITY);
    CHECK(exact_pow(0.5, INFINITY) == 0 && exact_pow(0.5, -INFINITY) == INFINITY && exact_pow(2, -2000) == 0);
}

static uint64_t hash_bits(uint64_t hash, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return (hash ^ bits) * UINT64_C(0x100000001b3) ^ hash >> 29;
}

/* Arguments from whole numbers only, so that nothing but the functions themselves can differ. */
FACT(every_machine_gives_the_bits_written_down_here)
{
    uint64_t hash = 0;

    for (int i = 1; i < 20000; i++) {
        const double x = (i - 10000) / 512.0, y = ((i * 7919) % 10007) / 64.0;
        hash = hash_bits(hash, exact_exp(x));
        hash = hash_bits(hash, exact_log(y + 1.0 / 64));
        hash = hash_bits(hash, exact_pow(y + 1.0 / 64, x / 4));
        hash = hash_bits(hash, exact_sin(x * y));
        hash = hash_bits(hash, exact_cos(x * y));
        hash = hash_bits(hash, exact_tan(x));
        hash = hash_bits(hash, exact_atan2(x, y - 60));
        hash = hash_bits(hash, exact_hypot(x, y));
        hash = hash_bits(hash, exact_tanh(x / 8));
        hash = hash_bits(hash, (double)exact_expf((float)x));
    }
    if (hash != UINT64_C(0xda57ad02aad50e4a))
        CHECK_FAILED("hash of the bits: got 0x%016" PRIx64, hash);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
