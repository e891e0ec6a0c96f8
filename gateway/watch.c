/* watch.c - what a stretch watched of the squares and pieces of its block, and the sums of it.
 *
 * Each wheel (a camera: four lines over its lane) is followed from square to square of the level that its position
 * supports; where it runs through one, in the middle of its way there, w is the probability that it was inside it across the
 * way. The largest w of a unit counts in a square, and in each ancestor. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/coverage.h"
#include "gateway/room.h"
#include "grid/cover.h"

#define PHI_STEPS      64 /* a sigma */
#define PHI_LAST       256
#define BLOCK_M        (1 << BLOCK_LEVEL)
#define RAISED_WEIGHT  0x3F /* weight + 1 */
#define RAISED_OWN     0x40
#define DAY_MASK       (511u << 5)
#define PARALLEL       1e-9
#define FAR            1e9
#define TINY           1e-9 /* of a line: rounding at a border */
#define AGE_KEPT       200 /* days: an older square counts as so old, because days are kept modulo 512 */
#define PLACES (SQUARES_IN_BLOCK + PIECES_IN_BLOCK)

#define LEAVES 87 /* of 64 squares: 64 + 16 + 4 + 1, and one each of the 16 and 4 coarsest */
static const uint8_t leaf_offset[COVER_LEVELS + 1] = {0, 64, 80, 84, 85, 86, LEAVES};

/* Of one unit in one block. */
struct watched {
    uint8_t raised[PLACES]; /* RAISED_…, 0: not touched */
    uint64_t touched[LEAVES];
    uint64_t leaves;     /* of the finest level, those that are touched at all */
    uint64_t driven;     /* pieces that the middle line ran through */
    bool has_quadrants;
    uint8_t quadrants[SQUARES_IN_BLOCK]; /* only for coverage_quadrants */
};

/* One line through the block, in squares of its level. */
struct line {
    double x, y, dx, dy;
    double t_per_x, t_per_y; /* 1 / dx, 1 / dy */
    double per_x, per_y, more_x, more_y; /* distance across the way to a border = part of a square * per + more, in steps of phi */
    double pd16;            /* sixteenths of w = 1 */
    uint8_t sure;           /* the same, well away from all borders */
    bool is_east, is_north; /* of ux, uy >= 0 */
    int level, side;        /* squares along the block */
};

struct watched *watched_new(void)
{
    return room_zeroed(1, sizeof(struct watched));
}

void watched_free(struct watched *watched)
{
    free(watched);
}

static void watched_clear(struct watched *w)
{
    for (uint64_t left = w->leaves; left; left &= left - 1) {
        const unsigned leaf = (unsigned)__builtin_ctzll(left);
        memset(&w->raised[64 * leaf], 0, 64);
        w->touched[leaf] = 0;
    }
    for (unsigned leaf = leaf_offset[1]; leaf < leaf_offset[4]; leaf++)
        if (w->touched[leaf]) {
            memset(&w->raised[64 * leaf], 0, 64);
            w->touched[leaf] = 0;
        }
    memset(&w->raised[square_offset[4]], 0, PLACES - square_offset[4]);
    w->touched[leaf_offset[4]] = w->touched[leaf_offset[5]] = 0;
    w->leaves = w->driven = 0;
    if (w->has_quadrants)
        memset(w->quadrants, 0, sizeof w->quadrants);
}

/* `local` counts the squares of the level. */
static inline void raise_square(struct watched *w, int level, unsigned local, uint8_t weight, uint8_t own)
{
    uint8_t *raised = &w->raised[square_offset[level] + local];
    const uint8_t before = *raised, most = (before & RAISED_WEIGHT) > weight + 1 ? before & RAISED_WEIGHT : (uint8_t)(weight + 1);

    *raised = (uint8_t)(most | ((before | own) & RAISED_OWN));
    w->touched[leaf_offset[level] + local / 64] |= UINT64_C(1) << local % 64;
    if (level == 0)
        w->leaves |= UINT64_C(1) << local / 64;
}

/* ---- along a line -------------------------------------------------------------------------------------- */

static inline double least(double a, double b)
{
    return a < b ? a : b;
}

static inline float phi_at(const struct evidence *evidence, double steps)
{
    return evidence->phi[steps < PHI_LAST ? (int)(steps + 0.5) : PHI_LAST];
}

