#include "sensor-node/fixes.h"

#include <math.h>

#define MOVING_MPS 1.5

void fixes_init(struct fixes *fixes, struct grid_zone zone)
{
    *fixes = (struct fixes){.zone = zone};
    guard_init(&fixes->guard);
}

void fixes_reset(struct fixes *fixes)
{
    const struct fixes counted = *fixes;

    fixes_init(fixes, counted.zone);
    fixes->frozen = counted.frozen;
    fixes->jumped = counted.jumped;
}

static bool is_between(double value, double low, double high)
{
    return value >= low && value <= high; /* false for NAN */
}

static bool is_sane(const struct fix *fix)
{
    return is_between(fix->sigma_m, 1e-4, 1e5) && (isnan(fix->speed_mps) || is_between(fix->speed_mps, 0, 100)) &&
           (isnan(fix->heading_deg) || is_between(fix->heading_deg, -360, 360)) && (int)fix->gnss >= GNSS_RTK &&
           fix->gnss <= GNSS_PHONE && (int)fix->time_source >= TIME_NONE && fix->time_source <= TIME_GPS;
}

/* The same place to the last digit while the vehicle moves: said again, not measured again. */
static bool is_frozen(struct fixes *f, const struct fix *fix)
{
    const bool is_same = f->has_before && fix->lat_deg == f->before.lat_deg && fix->lon_deg == f->before.lon_deg;

    f->before = *fix;
    f->has_before = true;
    return is_same && fix->speed_mps >= MOVING_MPS;
}

static void note_trouble(struct fixes *f, enum unplaced_reason reason)
{
    if (!f->is_troubled)
        f->from_ns = f->good_ns;
    f->is_troubled = true;
    f->trouble = reason;
}

enum road_status fixes_check(struct fixes *fixes, const struct fix *fix, struct track_fix *ret_fix)
{
    struct track_fix f = {.time_ns = fix->time_ns, /* the lag is taken off where a tick is looked up */
                          .sigma_m = fix->sigma_m,
                          .speed_mps = fix->speed_mps,
                          .heading_rad = fix->heading_deg * M_PI / 180,
                          .gnss = fix->gnss,
                          .time_source = fix->time_source};

    if (!is_sane(fix))
        return ROAD_BAD_RANGE;
    enum road_status status = grid_project_m(fixes->zone, fix->lat_deg, fix->lon_deg, &f.e_m, &f.n_m);
    if (status == ROAD_OK)
        status = guard_check(&fixes->guard, fix->time_ns);
    if (status != ROAD_OK)
        return status;
    fixes->has_before &= !fixes->guard.went_back;
    if (is_frozen(fixes, fix)) {
        fixes->frozen++;
        note_trouble(fixes, UNPLACED_FROZEN);
        return ROAD_BAD_RANGE;
    }
    *ret_fix = f;
    return ROAD_OK;
}

void fixes_note(struct fixes *fixes, int64_t time_ns, enum road_status in_reach)
{
    if (in_reach == ROAD_OK) {
        fixes->to_ns = fixes->is_troubled ? time_ns : fixes->to_ns;
        fixes->is_troubled = false;
        fixes->good_ns = time_ns;
    } else if (in_reach == ROAD_BAD_RANGE) {
        fixes->jumped++;
        note_trouble(fixes, UNPLACED_JUMP);
    }
}

enum unplaced_reason fixes_trouble(const struct fixes *fixes, int64_t time_ns)
{
    const struct fixes *f = fixes;
    const bool is_in_trouble =
        f->trouble != UNPLACED_NOT && time_ns >= f->from_ns && (f->is_troubled || time_ns <= f->to_ns);

    return is_in_trouble ? f->trouble : UNPLACED_NO_FIX;
}
