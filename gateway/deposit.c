/* deposit.c - what was watched, summed up: squares and pieces of a block over units and days, folded again where something
 * came late, and aged day by day. */
#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"
#include "gateway/watch.h"
#include "grid/cover.h"

#define DAY_MASK (511u << 5)
#define AGE_KEPT 200 /* days: an older square counts as so old, because days are kept modulo 512 */

static bool is_same_unit(const struct stretch *a, const struct stretch *b)
{
    return a->speaker == b->speaker && a->hour == b->hour && a->sensor == b->sensor;
}

/* What the unit watched on the stretches that stand behind this one in the chain: they came before. False if there are none. */
static bool watch_earlier(const struct evidence *evidence, struct watched *had, const struct stretch *stretch)
{
    bool has_any = false;

    for (uint32_t at = stretch->next; at;) {
        const struct stretch *other = stretch_at(&evidence->stretches, at);
        if (other->hour != stretch->hour)
            break;
        if (is_same_unit(other, stretch)) {
            watch_stretch(evidence, had, other);
            has_any = true;
        }
        at = other->next;
    }
    if (has_any) {
        watched_raise_ancestors(had);
        watched_raise_pieces(had);
    }
    return has_any;
}

/* The part of a square that is told. */
static inline uint16_t shown_part(uint16_t cover)
{
    const unsigned coverage = cover_coverage(cover);

    return (uint16_t)((cover & ~COVER_COVERAGE_MAX) |
                      (coverage >= COVER_FULL ? COVER_FULL : coverage >= COVER_PALE ? COVER_PALE : 0));
}

/* A square that was swept has forgotten what faded: what comes within the window after its day must be folded. */
static bool is_swept(const struct evidence *evidence, uint16_t cover, int64_t day, int window)
{
    if (evidence->day == NO_DAY || !cover || cover_coverage(cover))
        return false;
    const int days = cover_days_to(cover, day);
    return days > 0 && days < window && cover_days_to(cover, evidence->day) > window;
}

/* As of evidence->day. */
static void sweep_cover(const struct evidence *evidence, uint16_t *cover, int window)
{
    if (evidence->day != NO_DAY && cover_days_to(*cover, evidence->day) > window)
        *cover &= (uint16_t)~COVER_COVERAGE_MAX;
}

struct sum {
    int64_t day;
    int window;
    uint16_t today; /* as a square keeps it */
    bool is_stale;  /* so old that it shows no more */
    bool is_late;   /* found: a square knows of a later day */
    bool is_void;   /* of a node that is not believed */
};

static struct sum sum_of(const struct evidence *evidence, const struct block *block, int64_t day)
{
    const int window = block_window(evidence, block);

    return (struct sum){.day = day,
                        .window = window,
                        .today = cover_pack(CODE_GREY, day, 0),
                        .is_stale = evidence->day != NO_DAY && evidence->day - day > window};
}

static void add_slowly(const struct evidence *evidence, struct sum *sum, uint16_t *cover, unsigned weight, bool is_own)
{
    if (is_swept(evidence, *cover, sum->day, sum->window) || !cover_add(cover, sum->day, weight, sum->window, is_own))
        sum->is_late = true;
    else
        sweep_cover(evidence, cover, sum->window);
}

/* cover_add, quick where the square is new or of today. */
static inline void add_to(const struct evidence *evidence, struct sum *sum, uint16_t *cover, unsigned weight, bool is_own)
{
    const uint16_t before = *cover;

    if (sum->is_stale || (before && ((before ^ sum->today) & DAY_MASK))) {
        add_slowly(evidence, sum, cover, weight, is_own);
        return;
    }
    const unsigned coverage = cover_coverage(before) + weight;
    const unsigned colour = cover_colour(before) || !is_own ? cover_colour(before) : CODE_GREEN;
    *cover = (uint16_t)(colour << 14 | sum->today | (coverage < COVER_COVERAGE_MAX ? coverage : COVER_COVERAGE_MAX));
}

/* A leaf of which a code moved; the last one often again. */
static void note_moved(struct leaf_list *moved, uint64_t leaf)
{
    if (moved->n && moved->items[moved->n - 1] == leaf)
        return;
    ROOM(moved->items, moved->capacity, moved->n + 1);
    moved->items[moved->n++] = leaf;
}

static inline bool is_told_anew(uint16_t before, uint16_t after)
{
    return cover_colour(after) && shown_part(before) != shown_part(after);
}

