/* verbs.h - what a user can type that this room answers; NULL-ended. */
#ifndef GRID_VERBS_H
#define GRID_VERBS_H

#include "grid/verb.h"

extern const struct verb grid_verbs[];

#endif
