/* Scores of 100 m of road against hand calculations of the standards' formulas and a naive model. */
#include "grid/segment.h"
#include "tests/check.h"

static struct code_defect defect(int type, enum severity severity, double area_m2)
{
    return (struct code_defect){.type = type, .severity = severity, .posterior = 1, .area_m2 = area_m2, .may_be_red = true};
}

/* 100 m of one lane of 3.5 m. */
static struct segment_input lane(const struct code_defect *defects, size_t n)
{
    return (struct segment_input){.road_class = ROAD_ARTERIAL, .length_m = 100, .area_m2 = 350, .observed_m2 = 350,
                                  .defects = defects, .n_defects = n};
}

static struct segment_score decide(const struct segment_input *input)
{
    struct segment_score score;

    segment_decide(&code_rules_default, input, &score);
    return score;
}

FACT(damage_ratio_gives_the_pci_of_jtg_5210)
{
    /* 100 - 15.00 DR^0.412, table of the domain figures, section 2.2 */
    const double rows[][2] = {{0.1, 94.2}, {0.5, 88.7}, {1, 85.0}, {2, 80.0}, {5, 70.9}, {10, 61.3}, {20, 48.5}, {50, 24.8}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_NEAR(jtg_pci(rows[i][0]), rows[i][1], 0.05);
        CHECK_NEAR(jtg_pci(rows[i][0]), 100 - 15 * pow(rows[i][0], 0.412), 1e-12);
    }
    CHECK_NEAR(jtg_pci(0), 100, 0);
    CHECK_NEAR(jtg_pci(100), 0, 0); /* the formula ends at -0.02 */
}

FACT(roughness_gives_the_rqi_of_jtg_5210)
{
    const double rows[][3] = {{2, 91.3, 94.4}, {3.5, 79.8, 87.7}, {5, 59.9, 74.8}, {8, 17.5, 34.3}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_NEAR(jtg_rqi(rows[i][0], true), rows[i][1], 0.05);
        CHECK_NEAR(jtg_rqi(rows[i][0], false), rows[i][2], 0.05);
        CHECK_NEAR(jtg_rqi(rows[i][0], true), 100 / (1 + 0.026 * exp(0.65 * rows[i][0])), 1e-12);
    }
    CHECK_NEAR(jtg_rqi(650, false), 0, 1e-9); /* the most that a message can say */
}

/* By hand. 280 of 350 m^2 observed: cracks 1.0 m^2 = 0.35714 %, DP 5 + 3 lg 3.5714 = 6.6585; alligator 7 m^2 = 2.5 %, DP 15 + 15 lg 2.5
 * = 20.9691; holes 0.32 m^2 = 0.11429 %, DP 15 + 10 lg 1.1429 = 15.5799. Cracks: u = 0.2410, 0.7590, w = 0.5661, 0.7998,
 * together 20.5400. Over the classes: u = 0.5687, 0.4313, w = 0.7634, 0.7271: 15.6807 + 11.3289 = 27.0096, of which alligator
 * 0.7998 * 20.9691 * 0.7634 = 12.803, holes 11.329, cracks 2.877. */
FACT(a_segment_worked_by_hand)
{
    const struct code_defect defects[] = {defect(DEFECT_POTHOLE, SEVERITY_LOW, 0.16), defect(DEFECT_POTHOLE, SEVERITY_LOW, 0.16),
                                          defect(DEFECT_LONGITUDINAL_CRACK, SEVERITY_MEDIUM, 1.0),
                                          defect(DEFECT_ALLIGATOR_CRACK, SEVERITY_LOW, 7)};
    const struct segment_ride rides[] = {{60000, 300, 2}, {40000, 400, 3}};
    struct segment_input input = lane(defects, 4);

    input.observed_m2 = 280;
    input.rides = rides;
    input.n_rides = 2;
    const struct segment_score score = decide(&input);
    CHECK_NEAR(score.observed, 0.8, 1e-12);
    CHECK_NEAR(score.pci, 100 - 27.0096, 1e-3);
    CHECK_NEAR(score.rqi, 4.98 - 0.34 * 3.4, 1e-12);
    CHECK_NEAR(score.pqi, 20 * 3.824 * 0.6 + 72.9904 * 0.4, 1e-3); /* 75.08: B of an arterial road */
    CHECK_INT(score.grade, 1);
    CHECK_INT(score.code, CODE_YELLOW);
    CHECK_INT(score.why, SEGMENT_SURFACE);
    CHECK_INT(score.n_top, 3);
    CHECK_INT(score.top[0].type, DEFECT_ALLIGATOR_CRACK);
    CHECK_INT(score.top[1].type, DEFECT_POTHOLE);
    CHECK_INT(score.top[2].type, DEFECT_LONGITUDINAL_CRACK);
    CHECK_NEAR(score.top[0].share, 12.803 / 27.0096, 1e-3);
    CHECK_NEAR(score.top[1].share, 11.329 / 27.0096, 1e-3);
    /* JTG: 0.6 * 7 + 1 * 1.0 + 0.8 * 0.32 = 5.456 m^2 of 280 = 1.94857 %: 100 - 15 * 1.3163 */
    CHECK_NEAR(score.jtg_pci, 100 - 15 * pow(5.456 / 2.8, 0.412), 1e-9);
    CHECK_NEAR(score.jtg_rqi, 100 / (1 + 0.0185 * exp(0.58 * 3.4)), 1e-9);
}

