/* source.h - where samples and fixes come from: a recording or live devices, one shape for all.
 *
 * A source gives events in time order. Recordings: the formats of source_formats.c (docs/recordings.md), known by their
 * content; read as a stream, line length <= 4,096. Live: gpsd through libgps, IIO through sysfs. A file that
 * cannot be read is refused with file, line and reason in ret_error (SOURCE_ERROR_SIZE bytes). */
#ifndef SENSOR_NODE_SOURCE_H
#define SENSOR_NODE_SOURCE_H

#include "sensor-node/core.h"

#define SOURCE_ERROR_SIZE 512

enum source_kind { SOURCE_MOTION, SOURCE_FIX, SOURCE_GAP, SOURCE_IDLE, SOURCE_END };

struct source_event {
    enum source_kind kind;
    struct motion_sample motion;
    struct fix fix;
    int64_t gap_from_ns, gap_to_ns;
};

struct source_stats {
    uint64_t rows, rows_refused; /* bad rows are counted and logged by the daemon, good ones beside them kept */
    uint64_t fixes_stale;        /* a position written again without being measured again: not a fix */
};

struct source; /* opaque; a table of functions behind it */
/* `start_ns`: UTC of time 0 for recordings that have only their own clock. `gnss`/`sigma_m`: -1 / 0 = take the
 * file's accuracy column (phyphox) or the class's usual sigma. */
enum road_status source_open_recording(const char *path, int64_t start_ns, int gnss, double sigma_m,
                                       struct source **ret_source, char *ret_error);
/* What the recording was recognised as: a name of docs/recordings.md; NULL for a live source. */
const char *source_format(const struct source *source);
/* A recording that holds UTC of its own is driven as if its first event were at `start_ns` (a replay of old data: a gateway
 * refuses what is too old). One with its own clock stands there already. Call before the first source_next. */
void source_move_to(struct source *source, int64_t start_ns);
/* Seconds of the recording, for the default start; reads the file through once. */
enum road_status source_duration(const char *path, double *ret_duration_s, char *ret_error);
/* The zone of the recording's first fix that can be trusted; false if it has none. */
bool source_find_zone(const char *path, int64_t start_ns, struct grid_zone *ret_zone);
/* ROAD_OK with an event (SOURCE_END at the end); ROAD_BAD_INPUT for a row that was refused (ret_error says which). */
enum road_status source_next(struct source *source, struct source_event *ret_event, char *ret_error);
/* RFC 3339 with milliseconds, as all our tools write times; returns ret_text. */
char *source_time_text(int64_t time_ns, char ret_text[40]);
struct source_stats source_stats(const struct source *source);
void source_close(struct source *source);

/* Live sources: the monotonic time by which to call again, and the call that reads what is there. Nothing is polled:
 * devices keep what comes, and are read twenty times a second however fast they are, so that the processor can sleep. A
 * recording always has an event. SOURCE_IDLE = nothing yet. */
int64_t source_deadline_ns(const struct source *source);
void source_step(struct source *source, int64_t now_ns);

/* gpsd and an IIO accelerometer at once. Samples wait up to 2 s for the fix behind them, so that events come in time
 * order as long as gpsd is no slower. gpsd away, at the start or later: source_next says ROAD_LINK_LOST once (ret_error
 * in words; go on calling), it is tried again twice a second, and what lies between the last fix before and the first
 * one after comes as SOURCE_GAP. The same for a sensor that is pulled out; one that is not there at the start is an
 * error. ROAD_OK with SOURCE_IDLE and words in ret_error: something came back. Never ends. */
struct live_config {
    const char *gpsd_host, *gpsd_port;
    const char *iio_root;   /* before /sys and /dev, "" on a real machine */
    const char *iio_device; /* "" = the first accelerometer */
    int gnss;               /* enum gnss_class, -1 = as gpsd says */
    double sigma_m;         /* 0 = from the fixes */
};
enum road_status source_open_live(const struct live_config *config, struct source **ret_source, char *ret_error);

#endif
