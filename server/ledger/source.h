/* source.h - where a verifier reads a log from: a folder of static files, an http(s) address, or a server's
 * database. All three are asked by the names of tlog-tiles; nothing that they give is trusted. One thread. */
#ifndef SERVER_LEDGER_SOURCE_H
#define SERVER_LEDGER_SOURCE_H

#include "server/ledger/note.h"
#include "server/ledger/tile.h"

struct log_source;

/* What a database says beside the tiles; also to be checked. */
struct log_source_row {
    struct tree_hash leaf;
    const char *kind, *subject; /* valid until the next call */
};

struct log_source_head {
    uint64_t size;
    struct tree_hash root;
    char text[NOTE_SIZE];
};

struct log_source_kind {
    /* *ret_bytes belongs to the source until the next fetch. ROAD_TOO_LARGE beyond BUNDLE_MAX. */
    enum road_status (*fetch)(struct log_source *source, const char *path, const uint8_t **ret_bytes,
                              size_t *ret_length);
    void (*close)(struct log_source *source);
    /* Databases only, else NULL: columns of an entry; the head that follows the one of size `after`, or
     * ROAD_END. */
    enum road_status (*row)(struct log_source *source, uint64_t index, struct log_source_row *ret_row);
    enum road_status (*head)(struct log_source *source, int64_t after, struct log_source_head *ret_head);
};

struct log_source {
    const struct log_source_kind *kind;
    uint8_t *bytes; /* of the last fetch */
    size_t length, capacity;
};

/* By what `where` is: "http://…", "https://…", a folder, or a file (a database). ret_error: 256 bytes. */
enum road_status log_source_open(const char *where, struct log_source **ret_source, char *ret_error);
void log_source_close(struct log_source *source);

/* For the kinds: room for `length` more bytes; ROAD_TOO_LARGE beyond BUNDLE_MAX. */
enum road_status log_source_reserve(struct log_source *source, size_t length);
enum road_status log_source_folder_open(const char *path, struct log_source **ret_source, char *ret_error);
enum road_status log_source_url_open(const char *url, struct log_source **ret_source, char *ret_error);
enum road_status log_source_database_open(const char *path, struct log_source **ret_source, char *ret_error);

#endif