FACT(what_is_observed_and_sound_is_green_grade_a)
{
    const struct segment_input input = lane(NULL, 0);
    const struct segment_score score = decide(&input);

    CHECK_INT(score.code, CODE_GREEN);
    CHECK_INT(score.why, SEGMENT_CLEAN);
    CHECK_INT(score.grade, 0);
    CHECK_NEAR(score.pci, 100, 0);
    CHECK(isnan(score.rqi) && isnan(score.pqi) && isnan(score.jtg_rqi));
    CHECK_INT(score.n_top, 0);
}

FACT(below_sixty_percent_observed_it_is_grey_but_a_red_hazard_shows)
{
    const struct code_defect hole = defect(DEFECT_POTHOLE, SEVERITY_HIGH, 0.16);
    struct segment_input input = lane(NULL, 0);

    input.observed_m2 = 209;
    CHECK_INT(decide(&input).code, CODE_GREY);
    CHECK_INT(decide(&input).grade, SEGMENT_UNGRADED);
    CHECK(isnan(decide(&input).pci));
    input.observed_m2 = 210;
    CHECK_INT(decide(&input).code, CODE_GREEN);
    input = lane(&hole, 1);
    input.observed_m2 = 10;
    CHECK_INT(decide(&input).code, CODE_YELLOW);
    CHECK_INT(decide(&input).why, SEGMENT_HAZARD);
    CHECK_INT(decide(&input).grade, SEGMENT_UNGRADED);
    CHECK_INT(decide(&input).top[0].type, DEFECT_POTHOLE);
    input.observed_m2 = 0;
    CHECK_INT(decide(&input).code, CODE_YELLOW);
}

FACT(three_red_hazards_in_a_hundred_metres_make_it_red)
{
    struct code_defect holes[5];

    for (int i = 0; i < 5; i++)
        holes[i] = defect(DEFECT_MANHOLE_COVER, SEVERITY_HIGH, 0.4); /* no row in the standard: the hazard alone */
    struct segment_input input = lane(holes, 2);
    CHECK_INT(decide(&input).code, CODE_YELLOW);
    input.n_defects = 3;
    CHECK_INT(decide(&input).code, CODE_RED);
    CHECK_INT(decide(&input).red_hazards, 3);
    CHECK_NEAR(decide(&input).pci, 100, 0);
    input.length_m = 150; /* four in 150 m are fewer than three in 100 m */
    input.n_defects = 4;
    CHECK_INT(decide(&input).code, CODE_YELLOW);
    input.n_defects = 5;
    CHECK_INT(decide(&input).code, CODE_RED);
    input.length_m = 20; /* two in 20 m do not count as ten in 100 m */
    input.n_defects = 2;
    CHECK_INT(decide(&input).code, CODE_YELLOW);
    input = lane(holes, 3);
    holes[2].may_be_red = false;
    CHECK_INT(decide(&input).code, CODE_YELLOW);
}

FACT(grade_d_is_red_only_by_evidence_that_may_be_red)
{
    struct code_defect worn = defect(DEFECT_ALLIGATOR_CRACK, SEVERITY_LOW, 200); /* low: yellow by itself, no red hazard */
    const struct segment_ride once = {100000, 900, 1}, twice = {100000, 900, 2}; /* RQI 1.92: D on every road */
    struct segment_input input = lane(&worn, 1);

    CHECK(decide(&input).pci < 60);
    CHECK_INT(decide(&input).code, CODE_RED);
    CHECK_INT(decide(&input).why, SEGMENT_SURFACE);
    CHECK_INT(decide(&input).grade, 3);
    worn.may_be_red = false;
    CHECK_INT(decide(&input).code, CODE_YELLOW);
    CHECK_INT(decide(&input).grade, 3);
    input = lane(NULL, 0);
    input.rides = &once;
    input.n_rides = 1;
    CHECK_INT(decide(&input).code, CODE_YELLOW);
    CHECK_INT(decide(&input).why, SEGMENT_RIDE);
    input.rides = &twice;
    CHECK_INT(decide(&input).code, CODE_RED);
}

