/* server_verb.c - `roadchief server …` becomes roadchief-server; `roadchief server verdict …` talks to it. */
#include <string.h>

#include "link/program.h"
#include "server/verbs.h"

int server_verb(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "verdict") == 0)
        return verdict_verb(argc - 1, argv + 1);
    return program_become("roadchief-server", argv);
}
