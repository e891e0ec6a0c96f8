#include "link/road_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAY_SIZE 36
#define VERTEX_SIZE 16
#define HASHED_FROM 64 /* and the header's first 32 bytes */
#define FLAG_SOUTH 1u
#define FLAG_LEFT_HAND 2u
#define FLAG_ONEWAY 1u

static const uint8_t magic[8] = {'R', 'C', 'R', 'O', 'A', 'D', 'S', 0};

/* ---- little-endian numbers ------------------------------------------------------------------------------ */

static uint64_t get(const uint8_t **at, int size)
{
    uint64_t value = 0;

    for (int i = 0; i < size; i++)
        value |= (uint64_t)(*at)[i] << (8 * i);
    *at += size;
    return value;
}

static void put(uint8_t **at, int size, uint64_t value)
{
    for (int i = 0; i < size; i++)
        (*at)[i] = (uint8_t)(value >> (8 * i));
    *at += size;
}

static void digest_of(const uint8_t *bytes, size_t length, uint8_t ret_digest[SHA256_SIZE])
{
    sha256_prefixed(ROAD_FILE_VERSION, bytes, 32, bytes + HASHED_FROM, length - HASHED_FROM, ret_digest);
}

/* ---- bytes to network ----------------------------------------------------------------------------------- */

struct header {
    struct grid_zone zone;
    bool is_left_hand;
    uint32_t n_ways, n_vertices, text_length;
};

static enum road_status wrong(enum road_status status, const char *field, const char **ret_field)
{
    if (ret_field)
        *ret_field = field;
    return status;
}

static enum road_status read_header(const uint8_t *bytes, size_t length, struct header *ret, const char **ret_field)
{
    const uint8_t *at = bytes + sizeof magic;
    struct header h;

    if (length < ROAD_FILE_HEADER_SIZE || memcmp(bytes, magic, sizeof magic) != 0)
        return wrong(ROAD_BAD_INPUT, "magic: this is no road network", ret_field);
    if (get(&at, 4) != ROAD_FILE_VERSION)
        return wrong(ROAD_BAD_VERSION, "version", ret_field);
    h.zone.meridian_deg = 3 * (int)get(&at, 1);
    const uint64_t flags = get(&at, 1), zeros = get(&at, 2);
    h.zone.is_south = flags & FLAG_SOUTH;
    h.is_left_hand = flags & FLAG_LEFT_HAND;
    h.n_ways = (uint32_t)get(&at, 4);
    h.n_vertices = (uint32_t)get(&at, 4);
    h.text_length = (uint32_t)get(&at, 4);
    if (!grid_zone_is_valid(h.zone) || flags > 3 || zeros || get(&at, 4))
        return wrong(ROAD_BAD_RANGE, "header", ret_field);
    if (h.n_ways > ROAD_FILE_WAYS_MAX || h.n_vertices > ROAD_FILE_VERTICES_MAX || h.text_length > ROAD_FILE_TEXT_MAX)
        return wrong(ROAD_TOO_LARGE, "header", ret_field);
    if (length != ROAD_FILE_HEADER_SIZE + (uint64_t)h.n_ways * WAY_SIZE + (uint64_t)h.n_vertices * VERTEX_SIZE + h.text_length)
        return wrong(ROAD_CORRUPT, "length", ret_field);
    *ret = h;
    return ROAD_OK;
}

static enum road_status read_way(const uint8_t **at, struct road_way *way, const char **ret_field)
{
    way->id = (uint32_t)get(at, 4);
    way->name = (uint32_t)get(at, 4);
    way->name_zh = (uint32_t)get(at, 4);
    way->owner = (uint32_t)get(at, 4);
    way->first = (uint32_t)get(at, 4);
    way->n_vertices = (uint32_t)get(at, 4);
    way->width_mm = (uint32_t)get(at, 4);
    way->cadence_h = (uint16_t)get(at, 2);
    const uint64_t class = get(at, 1);
    way->lanes = (uint8_t)get(at, 1);
    const uint64_t flags = get(at, 2);
    way->line_sigma_mm = (uint16_t)get(at, 2);
    if (class > ROAD_BRANCH)
        return wrong(ROAD_BAD_RANGE, "class", ret_field);
    if (flags > FLAG_ONEWAY)
        return wrong(ROAD_BAD_RANGE, "flags", ret_field);
    way->class = (enum road_class)class;
    way->is_oneway = flags & FLAG_ONEWAY;
    return ROAD_OK;
}