FACT(a_ride_known_for_less_than_sixty_percent_of_the_length_gives_no_rqi)
{
    struct segment_ride ride = {59000, 900, 2};
    struct segment_input input = lane(NULL, 0);

    input.rides = &ride;
    input.n_rides = 1;
    CHECK(isnan(decide(&input).rqi));
    CHECK_NEAR(decide(&input).rough, 0.59, 1e-12);
    CHECK_INT(decide(&input).code, CODE_GREEN);
    ride.length_mm = 60000;
    CHECK_NEAR(decide(&input).rqi, 4.98 - 0.34 * 9, 1e-12);
}

FACT(the_pqi_alone_can_be_worse_than_both_its_parts)
{
    /* An expressway: PCI 90 is A, RQI 4.10 is A, PQI = 20 * 4.10 * 0.6 + 90 * 0.4 = 85.2 is B. */
    const struct segment_ride ride = {100000, 258, 2}; /* RQI 4.1028 */
    const struct code_defect crack = defect(DEFECT_LONGITUDINAL_CRACK, SEVERITY_LOW, 3.5); /* 1 %: DP 8, PCI 92 */
    struct segment_input input = lane(&crack, 1);

    input.road_class = ROAD_EXPRESSWAY;
    input.rides = &ride;
    input.n_rides = 1;
    CHECK_NEAR(decide(&input).pci, 92, 1e-9);
    CHECK_NEAR(decide(&input).pqi, 20 * 4.1028 * 0.6 + 92 * 0.4, 1e-9);
    CHECK_INT(decide(&input).grade, 1);
    CHECK_INT(decide(&input).why, SEGMENT_BOTH);
    CHECK_INT(decide(&input).code, CODE_YELLOW);
    input.road_class = ROAD_BRANCH; /* 20 * 4.1028 * 0.4 + 92 * 0.6 = 88.0: A of a branch */
    CHECK_NEAR(decide(&input).pqi, 88.0224, 1e-9);
    CHECK_INT(decide(&input).code, CODE_GREEN);
}

FACT(what_makes_no_sense_counts_for_nothing)
{
    const struct code_defect odd[] = {defect(99, SEVERITY_HIGH, 1), defect(0, SEVERITY_HIGH, 1), defect(-1, SEVERITY_LOW, 1),
                                      defect(DEFECT_POTHOLE, SEVERITY_NONE, 1), defect(DEFECT_POTHOLE, SEVERITY_LOW, NAN),
                                      defect(DEFECT_POTHOLE, SEVERITY_LOW, -1)};
    struct segment_input input = lane(odd, sizeof odd / sizeof odd[0]);

    CHECK_NEAR(decide(&input).pci, 100, 0);
    CHECK_INT(decide(&input).code, CODE_GREEN);
    input.area_m2 = input.observed_m2 = NAN;
    CHECK_INT(decide(&input).code, CODE_GREY);
}

/* ---- against a naive model ---- */

