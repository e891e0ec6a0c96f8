/* The physics behind the detector: quarter car, background, ride. */
#include "sensor-node/motion/background.h"
#include "sensor-node/motion/biquad.h"
#include "sensor-node/motion/quarter_car.h"
#include "sensor-node/motion/ride.h"
#include "tests/check.h"
#include "tests/sensor-node/synthetic.h"

#define G 9.80665

/* Body peak to peak, g, at 20, 30, 40, 60 km/h: the table of the domain figures, section 3. */
static const struct {
    const char *name;
    struct shape shape;
    double pp_g[4];
} cases[] = {
    {"pothole 25x400", {SHAPE_BOX, 0.4, -0.025, 0}, {1.05, 1.01, 0.91, 0.71}},
    {"pothole 50x400", {SHAPE_BOX, 0.4, -0.050, 0}, {1.62, 1.30, 1.05, 0.76}},
    {"pothole 80x600", {SHAPE_BOX, 0.6, -0.080, 0}, {2.5, 2.2, 1.8, 1.3}},
    {"manhole -15x700", {SHAPE_BOX, 0.7, -0.015, 0}, {0.55, 0.62, 0.70, 0.68}},
    {"manhole -30x700", {SHAPE_BOX, 0.7, -0.030, 0}, {1.03, 1.27, 1.37, 1.26}},
    {"manhole +15x700", {SHAPE_BOX, 0.7, 0.015, 0}, {0.61, 0.57, 0.61, 0.71}},
    {"cover missing -150", {SHAPE_BOX, 0.7, -0.150, 0}, {3.2, 2.7, 2.2, 1.6}},
    {"step +10", {SHAPE_STEP, 0, 0.010, 0}, {0.24, 0.26, 0.26, 0.27}},
    {"patch +10x2 m", {SHAPE_BOX, 2.0, 0.010, 0}, {0.42, 0.44, 0.43, 0.43}},
    {"subsidence -25x4 m", {SHAPE_DIP, 4.0, -0.025, 0}, {0.22, 0.26, 0.30, 0.39}},
    {"subsidence -50x6 m", {SHAPE_DIP, 6.0, -0.050, 0}, {0.31, 0.44, 0.48, 0.59}},
    {"corrugation 30, 0.75 m", {SHAPE_WAVES, 4.5, 0.030, 0.75}, {0.86, 1.39, 1.09, 0.62}},
    {"rubber bump 50x350", {SHAPE_BUMP, 0.35, 0.050, 0}, {1.7, 1.8, 1.7, 1.6}},
};

FACT(the_quarter_car_gives_the_published_peaks)
{
    static const double kmh[4] = {20, 30, 40, 60};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int k = 0; k < 4; k++) {
            struct shape_path path;
            float felt[400], low = 0, high = 0;
            shape_path_make(&cases[i].shape, &path);
            quarter_car_response(&path, kmh[k] / 3.6, 100, felt, 400);
            for (int t = 0; t < 400; t++) {
                low = fminf(low, felt[t]);
                high = fmaxf(high, felt[t]);
            }
            const double pp_g = (double)(high - low) / G;
            if (fabs(pp_g / cases[i].pp_g[k] - 1) > 0.12)
                CHECK_FAILED("%s at %g km/h: %.2f g, want %.2f", cases[i].name, kmh[k], pp_g,
                             cases[i].pp_g[k]);
        }
}

FACT(a_crack_leaves_nothing_in_the_body)
{
    const struct shape crack = {SHAPE_BOX, 0.03, -0.05, 0}; /* an open joint of 30 mm: the tyre bridges it */
    struct shape_path path;
    float felt[300];

    shape_path_make(&crack, &path);
    quarter_car_response(&path, 11, 100, felt, 300);
    for (int t = 0; t < 300; t++)
        CHECK_NEAR((double)felt[t] / G, 0, 0.02);
}

FACT(butterworth_filters_pass_and_stop_as_they_should)
{
    struct biquad high, low;
    double high_square = 0, low_square = 0;

    biquad_high_pass(&high, 0.5, 100);
    biquad_low_pass(&low, 20, 100);
    for (int i = 0; i < 6000; i++) { /* at the corner: gain 1/sqrt(2), so a unit sine has mean square 1/4 */
        const double h = biquad_step(&high, sin(2 * M_PI * 0.5 * i / 100));
        const double l = biquad_step(&low, sin(2 * M_PI * 20 * i / 100.0 + 0.3));
        high_square += i >= 2000 ? h * h / 4000 : 0;
        low_square += i >= 2000 ? l * l / 4000 : 0;
    }
    CHECK_NEAR(high_square, 0.25, 0.002);
    CHECK_NEAR(low_square, 0.25, 0.002);
}

