#include "front/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void become(char *const argv[], int out, const char *log_path, pid_t parent)
{
    const int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1); /* the parent ended before prctl */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0); /* Ctrl-C reaches the parent alone, which then stops its children in order */
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    if (log >= 0)
        dup2(log, STDERR_FILENO);
    execvp(argv[0], argv);
    _exit(127);
}

enum road_status child_start(struct child *ret_child, char *const argv[], const char *log_path)
{
    int ends[2];
    const pid_t parent = getpid();

    if (pipe2(ends, O_CLOEXEC) != 0)
        return ROAD_IO;
    const pid_t pid = fork();
    if (pid == 0)
        become(argv, ends[1], log_path, parent);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return ROAD_NO_MEMORY;
    }
    *ret_child = (struct child){.pid = pid, .out = ends[0]};
    return ROAD_OK;
}

/* One line, byte by byte: children say little on standard output. */
static enum road_status read_line(struct child *child, int64_t deadline_ms, char *line, size_t size)
{
    size_t used = 0;

    for (;;) {
        const int64_t left_ms = deadline_ms - monotonic_ms();
        struct pollfd watch = {.fd = child->out, .events = POLLIN};
        char byte;
        if (left_ms <= 0)
            return ROAD_TIMEOUT;
        if (poll(&watch, 1, (int)left_ms) <= 0)
            continue;
        if (read(child->out, &byte, 1) != 1)
            return ROAD_END;
        if (byte == '\n')
            break;
        if (used + 1 < size)
            line[used++] = byte;
    }
    line[used] = '\0';
    return ROAD_OK;
}

enum road_status child_wait_line(struct child *child, const char *prefix, int timeout_ms, char *ret_line, size_t size)
{
    const int64_t deadline_ms = monotonic_ms() + timeout_ms;

    for (;;) {
        const enum road_status status = read_line(child, deadline_ms, ret_line, size);
        if (status != ROAD_OK)
            return status;
        if (strncmp(ret_line, prefix, strlen(prefix)) == 0)
            return ROAD_OK;
    }
}

static void forget(struct child *child, int status)
{
    child->status = status;
    child->pid = 0;
    if (child->out >= 0)
        close(child->out);
    child->out = -1;
}

bool child_is_running(struct child *child)
{
    int status;

    if (child->pid == 0)
        return false;
    if (waitpid(child->pid, &status, WNOHANG) == 0)
        return true;
    forget(child, status);
    return false;
}

void child_kill(struct child *child)
{
    int status = 0;

    if (child->pid == 0)
        return;
    kill(child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    forget(child, status);
}

void child_stop(struct child *child, int grace_ms)
{
    const int64_t deadline_ms = monotonic_ms() + grace_ms;

    if (child->pid == 0)
        return;
    kill(child->pid, SIGTERM);
    while (monotonic_ms() < deadline_ms) {
        if (!child_is_running(child))
            return;
        poll(NULL, 0, 5);
    }
    child_kill(child);
}