static void note_change(struct evidence *evidence, int level, uint64_t key, uint16_t before, uint16_t after)
{
    if (!is_told_anew(before, after))
        return;
    cellmap_mark(&evidence->maps[level], &evidence->paths[level], key);
    if (cover_shown(before) != cover_shown(after))
        note_moved(&evidence->moved[level], key >> 6);
}

/* The squares of one leaf. */
static void add_leaf(struct evidence *evidence, struct sum *sum, int level, uint64_t base, const uint8_t *raised,
                     const uint8_t *had, uint64_t touched)
{
    struct cellmap *map = &evidence->maps[level];
    struct cellmap_path path = evidence->paths[level];
    bool is_new = false, has_moved = false;

    for (uint64_t left = touched; left; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        uint16_t *cover = cellmap_touch(map, &path, base + i);
        const uint16_t before = *cover;
        add_to(evidence, sum, cover, had[i] ? 0 : (raised[i] & RAISED_WEIGHT) - 1u, raised[i] & RAISED_OWN);
        const uint16_t after = *cover;
        if (before == after || !cover_colour(after) || !is_told_anew(before, after))
            continue;
        is_new = true;
        has_moved |= cover_shown(before) != cover_shown(after);
    }
    if (is_new)
        cellmap_mark(map, &path, base + (unsigned)__builtin_ctzll(touched));
    if (has_moved)
        note_moved(&evidence->moved[level], base >> 6);
    evidence->paths[level] = path;
}

/* All leaves of a level at once: their way from memory is longer than what is done with them. */
static void bring_near(struct evidence *evidence, const struct block *block, int level)
{
    const struct watched *w = evidence->watched;
    const unsigned n = (unsigned)(watched_leaf_offset[level + 1] - watched_leaf_offset[level]);
    struct cellmap_path *path = &evidence->paths[level];
    bool is_there = false;

    for (uint64_t left = level ? (UINT64_C(1) << n) - 1 : w->leaves; left; left &= left - 1) {
        const unsigned leaf = (unsigned)__builtin_ctzll(left);
        const uint64_t key = square_key(block, (uint16_t)(square_offset[level] + 64 * leaf), level);
        if (!w->touched[watched_leaf_offset[level] + leaf])
            continue;
        if (!is_there)
            cellmap_get(&evidence->maps[level], path, key); /* finds the block */
        is_there = true;
        cellmap_prefetch(&evidence->maps[level], path, key);
    }
}

static void add_squares(struct evidence *evidence, const struct block *block, struct sum *sum, int level)
{
    const struct watched *w = evidence->watched;
    const unsigned n = (unsigned)(watched_leaf_offset[level + 1] - watched_leaf_offset[level]);

    for (uint64_t left = level ? (UINT64_C(1) << n) - 1 : w->leaves; left && !sum->is_late; left &= left - 1) {
        const unsigned leaf = (unsigned)__builtin_ctzll(left);
        const uint16_t first = (uint16_t)(square_offset[level] + 64 * leaf);
        if (w->touched[watched_leaf_offset[level] + leaf])
            add_leaf(evidence, sum, level, square_key(block, first, level), &w->raised[first],
                     &evidence->had->raised[first], w->touched[watched_leaf_offset[level] + leaf]);
    }
}

static void add_pieces(struct evidence *evidence, struct block *block, struct sum *sum)
{
    const struct watched *w = evidence->watched;

    for (uint64_t left = w->driven; left && !sum->is_late; left &= left - 1) {
        const unsigned number = (unsigned)__builtin_ctzll(left), place = SQUARES_IN_BLOCK + number;
        add_to(evidence, sum, &pieces_make(&block->pieces, number)->cover,
               evidence->had->raised[place] ? 0 : (w->raised[place] & RAISED_WEIGHT) - 1u, true);
    }
}

static bool is_believed(const struct evidence *evidence, const struct stretch *stretch)
{
    return !evidence->is_believed ||
           evidence->is_believed(evidence->is_believed_context, stretch->speaker, stretch->hour / HOURS_PER_DAY);
}

void coverage_deposit(struct evidence *evidence, struct block *block, const struct stretch *stretch)
{
    struct sum sum = sum_of(evidence, block, stretch->hour / HOURS_PER_DAY);

    if (!is_believed(evidence, stretch))
        block_work(evidence, block, WORK_FOLD | WORK_COLOUR);
    if (block->work & WORK_FOLD)
        return; /* it will be folded with the others */
    watch_stretch(evidence, evidence->watched, stretch);
    watched_raise_ancestors(evidence->watched);
    watched_raise_pieces(evidence->watched);
    const bool has_earlier = watch_earlier(evidence, evidence->had, stretch);
    for (int level = 0; level < STRIP_LEVEL; level++)
        bring_near(evidence, block, level);
    for (int level = 0; level < COVER_LEVELS; level++)
        add_squares(evidence, block, &sum, level);
    add_pieces(evidence, block, &sum);
    watched_clear(evidence->watched);
    if (has_earlier)
        watched_clear(evidence->had);
    block_work(evidence, block, sum.is_late ? WORK_FOLD | WORK_COLOUR : WORK_COLOUR);
}

