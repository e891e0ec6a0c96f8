#include "tests/check.h"

#include <time.h>

#include "grid/code.h"

static double csi_of(int type, enum severity severity, double area_m2)
{
    const struct code_defect defect = {type, severity, 1, area_m2, true};

    return code_csi(&defect, 1, 1);
}

/* Worked by hand from the table of CJJ 36 (docs/codes.md), severities 0.6, 0.8, 1; to one decimal. */
FACT(csi_of_single_defects_is_as_worked_by_hand)
{
    CHECK_NEAR(csi_of(DEFECT_LONGITUDINAL_CRACK, SEVERITY_MEDIUM, 0.2), 79.6, 0.05);
    CHECK_NEAR(csi_of(DEFECT_LONGITUDINAL_CRACK, SEVERITY_HIGH, 0.2), 74.5, 0.05);
    CHECK_NEAR(csi_of(DEFECT_ALLIGATOR_CRACK, SEVERITY_LOW, 0.3), 71.8, 0.05);
    CHECK_NEAR(csi_of(DEFECT_ALLIGATOR_CRACK, SEVERITY_MEDIUM, 1), 36.0, 0.05);
    CHECK_NEAR(csi_of(DEFECT_ALLIGATOR_CRACK, SEVERITY_HIGH, 1), 20.0, 0.05);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_LOW, 0.09), 76.4, 0.05);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_MEDIUM, 0.16), 62.2, 0.05);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, 0.16), 52.7, 0.05);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, 0.5), 35.0, 0.05);
    CHECK_NEAR(csi_of(DEFECT_SUBSIDENCE, SEVERITY_LOW, 1), 62.2, 0.05);
    CHECK_NEAR(csi_of(DEFECT_SUBSIDENCE, SEVERITY_HIGH, 1), 37.0, 0.05);
    CHECK_NEAR(csi_of(DEFECT_RAVELING, SEVERITY_MEDIUM, 1), 64.0, 0.05);
    CHECK_NEAR(csi_of(DEFECT_RAVELING, SEVERITY_LOW, 1), 73.0, 0.05);
    CHECK_NEAR(csi_of(DEFECT_RUTTING, SEVERITY_MEDIUM, 0.6), 61.9, 0.05);
    CHECK_NEAR(csi_of(DEFECT_MANHOLE_LEVEL, SEVERITY_HIGH, 1), 88.0, 0.05);
}

FACT(csi_of_two_classes_is_as_worked_by_hand)
{
    const struct code_defect both[] = {{DEFECT_ALLIGATOR_CRACK, SEVERITY_MEDIUM, 1, 0.5, true},
                                       {DEFECT_POTHOLE, SEVERITY_MEDIUM, 1, 0.1, true}};

    CHECK_NEAR(code_csi(both, 2, 1), 43.2, 0.05);
}

FACT(csi_at_the_nodes_of_the_table_is_the_tables_deduct)
{
    /* CJJ 36, row of potholes; a cell of 1 m2. */
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, 0.0001), 100 - 10, 1e-9);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, 0.001), 100 - 15, 1e-9);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, 0.01), 100 - 25, 1e-9);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, 0.1), 100 - 40, 1e-9);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, 0.5), 100 - 65, 1e-9);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, 1), 100 - 72, 1e-9);
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, 7), 100 - 72, 1e-9); /* never more than the cell */
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, INFINITY), 100 - 72, 1e-9);
    /* Below the first node in proportion: a tenth of the density, a tenth of 10 points. */
    CHECK_NEAR(csi_of(DEFECT_POTHOLE, SEVERITY_HIGH, 0.00001), 100 - 1, 1e-6);
}

FACT(csi_never_rises_with_the_area_of_a_defect)
{
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++) {
        double last = 100;
        for (double area = 1e-5; area < 1.2; area *= 1.03) {
            const double csi = csi_of(type, SEVERITY_HIGH, area);
            CHECK(csi <= last + 1e-6); /* areas are counted in whole units */
            CHECK(csi >= 0 && csi <= 100);
            last = csi;
        }
    }
}

