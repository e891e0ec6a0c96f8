#include "tests/check.h"
#include "tests/gateway/drive.h"

/* ---- helpers ------------------------------------------------------------------------------------------- */

/* A random district day: vehicles of all classes drive two crossing streets with three holes. */
#define RANDOM_BATCHES 60
struct said_batch {
    struct drive *drive;
    struct kid kid;
    bool is_phone;
};

static const double holes[3][2] = {{100.3, 40.7}, {160.6, 41.2}, {120.4, 90.2}};

static void random_batch(struct chance *chance, unsigned i, struct said_batch *b)
{
    static const double sigmas[4] = {0.05, 1.0, 3.0, 8.0};
    const unsigned vehicle = (unsigned)(chance_next(chance) % 7);
    const enum gnss_class gnss = (enum gnss_class)(vehicle % 4);
    const double sigma = sigmas[gnss];
    const bool is_east = chance_next(chance) & 1;
    const int64_t start = DAY0_NS + (int64_t)(chance_next(chance) % (6 * 86400)) * SECOND_NS;
    const double de = sigma * chance_normal(chance) / 2, dn = sigma * chance_normal(chance) / 2;

    b->drive = malloc(sizeof *b->drive);
    b->kid = kid_number(vehicle);
    b->is_phone = gnss == GNSS_PHONE;
    if (is_east)
        drive_straight(b->drive, i + 1, start, 0 + de, 40 + dn, 200 + de, 40 + dn, gnss, sigma);
    else
        drive_straight(b->drive, i + 1, start, 120 + de, 0 + dn, 120 + de, 180 + dn, gnss, sigma);
    for (int h = 0; h < 3; h++)
        if ((h == 2) != is_east && chance_unit(chance) < 0.6)
            drive_hit(b->drive, h == 1 ? DEFECT_MANHOLE_LEVEL : DEFECT_POTHOLE, start + 10 * SECOND_NS,
                      holes[h][0] + sigma * chance_normal(chance), holes[h][1] + sigma * chance_normal(chance), sigma,
                      30 + 20 * chance_unit(chance), is_east ? 90 : 0);
    if (is_east && chance_unit(chance) < 0.7) { /* a bump that some take for a hole, and a cover that sinks on day 3 */
        const double at = 60 + sigma * chance_normal(chance);
        if (chance_unit(chance) < 0.75)
            drive_feature(b->drive, FEATURE_SPEED_BUMP, start + 6 * SECOND_NS, at, 40, sigma, 9 + chance_unit(chance), 90);
        else
            drive_hit(b->drive, DEFECT_POTHOLE, start + 6 * SECOND_NS, at, 40, sigma, 60, 90)->strength_milli = 9500;
        drive_feature(b->drive, FEATURE_MANHOLE, start + 18 * SECOND_NS, 180 + sigma * chance_normal(chance), 40.7, sigma,
                      (start > DAY0_NS + 3 * NS_PER_DAY ? 5 : 2) + chance_unit(chance) / 4, 90);
    }
    b->drive->batch.unplaced_cm = 100;
    batch_quantise(&b->drive->batch);
}

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

/* Any order between nodes; one node's batches come in their order, the inbox sees to that. */
static void shuffle(struct chance *chance, const struct said_batch *batches, unsigned *order)
{
    unsigned rank[RANDOM_BATCHES], sorted[RANDOM_BATCHES];

    for (unsigned i = RANDOM_BATCHES; i-- > 1;) {
        const unsigned k = (unsigned)(chance_next(chance) % (i + 1)), t = order[i];
        order[i] = order[k];
        order[k] = t;
    }
    for (unsigned i = 0; i < RANDOM_BATCHES; i++) { /* the k-th place of a node gets its k-th batch */
        rank[i] = 0;
        for (unsigned k = 0; k < i; k++)
            rank[i] += kid_compare(batches[order[k]].kid, batches[order[i]].kid) == 0;
        unsigned left = rank[i];
        for (unsigned b = 0; b < RANDOM_BATCHES; b++)
            if (kid_compare(batches[b].kid, batches[order[i]].kid) == 0 && left-- == 0) {
                sorted[i] = b;
                break;
            }
    }
    memcpy(order, sorted, sizeof sorted);
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

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
