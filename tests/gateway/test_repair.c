/* Repair and return. Expected values are hand calculations: a pass that crosses misses what is still there with 0.625
 * (consumer GPS: half of the passes cross, Pd 0.75), 0.4 (RTK), 0.3 (camera); 0.625^10 = 0.0091, 0.4^6 = 0.0041,
 * 0.3^4 = 0.0081, and one pass less is above 0.01 each time. */
#include <stdlib.h>

#include "gateway/coverage.h"
#include "gateway/walk.h"
#include "tests/check.h"

/* As shipped: ln(0.001 / 0.999), + 6, 2 below the prior, ln 9, ln(0.3 / 0.7), ln 0.01; half sure. */
static const struct walk_rules shipped = {-6906755, 6000000, -8906755, 2197225, -847298, -4605170, 500};

#define HIT 5703782 /* ln(0.6 / 0.002) */
#define HOUR_NS (3600 * INT64_C(1000000000))
#define DAY 24
#define CLAIM_HOUR (10 * DAY + 9)

static const struct kid crew = {{1}}, inspector = {{2}};

static struct evidence_item hit(int64_t hour, uint32_t speaker)
{
    return (struct evidence_item){.hour = hour, .speaker = speaker, .sensor = SENSE_MOTION, .is_hit = true,
                                  .log_odds_micro = HIT};
}

static struct evidence_item clean(int64_t hour, uint32_t speaker, double w, double pd, double pf)
{
    return (struct evidence_item){.hour = hour, .speaker = speaker, .sensor = SENSE_MOTION,
                                  .log_odds_micro = miss_log_odds(w, pd, pf), .miss_micro = miss_if_there(w, pd)};
}

static struct evidence_item rtk(int64_t hour, uint32_t speaker)
{
    return clean(hour, speaker, 1, 0.6, 0.002);
}

static struct verdict says(enum verdict_kind kind, struct kid by, int64_t time_ns)
{
    return (struct verdict){.kind = kind, .by = by, .time_ns = time_ns,
                            .reason = kind == VERDICT_REJECTED ? REASON_NOTHING : REASON_NONE};
}

/* Evidence and words of one defect, walked whenever asked. */
struct story {
    struct evidence_item items[64];
    struct verdict verdicts[8];
    size_t n, n_verdicts;
};

/* Hits of two nodes and enough of them for the cap, days before the claim. */
static struct story confirmed(void)
{
    return (struct story){.items = {hit(0, 1), hit(1, 2), hit(25, 1), hit(26, 2)}, .n = 4};
}

static void add(struct story *s, struct evidence_item item)
{
    s->items[s->n++] = item;
}

static void say(struct story *s, enum verdict_kind kind, struct kid by, int64_t hour)
{
    s->verdicts[s->n_verdicts++] = says(kind, by, hour * HOUR_NS);
}

static struct walk_end told(const struct story *story)
{
    struct story s = *story;
    struct walk_end end;

    walk_days_said(&shipped, s.items, s.n, s.verdicts, s.n_verdicts, 0, 0, &end);
    return end;
}

FACT(a_repair_is_verified_after_as_many_passes_as_the_rule_says)
{
    static const struct {
        double w, pd, pf, miss;
        int passes;
    } rows[] = {{0.5, 0.75, 0.002, 0.625, 10}, {1, 0.6, 0.002, 0.4, 6}, {1, 0.7, 0.01, 0.3, 4}};

    for (size_t r = 0; r < 3; r++) {
        struct story s = confirmed();
        int passes = 0;
        double product = 1;
        say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR);
        CHECK_INT(told(&s).repair.passes_needed, 10);
        do { /* three an hour, two nodes in turn */
            add(&s, clean(CLAIM_HOUR + 1 + passes / 3, 10 + (uint32_t)passes % 2, rows[r].w, rows[r].pd, rows[r].pf));
            passes++;
            product *= rows[r].miss;
            CHECK_NEAR(told(&s).repair.miss_ppm, product * 1e6, 1);
            CHECK_INT(told(&s).repair.passes, passes);
            CHECK_INT(told(&s).repair.passes_needed, rows[r].passes);
        } while (told(&s).state != DEFECT_REPAIRED && passes < 30);
        CHECK_INT(passes, rows[r].passes);
        CHECK_INT(told(&s).repair.stage, REPAIR_VERIFIED);
        CHECK_INT(told(&s).repair.cause, REPAIR_BY_PASSES);
        CHECK_INT(told(&s).repair.claimed_ns, CLAIM_HOUR * HOUR_NS);
    }
}

