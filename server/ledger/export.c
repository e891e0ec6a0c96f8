#include "server/ledger/export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "link/database.h"
#include "server/ledger/read.h"

#define PATH_SIZE 4096

static enum road_status make_folders(char *path, size_t from)
{
    for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const int made = mkdir(path, 0755);
        *slash = '/';
        if (made != 0 && errno != EEXIST)
            return ROAD_IO;
    }
    return ROAD_OK;
}

static enum road_status write_file(const char *folder, const char *name, const void *bytes, size_t length)
{
    char path[PATH_SIZE];

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return ROAD_TOO_LARGE;
    if (make_folders(path, strlen(folder)))
        return ROAD_IO;
    FILE *file = fopen(path, "wb");
    if (!file)
        return ROAD_IO;
    const size_t written = fwrite(bytes, 1, length, file);
    return fclose(file) == 0 && written == length ? ROAD_OK : ROAD_IO;
}

static enum road_status export_tile(sqlite3 *db, const char *folder, struct tile tile)
{
    uint8_t hashes[TILE_WIDTH * TREE_HASH_SIZE], *bundle;
    char name[TILE_PATH_SIZE];
    size_t length;
    enum road_status status;

    tile_path_format(tile, name);
    if (tile.level != TILE_ENTRIES) {
        status = ledger_read_tile(db, tile, hashes);
        return status ? status : write_file(folder, name, hashes, tile.width * TREE_HASH_SIZE);
    }
    if ((status = ledger_read_bundle(db, tile, &bundle, &length)) != ROAD_OK)
        return status;
    status = write_file(folder, name, bundle, length);
    free(bundle);
    return status;
}

static enum road_status export_level(sqlite3 *db, const char *folder, int level, uint64_t size)
{
    enum road_status status = ROAD_OK;
    unsigned width;

    for (uint64_t n = 0; !status && (width = tile_width(level, n, size)) > 0; n++)
        status = export_tile(db, folder, (struct tile){level, n, width});
    return status;
}

static enum road_status export_checkpoint(const char *folder, const char *text)
{
    char fresh[PATH_SIZE], path[PATH_SIZE];

    snprintf(fresh, sizeof fresh, "%s/checkpoint.new", folder);
    snprintf(path, sizeof path, "%s/checkpoint", folder);
    enum road_status status = write_file(folder, "checkpoint.new", text, strlen(text));
    if (!status && rename(fresh, path) != 0)
        status = ROAD_IO;
    return status;
}

enum road_status ledger_export(sqlite3 *db, const char *folder, uint64_t *ret_size)
{
    struct checkpoint head;
    char text[NOTE_SIZE];

    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return ROAD_IO;
    enum road_status status = database_exec(db, "BEGIN"); /* one snapshot, while the server goes on writing */
    if (!status)
        status = ledger_read_head(db, &head, text);
    for (int level = TILE_ENTRIES; level < TILE_LEVELS && !status; level++)
        status = export_level(db, folder, level, head.size);
    if (!status)
        status = export_checkpoint(folder, text);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    if (!status)
        *ret_size = head.size;
    return status;
}
