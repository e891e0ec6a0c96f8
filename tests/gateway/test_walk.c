/* Expected values are hand calculations from the table of domain figures (docs/gateway.md): Pd, Pf, the logs of their
 * ratios, and "passes to clear from the cap": 15, 8, 6. */
#include "gateway/coverage.h"
#include "gateway/walk.h"
#include "tests/check.h"

/* As shipped: ln(0.001 / 0.999), + 6, 2 below the prior, ln 9, ln(0.3 / 0.7), ln 0.01; half sure. */
static const struct walk_rules shipped = {-6906755, 6000000, -8906755, 2197225, -847298, -4605170, 500};

#define HIT_RTK 5703782   /* ln(0.6 / 0.002) */
#define MISS_RTK (-914289) /* ln(0.4 / 0.998) */

static struct evidence_item hit(int64_t hour, uint32_t speaker, bool is_phone)
{
    return (struct evidence_item){.hour = hour, .speaker = speaker, .sensor = SENSE_MOTION, .is_hit = true,
                                  .is_phone = is_phone, .log_odds_micro = HIT_RTK};
}

static struct evidence_item miss(int64_t hour, uint32_t speaker)
{
    return (struct evidence_item){.hour = hour, .speaker = speaker, .sensor = SENSE_MOTION, .log_odds_micro = MISS_RTK};
}

static struct walk_end walk(struct evidence_item *items, size_t n)
{
    struct walk_end end;

    walk_days(&shipped, items, n, 0, 0, &end);
    return end;
}

FACT(evidence_weighs_what_the_table_says)
{
    static const struct {
        enum sense sensor;
        enum gnss_class gnss;
        double w, hit, miss;
    } rows[] = {
        {SENSE_MOTION, GNSS_CONSUMER, 0.5, 5.23, -0.47}, /* half of the passes cross */
        {SENSE_MOTION, GNSS_RTK, 1, 5.70, -0.91},
        {SENSE_CAMERA, GNSS_CONSUMER, 1, 4.25, -1.19},
    };

    for (size_t i = 0; i < 3; i++) {
        const struct detector *d = detector_of(&detectors_default, rows[i].sensor, rows[i].gnss);
        CHECK_NEAR((double)hit_log_odds(&shipped, d->pd_pass, d->pf, 0.05, false, 900) / MICRO, rows[i].hit, 0.005);
        CHECK_NEAR((double)miss_log_odds(rows[i].w, d->pd_crossed, d->pf) / MICRO, rows[i].miss, 0.005);
    }
}

FACT(a_hit_with_a_poor_position_weighs_less_by_the_places_it_may_mean)
{
    /* sqrt(2 pi) * 3 m = 7.52 places, ln = 2.0175; the first hit founds the defect and pays nothing. */
    CHECK_NEAR((double)hit_log_odds(&shipped, 0.375, 0.002, 3, true, 900) / MICRO, 5.2338, 1e-4);
    CHECK_NEAR((double)hit_log_odds(&shipped, 0.375, 0.002, 3, false, 900) / MICRO, 5.2338 - 2.0175, 1e-4);
}

FACT(a_hit_that_its_node_doubts_weighs_in_proportion)
{
    CHECK_INT(hit_log_odds(&shipped, 0.6, 0.002, 0.05, true, 500), HIT_RTK);
    CHECK_INT(hit_log_odds(&shipped, 0.6, 0.002, 0.05, true, 250), HIT_RTK / 2);
    CHECK_INT(hit_log_odds(&shipped, 0.6, 0.002, 0.05, true, 0), 0);
}

FACT(a_pass_that_did_not_cross_says_nothing)
{
    CHECK_INT(miss_log_odds(0, 0.6, 0.002), 0);
    CHECK(miss_log_odds(0.1, 0.6, 0.002) < 0);
    CHECK(miss_log_odds(1, 0.6, 0.002) < miss_log_odds(0.5, 0.6, 0.002));
}

FACT(one_hit_is_suspected_two_confirm)
{
    struct evidence_item items[] = {hit(100, 1, false), hit(101, 1, false)};
    const struct walk_end one = walk(items, 1), two = walk(items, 2);

    CHECK_INT(one.state, DEFECT_SUSPECTED);
    CHECK_INT(one.log_odds_micro, shipped.prior_micro + HIT_RTK);
    CHECK_INT(posterior_permille(one.log_odds_micro), 231); /* 1 / (1 + e^1.202973) */
    CHECK_INT(two.state, DEFECT_CONFIRMED);
    CHECK_INT(posterior_permille(two.log_odds_micro), 989); /* -6.906755 + 11.407564 = 4.500809 */
}

FACT(misses_of_the_same_day_hold_a_confirmation_back)
{
    struct evidence_item items[] = {hit(100, 1, false), miss(100, 3), hit(101, 2, false), miss(102, 3), miss(103, 4)};

    CHECK_INT(walk(items, 4).state, DEFECT_CONFIRMED); /* 4.500809 - 2 * 0.914289 = 2.672 >= 2.197 */
    CHECK_INT(walk(items, 5).state, DEFECT_SUSPECTED); /* 1.758 */
}

