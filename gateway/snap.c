#include "gateway/snap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"

#define CHORD_MM 10000.0     /* a heading is taken over as much */
#define CHORD_MM_MIN 3000.0  /* below it stands still */
#define HEADING_COS 0.93969  /* cos 20 degrees */

/* ---- where the points lie ------------------------------------------------------------------------------- */

static double distance_mm(struct grid_point a, struct grid_point b)
{
    const double e = (double)(b.e_mm - a.e_mm), n = (double)(b.n_mm - a.n_mm);

    return sqrt(e * e + n * n);
}

/* The way the pass runs around a point: the chord over at least CHORD_MM, as far as there are points. */
static struct road_direction heading_at(const struct pass *pass, const struct snap_point *looks, size_t i)
{
    size_t from = i, to = i;

    while (from > 0 && looks[i].from_start_mm - looks[from].from_start_mm < CHORD_MM / 2)
        from--;
    while (to + 1 < pass->n_points && looks[to].from_start_mm - looks[i].from_start_mm < CHORD_MM / 2)
        to++;
    const struct grid_point a = pass->points[from].at, b = pass->points[to].at;
    if (distance_mm(a, b) < CHORD_MM_MIN)
        return (struct road_direction){0, 0};
    return (struct road_direction){b.e_mm - a.e_mm, b.n_mm - a.n_mm};
}

static bool runs_along(struct road_direction heading, struct road_direction along)
{
    const double he = (double)heading.e, hn = (double)heading.n, ae = (double)along.e, an = (double)along.n;

    return fabs(he * ae + hn * an) >= HEADING_COS * sqrt((he * he + hn * hn) * (ae * ae + an * an));
}

/* Which direction's lanes are not known where an odd number of them is shared. */
static bool has_clear_lanes(const struct road_way *way)
{
    return way->is_oneway || way->lanes == 1 || way->lanes % 2 == 0;
}

static void look_at(const struct snap_config *config, const struct pass *pass, size_t i, struct snap_point *look,
                    struct road_direction heading)
{
    const struct pass_point *point = &pass->points[i];
    const bool is_other = pass->frame == FRAME_ITRF_CURRENT;
    const struct grid_point at = {point->at.e_mm + (is_other ? config->frame_de_mm : 0),
                                  point->at.n_mm + (is_other ? config->frame_dn_mm : 0)};
    struct road_place place;

    if (point->sigma_cm < SNAP_SIGMA_CM_MIN || point->sigma_cm * 10 > ROAD_SIGMA_MM_MAX || (heading.e == 0 && heading.n == 0))
        return;
    if (road_locate(config->network, at, heading, point->sigma_cm * 10u, &place) != ROAD_OK || !place.is_unambiguous)
        return;
    const struct road_way *way = &config->network->ways[place.way];
    const double sigma_mm = sqrt(SNAP_WANDER_MM * SNAP_WANDER_MM + (double)way->line_sigma_mm * way->line_sigma_mm);
    if (!way->line_sigma_mm || sigma_mm * 2 > point->sigma_cm * 10.0 || !runs_along(heading, place.along) || !has_clear_lanes(way))
        return;
    const double length = sqrt((double)place.along.e * (double)place.along.e + (double)place.along.n * (double)place.along.n);
    look->is_candidate = true;
    look->way = place.way;
    look->is_backward = place.is_backward;
    look->chainage_mm = place.chainage_mm;
    look->lateral_mm = place.lateral_mm;
    look->sigma_cm = (uint16_t)ceil(sigma_mm / 10);
    look->side_e = (double)place.along.n / length;
    look->side_n = -(double)place.along.e / length;
}

