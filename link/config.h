/* config.h - `key = value` lines against one table of keys: name, type, range, default, unit, help.
 *
 * `#` starts a comment line, values run to the end of the line, CRLF and a BOM are accepted. Unknown key,
 * bad unit, out of range, given twice: an error with file and line; start is refused. The line parser knows
 * nothing of files, so tests and the fuzzer feed it strings. At most 4,096 bytes a line, 1 MiB a file. */
#ifndef LINK_CONFIG_H
#define LINK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "grid/status.h"

enum config_type {
    CONFIG_STRING, /* char[size] at offset */
    CONFIG_INT,    /* int64_t */
    CONFIG_DOUBLE, /* double */
    CONFIG_BOOL,   /* bool: yes/no/true/false */
    CONFIG_CHOICE, /* int: index into choices, "a|b|c" */
    CONFIG_NUMBERS /* double[size / sizeof(double)]: as many numbers, blanks between, each within min..max; no unit */
};

struct config_key {
    const char *name;
    enum config_type type;
    size_t offset; /* into the program's config struct: offsetof(struct x, member) */
    size_t size;   /* of the array, for strings and numbers */
    double min, max;
    const char *default_text; /* NULL = must be given */
    const char *unit;         /* "m", "s", "bytes"; "" = none; a value may repeat it behind a space */
    const char *choices;      /* CONFIG_CHOICE: "a|b|c" */
    const char *help;         /* one line */
};

#define CONFIG_ERROR_SIZE 512

/* All functions take the table with `n` rows (at most 64) and the struct it describes. On error ret_error
 * (CONFIG_ERROR_SIZE bytes) holds what is wrong, with "FILE:LINE: " before it where there is a file.
 * config_load sets the defaults itself; the struct is half filled when it fails. Numbers are plain decimals,
 * never nan or inf; bytes may also be said in KiB, MiB or GiB. */
enum road_status config_defaults(const struct config_key *keys, size_t n, void *config);
enum road_status config_line(const struct config_key *keys, size_t n, void *config, uint64_t *seen_mask,
                             const char *line, size_t length, char *ret_error);
enum road_status config_load(const struct config_key *keys, size_t n, void *config, const char *path,
                             char *ret_error);
/* What was understood, in a form that config_load reads again, with help and units as comments. */
void config_print(const struct config_key *keys, size_t n, const void *config, FILE *out);
/* The keys as a table for --help. */
void config_help(const struct config_key *keys, size_t n, FILE *out);

#endif
