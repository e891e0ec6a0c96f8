/* intake.h - is a message what it says it is, and may it be believed?
 *
 * Two steps. intake_open asks who speaks: without a registered key and a good signature nobody can be held to the
 * bytes, so they are quarantined and no sequence number moves. intake_validate asks whether a genuine batch can be
 * true: if not, its number is refused durably and the node goes on. Pure: time is handed in, nothing is logged. */
#ifndef GATEWAY_INTAKE_H
#define GATEWAY_INTAKE_H

#include "link/message.h"
#include "link/registry.h"

#define INTAKE_PAST_NS (INT64_C(90) * 86400 * 1000000000) /* event times from 90 days back … */
#define INTAKE_FUTURE_NS (INT64_C(300) * 1000000000)      /* … to 5 minutes ahead */

struct intake_rules {
    const struct registry *registry;
    const char *district;
    struct grid_zone zone;
};

struct intake_envelope {
    const struct registry_entry *speaker;
    const uint8_t *payload; /* slice of the message */
    size_t payload_length;
    uint64_t seq;
    char claimed[NAME_SIZE]; /* the node's name by the topic, "" if it has none */
};

/* Topic road/v1/<district>/obs/<node>. ROAD_BAD_INPUT: wrong topic, or bytes that are no signed batch;
 * ROAD_TOO_LARGE; ROAD_UNKNOWN_KEY: no such node, another district, not a node, or another's key; ROAD_BAD_SIGNATURE.
 * `claimed` is filled even on failure, the rest only on success. */
enum road_status intake_open(const struct intake_rules *rules, const char *topic, const void *bytes, size_t length,
                             struct intake_envelope *ret_envelope);

/* *ret_field names what is wrong. ROAD_BAD_TIME: outside the window around `now_ns`, or unknown time;
 * ROAD_BAD_RANGE: another zone, outside the zone's frame, jumps of more than 100 m between points;
 * ROAD_TOO_LARGE: more than 20 km of pass in a batch; ROAD_BAD_INPUT: a detection on a pass that is not there. */
enum road_status intake_validate(const struct intake_rules *rules, const struct batch *batch, int64_t now_ns,
                                 const char **ret_field);

bool intake_is_in_window(int64_t time_ns, int64_t now_ns);
/* "road/v1/<district>/<kind>/<name>"; ROAD_BAD_INPUT for anything else. */
enum road_status topic_name(const char *topic, const char *district, const char *kind, char ret_name[NAME_SIZE]);

#endif
