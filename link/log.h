/* log.h - one line per fact, `key=value`, to standard error; errno is left as it was.
 * Libraries return a status and never log; daemons and verbs log. No secrets, no precise tracks of people
 * above debug level. Thread-safe (one write(2) a line, cut at 1,024 bytes). */
#ifndef LINK_LOG_H
#define LINK_LOG_H

enum log_level { LOG_LEVEL_ERROR = 0, LOG_LEVEL_WARN = 1, LOG_LEVEL_INFO = 2, LOG_LEVEL_DEBUG = 3 };

/* `program` must outlive all logging. Without log_init: name "roadchief", level info. */
void log_init(const char *program, enum log_level level);
enum log_level log_level(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Logs at error level and exits with status 1. For main() and set-up only. */
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