FACT(csi_without_defects_is_100_and_nonsense_counts_as_none)
{
    static const struct code_defect odd[] = {{0, SEVERITY_HIGH, 1, 1, true},
                                             {99, SEVERITY_HIGH, 1, 1, true},
                                             {-5, SEVERITY_HIGH, 1, 1, true},
                                             {DEFECT_POTHOLE, SEVERITY_NONE, 1, 1, true},
                                             {DEFECT_POTHOLE, (enum severity)7, 1, 1, true},
                                             {DEFECT_POTHOLE, SEVERITY_HIGH, 0, 1, true},
                                             {DEFECT_POTHOLE, SEVERITY_HIGH, NAN, 1, true},
                                             {DEFECT_POTHOLE, SEVERITY_HIGH, 1, NAN, true},
                                             {DEFECT_POTHOLE, SEVERITY_HIGH, 1, -1, true}};

    CHECK_NEAR(code_csi(NULL, 0, 1), 100, 0);
    CHECK_NEAR(code_csi(odd, sizeof odd / sizeof odd[0], 1), 100, 0);
    CHECK_NEAR(code_csi(odd, 1, 0), 100, 0);
    CHECK_NEAR(code_csi(odd, 1, NAN), 100, 0);
}

FACT(csi_is_the_same_to_the_bit_in_any_order_of_the_defects)
{
    struct code_defect d[] = {{DEFECT_POTHOLE, SEVERITY_HIGH, 0.97, 0.013, true},
                              {DEFECT_POTHOLE, SEVERITY_LOW, 0.91, 0.0371, true},
                              {DEFECT_POTHOLE, SEVERITY_MEDIUM, 0.93, 0.11, false},
                              {DEFECT_ALLIGATOR_CRACK, SEVERITY_LOW, 0.99, 0.3, true},
                              {DEFECT_LONGITUDINAL_CRACK, SEVERITY_HIGH, 0.9, 0.2, true},
                              {DEFECT_RUTTING, SEVERITY_MEDIUM, 0.95, 0.6, true}};
    const size_t n = sizeof d / sizeof d[0];
    const double csi = code_csi(d, n, 1);

    for (size_t turn = 0; turn < 720; turn++) {
        const struct code_defect swap = d[turn % n];
        const size_t other = (turn * 7 / 3) % n;
        d[turn % n] = d[other];
        d[other] = swap;
        CHECK(code_csi(d, n, 1) == csi);
    }
}

FACT(two_defects_of_one_type_count_with_their_areas_together)
{
    const struct code_defect two[] = {{DEFECT_POTHOLE, SEVERITY_HIGH, 1, 0.04, true},
                                      {DEFECT_POTHOLE, SEVERITY_HIGH, 1, 0.06, true}};

    CHECK_NEAR(code_csi(two, 2, 1), 60, 1e-9); /* the node at 10 %: 40 points */
}

FACT(rqi_and_its_grades_are_those_of_cjj_36)
{
    CHECK_NEAR(code_rqi(2), 4.30, 1e-12);
    CHECK_NEAR(code_rqi(3.5), 3.79, 1e-12);
    CHECK_NEAR(code_rqi(8), 2.26, 1e-12);
    CHECK_NEAR(code_rqi(20), 0, 0);
    CHECK_NEAR(code_rqi(-1), 4.98, 0);
    CHECK(isnan(code_rqi(NAN)));
    const double *floors = code_rules_default.rqi_floor[ROAD_ARTERIAL];
    CHECK_INT(code_grade(floors, 3.60), 0);
    CHECK_INT(code_grade(floors, 3.59), 1);
    CHECK_INT(code_grade(floors, 2.99), 2);
    CHECK_INT(code_grade(floors, 2.39), 3);
    CHECK_INT(code_grade(floors, NAN), 3);
}

/* --- the decision --------------------------------------------------------------------------------------- */

/* A well covered arterial cell with n defects and nothing else. */
static struct code_input covered(const struct code_defect *defects, size_t n)
{
    return (struct code_input){.road_class = ROAD_ARTERIAL,
                               .defects = defects,
                               .n_defects = n,
                               .cell_area_m2 = 1,
                               .iri_mpkm = NAN,
                               .coverage = 2,
                               .age_d = 0.5,
                               .before = CODE_GREY};
}

