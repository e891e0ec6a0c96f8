#include "tests/check.h"
#include "tests/gateway/random_days.h"

static void digest_in_order(const struct said_batch *batches, const unsigned *order, bool settle_each,
                            uint8_t ret_digest[SHA256_SIZE])
{
    const struct beliefs_config config = drive_config();
    struct beliefs beliefs;
    struct delta delta = {0};

    beliefs_init(&beliefs, &config);
    for (unsigned i = 0; i < RANDOM_BATCHES; i++) {
        const struct said_batch *b = &batches[order[i]];
        beliefs_add(&beliefs, &b->drive->batch, b->kid, b->is_phone);
        if (settle_each)
            beliefs_settle(&beliefs, INT64_MIN, &delta);
    }
    beliefs_settle(&beliefs, INT64_MIN, NULL);
    beliefs_digest(&beliefs, ret_digest);
    delta_done(&delta);
    beliefs_done(&beliefs);
}

FACT(beliefs_are_the_same_for_any_order_between_nodes_and_any_grouping)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct chance chance = {seed * 7919};
        struct said_batch batches[RANDOM_BATCHES];
        unsigned order[RANDOM_BATCHES];
        uint8_t first[SHA256_SIZE], again[SHA256_SIZE];

        for (unsigned i = 0; i < RANDOM_BATCHES; i++) {
            random_batch(&chance, i, &batches[i]);
            order[i] = i;
        }
        digest_in_order(batches, order, false, first);
        for (int round = 0; round < 8; round++) {
            digest_in_order(batches, order, round != 1, again);
            if (memcmp(first, again, SHA256_SIZE) != 0)
                CHECK_FAILED("seed %d round %d differs", (int)seed, round);
            shuffle(&chance, batches, order);
        }
        for (unsigned i = 0; i < RANDOM_BATCHES; i++)
            free(batches[i].drive);
    }
}

FACT(one_batch_less_gives_other_beliefs)
{
    struct chance chance = {99};
    struct said_batch batches[RANDOM_BATCHES];
    unsigned order[RANDOM_BATCHES];
    uint8_t all[SHA256_SIZE], other[SHA256_SIZE];

    for (unsigned i = 0; i < RANDOM_BATCHES; i++) {
        random_batch(&chance, i, &batches[i]);
        order[i] = i;
    }
    digest_in_order(batches, order, true, all);
    order[7] = order[8];
    digest_in_order(batches, order, true, other);
    CHECK(memcmp(all, other, SHA256_SIZE) != 0);
    for (unsigned i = 0; i < RANDOM_BATCHES; i++)
        free(batches[i].drive);
}

/* ---- age ----------------------------------------------------------------------------------------------- */

static struct drive drive;

static void drive_on_day(struct beliefs *beliefs, unsigned vehicle, int day, double north)
{
    drive_straight(&drive, (uint64_t)day + 1, DAY0_NS + day * NS_PER_DAY, 0, north, 200, north, GNSS_RTK, 0.05);
    if (day < 2)
        drive_hit(&drive, DEFECT_POTHOLE, DAY0_NS + day * NS_PER_DAY + 10 * SECOND_NS, 100.5, north + 0.75, 0.05, 60, 90);
    beliefs_add(beliefs, &drive.batch, kid_number(vehicle), false);
    beliefs_settle(beliefs, INT64_MIN, NULL);
}

/* 60 days of one drive a day: 30 of them and the day at hand are kept, and a hole that two found stays dropped by the passes that
 * are long gone. */
FACT(stretches_are_given_back_and_what_they_said_stays)
{
    const struct beliefs_config config = drive_config();
    struct beliefs beliefs;

    beliefs_init(&beliefs, &config);
    for (int day = 0; day < 12; day++)
        drive_on_day(&beliefs, 1 + (unsigned)day % 3, day, 40);
    CHECK_INT(live_defects(&beliefs, DEFECT_DROPPED), 1);
    const struct defect_belief then = defect_near(&beliefs, 100.5, 40.75, 1)->belief;
    const uint64_t a_day = beliefs.evidence.stretches.n / 12;
    for (int day = 12; day < 60; day++)
        drive_on_day(&beliefs, 1 + (unsigned)day % 3, day, 400); /* another street */
    CHECK_INT(beliefs.evidence.stretches.n, 31 * a_day);
    CHECK(same_belief(&defect_near(&beliefs, 100.5, 40.75, 1)->belief, &then));
    CHECK_INT(beliefs_code(&beliefs, cell_at(50.5, 40.75, 0)), CODE_GREY);
    CHECK_INT(beliefs_code(&beliefs, cell_at(50.5, 400.75, 0)), CODE_GREEN);
    CHECK_NEAR((double)beliefs.road.covered_cm, 40000, 200); /* both streets */
    CHECK_NEAR((double)beliefs.road.green_cm, 20000, 100);
    beliefs_done(&beliefs);
}

