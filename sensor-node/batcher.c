#include "sensor-node/batcher.h"

#include <math.h>
#include <stdlib.h>

#define PASSES_MAX       16
#define DETECTIONS_MAX   64
#define POINTS_SPARE     96   /* for short stretches between stops */
#define SIGMA_GPS_US     1000 /* a receiver's clock as a program sees it */
#define SIGMA_NTP_US     50000

struct slot {
    struct batch batch;
    struct pass passes[PASSES_MAX];
    struct detection detections[DETECTIONS_MAX];
    struct feature_sighting features[BATCHER_FEATURES_MAX];
    struct pass_point *points; /* points_max of them, the passes' one behind the other */
    size_t n_points;
};

struct batcher {
    struct batcher_config config;
    uint64_t next_seq, made;
    size_t first, waiting; /* finished places [first, first + waiting), the one under way behind them ... */
    uint8_t slot_at[BATCHER_SLOTS]; /* ... and the slot that stands in each place */
    size_t points_max;
    bool has_pass, has_start;
    int64_t start_ns, now_ns;
    double way_m, unplaced_m, unwatched_s;
    enum time_source source;
    struct pass_point *points;
    struct slot slots[BATCHER_SLOTS];
};

enum road_status batcher_new(const struct batcher_config *config, uint64_t first_seq,
                             struct batcher **ret_batcher)
{
    struct batcher *b = calloc(1, sizeof *b);

    if (!b)
        return ROAD_NO_MEMORY;
    b->config = *config;
    b->next_seq = first_seq;
    b->points_max = (size_t)(config->batch_m / config->point_m) + POINTS_SPARE;
    b->points = calloc(BATCHER_SLOTS * b->points_max, sizeof *b->points);
    if (!b->points) {
        free(b);
        return ROAD_NO_MEMORY;
    }
    for (size_t i = 0; i < BATCHER_SLOTS; i++) {
        b->slots[i].points = b->points + i * b->points_max;
        b->slot_at[i] = (uint8_t)i;
    }
    *ret_batcher = b;
    return ROAD_OK;
}

void batcher_free(struct batcher *batcher)
{
    if (batcher)
        free(batcher->points);
    free(batcher);
}

static struct slot *under_way(struct batcher *b)
{
    return &b->slots[b->slot_at[(b->first + b->waiting) % BATCHER_SLOTS]];
}

/* A pass of one point proves nothing, unless something was found on it. */
static void drop_lone_point(struct batcher *b)
{
    struct slot *s = under_way(b);
    const size_t last = s->batch.n_passes - 1;

    if (s->batch.n_passes == 0 || s->passes[last].n_points != 1)
        return;
    if (s->batch.n_detections && s->detections[s->batch.n_detections - 1].pass == last)
        return;
    if (s->batch.n_features && s->features[s->batch.n_features - 1].pass == last)
        return;
    s->batch.n_passes--;
    s->n_points--;
}

static bool is_empty(struct batcher *b)
{
    const struct slot *s = under_way(b);
    const bool has_lone_point = s->n_points == 1 && s->batch.n_detections + s->batch.n_features == 0;

    return (s->n_points == 0 || has_lone_point) && b->unplaced_m < 1 && b->unwatched_s < 1;
}

static uint32_t clamp_u32(double value)
{
    return value < 0 ? 0 : value > UINT32_MAX ? UINT32_MAX : (uint32_t)llround(value);
}

static void finish_slot(struct batcher *b, struct slot *s)
{
    s->batch.seq = b->next_seq++;
    s->batch.zone = b->config.zone;
    s->batch.time_source = b->source;
    s->batch.time_sigma_us = b->source == TIME_GPS ? SIGMA_GPS_US : b->source == TIME_NTP ? SIGMA_NTP_US : 0;
    s->batch.unplaced_cm = clamp_u32(b->unplaced_m * 100);
    s->batch.unwatched_ms = clamp_u32(b->unwatched_s * 1000);
    s->batch.passes = s->passes;
    s->batch.detections = s->detections;
    s->batch.features = s->features;
    batch_quantise(&s->batch);
}

static void clear_slot(struct slot *s)
{
    s->batch = (struct batch){0};
    s->n_points = 0;
}

static void begin_pass(struct batcher *b, enum gnss_class gnss)
{
    struct slot *s = under_way(b);

    s->passes[s->batch.n_passes++] = (struct pass){.sensor = SENSE_MOTION,
                                                   .frame = b->config.frame,
                                                   .epoch_centiyear = b->config.epoch_centiyear,
                                                   .gnss = gnss,
                                                   .half_track_mm = b->config.half_track_mm,
                                                   .points = s->points + s->n_points};
    b->has_pass = true;
}

static void add_point(struct batcher *b, const struct pass_point *point)
{
    struct slot *s = under_way(b);

    s->points[s->n_points++] = *point;
    s->passes[s->batch.n_passes - 1].n_points++;
}

