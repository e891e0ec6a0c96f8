/* http.h - GET against our own server: bytes or JSON, bounded, with a time limit. */
#ifndef FRONT_HTTP_H
#define FRONT_HTTP_H

#include <jansson.h>
#include <stddef.h>

#include "grid/status.h"

#define HTTP_BODY_MAX (64 << 20)

/* *ret_body is NUL-ended and the caller's to free. Any answer but 200: ROAD_NOT_FOUND (404) or ROAD_IO. */
enum road_status http_get(const char *url, char **ret_body, size_t *ret_length);
/* NULL if there was no answer, or no JSON. The caller's to json_decref. */
json_t *http_get_json(const char *base, const char *path);

#endif
