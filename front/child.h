/* child.h - a program of ours or of Debian's that runs beside us: started, watched, stopped and reaped.
 *
 * A child dies with its parent (PR_SET_PDEATHSIG), so nothing is left behind after Ctrl-C, a failed test or
 * kill -9. Its standard error goes to a log file, its standard output to a pipe we read. One thread. */
#ifndef FRONT_CHILD_H
#define FRONT_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "grid/status.h"

struct child {
    pid_t pid; /* 0 = not running */
    int out;   /* read end of its standard output, -1 = closed */
    int status; /* of waitpid, once it has ended */
};

/* argv[0] is looked up in PATH if it has no slash. log_path is appended to. */
enum road_status child_start(struct child *ret_child, char *const argv[], const char *log_path);
/* Waits for a line that starts with `prefix` and copies it (without newline). ROAD_TIMEOUT, or ROAD_END if the
 * child closed its output first. */
enum road_status child_wait_line(struct child *child, const char *prefix, int timeout_ms, char *ret_line, size_t size);
bool child_is_running(struct child *child); /* reaps it if it has ended */
/* SIGTERM, up to `grace_ms`, then SIGKILL; reaps. Fine on a child that has ended. */
void child_stop(struct child *child, int grace_ms);
void child_kill(struct child *child); /* SIGKILL at once; reaps */

#endif
