/* digest.c - one hash of all that is believed: of squares, pieces, reasons and things, each in an order that neither the
 * layout of the memory nor the order of arrival decides. */
#include <stdlib.h>
#include <string.h>

#include "gateway/beliefs.h"
#include "gateway/room.h"

#define LEAVES_AT_ONCE 512

static int by_belief_id(const void *a, const void *b)
{
    return defect_id_compare(&(*(const struct defect *const *)a)->belief.id,
                             &(*(const struct defect *const *)b)->belief.id);
}

static void chain(uint8_t digest[SHA256_SIZE], const void *data, size_t length)
{
    uint8_t next[SHA256_SIZE];

    sha256_prefixed(1, digest, SHA256_SIZE, data, length, next);
    memcpy(digest, next, SHA256_SIZE);
}

static void chain_belief(uint8_t digest[SHA256_SIZE], const struct defect_belief *b)
{
    const int64_t numbers[] = {b->id.time_ns,      (int64_t)b->id.seq,     b->id.index,   b->state,
                               b->type,            b->severity,            b->may_be_red, b->posterior_permille,
                               b->at.e_mm,         b->at.n_mm,             b->cov_ee_cm2, b->cov_en_cm2,
                               b->cov_nn_cm2,      b->size_milli,          b->size_sigma_milli, b->hits,
                               b->passes,          b->motion_hits,         b->camera_hits, b->units,
                               b->first_ns,        b->last_ns,             b->repair.stage, b->repair.cause,
                               b->repair.claimed_ns, b->repair.settled_ns, b->repair.passes, b->repair.passes_needed,
                               b->repair.miss_ppm};

    chain(digest, b->id.kid.bytes, KID_SIZE);
    chain(digest, b->repair.by.bytes, KID_SIZE);
    chain(digest, numbers, sizeof numbers);
}

static void chain_feature(uint8_t digest[SHA256_SIZE], const struct feature_belief *f)
{
    const int64_t numbers[] = {f->state,      f->kind,           f->posterior_permille, f->strength_milli,
                               f->hits,       f->passes,         f->called_damage,      f->strength_mad_milli,
                               f->first_ns,   f->last_ns,        f->heading_cdeg};

    chain(digest, numbers, sizeof numbers);
}

static void chain_things(const struct beliefs *beliefs, uint8_t digest[SHA256_SIZE])
{
    const struct defect **live = room_zeroed(beliefs->n_defects, sizeof(struct defect *));
    size_t n = 0;

    for (size_t i = 0; i < beliefs->n_defects; i++)
        if (beliefs->defects[i].is_live)
            live[n++] = &beliefs->defects[i];
    qsort(live, n, sizeof *live, by_belief_id);
    for (size_t i = 0; i < n; i++) {
        chain_belief(digest, &live[i]->belief);
        if (live[i]->feature.kind != FEATURE_NONE)
            chain_feature(digest, &live[i]->feature);
    }
    free(live);
}

/* Squares in order of keys, leaf by leaf, a map a level. */
static void chain_squares(const struct evidence *evidence, uint8_t digest[SHA256_SIZE])
{
    struct cellmap_leaf *leaves = room_zeroed(LEAVES_AT_ONCE, sizeof *leaves);

    for (int level = 0; level < COVER_LEVELS; level++) {
        struct cellmap_cursor cursor;
        size_t n = 0;
        cellmap_cursor_open(&cursor, &evidence->maps[level]);
        while (cellmap_cursor_next(&cursor, &leaves[n])) {
            leaves[n].is_dirty = false; /* not believed, only not told */
            if (++n == LEAVES_AT_ONCE) {
                chain(digest, leaves, n * sizeof *leaves);
                n = 0;
            }
        }
        cellmap_cursor_close(&cursor);
        chain(digest, leaves, n * sizeof *leaves);
    }
    free(leaves);
}

static int by_block_key(const void *a, const void *b)
{
    const uint32_t x = (*(const struct block *const *)a)->key, y = (*(const struct block *const *)b)->key;

    return (x > y) - (x < y);
}

/* Speakers by their names: numbers are given as they come. */
static void chain_piece(const struct evidence *evidence, const struct piece *piece, uint8_t digest[SHA256_SIZE])
{
    uint64_t numbers[5 + 3 * RIDES_KEPT] = {piece->number, piece->cover, piece->length_cm, piece->traverses,
                                            piece->crossings};
    size_t n = 5;

    for (int i = 0; i < RIDES_KEPT && piece->rides[i]; i++) {
        const struct ride ride = ride_unpack(piece->rides[i]);
        uint64_t name = 0;
        memcpy(&name, evidence->speakers[ride.speaker].kid.bytes, KID_SIZE < 8 ? KID_SIZE : 8);
        numbers[n++] = (uint64_t)ride.hour << 16 | ride.iri_centi;
        numbers[n++] = ride.metres;
        numbers[n++] = name;
    }
    chain(digest, numbers, n * sizeof numbers[0]);
}

static void chain_said(const struct evidence *evidence, const struct block *block, uint8_t digest[SHA256_SIZE])
{
    for (size_t i = 0; block->findings && i < block->findings->n_said; i++) {
        const struct said *said = &block->findings->said[i];
        const uint64_t numbers[] = {square_cell(evidence, block, said->square).id, said->code, said->key};
        chain(digest, numbers, sizeof numbers);
    }
}

static void chain_blocks(const struct evidence *evidence, uint8_t digest[SHA256_SIZE])
{
    const struct block **blocks = room_zeroed(evidence->n_blocks, sizeof(struct block *));

    for (size_t i = 0; i < evidence->n_blocks; i++)
        blocks[i] = evidence_block_at(evidence, i);
    if (evidence->n_blocks)
        qsort(blocks, evidence->n_blocks, sizeof *blocks, by_block_key);
    for (size_t i = 0; i < evidence->n_blocks; i++) {
        if (!blocks[i]->pieces.n && !(blocks[i]->findings && blocks[i]->findings->n_said))
            continue; /* only looked at */
        chain(digest, &blocks[i]->key, sizeof blocks[i]->key);
        for (unsigned p = 0; p < blocks[i]->pieces.n; p++)
            chain_piece(evidence, &blocks[i]->pieces.items[p], digest);
        chain_said(evidence, blocks[i], digest);
    }
    free(blocks);
}

void beliefs_digest(const struct beliefs *beliefs, uint8_t ret_digest[SHA256_SIZE])
{
    const struct road_metres *r = &beliefs->road;
    const uint64_t road[] = {r->covered_cm, r->red_cm, r->yellow_cm, r->green_cm, r->grey_cm, r->unplaced_cm};

    memset(ret_digest, 0, SHA256_SIZE);
    chain_things(beliefs, ret_digest);
    chain_squares(&beliefs->evidence, ret_digest);
    chain_blocks(&beliefs->evidence, ret_digest);
    chain(ret_digest, road, sizeof road);
}
