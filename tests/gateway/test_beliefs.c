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

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
