/* answer.h - what one request is answered with, before HTTP: status, type, body. A handler fills it exactly once. */
#ifndef SERVER_API_ANSWER_H
#define SERVER_API_ANSWER_H

#include <jansson.h>

#include "grid/status.h"
#include "server/api/bytes.h"

#define ANSWER_MAX (64U << 20) /* bytes of one body */
#define ETAG_SIZE 40

struct tile_body;

struct answer {
    unsigned status;   /* HTTP */
    const char *type;  /* static */
    const char *cache; /* Cache-Control, static */
    char etag[ETAG_SIZE]; /* quoted; "" if none */
    bool is_gzip;
    struct bytes body;
    struct tile_body *tile; /* the body instead, with a reference of its own; NULL if not a tile */
    int file;               /* the body instead, a file descriptor; -1 if not a file */
    uint64_t file_size;
};

void answer_init(struct answer *answer);
/* Frees what has not been handed on (body, tile, file). */
void answer_done(struct answer *answer);
/* Takes the object; NULL (out of memory) answers 500. */
void answer_json(struct answer *answer, json_t *object);
void answer_text(struct answer *answer, const char *type, const void *text, size_t length);
/* {"error": text, "field": field or null} */
void answer_error(struct answer *answer, unsigned status, const char *text, const char *field);
/* The error for a status: 404 for NOT_FOUND, 400 for bad input, 503 for what may pass, 500 for the rest. */
void answer_status(struct answer *answer, enum road_status status, const char *field);
/* The status as error unless it is ROAD_OK; says whether it is. */
bool answer_is_ok(struct answer *answer, enum road_status status, const char *field);

#endif
