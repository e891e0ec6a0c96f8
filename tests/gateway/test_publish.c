/* What moved becomes signed changes: hand-made deltas in, messages of the outbox out. */
#include <openssl/evp.h>

#include "gateway/publish.h"
#include "tests/check.h"

static const struct grid_zone zone = {120, false};
static const struct kid cause = {{1, 2, 3}};

struct desk {
    sqlite3 *db;
    struct outbox *outbox;
    struct signer *signer;
    struct verifier *verifier;
    struct publisher *publisher;
};

static void desk_open(struct desk *desk)
{
    static const char *const no_tables[] = {NULL};
    const struct outbox_config config = {.max_bytes = 1 << 26, .max_items = 10000};
    const uint8_t seed[32] = {7};
    struct public_key key;
    char error[512];

    CHECK_STATUS(database_open(":memory:", no_tables, &desk->db, error), ROAD_OK);
    CHECK_STATUS(outbox_open(desk->db, &config, &desk->outbox), ROAD_OK);
    CHECK_STATUS(signer_from_seed(seed, &desk->signer), ROAD_OK);
    signer_public(desk->signer, &key);
    CHECK_STATUS(verifier_open(&key, &desk->verifier), ROAD_OK);
    CHECK_STATUS(publisher_new(desk->signer, desk->outbox, zone, &desk->publisher), ROAD_OK);
}

static void desk_close(struct desk *desk)
{
    publisher_free(desk->publisher);
    verifier_close(desk->verifier);
    signer_close(desk->signer);
    outbox_close(desk->outbox);
    database_close(desk->db);
}

/* The next change after *seq; false if there is none. Its statements point into the outbox's bytes. */
static bool desk_next(struct desk *desk, uint64_t *seq, struct change *ret_change)
{
    const uint8_t *payload;
    const void *bytes;
    size_t length, payload_length;

    if (outbox_next(desk->outbox, *seq, seq, &bytes, &length) != ROAD_OK)
        return false;
    CHECK(length <= SEALED_MAX);
    CHECK_STATUS(cose_open(desk->verifier, bytes, length, &payload, &payload_length), ROAD_OK);
    CHECK_STATUS(change_decode(payload, payload_length, ret_change, NULL), ROAD_OK);
    return true;
}

/* The 8 m leaf that many leaves east of one at a tile's corner, all its squares green since day 20785. */
static struct told_leaf patch_at(int i, int j)
{
    struct told_leaf patch = {.patch.mask = UINT64_MAX};

    CHECK_STATUS(cell_from_point(zone, (struct grid_point){515840000 + 8000 * i, 3350528000 + 8000 * j}, 3,
                                 &patch.patch.leaf),
                 ROAD_OK);
    for (unsigned k = 0; k < 64; k++)
        patch.patch.covers[k] = cover_pack(CODE_GREEN, 20785, 4 + k % 28);
    return patch;
}

static int by_leaf(const void *a, const void *b)
{
    const struct told_leaf *left = a, *right = b;

    return (left->patch.leaf.id > right->patch.leaf.id) - (left->patch.leaf.id < right->patch.leaf.id);
}

FACT(all_patches_arrive_in_order_each_message_below_the_limit)
{
    static struct told_leaf patches[1500];
    struct delta delta = {.as_of_ns = 1795907200000000000, .leaves = patches, .n_leaves = 1500};
    struct desk desk;
    struct change change;
    uint64_t seq = 0;
    size_t told = 0;
    int messages = 0;
    bool is_last = false;

    for (int i = 0; i < 1500; i++)
        patches[i] = patch_at(i % 50, i / 50);
    qsort(patches, 1500, sizeof *patches, by_leaf);
    desk_open(&desk);
    CHECK_STATUS(publish(desk.publisher, &delta, cause, 5), ROAD_OK);
    while (desk_next(&desk, &seq, &change)) {
        for (size_t i = 0; i < change.n_patches && told < 1500; i++, told++)
            CHECK(change.patches[i].leaf.id == patches[told].patch.leaf.id && change.patches[i].mask == UINT64_MAX &&
                  memcmp(change.patches[i].covers, patches[told].patch.covers, 128) == 0);
        CHECK(!is_last);
        is_last = change.is_last;
        CHECK_INT(change.n_statements, 0); /* the codes stayed as they were */
        messages++;
        change_done(&change);
    }
    CHECK(is_last);
    CHECK_INT(told, 1500);
    CHECK(messages >= 7 && messages <= 9); /* 1500 x 150 bytes, 32 KiB each, less what a tile's digest may take */
    desk_close(&desk);
}

