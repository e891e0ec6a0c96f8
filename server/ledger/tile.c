#include "server/ledger/tile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

char *tile_path_format(struct tile tile, char ret_path[TILE_PATH_SIZE])
{
    unsigned groups[7], n_groups = 0;
    size_t used;

    do {
        groups[n_groups++] = (unsigned)(tile.n % 1000);
        tile.n /= 1000;
    } while (tile.n > 0);
    if (tile.level == TILE_ENTRIES)
        used = (size_t)snprintf(ret_path, TILE_PATH_SIZE, "tile/entries");
    else
        used = (size_t)snprintf(ret_path, TILE_PATH_SIZE, "tile/%d", tile.level);
    while (n_groups-- > 0)
        used += (size_t)snprintf(ret_path + used, TILE_PATH_SIZE - used, "/%s%03u", n_groups > 0 ? "x" : "",
                                 groups[n_groups]);
    if (tile.width < TILE_WIDTH)
        snprintf(ret_path + used, TILE_PATH_SIZE - used, ".p/%u", tile.width);
    return ret_path;
}

/* A decimal number of at most `digits_max` digits; advances *text. */
static bool read_number(const char **text, size_t digits_max, uint64_t *ret_number)
{
    const size_t digits = strspn(*text, "0123456789");
    uint64_t number = 0;

    if (digits == 0 || digits > digits_max)
        return false;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (uint64_t)((*text)[i] - '0');
    *text += digits;
    *ret_number = number;
    return true;
}

static bool skip(const char **text, const char *prefix)
{
    const size_t length = strlen(prefix);

    if (strncmp(*text, prefix, length) != 0)
        return false;
    *text += length;
    return true;
}

static bool read_tile(const char *text, struct tile *tile)
{
    uint64_t number, n = 0;

    tile->level = TILE_ENTRIES;
    if (!skip(&text, "tile/entries/")) {
        if (!skip(&text, "tile/") || !read_number(&text, 2, &number) || !skip(&text, "/"))
            return false;
        tile->level = (int)number;
    }
    for (int groups = 0;; groups++) {
        const bool is_last = *text != 'x';
        if (groups == 6 || (!is_last && !skip(&text, "x")) || !read_number(&text, 3, &number))
            return false;
        n = n * 1000 + number;
        if (is_last)
            break;
        if (!skip(&text, "/"))
            return false;
    }
    tile->n = n;
    tile->width = TILE_WIDTH;
    if (skip(&text, ".p/")) {
        if (!read_number(&text, 3, &number))
            return false;
        tile->width = (unsigned)number;
    }
    return *text == '\0';
}

/* Reads loosely, then lets the writer decide: what it would not write is refused (leading zeros, empty
 * groups). */
enum road_status tile_path_parse(const char *path, struct tile *ret_tile)
{
    char again[TILE_PATH_SIZE];
    struct tile tile;

    if (strlen(path) >= TILE_PATH_SIZE || !read_tile(path, &tile))
        return ROAD_BAD_INPUT;
    if (tile.level > TREE_LEVEL_MAX || tile.width == 0 || tile.width > TILE_WIDTH)
        return ROAD_BAD_INPUT;
    if (strcmp(tile_path_format(tile, again), path) != 0)
        return ROAD_BAD_INPUT;
    *ret_tile = tile;
    return ROAD_OK;
}

unsigned tile_width(int level, uint64_t n, uint64_t size)
{
    const unsigned shift = level == TILE_ENTRIES ? 0 : 8U * (unsigned)level;
    const uint64_t hashes = shift > 63 ? 0 : size >> shift;

    if (n > hashes / TILE_WIDTH)
        return 0;
    const uint64_t left = hashes - n * TILE_WIDTH;
    return left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH;
}

enum road_status bundle_next(const uint8_t *bundle, size_t length, size_t *offset, const uint8_t **ret_entry,
                             size_t *ret_length)
{
    const size_t left = length - *offset;

    if (left == 0)
        return ROAD_END;
    if (left < 2)
        return ROAD_BAD_INPUT;
    const size_t entry_length = (size_t)bundle[*offset] << 8 | bundle[*offset + 1];
    if (left - 2 < entry_length)
        return ROAD_BAD_INPUT;
    *ret_entry = bundle + *offset + 2;
    *ret_length = entry_length;
    *offset += 2 + entry_length;
    return ROAD_OK;
}

size_t bundle_put(uint8_t *ret_bytes, size_t capacity, const void *entry, size_t length)
{
    if (length > ENTRY_MAX || capacity < 2 + length)
        return 0;
    ret_bytes[0] = (uint8_t)(length >> 8);
    ret_bytes[1] = (uint8_t)length;
    memcpy(ret_bytes + 2, entry, length);
    return 2 + length;
}