/* The line runs through a square; (x, y) in 0..1 is the middle of its way there. */
static inline uint8_t weight_of(const struct evidence *evidence, const struct line *l, double x, double y)
{
    const double a = l->is_north ? x : 1 - x, b = l->is_east ? 1 - y : y;
    const double left = least(a * l->per_x + l->more_x, b * l->per_y + l->more_y);
    const double right = least((1 - a) * l->per_x + l->more_x, (1 - b) * l->per_y + l->more_y);

    if (left >= PHI_LAST && right >= PHI_LAST)
        return l->sure;
    return (uint8_t)((phi_at(evidence, left) + phi_at(evidence, right)) * l->pd16 + 0.5);
}

/* Bits of 0..63 to the even places. */
static const uint16_t spread6[64] = {
    0x000, 0x001, 0x004, 0x005, 0x010, 0x011, 0x014, 0x015, 0x040, 0x041, 0x044, 0x045, 0x050, 0x051, 0x054, 0x055,
    0x100, 0x101, 0x104, 0x105, 0x110, 0x111, 0x114, 0x115, 0x140, 0x141, 0x144, 0x145, 0x150, 0x151, 0x154, 0x155,
    0x400, 0x401, 0x404, 0x405, 0x410, 0x411, 0x414, 0x415, 0x440, 0x441, 0x444, 0x445, 0x450, 0x451, 0x454, 0x455,
    0x500, 0x501, 0x504, 0x505, 0x510, 0x511, 0x514, 0x515, 0x540, 0x541, 0x544, 0x545, 0x550, 0x551, 0x554, 0x555,
};

/* Narrows from..to (0..1 of the line) to what lies within 0..side. */
static bool clip(double a, double d, double side, double *from, double *to)
{
    if (d == 0)
        return a >= 0 && a < side;
    if (a >= 0 && a <= side && a + d >= 0 && a + d <= side)
        return true;
    const double t0 = -a / d, t1 = (side - a) / d;
    *from = fmax(*from, fmin(t0, t1));
    *to = fmin(*to, fmax(t0, t1));
    return *from < *to;
}

static int clamp_to(double at, int side)
{
    return at < 0 ? 0 : at >= side ? side - 1 : (int)at;
}

static void follow(const struct evidence *evidence, struct watched *w, const struct line *l, uint8_t quadrant)
{
    double t = 0, end = 1;

    if (!clip(l->x, l->dx, l->side, &t, &end) || !clip(l->y, l->dy, l->side, &t, &end))
        return;
    int i = clamp_to(l->x + (t + TINY) * l->dx, l->side), j = clamp_to(l->y + (t + TINY) * l->dy, l->side);
    const int step_i = l->dx > 0 ? 1 : -1, step_j = l->dy > 0 ? 1 : -1;
    double x = l->x - i, y = l->y - j; /* of the line's start, from this square's corner */
    double next_x = ((l->dx > 0) - x) * l->t_per_x, next_y = ((l->dy > 0) - y) * l->t_per_y;

    if (l->dx == 0)
        next_x = INFINITY;
    if (l->dy == 0)
        next_y = INFINITY;
    uint8_t *raised = &w->raised[square_offset[l->level]];
    uint64_t *touched = &w->touched[leaf_offset[l->level]], leaves = 0;
    while (t < end - TINY && (unsigned)i < (unsigned)l->side && (unsigned)j < (unsigned)l->side) {
        const double out = least(least(next_x, next_y), end), middle = (t + out) / 2;
        if (out - t > TINY) {
            const unsigned local = (unsigned)spread6[j] << 1 | spread6[i];
            const uint8_t now = (uint8_t)(RAISED_OWN + 1 + weight_of(evidence, l, x + middle * l->dx, y + middle * l->dy));
            raised[local] = raised[local] > now ? raised[local] : now; /* ancestors come later: all here are own */
            touched[local / 64] |= UINT64_C(1) << local % 64;
            leaves |= UINT64_C(1) << local / 64;
            if (w->has_quadrants)
                w->quadrants[square_offset[l->level] + local] |= quadrant;
        }
        t = out;
        if (next_x <= next_y) {
            i += step_i;
            x -= step_i;
            next_x += fabs(l->t_per_x);
        } else {
            j += step_j;
            y -= step_j;
            next_y += fabs(l->t_per_y);
        }
    }
    w->leaves |= l->level ? 0 : leaves;
}

/* Pieces under the middle line: at steps of at most half a metre less would be missed than GPS can tell, so squares of
 * 16 m are followed like all others, without a weight. */
