/* What the core finds on made-up roads with known truth, and what it must not find. */
#include "tests/sensor-node/hearing.h"

/* Roads. */
static double pothole_right(double x, bool is_left)
{
    return pothole(x, !is_left);
}
static double speed_bump(double x, bool is_left)
{
    (void)is_left;
    return fabs(x - HOLE_M) < 0.175 ? 0.05 * cos(M_PI * (x - HOLE_M) / 0.35) : 0;
}
static double subsidence(double x, bool is_left)
{
    (void)is_left;
    return fabs(x - HOLE_M) < 3 ? -0.025 * (1 + cos(M_PI * (x - HOLE_M) / 3)) : 0;
}
static double cracks(double x, bool is_left)
{
    (void)is_left;
    return fmod(x, 15) < 0.02 ? -0.05 : 0; /* open 20 mm wide, every 15 m */
}

/* Normalised error squared of a detection against a place along the way and to the left of the middle. */
static double nees(const struct synthetic *d, const struct detection *x, double along_m, double left_m)
{
    double e0, n0;
    const double s = sin(d->heading_rad), c = cos(d->heading_rad);

    origin(d, &e0, &n0);
    const double de = (double)x->at.e_mm / 1000 - (e0 + along_m * s - left_m * c);
    const double dn = (double)x->at.n_mm / 1000 - (n0 + along_m * c + left_m * s);
    const double ee = x->cov_ee_cm2 / 1e4, en = x->cov_en_cm2 / 1e4, nn = x->cov_nn_cm2 / 1e4;
    return (nn * de * de - 2 * en * de * dn + ee * dn * dn) / (ee * nn - en * en);
}

FACT(a_pothole_is_found_once_at_its_place_and_side)
{
    for (int heading = 0; heading < 360; heading += 72) {
        struct synthetic d;
        synthetic_init(&d);
        d.heading_rad = heading * M_PI / 180;
        d.height_m = heading % 2 ? pothole_right : pothole;
        node_core_free(drive(&d, 40, &said));
        CHECK_INT(said.n_detections, 1); /* front and rear axle: one */
        const struct detection *x = &said.detections[0];
        CHECK_INT(x->type, DEFECT_POTHOLE);
        CHECK_INT(x->side, heading % 2 ? WHEEL_RIGHT : WHEEL_LEFT);
        CHECK(nees(&d, x, HOLE_M, heading % 2 ? -0.75 : 0.75) < 6);
        CHECK(abs(x->size_milli - 50000) < 2 * x->size_sigma_milli);
        CHECK_INT(x->sensor, SENSE_MOTION);
        CHECK(abs(x->heading_cdeg - heading * 100) < 200);
    }
}

static double way_here(double x, bool is_left)
{
    return pothole(x, is_left) + speed_bump(x - 400, is_left);
}

/* 0.25 s late where 0.1 s was configured: 1.5 m at 10 m/s. Ten minutes on, braking and speeding up have told. */
FACT(a_lag_configured_wrong_is_learnt_from_braking_and_speeding_up)
{
    struct synthetic d;
    struct motion_sample sample;
    struct fix fix;
    bool has_fix;
    struct node_core *core = NULL;

    synthetic_init(&d);
    d.lag_s = 0.25;
    d.sway_mps = 4;
    d.height_m = way_here;
    struct node_core_config config = config_of(&d);
    config.gnss_lag_s = 0.1;
    config.timing_sigma_s = 0.15;
    CHECK_STATUS(node_core_new(&config, 1, &core), ROAD_OK);
    clear(&said);
    while (d.time_s < 400) {
        synthetic_next(&d, &sample, &fix, &has_fix);
        node_core_motion(core, &sample);
        if (has_fix)
            node_core_fix(core, &fix);
        listen(core, &said);
    }
    const struct node_core_stats stats = node_core_stats(core);
    CHECK(fabs(stats.gnss_lag_s - 0.25) < 2 * stats.timing_sigma_s);
    CHECK(fabs(stats.gnss_lag_s - 0.25) < 0.06); /* half as wrong at most; the receiver's velocity is not its position */
    CHECK(stats.timing_sigma_s < 0.1);
    CHECK(said.n_detections >= 1);
    for (size_t i = 0; i < said.n_detections; i++)
        CHECK(nees(&d, &said.detections[i], HOLE_M, 0.75) < 6);
    node_core_free(core);
}