FACT(clearing_from_the_cap_takes_as_many_passes_as_the_table_says)
{
    static const struct {
        double w, pd, pf;
        int passes;
    } rows[] = {{0.5, 0.75, 0.002, 15}, {1, 0.6, 0.002, 8}, {1, 0.7, 0.01, 6}};

    for (size_t r = 0; r < 3; r++) {
        struct evidence_item items[40];
        size_t n = 0;
        int passes = 0;
        for (unsigned i = 0; i < 4; i++) /* four hits of day 0: well above the cap of 6 */
            items[n++] = hit(i, i, false);
        CHECK_INT(walk(items, n).log_odds_micro, shipped.cap_micro);
        do { /* a pass a day, two nodes in turn */
            items[n] = miss(24 * (passes + 1), 10 + (uint32_t)passes % 2);
            items[n++].log_odds_micro = miss_log_odds(rows[r].w, rows[r].pd, rows[r].pf);
            passes++;
        } while (walk(items, n).state == DEFECT_CONFIRMED && passes < 30);
        CHECK_INT(passes, rows[r].passes);
        CHECK_INT(walk(items, n).state, DEFECT_DROPPED);
    }
}

FACT(no_single_node_clears_a_defect)
{
    struct evidence_item items[24] = {hit(0, 1, false), hit(1, 2, false)};
    size_t n = 2;

    for (; n < 20; n++)
        items[n] = miss(24 * (int64_t)n, 5);
    CHECK_INT(walk(items, n).state, DEFECT_CONFIRMED);
    items[n] = miss(24 * (int64_t)n, 6); /* from 4.500809 to -0.847298 is 5.348: a third is 1.783, two passes */
    CHECK_INT(walk(items, n + 1).state, DEFECT_CONFIRMED);
    items[n + 1] = miss(24 * (int64_t)n, 7);
    CHECK_INT(walk(items, n + 2).state, DEFECT_DROPPED);
}

FACT(log_odds_stay_within_floor_and_cap)
{
    struct evidence_item items[40];

    for (unsigned i = 0; i < 40; i++)
        items[i] = miss(24 * i, i);
    CHECK_INT(walk(items, 40).log_odds_micro, shipped.prior_micro - 2 * MICRO);
    for (unsigned i = 0; i < 40; i++)
        items[i] = hit(24 * i, i, false);
    CHECK_INT(walk(items, 40).log_odds_micro, 6 * MICRO);
}

FACT(a_dropped_defect_starts_again_with_new_witnesses)
{
    struct evidence_item items[24] = {hit(0, 1, false), hit(1, 2, false)};
    size_t n = 2;

    for (; n < 22; n++)
        items[n] = miss(24 * (int64_t)n, 5 + n % 2);
    CHECK_INT(walk(items, n).state, DEFECT_DROPPED);
    items[n++] = hit(24 * 30, 1, false);
    CHECK_INT(walk(items, n).state, DEFECT_SUSPECTED);
    CHECK(!walk(items, n).may_be_red); /* the second node's hit was before the drop */
}

FACT(red_needs_two_nodes_one_of_them_not_a_phone)
{
    struct evidence_item same[] = {hit(0, 1, false), hit(1, 1, false)}, fleet[] = {hit(0, 1, false), hit(0, 2, false)},
                         phones[] = {hit(0, 1, true), hit(1, 2, true)}, mixed[] = {hit(0, 1, true), hit(1, 2, false)};

    CHECK(!walk(same, 2).may_be_red);
    CHECK(walk(fleet, 2).may_be_red);
    CHECK(!walk(phones, 2).may_be_red);
    CHECK(walk(mixed, 2).may_be_red);
}

FACT(motion_and_camera_of_one_fleet_pass_may_be_red_but_not_of_a_phone)
{
    for (int is_phone = 0; is_phone <= 1; is_phone++) {
        struct evidence_item items[] = {hit(7, 1, is_phone), hit(7, 1, is_phone)};
        items[1].sensor = SENSE_CAMERA;
        CHECK_INT(walk(items, 2).may_be_red, !is_phone);
        items[1].hour = 9; /* another pass */
        CHECK(!walk(items, 2).may_be_red);
    }
}

FACT(items_may_come_in_any_order)
{
    struct evidence_item forth[] = {hit(0, 1, false), miss(30, 3), hit(50, 2, false), miss(75, 4), miss(99, 3)}, back[5];

    for (int i = 0; i < 5; i++)
        back[i] = forth[4 - i];
    const struct walk_end a = walk(forth, 5), b = walk(back, 5);
    CHECK_INT(a.state, b.state);
    CHECK_INT(a.log_odds_micro, b.log_odds_micro);
}

FACT(ponding_fades_to_the_prior_and_roads_do_not_heal)
{
    struct evidence_item items[] = {hit(0, 1, false), hit(1, 2, false)};
    struct walk_end end;

    walk_days(&shipped, items, 2, 6, 1, &end); /* tau 6 h, one day: e^-4 of 4.500809 + 6.906755 is left */
    CHECK_NEAR((double)end.log_odds_micro / MICRO, -6.906755 + 11.407564 * 0.0183156, 1e-4);
    CHECK_INT(end.state, DEFECT_DROPPED);
    walk_days(&shipped, items, 2, 0, 1000, &end);
    CHECK_INT(end.state, DEFECT_CONFIRMED);
}

FACT(probabilities_become_thresholds_in_micro_nats)
{
    const struct walk_rules rules = walk_rules_of(0.001, 6, 2, 0.9, 0.3, 0.01, 0.5);

    CHECK_INT(rules.prior_micro, shipped.prior_micro);
    CHECK_INT(rules.cap_micro, shipped.cap_micro);
    CHECK_INT(rules.floor_micro, shipped.floor_micro);
    CHECK_INT(rules.confirm_micro, shipped.confirm_micro);
    CHECK_INT(rules.drop_micro, shipped.drop_micro);
    CHECK_INT(rules.repaired_micro, shipped.repaired_micro);
    CHECK_INT(rules.sure_permille, shipped.sure_permille);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
