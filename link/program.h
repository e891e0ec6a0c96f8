/* program.h - `roadchief node` becomes roadchief-node, like git and its helpers: the program of that name beside this
 * one, else on the PATH. */
#ifndef LINK_PROGRAM_H
#define LINK_PROGRAM_H

/* Returns only if there is no such program: the exit status, with the reason on standard error. */
int program_become(const char *name, char **argv);

#endif
