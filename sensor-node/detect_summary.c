#include "sensor-node/detect_summary.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sensor-node/reason_text.h"

#define STEP_MAX_NS 1000000000 /* farther apart, samples do not follow each other */

void tally_event(struct tally *t, const struct source_event *e)
{
    if (e->kind != SOURCE_MOTION && e->kind != SOURCE_FIX)
        return;
    const int64_t time_ns = e->kind == SOURCE_FIX ? e->fix.time_ns : e->motion.time_ns;
    if (t->motions + t->fixes == 0)
        t->first_ns = t->last_ns = time_ns;
    t->first_ns = time_ns < t->first_ns ? time_ns : t->first_ns;
    t->last_ns = time_ns > t->last_ns ? time_ns : t->last_ns;
    if (e->kind == SOURCE_FIX) {
        t->fixes++;
        return;
    }
    const int64_t step_ns = time_ns - t->last_motion_ns;
    if (t->motions++ > 0 && step_ns > 0 && step_ns <= STEP_MAX_NS) {
        t->steps++;
        t->steps_s += (double)step_ns * 1e-9;
    }
    t->last_motion_ns = time_ns;
}

static double length_m(const struct pass *pass)
{
    double sum_m = 0;

    for (size_t i = 1; i < pass->n_points; i++)
        sum_m += hypot((double)(pass->points[i].at.e_mm - pass->points[i - 1].at.e_mm),
                       (double)(pass->points[i].at.n_mm - pass->points[i - 1].at.n_mm)) *
                 1e-3;
    return sum_m;
}

void tally_batch(struct tally *t, const struct batch *batch)
{
    for (size_t i = 0; i < batch->n_passes; i++)
        t->watched_m += length_m(&batch->passes[i]);
    for (size_t i = 0; i < batch->n_detections; i++)
        if (catalogue_type(batch->detections[i].type))
            t->detected[batch->detections[i].type]++;
}

static const char *unwatched_words(int reason)
{
    static const char *const words[UNWATCHED_COUNT] = {
        [UNWATCHED_GAP] = "without samples",
        [UNWATCHED_RATE] = "with too few samples a second",
        [UNWATCHED_LEVEL] = "before it was known which way is up",
        [UNWATCHED_STUCK] = "with a sensor that was stuck",
        [UNWATCHED_CLIPPED] = "beyond the sensor's range",
        [UNWATCHED_MOVED] = "with a sensor that moved in its mount",
        [UNWATCHED_CLOCK] = "with a clock that leapt",
    };

    return words[reason] ? words[reason] : unwatched_name((enum unwatched_reason)reason);
}

static const char *unplaced_words(int reason)
{
    static const char *const words[UNPLACED_COUNT] = {
        [UNPLACED_NO_FIX] = "without a fix near in time",
        [UNPLACED_FROZEN] = "with a receiver that repeated one position",
        [UNPLACED_JUMP] = "with a position that leapt",
        [UNPLACED_COARSE] = "known to no better than 15 m",
        [UNPLACED_NO_UTC] = "without UTC",
    };

    return words[reason] ? words[reason] : unplaced_name((enum unplaced_reason)reason);
}

static double rate_hz(const struct tally *t)
{
    return t->steps > 0 ? (double)t->steps / t->steps_s : 0;
}

static double duration_s(const struct tally *t)
{
    return (double)(t->last_ns - t->first_ns) * 1e-9;
}

