/* From a peak to a class: events, their spectra, the shapes that explain them, the frozen tables, and what is
 * usual for a vehicle. */
#include <math.h>
#include <string.h>

#include "sensor-node/motion/biquad.h"
#include "sensor-node/motion/detector.h"
#include "sensor-node/motion/size_table.h"
#include "sensor-node/motion/type_table.h"
#include "tests/check.h"

#define SPEED_MPS 10.0
#define AT        600 /* tick at which the front axle stands over the shape */

static struct window window;
static struct background background;
static struct bank bank;

static double noise(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 33) / 1073741824.0 - 1;
}

/* A window of 8.5 s on a road that shakes with `noise_mps2`, with `felt` added from the tick `from` on. */
static void fill_window(const float *felt, int from, int n, double noise_mps2)
{
    uint64_t state = 7;

    background_init(&background);
    window_reset(&window);
    for (int i = 0; i < 850; i++) {
        struct look look = {.is_watched = true, .is_placed = true, .roll_radps = NAN, .pitch_radps = NAN};
        look.time_ns = (int64_t)i * TICK_NS;
        look.place.speed_mps = SPEED_MPS;
        look.along_m = i * SPEED_MPS * TICK_S;
        look.felt_mps2 =
            noise_mps2 * noise(&state) + (felt && i >= from && i < from + n ? (double)felt[i - from] : 0);
        look.vertical_mps2 = look.felt_mps2;
        *window_next(&window) = look;
        window_added(&window);
    }
}

/* What a sensor a third behind the front axle feels of a shape: the quarter car at 100 Hz, both axles, the
 * filters. */
static int make_felt(const struct shape *shape, float *ret_felt)
{
    enum { TICKS = 300, ZERO = 100, LATE = 27 }; /* 2.7 m at 10 m/s */
    static struct shape_path path;
    float corner[TICKS];
    struct biquad high, low;

    shape_path_make(shape, &path);
    quarter_car_response(&path, SPEED_MPS, ZERO, corner, TICKS);
    biquad_high_pass(&high, BANK_HIGH_PASS_HZ, TICK_HZ);
    biquad_low_pass(&low, BANK_LOW_PASS_HZ, TICK_HZ);
    for (int i = 0; i < TICKS; i++) {
        const double late = i >= LATE ? (double)corner[i - LATE] : 0;
        ret_felt[i] = (float)biquad_step(&low, biquad_step(&high, 2.0 / 3 * (double)corner[i] + late / 3));
    }
    return TICKS;
}

static bool find_event(struct event *ret_event)
{
    double usual_mps2;
    int found = 0;

    for (int centre = 300; centre < 590 + 60; centre++)
        if (event_is_peak(&window, centre, &background, 2.7, &usual_mps2)) {
            event_fill(ret_event, &window, centre, usual_mps2, &background, 2.7, 0.75);
            found++;
        }
    return found == 1;
}

FACT(a_quiet_road_has_no_event_and_a_hit_has_one)
{
    static struct event event;
    const struct shape hole = {SHAPE_BOX, 0.45, -0.06, 0};
    float felt[300];
    const int n = make_felt(&hole, felt);

    fill_window(NULL, 0, 0, 0.15);
    CHECK(!find_event(&event));
    fill_window(felt, AT - 100, n, 0.15);
    CHECK(find_event(&event));
    CHECK(!event.has_turn);
    CHECK_NEAR(event.axle_ticks, 27, 1e-9);
    CHECK_NEAR(event.usual_mps2, 0.15 / sqrt(3), 0.03); /* RMS of an even spread */
}

FACT(a_shape_is_explained_by_itself_where_it_was)
{
    static struct event event;
    struct match matches[BANK_SHAPES];

    bank_init(&bank, -0.9, 2.7);
    for (int s = 0; s < BANK_SHAPES; s++) {
        float felt[300];
        const int n = make_felt(&bank.shapes[s], felt);
        fill_window(felt, AT - 100, n, 0);
        if (!find_event(&event))
            continue; /* long shapes have several peaks */
        bank_prepare(&bank, event.speed_mps);
        bank_match(&bank, &event, matches);
        if (!(matches[s].explained > 0.9f) || fabsf(matches[s].gain - 1) > 0.1f ||
            fabs((double)(event.from - AT) + (double)matches[s].shift) > 1)
            CHECK_FAILED("shape %d: explains %.3f, gain %.3f, %.2f ticks off", s,
                         (double)matches[s].explained, (double)matches[s].gain,
                         (double)(event.from - AT) + (double)matches[s].shift);
    }
}

