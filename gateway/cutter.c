/* cutter.c - a pass into stretches: at the borders of blocks, widened by its half track, and at hours. */
#include <math.h>
#include <stdlib.h>

#include "gateway/room.h"
#include "gateway/stretch.h"

#define STRAIGHT_CM 2.0       /* how far a point that is left out may lie off the line, */
#define STRAIGHT_SIGMAS 0.125 /* or this part of its sigma: 0.8 % of the variance at most */
#define CAMERA_REACH_MM 1500  /* the outer lines that a camera looks along */

struct vector {
    double x, y;
};

/* A stretch under way. The last point may still be replaced by one further on, as long as the line from the one before
 * it passes all that were left out: within the cone between `right` and `left`. */
struct cut {
    int32_t column, row;
    uint32_t hour;
    size_t last_segment; /* it reaches to the end of this one */
    double from_mm, to_mm; /* along the pass */
    bool has_cone;
    struct vector left, right;
    struct stretch_point *points;
    size_t n, capacity;
};

struct cutter {
    struct cut *cuts;
    size_t n, capacity;
    double length_mm; /* of the pass */
    const struct stretch_taker *taker;
    struct stretch head;
};

struct cutter *cutter_new(void)
{
    return room_zeroed(1, sizeof(struct cutter));
}

void cutter_free(struct cutter *cutter)
{
    if (!cutter)
        return;
    for (size_t i = 0; i < cutter->capacity; i++)
        free(cutter->cuts[i].points);
    free(cutter->cuts);
    free(cutter);
}

/* ---- points that matter -------------------------------------------------------------------------------- */

static double cross(struct vector a, struct vector b)
{
    return a.x * b.y - a.y * b.x;
}

static struct vector between(const struct stretch_point *from, const struct stretch_point *to)
{
    return (struct vector){to->e_cm - from->e_cm, to->n_cm - from->n_cm};
}

/* Directions from the point before the last that pass the last near enough. */
static void narrow_cone(struct cut *cut)
{
    const struct vector to = between(&cut->points[cut->n - 2], &cut->points[cut->n - 1]);
    const double length = sqrt(to.x * to.x + to.y * to.y);
    const double apart = fmax(STRAIGHT_CM, STRAIGHT_SIGMAS * cut->points[cut->n - 1].sigma_cm);

    if (length <= apart)
        return;
    const struct vector aside = {-to.y / length * apart, to.x / length * apart};
    const struct vector left = {to.x + aside.x, to.y + aside.y}, right = {to.x - aside.x, to.y - aside.y};
    if (!cut->has_cone || cross(left, cut->left) > 0)
        cut->left = left;
    if (!cut->has_cone || cross(cut->right, right) > 0)
        cut->right = right;
    cut->has_cone = true;
}

static bool goes_straight_on(const struct cut *cut, const struct stretch_point *p)
{
    if (cut->n < 2)
        return false;
    const struct stretch_point *anchor = &cut->points[cut->n - 2], *last = &cut->points[cut->n - 1];
    const struct vector to = between(anchor, p), before = between(anchor, last);

    if (p->sigma_cm != last->sigma_cm || p->sigma_cm != anchor->sigma_cm || !cut->has_cone)
        return false;
    return to.x * to.x + to.y * to.y > before.x * before.x + before.y * before.y &&
           to.x * before.x + to.y * before.y > 0 && cross(cut->right, to) >= 0 && cross(to, cut->left) >= 0;
}

static void add_point(struct cut *cut, struct stretch_point p)
{
    if (cut->n && cut->points[cut->n - 1].e_cm == p.e_cm && cut->points[cut->n - 1].n_cm == p.n_cm) {
        if (p.sigma_cm > cut->points[cut->n - 1].sigma_cm)
            cut->points[cut->n - 1].sigma_cm = p.sigma_cm;
        return;
    }
    if (goes_straight_on(cut, &p)) {
        cut->points[cut->n - 1] = p;
    } else {
        ROOM(cut->points, cut->capacity, cut->n + 1);
        cut->points[cut->n++] = p;
        cut->has_cone = false;
    }
    if (cut->n >= 2)
        narrow_cone(cut);
}

/* ---- cuts ---------------------------------------------------------------------------------------------- */

