/* facts.h - what a finished run is measured by: numbers from the nodes' own files, the server's answers, the
 * event stream and the offline verifier; and whether they are what was promised. */
#ifndef FRONT_FACTS_H
#define FRONT_FACTS_H

#include <stdio.h>

#include "front/events.h"
#include "front/stack.h"
#include "front/truth.h"

struct facts {
    /* nodes, summed */
    uint64_t samples, detections, batches_sent, batches_acked, batches_refused;
    double distance_m;
    double unplaced_m;
    double replay_speed; /* of the slowest node */
    /* server */
    double road_m_covered, road_m_red, road_m_yellow, road_m_green, road_m_unplaced;
    uint64_t defects_suspected, defects_confirmed, features, features_called_damage, cells_coded, cells_1m_coded, cells_16m_coded, entries;
    bool is_verified;
    uint64_t batches_seen; /* whose last change reached an ordinary client of the map */
    double sample_to_map_ms_p50, sample_to_map_ms_p99;
};

/* Sums the nodes' facts.json; false while one is missing. */
bool facts_of_nodes(const struct stack *stack, struct facts *facts);
/* Batches whose last change was seen; with the times from handed.csv when `is_final`. */
void facts_of_events(const struct stack *stack, struct events *events, struct facts *facts);
bool facts_of_server(const struct stack *stack, struct facts *facts);
/* Runs `roadchief verify` against the server's public log, as a stranger would. */
bool facts_verify(const struct stack *stack, struct facts *facts);
/* `truth` is NULL where the drive was no simulation. */
void facts_print(const struct facts *facts, const struct truth_score *truth, bool is_json, FILE *out);

#endif
