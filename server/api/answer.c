#include "server/api/answer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/api/tile_cache.h"

#define TYPE_JSON "application/json; charset=utf-8"

void answer_init(struct answer *answer)
{
    *answer = (struct answer){.status = 200, .type = TYPE_JSON, .cache = "no-cache", .file = -1};
    bytes_init(&answer->body, ANSWER_MAX);
}

void answer_done(struct answer *answer)
{
    bytes_done(&answer->body);
    tile_body_release(answer->tile);
    answer->tile = NULL;
    if (answer->file >= 0)
        close(answer->file);
    answer->file = -1;
}

static int put_json(const char *text, size_t length, void *body)
{
    bytes_put(body, text, length);
    return ((struct bytes *)body)->is_bad ? -1 : 0;
}

void answer_json(struct answer *answer, json_t *object)
{
    bytes_done(&answer->body);
    /* 12 digits: a tenth of a millimetre in degrees, and 3.2 stays 3.2. */
    if (!object || json_dump_callback(object, put_json, &answer->body, JSON_COMPACT | JSON_REAL_PRECISION(12))) {
        bytes_done(&answer->body);
        answer->status = 500;
        bytes_text(&answer->body, "{\"error\":\"out of memory\",\"field\":null}");
    }
    answer->type = TYPE_JSON;
    json_decref(object);
}

void answer_text(struct answer *answer, const char *type, const void *text, size_t length)
{
    bytes_done(&answer->body);
    bytes_put(&answer->body, text, length);
    answer->type = type;
}

void answer_error(struct answer *answer, unsigned status, const char *text, const char *field)
{
    answer_json(answer, json_pack("{s:s, s:s?}", "error", text, "field", field));
    answer->status = status;
    answer->cache = "no-store";
    answer->etag[0] = '\0';
}

static unsigned http_status(enum road_status status)
{
    switch (status) {
    case ROAD_OK:
        return 200;
    case ROAD_BAD_INPUT:
    case ROAD_BAD_RANGE:
        return 400;
    case ROAD_NOT_FOUND:
        return 404;
    case ROAD_TOO_LARGE:
        return 413;
    case ROAD_FULL:
    case ROAD_IO:
    case ROAD_NO_MEMORY:
    case ROAD_TIMEOUT:
        return 503;
    default:
        return 500;
    }
}

void answer_status(struct answer *answer, enum road_status status, const char *field)
{
    answer_error(answer, http_status(status), road_status_sentence(status), field);
}

bool answer_is_ok(struct answer *answer, enum road_status status, const char *field)
{
    if (status)
        answer_status(answer, status, field);
    return status == ROAD_OK;
}