void summary_json(const struct tally *t, const struct source *source, const struct node_core *core, int meridian_deg,
                  char ret_text[SUMMARY_SIZE])
{
    const struct node_core_stats s = core ? node_core_stats(core) : (struct node_core_stats){.fixes = t->fixes};
    const struct source_stats rows = source_stats(source);
    char start[40], unwatched[REASONS_TEXT_SIZE], unplaced[REASONS_TEXT_SIZE];

    unwatched_json(s.unwatched_by_s, unwatched);
    unplaced_json(s.unplaced_by_m, unplaced);
    snprintf(ret_text, SUMMARY_SIZE,
             "\"format\":\"%s\",\"start\":\"%s\",\"duration_s\":%.3f,\"rate_hz\":%.2f,\"meridian_deg\":%d,\"rows\":%" PRIu64
             ",\"rows_refused\":%" PRIu64 ",\"samples\":%" PRIu64 ",\"samples_refused\":%" PRIu64 ",\"fixes\":%" PRIu64
             ",\"fixes_refused\":%" PRIu64 ",\"fixes_stale\":%" PRIu64 ",\"distance_m\":%.1f,\"unplaced_m\":%.1f"
             ",\"watched_m\":%.1f,\"unwatched_s\":%.1f,\"unwatched_by_s\":%s,\"unplaced_by_m\":%s,\"detections\":%" PRIu64
             ",\"look_alikes\":%" PRIu64,
             source_format(source), source_time_text(t->first_ns, start), duration_s(t), rate_hz(t), meridian_deg,
             rows.rows, rows.rows_refused, s.samples, s.samples_refused, s.fixes, s.fixes_refused, rows.fixes_stale,
             s.distance_m, s.unplaced_m, t->watched_m, s.unwatched_s, unwatched, unplaced, s.detections, s.look_alikes);
}

static void say_part(bool *is_first, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say_part(bool *is_first, const char *format, ...)
{
    va_list args;

    fputs(*is_first ? " (" : ", ", stderr);
    *is_first = false;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
}

static void say_unwatched(const double by_s[UNWATCHED_COUNT])
{
    bool is_first = true;

    for (int i = 1; i < UNWATCHED_COUNT; i++)
        if (by_s[i] >= 0.05)
            say_part(&is_first, "%.1f s %s", by_s[i], unwatched_words(i));
    fputs(is_first ? "" : ")", stderr);
}

static void say_unplaced(const double by_m[UNPLACED_COUNT])
{
    bool is_first = true;

    for (int i = 1; i < UNPLACED_COUNT; i++)
        if (by_m[i] >= 0.5)
            say_part(&is_first, "%.0f m %s", by_m[i], unplaced_words(i));
    fputs(is_first ? "" : ")", stderr);
}

static void say_found(const struct tally *t, const struct node_core_stats *s)
{
    bool is_first = true;

    fprintf(stderr, "found: %" PRIu64 " detection%s", s->detections, s->detections == 1 ? "" : "s");
    for (int i = 1; i <= DEFECT_TYPE_COUNT; i++)
        if (t->detected[i] > 0)
            say_part(&is_first, "%" PRIu64 " %s", t->detected[i], catalogue_type(i)->code);
    fprintf(stderr, "%s, %" PRIu64 " look-alike%s\n", is_first ? "" : ")", s->look_alikes, s->look_alikes == 1 ? "" : "s");
}

void summary_words(const struct tally *t, const struct source *source, const struct node_core *core)
{
    const struct source_stats rows = source_stats(source);
    const double seconds = duration_s(t);
    const int minutes = (int)(seconds / 60);

    fprintf(stderr, "read: %s, %d min %.1f s, ", source_format(source), minutes, seconds - 60 * minutes);
    fprintf(stderr, "%" PRIu64 " samples at %.1f Hz, %" PRIu64 " fixes (%" PRIu64 " stale left out), %" PRIu64
                    " of %" PRIu64 " rows refused\n",
            t->motions, rate_hz(t), t->fixes, rows.fixes_stale, rows.rows_refused, rows.rows);
    if (!core || t->motions == 0) {
        fputs("watched: nothing: positions only, no motion was recorded\n", stderr);
        return;
    }
    if (t->fixes == 0) {
        fputs("watched: nothing: no position in the whole recording: nothing of it can be placed on the map\n", stderr);
        return;
    }
    const struct node_core_stats s = node_core_stats(core);
    fprintf(stderr, "watched: %.0f m of %.0f m driven above walking pace; not placed: %.0f m", t->watched_m,
            s.distance_m + s.unplaced_m, s.unplaced_m);
    say_unplaced(s.unplaced_by_m);
    fprintf(stderr, "; not watched: %.1f s", s.unwatched_s);
    say_unwatched(s.unwatched_by_s);
    fputc('\n', stderr);
    say_found(t, &s);
}
