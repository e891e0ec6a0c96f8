/* drive.h - batches made by hand, for the facts of the gateway.
 *
 * A small district around Hangzhou's frame: positions are metres from an origin, times are seconds from a day's
 * start. Random numbers come from a seed, so that a failure can be run again. */
#ifndef TESTS_GATEWAY_DRIVE_H
#define TESTS_GATEWAY_DRIVE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/beliefs.h"

#define DAY0_NS (INT64_C(20600) * 86400 * 1000000000) /* 2026-05-27 00:00 UTC */
#define SECOND_NS INT64_C(1000000000)
#define ORIGIN_E_MM INT64_C(515744000) /* a corner of a 64 m block */
#define ORIGIN_N_MM INT64_C(3350528000)
static const struct grid_zone drive_zone = {120, false};

/* xorshift64*: Vigna 2016. */
struct chance {
    uint64_t state;
};
static inline uint64_t chance_next(struct chance *c)
{
    c->state ^= c->state >> 12;
    c->state ^= c->state << 25;
    c->state ^= c->state >> 27;
    return c->state * UINT64_C(0x2545F4914F6CDD1D);
}
static inline double chance_unit(struct chance *c)
{
    return (double)(chance_next(c) >> 11) / 9007199254740992.0;
}
static inline double chance_normal(struct chance *c)
{
    const double u = chance_unit(c) + 1e-18, v = chance_unit(c);

    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static inline struct kid kid_number(unsigned number)
{
    struct kid kid = {{0}};

    kid.bytes[0] = (uint8_t)(number >> 8);
    kid.bytes[1] = (uint8_t)number;
    kid.bytes[7] = 7;
    return kid;
}

static inline struct grid_point metres(double e, double n)
{
    return (struct grid_point){ORIGIN_E_MM + llround(e * 1000), ORIGIN_N_MM + llround(n * 1000)};
}

/* One batch with room for its parts; no pointers outside of itself. */
#define DRIVE_POINTS 600
#define DRIVE_DETECTIONS 64
#define DRIVE_FEATURES 200
struct drive {
    struct batch batch;
    struct pass pass;
    struct pass_point points[DRIVE_POINTS];
    struct detection detections[DRIVE_DETECTIONS];
    struct feature_sighting features[DRIVE_FEATURES];
};

/* A straight pass from (e0, n0) to (e1, n1) at 10 m/s, a point each 3 m. */
static inline void drive_straight(struct drive *d, uint64_t seq, int64_t start_ns, double e0, double n0, double e1,
                                  double n1, enum gnss_class gnss, double sigma_m)
{
    const double length = hypot(e1 - e0, n1 - n0);
    const size_t n = (size_t)ceil(length / 3) + 1;

    memset(d, 0, sizeof *d);
    for (size_t i = 0; i < n; i++) {
        const double s = (double)i / (double)(n - 1);
        d->points[i] = (struct pass_point){.time_ns = start_ns + (int64_t)(s * length / 10 * 1e9) / 1000000 * 1000000,
                                           .at = metres(e0 + s * (e1 - e0), n0 + s * (n1 - n0)),
                                           .sigma_cm = (uint16_t)lround(sigma_m * 100),
                                           .iri_centi = 200};
    }
    d->pass = (struct pass){.sensor = SENSE_MOTION, .gnss = gnss, .half_track_mm = 750, .points = d->points,
                            .n_points = n};
    d->batch = (struct batch){.seq = seq, .zone = drive_zone, .time_source = TIME_GPS, .passes = &d->pass,
                              .n_passes = 1, .detections = d->detections, .features = d->features};
}

static inline struct detection *drive_hit(struct drive *d, int type, int64_t time_ns, double e, double n,
                                          double sigma_m, double size, double heading_deg)
{
    struct detection *hit = &d->detections[d->batch.n_detections++];

    *hit = (struct detection){.type = type,
                              .severity = catalogue_severity(catalogue_type(type), size, false),
                              .confidence_permille = 900,
                              .sensor = SENSE_MOTION,
                              .time_ns = time_ns,
                              .at = metres(e, n),
                              .cov_ee_cm2 = (int32_t)lround(sigma_m * sigma_m * 1e4),
                              .cov_nn_cm2 = (int32_t)lround(sigma_m * sigma_m * 1e4),
                              .size_milli = (int32_t)lround(size * 1000),
                              .size_sigma_milli = (int32_t)lround(size * 300),
                              .heading_cdeg = (uint16_t)lround(heading_deg * 100),
                              .speed_cmps = 1000,
                              .side = WHEEL_LEFT};
    return hit;
}

/* `strength`: peak to peak over what is usual. */
static inline struct feature_sighting *drive_feature(struct drive *d, enum feature_kind kind, int64_t time_ns, double e,
                                                     double n, double sigma_m, double strength, double heading_deg)
{
    struct feature_sighting *f = &d->features[d->batch.n_features++];

    *f = (struct feature_sighting){.kind = kind,
                                   .confidence_permille = 800,
                                   .time_ns = time_ns,
                                   .at = metres(e, n),
                                   .cov_ee_cm2 = (int32_t)lround(sigma_m * sigma_m * 1e4),
                                   .cov_nn_cm2 = (int32_t)lround(sigma_m * sigma_m * 1e4),
                                   .strength_milli = (int32_t)lround(strength * 1000),
                                   .heading_cdeg = (uint16_t)lround(heading_deg * 100),
                                   .speed_cmps = 1111,
                                   .side = WHEEL_BOTH};
    return f;
}

static inline struct beliefs_config drive_config(void)
{
    return (struct beliefs_config){
        .evidence = {.zone = drive_zone, .phone_days = EVIDENCE_DAYS_DEFAULT}, .road_class = ROAD_ARTERIAL, .rules = code_rules_default,
        .feature_passes = FEATURE_PASSES_DEFAULT};
}

/* The one live defect nearest to a place, NULL if none within `reach_m`. */
static inline const struct defect *defect_near(const struct beliefs *b, double e, double n, double reach_m)
{
    const struct grid_point at = metres(e, n);
    const struct defect *best = NULL;
    double least = reach_m * 1000;

    for (size_t i = 0; i < b->n_defects; i++) {
        const struct defect *d = &b->defects[i];
        const double apart = hypot((double)(d->belief.at.e_mm - at.e_mm), (double)(d->belief.at.n_mm - at.n_mm));
        if (d->is_live && apart <= least) {
            least = apart;
            best = d;
        }
    }
    return best;
}

static inline size_t live_defects(const struct beliefs *b, enum defect_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n_defects; i++)
        n += b->defects[i].is_live && (!state || b->defects[i].belief.state == state);
    return n;
}

/* The code said of a cell, CODE_GREY if none. */
static inline enum road_code code_said(const struct beliefs *b, struct cell cell)
{
    return beliefs_code(b, cell);
}

/* Squares told: those with a reason and the plain ones of all leaves. */
static inline size_t squares_told(const struct delta *delta)
{
    size_t n = delta->n_cells;

    for (size_t i = 0; i < delta->n_leaves; i++)
        n += (size_t)__builtin_popcountll(delta->leaves[i].patch.mask);
    return n;
}

static inline struct cell cell_at(double e, double n, int level)
{
    struct cell cell = {0};

    if (cell_from_point(drive_zone, metres(e, n), level, &cell) != ROAD_OK)
        abort();
    return cell;
}

#endif