static uint16_t whole_cm(double mm)
{
    return (uint16_t)lround(fmin(fmax(mm, 0), REACH_MM) / 10);
}

static void finish(struct cutter *cutter, struct cut *cut)
{
    struct stretch head = cutter->head;

    head.hour = cut->hour;
    head.behind_cm = whole_cm(cut->from_mm);
    head.ahead_cm = whole_cm(cutter->length_mm - cut->to_mm);
    head.n_points = (uint16_t)cut->n;
    if (cut->n >= 2)
        cutter->taker->take(cutter->taker->context, cut->column, cut->row, &head, cut->points);
    cut->n = 0;
    cut->has_cone = false;
}

/* Those that `segment` did not go on with, or that it left; their room is kept. */
static void finish_old(struct cutter *cutter, size_t segment)
{
    size_t kept = 0;

    for (size_t i = 0; i < cutter->n; i++) {
        if (cutter->cuts[i].last_segment < segment) {
            finish(cutter, &cutter->cuts[i]);
            continue;
        }
        const struct cut swap = cutter->cuts[kept];
        cutter->cuts[kept++] = cutter->cuts[i];
        cutter->cuts[i] = swap;
    }
    cutter->n = kept;
}

static struct cut *cut_of(struct cutter *cutter, int32_t column, int32_t row)
{
    for (size_t i = 0; i < cutter->n; i++)
        if (cutter->cuts[i].column == column && cutter->cuts[i].row == row)
            return &cutter->cuts[i];
    ROOM(cutter->cuts, cutter->capacity, cutter->n + 1);
    struct cut *cut = &cutter->cuts[cutter->n++];
    cut->column = column;
    cut->row = row;
    cut->n = 0;
    cut->has_cone = false;
    return cut;
}

/* Narrows *from..*to (0..1 of a segment) to where low <= a + t d <= high. */
static bool clip(double a, double d, double low, double high, double *from, double *to)
{
    if (d == 0)
        return a >= low && a <= high;
    const double t0 = (low - a) / d, t1 = (high - a) / d;
    *from = fmax(*from, fmin(t0, t1));
    *to = fmin(*to, fmax(t0, t1));
    return *from < *to;
}

struct segment {
    const struct road_point *a, *b;
    size_t number;
    double start_mm, length_mm;
    double reach_mm;
};

/* To the nearest, from at most 70 m. */
static int16_t cm_of(int64_t mm)
{
    return (int16_t)((mm + 100005) / 10 - 10000);
}

static struct stretch_point end_of(const struct road_point *p, int64_t corner_e, int64_t corner_n)
{
    return (struct stretch_point){cm_of(p->at.e_mm - corner_e), cm_of(p->at.n_mm - corner_n), p->sigma_cm};
}

static struct stretch_point point_at(const struct segment *s, double t, int64_t corner_e, int64_t corner_n)
{
    if (t == 0 || t == 1)
        return end_of(t == 0 ? s->a : s->b, corner_e, corner_n);
    const double e = (double)(s->a->at.e_mm - corner_e) + t * (double)(s->b->at.e_mm - s->a->at.e_mm);
    const double n = (double)(s->a->at.n_mm - corner_n) + t * (double)(s->b->at.n_mm - s->a->at.n_mm);
    const uint16_t sigma = s->a->sigma_cm > s->b->sigma_cm ? s->a->sigma_cm : s->b->sigma_cm;

    return (struct stretch_point){(int16_t)lround(e / 10), (int16_t)lround(n / 10), sigma};
}

static void add_to_block(struct cutter *cutter, const struct segment *s, int32_t column, int32_t row)
{
    const int64_t corner_e = (int64_t)column * BLOCK_MM, corner_n = (int64_t)row * BLOCK_MM;
    const uint32_t hour = (uint32_t)(s->a->time_ns / NS_PER_HOUR);
    double from = 0, to = 1;

    if (!clip((double)(s->a->at.e_mm - corner_e), (double)(s->b->at.e_mm - s->a->at.e_mm), -s->reach_mm,
              BLOCK_MM + s->reach_mm, &from, &to) ||
        !clip((double)(s->a->at.n_mm - corner_n), (double)(s->b->at.n_mm - s->a->at.n_mm), -s->reach_mm,
              BLOCK_MM + s->reach_mm, &from, &to))
        return;
    struct cut *cut = cut_of(cutter, column, row);
    if (cut->n && (from > 0 || cut->last_segment + 1 != s->number || cut->hour != hour ||
                   cut->n >= STRETCH_POINTS_MAX - 1))
        finish(cutter, cut);
    if (!cut->n) {
        cut->hour = hour;
        cut->from_mm = s->start_mm + from * s->length_mm;
        add_point(cut, point_at(s, from, corner_e, corner_n));
    }
    add_point(cut, point_at(s, to, corner_e, corner_n));
    cut->to_mm = s->start_mm + to * s->length_mm;
    cut->last_segment = to < 1 ? s->number - 1 : s->number; /* one that left is not gone on with */
}