static uint64_t random_state = 20261123;
static double random01(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

/* CJJ 36-2016, typed again from the domain figures, section 2.1: class, name of the type, points at .01 .1 1 10 50 100 %. */
static const struct {
    int type, class;
    double points[6];
} rows[] = {
    {DEFECT_LONGITUDINAL_CRACK, 0, {3, 5, 8, 16, 38, 48}}, {DEFECT_TRANSVERSE_CRACK, 0, {3, 5, 8, 16, 38, 48}},
    {DEFECT_BLOCK_CRACK, 0, {5, 8, 10, 20, 45, 70}},       {DEFECT_ALLIGATOR_CRACK, 0, {8, 10, 15, 30, 55, 80}},
    {DEFECT_SHOVING, 1, {3, 10, 15, 30, 52, 65}},          {DEFECT_RUTTING, 1, {2, 7, 12, 25, 45, 55}},
    {DEFECT_SUBSIDENCE, 1, {3, 5, 12, 25, 47, 63}},        {DEFECT_RAVELING, 2, {2, 5, 8, 15, 35, 45}},
    {DEFECT_POTHOLE, 2, {10, 15, 25, 40, 65, 72}},         {DEFECT_EDGE_BREAK, 2, {2, 4, 8, 15, 30, 40}},
    {DEFECT_MANHOLE_LEVEL, 3, {3, 8, 12, 12, 12, 12}},     {DEFECT_MUD_PUMPING, 3, {5, 10, 15, 25, 50, 80}},
    {DEFECT_BLEEDING, 3, {2, 4, 8, 20, 40, 70}},
};
#define ROWS (sizeof rows / sizeof rows[0])

static double naive_w(double u)
{
    return 3 * u * u * u - 5.5 * u * u + 3.5 * u;
}

static double naive_dp(const double *points, double percent)
{
    const double nodes[6] = {.01, .1, 1, 10, 50, 100};

    if (percent <= 0)
        return 0;
    if (percent < .01)
        return points[0] * percent / .01;
    for (int i = 0; i < 5; i++)
        if (percent <= nodes[i + 1])
            return points[i] + (points[i + 1] - points[i]) * log(percent / nodes[i]) / log(nodes[i + 1] / nodes[i]);
    return points[5];
}

static double naive_pci(const struct code_defect *d, size_t n, double observed_m2)
{
    double dp[4][ROWS] = {{0}}, of_class[4] = {0}, all = 0, loss = 0;

    for (size_t r = 0; r < ROWS; r++) {
        double area = 0;
        for (size_t i = 0; i < n; i++)
            area += d[i].type == rows[r].type ? d[i].area_m2 : 0;
        dp[rows[r].class][r] = naive_dp(rows[r].points, fmin(100, 100 * area / observed_m2));
    }
    for (int c = 0; c < 4; c++) {
        double sum = 0;
        for (size_t r = 0; r < ROWS; r++)
            sum += dp[c][r];
        for (size_t r = 0; r < ROWS && sum > 0; r++)
            of_class[c] += dp[c][r] * naive_w(dp[c][r] / sum);
        all += of_class[c];
    }
    for (int c = 0; c < 4 && all > 0; c++)
        loss += of_class[c] * naive_w(of_class[c] / all);
    return fmax(0, 100 - loss);
}

FACT(ten_thousand_random_segments_agree_with_a_naive_model)
{
    int codes[4] = {0};

    for (int round = 0; round < 10000; round++) {
        struct code_defect d[12];
        struct segment_ride rides[4];
        const size_t n = (size_t)(random01() * 13);
        struct segment_input input = lane(d, n);
        double iri_sum = 0, length = 0;
        unsigned reds = 0;
        for (size_t i = 0; i < n; i++) {
            d[i] = defect(1 + (int)(random01() * DEFECT_TYPE_COUNT), (enum severity)(1 + (int)(random01() * 3)),
                          floor(exp(random01() * 8 - 5) * 1e6) / 1e6);
            reds += catalogue_colour(catalogue_type(d[i].type), d[i].severity) == CODE_RED;
        }
        input.road_class = (enum road_class)(random01() * 4);
        input.observed_m2 = 350 * (0.4 + 0.6 * random01());
        input.rides = rides;
        input.n_rides = 4;
        for (int i = 0; i < 4; i++) {
            rides[i] = (struct segment_ride){20000 + (uint32_t)(random01() * 5000), (uint32_t)(100 + random01() * 900), 2};
            iri_sum += rides[i].length_mm * (rides[i].iri_centi / 100.0);
            length += rides[i].length_mm;
        }
        const struct segment_score score = decide(&input);
        codes[score.code]++;
        if (input.observed_m2 < 210) {
            CHECK_INT(score.code, reds >= 3 ? CODE_RED : reds ? CODE_YELLOW : CODE_GREY);
            continue;
        }
        const double pci = naive_pci(d, n, input.observed_m2), rqi = fmin(fmax(4.98 - 0.34 * iri_sum / length, 0), 4.98);
        const double share = input.road_class == ROAD_BRANCH ? 0.4 : 0.6, pqi = 20 * rqi * share + pci * (1 - share);
        const double *pf = code_rules_default.pci_floor[input.road_class], *rf = code_rules_default.rqi_floor[input.road_class];
        CHECK_NEAR(score.pci, pci, 1e-6);
        CHECK_NEAR(score.rqi, rqi, 1e-9);
        CHECK_NEAR(score.pqi, pqi, 1e-6);
        const bool is_d = pci < pf[2] || rqi < rf[2] || pqi < pf[2], is_a = pci >= pf[0] && rqi >= rf[0] && pqi >= pf[0];
        CHECK_INT(score.code, is_d || reds >= 3 ? CODE_RED : !is_a || reds ? CODE_YELLOW : CODE_GREEN);
    }
    for (int c = 0; c < 4; c++)
        CHECK(codes[c] > 100); /* the draw reaches every colour */
}

FACT(the_order_of_the_defects_changes_no_bit)
{
    struct code_defect d[9];

    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 9; i++)
            d[i] = defect(1 + (int)(random01() * DEFECT_TYPE_COUNT), (enum severity)(1 + (int)(random01() * 3)), random01() * 3);
        struct segment_input input = lane(d, 9);
        const struct segment_score first = decide(&input);
        for (int i = 8; i > 0; i--) {
            const int k = (int)(random01() * (i + 1));
            const struct code_defect kept = d[i];
            d[i] = d[k], d[k] = kept;
        }
        const struct segment_score second = decide(&input);
        CHECK(first.pci == second.pci && first.jtg_pci == second.jtg_pci && first.code == second.code &&
              first.top[0].type == second.top[0].type);
    }
}

