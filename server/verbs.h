/* verbs.h - what a user can type that this room answers; NULL-ended. */
#ifndef SERVER_VERBS_H
#define SERVER_VERBS_H

#include "grid/verb.h"

extern const struct verb server_verbs[];

/* One file each; see grid/verb.h for arguments and exit status. */
int server_verb(int argc, char **argv);
int verdict_verb(int argc, char **argv); /* of `server` */
int verify_verb(int argc, char **argv);
int log_verb(int argc, char **argv);
int coverage_verb(int argc, char **argv);
int prove_verb(int argc, char **argv);

#endif