static struct code_verdict decide(struct code_input input)
{
    struct code_verdict verdict;

    code_decide(&code_rules_default, &input, &verdict);
    return verdict;
}

FACT(green_means_covered_lately_and_nothing_found)
{
    struct code_input input = covered(NULL, 0);

    CHECK_INT(decide(input).code, CODE_GREEN);
    CHECK_INT(decide(input).channel, CHANNEL_CLEAN);
    CHECK_INT(decide(input).top_defect, -1);
    CHECK(!decide(input).is_pale);
    input.coverage = 0.999;
    CHECK_INT(decide(input).code, CODE_GREEN);
    CHECK(decide(input).is_pale);
    input.coverage = 0.25;
    CHECK_INT(decide(input).code, CODE_GREEN);
    input.coverage = 0.2499;
    CHECK_INT(decide(input).code, CODE_GREY);
    CHECK_INT(decide(input).channel, CHANNEL_UNKNOWN);
    CHECK(!decide(input).is_pale);
    input.coverage = NAN;
    CHECK_INT(decide(input).code, CODE_GREY);
}

FACT(a_cell_turns_grey_after_three_cadences_of_its_road_class)
{
    static const double limit_d[4] = {3, 3, 6, 9};

    for (int class = 0; class < 4; class ++) {
        struct code_input input = covered(NULL, 0);
        input.road_class = (enum road_class) class;
        input.age_d = limit_d[class];
        CHECK_INT(decide(input).code, CODE_GREEN);
        input.age_d = limit_d[class] + 0.001;
        CHECK_INT(decide(input).code, CODE_GREY);
        input.age_d = INFINITY;
        CHECK_INT(decide(input).code, CODE_GREY);
        input.age_d = NAN;
        CHECK_INT(decide(input).code, CODE_GREY);
    }
}

FACT(a_stale_red_cell_is_grey_and_keeps_red_for_the_hatch)
{
    const struct code_defect pothole = {DEFECT_POTHOLE, SEVERITY_HIGH, 0.97, 0.2, true};
    struct code_input input = covered(&pothole, 1);

    input.age_d = 4;
    CHECK_INT(decide(input).code, CODE_GREY);
    CHECK_INT(decide(input).kept, CODE_RED);
    CHECK_INT(decide(input).top_defect, 0);
}

FACT(a_confirmed_defect_shows_although_the_cell_is_thinly_covered)
{
    const struct code_defect pothole = {DEFECT_POTHOLE, SEVERITY_HIGH, 0.97, 0.2, true};
    struct code_input input = covered(&pothole, 1);

    input.coverage = 0;
    CHECK_INT(decide(input).code, CODE_RED);
    CHECK_INT(decide(input).kept, CODE_RED);
}

FACT(each_type_gives_its_colour_at_each_severity)
{
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++)
        for (int severity = SEVERITY_LOW; severity <= SEVERITY_HIGH; severity++) {
            /* So small that the condition channel stays green, whatever the type. */
            const struct code_defect defect = {type, (enum severity)severity, 0.95, 1e-6, true};
            const enum road_code want = catalogue_colour(catalogue_type(type), (enum severity)severity);
            const struct code_verdict verdict = decide(covered(&defect, 1));
            CHECK_INT(verdict.code, want);
            CHECK_INT(verdict.channel, want == CODE_GREEN ? CHANNEL_CLEAN : CHANNEL_HAZARD);
            CHECK_INT(verdict.top_defect, want == CODE_GREEN ? -1 : 0);
        }
}

FACT(nothing_is_red_without_the_right_to_it)
{
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++)
        for (int severity = SEVERITY_LOW; severity <= SEVERITY_HIGH; severity++) {
            const struct code_defect defect = {type, (enum severity)severity, 1, 1, false};
            CHECK(decide(covered(&defect, 1)).code != CODE_RED);
        }
}

