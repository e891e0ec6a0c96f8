#include "link/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1 << 20)
#define LINES_MAX      20000
#define ERROR_SIZE     512
#define WORDS          6 /* NAME ROLE CLASS DISTRICT ALG PUBLIC_KEY_BASE64 */
#define WORD_MAX       100

static const char *const role_names[] = {"node", "gateway", "server", "department"};

struct registry {
    struct registry_entry *entries; /* in the file's order */
    size_t n, capacity;
    const struct registry_entry **by_kid, **by_name; /* sorted */
};

__attribute__((format(printf, 2, 3))) static enum road_status refuse(char *ret_error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(ret_error, ERROR_SIZE, format, args);
    va_end(args);
    return ROAD_BAD_INPUT;
}

bool name_is_valid(const char *name)
{
    const size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return length >= 1 && length < NAME_SIZE && name[length] == '\0';
}

/* ---- one line ---- */

/* Cuts a line at its blanks. Returns how many words there are, WORDS + 1 if too many or too long. */
static int split_words(const char *line, size_t length, char words[WORDS][WORD_MAX])
{
    size_t i = 0;

    for (int n = 0;; n++) {
        size_t used = 0;

        while (i < length && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r'))
            i++;
        if (i == length)
            return n;
        if (n == WORDS)
            return WORDS + 1;
        while (i < length && line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
            if (used == WORD_MAX - 1)
                return WORDS + 1;
            words[n][used++] = line[i++];
        }
        words[n][used] = '\0';
    }
}

static bool parse_role(const char *role, const char *class, struct registry_entry *entry)
{
    for (int i = ROLE_NODE; i <= ROLE_DEPARTMENT; i++) {
        if (strcmp(role, role_names[i]) != 0)
            continue;
        entry->role = (enum registry_role)i;
        entry->is_phone = strcmp(class, "phone") == 0;
        return i == ROLE_NODE ? entry->is_phone || strcmp(class, "fleet") == 0 : strcmp(class, "-") == 0;
    }
    return false;
}

static bool parse_district(const char *text, char ret_district[7])
{
    const bool is_none = strcmp(text, "-") == 0;

    if (!is_none && (strlen(text) != 6 || strspn(text, "0123456789") != 6))
        return false;
    memcpy(ret_district, is_none ? "" : text, is_none ? 1 : 7);
    return true;
}

static bool parse_key(const char *alg, const char *base64, struct public_key *ret_key)
{
    *ret_key = (struct public_key){.cose_alg = strcmp(alg, "ed25519") == 0 ? -8
                                               : strcmp(alg, "es256") == 0 ? -7
                                                                           : 0};
    return ret_key->cose_alg != 0 && base64_decode(base64, strlen(base64), ret_key->bytes,
                                                   sizeof ret_key->bytes, &ret_key->length) == ROAD_OK;
}

/* Fills the entry and opens its verifier. Says in ret_error what is wrong. */
static enum road_status parse_line(const char *line, size_t length, struct registry_entry *ret_entry,
                                   char *ret_error)
{
    struct registry_entry entry = {0};
    char words[WORDS][WORD_MAX];

    if (split_words(line, length, words) != WORDS)
        return refuse(ret_error, "a line is NAME ROLE CLASS DISTRICT ALG PUBLIC_KEY_BASE64");
    if (!name_is_valid(words[0]))
        return refuse(ret_error, "'%s' is no name: 1 to 32 of a-z 0-9 -", words[0]);
    memcpy(entry.name, words[0], strlen(words[0]) + 1);
    if (!parse_role(words[1], words[2], &entry))
        return refuse(ret_error,
                      "'%s %s' is no role and class: node fleet, node phone, gateway -, server -, "
                      "department -",
                      words[1], words[2]);
    if (!parse_district(words[3], entry.district))
        return refuse(ret_error, "'%s' is no district: six digits, or - for none", words[3]);
    if (!parse_key(words[4], words[5], &entry.key))
        return refuse(ret_error, "'%s' and the word behind it are no key: ed25519 or es256, then base64",
                      words[4]);
    const enum road_status status = verifier_open(&entry.key, &entry.verifier);
    if (status != ROAD_OK)
        return status == ROAD_BAD_INPUT ? refuse(ret_error, "the bytes are no %s public key", words[4])
                                        : status;
    entry.kid = kid_of(&entry.key);
    *ret_entry = entry;
    return ROAD_OK;
}

static void format_line(const struct registry_entry *entry, char *ret_line, size_t capacity)
{
    char base64[100];

    base64_encode(entry->key.bytes, entry->key.length, base64, sizeof base64);
    snprintf(ret_line, capacity, "%s %s %s %s %s %s\n", entry->name, role_names[entry->role],
             entry->role != ROLE_NODE ? "-"
             : entry->is_phone        ? "phone"
                                      : "fleet",
             *entry->district ? entry->district : "-", entry->key.cose_alg == -7 ? "es256" : "ed25519",
             base64);
}

/* ---- the whole file ---- */

static int compare_by_kid(const void *a, const void *b)
{
    return kid_compare((*(const struct registry_entry *const *)a)->kid,
                       (*(const struct registry_entry *const *)b)->kid);
}

static int compare_by_name(const void *a, const void *b)
{
    return strcmp((*(const struct registry_entry *const *)a)->name,
                  (*(const struct registry_entry *const *)b)->name);
}

static enum road_status index_entries(struct registry *registry, const char *path, char *ret_error)
{
    const size_t n = registry->n;

    registry->by_kid = calloc(n + 1, sizeof *registry->by_kid);
    registry->by_name = calloc(n + 1, sizeof *registry->by_name);
    if (!registry->by_kid || !registry->by_name)
        return ROAD_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        registry->by_kid[i] = registry->by_name[i] = &registry->entries[i];
    qsort(registry->by_kid, n, sizeof *registry->by_kid, compare_by_kid);
    qsort(registry->by_name, n, sizeof *registry->by_name, compare_by_name);
    for (size_t i = 1; i < n; i++) {
        if (compare_by_kid(&registry->by_kid[i - 1], &registry->by_kid[i]) == 0)
            return refuse(ret_error, "%.200s: '%s' and '%s' have the same key", path,
                          registry->by_kid[i - 1]->name, registry->by_kid[i]->name);
        if (compare_by_name(&registry->by_name[i - 1], &registry->by_name[i]) == 0)
            return refuse(ret_error, "%.200s: the name '%s' is there twice", path,
                          registry->by_name[i]->name);
    }
    return ROAD_OK;
}

static enum road_status add_line(struct registry *registry, const char *line, size_t length, char *ret_error)
{
    size_t blanks = 0;

    while (blanks < length && (line[blanks] == ' ' || line[blanks] == '\t' || line[blanks] == '\r'))
        blanks++;
    if (blanks == length || line[blanks] == '#')
        return ROAD_OK;
    if (registry->n == registry->capacity) {
        const size_t capacity = registry->capacity ? registry->capacity * 2 : 64;
        struct registry_entry *entries = realloc(registry->entries, capacity * sizeof *entries);

        if (!entries)
            return ROAD_NO_MEMORY;
        registry->entries = entries;
        registry->capacity = capacity;
    }
    const enum road_status status = parse_line(line, length, &registry->entries[registry->n], ret_error);
    registry->n += status == ROAD_OK;
    return status;
}

static enum road_status parse_text(struct registry *registry, const char *path, const char *text,
                                   size_t length, char *ret_error)
{
    char error[ERROR_SIZE] = "out of memory";
    size_t at = 0;

    if (length > FILE_MAX_BYTES) {
        refuse(ret_error, "%.200s: is larger than 1 MiB", path);
        return ROAD_TOO_LARGE;
    }
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        at = 3;
    for (unsigned number = 1; at < length; number++) {
        const char *end = memchr(text + at, '\n', length - at);
        const size_t line = end ? (size_t)(end - text) - at : length - at;

        if (number > LINES_MAX)
            return refuse(ret_error, "%.200s: more than %d lines", path, LINES_MAX);
        const enum road_status status = add_line(registry, text + at, line, error);
        if (status != ROAD_OK) {
            refuse(ret_error, "%.200s:%u: %.290s", path, number, error);
            return status;
        }
        at += line + 1;
    }
    return index_entries(registry, path, ret_error);
}

/* The caller frees the text. */
static enum road_status read_file(const char *path, char **ret_text, size_t *ret_length, char *ret_error)
{
    FILE *file = fopen(path, "re");

    if (!file) {
        const int error = errno;

        refuse(ret_error, "%.200s: %s", path, strerror(error));
        return error == ENOENT ? ROAD_NOT_FOUND : ROAD_IO;
    }
    char *text = malloc(FILE_MAX_BYTES + 1);
    const size_t length = text ? fread(text, 1, FILE_MAX_BYTES + 1, file) : 0;
    const bool is_read = !ferror(file);
    fclose(file);
    if (!text || !is_read) {
        free(text);
        refuse(ret_error, "%.200s: cannot be read", path);
        return text ? ROAD_IO : ROAD_NO_MEMORY;
    }
    *ret_text = text;
    *ret_length = length;
    return ROAD_OK;
}

enum road_status registry_from_text(const char *name, const char *text, size_t length,
                                    struct registry **ret_registry, char *ret_error)
{
    struct registry *registry = calloc(1, sizeof *registry);

    if (!registry)
        return ROAD_NO_MEMORY;
    const enum road_status status = parse_text(registry, name, text, length, ret_error);
    if (status == ROAD_OK)
        *ret_registry = registry;
    else
        registry_close(registry);
    return status;
}

enum road_status registry_load(const char *path, struct registry **ret_registry, char *ret_error)
{
    size_t length;
    char *text;
    enum road_status status = read_file(path, &text, &length, ret_error);

    if (status != ROAD_OK)
        return status;
    status = registry_from_text(path, text, length, ret_registry, ret_error);
    free(text);
    return status;
}

void registry_close(struct registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < registry->n; i++)
        verifier_close(registry->entries[i].verifier);
    free(registry->by_kid);
    free(registry->by_name);
    free(registry->entries);
    free(registry);
}

