#include "sensor-node/gpsd.h"

#include <stdlib.h>

#define RETRY_NS 500000000
#define READS_MAX 256 /* messages a step: the loop has other work too */

struct gpsd {
    struct gpsd_config config;
    struct gps_data_t data;
    bool is_connected;
    int64_t retry_ns; /* when to connect again, monotonic */
    struct gpsd_epochs epochs;
    int64_t lost_from_ns; /* UTC of the last fix before the connection was lost, for the next one; 0 = not lost */
    struct gpsd_fix fixes[GPSD_FIXES_MAX];
    size_t first, count;
};

enum road_status gpsd_new(const struct gpsd_config *config, struct gpsd **ret_gpsd)
{
    struct gpsd *gpsd = calloc(1, sizeof *gpsd);

    if (!gpsd)
        return ROAD_NO_MEMORY;
    gpsd->config = *config;
    gpsd->retry_ns = 0; /* at once: the monotonic clock is past it */
    gpsd_epochs_init(&gpsd->epochs, config->gnss, config->sigma_m);
    *ret_gpsd = gpsd;
    return ROAD_OK;
}

static void push(struct gpsd *gpsd, const struct fix *fix, int64_t now_ns)
{
    gpsd->fixes[(gpsd->first + gpsd->count) % GPSD_FIXES_MAX] =
        (struct gpsd_fix){.fix = *fix, .gap_from_ns = gpsd->lost_from_ns, .arrived_ns = now_ns};
    gpsd->lost_from_ns = 0;
    gpsd->count++;
}

static void disconnect(struct gpsd *gpsd, int64_t now_ns)
{
    struct fix fix;

    gps_close(&gpsd->data);
    gpsd->is_connected = false;
    gpsd->retry_ns = now_ns + RETRY_NS;
    if (gpsd_epochs_flush(&gpsd->epochs, INT64_MAX, &fix))
        push(gpsd, &fix, now_ns);
    gpsd->lost_from_ns = gpsd->epochs.last_time_ns;
}

void gpsd_free(struct gpsd *gpsd)
{
    if (gpsd && gpsd->is_connected)
        gps_close(&gpsd->data);
    free(gpsd);
}

bool gpsd_is_connected(const struct gpsd *gpsd)
{
    return gpsd->is_connected;
}

uint64_t gpsd_refused(const struct gpsd *gpsd)
{
    return gpsd->epochs.refused;
}

static void connect_again(struct gpsd *gpsd, int64_t now_ns)
{
    gpsd->retry_ns = now_ns + RETRY_NS;
    if (gps_open(gpsd->config.host, gpsd->config.port, &gpsd->data))
        return;
    if (gps_stream(&gpsd->data, WATCH_ENABLE | WATCH_JSON, NULL)) {
        gps_close(&gpsd->data);
        return;
    }
    gpsd->is_connected = true;
}

/* gps_read gives -1 with errno 0 once gpsd is gone; the only way on is to close and open again. */
static void read_reports(struct gpsd *gpsd, int64_t now_ns)
{
    struct fix fix;

    for (int i = 0; i < READS_MAX && gpsd->count < GPSD_FIXES_MAX - 1 && gps_waiting(&gpsd->data, 0); i++) {
        if (gps_read(&gpsd->data, NULL, 0) < 0) {
            disconnect(gpsd, now_ns);
            return;
        }
        if (gpsd_epochs_add(&gpsd->epochs, &gpsd->data, now_ns, &fix))
            push(gpsd, &fix, now_ns);
        gpsd->data.set = 0;
    }
}

void gpsd_step(struct gpsd *gpsd, int64_t now_ns)
{
    struct fix fix;

    if (!gpsd->is_connected && now_ns >= gpsd->retry_ns)
        connect_again(gpsd, now_ns);
    if (gpsd->is_connected)
        read_reports(gpsd, now_ns);
    if (gpsd->count < GPSD_FIXES_MAX && gpsd_epochs_flush(&gpsd->epochs, now_ns, &fix))
        push(gpsd, &fix, now_ns);
}

bool gpsd_take(struct gpsd *gpsd, struct gpsd_fix *ret_fix)
{
    if (gpsd->count == 0)
        return false;
    *ret_fix = gpsd->fixes[gpsd->first];
    gpsd->first = (gpsd->first + 1) % GPSD_FIXES_MAX;
    gpsd->count--;
    return true;
}