FACT(facts_are_the_score_in_whole_numbers)
{
    const struct code_defect hole = defect(DEFECT_POTHOLE, SEVERITY_HIGH, 0.35); /* 0.1 %: 15 points */
    const struct segment_input input = lane(&hole, 1);
    const struct segment_score score = decide(&input);
    struct segment_facts facts;

    segment_facts_of(&code_rules_default, ROAD_ARTERIAL, &score, &facts);
    CHECK_INT(facts.pci_centi, 8500);
    CHECK_INT(facts.rqi_centi, SCORE_UNKNOWN);
    CHECK_INT(facts.grade, 0);
    CHECK_INT(facts.code, CODE_YELLOW);
    CHECK_INT(facts.observed_permille, 1000);
    CHECK_INT(facts.floors_deci[0], 850);
    CHECK_INT(facts.floors_deci[2], 600);
    CHECK_INT(facts.n_top, 1);
    CHECK_INT(facts.top[0].permille, 1000);
}

FACT(a_segment_explains_itself_in_both_languages_within_any_room)
{
    const struct segment_facts worn = {.code = CODE_YELLOW, .why = SEGMENT_SURFACE, .grade = 1, .pci_centi = 7299, .rqi_centi = 382,
                                       .pqi_centi = 7508, .observed_permille = 800, .n_top = 2, .top = {{4, 474}, {5, 419}}};
    const struct segment_facts unknown = {.grade = SEGMENT_UNGRADED, .pci_centi = SCORE_UNKNOWN, .rqi_centi = SCORE_UNKNOWN,
                                          .pqi_centi = SCORE_UNKNOWN, .observed_permille = 123};
    const struct segment_facts holes = {.code = CODE_RED, .why = SEGMENT_HAZARD, .grade = 0, .pci_centi = 8500, .rqi_centi = SCORE_UNKNOWN,
                                        .pqi_centi = SCORE_UNKNOWN, .red_hazards = 3, .observed_permille = 1000};
    char text[512];

    const size_t length = segment_explain(&worn, LANGUAGE_EN, text, sizeof text);
    CHECK_STR(text, "Y: the surface is worn. Grade B: surface (PCI) 72.9 of 100, ride (RQI) 3.82 of 4.98, together (PQI) 75.0. Most "
                    "points are lost to alligator (fatigue) crack (47 %), pothole (42 %). Observed: 80 %.");
    CHECK_INT(length, strlen(text));
    segment_explain(&worn, LANGUAGE_ZH, text, sizeof text);
    CHECK_STR(text, "黄：路面破损。B 级：路面 PCI 72.9，平整度 RQI 3.82，综合 PQI 75.0。失分主要因为龟裂（47 %）、坑洞（42 %）。已观测 80 %。");
    segment_explain(&unknown, LANGUAGE_EN, text, sizeof text);
    CHECK_STR(text, "?: too little of it observed lately for a grade. Observed: 12 %.");
    segment_explain(&holes, LANGUAGE_EN, text, sizeof text);
    CHECK_STR(text, "R: dangerous places. 3 red defects. Grade A: surface (PCI) 85.0 of 100. Observed: 100 %.");
    for (size_t room = 0; room <= length; room++) {
        memset(text, 'x', sizeof text);
        CHECK_INT(segment_explain(&worn, LANGUAGE_EN, text, room), length);
        CHECK(text[room] == 'x' && (room == 0 || memchr(text, 0, room)));
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