static int64_t signed_of(uint64_t bits)
{
    int64_t value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Ways, then vertices, then text, in one block. */
static enum road_status fill(const uint8_t *at, const struct header *h, struct road_file *file, const char **ret_field)
{
    const size_t ways = (h->n_ways * sizeof(struct road_way) + 7) & ~(size_t)7;
    const size_t vertices = h->n_vertices * sizeof(struct road_vertex);
    uint8_t *block = malloc(ways + vertices + h->text_length + 1);

    if (!block)
        return wrong(ROAD_NO_MEMORY, "memory", ret_field);
    struct road_way *way = (struct road_way *)block;
    struct road_vertex *vertex = (struct road_vertex *)(block + ways);
    file->block = block;
    file->network = (struct road_network){h->zone, h->is_left_hand, way, h->n_ways, vertex, h->n_vertices,
                                          (char *)block + ways + vertices, h->text_length, 0, NULL, 0, NULL};
    for (uint32_t i = 0; i < h->n_ways; i++) {
        const enum road_status status = read_way(&at, &way[i], ret_field);
        if (status != ROAD_OK)
            return status;
    }
    for (uint32_t i = 0; i < h->n_vertices; i++) {
        vertex[i].at.e_mm = signed_of(get(&at, 8));
        vertex[i].at.n_mm = signed_of(get(&at, 8));
        vertex[i].chainage_mm = 0;
    }
    memcpy(block + ways + vertices, at, h->text_length);
    return road_check(&file->network, ret_field, NULL);
}

/* The index goes behind the rest, where the block grows; so the arrays move once. */
static enum road_status add_index(struct road_file *file, const char **ret_field)
{
    struct road_network *n = &file->network;
    const uint8_t *old = file->block;
    const size_t used = (size_t)((const uint8_t *)n->text - old) + n->text_length, start = (used + 7) & ~(size_t)7;
    const size_t vertices_at = (size_t)((const uint8_t *)n->vertices - old), text_at = used - n->text_length;
    uint8_t *block = realloc(file->block, start + road_index_bytes(n));

    if (!block)
        return wrong(ROAD_NO_MEMORY, "memory", ret_field);
    file->block = block;
    n->ways = (struct road_way *)block;
    n->vertices = (struct road_vertex *)(block + vertices_at);
    n->text = (char *)block + text_at;
    road_measure(n);
    road_index_build(n, block + start);
    return ROAD_OK;
}

enum road_status road_file_decode(const uint8_t *bytes, size_t length, struct road_file *ret_file,
                                  const char **ret_field)
{
    struct road_file file = {.block = NULL};
    struct header header;

    enum road_status status = read_header(bytes, length, &header, ret_field);
    if (status != ROAD_OK)
        return status;
    digest_of(bytes, length, file.digest);
    if (memcmp(file.digest, bytes + 32, SHA256_SIZE) != 0)
        return wrong(ROAD_CORRUPT, "digest", ret_field);
    status = fill(bytes + ROAD_FILE_HEADER_SIZE, &header, &file, ret_field);
    if (status == ROAD_OK)
        status = add_index(&file, ret_field);
    if (status != ROAD_OK)
        road_file_done(&file);
    else
        *ret_file = file;
    return status;
}

void road_file_done(struct road_file *file)
{
    free(file->block);
    memset(file, 0, sizeof *file);
}

/* ---- network to bytes ----------------------------------------------------------------------------------- */

static void write_header(uint8_t *at, const struct road_network *n)
{
    memcpy(at, magic, sizeof magic);
    at += sizeof magic;
    put(&at, 4, ROAD_FILE_VERSION);
    put(&at, 1, (uint64_t)n->zone.meridian_deg / 3);
    put(&at, 1, (n->zone.is_south ? FLAG_SOUTH : 0) | (n->is_left_hand ? FLAG_LEFT_HAND : 0));
    put(&at, 2, 0);
    put(&at, 4, n->n_ways);
    put(&at, 4, n->n_vertices);
    put(&at, 4, n->text_length);
    put(&at, 4, 0);
}

static void write_way(uint8_t **at, const struct road_way *way)
{
    put(at, 4, way->id);
    put(at, 4, way->name);
    put(at, 4, way->name_zh);
    put(at, 4, way->owner);
    put(at, 4, way->first);
    put(at, 4, way->n_vertices);
    put(at, 4, way->width_mm);
    put(at, 2, way->cadence_h);
    put(at, 1, (uint64_t)way->class);
    put(at, 1, way->lanes);
    put(at, 2, way->is_oneway ? FLAG_ONEWAY : 0);
    put(at, 2, way->line_sigma_mm);
}

enum road_status road_file_encode(const struct road_network *network, uint8_t **ret_bytes, size_t *ret_length,
                                  const char **ret_field)
{
    const enum road_status status = road_check(network, ret_field, NULL);

    if (status != ROAD_OK)
        return status;
    if (network->n_ways > ROAD_FILE_WAYS_MAX || network->n_vertices > ROAD_FILE_VERTICES_MAX ||
        network->text_length > ROAD_FILE_TEXT_MAX)
        return wrong(ROAD_TOO_LARGE, "network", ret_field);
    const size_t length = ROAD_FILE_HEADER_SIZE + (size_t)network->n_ways * WAY_SIZE +
                          (size_t)network->n_vertices * VERTEX_SIZE + network->text_length;
    uint8_t *bytes = malloc(length), *at = bytes + ROAD_FILE_HEADER_SIZE;
    if (!bytes)
        return wrong(ROAD_NO_MEMORY, "memory", ret_field);
    write_header(bytes, network);
    for (uint32_t i = 0; i < network->n_ways; i++)
        write_way(&at, &network->ways[i]);
    for (uint32_t i = 0; i < network->n_vertices; i++) {
        put(&at, 8, (uint64_t)network->vertices[i].at.e_mm);
        put(&at, 8, (uint64_t)network->vertices[i].at.n_mm);
    }
    memcpy(at, network->text, network->text_length);
    digest_of(bytes, length, bytes + 32);
    *ret_bytes = bytes;
    *ret_length = length;
    return ROAD_OK;
}

/* ---- files ---------------------------------------------------------------------------------------------- */

#define FILE_MAX (ROAD_FILE_HEADER_SIZE + INT64_C(1) * ROAD_FILE_WAYS_MAX * WAY_SIZE + \
                  INT64_C(1) * ROAD_FILE_VERTICES_MAX * VERTEX_SIZE + ROAD_FILE_TEXT_MAX)

