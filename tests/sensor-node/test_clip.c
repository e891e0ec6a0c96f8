#include "tests/check.h"

#include "sensor-node/motion/clip.h"
#include "sensor-node/motion/clip_features.h"
#include "tests/sensor-node/clip_expected.h"

#define SIZES 7 /* numbers of a view: sizes, envelope, moments, extremes, order */
#define VIEW  20

enum { LEVEL, JERK, BEND, SMOOTH, ROUGH, VIEWS };
enum { SPECTRUM = VIEWS * VIEW, LAGS = SPECTRUM + 13, TURNS = LAGS + 29, WAVELETS = TURNS + 2, ONSET = WAVELETS + 72,
       SHAPE = ONSET + 13, SHARES = SHAPE + 13 };

static float window[CLIP_WINDOW], numbers[CLIP_FEATURES];

/* The same whole-number recipe as made_up() in tests/train/clips.py. */
static int make_up(int number, float *ret_samples)
{
    for (int i = 0; i < 90; i++) {
        const int noise = (i * i * 37 + number * 101 * i) % 97 - 48;
        ret_samples[i] = 9.8125f + (float)noise * (abs(i - 40) < 6 * number ? 1.f : 0.25f) / 16;
    }
    return 90;
}

/* Even around the middle, so that no line is taken off. */
static void make_sine(double cycles, double size)
{
    for (int i = 0; i < CLIP_WINDOW; i++)
        window[i] = (float)(size * cos(2 * M_PI * cycles * (i - 27.5) / CLIP_WINDOW));
    clip_features(window, numbers);
}

/* Tones that never meet: no two samples alike, no extreme twice. */
static void make_tones(int count, double level, double slope, float *ret_samples)
{
    for (int i = 0; i < count; i++)
        ret_samples[i] = (float)(level + slope * i + 2 * sin(0.37 * i) + 1.3 * sin(0.91 * i + 1) + 0.4 * sin(2.3 * i));
}

static void make_pulse(int at, float size)
{
    memset(window, 0, sizeof window);
    window[at] = size;
    clip_features(window, numbers);
}

FACT(made_up_clips_are_judged_as_by_the_python_that_trained)
{
    float samples[90];
    struct clip_verdict v;

    for (int n = 1; n <= 4; n++) {
        CHECK_STATUS(clip_classify(samples, make_up(n, samples), &v), ROAD_OK);
        for (int c = 0; c < CLIP_CLASSES; c++)
            CHECK_NEAR(v.probability[c], clip_expected[n - 1][c], 1e-5);
    }
}

FACT(probabilities_sum_to_one_and_the_class_is_the_most_probable)
{
    float samples[90];
    struct clip_verdict v;

    for (int n = 1; n < 40; n++) {
        double sum = 0;
        clip_classify(samples, make_up(n, samples), &v);
        for (int c = 0; c < CLIP_CLASSES; c++) {
            sum += (double)v.probability[c];
            CHECK(v.probability[c] >= 0 && v.probability[c] <= v.probability[v.class]);
        }
        CHECK_NEAR(sum, 1, 1e-6);
        CHECK_NEAR(v.event, v.probability[0] + v.probability[1] + v.probability[2], 1e-6);
    }
}

FACT(gravity_and_bias_change_nothing)
{
    float samples[90];
    struct clip_verdict with, without;

    make_tones(90, 9.81, 0, samples);
    clip_classify(samples, 90, &with);
    make_tones(90, 0, 0, samples);
    clip_classify(samples, 90, &without);
    CHECK_INT(with.start, without.start);
    for (int c = 0; c < CLIP_CLASSES; c++)
        CHECK_NEAR(with.probability[c], without.probability[c], 1e-3);
}

FACT(a_slow_tilt_changes_no_number)
{
    float tilted[CLIP_WINDOW], others[CLIP_FEATURES];

    make_tones(CLIP_WINDOW, 0, 0, window);
    make_tones(CLIP_WINDOW, 9.81, 0.03, tilted);
    clip_features(window, numbers);
    clip_features(tilted, others);
    for (int f = 0; f < CLIP_FEATURES; f++)
        CHECK_NEAR(others[f], numbers[f], 2e-4);
}

