/* source_calls.h - what stands behind `struct source`; for the files that are sources, and for nobody else. */
#ifndef SENSOR_NODE_SOURCE_CALLS_H
#define SENSOR_NODE_SOURCE_CALLS_H

#include <stdio.h>

#include "sensor-node/source.h"

struct source_calls {
    enum road_status (*next)(struct source *source, struct source_event *ret_event, char *ret_error);
    struct source_stats (*stats)(const struct source *source);
    void (*close)(struct source *source);
    /* Live sources only; NULL for a recording, which always has an answer. */
    int64_t (*deadline_ns)(const struct source *source);
    void (*step)(struct source *source, int64_t now_ns);
};

/* First member of every source. */
struct source {
    const struct source_calls *calls;
    const char *format; /* the name of its row in source_formats */
    bool is_own_clock;  /* set by a recording once it has given an event: its times count from the start it was given */
    bool is_moved, has_shift;
    int64_t move_to_ns, shift_ns; /* source_move_to */
};

struct recording_config {
    int64_t start_ns;
    int gnss;       /* enum gnss_class, -1 = the usual one of the kind of recording */
    double sigma_m; /* 0 = from the file, or the class's usual one */
};

/* Sigma per axis, metres, of a receiver of this class under an open sky. */
double source_usual_sigma_m(enum gnss_class gnss);
/* Unix time and not a clock of the recording's own. */
bool source_is_unix_time(double time_s);
/* UTC of a recording's own second. A time from 2001-09-09 on (10^9 s) is Unix time already: the start is not added. */
int64_t source_time_ns(int64_t start_ns, double time_s);

/* One position, checked: 0/0 is what receivers write for "none". */
bool source_position_is_given(double lat_deg, double lon_deg);
bool source_position_is_valid(double lat_deg, double lon_deg);

#endif
