/* The rules of docs/evaluation.md, "sim": which claim belongs to which crossing, and what is counted. */
#include "tests/check.h"

#include "tests/evaluate/sim_score.h"

static struct sim_unit unit = {.name = "car", .gnss = GNSS_RTK, .wheelbase_m = 2.7};
static struct sim_trip trip = {.name = "car-1"};

/* Crossings at 10 m/s; times in seconds. */
static struct sim_row crossing(double time_s, int type, double size, enum sim_standing standing)
{
    return (struct sim_row){.standing = standing, .time_s = time_s, .from_s = time_s - 0.4, .to_s = time_s + 0.7, .speed_mps = 10,
                            .type = type, .size = size, .claim = -1, .sighting = -1};
}

static struct sim_claim claim(double time_s, int type, double size)
{
    return (struct sim_claim){.time_s = time_s, .type = type, .size = size, .size_sigma = 5, .confidence = 0.75, .ee_m2 = 1,
                              .nn_m2 = 1, .row = -1};
}

struct table {
    struct sim_row rows[8];
    struct sim_claim claims[8];
    int n_rows, n_claims;
};

static struct sim_score score_of(struct table *t)
{
    struct sim_set set = {.units = &unit, .trips = &trip, .claims = t->claims, .rows = t->rows, .n_units = 1, .n_trips = 1,
                          .n_claims = t->n_claims, .n_rows = t->n_rows};
    static struct sim_score score;

    score = (struct sim_score){.n_units = 0};
    sim_set_match(&set);
    sim_score_add(&set, &score);
    return score;
}

FACT(a_claim_of_the_right_type_in_time_is_right)
{
    struct table t = {{crossing(100, DEFECT_POTHOLE, 50, ROW_COUNTS)}, {claim(100.3, DEFECT_POTHOLE, 44)}, 1, 1};
    const struct sim_score s = score_of(&t);

    CHECK_INT(s.types[DEFECT_POTHOLE].found, 1);
    CHECK_INT(s.types[DEFECT_POTHOLE].claims[CLAIM_RIGHT], 1);
    CHECK_INT(s.units[0].cells[DEFECT_POTHOLE][1].found, 1);
    CHECK_NEAR(s.types[DEFECT_POTHOLE].sizes[1].error_sum, -6, 1e-9);       /* 36 km/h is the second band */
    CHECK_INT(s.types[DEFECT_POTHOLE].sizes[1].right_class, 0);             /* 50 mm is high, 44 medium */
    CHECK_NEAR(s.types[DEFECT_POTHOLE].sizes[1].within_sigma, 1, 0);        /* 6 <= 1.96 x 5 */
}

FACT(a_claim_out_of_time_is_a_miss_and_a_false_one)
{
    struct table t = {{crossing(100, DEFECT_POTHOLE, 50, ROW_COUNTS)}, {claim(100.8, DEFECT_POTHOLE, 50)}, 1, 1};
    const struct sim_score s = score_of(&t);

    CHECK_INT(s.types[DEFECT_POTHOLE].crossings, 1);
    CHECK_INT(s.types[DEFECT_POTHOLE].found, 0);
    CHECK_INT(s.types[DEFECT_POTHOLE].claims[CLAIM_NOTHING], 1);
    CHECK_INT(s.busy_false, 1);
}

FACT(a_wrong_type_is_a_miss_for_the_true_one_and_false_for_the_claimed_one)
{
    struct table t = {{crossing(100, DEFECT_MANHOLE_LEVEL, 25, ROW_COUNTS)}, {claim(100, DEFECT_POTHOLE, 25)}, 1, 1};
    const struct sim_score s = score_of(&t);

    CHECK_INT(s.types[DEFECT_MANHOLE_LEVEL].found, 0);
    CHECK_INT(s.types[DEFECT_MANHOLE_LEVEL].found_any, 1);
    CHECK_INT(s.types[DEFECT_POTHOLE].claims[CLAIM_WRONG_TYPE], 1);
    CHECK_INT(s.types[DEFECT_MANHOLE_LEVEL].taken_for[DEFECT_POTHOLE], 1);
    CHECK_INT(s.bins[7].n, 1);
    CHECK_INT(s.bins[7].right, 0);
}

FACT(one_crossing_takes_one_claim)
{
    struct table t = {{crossing(100, DEFECT_POTHOLE, 50, ROW_COUNTS)},
                      {claim(100.2, DEFECT_POTHOLE, 50), claim(100.05, DEFECT_POTHOLE, 50)}, 1, 2};
    const struct sim_score s = score_of(&t);

    CHECK_INT(t.claims[1].verdict, CLAIM_RIGHT);
    CHECK_INT(t.claims[0].verdict, CLAIM_TWICE);
    CHECK_INT(s.types[DEFECT_POTHOLE].found, 1);
}

