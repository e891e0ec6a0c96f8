/* server_verb.c - `roadchief server …` becomes roadchief-server. */
#include "link/program.h"
#include "server/verbs.h"

int server_verb(int argc, char **argv)
{
    (void)argc;
    return program_become("roadchief-server", argv);
}