const struct registry_entry *registry_by_kid(const struct registry *registry, struct kid kid)
{
    const struct registry_entry wanted = {.kid = kid}, *key = &wanted;
    const struct registry_entry **found =
        bsearch(&key, registry->by_kid, registry->n, sizeof *registry->by_kid, compare_by_kid);

    return found ? *found : NULL;
}

const struct registry_entry *registry_by_name(const struct registry *registry, const char *name)
{
    struct registry_entry wanted = {0}, *key = &wanted;

    if (!name_is_valid(name))
        return NULL;
    memcpy(wanted.name, name, strlen(name) + 1);
    const struct registry_entry **found =
        bsearch(&key, registry->by_name, registry->n, sizeof *registry->by_name, compare_by_name);
    return found ? *found : NULL;
}

size_t registry_count(const struct registry *registry)
{
    return registry->n;
}

const struct registry_entry *registry_at(const struct registry *registry, size_t index)
{
    return index < registry->n ? &registry->entries[index] : NULL;
}

/* ---- adding ---- */

static enum road_status check_new(const char *path, const char *text, size_t length,
                                  const struct registry_entry *entry, char *ret_error)
{
    struct registry *registry;
    enum road_status status = registry_from_text(path, text, length, &registry, ret_error);

    if (status != ROAD_OK)
        return status;
    if (registry_by_name(registry, entry->name)) {
        refuse(ret_error, "%.200s: the name '%s' is there already", path, entry->name);
        status = ROAD_EXISTS;
    } else if (registry_by_kid(registry, kid_of(&entry->key))) {
        refuse(ret_error, "%.200s: the key of '%s' is there already", path, entry->name);
        status = ROAD_EXISTS;
    }
    registry_close(registry);
    return status;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t wrote = write(fd, bytes, length);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        bytes += wrote;
        length -= (size_t)wrote;
    }
    return true;
}

