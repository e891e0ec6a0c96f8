/* road_file.h - a road network on disk: `roadchief roads import` writes it, gateway and server read it.
 *
 * Bytes (docs/roads.md): a header with a version and the SHA-256 of all the rest, ways, vertices, text. The digest names
 * the network: who believes something because of it says which one it was. Everything is checked on reading; what
 * passes is safe to use without further looking. Decoding allocates one block; nothing else here keeps memory. */
#ifndef LINK_ROAD_FILE_H
#define LINK_ROAD_FILE_H

#include "grid/road.h"
#include "link/sign.h"

#define ROAD_FILE_VERSION      1
#define ROAD_FILE_HEADER_SIZE  64
#define ROAD_FILE_WAYS_MAX     4000000
#define ROAD_FILE_VERTICES_MAX 40000000
#define ROAD_FILE_TEXT_MAX     (256u << 20)
#define ROAD_FILE_ERROR_SIZE   256

struct road_file {
    struct road_network network; /* chainages and index made; constant from here on */
    uint8_t digest[SHA256_SIZE];
    void *block;
};

/* ret_field (a static string, may be NULL) says what is wrong. */
enum road_status road_file_decode(const uint8_t *bytes, size_t length, struct road_file *ret_file,
                                  const char **ret_field);
/* The network needs no index. *ret_bytes is malloc'ed. Refuses what decoding would refuse. */
enum road_status road_file_encode(const struct road_network *network, uint8_t **ret_bytes, size_t *ret_length,
                                  const char **ret_field);
void road_file_done(struct road_file *file); /* zeroed is fine */

/* ret_error (ROAD_FILE_ERROR_SIZE) names file and reason. Writing goes to PATH.new and is renamed. */
enum road_status road_file_read(const char *path, struct road_file *ret_file, char *ret_error);
enum road_status road_file_write(const char *path, const struct road_network *network, char *ret_error);

#endif
