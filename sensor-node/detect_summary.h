/* detect_summary.h - what was read and what came of it: JSON for programs, three lines of words for people. */
#ifndef SENSOR_NODE_DETECT_SUMMARY_H
#define SENSOR_NODE_DETECT_SUMMARY_H

#include "sensor-node/core.h"
#include "sensor-node/source.h"

/* Of the events of a recording; a zeroed one is ready. */
struct tally {
    uint64_t motions, fixes, steps;
    int64_t first_ns, last_ns; /* of all events */
    int64_t last_motion_ns;
    double watched_m; /* length of the passes */
    double steps_s;   /* sum of the steps between samples that follow each other */
    uint64_t detected[DEFECT_TYPE_COUNT + 1]; /* by type */
};
void tally_event(struct tally *tally, const struct source_event *event);
void tally_batch(struct tally *tally, const struct batch *batch);

#define SUMMARY_SIZE 2048
/* JSON members without braces; core = NULL: there was nothing to feel. */
void summary_json(const struct tally *tally, const struct source *source, const struct node_core *core, int meridian_deg,
                  char ret_text[SUMMARY_SIZE]);
/* To standard error. */
void summary_words(const struct tally *tally, const struct source *source, const struct node_core *core);

#endif