static void look_at_all(const struct snap_config *config, const struct pass *pass, struct snap_point *looks)
{
    looks[0] = (struct snap_point){.is_candidate = false};
    for (size_t i = 1; i < pass->n_points; i++)
        looks[i] = (struct snap_point){
            .from_start_mm = looks[i - 1].from_start_mm + distance_mm(pass->points[i - 1].at, pass->points[i].at)};
    for (size_t i = 0; i < pass->n_points; i++)
        look_at(config, pass, i, &looks[i], heading_at(pass, looks, i));
}

/* ---- which lane ----------------------------------------------------------------------------------------- */

static bool is_one_way_on(const struct snap_point *a, const struct snap_point *b)
{
    return a->is_candidate && b->is_candidate && a->way == b->way && a->is_backward == b->is_backward;
}

/* The lane of a stretch on one way, from its mean; false if another could be it. The error of GPS is common to a stretch of
 * this length, so the mean is as uncertain as one point. */
static bool choose_lane(const struct road_network *network, const struct snap_point *look, double mean_mm, double sigma_mm,
                        int32_t *ret_lane_mm)
{
    const unsigned n = road_lanes_of(network, look->way, look->is_backward);
    double nearest = INFINITY, next = INFINITY;

    for (unsigned lane = 0; lane < n; lane++) {
        const int32_t middle = road_lane_lateral_mm(network, look->way, look->is_backward, lane);
        const double off = (mean_mm - middle) * (mean_mm - middle);
        if (off < nearest) {
            next = nearest;
            nearest = off;
            *ret_lane_mm = middle;
        } else if (off < next) {
            next = off;
        }
    }
    return n > 0 && (next - nearest) / (2 * sigma_mm * sigma_mm) >= SNAP_LANE_LOG_ODDS;
}

/* Points i .. end - 1 lie on one way in one direction. */
static void put_on_lane(const struct road_network *network, const struct pass *pass, struct snap_point *looks, size_t i, size_t end)
{
    double mean = 0, sigma_mm = 0;
    int32_t lane_mm;

    for (size_t k = i; k < end; k++) {
        mean += looks[k].lateral_mm / (double)(end - i);
        sigma_mm = fmax(sigma_mm, pass->points[k].sigma_cm * 10.0);
    }
    const bool is_clear = choose_lane(network, &looks[i], mean, sigma_mm, &lane_mm);
    for (size_t k = i; k < end; k++) {
        looks[k].is_candidate = is_clear;
        if (!is_clear)
            continue;
        looks[k].lane_mm = lane_mm;
        looks[k].off_mm = looks[k].lateral_mm - lane_mm;
        looks[k].is_candidate = fabs(looks[k].off_mm) <= 2 * pass->points[k].sigma_cm * 10.0;
    }
}

static void choose_lanes(const struct road_network *network, const struct pass *pass, struct snap_point *looks)
{
    for (size_t i = 0, end; i < pass->n_points; i = end) {
        for (end = i + 1; end < pass->n_points && is_one_way_on(&looks[i], &looks[end]); end++)
            ;
        if (looks[i].is_candidate)
            put_on_lane(network, pass, looks, i, end);
    }
}

/* ---- which stretches ------------------------------------------------------------------------------------ */

/* Could a vehicle on a road 8 m beside come here by its errors, once in a hundred? */
static bool is_near_enough(const struct pass *pass, const struct snap_point *looks, size_t i, size_t end)
{
    double off = 0, sigma_mm = 0;

    for (size_t k = i; k < end; k++) {
        /* To the right of the direction of travel, so that it adds up over ways of either order. */
        off += (looks[k].is_backward ? -looks[k].off_mm : looks[k].off_mm) / (double)(end - i);
        sigma_mm = fmax(sigma_mm, pass->points[k].sigma_cm * 10.0);
    }
    return fabs(off) + SNAP_UNMAPPED_Z * sigma_mm <= SNAP_UNMAPPED_MM;
}

