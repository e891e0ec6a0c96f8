#include "link/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int program_become(const char *name, char **argv)
{
    char path[4096], beside[4096 + 64];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

    if (length > 0) {
        path[length] = '\0';
        char *slash = strrchr(path, '/');
        if (slash)
            *slash = '\0';
        snprintf(beside, sizeof beside, "%s/%.60s", path, name);
        execv(beside, argv);
    }
    execvp(name, argv);
    fprintf(stderr, "roadchief: %s cannot be started: %s\n", name, strerror(errno));
    return 1;
}
