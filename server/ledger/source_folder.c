#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/ledger/source.h"

#define PATH_SIZE 4096
#define STEP      65536

struct folder {
    struct log_source source;
    char path[PATH_SIZE];
};

static enum road_status folder_fetch(struct log_source *source, const char *path, const uint8_t **ret_bytes,
                                     size_t *ret_length)
{
    struct folder *folder = (struct folder *)source;
    char name[PATH_SIZE + TILE_PATH_SIZE + 2];
    enum road_status status = ROAD_OK;
    size_t got = 1;

    snprintf(name, sizeof name, "%s/%s", folder->path, path);
    FILE *file = fopen(name, "rb");
    if (!file)
        return errno == ENOENT ? ROAD_NOT_FOUND : ROAD_IO;
    for (source->length = 0; got > 0 && !status; source->length += got) {
        got = 0;
        if ((status = log_source_reserve(source, STEP)) == ROAD_OK)
            got = fread(source->bytes + source->length, 1, STEP, file);
    }
    if (!status && ferror(file))
        status = ROAD_IO;
    fclose(file);
    if (status)
        return status;
    *ret_bytes = source->bytes;
    *ret_length = source->length;
    return ROAD_OK;
}

static void folder_close(struct log_source *source)
{
    free(source);
}

static const struct log_source_kind folder_kind = {.fetch = folder_fetch, .close = folder_close};

enum road_status log_source_folder_open(const char *path, struct log_source **ret_source, char *ret_error)
{
    struct folder *folder = calloc(1, sizeof *folder);

    (void)ret_error;
    if (!folder)
        return ROAD_NO_MEMORY;
    snprintf(folder->path, sizeof folder->path, "%s", path);
    folder->source.kind = &folder_kind;
    *ret_source = &folder->source;
    return ROAD_OK;
}
