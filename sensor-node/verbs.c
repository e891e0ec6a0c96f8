#include "sensor-node/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sensor-node/detect.h"

#define PROGRAM "roadchief-node"

/* The daemon beside this program, else the one on the PATH. Returns only if there is none. */
static int run_node(int argc, char **argv)
{
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof PROGRAM);

    (void)argc;
    if (length > 0) {
        path[length] = '\0';
        char *slash = strrchr(path, '/');
        strcpy(slash ? slash + 1 : path, PROGRAM);
        execv(path, argv);
    }
    execvp(PROGRAM, argv);
    fprintf(stderr, "roadchief: %s cannot be started: %s\n", PROGRAM, strerror(errno));
    return 1;
}

const struct verb node_verbs[] = {
    {"detect", "what a node would find on a recording: PATH [--geojson]", detect_run},
    {"node", "the daemon that feels the road: --config FILE", run_node},
    {NULL, NULL, NULL},
};