FACT(a_square_with_a_reason_is_told_as_a_cell_and_not_in_the_patch)
{
    struct told_leaf patch = patch_at(0, 0);
    struct cell_change cells[2] = {{.reason = {.code = CODE_RED, .iri_centi = IRI_UNKNOWN}},
                                   {.reason = {.code = CODE_RED, .iri_centi = IRI_UNKNOWN}}};
    struct delta delta = {.cells = cells, .n_cells = 2, .leaves = &patch, .n_leaves = 1};
    struct desk desk;
    struct change change;
    uint64_t seq = 0;

    cells[0].cell = cell_of_leaf(patch.patch.leaf, 13);
    cells[1].cell = cell_parent(cell_of_leaf(patch.patch.leaf, 20), 1); /* of another level: no square of the leaf */
    desk_open(&desk);
    CHECK_STATUS(publish(desk.publisher, &delta, cause, 5), ROAD_OK);
    CHECK(desk_next(&desk, &seq, &change));
    CHECK_INT(change.n_cells, 2);
    CHECK_INT(change.n_patches, 1);
    CHECK(change.patches[0].mask == ~(UINT64_C(1) << 13));
    change_done(&change);

    /* All its squares have reasons: no patch is left. */
    patch.patch.mask = UINT64_C(1) << 13;
    memset(patch.patch.covers, 0, sizeof patch.patch.covers);
    CHECK_STATUS(publish(desk.publisher, &delta, cause, 6), ROAD_OK);
    CHECK(desk_next(&desk, &seq, &change));
    CHECK_INT(change.n_patches, 0);
    change_done(&change);
    desk_close(&desk);
}

/* SHA-256 over ids and codes as the page of the wire says, of up to 8 squares in the order given. */
static void hash_by_hand(const struct cell *cells, const int *codes, size_t n, uint8_t ret_digest[32])
{
    uint8_t bytes[8 * 9];

    for (size_t i = 0; i < n; i++) {
        for (int b = 0; b < 8; b++)
            bytes[9 * i + (size_t)b] = (uint8_t)(cells[i].id >> (56 - 8 * b));
        bytes[9 * i + 8] = (uint8_t)codes[i];
    }
    EVP_Q_digest(NULL, "SHA256", NULL, bytes, 9 * n, ret_digest, NULL);
}

/* The digest's payload holds these bytes somewhere. */
static bool says(const struct desk *desk, const struct statement *statement, const void *bytes, size_t length)
{
    const uint8_t *payload;
    size_t n;

    CHECK_STATUS(cose_open(desk->verifier, statement->cose, statement->cose_length, &payload, &n), ROAD_OK);
    return memmem(payload, n, bytes, length) != NULL;
}

FACT(a_tiles_digest_covers_cells_and_patched_squares_alike)
{
    struct told_leaf patches[2] = {patch_at(0, 0), patch_at(100, 0)}; /* the second lies in another tile, and nothing moved */
    const struct cell leaf = patches[0].patch.leaf;
    const struct cell squares[3] = {cell_of_leaf(leaf, 2), cell_of_leaf(leaf, 5), cell_of_leaf(leaf, 9)};
    const int codes[3] = {CODE_GREEN, CODE_YELLOW, CODE_GREY};
    struct cell_change cell = {.cell = squares[1], .was = CODE_GREEN, .reason = {.code = CODE_YELLOW}};
    struct delta delta = {.cells = &cell, .n_cells = 1, .leaves = patches, .n_leaves = 2};
    uint8_t digest[32];
    struct desk desk;
    struct change change;
    uint64_t seq = 0;

    patches[0].patch.mask = 1 << 2 | 1 << 5 | 1 << 9;
    patches[0].patch.covers[9] = cover_pack(CODE_GREEN, 20700, 0);
    desk_open(&desk);
    CHECK_STATUS(publish(desk.publisher, &delta, cause, 5), ROAD_OK);
    CHECK(desk_next(&desk, &seq, &change));
    CHECK_INT(change.n_statements, 1);
    hash_by_hand(squares, codes, 3, digest);
    CHECK(says(&desk, &change.statements[0], digest, sizeof digest));
    /* 3: 3 squares, 4: one move, [id, 1, 2]; an id of 2^32 and more has the head 1b. */
    uint8_t moves[] = {3, 3, 4, 0x81, 0x83, 0x1b, 0, 0, 0, 0, 0, 0, 0, 0, CODE_GREEN, CODE_YELLOW};
    for (int b = 0; b < 8; b++)
        moves[6 + b] = (uint8_t)(squares[1].id >> (56 - 8 * b));
    CHECK(says(&desk, &change.statements[0], moves, sizeof moves));
    change_done(&change);
    desk_close(&desk);
}

FACT(freshness_alone_is_no_entry_of_the_ledger)
{
    struct told_leaf patch = patch_at(0, 0);
    struct delta delta = {.leaves = &patch, .n_leaves = 1};
    struct desk desk;
    struct change change;
    uint64_t seq = 0;

    desk_open(&desk);
    CHECK_STATUS(publish(desk.publisher, &delta, cause, 5), ROAD_OK);
    CHECK(desk_next(&desk, &seq, &change));
    CHECK_INT(change.n_statements, 0);
    change_done(&change);
    patch.has_moved = true; /* some square was seen for the first time */
    CHECK_STATUS(publish(desk.publisher, &delta, cause, 6), ROAD_OK);
    CHECK(desk_next(&desk, &seq, &change));
    CHECK_INT(change.n_statements, 1);
    change_done(&change);
    desk_close(&desk);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
