/* verb.h - a command a user types: `roadchief NAME …`. Each room owns a NULL-ended table of its verbs
 * (grid_verbs, node_verbs, gateway_verbs, server_verbs, front_verbs); front/main.c looks through them. */
#ifndef GRID_VERB_H
#define GRID_VERB_H

struct verb {
    const char *name;    /* one word */
    const char *summary; /* one line for `roadchief --help` */
    int (*run)(int argc,
               char **argv); /* argv[0] is the verb; returns the exit status: 0 ok, 1 failed, 2 usage */
};

#endif
