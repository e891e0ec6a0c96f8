/* The plain CSV from hostile bytes: every event has finite numbers where it promises them, or the row is refused. */
#include <math.h>
#include <stdlib.h>

#include "sensor-node/source_formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct source_event *event)
{
    if (event->kind == SOURCE_FIX && !(isfinite(event->fix.lat_deg) && isfinite(event->fix.lon_deg) &&
                                       event->fix.sigma_m > 0 && fabs(event->fix.lat_deg) <= 90))
        abort();
    if (event->kind == SOURCE_MOTION)
        for (int i = 0; i < 3; i++)
            if (isnan(event->motion.accel_mps2[i]))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct recording_config config = {.start_ns = 1700000000000000000, .gnss = -1};
    char error[SOURCE_ERROR_SIZE];
    struct source_event event = {.kind = SOURCE_IDLE};
    struct source *source;
    FILE *file = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "rb") : NULL;

    if (!file || source_rows_from_file(file, "fuzz", &rows_csv, &config, &source, error))
        return 0;
    for (;;) {
        const enum road_status status = source_next(source, &event, error);
        if (status == ROAD_BAD_INPUT)
            continue;
        if (status || event.kind == SOURCE_END)
            break;
        look_at(&event);
    }
    source_close(source);
    return 0;
}