static void move_run(const struct snap_config *config, struct pass *pass, struct snap_point *looks, size_t i, size_t end)
{
    for (size_t k = i; k < end; k++) {
        struct snap_point *look = &looks[k];
        struct grid_point to;
        road_point_at(config->network, look->way, look->chainage_mm, look->lane_mm, &to, NULL);
        if (pass->frame == FRAME_ITRF_CURRENT) {
            to.e_mm -= config->frame_de_mm;
            to.n_mm -= config->frame_dn_mm;
        }
        look->moved_e_mm = to.e_mm - pass->points[k].at.e_mm;
        look->moved_n_mm = to.n_mm - pass->points[k].at.n_mm;
        look->is_moved = true;
    }
}

/* Runs of candidates; between neighbours that are both unambiguous the way may only go on as another. */
static size_t find_runs(const struct snap_config *config, struct pass *pass, struct snap_point *looks)
{
    size_t n_moved = 0;

    for (size_t i = 0, end; i < pass->n_points; i = end) {
        for (end = i + 1; end < pass->n_points && looks[i].is_candidate && looks[end].is_candidate; end++)
            ;
        if (!looks[i].is_candidate || looks[end - 1].from_start_mm - looks[i].from_start_mm < SNAP_RUN_MM ||
            !is_near_enough(pass, looks, i, end))
            continue;
        move_run(config, pass, looks, i, end);
        n_moved += end - i;
    }
    return n_moved;
}

/* ---- what was sighted on it ----------------------------------------------------------------------------- */

struct covariance {
    int32_t *ee, *en, *nn; /* cm^2 */
};

/* The variance across loses what the pass's position lost; along it stays, and so does the correlation. */
static void narrow(struct covariance c, const struct snap_point *look, double old_sigma_cm)
{
    const double se = look->side_e, sn = look->side_n, ae = -sn, an = se; /* across and along */
    const double ee = *c.ee, en = *c.en, nn = *c.nn;
    const double across = se * se * ee + 2 * se * sn * en + sn * sn * nn;
    const double along = ae * ae * ee + 2 * ae * an * en + an * an * nn;
    const double both = se * ae * ee + (se * an + sn * ae) * en + sn * an * nn;
    const double known = (double)look->sigma_cm * look->sigma_cm;
    const double now = fmin(across, fmax(known, across - old_sigma_cm * old_sigma_cm + known));

    if (across <= 0)
        return;
    const double mixed = both * sqrt(now / across);
    *c.ee = (int32_t)ceil(se * se * now + 2 * se * ae * mixed + ae * ae * along);
    *c.nn = (int32_t)ceil(sn * sn * now + 2 * sn * an * mixed + an * an * along);
    *c.en = (int32_t)lround(se * sn * now + (se * an + sn * ae) * mixed + ae * an * along);
}

/* Between two moved points of the pass, in proportion to the time. */
static void move_sighting(const struct pass *raw, const struct snap_point *looks, int64_t time_ns, struct grid_point *at,
                          struct covariance covariance)
{
    size_t i = 0;

    while (i + 1 < raw->n_points && raw->points[i + 1].time_ns < time_ns)
        i++;
    const size_t next = i + 1 < raw->n_points ? i + 1 : i;
    if (!looks[i].is_moved || !looks[next].is_moved || time_ns < raw->points[i].time_ns || time_ns > raw->points[next].time_ns)
        return;
    const int64_t step = raw->points[next].time_ns - raw->points[i].time_ns;
    const double t = step ? (double)(time_ns - raw->points[i].time_ns) / (double)step : 0;
    at->e_mm += llround((1 - t) * (double)looks[i].moved_e_mm + t * (double)looks[next].moved_e_mm);
    at->n_mm += llround((1 - t) * (double)looks[i].moved_n_mm + t * (double)looks[next].moved_n_mm);
    narrow(covariance, &looks[i], fmin(raw->points[i].sigma_cm, raw->points[next].sigma_cm));
}

