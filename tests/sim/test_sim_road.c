/* The simulated road against ISO 8608 and the golden car, and what is dealt onto it. */
#include "tests/check.h"

#include <complex.h>

#include "tests/sim/deal.h"
#include "tests/sim/iri.h"
#include "tests/sim/profile.h"

/* Mean slope of a sine of amplitude a: 4 a / wavelength. Gains: domain figures, section 3. */
FACT(golden_car_gains_by_wavelength)
{
    static const struct {
        double wavelength_m, gain, tolerance;
    } rows[] = {{1, 0.27, 0.03},   {2, 1.53, 0.05},    {2.4, 1.66, 0.05}, {5, 1.17, 0.02},
                {8, 1.18, 0.02},   {15.4, 1.53, 0.02}, {30, 0.46, 0.01},  {60, 0.09, 0.01}};
    static float height[120000];
    const int n = sizeof height / sizeof height[0];

    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        for (int i = 0; i < n; i++)
            height[i] = (float)(0.01 * sin(2 * M_PI * i * 0.02 / rows[k].wavelength_m));
        const double slope = 4 * 0.01 / rows[k].wavelength_m;
        CHECK_NEAR(sim_iri(height, n, 0.02) / 1000 / slope, rows[k].gain, rows[k].tolerance);
    }
}

#define STEP_M 0.05
#define SEGMENT 4096
#define SEGMENTS 200
#define SAMPLES (SEGMENT * SEGMENTS)

static float left[SAMPLES], right[SAMPLES];

/* In place, n a power of two: the textbook's recursion unrolled. */
static void transform(double complex *x, int n)
{
    for (int i = 1, j = 0; i < n; i++) {
        int bit = n >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            const double complex swap = x[i];
            x[i] = x[j];
            x[j] = swap;
        }
    }
    for (int length = 2; length <= n; length <<= 1)
        for (int i = 0; i < n; i += length)
            for (int k = 0; k < length / 2; k++) {
                const double complex w = cexp(-2 * M_PI * I * k / length) * x[i + k + length / 2], u = x[i + k];
                x[i + k] = u + w;
                x[i + k + length / 2] = u - w;
            }
}

static double power_left[SEGMENT / 2], power_right[SEGMENT / 2];
static double complex cross[SEGMENT / 2];

/* Welch: Hann windows side by side; one-sided densities in m^3. */
static void estimate(void)
{
    static double complex a[SEGMENT], b[SEGMENT];
    double energy = 0;

    for (int i = 0; i < SEGMENT; i++)
        energy += pow(0.5 - 0.5 * cos(2 * M_PI * i / SEGMENT), 2);
    for (int s = 0; s < SEGMENTS; s++) {
        for (int i = 0; i < SEGMENT; i++) {
            const double w = 0.5 - 0.5 * cos(2 * M_PI * i / SEGMENT);
            a[i] = w * (double)left[s * SEGMENT + i];
            b[i] = w * (double)right[s * SEGMENT + i];
        }
        transform(a, SEGMENT);
        transform(b, SEGMENT);
        for (int k = 0; k < SEGMENT / 2; k++) {
            power_left[k] += 2 * STEP_M / energy * creal(a[k] * conj(a[k])) / SEGMENTS;
            power_right[k] += 2 * STEP_M / energy * creal(b[k] * conj(b[k])) / SEGMENTS;
            cross[k] += 2 * STEP_M / energy * a[k] * conj(b[k]) / SEGMENTS;
        }
    }
}

static void make_profile(double gd_m3)
{
    struct sim_random random;

    if (power_left[SEGMENT / 4] > 0)
        return;
    sim_random_init(&random, 20);
    sim_profile_make(&random, gd_m3, STEP_M, SAMPLES, left, right);
    estimate();
}

/* Octave bands; what is measured over what ISO 8608 says, Gd(n0) (n/n0)^-2, from 0.03 to 2.83 cycles/m (the pole at 0.011
 * bends the density by 12 % at 0.03). */
FACT(both_tracks_have_the_density_of_their_iso_class)
{
    const double gd = sim_iso_gd('B');

    CHECK_NEAR(gd, 64e-6, 1e-12);
    make_profile(gd);
    for (double low = 0.03; low < 1.5; low *= 2) {
        double sum_left = 0, sum_right = 0, want = 0;
        for (int k = 1; k < SEGMENT / 2; k++) {
            const double n = k / (SEGMENT * STEP_M);
            if (n < low || n >= 2 * low)
                continue;
            sum_left += power_left[k];
            sum_right += power_right[k];
            want += gd * 0.01 / (n * n);
        }
        CHECK_NEAR(sum_left / want, 1, 0.15);
        CHECK_NEAR(sum_right / want, 1, 0.15);
    }
}

/* Isotropic road: g(n) = x K1(x), x = 2 pi n track, K1 the modified Bessel function (Dodds and Robson 1973); values of x K1(x)
 * from Abramowitz and Stegun, table 9.8. */
