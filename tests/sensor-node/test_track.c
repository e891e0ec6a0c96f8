#include "sensor-node/position/track.h"

#include "tests/check.h"

#define START_NS INT64_C(1795564800000000000)

static struct track track;

static int64_t at_ns(double time_s)
{
    return START_NS + llround(time_s * 1e9);
}

static struct track_fix fix_at(double time_s, double e_m, double n_m, double speed_mps)
{
    return (struct track_fix){.time_ns = at_ns(time_s),
                              .e_m = e_m,
                              .n_m = n_m,
                              .sigma_m = 2,
                              .speed_mps = speed_mps,
                              .heading_rad = NAN,
                              .gnss = GNSS_CONSUMER,
                              .time_source = TIME_GPS};
}

static void give(double time_s, double e_m, double n_m, double speed_mps)
{
    const struct track_fix fix = fix_at(time_s, e_m, n_m, speed_mps);

    CHECK_STATUS(track_fix(&track, &fix), ROAD_OK);
}

FACT(a_straight_drive_is_placed_between_its_fixes)
{
    struct place place;

    track_init(&track, 0, 0, 5);
    for (int i = 0; i <= 30; i++)
        give(i, 6.0 * i, 8.0 * i, 10); /* 3-4-5: 10 m/s on heading atan(3/4) */
    for (double t = 10; t < 20; t += 0.37) {
        CHECK_INT(track_place(&track, at_ns(t), at_ns(t), false, &place), TRACK_PLACED);
        CHECK_NEAR(place.e_m, 6 * t, 0.02);
        CHECK_NEAR(place.n_m, 8 * t, 0.02);
        CHECK_NEAR(place.speed_mps, 10, 0.05);
        CHECK_NEAR(place_heading_rad(&place), atan2(3, 4), 0.005);
    }
}

FACT(a_bend_keeps_its_shape_at_one_fix_a_second)
{
    const double r = 20, v = 8, w = v / r; /* a chord of 8 m would cut the corner by 0.4 m */
    struct place place;
    double worst = 0, turn = 0;

    track_init(&track, 0, 0, 5);
    for (int i = 0; i <= 40; i++)
        give(i, r * sin(w * i), r * cos(w * i), v);
    for (double t = 10; t < 30; t += 0.1) {
        CHECK_INT(track_place(&track, at_ns(t), at_ns(t), false, &place), TRACK_PLACED);
        worst = fmax(worst, hypot(place.e_m - r * sin(w * t), place.n_m - r * cos(w * t)));
        turn += place.turn_radps / 200;
    }
    CHECK(worst < 0.3);
    CHECK_NEAR(turn, w, 0.02); /* clockwise */
}

FACT(the_lever_arm_leads_from_the_antenna_to_the_front_axle)
{
    struct place place;

    track_init(&track, -1.5, 0.5, 5); /* behind the axle and left of the middle; heading east */
    for (int i = 0; i <= 20; i++)
        give(i, 10.0 * i, 0, 10);
    CHECK_INT(track_place(&track, at_ns(10), at_ns(10), false, &place), TRACK_PLACED);
    CHECK_NEAR(place.e_m, 100 + 1.5, 0.02);
    CHECK_NEAR(place.n_m, -0.5, 0.02); /* left is north: the axle's middle lies south of the antenna */
}

FACT(no_number_of_fixes_brings_sigma_below_the_fixes_own)
{
    struct place place;

    track_init(&track, 0, 0, 5);
    for (int i = 0; i <= 600; i++)
        give(i * 0.1, i, 0, 10); /* 10 a second for a minute: the errors hang together */
    CHECK_INT(track_place(&track, at_ns(50.03), at_ns(50.03), false, &place), TRACK_PLACED);
    CHECK(place.var_ee >= 4 && place.var_nn >= 4);
    CHECK(place_sigma_m(&place) < 2.2);
}

FACT(the_greatest_axis_of_a_covariance_is_found)
{
    /* 3 m along 45 degrees, 1 m across: var = (9+1)/2, covariance = (9-1)/2. */
    const struct place place = {.var_ee = 5, .var_nn = 5, .var_en = 4};

    CHECK_NEAR(place_sigma_m(&place), 3, 1e-12);
}