/* Tracks of phones are gone at the turn of the day after they came; the squares keep what they said. */
FACT(the_tracks_of_phones_are_not_kept)
{
    struct beliefs_config config = drive_config();
    struct beliefs beliefs;

    config.evidence.phone_days = 0;
    beliefs_init(&beliefs, &config);
    for (int day = 0; day < 3; day++) {
        drive_straight(&drive, (uint64_t)day + 1, DAY0_NS + day * NS_PER_DAY, 0, 40, 200, 40, GNSS_PHONE, 8);
        beliefs_add(&beliefs, &drive.batch, kid_number(1), true);
        beliefs_settle(&beliefs, INT64_MIN, NULL);
        CHECK_INT(beliefs.evidence.stretches.n, 4); /* of one drive, in four blocks */
    }
    CHECK_INT(beliefs_code(&beliefs, cell_at(50.5, 40.75, 4)), CODE_GREEN);
    beliefs_done(&beliefs);
}

/* A square keeps its day in nine bits: it must not come back as young. */
FACT(a_street_of_long_ago_stays_grey)
{
    const struct beliefs_config config = drive_config();
    struct beliefs beliefs;

    beliefs_init(&beliefs, &config);
    drive_on_day(&beliefs, 1, 2, 40);
    for (int day = 90; day < 1200; day += 90) {
        drive_on_day(&beliefs, 1, day, 400);
        CHECK_INT(beliefs_code(&beliefs, cell_at(50.5, 40.75, 0)), CODE_GREY);
        CHECK_INT(beliefs_code(&beliefs, cell_at(50.5, 400.75, 0)), CODE_GREEN);
    }
    drive_on_day(&beliefs, 1, 1201, 40);
    CHECK_INT(beliefs_code(&beliefs, cell_at(50.5, 40.75, 0)), CODE_GREEN);
    beliefs_done(&beliefs);
}

/* ---- what is kept is what is collected ----------------------------------------------------------------- */

static const struct defect *defect_of_name(const struct beliefs *beliefs, const struct defect_id *name)
{
    for (size_t i = 0; i < beliefs->n_defects; i++)
        if (beliefs->defects[i].is_live && defect_id_compare(&beliefs->defects[i].belief.id, name) == 0)
            return &beliefs->defects[i];
    return NULL;
}

/* By number of speaker: both gateways heard them in the same order. */
static int by_visit(const void *a, const void *b)
{
    const struct clear *x = a, *y = b;

    if (x->speaker != y->speaker)
        return x->speaker < y->speaker ? -1 : 1;
    if (x->hour != y->hour)
        return x->hour < y->hour ? -1 : 1;
    return (int)x->sensor - (int)y->sensor;
}

static bool same_crossings(const struct clears *a, const struct clears *b)
{
    bool same = a->is_known == b->is_known && a->n == b->n;

    if (!same || a->n == 0)
        return same;
    qsort(a->items, a->n, sizeof *a->items, by_visit);
    qsort(b->items, b->n, sizeof *b->items, by_visit);
    for (size_t i = 0; same && i < a->n; i++)
        same = by_visit(&a->items[i], &b->items[i]) == 0 && a->items[i].w == b->items[i].w;
    return same;
}

/* The same passes over a hole, told one by one to a thing that keeps its clear passes, and all at once to one that looks at
 * all of them. */
FACT(clear_passes_that_are_kept_are_those_that_are_collected)
{
    size_t n_crossings = 0;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        const struct beliefs_config config = drive_config();
        struct said_batch batches[RANDOM_BATCHES];
        struct beliefs kept, fresh;

        random_days(seed * 15485863, batches);
        beliefs_init(&kept, &config);
        beliefs_init(&fresh, &config);
        for (unsigned i = 0; i < RANDOM_BATCHES; i++) {
            beliefs_add(&kept, &batches[i].drive->batch, batches[i].kid, batches[i].is_phone);
            beliefs_settle(&kept, INT64_MIN, NULL);
            beliefs_add(&fresh, &batches[i].drive->batch, batches[i].kid, batches[i].is_phone);
        }
        beliefs_settle(&fresh, INT64_MIN, NULL);
        for (size_t i = 0; i < kept.n_defects; i++) {
            const struct defect *d = &kept.defects[i];
            const struct defect *same = d->is_live ? defect_of_name(&fresh, &d->belief.id) : NULL;
            if (d->is_live && (!same || (same->clears.is_known && !same_crossings(&d->clears, &same->clears)) ||
                               (same->feature_clears.is_known && !same_crossings(&d->feature_clears, &same->feature_clears))))
                CHECK_FAILED("seed %d: thing %zu", (int)seed, i);
            n_crossings += same ? same->clears.n : 0;
        }
        beliefs_done(&kept);
        beliefs_done(&fresh);
        random_days_done(batches);
    }
    CHECK(n_crossings > 1000);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