FACT(the_claim_itself_moves_nothing)
{
    struct story s = confirmed();
    const struct walk_end before = told(&s);

    say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR);
    const struct walk_end after = told(&s);
    CHECK_INT(after.log_odds_micro, before.log_odds_micro);
    CHECK_INT(after.state, DEFECT_CONFIRMED);
    CHECK_INT(after.may_be_red, before.may_be_red);
    CHECK_INT(after.repair.stage, REPAIR_CLAIMED);
    CHECK_INT(kid_compare(after.repair.by, crew), 0);
}

FACT(passes_of_the_hour_of_the_claim_or_before_do_not_verify)
{
    struct story s = confirmed();

    for (uint32_t i = 0; i < 6; i++)
        add(&s, rtk(CLAIM_HOUR - i % 2, 10 + i));
    say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR);
    s.verdicts[0].time_ns += HOUR_NS / 2;
    CHECK_INT(told(&s).repair.passes, 0);
    CHECK_INT(told(&s).repair.stage, REPAIR_CLAIMED);
    add(&s, rtk(CLAIM_HOUR + 1, 10));
    CHECK_INT(told(&s).repair.passes, 1);
}

FACT(no_single_node_verifies)
{
    struct story s = confirmed();

    say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR);
    for (int i = 0; i < 30; i++)
        add(&s, rtk(CLAIM_HOUR + 1 + i, 10));
    CHECK_INT(told(&s).repair.stage, REPAIR_CLAIMED);
    CHECK_INT(told(&s).state, DEFECT_CONFIRMED);
    add(&s, rtk(CLAIM_HOUR + 40, 11)); /* 0.4; a third of the way is 0.01^(1/3) = 0.215 */
    CHECK_INT(told(&s).repair.stage, REPAIR_CLAIMED);
    add(&s, rtk(CLAIM_HOUR + 41, 12)); /* 0.16 */
    CHECK_INT(told(&s).repair.stage, REPAIR_VERIFIED);
}

FACT(one_hit_above_suspicion_reopens_an_open_claim)
{
    struct story s = confirmed();

    say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR);
    for (int i = 0; i < 5; i++)
        add(&s, rtk(CLAIM_HOUR + 1 + i, 10 + (uint32_t)i % 2));
    add(&s, hit(CLAIM_HOUR + 4, 12));
    CHECK_INT(told(&s).repair.stage, REPAIR_REOPENED);
    CHECK_INT(told(&s).repair.cause, REPAIR_BY_HIT);
    CHECK_INT(told(&s).repair.settled_ns, (CLAIM_HOUR + 4) * HOUR_NS);
    CHECK_INT(told(&s).state, DEFECT_CONFIRMED);
    CHECK(told(&s).may_be_red);
    for (int i = 0; i < 3; i++) /* what verified is asked anew */
        add(&s, rtk(CLAIM_HOUR + 30 + i, 10 + (uint32_t)i % 2));
    CHECK_INT(told(&s).repair.stage, REPAIR_REOPENED);
    CHECK_INT(told(&s).state, DEFECT_CONFIRMED);
}

FACT(a_verified_repair_is_reopened_by_one_hit_and_is_what_it_was)
{
    struct story s = confirmed();

    say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR);
    for (int i = 0; i < 6; i++)
        add(&s, rtk(CLAIM_HOUR + 1, 10 + (uint32_t)i));
    CHECK_INT(told(&s).state, DEFECT_REPAIRED);
    CHECK_INT(posterior_permille(told(&s).log_odds_micro), 1);
    add(&s, hit(CLAIM_HOUR + 5 * DAY, 12));
    CHECK_INT(told(&s).state, DEFECT_CONFIRMED);
    CHECK_INT(posterior_permille(told(&s).log_odds_micro), 900);
    CHECK(told(&s).may_be_red); /* the two nodes that found it before still say so */
    CHECK_INT(told(&s).repair.stage, REPAIR_REOPENED);
}