/* ---- folding a block again ----------------------------------------------------------------------------- */

/* Its stretches, oldest hour first, within an hour as they came. */
static struct number_list chain_of(const struct evidence *evidence, const struct block *block)
{
    struct number_list list = {0};

    for (uint32_t at = block->newest; at; at = stretch_at(&evidence->stretches, at)->next) {
        ROOM(list.items, list.capacity, list.n + 1);
        list.items[list.n++] = at;
    }
    for (size_t i = 0; i < list.n / 2; i++) {
        const uint32_t swap = list.items[i];
        list.items[i] = list.items[list.n - 1 - i];
        list.items[list.n - 1 - i] = swap;
    }
    return list;
}

/* New values of all places that any stretch touches. */
struct fold {
    uint16_t covers[PLACES];
    bool is_touched[PLACES], is_void[PLACES]; /* by somebody who is believed; only by others */
};

static void fold_place(const struct evidence *evidence, struct sum *sum, struct fold *fold, unsigned place, bool is_own)
{
    const uint8_t had = evidence->had->raised[place];

    if (sum->is_void && fold->is_touched[place])
        return;
    if (sum->is_void) { /* known, and covered by nobody */
        cover_add(&fold->covers[place], sum->day, 0, sum->window, is_own);
        fold->is_void[place] = true;
        return;
    }
    fold->is_touched[place] = true;
    cover_add(&fold->covers[place], sum->day, had ? 0 : (evidence->watched->raised[place] & RAISED_WEIGHT) - 1u,
              sum->window, is_own);
}

static void fold_stretch(struct evidence *evidence, struct sum *sum, struct fold *fold, const struct stretch *stretch)
{
    struct watched *w = evidence->watched;

    sum->day = stretch->hour / HOURS_PER_DAY;
    watch_stretch(evidence, w, stretch);
    watched_raise_ancestors(w);
    watched_raise_pieces(w);
    const bool has_earlier = watch_earlier(evidence, evidence->had, stretch);
    for (uint16_t square = 0; square < SQUARES_IN_BLOCK; square++)
        if (w->raised[square])
            fold_place(evidence, sum, fold, square, w->raised[square] & RAISED_OWN);
    for (uint64_t left = w->driven; left; left &= left - 1)
        fold_place(evidence, sum, fold, SQUARES_IN_BLOCK + (unsigned)__builtin_ctzll(left), true);
    watched_clear(w);
    if (has_earlier)
        watched_clear(evidence->had);
}

/* The colour that was decided stays until the block is coloured again. */
static uint16_t with_colour_of(uint16_t before, uint16_t after)
{
    return cover_colour(before) && cover_colour(after)
               ? (uint16_t)((after & 0x3FFF) | (unsigned)cover_colour(before) << 14)
               : after;
}

static void write_fold(struct evidence *evidence, struct block *block, const struct fold *fold, int window)
{
    for (int level = 0; level < COVER_LEVELS; level++)
        for (uint16_t square = square_offset[level]; square < square_offset[level + 1]; square++) {
            if (!fold->is_touched[square] && !fold->is_void[square])
                continue;
            const uint64_t key = square_key(block, square, level);
            uint16_t *cover = cellmap_touch(&evidence->maps[level], &evidence->paths[level], key);
            const uint16_t before = *cover;
            *cover = with_colour_of(before, fold->covers[square]);
            sweep_cover(evidence, cover, window);
            if (before != *cover)
                note_change(evidence, level, key, before, *cover);
        }
    for (unsigned number = 0; number < PIECES_IN_BLOCK; number++) {
        if (!fold->is_touched[SQUARES_IN_BLOCK + number] && !fold->is_void[SQUARES_IN_BLOCK + number])
            continue;
        uint16_t *cover = &pieces_make(&block->pieces, number)->cover;
        *cover = with_colour_of(*cover, fold->covers[SQUARES_IN_BLOCK + number]);
        sweep_cover(evidence, cover, window);
    }
}