static enum road_status say(char *error, enum road_status status, const char *path, const char *why)
{
    snprintf(error, ROAD_FILE_ERROR_SIZE, "%s: %s", path, why);
    return status;
}

static enum road_status read_all(const char *path, uint8_t **ret_bytes, size_t *ret_length, char *ret_error)
{
    struct stat facts;
    FILE *file = fopen(path, "rb");

    if (!file)
        return say(ret_error, ROAD_IO, path, strerror(errno));
    if (fstat(fileno(file), &facts) || !S_ISREG(facts.st_mode) || facts.st_size > FILE_MAX) {
        fclose(file);
        return say(ret_error, ROAD_TOO_LARGE, path, "no file, or larger than a road network can be");
    }
    const size_t length = (size_t)facts.st_size;
    uint8_t *bytes = malloc(length ? length : 1);
    const bool is_read = bytes && fread(bytes, 1, length, file) == length;
    fclose(file);
    if (!is_read) {
        free(bytes);
        return say(ret_error, ROAD_IO, path, "cannot be read whole");
    }
    *ret_bytes = bytes;
    *ret_length = length;
    return ROAD_OK;
}

enum road_status road_file_read(const char *path, struct road_file *ret_file, char *ret_error)
{
    uint8_t *bytes;
    size_t length;
    const char *field = "";
    char why[160];

    enum road_status status = read_all(path, &bytes, &length, ret_error);
    if (status != ROAD_OK)
        return status;
    status = road_file_decode(bytes, length, ret_file, &field);
    free(bytes);
    if (status != ROAD_OK) {
        snprintf(why, sizeof why, "%s (%s)", road_status_sentence(status), field);
        return say(ret_error, status, path, why);
    }
    return ROAD_OK;
}

/* 0 if all of it is on disk. */
static int write_and_sync(const char *path, const uint8_t *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    int problem = 0;

    if (!file)
        return errno;
    if (fwrite(bytes, 1, length, file) != length || fflush(file) || fsync(fileno(file)))
        problem = errno ? errno : EIO;
    if (fclose(file) && !problem)
        problem = errno;
    return problem;
}

enum road_status road_file_write(const char *path, const struct road_network *network, char *ret_error)
{
    uint8_t *bytes;
    size_t length;
    const char *field = "";
    char beside[1100];

    const enum road_status status = road_file_encode(network, &bytes, &length, &field);
    if (status != ROAD_OK)
        return say(ret_error, status, path, field);
    snprintf(beside, sizeof beside, "%s.new", path);
    int problem = strlen(path) + 5 > sizeof beside ? ENAMETOOLONG : write_and_sync(beside, bytes, length);
    free(bytes);
    if (!problem && rename(beside, path))
        problem = errno;
    if (problem)
        return say(ret_error, ROAD_IO, path, strerror(problem));
    return ROAD_OK;
}
