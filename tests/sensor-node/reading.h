/* reading.h - a recording read to its end, for tests of what is read and what is refused. */
#ifndef TESTS_SENSOR_NODE_READING_H
#define TESTS_SENSOR_NODE_READING_H

#include <unistd.h>

#include "sensor-node/source.h"
#include "tests/check.h"

#define START_NS INT64_C(1700000000000000000)

static char folder[64];

static inline const char *in_folder(const char *name)
{
    static char path[2][256];
    static int turn;

    turn ^= 1;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static inline const char *write_file(const char *name, const char *text)
{
    const char *path = in_folder(name);
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(text, 1, strlen(text), file) != strlen(text) || fclose(file))
        abort();
    return path;
}

/* A recording read to its end. */
struct reading {
    enum road_status opened, stopped;
    size_t motions, fixes, refusals;
    struct motion_sample motion[8];
    struct fix fix[8];
    int64_t last_ns;
    size_t unordered;
    char first_error[SOURCE_ERROR_SIZE];
    struct source_stats stats;
};

static inline void read_event(struct reading *r, const struct source_event *event)
{
    const int64_t time_ns = event->kind == SOURCE_FIX ? event->fix.time_ns : event->motion.time_ns;

    r->unordered += time_ns < r->last_ns;
    r->last_ns = time_ns;
    if (event->kind == SOURCE_FIX) {
        if (r->fixes < 8)
            r->fix[r->fixes] = event->fix;
        r->fixes++;
        return;
    }
    if (r->motions < 8)
        r->motion[r->motions] = event->motion;
    r->motions++;
}

static inline struct reading read_all(const char *path, int gnss, double sigma_m)
{
    struct reading r = {.last_ns = INT64_MIN};
    char error[SOURCE_ERROR_SIZE] = "";
    struct source *source = NULL;
    struct source_event event = {.kind = SOURCE_IDLE};

    r.opened = source_open_recording(path, START_NS, gnss, sigma_m, &source, r.first_error);
    if (r.opened)
        return r;
    for (;;) {
        r.stopped = source_next(source, &event, error);
        if (r.stopped == ROAD_BAD_INPUT) {
            if (r.refusals++ == 0)
                snprintf(r.first_error, sizeof r.first_error, "%s", error);
            continue;
        }
        if (r.stopped || event.kind == SOURCE_END)
            break;
        read_event(&r, &event);
    }
    r.stats = source_stats(source);
    source_close(source);
    return r;
}

#define CHECK_HOLDS(text, part)                                                                              \
    do {                                                                                                     \
        if (!strstr((text), (part)))                                                                         \
            CHECK_FAILED("\"%s\" does not say \"%s\"", (text), (part));                                      \
    } while (0)

static inline const char *data_path(const char *name)
{
    static char path[512];
    const char *root = getenv("ROAD_DATA");

    snprintf(path, sizeof path, "%s/%s", root ? root : ROAD_SOURCE_DIR "/../shared/data", name);
    return access(path, R_OK) ? NULL : path;
}


#endif
