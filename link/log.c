#include "link/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 1024

static const char *program_name = "roadchief";
static enum log_level threshold = LOG_LEVEL_INFO;

void log_init(const char *program, enum log_level level)
{
    program_name = program;
    threshold = level;
}

enum log_level log_level(void)
{
    return threshold;
}

/* One write(2), so that lines of several threads and processes do not mix. */
static void log_line(const char *level, const char *format, va_list args)
{
    const int saved_errno = errno;
    char line[LINE_SIZE], stamp[32] = "";
    struct timespec now;
    struct tm utc;

    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &utc))
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    int used = snprintf(line, sizeof line, "%s.%03ldZ %s %s ", stamp, now.tv_nsec / 1000000, program_name, level);
    if (used < 0 || used >= LINE_SIZE - 2)
        used = 0;
    errno = saved_errno; /* for %m */
    int body = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, args);
    size_t length = strnlen(line, sizeof line - 2);
    if (body >= 0)
        line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0) {
        /* nowhere left to say it */
    }
    errno = saved_errno;
}

#define LOG_VERB(verb, name, level)                                                                          \
    void verb(const char *format, ...)                                                                       \
    {                                                                                                        \
        va_list args;                                                                                        \
        if (threshold < (level))                                                                             \
            return;                                                                                          \
        va_start(args, format);                                                                              \
        log_line(name, format, args);                                                                        \
        va_end(args);                                                                                        \
    }

LOG_VERB(log_error, "error", LOG_LEVEL_ERROR)
LOG_VERB(log_warn, "warn", LOG_LEVEL_WARN)
LOG_VERB(log_info, "info", LOG_LEVEL_INFO)
LOG_VERB(log_debug, "debug", LOG_LEVEL_DEBUG)

void fatal(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line("fatal", format, args);
    va_end(args);
    exit(1);
}
