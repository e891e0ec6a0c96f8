#include "server/api/json.h"

#include "server/ledger/envelope.h"

char *hex_format(const uint8_t *bytes, size_t length, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < length; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_text[2 * length] = '\0';
    return ret_text;
}

json_t *json_time(int64_t time_ns)
{
    char text[TIME_TEXT_SIZE];

    return time_ns > 0 ? json_string(time_text_format(time_ns / 1000000, text)) : json_null();
}

json_t *json_ring(double (*ring)[2], size_t n)
{
    json_t *points = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(points, json_pack("[f, f]", ring[i][0], ring[i][1]));
    return points;
}

enum road_status json_entries_about(struct reader *reader, const char *subject, int limit, json_t **ret_entries)
{
    sqlite3_stmt *s = reader_query(reader, QUERY_ENTRIES_ABOUT);
    json_t *entries = json_array();
    enum road_status status;
    char leaf[65];

    sqlite3_bind_text(s, 1, subject, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int(s, 2, limit);
    while (reader_step(s, &status)) {
        if (sqlite3_column_bytes(s, 1) != 32)
            continue;
        json_array_append_new(entries, json_pack("{s:I, s:s}", "index", (json_int_t)sqlite3_column_int64(s, 0),
                                                 "leaf_hash", hex_format(sqlite3_column_blob(s, 1), 32, leaf)));
    }
    if (status)
        json_decref(entries);
    else
        *ret_entries = entries;
    return status;
}

json_t *json_list(json_t *items, const char *next)
{
    return json_pack("{s:o, s:s?}", "items", items, "next", next);
}
