/* verbs.h - what a user can type that this room answers; NULL-ended. */
#ifndef SERVER_VERBS_H
#define SERVER_VERBS_H

#include "grid/verb.h"

extern const struct verb server_verbs[];

#endif
