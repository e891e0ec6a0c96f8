/* source_live.c - gpsd and IIO merged in time order.
 *
 *     iio  --> ring of samples ---+
 *                                 +--> next(): the earlier one; a sample waits for a fix behind it, but not for ever
 *     gpsd --> its finished fixes-+
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sensor-node/gpsd.h"
#include "sensor-node/iio.h"
#include "sensor-node/source_calls.h"

#define RING_SIZE 16384              /* samples: 80 s at 200 Hz */
#define PATIENCE_NS 2000000000       /* how long a sample waits for the fix behind it */
#define REOPEN_NS 500000000          /* a sensor that was lost is tried again */
#define READ_NS 50000000             /* devices are read twenty times a second: they keep what comes between */
#define READ_SAMPLES 256             /* at a time */
#define READS_A_STEP 16              /* bounded work a turn */

struct waiting {
    struct motion_sample sample;
    int64_t arrived_ns; /* monotonic */
};

/* One device's way down and up again; told once each time. */
struct presence {
    const char *name;
    bool is_known, is_up, is_news;
    char reason[SOURCE_ERROR_SIZE / 2];
};

struct live {
    struct source base;
    struct live_config config;
    struct gpsd *gpsd;
    struct iio *iio;
    int64_t now_ns, read_ns, reopen_ns; /* monotonic; read_ns: when to read next */
    struct waiting *ring;
    size_t first, count;
    bool has_fix, has_gap, is_motion_lost;
    struct gpsd_fix fix; /* the oldest that was not given yet */
    int64_t gap_from_ns, gap_to_ns;
    int64_t last_motion_ns; /* UTC of the sample read last, 0 = none */
    struct presence gps_presence, iio_presence;
    struct source_stats stats;
};

__attribute__((format(printf, 3, 4))) static void presence_set(struct presence *presence, bool is_up,
                                                               const char *format, ...)
{
    va_list args;

    if (presence->is_known && presence->is_up == is_up)
        return;
    presence->is_known = presence->is_news = true;
    presence->is_up = is_up;
    va_start(args, format);
    vsnprintf(presence->reason, sizeof presence->reason, format, args);
    va_end(args);
}

static bool presence_take(struct presence *presence, char *ret_error, enum road_status *ret_status)
{
    if (!presence->is_news)
        return false;
    presence->is_news = false;
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%s: %s", presence->name, presence->reason);
    *ret_status = presence->is_up ? ROAD_OK : ROAD_LINK_LOST;
    return true;
}

/* A later gap while one still waits to be told makes one of both. */
static void note_gap(struct live *live, int64_t from_ns, int64_t to_ns)
{
    if (from_ns == 0 || to_ns <= from_ns)
        return;
    live->gap_from_ns = live->has_gap && live->gap_from_ns < from_ns ? live->gap_from_ns : from_ns;
    live->gap_to_ns = live->has_gap && live->gap_to_ns > to_ns ? live->gap_to_ns : to_ns;
    live->has_gap = true;
}

static void take_samples(struct live *live, const struct motion_sample *samples, size_t count)
{
    if (count > 0 && live->is_motion_lost) {
        note_gap(live, live->last_motion_ns, samples[0].time_ns);
        live->is_motion_lost = false;
    }
    for (size_t i = 0; i < count; i++) {
        live->ring[(live->first + live->count) % RING_SIZE] = (struct waiting){samples[i], live->now_ns};
        live->count++;
        live->last_motion_ns = samples[i].time_ns;
    }
    live->stats.rows += count;
    if (count > 0)
        presence_set(&live->iio_presence, true, "samples are coming");
}

static void lose_iio(struct live *live)
{
    iio_close(live->iio);
    live->iio = NULL;
    live->is_motion_lost = true;
    live->reopen_ns = live->now_ns + REOPEN_NS;
    presence_set(&live->iio_presence, false, "no samples any more; trying again twice a second");
}

static void step_iio(struct live *live)
{
    struct motion_sample samples[READ_SAMPLES];
    char ignored[SOURCE_ERROR_SIZE];
    size_t count = 1;

    if (!live->iio && live->now_ns >= live->reopen_ns) {
        live->reopen_ns = live->now_ns + REOPEN_NS;
        if (iio_open(live->config.iio_root, live->config.iio_device, &live->iio, ignored))
            live->iio = NULL;
    }
    for (int i = 0; live->iio && i < READS_A_STEP && count > 0; i++) {
        const size_t room = RING_SIZE - live->count;
        if (iio_read(live->iio, samples, room < READ_SAMPLES ? room : READ_SAMPLES, &count)) {
            lose_iio(live);
            return;
        }
        take_samples(live, samples, count);
    }
}

/* The fix that waits to be given; one that ends a hole in the connection tells the gap before it. */
static void fetch_fix(struct live *live)
{
    if (live->has_fix || !gpsd_take(live->gpsd, &live->fix))
        return;
    live->has_fix = true;
    note_gap(live, live->fix.gap_from_ns, live->fix.fix.time_ns);
}