FACT(between_two_crossings_a_claim_takes_the_one_of_its_type)
{
    struct table t = {{crossing(100, DEFECT_POTHOLE, 50, ROW_COUNTS), crossing(100.3, DEFECT_JOINT_FAULT, 20, ROW_COUNTS)},
                      {claim(100.1, DEFECT_JOINT_FAULT, 20)}, 2, 1};
    const struct sim_score s = score_of(&t);

    CHECK_INT(s.types[DEFECT_JOINT_FAULT].found, 1);
    CHECK_INT(s.types[DEFECT_POTHOLE].found_any, 0);
}

FACT(what_is_below_the_floor_or_grazed_counts_neither_way)
{
    struct table t = {{crossing(100, DEFECT_POTHOLE, 30, ROW_BELOW), crossing(200, DEFECT_POTHOLE, 60, ROW_GRAZED)},
                      {claim(100, DEFECT_MANHOLE_LEVEL, 20), claim(200, DEFECT_POTHOLE, 40), claim(200.2, DEFECT_POTHOLE, 40)}, 2, 3};
    const struct sim_score s = score_of(&t);

    CHECK_INT(s.types[DEFECT_POTHOLE].crossings, 0);
    CHECK_INT(s.types[DEFECT_POTHOLE].below, 1);
    CHECK_INT(s.types[DEFECT_POTHOLE].below_found, 1);
    CHECK_INT(s.types[DEFECT_POTHOLE].claims[CLAIM_IGNORED], 2);
    CHECK_INT(s.types[DEFECT_MANHOLE_LEVEL].claims[CLAIM_IGNORED], 1);
    CHECK_INT(s.busy_false + s.good_false, 0);
}

FACT(a_look_alike_called_damage_is_told_and_a_feature_seen_is_no_claim)
{
    struct table t = {{crossing(100, DEFECT_NONE, 50, ROW_LOOK_ALIKE), crossing(200, DEFECT_NONE, 50, ROW_LOOK_ALIKE)},
                      {claim(100, DEFECT_POTHOLE, 50), claim(200, DEFECT_NONE, 0)}, 2, 2};
    for (int i = 0; i < 2; i++) {
        t.rows[i].feature = FEATURE_SPEED_BUMP;
        strcpy(t.rows[i].name, "speed_bump");
    }
    t.claims[1].feature = FEATURE_SPEED_BUMP;
    const struct sim_score s = score_of(&t);

    CHECK_INT(s.n_kinds, 1);
    CHECK_INT(s.kinds[0].crossings, 2);
    CHECK_INT(s.kinds[0].called_damage, 1);
    CHECK_INT(s.kinds[0].recognised, 1);
    CHECK_INT(s.types[DEFECT_POTHOLE].claims[CLAIM_LOOK_ALIKE], 1);
}

FACT(false_ones_on_good_road_are_told_apart)
{
    struct sim_row lane = {.standing = ROW_LANE, .time_s = 50, .seconds = 100, .length_m = 1000, .is_good = true, .claim = -1};
    struct table t = {{lane}, {claim(100, DEFECT_POTHOLE, 50), claim(160, DEFECT_POTHOLE, 50)}, 1, 2};
    const struct sim_score s = score_of(&t);

    CHECK_INT(s.good_false, 1);
    CHECK_INT(s.busy_false, 1);
    CHECK_NEAR(s.good_km, 1, 1e-9);
}

/* By hand: 3 m east and 4 m north of the thing, sigmas 2 m and 4 m, uncorrelated: (3/2)^2 + (4/4)^2 = 3.25 < 5.991. */
FACT(places_are_judged_by_their_own_covariance)
{
    struct table t = {{crossing(100, DEFECT_POTHOLE, 50, ROW_COUNTS)}, {claim(100, DEFECT_POTHOLE, 50)}, 1, 1};
    t.claims[0].e_m = 3;
    t.claims[0].n_m = 4;
    t.claims[0].ee_m2 = 4;
    t.claims[0].nn_m2 = 16;
    const struct sim_score s = score_of(&t);

    CHECK_NEAR(s.places[GNSS_RTK].error_sum, 5, 1e-9);
    CHECK_NEAR(s.places[GNSS_RTK].normalised_sum, 3.25, 1e-9);
    CHECK_INT(s.places[GNSS_RTK].inside, 1);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
