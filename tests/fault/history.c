#include "tests/fault/history.h"

#define STREET_APART_M 70.0
#define HIT_EVERY 3

static double pick(struct chance *chance, double low, double high)
{
    return low + (high - low) * chance_unit(chance);
}

/* Node 3 is a phone; of the others one has RTK. */
static void make_drive(struct drive *d, struct chance *chance, unsigned node, size_t i)
{
    static const enum gnss_class classes[RIG_NODES] = {GNSS_RTK, GNSS_CONSUMER, GNSS_SBAS, GNSS_PHONE};
    static const double sigmas_m[RIG_NODES] = {0.05, 3, 1, 6};
    const double street = STREET_APART_M * (double)(chance_next(chance) % 3) + 10, from = pick(chance, 0, 40);
    const bool is_north = chance_next(chance) % 2;
    const int64_t start = DAY0_NS + (int64_t)(i * 2 + node % 2) * 3600 * SECOND_NS + (int64_t)node * 60 * SECOND_NS;

    if (is_north)
        drive_straight(d, i + 1, start, street, from, street, from + 200, classes[node], sigmas_m[node]);
    else
        drive_straight(d, i + 1, start, from, street, from + 200, street, classes[node], sigmas_m[node]);
    if (chance_next(chance) % HIT_EVERY)
        return;
    const double along = from + 60, across = street + 0.7, error = fmin(sigmas_m[node], 2);
    const double e = (is_north ? across : along) + error * chance_normal(chance);
    const double n = (is_north ? along : across) + error * chance_normal(chance);
    drive_hit(d, DEFECT_POTHOLE, start + 6 * SECOND_NS, e, n, sigmas_m[node], pick(chance, 20, 90), is_north ? 0 : 90);
}

void history_make(struct history *history, struct rig *rig, uint64_t seed, size_t n_batches)
{
    struct chance chance = {seed * 2 + 1};

    history->n_batches = n_batches;
    history->drives = calloc(RIG_NODES * n_batches, sizeof *history->drives);
    history->letters = calloc(RIG_NODES * n_batches, sizeof *history->letters);
    if (!history->drives || !history->letters)
        rig_must(ROAD_NO_MEMORY, "history");
    for (unsigned node = 0; node < RIG_NODES; node++)
        for (size_t i = 0; i < n_batches; i++) {
            struct drive *d = &history->drives[node * n_batches + i];
            make_drive(d, &chance, node, i);
            batch_quantise(&d->batch);
            seal_from(rig, node, &d->batch, &history->letters[node * n_batches + i]);
        }
}

void history_done(struct history *history)
{
    free(history->drives);
    free(history->letters);
}

const struct letter *history_letter(const struct history *history, unsigned node, uint64_t seq)
{
    return &history->letters[node * history->n_batches + seq - 1];
}

void history_believe(const struct history *history, const struct rig *rig, const uint64_t upto[RIG_NODES],
                     uint8_t ret_digest[SHA256_SIZE])
{
    struct beliefs beliefs;

    beliefs_init(&beliefs, &rig->config.beliefs);
    for (unsigned node = 0; node < RIG_NODES; node++)
        for (uint64_t i = 0; i < upto[node]; i++)
            beliefs_add(&beliefs, &history->drives[node * history->n_batches + i].batch, signer_kid(rig->nodes[node]),
                        node == 3);
    beliefs_settle(&beliefs, INT64_MIN, NULL);
    beliefs_digest(&beliefs, ret_digest);
    beliefs_done(&beliefs);
}
