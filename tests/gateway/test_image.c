/* Beliefs saved and loaded again are the same beliefs: by their hash, and by all they believe and say from then on. */
#include "gateway/image.h"
#include "tests/check.h"
#include "tests/gateway/random_days.h"

/* ---- an image in memory -------------------------------------------------------------------------------- */

struct memory {
    uint8_t *bytes;
    size_t length, capacity, at;
};

static enum road_status memory_write(void *context, const void *bytes, size_t length)
{
    struct memory *m = context;

    while (m->length + length > m->capacity) {
        m->capacity = m->capacity ? 2 * m->capacity : 1 << 16;
        m->bytes = realloc(m->bytes, m->capacity);
    }
    memcpy(m->bytes + m->length, bytes, length);
    m->length += length;
    return ROAD_OK;
}

static enum road_status memory_read(void *context, void *ret_bytes, size_t length)
{
    struct memory *m = context;

    memcpy(ret_bytes, m->bytes + m->at, length); /* image_read keeps within what is left */
    m->at += length;
    return ROAD_OK;
}

static struct memory save(const struct beliefs *beliefs)
{
    struct memory m = {0};
    const struct image_sink sink = {memory_write, &m};

    CHECK_STATUS(beliefs_save(beliefs, &sink), ROAD_OK);
    return m;
}

static enum road_status load(struct memory *m, size_t length, struct beliefs *ret_beliefs)
{
    const struct beliefs_config config = drive_config();
    struct image_source source = {memory_read, m, length};

    m->at = 0;
    beliefs_init(ret_beliefs, &config);
    return beliefs_load(ret_beliefs, &source);
}

/* ---- facts --------------------------------------------------------------------------------------------- */

static void add(struct beliefs *beliefs, const struct said_batch *batches, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        beliefs_add(beliefs, &batches[i].drive->batch, batches[i].kid, batches[i].is_phone);
}

static bool same_digest(const struct beliefs *a, const struct beliefs *b)
{
    uint8_t x[SHA256_SIZE], y[SHA256_SIZE];

    beliefs_digest(a, x);
    beliefs_digest(b, y);
    return memcmp(x, y, SHA256_SIZE) == 0;
}

static bool same_told(const struct delta *a, const struct delta *b)
{
    bool same = a->n_cells == b->n_cells && a->n_leaves == b->n_leaves && a->n_defects == b->n_defects &&
                a->n_features == b->n_features && memcmp(&a->road, &b->road, sizeof a->road) == 0;

    for (size_t i = 0; same && i < a->n_cells; i++)
        same = a->cells[i].cell.id == b->cells[i].cell.id && a->cells[i].was == b->cells[i].was &&
               a->cells[i].reason.code == b->cells[i].reason.code && a->cells[i].reason.seen_ns == b->cells[i].reason.seen_ns;
    for (size_t i = 0; same && i < a->n_leaves; i++)
        same = memcmp(&a->leaves[i].patch, &b->leaves[i].patch, sizeof a->leaves[i].patch) == 0 &&
               a->leaves[i].has_moved == b->leaves[i].has_moved;
    for (size_t i = 0; same && i < a->n_defects; i++)
        same = same_belief(&a->defects[i].now, &b->defects[i].now) &&
               a->defects[i].is_transition == b->defects[i].is_transition;
    return same;
}

FACT(what_is_loaded_believes_and_says_the_same_from_then_on)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        const struct beliefs_config config = drive_config();
        struct said_batch batches[RANDOM_BATCHES];
        struct beliefs live, again;
        struct delta told_live = {0}, told_again = {0};

        random_days(seed * 104729, batches);
        beliefs_init(&live, &config);
        add(&live, batches, 0, 35);
        beliefs_settle(&live, INT64_MIN, &told_live);
        struct memory m = save(&live);
        CHECK_STATUS(load(&m, m.length, &again), ROAD_OK);
        CHECK(same_digest(&live, &again));
        CHECK(memcmp(&live.road, &again.road, sizeof live.road) == 0);
        for (unsigned i = 35; i < RANDOM_BATCHES; i++) {
            add(&live, batches, i, i + 1);
            add(&again, batches, i, i + 1);
            beliefs_settle(&live, INT64_MIN, &told_live);
            beliefs_settle(&again, INT64_MIN, &told_again);
            if (!same_told(&told_live, &told_again))
                CHECK_FAILED("seed %d: batch %u is told otherwise", (int)seed, i);
        }
        CHECK(same_digest(&live, &again));
        free(m.bytes);
        delta_done(&told_live);
        delta_done(&told_again);
        beliefs_done(&live);
        beliefs_done(&again);
        random_days_done(batches);
    }
}

FACT(an_image_of_other_rules_is_not_taken)
{
    struct beliefs_config config = drive_config();
    struct beliefs beliefs, other;

    beliefs_init(&beliefs, &config);
    struct memory m = save(&beliefs);
    config.rules.cadence_d[0] = 7;
    beliefs_init(&other, &config);
    struct image_source source = {memory_read, &m, m.length};
    CHECK_STATUS(beliefs_load(&other, &source), ROAD_BAD_VERSION);
    free(m.bytes);
    beliefs_done(&beliefs);
    beliefs_done(&other);
}

FACT(an_image_that_ends_early_is_refused)
{
    const struct beliefs_config config = drive_config();
    struct said_batch batches[RANDOM_BATCHES];
    struct beliefs beliefs, again;

    random_days(7, batches);
    beliefs_init(&beliefs, &config);
    add(&beliefs, batches, 0, RANDOM_BATCHES);
    beliefs_settle(&beliefs, INT64_MIN, NULL);
    struct memory m = save(&beliefs);
    for (size_t length = 0; length < m.length; length += m.length / 97) {
        if (load(&m, length, &again) == ROAD_OK)
            CHECK_FAILED("%zu of %zu bytes are taken", length, m.length);
        beliefs_done(&again);
    }
    free(m.bytes);
    beliefs_done(&beliefs);
    random_days_done(batches);
}

/* A damaged image is refused, or it is sound by itself (another number of a square, say): then it must bear to be used. */
FACT(a_damaged_image_does_no_harm)
{
    const struct beliefs_config config = drive_config();
    struct chance chance = {20261123};
    struct said_batch batches[RANDOM_BATCHES];
    struct beliefs beliefs, again;
    struct delta told = {0};
    int refused = 0;

    random_days(11, batches);
    beliefs_init(&beliefs, &config);
    add(&beliefs, batches, 0, 40);
    beliefs_settle(&beliefs, INT64_MIN, NULL);
    struct memory m = save(&beliefs);
    for (int trial = 0; trial < 400; trial++) {
        const size_t at = chance_next(&chance) % m.length;
        const uint8_t before = m.bytes[at];
        m.bytes[at] = (uint8_t)(before ^ 1u << (chance_next(&chance) % 8));
        const enum road_status status = load(&m, m.length, &again);
        refused += status != ROAD_OK;
        if (status == ROAD_OK && trial % 8 == 0) {
            add(&again, batches, 40, 44);
            beliefs_settle(&again, INT64_MIN, &told);
        }
        beliefs_done(&again);
        m.bytes[at] = before;
    }
    CHECK(refused > 20);
    free(m.bytes);
    delta_done(&told);
    beliefs_done(&beliefs);
    random_days_done(batches);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
