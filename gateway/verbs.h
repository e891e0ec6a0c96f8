/* verbs.h - what a user can type that this room answers; NULL-ended. */
#ifndef GATEWAY_VERBS_H
#define GATEWAY_VERBS_H

#include "grid/verb.h"

extern const struct verb gateway_verbs[];

#endif
