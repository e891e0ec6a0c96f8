/* Position reports from hostile bytes: the structs that libgps hands us, filled with the bytes themselves. What comes
 * out as a fix is finite, on Earth, and later than the one before. The text before it is libgps' own to parse: its
 * version 3.22 was seen to loop for ever on a damaged line, which no caller can prevent. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensor-node/gpsd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t last_ns;

static void look_at(const struct fix *fix)
{
    if (!isfinite(fix->lat_deg) || !isfinite(fix->lon_deg) || fabs(fix->lat_deg) > 90 || fabs(fix->lon_deg) > 180)
        abort();
    if (!(fix->sigma_m > 0) || isinf(fix->sigma_m) || fix->time_ns <= last_ns || isinf(fix->speed_mps) || isinf(fix->heading_deg))
        abort();
    last_ns = fix->time_ns;
}

static void add(struct gpsd_epochs *epochs, const struct gps_data_t *report, int64_t now_ns)
{
    struct fix fix;

    if (gpsd_epochs_add(epochs, report, now_ns, &fix))
        look_at(&fix);
}

static void add_structs(struct gpsd_epochs *epochs, const uint8_t *data, size_t size)
{
    static struct gps_data_t report;

    for (size_t at = 0; at + 1 + sizeof report.fix <= size; at += 1 + sizeof report.fix) {
        memset(&report, 0, sizeof report);
        if (data[at] & 1) {
            report.set = GST_SET;
            memcpy(&report.gst, data + at + 1, sizeof report.gst);
        } else {
            report.set = MODE_SET | LATLON_SET;
            memcpy(&report.fix, data + at + 1, sizeof report.fix);
        }
        add(epochs, &report, (int64_t)at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gpsd_epochs epochs;
    struct fix fix;

    gpsd_epochs_init(&epochs, -1, 0);
    last_ns = 0;
    add_structs(&epochs, data, size);
    if (gpsd_epochs_flush(&epochs, INT64_MAX, &fix))
        look_at(&fix);
    return 0;
}