static void step_gpsd(struct live *live)
{
    gpsd_step(live->gpsd, live->now_ns);
    if (gpsd_is_connected(live->gpsd))
        presence_set(&live->gps_presence, true, "connected");
    else
        presence_set(&live->gps_presence, false, "no connection to %s:%s; trying again twice a second",
                     live->config.gpsd_host, live->config.gpsd_port);
    fetch_fix(live);
}

static void live_step(struct source *base, int64_t now_ns)
{
    struct live *live = (struct live *)base;

    if (now_ns < live->read_ns)
        return; /* the loop came for something else */
    live->now_ns = now_ns;
    live->read_ns = now_ns + READ_NS;
    step_iio(live);
    step_gpsd(live);
}

static void give_fix(struct live *live, struct source_event *ret_event)
{
    *ret_event = (struct source_event){.kind = SOURCE_FIX, .fix = live->fix.fix};
    live->stats.rows++;
    live->has_fix = false;
    fetch_fix(live);
}

static void give_motion(struct live *live, struct source_event *ret_event)
{
    ret_event->kind = SOURCE_MOTION;
    ret_event->motion = live->ring[live->first].sample;
    live->first = (live->first + 1) % RING_SIZE;
    live->count--;
}

/* Samples of the gap that still wait are not handed on: nobody could say where they were taken. */
static void give_gap(struct live *live, struct source_event *ret_event)
{
    *ret_event = (struct source_event){
        .kind = SOURCE_GAP, .gap_from_ns = live->gap_from_ns, .gap_to_ns = live->gap_to_ns};
    live->has_gap = false;
    while (live->count > 0 && live->ring[live->first].sample.time_ns > live->gap_from_ns &&
           live->ring[live->first].sample.time_ns < live->gap_to_ns) {
        live->first = (live->first + 1) % RING_SIZE;
        live->count--;
    }
}

static bool motion_may_go(const struct live *live)
{
    const struct waiting *oldest = &live->ring[live->first];

    if (live->count == 0)
        return false;
    if (live->has_fix)
        return oldest->sample.time_ns <= live->fix.fix.time_ns;
    return live->count == RING_SIZE || live->now_ns - oldest->arrived_ns >= PATIENCE_NS;
}

/* A fix goes when no sample before it can come any more: one behind it was read, or waiting took too long. */
static bool fix_may_go(const struct live *live)
{
    if (!live->has_fix)
        return false;
    return !live->iio || live->last_motion_ns >= live->fix.fix.time_ns ||
           live->now_ns - live->fix.arrived_ns >= PATIENCE_NS;
}

static enum road_status live_next(struct source *base, struct source_event *ret_event, char *ret_error)
{
    struct live *live = (struct live *)base;
    enum road_status status;

    *ret_error = '\0';
    ret_event->kind = SOURCE_IDLE;
    if (presence_take(&live->gps_presence, ret_error, &status) ||
        presence_take(&live->iio_presence, ret_error, &status))
        return status;
    if (live->has_gap) {
        give_gap(live, ret_event);
    } else if (motion_may_go(live)) {
        give_motion(live, ret_event);
    } else if (fix_may_go(live)) {
        give_fix(live, ret_event);
    }
    return ROAD_OK;
}

static struct source_stats live_stats(const struct source *base)
{
    const struct live *live = (const struct live *)base;
    struct source_stats stats = live->stats;

    stats.rows_refused = gpsd_refused(live->gpsd);
    return stats;
}

/* Nothing to poll for: a sensor of 1 kHz would wake the processor a thousand times a second. */
static int64_t live_deadline(const struct source *base)
{
    return ((const struct live *)base)->read_ns;
}

static void live_close(struct source *base)
{
    struct live *live = (struct live *)base;

    gpsd_free(live->gpsd);
    iio_close(live->iio);
    free(live->ring);
    free(live);
}

static const struct source_calls calls = {.next = live_next,
                                          .stats = live_stats,
                                          .close = live_close,
                                          .deadline_ns = live_deadline,
                                          .step = live_step};

enum road_status source_open_live(const struct live_config *config, struct source **ret_source, char *ret_error)
{
    const struct gpsd_config gpsd = {config->gpsd_host, config->gpsd_port, config->gnss, config->sigma_m};
    struct live *live = calloc(1, sizeof *live);
    enum road_status status = live ? ROAD_OK : ROAD_NO_MEMORY;

    if (!status) {
        live->base.calls = &calls;
        live->config = *config;
        live->gps_presence.name = "gpsd";
        live->iio_presence = (struct presence){.name = "iio", .is_known = true, .is_up = true};
        live->ring = calloc(RING_SIZE, sizeof live->ring[0]);
        status = live->ring ? gpsd_new(&gpsd, &live->gpsd) : ROAD_NO_MEMORY;
    }
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%s", road_status_sentence(status));
    if (!status)
        status = iio_open(config->iio_root, config->iio_device, &live->iio, ret_error);
    if (status) {
        if (live)
            live_close(&live->base);
        return status;
    }
    *ret_source = &live->base;
    return ROAD_OK;
}
