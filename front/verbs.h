/* verbs.h - what a user can type that this room answers; NULL-ended. */
#ifndef FRONT_VERBS_H
#define FRONT_VERBS_H

#include "grid/verb.h"

extern const struct verb front_verbs[];

#endif