FACT(nothing_outside_the_window_is_looked_at)
{
    float samples[CLIP_SAMPLES_MAX] = {0}, shorter[90];
    struct clip_verdict a, b;

    make_up(2, shorter);
    CHECK_STATUS(clip_classify(shorter, 90, &a), ROAD_OK);
    memcpy(samples + 700, shorter, sizeof shorter);
    for (int i = 0; i < 700; i++)
        samples[i] = (float)(12 + i % 3);
    for (int i = 790; i < 2500; i++)
        samples[i] = (float)(15 + i % 7);
    CHECK_STATUS(clip_classify(samples, 2500, &b), ROAD_OK);
    CHECK_INT(b.start, a.start + 700);
    CHECK_INT(memcmp(a.probability, b.probability, sizeof a.probability), 0);
}

FACT(the_window_is_centred_on_the_deepest_three_samples_and_stays_in_the_clip)
{
    float samples[200] = {0};

    samples[20] = 50; /* up does not count */
    samples[100] = samples[101] = samples[102] = -3;
    samples[150] = -8; /* deeper alone, but not with its neighbours */
    CHECK_INT(clip_window(samples, 200), 101 - 28);
    samples[2] = -30;
    CHECK_INT(clip_window(samples, 200), 0);
    samples[198] = -60;
    CHECK_INT(clip_window(samples, 200), 200 - 56);
}

FACT(what_is_no_clip_is_refused_and_the_verdict_untouched)
{
    static float samples[CLIP_SAMPLES_MAX + 1];
    struct clip_verdict v = {.start = 77};

    make_up(1, samples);
    CHECK_STATUS(clip_classify(samples, 55, &v), ROAD_BAD_RANGE);
    CHECK_STATUS(clip_classify(samples, 0, &v), ROAD_BAD_RANGE);
    CHECK_STATUS(clip_classify(samples, CLIP_SAMPLES_MAX + 1, &v), ROAD_TOO_LARGE);
    samples[10] = NAN;
    CHECK_STATUS(clip_classify(samples, 90, &v), ROAD_BAD_INPUT);
    samples[10] = -INFINITY;
    CHECK_STATUS(clip_classify(samples, 90, &v), ROAD_BAD_INPUT);
    samples[10] = 401;
    CHECK_STATUS(clip_classify(samples, 90, &v), ROAD_BAD_INPUT);
    for (int i = 0; i < 90; i++)
        samples[i] = 9.81f;
    CHECK_STATUS(clip_classify(samples, 90, &v), ROAD_BAD_RANGE);
    CHECK_INT(v.start, 77);
}

FACT(a_clip_of_56_samples_is_enough_and_one_of_a_minute_not_too_long)
{
    static float samples[CLIP_SAMPLES_MAX];
    struct clip_verdict v;

    make_up(1, samples);
    CHECK_STATUS(clip_classify(samples, CLIP_WINDOW, &v), ROAD_OK);
    CHECK_INT(v.start, 0);
    CHECK_STATUS(clip_classify(samples, CLIP_SAMPLES_MAX, &v), ROAD_OK);
}

FACT(every_number_is_finite_on_a_window_without_movement)
{
    memset(window, 0, sizeof window);
    clip_features(window, numbers);
    for (int f = 0; f < CLIP_FEATURES; f++)
        CHECK(isfinite(numbers[f]));
}

/* A sine of 7 cycles in the window has its 8 samples a cycle: deviation 1/sqrt(2) of its size (the straight line taken off
 * is small), samples nearest its extremes an eighth of a half-turn off them, a period of 8 lags, 14 crossings. */
