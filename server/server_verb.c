/* server_verb.c - `roadchief server …` becomes roadchief-server, from the folder that this program lies in.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/verbs.h"

#define PROGRAM   "roadchief-server"
#define PATH_SIZE 4096

int server_verb(int argc, char **argv)
{
    char path[PATH_SIZE + sizeof PROGRAM];
    const ssize_t length = readlink("/proc/self/exe", path, PATH_SIZE - 1);

    (void)argc;
    argv[0] = (char[]){PROGRAM};
    if (length > 0) {
        path[length] = '\0';
        char *slash = strrchr(path, '/');
        strcpy(slash ? slash + 1 : path, PROGRAM);
        execv(path, argv);
    }
    execvp(PROGRAM, argv);
    fprintf(stderr, "roadchief: cannot run %s: %s\n", PROGRAM, strerror(errno));
    return 1;
}
