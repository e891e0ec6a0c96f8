/* message_feature.h - features on the wire: sightings for message_batch.c, beliefs for message_change.c. Keys are a
 * detection's and a defect's where both have the field. */
#ifndef LINK_MESSAGE_FEATURE_H
#define LINK_MESSAGE_FEATURE_H

#include "link/message_parts.h"

/* The least bytes that one can take: kind, time, place, covariance, strength. */
#define FEATURE_SIGHTING_MIN_BYTES 16

void check_feature_sighting(struct check *check, const struct feature_sighting *feature, size_t n_passes);
void put_feature_sighting(struct wire_writer *writer, const struct feature_sighting *feature);
void get_feature_sighting(struct wire_reader *reader, struct feature_sighting *ret_feature);

#define FEATURE_BELIEF_MIN_BYTES 48

void check_feature_belief(struct check *check, const struct feature_belief *feature);
void put_feature_belief(struct wire_writer *writer, const struct feature_belief *feature);
void get_feature_belief(struct wire_reader *reader, struct feature_belief *ret_feature);

#endif