FACT(tracks_hang_together_as_on_an_isotropic_road)
{
    static const struct {
        double x, g;
    } rows[] = {{0.4, 0.8738}, {0.8, 0.6894}, {1.2, 0.5215}, {2.0, 0.2797}, {3.0, 0.1205}, {5.0, 0.0202}};

    make_profile(sim_iso_gd('B'));
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const double n = rows[r].x / (2 * M_PI * 1.5);
        const int middle = (int)(n * SEGMENT * STEP_M + 0.5), reach = middle / 8 + 1;
        double own = 0;
        double complex both = 0;
        for (int k = middle - reach; k <= middle + reach; k++) {
            own += sqrt(power_left[k] * power_right[k]);
            both += cross[k];
        }
        CHECK_NEAR(creal(both) / own, rows[r].g, 0.09);
        CHECK(fabs(cimag(both) / own) < 0.05);
    }
}

/* Domain figures: A 2.2, B 4.4, C 8.8 m/km. */
FACT(classes_have_their_usual_roughness_index)
{
    static const double want[] = {2.2, 4.4, 8.8};

    for (int class = 0; class < 3; class++) {
        struct sim_random random;
        sim_random_init(&random, 31);
        sim_profile_make(&random, sim_iso_gd((char)('A' + class)), STEP_M, 200000, left, right);
        CHECK_NEAR(sim_iri(left, 200000, STEP_M), want[class], 0.06 * want[class]);
        CHECK_NEAR(sim_iri(right, 200000, STEP_M), want[class], 0.06 * want[class]);
    }
    power_left[SEGMENT / 4] = 0;
    memset(power_left, 0, sizeof power_left);
    memset(power_right, 0, sizeof power_right);
    memset(cross, 0, sizeof cross);
}

FACT(every_defect_that_motion_tells_is_dealt_within_its_range)
{
    /* id, least and greatest size: the task's ranges. */
    static const double ranges[][3] = {{DEFECT_POTHOLE, 15, 90},     {DEFECT_MANHOLE_LEVEL, 5, 40}, {DEFECT_MANHOLE_COVER, 1, 3},
                                       {DEFECT_SUBSIDENCE, 15, 80},  {DEFECT_SHOVING, 10, 50},      {DEFECT_JOINT_FAULT, 5, 35},
                                       {DEFECT_PATCH_FAILURE, 5, 35}};
    struct sim_placed things[2];
    struct sim_random random;
    double low[DEFECT_TYPE_COUNT + 1], high[DEFECT_TYPE_COUNT + 1] = {0};
    int n[DEFECT_TYPE_COUNT + 1] = {0}, up = 0;

    for (int type = 0; type <= DEFECT_TYPE_COUNT; type++)
        low[type] = 1e9;
    sim_random_init(&random, 1);
    for (int i = 0; i < 4000; i++) {
        CHECK_INT(sim_deal(true, &random, things), 1);
        CHECK(things[0].type != DEFECT_NONE && things[0].feature == FEATURE_NONE);
        n[things[0].type]++;
        up += things[0].type == DEFECT_JOINT_FAULT && things[0].height_m > 0;
        low[things[0].type] = fmin(low[things[0].type], things[0].size);
        high[things[0].type] = fmax(high[things[0].type], things[0].size);
    }
    for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
        const int type = (int)ranges[r][0];
        CHECK(n[type] > 100);
        CHECK(low[type] >= ranges[r][1] && high[type] <= ranges[r][2]);
        CHECK(high[type] - low[type] > 0.7 * (ranges[r][2] - ranges[r][1]) || type == DEFECT_MANHOLE_COVER);
    }
    CHECK(up > n[DEFECT_JOINT_FAULT] / 3 && up < n[DEFECT_JOINT_FAULT] * 2 / 3);
}

FACT(every_look_alike_is_dealt_and_is_no_defect)
{
    struct sim_placed things[2];
    struct sim_random random;
    int n[FEATURE_KIND_COUNT + 1] = {0};

    sim_random_init(&random, 2);
    for (int i = 0; i < 2000; i++) {
        const int count = sim_deal(false, &random, things);
        for (int k = 0; k < count; k++) {
            CHECK_INT(things[k].type, DEFECT_NONE);
            n[things[k].feature]++;
            if (things[k].feature == FEATURE_MANHOLE)
                CHECK(things[k].height_m >= -0.005 && things[k].height_m <= 0.010);
            if (things[k].feature == FEATURE_KERB)
                CHECK(things[k].wanted_mps * 1.15 < 10 / 3.6);
        }
    }
    for (int kind = 1; kind <= FEATURE_KIND_COUNT; kind++)
        CHECK(n[kind] > 40);
    CHECK_INT(n[FEATURE_NONE], 0);
}

FACT(rails_are_a_gauge_apart)
{
    struct sim_placed track = {.shape = SIM_RAILS, .count = 1, .wave_m = 4, .height_m = 0.01, .half_width_m = 1.75};
    double inner_left = -1, inner_right = 1;

    /* Inner faces of the heads: 1.435 m between them. */
    for (double x = -1; x < 0; x += 0.0005)
        if (sim_placed_height_m(&track, x) > 0)
            inner_left = x;
    for (double x = 1; x > 0; x -= 0.0005)
        if (sim_placed_height_m(&track, x) > 0)
            inner_right = x;
    CHECK_NEAR(inner_right - inner_left, 1.435, 0.002);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