static void move_sightings(struct batch *batch, const struct pass *raw, size_t pass, const struct snap_point *looks)
{
    for (size_t i = 0; i < batch->n_detections; i++) {
        struct detection *d = &batch->detections[i];
        if (d->pass == pass)
            move_sighting(raw, looks, d->time_ns, &d->at, (struct covariance){&d->cov_ee_cm2, &d->cov_en_cm2, &d->cov_nn_cm2});
    }
    for (size_t i = 0; i < batch->n_features; i++) {
        struct feature_sighting *f = &batch->features[i];
        if (f->pass == pass)
            move_sighting(raw, looks, f->time_ns, &f->at, (struct covariance){&f->cov_ee_cm2, &f->cov_en_cm2, &f->cov_nn_cm2});
    }
}

/* ---- the batch ------------------------------------------------------------------------------------------ */

static void copy_batch(struct snap *snap, const struct batch *batch)
{
    struct batch *copy = &snap->batch;
    struct pass *passes = copy->passes;
    struct detection *detections = copy->detections;
    struct feature_sighting *features = copy->features;
    size_t n_points = 0;

    for (size_t i = 0; i < batch->n_passes; i++)
        n_points += batch->passes[i].n_points;
    ROOM(passes, snap->pass_capacity, batch->n_passes);
    ROOM(detections, snap->detection_capacity, batch->n_detections);
    ROOM(features, snap->feature_capacity, batch->n_features);
    ROOM(snap->points, snap->point_capacity, n_points);
    *copy = *batch;
    copy->passes = passes;
    copy->detections = detections;
    copy->features = features;
    copy->block = NULL;
    struct pass_point *at = snap->points;
    for (size_t i = 0; i < batch->n_passes; i++) {
        passes[i] = batch->passes[i];
        passes[i].points = at;
        memcpy(at, batch->passes[i].points, batch->passes[i].n_points * sizeof *at);
        at += batch->passes[i].n_points;
    }
    if (batch->n_detections)
        memcpy(detections, batch->detections, batch->n_detections * sizeof *detections);
    if (batch->n_features)
        memcpy(features, batch->features, batch->n_features * sizeof *features);
}

static void move_points(struct pass *pass, const struct snap_point *looks)
{
    for (size_t i = 0; i < pass->n_points; i++) {
        if (!looks[i].is_moved)
            continue;
        pass->points[i].at.e_mm += looks[i].moved_e_mm;
        pass->points[i].at.n_mm += looks[i].moved_n_mm;
        pass->points[i].sigma_cm = looks[i].sigma_cm;
    }
}

static bool may_move(const struct pass *pass)
{
    bool is_rough = false;

    for (size_t i = 0; i < pass->n_points; i++)
        is_rough |= pass->points[i].sigma_cm >= SNAP_SIGMA_CM_MIN;
    return is_rough && pass->n_points > 1;
}

const struct batch *snap_batch(struct snap *snap, const struct snap_config *config, const struct batch *batch)
{
    bool is_copied = false;

    for (size_t i = 0; config->network && i < batch->n_passes; i++) {
        struct pass *raw = &batch->passes[i];
        snap->n_points += raw->n_points;
        if (!may_move(raw))
            continue;
        ROOM(snap->looks, snap->look_capacity, raw->n_points);
        look_at_all(config, raw, snap->looks);
        choose_lanes(config->network, raw, snap->looks);
        const size_t n_moved = find_runs(config, raw, snap->looks);
        if (!n_moved)
            continue;
        snap->n_points_moved += n_moved;
        if (!is_copied)
            copy_batch(snap, batch);
        is_copied = true;
        move_points(&snap->batch.passes[i], snap->looks);
        move_sightings(&snap->batch, raw, i, snap->looks);
    }
    return is_copied ? &snap->batch : batch;
}

void snap_done(struct snap *snap)
{
    free(snap->batch.passes);
    free(snap->batch.detections);
    free(snap->batch.features);
    free(snap->points);
    free(snap->looks);
    memset(snap, 0, sizeof *snap);
}
