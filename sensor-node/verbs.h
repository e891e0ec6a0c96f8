/* verbs.h - what a user can type that this room answers; NULL-ended. */
#ifndef SENSOR_NODE_VERBS_H
#define SENSOR_NODE_VERBS_H

#include "grid/verb.h"

extern const struct verb node_verbs[];

#endif
