/* tape_make - a recording as a tape:
 *     tape_make RECORDING TAPE [--no-gyro] [--seconds N]
 * The recording's time 0 is a fixed day, so that the same recording gives the same tape. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensor-node/source.h"
#include "tests/tape/tape.h"

#define START_NS        INT64_C(1790000000000000000)
#define SIGMA_TRUSTED_M 100 /* as `roadchief detect`: a first fix worse than this may lie in another zone */

struct options {
    const char *recording, *tape;
    bool is_without_gyro;
    double seconds;
};

static bool read_options(int argc, char **argv, struct options *ret_options)
{
    struct options o = {.seconds = INFINITY};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--no-gyro") == 0)
            o.is_without_gyro = true;
        else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            o.seconds = strtod(argv[++i], NULL);
        else if (!o.recording)
            o.recording = argv[i];
        else
            o.tape = argv[i];
    }
    *ret_options = o;
    return o.recording && o.tape;
}

static enum road_status next(struct source *source, struct source_event *ret_event)
{
    char error[SOURCE_ERROR_SIZE];
    enum road_status status;

    do
        status = source_next(source, ret_event, error);
    while (status == ROAD_BAD_INPUT); /* a row that was refused */
    if (status != ROAD_OK)
        fprintf(stderr, "tape_make: %s\n", error);
    return status;
}

static struct source *open_recording(const struct options *o)
{
    struct source *source;
    char error[SOURCE_ERROR_SIZE];

    if (source_open_recording(o->recording, START_NS, -1, 0, &source, error) == ROAD_OK)
        return source;
    fprintf(stderr, "tape_make: %s\n", error);
    exit(1);
}

static struct grid_zone find_zone(const struct options *o)
{
    struct source *source = open_recording(o);
    struct source_event event = {.kind = SOURCE_IDLE};
    struct grid_zone zone = {120, false};

    while (event.kind != SOURCE_END && next(source, &event) == ROAD_OK)
        if (event.kind == SOURCE_FIX && event.fix.sigma_m <= SIGMA_TRUSTED_M) {
            zone = grid_zone_nearest(event.fix.lat_deg, event.fix.lon_deg);
            break;
        }
    source_close(source);
    return zone;
}

/* False when the tape is long enough. */
static bool put(struct tape_writer *writer, const struct options *o, struct source_event *event, int64_t *first_ns)
{
    const int64_t time_ns = event->kind == SOURCE_FIX ? event->fix.time_ns : event->motion.time_ns;

    if (event->kind == SOURCE_GAP) {
        tape_put_gap(writer, event->gap_from_ns, event->gap_to_ns);
        return true;
    }
    *first_ns = *first_ns ? *first_ns : time_ns;
    if ((double)(time_ns - *first_ns) > o->seconds * 1e9)
        return false;
    for (int k = 0; k < 3 && o->is_without_gyro; k++)
        event->motion.gyro_radps[k] = NAN;
    if (event->kind == SOURCE_FIX)
        tape_put_fix(writer, &event->fix);
    else
        tape_put_motion(writer, &event->motion);
    return true;
}

int main(int argc, char **argv)
{
    struct options o;
    static struct tape_writer writer;
    struct source_event event = {.kind = SOURCE_IDLE};
    int64_t first_ns = 0;

    if (!read_options(argc, argv, &o)) {
        fputs("usage: tape_make RECORDING TAPE [--no-gyro] [--seconds N]\n", stderr);
        return 2;
    }
    writer.file = fopen(o.tape, "wb");
    if (!writer.file) {
        perror(o.tape);
        return 1;
    }
    tape_put_zone(&writer, find_zone(&o));
    struct source *source = open_recording(&o);
    while (next(source, &event) == ROAD_OK && event.kind != SOURCE_END && put(&writer, &o, &event, &first_ns))
        ;
    source_close(source);
    const bool is_written = tape_flush(&writer);
    return fclose(writer.file) == 0 && is_written ? 0 : 1;
}