FACT(the_numbers_of_a_sine_are_those_of_a_sine)
{
    make_sine(7, 2);
    CHECK_NEAR(numbers[6], log(2 / sqrt(2) + 0.01), 0.02);
    CHECK_NEAR(numbers[5], log(2 * cos(M_PI / 8) + 0.01), 1e-3);
    CHECK_NEAR(numbers[SIZES + 7], 0, 0.05);                  /* skewness */
    CHECK_NEAR(numbers[SIZES + 8], log(1.5 + 0.01), 0.05);    /* kurtosis of a sine: 3/2 */
    CHECK_NEAR(numbers[SIZES + 9], sqrt(2) * cos(M_PI / 8), 1e-3);
    CHECK_NEAR(numbers[SIZES + 10], -sqrt(2) * cos(M_PI / 8), 1e-3);
    CHECK_NEAR(numbers[SPECTRUM + 11], 7 * 50 / 56., 0.3);    /* 6.25 Hz */
    CHECK_NEAR(numbers[LAGS + 7], 48 / 56., 0.03);            /* lag 8 = one period, 48 products of 56 */
    CHECK_NEAR(numbers[LAGS + 3], -52 / 56., 0.03);           /* lag 4 = half of one */
    CHECK_NEAR(numbers[TURNS], 14 / 55., 1e-6);
}

/* Band 4 holds bins 6 and 7 (5.4 to 6.2 Hz): it must be the loudest by far. */
FACT(the_loudest_band_is_the_one_of_the_sine)
{
    make_sine(6.5, 2);
    for (int b = 0; b < 11; b++)
        if (b != 4)
            CHECK(numbers[SPECTRUM + b] < numbers[SPECTRUM + 4] - (b == 3 || b == 5 ? 0.3f : 2.f));
}

/* One sample of size s at the middle: jerk +s then -s, bend s, -2s, s; nearly all energy in one sample. */
FACT(the_numbers_of_a_pulse_are_those_of_a_pulse)
{
    make_pulse(28, 8);
    CHECK_NEAR(numbers[JERK * VIEW + 5], log(8 + 0.01), 0.03);
    CHECK_NEAR(numbers[JERK * VIEW + 19], -1, 1e-6);  /* greatest one sample before the least */
    CHECK_NEAR(numbers[BEND * VIEW + 5], log(16 + 0.01), 0.03);
    CHECK_NEAR(numbers[SMOOTH * VIEW + 5], log(8 / 5. + 0.01), 0.15);
    CHECK(numbers[SHARES] > 0.98f);
    CHECK_NEAR(numbers[ONSET], 1, 0);
    CHECK_NEAR(numbers[ONSET + 2], 0, 0); /* nothing of a quarter of its size before it */
    CHECK_NEAR(numbers[ONSET + 3], 0, 0); /* nor after */
    CHECK_NEAR(numbers[ONSET + 4], 1 / 56., 1e-6);
}

FACT(a_hole_and_a_bump_differ_in_sign)
{
    float down[CLIP_FEATURES];

    make_pulse(28, -8);
    memcpy(down, numbers, sizeof down);
    make_pulse(28, 8);
    CHECK_NEAR(down[ONSET], -1, 0);
    CHECK_NEAR(down[SIZES + 7], -numbers[SIZES + 7], 1e-4);
    for (int i = 0; i < 13; i++)
        CHECK_NEAR(down[SHAPE + i], -numbers[SHAPE + i], 1e-5);
    for (int i = 0; i < SIZES; i++)
        CHECK_NEAR(down[i], numbers[i], 1e-5);
}

/* 1, 3, -9, 5 has neither sum nor first moment, so no line is taken off wherever it lies; eight samples on it lies the same in
 * the next seventh of the window. The tapered spectrum and the wavelets that reach beyond the window are left out. */
FACT(where_in_the_window_a_jolt_lies_changes_no_shape)
{
    static const float jolt[] = {1, 3, -9, 5};
    float there[CLIP_FEATURES];

    for (int at = 18; at <= 26; at += 8) {
        memset(window, 0, sizeof window);
        memcpy(window + at, jolt, sizeof jolt);
        memcpy(there, numbers, sizeof there);
        clip_features(window, numbers);
    }
    for (int f = 0; f < VIEW; f++)
        CHECK_NEAR(there[f], numbers[f], 1e-5);
    for (int f = LAGS; f < CLIP_FEATURES; f++)
        if (f < WAVELETS + 44 || f >= ONSET)
            CHECK_NEAR(there[f], numbers[f], 1e-5);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
