/* Every parser of recordings from hostile bytes. The first byte chooses the format, files of a folder are separated by
 * 0x1E in the order motion, gyroscope, gravity, position. Whatever is given as an event has finite numbers where it
 * promises them, and the rest is refused in words. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensor-node/source_clip.h"

#define EVENTS_MAX 100000
#define BETWEEN 0x1E

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct recording_config config = {.start_ns = 1700000000000000000, .gnss = -1};

static void look_at(const struct source_event *event)
{
    if (event->kind == SOURCE_FIX && !(isfinite(event->fix.lat_deg) && isfinite(event->fix.lon_deg) &&
                                       event->fix.sigma_m > 0 && fabs(event->fix.lat_deg) <= 90 &&
                                       !(event->fix.speed_mps < 0)))
        abort();
    if (event->kind == SOURCE_MOTION)
        for (int i = 0; i < 3; i++)
            if (isnan(event->motion.accel_mps2[i]))
                abort();
}

static void read_all(enum road_status opened, struct source *source)
{
    char error[SOURCE_ERROR_SIZE] = "";
    struct source_event event = {.kind = SOURCE_IDLE};
    uint64_t refused = 0;

    if (opened)
        return;
    for (int i = 0; i < EVENTS_MAX; i++) {
        const enum road_status status = source_next(source, &event, error);
        if (status == ROAD_BAD_INPUT) {
            if (!*error || strlen(error) >= SOURCE_ERROR_SIZE)
                abort();
            refused++;
            continue;
        }
        if (status || event.kind == SOURCE_END)
            break;
        look_at(&event);
    }
    if (source_stats(source).rows_refused < refused)
        abort();
    source_close(source);
}

static FILE *open_bytes(const uint8_t *data, size_t size)
{
    return size > 0 ? fmemopen((void *)(uintptr_t)data, size, "rb") : NULL;
}

static void read_folder(const struct streams_layout *layout, const uint8_t *data, size_t size)
{
    FILE *files[STREAMS_FILES] = {NULL};
    char error[SOURCE_ERROR_SIZE];
    struct source *source = NULL;

    for (int i = 0; i < STREAMS_FILES; i++) {
        const uint8_t *end = size > 0 ? memchr(data, BETWEEN, size) : NULL;
        const size_t length = end ? (size_t)(end - data) : size;
        files[i] = open_bytes(data, length);
        data += end ? length + 1 : length;
        size -= end ? length + 1 : length;
    }
    const enum road_status status = source_streams_from_files("fuzz", layout, files, &config, &source, error);
    read_all(status, source);
}

static void read_rows(const struct rows_layout *layout, FILE *file)
{
    char error[SOURCE_ERROR_SIZE];
    struct source *source = NULL;
    const enum road_status status = source_rows_from_file(file, "fuzz", layout, &config, &source, error);

    read_all(status, source);
}

static void read_clip(FILE *file)
{
    static float z[1024];
    char error[SOURCE_ERROR_SIZE];
    size_t n = 0;

    if (clip_read_file(file, "fuzz", z, 1024, &n, error))
        return;
    for (size_t i = 0; i < n; i++)
        if (isnan(z[i]))
            abort();
}

static void read_gpx(FILE *file)
{
    char error[SOURCE_ERROR_SIZE];
    struct source *source = NULL;
    const enum road_status status = source_gpx_from_file(file, "fuzz", &config, &source, error);

    read_all(status, source);
}

static void read_pavevibe(FILE *file, const uint8_t *data, size_t size)
{
    char error[SOURCE_ERROR_SIZE];
    struct source *source = NULL;
    FILE *again = open_bytes(data, size);

    if (!again)
        abort();
    const enum road_status status = source_pavevibe_from_files(file, again, "fuzz", &config, &source, error);
    read_all(status, source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const uint8_t format = *data++;
    size--;
    switch (format) {
    case 'f': read_folder(&streams_phyphox, data, size); break;
    case 's': read_folder(&streams_sensorlogger[0][0], data, size); break;
    case 'i': read_folder(&streams_sensorlogger[1][1], data, size); break;
    case 'k': read_folder(&streams_comma2k19, data, size); break;
    case 'm': read_rows(&rows_cmu, open_bytes(data, size)); break;
    case 'w': read_rows(&rows_twowheeler, open_bytes(data, size)); break;
    case 't': read_rows(&rows_track, open_bytes(data, size)); break;
    case 'p': read_pavevibe(open_bytes(data, size), data, size); break;
    case 'z': read_clip(open_bytes(data, size)); break;
    case 'g': read_gpx(open_bytes(data, size)); break;
    case 'n': nmea_line_check((const char *)data, size); break;
    default: break;
    }
    return 0;
}