/* Old text, a line end if it lacks one, the new line: into a file beside it, synced, renamed over it. */
static bool replace_file(const char *path, int folder_fd, const char *text, size_t length, const char *line)
{
    char beside[4200];

    snprintf(beside, sizeof beside, "%s.new", path);
    const int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return false;
    const bool is_written = write_all(fd, text, length) &&
                            write_all(fd, "\n", length > 0 && text[length - 1] != '\n') &&
                            write_all(fd, line, strlen(line)) && fsync(fd) == 0;
    if (close(fd) == 0 && is_written && rename(beside, path) == 0)
        return fsync(folder_fd) == 0;
    unlink(beside);
    return false;
}

/* The registry's folder, locked, so that two enrolments at once do not lose one. */
static int lock_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[4096] = ".";

    if (slash)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static enum road_status add_locked(const char *path, int folder_fd, const struct registry_entry *entry,
                                   char *ret_error)
{
    struct registry_entry reread;
    char line[256], *text = NULL;
    size_t length = 0;

    format_line(entry, line, sizeof line);
    enum road_status status = parse_line(line, strlen(line) - 1, &reread, ret_error);
    if (status != ROAD_OK)
        return status;
    verifier_close(reread.verifier);
    status = read_file(path, &text, &length, ret_error);
    if (status == ROAD_OK)
        status = check_new(path, text, length, entry, ret_error);
    if (status == ROAD_OK || status == ROAD_NOT_FOUND) {
        status = replace_file(path, folder_fd, text, length, line) ? ROAD_OK : ROAD_IO;
        if (status != ROAD_OK)
            refuse(ret_error, "%.200s: cannot be written", path);
    }
    free(text);
    return status;
}

enum road_status registry_add(const char *path, const struct registry_entry *entry, char *ret_error)
{
    if (strlen(path) > 4000 || (unsigned)entry->role > ROLE_DEPARTMENT ||
        entry->key.length > sizeof entry->key.bytes)
        return refuse(ret_error, "the path or the entry is out of range");
    const int folder_fd = lock_folder(path);
    if (folder_fd < 0) {
        refuse(ret_error, "%.200s: its folder cannot be opened", path);
        return ROAD_IO;
    }
    const enum road_status status = add_locked(path, folder_fd, entry, ret_error);
    close(folder_fd);
    return status;
}