static void follow_middle(struct watched *w, double x0, double y0, double dx, double dy, unsigned quadrant)
{
    double t = 0, end = 1;

    if (!clip(x0, dx, BLOCK_M, &t, &end) || !clip(y0, dy, BLOCK_M, &t, &end))
        return;
    const double ex = x0 + end * dx, ey = y0 + end * dy;
    int i = clamp_to((x0 + t * dx) / 16, 4), j = clamp_to((y0 + t * dy) / 16, 4);
    const int i1 = clamp_to(ex / 16, 4), j1 = clamp_to(ey / 16, 4);

    for (int steps = 0; steps < 8; steps++) {
        w->driven |= UINT64_C(1) << (piece_square(i, j) * 4 + quadrant);
        if (i == i1 && j == j1)
            return;
        const double tx = dx != 0 && i != i1 ? (16.0 * (dx > 0 ? i + 1 : i) - x0) / dx : INFINITY;
        const double ty = dy != 0 && j != j1 ? (16.0 * (dy > 0 ? j + 1 : j) - y0) / dy : INFINITY;
        if (tx <= ty)
            i += dx > 0 ? 1 : -1;
        else
            j += dy > 0 ? 1 : -1;
    }
}

static void watch_segment(const struct evidence *evidence, struct watched *w, const struct stretch *s, unsigned segment)
{
    static const double offsets[4] = {-1.0, 1.0, -1.0 / 3, 1.0 / 3}; /* wheels; a camera's lane in four lines */
    const struct stretch_point *a = &s->points[segment], *b = a + 1;
    const double x = a->e_cm / 100.0, y = a->n_cm / 100.0;
    const double dx = (b->e_cm - a->e_cm) / 100.0, dy = (b->n_cm - a->n_cm) / 100.0;
    const double length = sqrt(dx * dx + dy * dy);
    const double sigma_m = fmax(1, a->sigma_cm > b->sigma_cm ? a->sigma_cm : b->sigma_cm) / 100.0;
    const double reach = s->sensor == SENSE_CAMERA ? 1.5 : s->half_track_mm / 1000.0;

    if (length <= 0)
        return;
    const double ux = dx / length, uy = dy / length;
    const unsigned quadrant = quadrant_of(ux, uy);
    struct line l = {.level = coverage_level(1000 * sigma_m), .is_east = ux >= 0, .is_north = uy >= 0};
    const double size = 1 << l.level, steps = size / sigma_m * PHI_STEPS;
    l.side = BLOCK_M >> l.level;
    l.pd16 = COVER_ONE * detector_of(&evidence->config.detectors, (enum sense)s->sensor, (enum gnss_class)s->gnss)->pd_pass;
    l.sure = (uint8_t)((evidence->phi[PHI_LAST] + evidence->phi[PHI_LAST]) * l.pd16 + 0.5);
    l.dx = dx / size;
    l.dy = dy / size;
    l.t_per_x = dx != 0 ? size / dx : 0;
    l.t_per_y = dy != 0 ? size / dy : 0;
    const double per_length = length / size * steps; /* of the way, in steps: 1 / |uy| is length / |dy| */
    l.per_x = fabs(uy) > PARALLEL ? per_length * fabs(l.t_per_y) : 0;
    l.more_x = fabs(uy) > PARALLEL ? 0 : FAR;
    l.per_y = fabs(ux) > PARALLEL ? per_length * fabs(l.t_per_x) : 0;
    l.more_y = fabs(ux) > PARALLEL ? 0 : FAR;
    for (int k = 0; k < (s->sensor == SENSE_CAMERA ? 4 : 2); k++) {
        l.x = (x - offsets[k] * reach * uy) / size;
        l.y = (y + offsets[k] * reach * ux) / size;
        follow(evidence, w, &l, (uint8_t)(1u << quadrant));
    }
    follow_middle(w, x, y, dx, dy, quadrant);
}

static inline uint8_t most_of_four(const uint8_t *raised)
{
    const uint8_t a = raised[0] & RAISED_WEIGHT, b = raised[1] & RAISED_WEIGHT;
    const uint8_t c = raised[2] & RAISED_WEIGHT, d = raised[3] & RAISED_WEIGHT;
    const uint8_t ab = a > b ? a : b, cd = c > d ? c : d;

    return ab > cd ? ab : cd;
}

