#include "server/ledger/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ERROR_SIZE 256

enum road_status log_source_open(const char *where, struct log_source **ret_source, char *ret_error)
{
    struct stat info;

    if (strncmp(where, "http://", 7) == 0 || strncmp(where, "https://", 8) == 0)
        return log_source_url_open(where, ret_source, ret_error);
    if (stat(where, &info) != 0) {
        snprintf(ret_error, ERROR_SIZE, "%s: %s", where, strerror(errno));
        return ROAD_NOT_FOUND;
    }
    if (S_ISDIR(info.st_mode))
        return log_source_folder_open(where, ret_source, ret_error);
    return log_source_database_open(where, ret_source, ret_error);
}

void log_source_close(struct log_source *source)
{
    if (!source)
        return;
    free(source->bytes);
    source->kind->close(source);
}

enum road_status log_source_reserve(struct log_source *source, size_t length)
{
    const size_t wanted = source->length + length;

    if (wanted > BUNDLE_MAX)
        return ROAD_TOO_LARGE;
    if (wanted <= source->capacity)
        return ROAD_OK;
    const size_t capacity = 2 * wanted < BUNDLE_MAX ? 2 * wanted : BUNDLE_MAX;
    uint8_t *grown = realloc(source->bytes, capacity);
    if (!grown)
        return ROAD_NO_MEMORY;
    source->bytes = grown;
    source->capacity = capacity;
    return ROAD_OK;
}