FACT(a_lagging_receiver_is_put_right)
{
    struct synthetic d;

    synthetic_init(&d);
    d.height_m = pothole;
    d.lag_s = 0.4; /* 4 m at 10 m/s */
    node_core_free(drive(&d, 40, &said));
    CHECK_INT(said.n_detections, 1);
    CHECK(nees(&d, &said.detections[0], HOLE_M, 0.75) < 6);
}

FACT(any_mounting_and_no_gyroscope_find_the_same_hole)
{
    /* Vehicle axes as the sensor sees them: y down; upside down; z forward with x up. */
    static const double mounts[3][3][3] = {{{1, 0, 0}, {0, 0, -1}, {0, 1, 0}},
                                           {{1, 0, 0}, {0, -1, 0}, {0, 0, -1}},
                                           {{0, 0, 1}, {0, 1, 0}, {-1, 0, 0}}};
    for (int k = 0; k < 4; k++) {
        struct synthetic d;
        synthetic_init(&d);
        d.height_m = pothole;
        d.has_gyro = k < 3;
        if (k < 3)
            memcpy(d.mount, mounts[k], sizeof d.mount);
        node_core_free(drive(&d, 40, &said));
        CHECK_INT(said.n_detections, 1);
        CHECK_INT(said.detections[0].type, DEFECT_POTHOLE);
        CHECK_INT(said.detections[0].side, k < 3 ? WHEEL_LEFT : WHEEL_UNKNOWN);
        CHECK(nees(&d, &said.detections[0], HOLE_M, 0.75) < 6);
    }
}

FACT(samples_of_200_and_500_hz_find_the_same_hole)
{
    for (int hz = 200; hz <= 500; hz += 300) {
        struct synthetic d;
        synthetic_init(&d);
        d.height_m = pothole;
        d.sample_hz = hz;
        node_core_free(drive(&d, 40, &said));
        CHECK_INT(said.n_detections, 1);
        CHECK_INT(said.detections[0].type, DEFECT_POTHOLE);
        CHECK(nees(&d, &said.detections[0], HOLE_M, 0.75) < 6);
    }
}

FACT(a_long_dip_is_subsidence_under_both_wheels)
{
    struct synthetic d;

    synthetic_init(&d);
    d.height_m = subsidence;
    node_core_free(drive(&d, 40, &said));
    CHECK_INT(said.n_detections, 1);
    CHECK_INT(said.detections[0].type, DEFECT_SUBSIDENCE);
    CHECK_INT(said.detections[0].side, WHEEL_BOTH);
    CHECK(abs(said.detections[0].size_milli - 50000) < 2 * said.detections[0].size_sigma_milli);
}

FACT(a_speed_bump_is_a_feature_and_no_detection)
{
    for (int slow = 0; slow < 2; slow++) {
        struct synthetic d;
        synthetic_init(&d);
        d.height_m = speed_bump;
        d.speed_mps = slow ? 6 : 10;
        d.has_gyro = !slow;
        struct node_core *core = drive(&d, slow ? 70 : 40, &said);
        CHECK_INT(said.n_detections, 0);
        CHECK_INT(node_core_stats(core).look_alikes, 1);
        CHECK_INT(said.n_features, 1);
        const struct feature_sighting *f = &said.features[0];
        const struct detection as_placed = {.at = f->at, .cov_ee_cm2 = f->cov_ee_cm2, .cov_en_cm2 = f->cov_en_cm2,
                                            .cov_nn_cm2 = f->cov_nn_cm2};
        CHECK_INT(f->kind, FEATURE_SPEED_BUMP);
        CHECK(nees(&d, &as_placed, HOLE_M, 0) < 6);
        CHECK(f->strength_milli > 4000); /* it stands far out of the noise of a flat road */
        CHECK_NEAR(f->speed_cmps, 100 * d.speed_mps, 100 * d.sway_mps + 20);
        node_core_free(core);
    }
}

FACT(a_flat_road_and_cracks_give_no_detection)
{
    for (int k = 0; k < 2; k++) {
        struct synthetic d;
        synthetic_init(&d);
        d.height_m = k ? cracks : NULL;
        node_core_free(drive(&d, 60, &said));
        CHECK_INT(said.n_detections, 0);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
