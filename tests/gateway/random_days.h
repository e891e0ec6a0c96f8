/* random_days.h - a random district over six days: vehicles of all classes drive two crossing streets with three holes, a
 * bump and a cover that sinks. Batches come in any order between nodes; one node's come in theirs. */
#ifndef TESTS_GATEWAY_RANDOM_DAYS_H
#define TESTS_GATEWAY_RANDOM_DAYS_H

#include "tests/gateway/drive.h"

#define RANDOM_BATCHES 60
struct said_batch {
    struct drive *drive;
    struct kid kid;
    bool is_phone;
};

static const double holes[3][2] = {{100.3, 40.7}, {160.6, 41.2}, {120.4, 90.2}};

static inline void random_batch(struct chance *chance, unsigned i, struct said_batch *b)
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

/* Any order between nodes; one node's batches come in their order, the inbox sees to that. */
static inline void shuffle(struct chance *chance, const struct said_batch *batches, unsigned *order)
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

static inline void random_days(uint64_t seed, struct said_batch batches[RANDOM_BATCHES])
{
    struct chance chance = {seed};

    for (unsigned i = 0; i < RANDOM_BATCHES; i++)
        random_batch(&chance, i, &batches[i]);
}

static inline void random_days_done(struct said_batch batches[RANDOM_BATCHES])
{
    for (unsigned i = 0; i < RANDOM_BATCHES; i++)
        free(batches[i].drive);
}

#endif
