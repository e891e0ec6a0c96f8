/* gpsd.h - position reports of a gpsd, through libgps: a connection that comes back, and epochs made of reports.
 *
 * gpsd tells one epoch in up to two TPV reports and its standard deviations in a GST report behind them. The last
 * report of an epoch counts; it is finished by the first report of a later time, or 0.2 s after it came. Sigma comes
 * from GST, never from eph (which gpsd sets to the same for a fixed and a float solution). The gpsd is trusted to be
 * this machine's own: libgps 3.22 can loop for ever on a damaged line of JSON. One thread. */
#ifndef SENSOR_NODE_GPSD_H
#define SENSOR_NODE_GPSD_H

#include <gps.h>
#include <stdbool.h>

#include "sensor-node/core.h"

#if GPSD_API_MAJOR_VERSION < 11 || GPSD_API_MAJOR_VERSION > 14
#error "gpsd.c was written for the libgps interface 11 to 14: look at struct gps_data_t again"
#endif

#define GPSD_FINISH_NS 200000000 /* an epoch's last report is believed to be the last after this */
#define GPSD_FIXES_MAX 64

/* Epochs under assembly: pure, time is handed in. */
struct gpsd_epochs {
    int gnss;       /* enum gnss_class, -1 = from the report's status */
    double sigma_m; /* 0 = from GST */
    bool has_fix;   /* an epoch waits for its last report */
    struct fix fix;
    int64_t since_ns;     /* when its last report came, monotonic */
    int64_t last_time_ns; /* UTC of the last finished epoch */
    int64_t gst_time_ns;  /* UTC of the last GST, 0 = none yet */
    double gst_sigma_m;
    uint64_t reports, refused; /* refused: not finite, not on Earth, time going back */
};

void gpsd_epochs_init(struct gpsd_epochs *epochs, int gnss, double sigma_m);
/* Takes one report. True with the epoch before it, if this one finished it. */
bool gpsd_epochs_add(struct gpsd_epochs *epochs, const struct gps_data_t *report, int64_t now_ns, struct fix *ret_fix);
/* True with the waiting epoch if it is old enough; INT64_MAX as now takes it at any age. */
bool gpsd_epochs_flush(struct gpsd_epochs *epochs, int64_t now_ns, struct fix *ret_fix);

struct gpsd; /* the connection; opaque */

struct gpsd_config {
    const char *host, *port; /* borrowed */
    int gnss;
    double sigma_m;
};

/* Does not connect yet. Connecting blocks for as long as the host takes to answer: meant for this machine. */
enum road_status gpsd_new(const struct gpsd_config *config, struct gpsd **ret_gpsd);
void gpsd_free(struct gpsd *gpsd);
bool gpsd_is_connected(const struct gpsd *gpsd);
/* Connects, reads what is there, finishes epochs. Never waits for data. */
void gpsd_step(struct gpsd *gpsd, int64_t now_ns);
/* A finished fix; the first one after the connection was lost says which was the last one before it. */
struct gpsd_fix {
    struct fix fix;
    int64_t gap_from_ns; /* UTC, 0 = nothing was lost before this fix */
    int64_t arrived_ns;  /* monotonic */
};
/* The oldest finished fix, if there is one. */
bool gpsd_take(struct gpsd *gpsd, struct gpsd_fix *ret_fix);
uint64_t gpsd_refused(const struct gpsd *gpsd);

#endif
