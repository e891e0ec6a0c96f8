/* json.h - the small forms that several answers share: times, outlines, references to ledger entries. */
#ifndef SERVER_API_JSON_H
#define SERVER_API_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "server/api/reader.h"

/* ret_text: 2 * length + 1 bytes; returns it. */
char *hex_format(const uint8_t *bytes, size_t length, char *ret_text);
/* RFC 3339 UTC; null for 0 = unknown. */
json_t *json_time(int64_t time_ns);
/* [[lon, lat], …] */
json_t *json_ring(double (*ring)[2], size_t n);
/* The newest entries about a subject, newest first: [{"index", "leaf_hash"}, …]. */
enum road_status json_entries_about(struct reader *reader, const char *subject, int limit, json_t **ret_entries);
/* {"items": items, "next": next or null}; takes items. */
json_t *json_list(json_t *items, const char *next);

#endif