FACT(red_by_condition_rests_on_defects_that_may_be_red)
{
    /* Heavy ravelling that one node alone saw would be grade D; ravelling is no red hazard. */
    struct code_defect defects[] = {{DEFECT_BLEEDING, SEVERITY_HIGH, 1, 1, false},
                                    {DEFECT_LONGITUDINAL_CRACK, SEVERITY_LOW, 1, 0.01, true}};

    CHECK_NEAR(code_csi(defects, 1, 1), 30, 1e-9);
    CHECK_INT(decide(covered(defects, 2)).code, CODE_YELLOW);
    defects[0].may_be_red = true;
    CHECK_INT(decide(covered(defects, 2)).code, CODE_RED);
    CHECK_INT(decide(covered(defects, 2)).channel, CHANNEL_CONDITION);
    CHECK_INT(decide(covered(defects, 2)).top_defect, 0);
}

FACT(condition_is_yellow_below_grade_a_of_the_road_class)
{
    /* A light crack over 0.2 m2: 25.5 points x 0.6 = 15.3, so CSI 84.7: below 85, above 80. Its own colour is
     * green. */
    const struct code_defect crack = {DEFECT_LONGITUDINAL_CRACK, SEVERITY_LOW, 1, 0.2, true};
    struct code_input input = covered(&crack, 1);

    CHECK_NEAR(code_csi(&crack, 1, 1), 84.7, 0.05);
    CHECK_INT(decide(input).code, CODE_YELLOW);
    CHECK_INT(decide(input).channel, CHANNEL_CONDITION);
    CHECK_INT(decide(input).top_defect, 0);
    input.road_class = ROAD_BRANCH;
    CHECK_INT(decide(input).code, CODE_GREEN);
    input.road_class = ROAD_EXPRESSWAY;
    CHECK_INT(decide(input).code, CODE_YELLOW);
}

FACT(condition_worsens_at_once_and_improves_only_by_three_points)
{
    /* CSI 84.7 on a branch (floor 80) is green from green, and from yellow too: 84.7 >= 83. At 82.4 it stays
     * yellow. */
    struct code_defect crack = {DEFECT_LONGITUDINAL_CRACK, SEVERITY_LOW, 1, 0.2, true};
    struct code_input input = covered(&crack, 1);

    input.road_class = ROAD_BRANCH;
    input.before = CODE_YELLOW;
    CHECK_INT(decide(input).code, CODE_GREEN);
    crack.area_m2 = 0.29;
    CHECK(code_csi(&crack, 1, 1) > 81 && code_csi(&crack, 1, 1) < 82.9);
    CHECK_INT(decide(input).code, CODE_YELLOW);
    input.before = CODE_GREEN;
    CHECK_INT(decide(input).code, CODE_GREEN);
    /* Bleeding, row 20, 40, 70: at 60 % and 0.8 it deducts 38.3 (CSI 61.7): above C's floor 60, within 3 of
     * it. */
    const struct code_defect bleeding = {DEFECT_BLEEDING, SEVERITY_MEDIUM, 1, 0.6, true};
    input = covered(&bleeding, 1);
    CHECK_NEAR(code_csi(&bleeding, 1, 1), 61.69, 0.01);
    CHECK_INT(decide(input).code, CODE_YELLOW);
    input.before = CODE_YELLOW;
    CHECK_INT(decide(input).code, CODE_YELLOW);
    input.before = CODE_RED;
    CHECK_INT(decide(input).code, CODE_RED);
}

FACT(ride_follows_the_grade_and_red_needs_two_passes)
{
    static const struct {
        double iri;
        int passes;
        enum road_code code;
    } rows[] = {
        {3.5, 1, CODE_GREEN},  /* RQI 3.79: A of an arterial */
        {4.5, 1, CODE_YELLOW}, /* 3.45: B */
        {7.0, 5, CODE_YELLOW}, /* 2.60: C */
        {8.0, 1, CODE_YELLOW}, /* 2.26: D, one pass */
        {8.0, 2, CODE_RED},    /* D, two */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct code_input input = covered(NULL, 0);
        input.iri_mpkm = rows[i].iri;
        input.ride_passes = rows[i].passes;
        CHECK_INT(decide(input).code, rows[i].code);
        CHECK_INT(decide(input).channel, rows[i].code == CODE_GREEN ? CHANNEL_CLEAN : CHANNEL_RIDE);
        CHECK_NEAR(decide(input).rqi, 4.98 - 0.34 * rows[i].iri, 1e-12);
    }
}

