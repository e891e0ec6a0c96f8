#include "sensor-node/motion/resample.h"

#include <math.h>
#include <string.h>

void resample_break(struct resample *resample, double gap_s, enum unwatched_reason reason)
{
    resample->has_last = false;
    resample->gap_s += gap_s;
    resample->gap_reason = reason;
}

static bool is_without_gyro(const double value[TICK_AXES])
{
    return isnan(value[3]) && isnan(value[4]) && isnan(value[5]);
}

static void begin_tick(struct resample *r, const double value[TICK_AXES])
{
    memset(r->sum, 0, sizeof r->sum);
    r->has_gyro = !is_without_gyro(r->last) || !is_without_gyro(value);
    for (int k = 3; k < TICK_AXES && !r->has_gyro; k++)
        r->sum[k] = NAN;
}

/* A stretch starts at the first whole tick behind its first sample. */
static void start(struct resample *r, int64_t time_ns, const double value[TICK_AXES])
{
    r->start_ns = (time_ns / TICK_NS + 1) * TICK_NS;
    r->last_ns = time_ns;
    memcpy(r->last, value, sizeof r->last);
    begin_tick(r, value);
    r->has_last = r->is_first = true;
}

/* Adds the area under the line from `from_ns` to `to_ns`, both between the last sample and this one. */
static void add_area(struct resample *r, int64_t time_ns, const double value[TICK_AXES], int64_t from_ns,
                     int64_t to_ns)
{
    const double span = (double)(time_ns - r->last_ns);
    const double middle = ((double)(from_ns - r->last_ns) + (double)(to_ns - r->last_ns)) / 2 / span;
    const double width = (double)(to_ns - from_ns) / TICK_NS;

    for (int k = 0; k < (r->has_gyro ? TICK_AXES : 3); k++)
        r->sum[k] += width * (r->last[k] + middle * (value[k] - r->last[k]));
}

void resample_push(struct resample *resample, int64_t time_ns, const double value[TICK_AXES],
                   void (*emit)(void *context, const struct tick *tick), void *context)
{
    struct resample *r = resample;

    if (!r->has_last) {
        start(r, time_ns, value);
        return;
    }
    int64_t from_ns = r->last_ns > r->start_ns ? r->last_ns : r->start_ns;
    while (from_ns < time_ns) {
        const int64_t end_ns = r->start_ns + TICK_NS;
        const int64_t to_ns = time_ns < end_ns ? time_ns : end_ns;
        add_area(r, time_ns, value, from_ns, to_ns);
        if (to_ns == end_ns) {
            struct tick tick = {
                .time_ns = r->start_ns + TICK_NS / 2, .is_first = r->is_first, .gap_s = r->gap_s,
                .gap_reason = r->gap_reason, .fault = r->fault};
            memcpy(tick.value, r->sum, sizeof tick.value);
            emit(context, &tick);
            begin_tick(r, value);
            r->is_first = false;
            r->gap_s = 0;
            r->start_ns = end_ns;
        }
        from_ns = to_ns;
    }
    r->last_ns = time_ns;
    memcpy(r->last, value, sizeof r->last);
}