FACT(the_spectra_of_two_signals_are_those_of_the_plain_sum)
{
    static struct fourier_table table;
    static struct fourier_pair pair;
    float x[2][FOURIER_POINTS];
    uint64_t state = 3;

    fourier_init(&table);
    for (int i = 0; i < FOURIER_POINTS; i++) {
        x[0][i] = i < 20 || i > 235 ? 0 : (float)noise(&state); /* the ends are faded: keep them empty */
        x[1][i] = i < 20 || i > 235 ? 0 : (float)(5 * noise(&state));
    }
    fourier_powers(&table, x[0], x[1], &pair);
    for (int which = 0; which < 2; which++)
        for (int k = 0; k < FOURIER_POINTS / 2; k += 7) {
            double re = 0, im = 0;
            for (int i = 0; i < FOURIER_POINTS; i++) {
                re += (double)x[which][i] * cos(2 * M_PI * k * i / FOURIER_POINTS);
                im -= (double)x[which][i] * sin(2 * M_PI * k * i / FOURIER_POINTS);
            }
            CHECK_NEAR((double)pair.power[which][k], re * re + im * im, 1e-3 * (re * re + im * im + 1));
        }
}

FACT(a_band_is_its_median_and_the_unknown_stays_unknown)
{
    struct background b;
    float bands[BACKGROUND_BANDS];

    background_init(&b);
    CHECK(isnan(background_band(&b, 0)));
    for (int i = 0; i < 200; i++) {
        for (int k = 0; k < BACKGROUND_BANDS; k++)
            bands[k] =
                k == 3 ? NAN : (i % 10 == 0 ? 5 : 1) * 0.05f * (float)(k + 1); /* one in ten hits something */
        background_add_bands(&b, bands);
    }
    CHECK(isnan(background_band(&b, 3)));
    CHECK_NEAR(background_band(&b, 4), 0.25, 0.02);
}

FACT(a_vehicle_that_shakes_twice_as_much_has_twice_the_gain)
{
    struct background calm, loud;

    background_init(&calm);
    background_init(&loud);
    CHECK(isnan(background_gain(&calm)));
    for (int i = 0; i < 100; i++)
        for (double speed = 5; speed < 18; speed += 1.4) {
            background_add(&calm, speed, 0.1 * pow(speed, 0.65));
            background_add(&loud, speed, 0.2 * pow(speed, 0.65));
        }
    CHECK_NEAR(background_gain(&calm), 0.1, 0.01);
    CHECK_NEAR(background_gain(&loud) / background_gain(&calm), 2, 0.01);
}

FACT(classes_carry_the_names_of_catalogue_and_register)
{
    for (int c = CLASS_POTHOLE; c < CLASSES; c++) {
        const int defect = class_defect((enum motion_class)c);
        const enum feature_kind feature = class_feature((enum motion_class)c);
        CHECK((defect != DEFECT_NONE) != (feature != FEATURE_NONE));
        CHECK(strcmp(class_name((enum motion_class)c),
                     defect != DEFECT_NONE ? catalogue_type(defect)->code : feature_code(feature)) == 0);
    }
}

/* Every leaf is reached without leaving the table. Returns the index after the subtree. */
static int walk(const struct forest *f, int node, int depth)
{
    if (depth > 32 || f->node[node].feature == FOREST_LEAF)
        return depth > 32 ? -1000000 : node + 1;
    CHECK(f->node[node].feature < f->features);
    const int right = node + f->node[node].right;
    CHECK_INT(walk(f, node + 1, depth + 1), right); /* the left subtree ends where the right one begins */
    return walk(f, right, depth + 1);
}

FACT(the_frozen_trees_are_whole)
{
    const struct forest *const forests[] = {&type_forest, &size_forest, &middle_forest};

    for (int k = 0; k < 3; k++) {
        CHECK_INT(forests[k]->features, TRAITS);
        CHECK(forests[k]->trees > 50);
        for (int t = 0; t < forests[k]->trees; t++) {
            const int end = walk(forests[k], (int)forests[k]->tree[t].root, 0);
            CHECK(forests[k]->tree[t].class < forests[k]->classes);
            if (t + 1 < forests[k]->trees)
                CHECK_INT(end, forests[k]->tree[t + 1].root);
        }
    }
}

FACT(confidences_grow_with_probability_and_stay_below_one)
{
    for (int c = 0; c < CLASSES; c++)
        for (int k = 0; k < TYPE_KNOTS; k++) {
            CHECK(type_calibration[c][k] >= 0 && type_calibration[c][k] < 1);
            CHECK(k == 0 || type_calibration[c][k] >= type_calibration[c][k - 1]);
        }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