FACT(the_worst_channel_wins_and_hazard_speaks_first)
{
    const struct code_defect defects[] = {{DEFECT_LONGITUDINAL_CRACK, SEVERITY_HIGH, 0.95, 0.2, true},
                                          {DEFECT_POTHOLE, SEVERITY_HIGH, 0.92, 0.5, true},
                                          {DEFECT_MANHOLE_COVER, SEVERITY_HIGH, 0.91, 0.4, true}};
    struct code_input input = covered(defects, 3);

    input.iri_mpkm = 9;
    input.ride_passes = 3;
    CHECK_INT(decide(input).code, CODE_RED);
    CHECK_INT(decide(input).channel, CHANNEL_HAZARD);
    CHECK_INT(decide(input).top_defect, 2); /* a missing cover has 6 hours, a pothole 24 */
    input.n_defects = 1;
    CHECK_INT(decide(input).code, CODE_RED); /* the crack is yellow, the ride is red */
    CHECK_INT(decide(input).channel, CHANNEL_RIDE);
    CHECK_INT(decide(input).top_defect, -1);
}

/* Every input of a coarse net, checked against the table of the rules said in another way. */
FACT(more_evidence_of_damage_never_gives_a_better_code)
{
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++)
        for (int class = 0; class < 4; class ++)
            for (int before = 0; before < 4; before++)
                for (double area = 0.01; area <= 1; area *= 3) {
                    enum road_code last = CODE_GREY;
                    for (int severity = 0; severity <= 3; severity++) {
                        const struct code_defect defect = {type, (enum severity)severity, 0.95, area, true};
                        struct code_input input = covered(&defect, 1);
                        input.road_class = (enum road_class) class;
                        input.before = (enum road_code)before;
                        const enum road_code code = decide(input).code;
                        CHECK(code >= last);
                        last = code;
                        input.before = CODE_GREY;
                        CHECK(decide(input).code <= code); /* the margin only ever holds back a better code */
                    }
                }
}

/* --- the explanation ------------------------------------------------------------------------------------ */

#define SEEN_NS (INT64_C(1795419660) * 1000000000) /* date -ud '2026-11-23 07:41' +%s */

static void check_lines(struct code_reason reason, const char *en, const char *zh)
{
    char text[400];

    code_explain(&reason, LANGUAGE_EN, text, sizeof text);
    CHECK_STR(text, en);
    code_explain(&reason, LANGUAGE_ZH, text, sizeof text);
    CHECK_STR(text, zh);
}

static const struct code_reason red_pothole = {
    .code = CODE_RED,
    .channel = CHANNEL_HAZARD,
    .type = DEFECT_POTHOLE,
    .severity = SEVERITY_HIGH,
    .posterior_permille = 970,
    .size_milli = 58000,
    .size_sigma_milli = 15000,
    .hits = 3,
    .passes = 5,
    .motion_hits = 2,
    .camera_hits = 1,
    .csi = 47,
    .iri_centi = 0xFFFF,
    .seen_ns = SEEN_NS,
};

FACT(a_red_hazard_explains_itself)
{
    check_lines(red_pothole,
                "R: Pothole, high (p=0.97, 58±15 mm deep, seen on 3 of 5 passes, motion 2 camera 1, last "
                "2026-11-23 07:41Z) | CSI 47",
                "红：坑洞，重（可信度 0.97，深 58±15 毫米，5 次经过中 3 次测到，振动 2 次、相机 1 次，最近 "
                "2026-11-23 07:41Z）｜路面指数 47");
}

