#include <math.h>

#include "sensor-node/gpsd.h"
#include "sensor-node/source_calls.h"

#define GST_AGE_NS INT64_C(2000000000) /* a GST of an epoch this long ago still says how good the receiver is */
#define SPEED_MAX_MPS 150.
#define SIGMA_MIN_M 1e-3 /* no receiver is better; less is a field left empty */
#define SIGMA_MAX_M 1e5
#define TIME_MIN_S 1000000000 /* 2001: before it a receiver has not found the time yet */
#define TIME_MAX_S INT64_C(4000000000)

#if GPSD_API_MAJOR_VERSION >= 14 /* renamed there */
#define STATUS_DGPS_FIX STATUS_DGPS
#endif

void gpsd_epochs_init(struct gpsd_epochs *epochs, int gnss, double sigma_m)
{
    *epochs = (struct gpsd_epochs){.gnss = gnss, .sigma_m = sigma_m};
}

static bool read_time(struct timespec time, int64_t *ret_time_ns)
{
    if (time.tv_sec < TIME_MIN_S || time.tv_sec > TIME_MAX_S || time.tv_nsec < 0 || time.tv_nsec >= 1000000000)
        return false;
    *ret_time_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
    return true;
}

/* Float and differential solutions are decimetres to metres: the class below fixed RTK. */
static enum gnss_class class_of(int status)
{
    switch (status) {
    case STATUS_RTK_FIX:
        return GNSS_RTK;
    case STATUS_RTK_FLT:
    case STATUS_DGPS_FIX:
        return GNSS_SBAS;
    default:
        return GNSS_CONSUMER;
    }
}

static void take_gst(struct gpsd_epochs *epochs, const struct gst_t *gst)
{
    int64_t time_ns;
    const double lat_m = gst->lat_err_deviation, lon_m = gst->lon_err_deviation;

    const double sigma_m = hypot(lat_m, lon_m) / sqrt(2);

    if (!(lat_m >= 0 && lon_m >= 0 && sigma_m >= SIGMA_MIN_M && sigma_m <= SIGMA_MAX_M)) /* false for nan too */
        return;
    if (!read_time(gst->utctime, &time_ns))
        return;
    epochs->gst_time_ns = time_ns;
    epochs->gst_sigma_m = sigma_m;
}

static bool read_fix(struct gpsd_epochs *epochs, const struct gps_fix_t *report, struct fix *ret_fix)
{
    int64_t time_ns;
    struct fix fix = {
        .lat_deg = report->latitude,
        .lon_deg = report->longitude,
        .speed_mps = (double)NAN,
        .heading_deg = (double)NAN,
        .gnss = epochs->gnss < 0 ? class_of(report->status) : (enum gnss_class)epochs->gnss,
        .time_source = TIME_GPS,
    };

    if (!read_time(report->time, &time_ns) || !isfinite(fix.lat_deg) || !isfinite(fix.lon_deg) ||
        !source_position_is_valid(fix.lat_deg, fix.lon_deg) || !source_position_is_given(fix.lat_deg, fix.lon_deg))
        return false;
    if (time_ns < epochs->last_time_ns || (epochs->has_fix && time_ns < epochs->fix.time_ns))
        return false;
    fix.time_ns = time_ns;
    if (isfinite(report->speed) && report->speed >= 0 && report->speed <= SPEED_MAX_MPS)
        fix.speed_mps = report->speed;
    if (isfinite(report->track) && report->track >= 0 && report->track <= 360)
        fix.heading_deg = report->track;
    *ret_fix = fix;
    return true;
}

/* The epoch's own GST, else one not long ago, else what the class usually reaches. */
static void finish(struct gpsd_epochs *epochs, struct fix *ret_fix)
{
    const int64_t age_ns = epochs->fix.time_ns - epochs->gst_time_ns;

    epochs->has_fix = false;
    epochs->last_time_ns = epochs->fix.time_ns;
    *ret_fix = epochs->fix;
    if (epochs->sigma_m > 0)
        ret_fix->sigma_m = epochs->sigma_m;
    else if (age_ns >= -GST_AGE_NS && age_ns <= GST_AGE_NS)
        ret_fix->sigma_m = epochs->gst_sigma_m;
    else
        ret_fix->sigma_m = source_usual_sigma_m(epochs->fix.gnss);
}

bool gpsd_epochs_add(struct gpsd_epochs *epochs, const struct gps_data_t *report, int64_t now_ns, struct fix *ret_fix)
{
    struct fix fix;
    bool is_finished = false;

    if (report->set & GST_SET) {
        take_gst(epochs, &report->gst);
        return false;
    }
    if (!(report->set & MODE_SET) || !(report->set & LATLON_SET) || report->fix.mode < MODE_2D)
        return false;
    epochs->reports++;
    if (!read_fix(epochs, &report->fix, &fix)) {
        epochs->refused++;
        return false;
    }
    if (fix.time_ns == epochs->last_time_ns)
        return false; /* a late repeat of an epoch that was given already */
    if (epochs->has_fix && fix.time_ns > epochs->fix.time_ns) {
        finish(epochs, ret_fix);
        is_finished = true;
    }
    epochs->has_fix = true;
    epochs->fix = fix;
    epochs->since_ns = now_ns;
    return is_finished;
}

bool gpsd_epochs_flush(struct gpsd_epochs *epochs, int64_t now_ns, struct fix *ret_fix)
{
    if (!epochs->has_fix || now_ns < epochs->since_ns + GPSD_FINISH_NS)
        return false;
    finish(epochs, ret_fix);
    return true;
}
