#include "sensor-node/source.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "sensor-node/source_formats.h"

#define UNIX_TIME_FROM_S 1e9
#define SIGMA_TRUSTED_M 100 /* a first fix worse than this may lie in another zone */
#define TIME_MAX_S 9e9 /* what 64 bits of nanoseconds hold, nearly */

enum road_status source_open_recording(const char *path, int64_t start_ns, int gnss, double sigma_m,
                                       struct source **ret_source, char *ret_error)
{
    const struct recording_config config = {start_ns, gnss, sigma_m};
    const struct source_format *format;
    const enum road_status status = format_find(path, &format, ret_error);

    return status ? status : format_open(format, path, &config, ret_source, ret_error);
}

const char *source_format(const struct source *source)
{
    return source->format;
}

enum road_status source_duration(const char *path, double *ret_duration_s, char *ret_error)
{
    struct source *source;
    struct source_event event = {.kind = SOURCE_IDLE};
    int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;
    enum road_status status = source_open_recording(path, 0, -1, 0, &source, ret_error);

    if (status)
        return status;
    for (;;) {
        status = source_next(source, &event, ret_error);
        if (status == ROAD_BAD_INPUT)
            continue;
        if (status || event.kind == SOURCE_END)
            break;
        const int64_t time_ns = event.kind == SOURCE_FIX ? event.fix.time_ns : event.motion.time_ns;
        first_ns = time_ns < first_ns ? time_ns : first_ns;
        last_ns = time_ns > last_ns ? time_ns : last_ns;
    }
    source_close(source);
    if (!status)
        *ret_duration_s = last_ns > first_ns ? (double)(last_ns - first_ns) * 1e-9 : 0;
    return status;
}

bool source_find_zone(const char *path, int64_t start_ns, struct grid_zone *ret_zone)
{
    struct source *source;
    struct source_event event = {.kind = SOURCE_IDLE};
    char error[SOURCE_ERROR_SIZE];
    bool is_found = false;

    if (source_open_recording(path, start_ns, -1, 0, &source, error) != ROAD_OK)
        return false;
    while (!is_found && event.kind != SOURCE_END) {
        const enum road_status status = source_next(source, &event, error);
        if (status != ROAD_OK && status != ROAD_BAD_INPUT)
            break;
        is_found = status == ROAD_OK && event.kind == SOURCE_FIX && event.fix.sigma_m <= SIGMA_TRUSTED_M;
    }
    if (is_found)
        *ret_zone = grid_zone_nearest(event.fix.lat_deg, event.fix.lon_deg);
    source_close(source);
    return is_found;
}

void source_move_to(struct source *source, int64_t start_ns)
{
    source->is_moved = true;
    source->move_to_ns = start_ns;
}

static void move(struct source *source, struct source_event *event)
{
    int64_t *time_ns = event->kind == SOURCE_FIX      ? &event->fix.time_ns
                       : event->kind == SOURCE_MOTION ? &event->motion.time_ns
                                                      : NULL;

    if (!time_ns)
        return;
    if (!source->has_shift)
        source->shift_ns = source->is_own_clock ? 0 : source->move_to_ns - *time_ns;
    source->has_shift = true;
    *time_ns += source->shift_ns;
}

enum road_status source_next(struct source *source, struct source_event *ret_event, char *ret_error)
{
    const enum road_status status = source->calls->next(source, ret_event, ret_error);

    if (source->is_moved && !status)
        move(source, ret_event);
    return status;
}

struct source_stats source_stats(const struct source *source)
{
    return source->calls->stats(source);
}

void source_close(struct source *source)
{
    if (source)
        source->calls->close(source);
}

int64_t source_deadline_ns(const struct source *source)
{
    return source->calls->deadline_ns ? source->calls->deadline_ns(source) : INT64_MAX;
}

void source_step(struct source *source, int64_t now_ns)
{
    if (source->calls->step)
        source->calls->step(source, now_ns);
}

/* RTK: a fixed solution's 1-2 cm. SBAS 1-2 m. Consumer and phone: 3 m and 6 m, so that 2 sigma are the 8 m and
 * 16 m squares such receivers are allowed to speak for. */
double source_usual_sigma_m(enum gnss_class gnss)
{
    static const double sigma_m[] = {
        [GNSS_RTK] = 0.02, [GNSS_SBAS] = 1.5, [GNSS_CONSUMER] = 3.0, [GNSS_PHONE] = 6.0};

    return sigma_m[gnss];
}

char *source_time_text(int64_t time_ns, char ret_text[40])
{
    const time_t second = (time_t)(time_ns / 1000000000);
    struct tm utc;

    if (!gmtime_r(&second, &utc) || strftime(ret_text, 24, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
        *ret_text = '\0';
    const size_t used = strlen(ret_text);
    snprintf(ret_text + used, 40 - used, ".%03dZ", (int)(time_ns / 1000000 % 1000));
    return ret_text;
}

bool source_is_unix_time(double time_s)
{
    return time_s >= UNIX_TIME_FROM_S;
}

int64_t source_time_ns(int64_t start_ns, double time_s)
{
    time_s = fmax(-TIME_MAX_S, fmin(TIME_MAX_S, time_s));
    /* Whole seconds apart from the rest: 1.7e9 s have only 0.2 us left in a double's fraction, but lose no more. */
    const double whole_s = floor(time_s);
    const int64_t own_ns = (int64_t)whole_s * 1000000000 + llround((time_s - whole_s) * 1e9);

    return source_is_unix_time(time_s) ? own_ns : start_ns + own_ns;
}

bool source_position_is_given(double lat_deg, double lon_deg)
{
    return !isnan(lat_deg) && !isnan(lon_deg) && (lat_deg != 0 || lon_deg != 0);
}

bool source_position_is_valid(double lat_deg, double lon_deg)
{
    return fabs(lat_deg) <= 90 && fabs(lon_deg) <= 180;
}