FACT(every_channel_explains_itself)
{
    struct code_reason r = {.code = CODE_YELLOW,
                            .channel = CHANNEL_CONDITION,
                            .type = DEFECT_TRANSVERSE_CRACK,
                            .severity = SEVERITY_MEDIUM,
                            .posterior_permille = 999,
                            .size_milli = 4200,
                            .hits = 7,
                            .camera_hits = 7,
                            .csi = 79};
    check_lines(
        r,
        "Y: worn surface, mostly transverse crack, medium (p=0.99, 4.2 mm wide, seen 7 times, camera 7) | "
        "CSI 79",
        "黄：路面破损，主要是横向裂缝，中（可信度 0.99，宽 4.2 毫米，测到 7 次，相机 7 次）｜路面指数 79");
    check_lines(
        (struct code_reason){
            .code = CODE_YELLOW, .channel = CHANNEL_RIDE, .iri_centi = 523, .passes = 3, .seen_ns = SEEN_NS},
        "Y: rough ride (IRI 5.23 m/km, 3 passes, last 2026-11-23 07:41Z)",
        "黄：行驶颠簸（国际平整度指数 IRI 5.23 米/千米，经过 3 次，最近 2026-11-23 07:41Z）");
    check_lines((struct code_reason){.code = CODE_GREEN,
                                     .channel = CHANNEL_CLEAN,
                                     .passes = 14,
                                     .coverage_centi = 310,
                                     .seen_ns = SEEN_NS},
                "G: healthy, nothing found (14 passes, last 2026-11-23 07:41Z)",
                "绿：健康，未发现病害（经过 14 次，最近 2026-11-23 07:41Z）");
    check_lines(
        (struct code_reason){.code = CODE_GREEN,
                             .channel = CHANNEL_CLEAN,
                             .is_pale = true,
                             .passes = 1,
                             .coverage_centi = 40,
                             .seen_ns = SEEN_NS},
        "G: healthy so far, thinly covered, nothing found (coverage 0.40, 1 pass, last 2026-11-23 07:41Z)",
        "绿：暂时健康，覆盖尚少，未发现病害（覆盖度 0.40，经过 1 次，最近 2026-11-23 07:41Z）");
    check_lines((struct code_reason){.code = CODE_GREY, .channel = CHANNEL_UNKNOWN}, "?: not covered yet",
                "灰：尚未经过");
    check_lines((struct code_reason){.code = CODE_GREY, .coverage_centi = 12, .passes = 2},
                "?: covered too thinly to tell (coverage 0.12, 2 passes)",
                "灰：覆盖太少，无法判断（覆盖度 0.12，经过 2 次）");
    check_lines((struct code_reason){.code = CODE_GREY, .seen_ns = SEEN_NS},
                "?: covered too long ago to tell (last 2026-11-23 07:41Z)",
                "灰：太久未经过（最近 2026-11-23 07:41Z）");
    r.code = CODE_GREY;
    r.channel = CHANNEL_HAZARD;
    check_lines(
        r,
        "?: suspected, not confirmed: transverse crack, medium (p=0.99, 4.2 mm wide, seen 7 times, camera 7)",
        "灰：疑似，尚未确认：横向裂缝，中（可信度 0.99，宽 4.2 毫米，测到 7 次，相机 7 次）");
    r.channel = CHANNEL_UNKNOWN;
    check_lines(r,
                "?: not covered lately, before that: transverse crack, medium (p=0.99, 4.2 mm wide, seen 7 "
                "times, camera 7)",
                "灰：太久未经过，此前为：横向裂缝，中（可信度 0.99，宽 4.2 毫米，测到 7 次，相机 7 次）");
}

FACT(sizes_read_in_their_units)
{
    struct code_reason r = red_pothole;

    r.motion_hits = r.camera_hits = r.hits = r.passes = 0;
    r.seen_ns = 0;
    r.type = DEFECT_MANHOLE_COVER, r.size_milli = 3000, r.size_sigma_milli = 0;
    check_lines(r, "R: Manhole cover broken, loose or missing, high (p=0.97, missing or displaced) | CSI 47",
                "红：井盖缺损，重（可信度 0.97，缺失或移位）｜路面指数 47");
    r.type = DEFECT_RAVELING, r.size_milli = 350, r.size_sigma_milli = 50;
    check_lines(r, "R: Raveling, high (p=0.97, 35±5 % of the surface) | CSI 47",
                "红：剥落，重（可信度 0.97，占路面 35±5%）｜路面指数 47");
    r.type = DEFECT_PONDING, r.size_milli = 12340, r.size_sigma_milli = 0;
    check_lines(r, "R: Ponding water, high (p=0.97, 12.34 m² large) | CSI 47",
                "红：积水，重（可信度 0.97，面积 12.34 平方米）｜路面指数 47");
    r.type = DEFECT_MANHOLE_LEVEL, r.size_milli = -31400, r.size_sigma_milli = 4000;
    check_lines(r, "R: Manhole level difference, high (p=0.97, -31±4 mm off level) | CSI 47",
                "红：路框差，重（可信度 0.97，高差 -31±4 毫米）｜路面指数 47");
}

