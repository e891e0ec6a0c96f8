/* A vehicle calibrated on one road tells the IRI of another. */
#include "tests/check.h"
#include "tests/sim/reference.h"

/* What a gain found on the reference road `a` makes of the reference road `b`: told over known. */
static double told_over_known(int index, uint64_t a, uint64_t b, struct ride_calibration *ret_first)
{
    const struct sim_vehicle v = sim_vehicle_draw(11, index);
    struct sim_reference *first = sim_reference_new(a), *second = sim_reference_new(b);
    struct ride_calibration other = {0};

    CHECK(first && second);
    CHECK(sim_reference_calibrate(first, &v, ret_first));
    CHECK(sim_reference_calibrate(second, &v, &other));
    sim_reference_free(first);
    sim_reference_free(second);
    return other.gain / ret_first->gain;
}

FACT(a_vehicle_calibrated_on_one_road_tells_the_iri_of_another)
{
    static const int sedan_on_the_floor = 0, truck_at_the_dashboard = 5, sedan_on_the_axle = 8;
    struct ride_calibration sedan = {0}, truck = {0}, axle = {0};

    CHECK_NEAR(told_over_known(sedan_on_the_floor, 801, 802, &sedan), 1, 0.15);
    CHECK_NEAR(told_over_known(truck_at_the_dashboard, 801, 803, &truck), 1, 0.15);
    CHECK_NEAR(told_over_known(sedan_on_the_axle, 802, 803, &axle), 1, 0.15);
    CHECK(truck.gain > 1.5 * sedan.gain && axle.gain > 8 * sedan.gain);
    CHECK_INT(sedan.warnings, 0);
    CHECK(sedan.n_pieces > 100 && sedan.gain_sigma < 0.05 * sedan.gain);
    CHECK(sedan.speed_low_mps < 32 / 3.6 && sedan.speed_high_mps > 45 / 3.6);
}

FACT(the_same_vehicle_gets_the_same_gain_again)
{
    const struct sim_vehicle v = sim_vehicle_draw(11, 1);
    struct sim_reference *reference = sim_reference_new(801);
    struct ride_calibration a = {0}, b = {0};

    CHECK(sim_reference_calibrate(reference, &v, &a));
    CHECK(sim_reference_calibrate(reference, &v, &b));
    CHECK(a.gain > 0);
    CHECK_NEAR(a.gain, b.gain, 0);
    sim_reference_free(reference);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