/* Squares with a common parent stand together, four and four. */
static void raise_parents(struct watched *w, int level, unsigned leaf)
{
    const uint64_t mask = w->touched[leaf_offset[level] + leaf], pairs = mask | mask >> 1;
    const uint8_t own = level + 1 == STRIP_LEVEL ? RAISED_OWN : 0;

    for (uint64_t left = (pairs | pairs >> 2) & UINT64_C(0x1111111111111111); left; left &= left - 1) {
        const unsigned local = 64 * leaf + (unsigned)__builtin_ctzll(left);
        const uint16_t first = (uint16_t)(square_offset[level] + local);
        raise_square(w, level + 1, local / 4, (uint8_t)(most_of_four(&w->raised[first]) - 1), own);
        if (w->has_quadrants)
            w->quadrants[square_offset[level + 1] + local / 4] |=
                (uint8_t)(w->quadrants[first] | w->quadrants[first + 1] | w->quadrants[first + 2] |
                          w->quadrants[first + 3]);
    }
}

/* Level by level, so that each square is raised by all its descendants before it raises its parent. */
static void raise_ancestors(struct watched *w)
{
    for (uint64_t left = w->leaves; left; left &= left - 1)
        raise_parents(w, 0, (unsigned)__builtin_ctzll(left));
    for (int level = 1; level < COVER_LEVEL_MAX; level++)
        for (unsigned leaf = 0; leaf < (unsigned)(leaf_offset[level + 1] - leaf_offset[level]); leaf++)
            if (w->touched[leaf_offset[level] + leaf])
                raise_parents(w, level, leaf);
}

/* A piece is watched as well as its square, or if no wheel touched that, as the square around it. */
static void raise_pieces(struct watched *w)
{
    for (uint64_t left = w->driven; left; left &= left - 1) {
        const unsigned number = (unsigned)__builtin_ctzll(left);
        const uint16_t square = (uint16_t)(square_offset[PIECE_LEVEL] + number / 4);
        const uint8_t raised = w->raised[square] ? w->raised[square] : w->raised[square_parent(square, PIECE_LEVEL)];
        w->raised[SQUARES_IN_BLOCK + number] = raised ? raised & RAISED_WEIGHT : 1;
    }
}

static void watch(const struct evidence *evidence, struct watched *w, const struct stretch *stretch)
{
    for (unsigned segment = 0; segment + 1 < stretch->n_points; segment++)
        watch_segment(evidence, w, stretch, segment);
}

/* ---- sums ---------------------------------------------------------------------------------------------- */

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
            watch(evidence, had, other);
            has_any = true;
        }
        at = other->next;
    }
    if (has_any) {
        raise_ancestors(had);
        raise_pieces(had);
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
    const unsigned n = (unsigned)(leaf_offset[level + 1] - leaf_offset[level]);
    struct cellmap_path *path = &evidence->paths[level];
    bool is_there = false;

    for (uint64_t left = level ? (UINT64_C(1) << n) - 1 : w->leaves; left; left &= left - 1) {
        const unsigned leaf = (unsigned)__builtin_ctzll(left);
        const uint64_t key = square_key(block, (uint16_t)(square_offset[level] + 64 * leaf), level);
        if (!w->touched[leaf_offset[level] + leaf])
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
    const unsigned n = (unsigned)(leaf_offset[level + 1] - leaf_offset[level]);

    for (uint64_t left = level ? (UINT64_C(1) << n) - 1 : w->leaves; left && !sum->is_late; left &= left - 1) {
        const unsigned leaf = (unsigned)__builtin_ctzll(left);
        const uint16_t first = (uint16_t)(square_offset[level] + 64 * leaf);
        if (w->touched[leaf_offset[level] + leaf])
            add_leaf(evidence, sum, level, square_key(block, first, level), &w->raised[first],
                     &evidence->had->raised[first], w->touched[leaf_offset[level] + leaf]);
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
    watch(evidence, evidence->watched, stretch);
    raise_ancestors(evidence->watched);
    raise_pieces(evidence->watched);
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
    watch(evidence, w, stretch);
    raise_ancestors(w);
    raise_pieces(w);
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

void coverage_quadrants(const struct evidence *evidence, const struct block *block, uint8_t *ret_quadrants)
{
    struct watched *w = evidence->watched;
    const int window = block_window(evidence, block);

    w->has_quadrants = true;
    for (uint32_t at = block->newest; at;) {
        const struct stretch *stretch = stretch_at(&evidence->stretches, at);
        if (evidence->day != NO_DAY && evidence->day - stretch->hour / HOURS_PER_DAY > window)
            break;
        watch(evidence, w, stretch);
        at = stretch->next;
    }
    raise_ancestors(w);
    memcpy(ret_quadrants, w->quadrants, sizeof w->quadrants);
    watched_clear(w);
    w->has_quadrants = false;
}

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