/* Mostly the pass is well inside one block. */
static bool goes_on_inside(struct cutter *cutter, const struct segment *s)
{
    struct cut *cut = cutter->n == 1 ? &cutter->cuts[0] : NULL;

    if (!cut || cut->n < 2 || cut->last_segment + 1 != s->number || cut->n >= STRETCH_POINTS_MAX - 1 ||
        cut->hour != (uint32_t)(s->a->time_ns / NS_PER_HOUR))
        return false;
    const int64_t corner_e = (int64_t)cut->column * BLOCK_MM, corner_n = (int64_t)cut->row * BLOCK_MM;
    const int64_t low = (int64_t)s->reach_mm, inside = BLOCK_MM - 2 * low;
    if ((uint64_t)(s->a->at.e_mm - corner_e - low) >= (uint64_t)inside ||
        (uint64_t)(s->a->at.n_mm - corner_n - low) >= (uint64_t)inside ||
        (uint64_t)(s->b->at.e_mm - corner_e - low) >= (uint64_t)inside ||
        (uint64_t)(s->b->at.n_mm - corner_n - low) >= (uint64_t)inside)
        return false;
    add_point(cut, end_of(s->b, corner_e, corner_n));
    cut->to_mm = s->start_mm + s->length_mm;
    cut->last_segment = s->number;
    return true;
}

static void cut_segment(struct cutter *cutter, const struct segment *s)
{
    const struct grid_point a = s->a->at, b = s->b->at;
    const int64_t reach = (int64_t)s->reach_mm;
    const int32_t column1 = block_coordinate((a.e_mm > b.e_mm ? a.e_mm : b.e_mm) + reach);
    const int32_t row1 = block_coordinate((a.n_mm > b.n_mm ? a.n_mm : b.n_mm) + reach);

    for (int32_t row = block_coordinate((a.n_mm < b.n_mm ? a.n_mm : b.n_mm) - reach); row <= row1; row++)
        for (int32_t column = block_coordinate((a.e_mm < b.e_mm ? a.e_mm : b.e_mm) - reach); column <= column1; column++)
            add_to_block(cutter, s, column, row);
}

static double length_between(struct grid_point a, struct grid_point b)
{
    const double e = (double)(b.e_mm - a.e_mm), n = (double)(b.n_mm - a.n_mm);

    return sqrt(e * e + n * n);
}

static double length_of(const struct road_point *points, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i + 1 < n; i++)
        sum += length_between(points[i].at, points[i + 1].at);
    return sum;
}

void cutter_cut(struct cutter *cutter, const struct stretch *head, const struct road_point *points, size_t n_points,
                const struct stretch_taker *taker)
{
    struct segment s = {.reach_mm = head->sensor == SENSE_CAMERA ? CAMERA_REACH_MM : head->half_track_mm};

    cutter->head = *head;
    cutter->taker = taker;
    cutter->length_mm = length_of(points, n_points);
    for (size_t i = 0; i + 1 < n_points; i++) {
        s.a = &points[i];
        s.b = &points[i + 1];
        s.length_mm = length_between(s.a->at, s.b->at);
        if (s.length_mm <= 0)
            continue; /* it stands */
        s.number++;
        if (!goes_on_inside(cutter, &s)) {
            cut_segment(cutter, &s);
            finish_old(cutter, s.number);
        }
        s.start_mm += s.length_mm;
    }
    for (size_t i = 0; i < cutter->n; i++)
        finish(cutter, &cutter->cuts[i]);
    cutter->n = 0;
}
