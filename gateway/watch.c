/* watch.c - what a stretch watched of the squares and pieces of its block.
 *
 * Each wheel (a camera: four lines over its lane) is followed from square to square of the level that its position
 * supports; where it runs through one, in the middle of its way there, w is the probability that it was inside it across the
 * way. The largest w of a unit counts in a square, and in each ancestor. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"
#include "gateway/watch.h"
#include "grid/cover.h"

#define PHI_STEPS      64 /* a sigma */
#define PHI_LAST       256
#define BLOCK_M        (1 << BLOCK_LEVEL)
#define PARALLEL       1e-9
#define FAR            1e9
#define TINY           1e-9 /* of a line: rounding at a border */
const uint8_t watched_leaf_offset[COVER_LEVELS + 1] = {0, 64, 80, 84, 85, 86, WATCHED_LEAVES};

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

void watched_clear(struct watched *w)
{
    for (uint64_t left = w->leaves; left; left &= left - 1) {
        const unsigned leaf = (unsigned)__builtin_ctzll(left);
        memset(&w->raised[64 * leaf], 0, 64);
        w->touched[leaf] = 0;
    }
    for (unsigned leaf = watched_leaf_offset[1]; leaf < watched_leaf_offset[4]; leaf++)
        if (w->touched[leaf]) {
            memset(&w->raised[64 * leaf], 0, 64);
            w->touched[leaf] = 0;
        }
    memset(&w->raised[square_offset[4]], 0, PLACES - square_offset[4]);
    w->touched[watched_leaf_offset[4]] = w->touched[watched_leaf_offset[5]] = 0;
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
    w->touched[watched_leaf_offset[level] + local / 64] |= UINT64_C(1) << local % 64;
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
    uint64_t *touched = &w->touched[watched_leaf_offset[l->level]], leaves = 0;
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
    const uint64_t mask = w->touched[watched_leaf_offset[level] + leaf], pairs = mask | mask >> 1;
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
void watched_raise_ancestors(struct watched *w)
{
    for (uint64_t left = w->leaves; left; left &= left - 1)
        raise_parents(w, 0, (unsigned)__builtin_ctzll(left));
    for (int level = 1; level < COVER_LEVEL_MAX; level++)
        for (unsigned leaf = 0; leaf < (unsigned)(watched_leaf_offset[level + 1] - watched_leaf_offset[level]); leaf++)
            if (w->touched[watched_leaf_offset[level] + leaf])
                raise_parents(w, level, leaf);
}

/* A piece is watched as well as its square, or if no wheel touched that, as the square around it. */
void watched_raise_pieces(struct watched *w)
{
    for (uint64_t left = w->driven; left; left &= left - 1) {
        const unsigned number = (unsigned)__builtin_ctzll(left);
        const uint16_t square = (uint16_t)(square_offset[PIECE_LEVEL] + number / 4);
        const uint8_t raised = w->raised[square] ? w->raised[square] : w->raised[square_parent(square, PIECE_LEVEL)];
        w->raised[SQUARES_IN_BLOCK + number] = raised ? raised & RAISED_WEIGHT : 1;
    }
}

void watch_stretch(const struct evidence *evidence, struct watched *w, const struct stretch *stretch)
{
    for (unsigned segment = 0; segment + 1 < stretch->n_points; segment++)
        watch_segment(evidence, w, stretch, segment);
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
        watch_stretch(evidence, w, stretch);
        at = stretch->next;
    }
    watched_raise_ancestors(w);
    memcpy(ret_quadrants, w->quadrants, sizeof w->quadrants);
    watched_clear(w);
    w->has_quadrants = false;
}