/* Closes the slot; a pass under way goes on in the next one from its last point. */
static void close_batch(struct batcher *b, bool goes_on)
{
    struct slot *s = under_way(b);
    const bool continues = goes_on && b->has_pass && b->waiting + 2 < BATCHER_SLOTS;
    const struct pass *last = s->batch.n_passes ? &s->passes[s->batch.n_passes - 1] : NULL;
    const struct pass_point point = continues ? last->points[last->n_points - 1] : (struct pass_point){0};
    const enum gnss_class gnss = continues ? last->gnss : GNSS_PHONE;

    if (b->waiting + 1 >= BATCHER_SLOTS)
        return; /* cannot happen while the core refuses samples at half of this; the batch just grows */
    drop_lone_point(b);
    finish_slot(b, s);
    b->waiting++;
    b->made++;
    b->has_pass = false;
    b->way_m = b->unplaced_m = b->unwatched_s = 0;
    b->start_ns = b->now_ns;
    clear_slot(under_way(b));
    if (continues) {
        begin_pass(b, gnss);
        add_point(b, &point);
    }
}

void batcher_clock(struct batcher *batcher, int64_t time_ns)
{
    struct batcher *b = batcher;

    b->now_ns = time_ns;
    if (!b->has_start) {
        b->has_start = true;
        b->start_ns = time_ns;
    }
    if ((double)(time_ns - b->start_ns) < b->config.batch_s * 1e9)
        return;
    if (is_empty(b) || b->source == TIME_NONE) /* the first batch waits for time */
        b->start_ns = time_ns;
    else
        close_batch(b, true);
}

void batcher_time_source(struct batcher *batcher, enum time_source source)
{
    batcher->source = source;
}

void batcher_point(struct batcher *batcher, const struct pass_point *point, enum gnss_class gnss,
                   double way_m)
{
    struct batcher *b = batcher;
    const struct slot *s = under_way(b);

    if (s->n_points + 2 > b->points_max || (!b->has_pass && s->batch.n_passes == PASSES_MAX))
        close_batch(b, true);
    s = under_way(b);
    if (b->has_pass && s->passes[s->batch.n_passes - 1].gnss != gnss)
        batcher_pass_end(b); /* the receiver's class changed: another pass, as after a stop */
    if (!b->has_pass)
        begin_pass(b, gnss);
    add_point(b, point);
    b->way_m += way_m;
    if (b->way_m >= b->config.batch_m)
        close_batch(b, true);
}

void batcher_pass_end(struct batcher *batcher)
{
    if (batcher->has_pass)
        drop_lone_point(batcher);
    batcher->has_pass = false;
}

bool batcher_has_pass(const struct batcher *batcher)
{
    return batcher->has_pass;
}

void batcher_detection(struct batcher *batcher, const struct detection *detection)
{
    struct batcher *b = batcher;
    struct slot *s = under_way(b);

    s->detections[s->batch.n_detections] = *detection;
    s->detections[s->batch.n_detections++].pass = (uint16_t)(s->batch.n_passes - 1);
    const bool is_full = s->batch.n_detections == DETECTIONS_MAX;
    if (is_full || (detection->severity == SEVERITY_HIGH && b->waiting < BATCHER_SLOTS_CROWDED))
        close_batch(b, true);
}

bool batcher_feature(struct batcher *batcher, const struct feature_sighting *feature)
{
    struct batcher *b = batcher;

    if (under_way(b)->batch.n_features == BATCHER_FEATURES_MAX) {
        if (b->waiting >= BATCHER_SLOTS_CROWDED)
            return false;
        close_batch(b, true);
    }
    struct slot *s = under_way(b);
    s->features[s->batch.n_features] = *feature;
    s->features[s->batch.n_features++].pass = (uint16_t)(s->batch.n_passes - 1);
    return true;
}

void batcher_unplaced(struct batcher *batcher, double way_m)
{
    batcher->unplaced_m += way_m;
}

void batcher_unwatched(struct batcher *batcher, double seconds)
{
    batcher->unwatched_s += seconds;
}

void batcher_close(struct batcher *batcher)
{
    batcher_pass_end(batcher);
    if (!is_empty(batcher))
        close_batch(batcher, false);
    batcher->has_start = false;
}

size_t batcher_waiting(const struct batcher *batcher)
{
    return batcher->waiting;
}

const struct batch *batcher_take(struct batcher *batcher)
{
    struct batcher *b = batcher;

    if (b->waiting == 0)
        return NULL;
    const size_t taken = b->first;
    const uint8_t slot = b->slot_at[taken];
    b->first = (b->first + 1) % BATCHER_SLOTS;
    b->waiting--;
    /* It is the next to be used again: memory that was never needed is never touched. */
    const size_t next = (b->first + b->waiting + 1) % BATCHER_SLOTS;
    b->slot_at[taken] = b->slot_at[next];
    b->slot_at[next] = slot;
    return &b->slots[slot].batch;
}

uint64_t batcher_made(const struct batcher *batcher)
{
    return batcher->made;
}
