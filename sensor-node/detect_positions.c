#include "sensor-node/detect_positions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HOLE_NS INT64_C(10000000000) /* a longer one ends the stretch */
#define POINTS_MAX 4096              /* of a stretch, then another begins at its last point */
#define REFUSED_SHOWN 10

struct stretch {
    double lon_lat_deg[POINTS_MAX][2];
    size_t n;
    int64_t from_ns, to_ns;
};

static void end_stretch(struct stretch *s, struct put *put)
{
    char members[256], from[40], to[40];

    if (s->n >= 2) {
        snprintf(members, sizeof members, "\"kind\":\"positions\",\"watched\":false,\"from\":\"%s\",\"to\":\"%s\",\"fixes\":%zu",
                 source_time_text(s->from_ns, from), source_time_text(s->to_ns, to), s->n);
        put_unwatched(put, members, s->lon_lat_deg, s->n);
    }
    s->n = 0;
}

static void add(struct stretch *s, const struct fix *fix, struct put *put)
{
    if (s->n > 0 && (fix->time_ns - s->to_ns > HOLE_NS || fix->time_ns < s->to_ns))
        end_stretch(s, put);
    if (s->n == POINTS_MAX) {
        const double last_deg[2] = {s->lon_lat_deg[s->n - 1][0], s->lon_lat_deg[s->n - 1][1]};
        end_stretch(s, put);
        s->lon_lat_deg[0][0] = last_deg[0];
        s->lon_lat_deg[0][1] = last_deg[1];
        s->from_ns = s->to_ns;
        s->n = 1;
    }
    if (s->n == 0)
        s->from_ns = fix->time_ns;
    s->lon_lat_deg[s->n][0] = fix->lon_deg;
    s->lon_lat_deg[s->n++][1] = fix->lat_deg;
    s->to_ns = fix->time_ns;
}

enum road_status positions_follow(struct source *source, struct put *put, struct tally *tally, char *ret_error)
{
    struct source_event event = {.kind = SOURCE_IDLE};
    struct stretch *stretch = calloc(1, sizeof *stretch);
    enum road_status status = stretch ? ROAD_OK : ROAD_NO_MEMORY;
    uint64_t refused = 0;

    while (status == ROAD_OK && event.kind != SOURCE_END) {
        status = source_next(source, &event, ret_error);
        if (status == ROAD_BAD_INPUT) {
            if (refused++ < REFUSED_SHOWN)
                fprintf(stderr, "row refused: %s\n", ret_error);
            status = ROAD_OK;
            continue;
        }
        if (status == ROAD_OK && event.kind == SOURCE_FIX) {
            tally_event(tally, &event);
            add(stretch, &event.fix, put);
        }
    }
    if (status == ROAD_OK)
        end_stretch(stretch, put);
    free(stretch);
    return status;
}