FACT(background_is_the_median_of_its_speed_bin)
{
    struct background b;

    background_init(&b);
    CHECK_NEAR(background_rms(&b, 10), 0, 0);
    for (int i = 0; i < 2000; i++) {
        const double rms = i % 10 == 0 ? 5.0 : 0.2 + 0.01 * (i % 9 - 4); /* one in ten hits something */
        background_add(&b, 10, rms);
        background_add(&b, 20, 3 * rms);
    }
    CHECK_NEAR(background_rms(&b, 10), 0.2, 0.02);
    CHECK_NEAR(background_rms(&b, 20), 0.6, 0.06);
    CHECK_NEAR(background_spread(&b, 10), log(0.22 / 0.2), 0.06);
    CHECK_NEAR(background_rms(&b, 3), 0, 0);
}

/* ISO 8608 road of class A (Gd(n0) = 16e-6 m3) or B (times 4) from 200 sines, the same under both wheels. */
static double iso_scale, iso_phase[200];
static double iso_height(double along_m, bool is_left)
{
    double z = 0, n = 0.011;
    const double ratio = pow(2.83 / 0.011, 1.0 / 200);

    (void)is_left;
    for (int i = 0; i < 200; i++, n *= ratio)
        z += sqrt(2 * iso_scale * 16e-6 * 0.01 / (n * n) * n * (ratio - 1)) *
             cos(2 * M_PI * n * along_m + iso_phase[i]);
    return z;
}

/* The ride estimate on a corner's own acceleration: a window filled by hand, no tyre (it only smooths below
 * 0.1 m). */
static double iri_of_class(double scale, double speed_mps)
{
    static struct window window;
    struct ride ride = {0};
    struct biquad high, low;
    double body = 0, body_v = 0, wheel = 0, wheel_v = 0, sum = 0;
    int count = 0;

    iso_scale = scale;
    biquad_high_pass(&high, RIDE_HIGH_PASS_HZ, TICK_HZ);
    biquad_low_pass(&low, RIDE_LOW_PASS_HZ, TICK_HZ);
    window_reset(&window);
    for (int i = 0; i < 6000; i++) {
        const double before = body_v, road = iso_height(speed_mps * i * TICK_S, true);
        for (int k = 0; k < 20; k++) {
            const double strut = 20e3 * (wheel - body) + 1500 * (wheel_v - body_v);
            body_v += 0.0005 * strut / 375;
            wheel_v += 0.0005 * (190e3 * (road - wheel) - strut) / 40;
            body += 0.0005 * body_v;
            wheel += 0.0005 * wheel_v;
        }
        struct look look = {
            .is_watched = true, .along_m = speed_mps * i * TICK_S, .place.speed_mps = speed_mps};
        look.ride_iri = ride_feel(&ride, biquad_step(&low, biquad_step(&high, (body_v - before) / TICK_S)), speed_mps);
        *window_next(&window) = look;
        window_added(&window);
        if (i > 1500 && i % 100 == 0) {
            const double iri = ride_iri(&window, i - 250, 1);
            sum += iri * iri;
            count++;
        }
    }
    return sqrt(sum / count);
}

FACT(ride_estimate_finds_the_iri_of_iso_8608_roads)
{
    static const double kmh[] = {20, 30, 40, 60};
    uint64_t random = 12345;

    for (int i = 0; i < 200; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        iso_phase[i] = (double)(random >> 33) / 2147483648.0 * 2 * M_PI;
    }
    for (int k = 0; k < 4; k++) { /* IRI 2.2 and 4.4 m/km: domain figures, section 3 */
        CHECK_NEAR(iri_of_class(1, kmh[k] / 3.6), 2.2, 0.25 * 2.2);
        CHECK_NEAR(iri_of_class(4, kmh[k] / 3.6), 4.4, 0.25 * 4.4);
    }
}

FACT(ride_is_unknown_when_slow_or_short)
{
    static struct window window;

    window_reset(&window);
    for (int i = 0; i < 400; i++) {
        *window_next(&window) =
            (struct look){.is_watched = true, .along_m = 0.03 * i, .place.speed_mps = 3, .ride_iri = 1};
        window_added(&window);
    }
    CHECK(isnan(ride_iri(&window, 200, 1)));
    window_reset(&window);
    for (int i = 0; i < 90; i++) { /* 9 m */
        *window_next(&window) =
            (struct look){.is_watched = true, .along_m = 0.1 * i, .place.speed_mps = 10, .ride_iri = 1};
        window_added(&window);
    }
    CHECK(isnan(ride_iri(&window, 45, 1)));
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