FACT(a_jump_no_car_can_make_is_refused_until_three_agree)
{
    struct track_fix far = fix_at(11, 5000, 0, 10);
    struct place place;

    track_init(&track, 0, 0, 5);
    for (int i = 0; i <= 10; i++)
        give(i, 10.0 * i, 0, 10);
    CHECK_STATUS(track_fix(&track, &far), ROAD_BAD_RANGE);
    give(12, 120, 0, 10); /* a good one between: the count starts again */
    for (int i = 13; i <= 14; i++) {
        far = fix_at(i, 5000 + 10.0 * i, 0, 10);
        CHECK_STATUS(track_fix(&track, &far), ROAD_BAD_RANGE);
    }
    far = fix_at(15, 5150, 0, 10);
    CHECK_STATUS(track_fix(&track, &far), ROAD_OK);
    for (int i = 16; i < 20; i++)
        give(i, 5000 + 10.0 * i, 0, 10);
    CHECK_INT(track_place(&track, at_ns(13), at_ns(13), false, &place),
              TRACK_NONE); /* nothing joins the two */
    CHECK_INT(track_place(&track, at_ns(16.5), at_ns(16.5), false, &place), TRACK_PLACED);
    CHECK_NEAR(place.e_m, 5165, 1);
}

FACT(a_hole_in_the_fixes_longer_than_hold_is_not_bridged)
{
    struct place place;

    track_init(&track, 0, 0, 5);
    for (int i = 0; i <= 30; i++)
        if (i < 10 || i > 16)
            give(i, 10.0 * i, 0, 10);
    CHECK_INT(track_place(&track, at_ns(8.5), at_ns(8.5), false, &place), TRACK_PLACED);
    CHECK_INT(track_place(&track, at_ns(12), at_ns(12), false, &place), TRACK_NONE);
    CHECK_INT(track_place(&track, at_ns(17.5), at_ns(17.5), false, &place), TRACK_PLACED);
}

FACT(a_place_waits_for_its_fix_but_not_longer_than_hold)
{
    struct place place;

    track_init(&track, 0, 0, 5);
    CHECK_INT(track_place(&track, at_ns(0), at_ns(1), false, &place), TRACK_WAIT);
    for (int i = 0; i <= 3; i++)
        give(i, 10.0 * i, 0, 10);
    CHECK_INT(track_place(&track, at_ns(2.5), at_ns(3), false, &place),
              TRACK_WAIT); /* 3 s are not smoothed yet */
    CHECK_INT(track_place(&track, at_ns(3.5), at_ns(8), false, &place), TRACK_WAIT);
    CHECK_INT(track_place(&track, at_ns(3.5), at_ns(8.6), false, &place), TRACK_NONE);
}

FACT(places_do_not_depend_on_how_far_the_fixes_ran_ahead)
{
    static struct track late;
    struct place one, two;
    int given = 0;

    track_init(&track, 0, 0, 5);
    track_init(&late, 0, 0, 5);
    for (int i = 0; i <= 100; i++)
        give(i, 200 * sin(i / 20.0), 200 * cos(i / 20.0), 10);
    for (double t = 1; t < 95; t += 0.25) {
        while (track_place(&late, at_ns(t), at_ns(t), false, &two) == TRACK_WAIT) {
            const struct track_fix fix = fix_at(given, 200 * sin(given / 20.0), 200 * cos(given / 20.0), 10);
            CHECK_STATUS(track_fix(&late, &fix), ROAD_OK);
            given++;
        }
        CHECK_INT(track_place(&track, at_ns(t), at_ns(t), false, &one), TRACK_PLACED);
        CHECK(one.e_m == two.e_m && one.n_m == two.n_m && one.var_ee == two.var_ee);
    }
}

FACT(heading_is_kept_while_the_vehicle_stands)
{
    struct place place;

    track_init(&track, 0, 0, 5);
    for (int i = 0; i <= 10; i++)
        give(i, 0, 10.0 * i, 10);
    for (int i = 11; i <= 40; i++)
        give(i, 0.3 * (i % 2), 105 + 0.3 * (i % 3), 0); /* wandering while it stands */
    for (double t = 5; t < 35; t += 0.5)
        CHECK_INT(track_place(&track, at_ns(t), at_ns(t), false, &place), TRACK_PLACED);
    CHECK_NEAR(place.speed_mps, 0, 0.3);
    CHECK_NEAR(place_heading_rad(&place), 0, 0.3);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
