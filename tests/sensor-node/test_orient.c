#include "sensor-node/motion/orient.h"

#include "sensor-node/motion/resample.h"
#include "tests/check.h"

#define G 9.80665

/* Rotations are by hand: sensor axes written in vehicle axes. */
static void feed(struct orient *o, const double up[3], double seconds)
{
    for (int i = 0; i < seconds / TICK_S; i++)
        orient_step(o, (double[3]){G * up[0], G * up[1], G * up[2]});
}

FACT(any_axis_may_point_up_or_down)
{
    for (int axis = 0; axis < 3; axis++)
        for (int sign = -1; sign <= 1; sign += 2) {
            struct orient o;
            double up[3] = {0}, felt[3] = {0.7, -0.4, 0.2};
            up[axis] = sign;
            orient_reset(&o);
            feed(&o, up, 5);
            CHECK(orient_is_ready(&o));
            felt[axis] = sign * (G + 1.5);
            CHECK_NEAR(orient_vertical(&o, felt), 1.5, 1e-9);
        }
}

FACT(a_windshield_phone_with_y_at_minus_0_95_g_is_levelled)
{
    const double y = -0.95, z = sqrt(1 - 0.95 * 0.95); /* as in the recordings of the six Pittsburgh drives */
    struct orient o;

    orient_reset(&o);
    feed(&o, (double[3]){0, y, z}, 5);
    CHECK_NEAR(orient_vertical(&o, (double[3]){0, (G + 2) * y, (G + 2) * z}), 2, 1e-9);
}

FACT(a_sensor_that_removes_gravity_is_never_ready)
{
    struct orient o;

    orient_reset(&o);
    feed(&o, (double[3]){0, 0, 0.01}, 20);
    CHECK(!orient_is_ready(&o));
}

FACT(a_mount_that_falls_over_is_noticed_and_learnt_again)
{
    struct orient o;
    bool was_noticed = false;

    orient_reset(&o);
    feed(&o, (double[3]){0, 0, 1}, 60);
    for (int i = 0; i < 1500; i++)
        was_noticed |= !orient_step(&o, (double[3]){G, 0, 0});
    CHECK(was_noticed);
    CHECK_NEAR(orient_vertical(&o, (double[3]){G + 1, 0, 0}), 1, 0.05);
}

FACT(hard_braking_is_not_taken_for_a_fallen_mount)
{
    struct orient o;

    orient_reset(&o);
    feed(&o, (double[3]){0, 0, 1}, 60);
    for (int i = 0; i < 500; i++)
        CHECK(orient_step(&o, (double[3]){-0.4 * G, 0, G}));
}

/* A recorded drive holds 0.6 g to the side for eight seconds (a ramp): up stays where it is, and is less than half as
 * far away as a sensor turned by the same angle would have it. */
FACT(a_long_hard_bend_is_not_taken_for_a_fallen_mount)
{
    struct orient o;

    orient_reset(&o);
    feed(&o, (double[3]){0, 0, 1}, 60);
    for (int i = 0; i < 1500; i++) {
        CHECK(orient_step(&o, (double[3]){0.2, 0.6 * G, G}));
        CHECK(!orient_is_tilted(&o) || i > 1400);
    }
}

FACT(a_mount_turned_by_40_degrees_is_suspected_within_two_seconds)
{
    struct orient o;
    int first = -1;

    orient_reset(&o);
    feed(&o, (double[3]){0, 0, 1}, 60);
    for (int i = 0; i < 400 && first < 0; i++) {
        orient_step(&o, (double[3]){0, G * sin(40 * M_PI / 180), G * cos(40 * M_PI / 180)});
        first = orient_is_tilted(&o) ? i : -1;
    }
    CHECK(first >= 0 && first < 200);
}

/* Accelerates and brakes with 1.5 m/s2 in turns of 5 s, the sensor's y axis pointing forward, x to the right.
 */
static void learn(struct orient *o, double seconds)
{
    for (int i = 0; i < seconds / TICK_S; i++) {
        const double a = (i / 500) % 2 ? -1.5 : 1.5, felt[3] = {0, a, G};
        orient_step(o, felt);
        orient_learn_forward(o, felt, a, 0);
    }
}

FACT(roll_is_unknown_until_forward_was_learnt)
{
    const double gyro[3] = {0, 0.1, 0};
    struct orient o;

    orient_reset(&o);
    feed(&o, (double[3]){0, 0, 1}, 10);
    CHECK(isnan(orient_roll(&o, gyro)));
    learn(&o, 30);
    CHECK_NEAR(orient_roll(&o, gyro), 0.1, 0.002); /* about forward, right-handed: the left side rises */
    CHECK_NEAR(orient_roll(&o, (double[3]){0.1, 0, 0}), 0, 0.002);
    CHECK(isnan(orient_roll(&o, (double[3]){NAN, NAN, NAN})));
}

/* The two level axes change places: the side of a hit is then unknown for a while, and right again in the end; from the
 * old forward seen, the new one lies across. */
FACT(level_axes_that_change_places_are_learnt_again)
{
    struct orient o;
    const double roll_about_x[3] = {0.1, 0, 0};
    int wrong = 0;

    orient_reset(&o);
    feed(&o, (double[3]){0, 0, 1}, 10);
    learn(&o, 300);
    CHECK_NEAR(orient_roll(&o, roll_about_x), 0, 0.002);
    for (int i = 0; i < 30000; i++) {
        const double a = (i / 500) % 2 ? -1.5 : 1.5, felt[3] = {a, 0, G};
        orient_step(&o, felt);
        orient_learn_forward(&o, felt, a, 0);
        wrong += orient_roll(&o, roll_about_x) < -0.01;
    }
    CHECK_INT(wrong, 0);
    CHECK_NEAR(orient_roll(&o, roll_about_x), 0.1, 0.01);
}

FACT(acceleration_that_does_not_follow_the_speed_teaches_no_forward)
{
    struct orient o;

    orient_reset(&o);
    feed(&o, (double[3]){0, 0, 1}, 10);
    for (int i = 0; i < 6000; i++) {
        const double along = (i / 500) % 2 ? -1.5 : 1.5, felt[3] = {(i / 250) % 2 ? 1.5 : -1.5, 0, G};
        orient_step(&o, felt);
        orient_learn_forward(&o, felt, along, 0);
    }
    CHECK(isnan(orient_roll(&o, (double[3]){0, 0.1, 0})));
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