void coverage_fold(struct evidence *evidence, struct block *block)
{
    struct fold *fold = room_zeroed(1, sizeof *fold);
    struct number_list chain = chain_of(evidence, block);
    struct sum sum = {.window = block_window(evidence, block)};

    for (int round = 0; round < 2; round++) /* first those who are believed */
        for (size_t i = 0; i < chain.n; i++) {
            const struct stretch *stretch = stretch_at(&evidence->stretches, chain.items[i]);
            sum.is_void = round == 1;
            if (is_believed(evidence, stretch) != sum.is_void)
                fold_stretch(evidence, &sum, fold, stretch);
        }
    write_fold(evidence, block, fold, sum.window);
    free(chain.items);
    free(fold);
}

/* ---- age ----------------------------------------------------------------------------------------------- */

/* One day's step of a square: `jump` days on from evidence->day to `day`. */
static uint16_t aged(const struct evidence *evidence, uint16_t cover, int64_t day, int window)
{
    if (!cover)
        return cover;
    const int64_t age = evidence->day == NO_DAY ? cover_days_to(cover, day)
                                                : cover_days_to(cover, evidence->day) + (day - evidence->day);
    const unsigned coverage = age > window ? 0 : cover_coverage(cover);

    return cover_pack(cover_colour(cover), age > AGE_KEPT ? day - AGE_KEPT : day - age, coverage);
}

static int window_of_square(const struct evidence *evidence, int level, uint64_t key)
{
    const struct cell cell = {(key << (2 * level + 1)) | UINT64_C(1) << (2 * level)};
    const struct grid_point corner = cell_corner(cell);
    const struct block *block =
        evidence_block(evidence, block_coordinate(corner.e_mm), block_coordinate(corner.n_mm));

    return block ? block_window(evidence, block) : 1; /* one without a block is of a damaged image */
}

/* A leaf of finer squares lies within one block. */
static void age_leaf(struct evidence *evidence, int level, const struct cellmap_leaf *leaf, int64_t day)
{
    const bool is_within = level + 3 <= BLOCK_LEVEL || !evidence->config.class_of;
    int window = window_of_square(evidence, level, leaf->key << 6 | (unsigned)__builtin_ctzll(leaf->present));

    for (uint64_t left = leaf->present; left; left &= left - 1) {
        const unsigned square = (unsigned)__builtin_ctzll(left);
        const uint64_t key = leaf->key << 6 | square;
        if (!is_within)
            window = window_of_square(evidence, level, key);
        const uint16_t before = leaf->values[square], after = aged(evidence, before, day, window);
        if (before == after)
            continue;
        *cellmap_touch(&evidence->maps[level], &evidence->paths[level], key) = after;
        note_change(evidence, level, key, before, after);
    }
}

static void age_pieces(struct evidence *evidence, int64_t day)
{
    for (size_t i = 0; i < evidence->n_blocks; i++) {
        struct block *block = evidence_block_at(evidence, i);
        const int window = block_window(evidence, block);
        for (unsigned p = 0; p < block->pieces.n; p++)
            block->pieces.items[p].cover = aged(evidence, block->pieces.items[p].cover, day, window);
    }
}

void coverage_sweep(struct evidence *evidence, int64_t day)
{
    for (int level = 0; level < COVER_LEVELS; level++) {
        struct cellmap_cursor cursor;
        struct cellmap_leaf leaf;
        cellmap_cursor_open(&cursor, &evidence->maps[level]);
        while (cellmap_cursor_next(&cursor, &leaf))
            age_leaf(evidence, level, &leaf, day);
        cellmap_cursor_close(&cursor);
    }
    age_pieces(evidence, day);
}

/* ---- for colour.c -------------------------------------------------------------------------------------- */

void coverage_paint(struct evidence *evidence, const struct block *block, uint16_t square, enum road_code colour)
{
    const int level = square_level(square);
    const uint64_t key = square_key(block, square, level);
    const uint16_t cover = cellmap_get(&evidence->maps[level], &evidence->paths[level], key);

    if (cover_colour(cover) && cover_colour(cover) != colour)
        *cellmap_touch(&evidence->maps[level], &evidence->paths[level], key) =
            (uint16_t)((cover & 0x3FFF) | (unsigned)colour << 14);
}

void coverage_tell(struct evidence *evidence, const struct block *block, uint16_t square)
{
    const int level = square_level(square);
    const uint64_t key = square_key(block, square, level);

    cellmap_touch(&evidence->maps[level], &evidence->paths[level], key);
    cellmap_mark(&evidence->maps[level], &evidence->paths[level], key);
    note_moved(&evidence->moved[level], key >> 6);
}
