/* main.c - `roadchief VERB …`: one table of verbs, each answered by the room that owns it. */
#include <stdio.h>
#include <string.h>

#include "front/verbs.h"
#include "gateway/verbs.h"
#include "grid/verbs.h"
#include "sensor-node/verbs.h"
#include "server/verbs.h"
#include "tests/evaluate/evaluate.h"
#include "tests/sim/simulate.h"

static const struct verb *const rooms[] = {front_verbs, grid_verbs, node_verbs, gateway_verbs, server_verbs, sim_verbs, evaluate_verbs};
#define ROOMS (sizeof rooms / sizeof rooms[0])

static const struct verb *find_verb(const char *name)
{
    for (size_t r = 0; r < ROOMS; r++)
        for (const struct verb *v = rooms[r]; v->name; v++)
            if (strcmp(v->name, name) == 0)
                return v;
    return NULL;
}

static void print_help(FILE *out)
{
    fputs("roadchief - the health of every square metre of a city's roads\n\n"
          "usage: roadchief VERB [ARGUMENTS]     roadchief VERB --help tells more\n\n",
          out);
    for (size_t r = 0; r < ROOMS; r++)
        for (const struct verb *v = rooms[r]; v->name; v++)
            fprintf(out, "  %-10s %s\n", v->name, v->summary);
    fputs("\nStart with `./roadchief demo` in a checkout. Version " ROAD_VERSION ".\n", out);
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("roadchief " ROAD_VERSION);
        return 0;
    }
    const struct verb *verb = find_verb(argv[1]);
    if (!verb) {
        fprintf(stderr, "roadchief: there is no verb '%s'; `roadchief --help` lists them\n", argv[1]);
        return 2;
    }
    return verb->run(argc - 1, argv + 1);
}