FACT(a_hit_long_after_is_a_new_defect_and_suspected)
{
    struct story s = confirmed();

    say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR);
    for (int i = 0; i < 6; i++)
        add(&s, rtk(CLAIM_HOUR + 1, 10 + (uint32_t)i));
    add(&s, hit(CLAIM_HOUR + 31 * DAY, 12));
    CHECK_INT(told(&s).state, DEFECT_SUSPECTED);
    CHECK_INT(told(&s).repair.stage, REPAIR_NONE);
    CHECK(!told(&s).may_be_red);
}

FACT(a_doubtful_hit_does_not_reopen_but_undoes_as_many_passes_as_it_weighs)
{
    struct story s = confirmed();
    struct evidence_item doubtful = hit(CLAIM_HOUR + 2, 12);

    doubtful.log_odds_micro = shipped.confirm_micro - 1; /* ln 9: 0.4^2.4 */
    say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR);
    for (int i = 0; i < 6; i++)
        add(&s, rtk(CLAIM_HOUR + 1, 10 + (uint32_t)i));
    s.items[s.n - 1].hour = CLAIM_HOUR + 3;
    s.items[s.n - 2].hour = CLAIM_HOUR + 3;
    add(&s, doubtful);
    CHECK_INT(told(&s).repair.stage, REPAIR_CLAIMED);
    CHECK_NEAR(told(&s).repair.miss_ppm, 9e6 * 0.4 * 0.4 * 0.4 * 0.4 * 0.4 * 0.4, 1); /* 0.0369 */
    add(&s, rtk(CLAIM_HOUR + 40, 20)); /* 0.0147 */
    CHECK_INT(told(&s).repair.stage, REPAIR_CLAIMED);
    add(&s, rtk(CLAIM_HOUR + 41, 21)); /* 0.0059 */
    CHECK_INT(told(&s).repair.stage, REPAIR_VERIFIED);
}

FACT(an_inspector_of_another_party_verifies_at_once_and_of_the_same_never)
{
    struct story s = confirmed();

    say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR);
    say(&s, VERDICT_WHOLE, crew, CLAIM_HOUR + 1);
    CHECK_INT(told(&s).state, DEFECT_CONFIRMED);
    CHECK_INT(told(&s).repair.stage, REPAIR_CLAIMED);
    say(&s, VERDICT_WHOLE, inspector, CLAIM_HOUR + 2);
    CHECK_INT(told(&s).state, DEFECT_REPAIRED);
    CHECK_INT(told(&s).repair.cause, REPAIR_BY_INSPECTOR);
    CHECK_INT(told(&s).repair.settled_ns, (CLAIM_HOUR + 2) * HOUR_NS);
}

FACT(an_inspector_who_sees_damage_reopens)
{
    struct story s = confirmed();

    say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR);
    say(&s, VERDICT_WHOLE, inspector, CLAIM_HOUR + 1);
    say(&s, VERDICT_DAMAGED, crew, CLAIM_HOUR + 2); /* against himself anybody may speak */
    CHECK_INT(told(&s).state, DEFECT_CONFIRMED);
    CHECK_INT(told(&s).repair.stage, REPAIR_REOPENED);
    CHECK_INT(told(&s).repair.cause, REPAIR_BY_INSPECTOR);
}

FACT(a_persons_yes_confirms_and_makes_red_and_a_no_drops)
{
    struct story s = {.items = {hit(5, 1)}, .n = 1};

    CHECK_INT(told(&s).state, DEFECT_SUSPECTED);
    CHECK(!told(&s).may_be_red);
    say(&s, VERDICT_CONFIRMED, inspector, 6);
    CHECK_INT(told(&s).state, DEFECT_CONFIRMED);
    CHECK(told(&s).may_be_red);
    say(&s, VERDICT_REJECTED, inspector, 8);
    CHECK_INT(told(&s).state, DEFECT_DROPPED);
    CHECK_INT(told(&s).log_odds_micro, shipped.prior_micro);
    add(&s, hit(9, 2)); /* it starts again, and the yes of before is over */
    CHECK_INT(told(&s).state, DEFECT_SUSPECTED);
    CHECK(!told(&s).may_be_red);
}