FACT(every_type_explains_itself_in_both_languages_with_a_size)
{
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++) {
        struct code_reason r = red_pothole;
        char en[400], zh[400], bare[400];
        r.type = (uint8_t)type;
        r.size_milli = 2000;
        CHECK(code_explain(&r, LANGUAGE_EN, en, sizeof en) < sizeof en);
        CHECK(code_explain(&r, LANGUAGE_ZH, zh, sizeof zh) < sizeof zh);
        CHECK(strstr(en, catalogue_type(type)->name_en) != NULL); /* it begins the sentence */
        CHECK(strstr(zh, catalogue_type(type)->name_zh) != NULL);
        CHECK(strstr(en, "(null)") == NULL && strstr(en, ", ,") == NULL);
        r.size_milli = 0;
        code_explain(&r, LANGUAGE_EN, bare, sizeof bare);
        CHECK(strlen(bare) < strlen(en)); /* the size was told */
    }
}

FACT(a_line_that_does_not_fit_is_cut_and_its_length_told)
{
    char whole[400], text[400];
    const size_t length = code_explain(&red_pothole, LANGUAGE_ZH, whole, sizeof whole);

    CHECK_INT(length, strlen(whole));
    for (size_t capacity = 0; capacity <= length + 1; capacity++) {
        memset(text, 'x', sizeof text);
        CHECK_INT(code_explain(&red_pothole, LANGUAGE_ZH, text, capacity), length);
        CHECK(text[capacity] == 'x');
        if (capacity > 0)
            CHECK(memchr(text, 0, capacity) != NULL && strncmp(text, whole, strlen(text)) == 0);
    }
}

FACT(a_certainty_below_one_is_never_printed_as_one)
{
    struct code_reason r = red_pothole;
    char text[400];

    r.posterior_permille = 999;
    code_explain(&r, LANGUAGE_EN, text, sizeof text);
    CHECK(strstr(text, "p=0.99,") != NULL);
    r.posterior_permille = 1000;
    code_explain(&r, LANGUAGE_EN, text, sizeof text);
    CHECK(strstr(text, "p=1.00,") != NULL);
}

/* Days against the C library's calendar, over 500 years about 1970. */
FACT(dates_agree_with_the_c_library)
{
    for (int64_t s = -INT64_C(250) * 31556952; s < INT64_C(250) * 31556952; s += 86400 * 13 + 3607) {
        struct code_reason r = {.code = CODE_GREEN, .seen_ns = s * 1000000000};
        char text[200], want[60];
        struct tm tm;
        const time_t t = (time_t)s;
        if (s == 0)
            continue;
        gmtime_r(&t, &tm);
        strftime(want, sizeof want, "(last %Y-%m-%d %H:%MZ)", &tm);
        code_explain(&r, LANGUAGE_EN, text, sizeof text);
        CHECK(strstr(text, want) != NULL);
    }
}

FACT(letters_and_words_are_those_of_the_faces)
{
    CHECK_STR(code_letter(CODE_RED, LANGUAGE_EN), "R");
    CHECK_STR(code_letter(CODE_RED, LANGUAGE_ZH), "红");
    CHECK_STR(code_letter(CODE_GREY, LANGUAGE_EN), "?");
    CHECK_STR(code_letter(CODE_GREY, LANGUAGE_ZH), "灰");
    CHECK_STR(code_word(CODE_GREEN, LANGUAGE_ZH), "健康");
    CHECK_STR(code_word(CODE_YELLOW, LANGUAGE_ZH), "亚健康");
    CHECK_STR(code_word(CODE_RED, LANGUAGE_ZH), "不健康");
    CHECK_STR(code_word(CODE_YELLOW, LANGUAGE_EN), "needs care");
    CHECK_STR(code_word((enum road_code)9, LANGUAGE_EN), "unknown");
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