FACT(without_a_claim_clean_passes_of_two_nodes_drop_it_as_before)
{
    struct story s = confirmed();

    for (int i = 0; i < 8; i++) /* from the cap at RTK: 8 passes (test_walk.c) */
        add(&s, rtk(CLAIM_HOUR + i, 10 + (uint32_t)i % 2));
    CHECK_INT(told(&s).state, DEFECT_DROPPED);
    CHECK_INT(told(&s).repair.stage, REPAIR_NONE);
}

FACT(a_defect_that_clean_passes_drop_under_a_claim_is_still_verified_or_reopened)
{
    struct story s = {.items = {hit(0, 1), hit(1, 2)}, .n = 2}; /* just above the threshold */

    say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR);
    for (int i = 0; i < 9; i++)
        add(&s, clean(CLAIM_HOUR + 1 + i, 10 + (uint32_t)i % 2, 0.5, 0.75, 0.002));
    for (int i = 0; i < 5; i++)
        s.items[2 + i].log_odds_micro *= 4; /* as if many more had passed */
    CHECK_INT(told(&s).state, DEFECT_DROPPED);
    CHECK_INT(told(&s).repair.stage, REPAIR_CLAIMED);
    struct story again = s;
    add(&again, hit(CLAIM_HOUR + 30, 12));
    CHECK_INT(told(&again).state, DEFECT_CONFIRMED);
    CHECK_INT(told(&again).repair.stage, REPAIR_REOPENED);
    add(&s, clean(CLAIM_HOUR + 30, 10, 0.5, 0.75, 0.002));
    CHECK_INT(told(&s).state, DEFECT_REPAIRED);
}

FACT(evidence_and_words_may_come_in_any_order)
{
    struct story s = confirmed();
    struct chance {
        uint64_t state;
    } chance = {42};

    say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR);
    say(&s, VERDICT_REPAIRED, inspector, CLAIM_HOUR);
    say(&s, VERDICT_DAMAGED, inspector, CLAIM_HOUR + 30);
    say(&s, VERDICT_REPAIRED, crew, CLAIM_HOUR + 50);
    for (int i = 0; i < 20; i++)
        add(&s, rtk(CLAIM_HOUR - 5 + 5 * i, 10 + (uint32_t)i % 3));
    const struct walk_end want = told(&s);
    for (int round = 0; round < 200; round++) {
        for (size_t i = s.n - 1; i > 0; i--) { /* Fisher and Yates; xorshift64*, Vigna 2016 */
            chance.state ^= chance.state >> 12, chance.state ^= chance.state << 25, chance.state ^= chance.state >> 27;
            const size_t k = (chance.state * UINT64_C(0x2545F4914F6CDD1D) >> 33) % (i + 1);
            const struct evidence_item item = s.items[i];
            s.items[i] = s.items[k];
            s.items[k] = item;
            const struct verdict v = s.verdicts[i % s.n_verdicts];
            s.verdicts[i % s.n_verdicts] = s.verdicts[k % s.n_verdicts];
            s.verdicts[k % s.n_verdicts] = v;
        }
        const struct walk_end got = told(&s);
        CHECK_INT(got.state, want.state);
        CHECK_INT(got.log_odds_micro, want.log_odds_micro);
        CHECK_INT(got.repair.stage, want.repair.stage);
        CHECK_INT(got.repair.passes, want.repair.passes);
        CHECK_INT(got.repair.miss_ppm, want.repair.miss_ppm);
        CHECK_INT(got.repair.settled_ns, want.repair.settled_ns);
        CHECK_INT(kid_compare(got.repair.by, want.repair.by), 0);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
