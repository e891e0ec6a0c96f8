#include "link/message_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFECT_SAID_BELIEF = 1, DEFECT_SAID_CAUSE_KID, DEFECT_SAID_CAUSE_SEQ };
enum { DIGEST_TILE = 1, DIGEST_SHA256, DIGEST_COUNT, DIGEST_MOVES, DIGEST_CAUSE_KID, DIGEST_CAUSE_SEQ };

/* ---- names of defects ---- */

char *defect_id_format(const struct defect_id *id, char ret_text[DEFECT_ID_TEXT_SIZE])
{
    char kid[KID_TEXT_SIZE];

    snprintf(ret_text, DEFECT_ID_TEXT_SIZE, "%" PRId64 ".%s.%" PRIu64 ".%" PRIu32, id->time_ns,
             kid_format(id->kid, kid), id->seq, id->index);
    return ret_text;
}

/* Decimal digits without sign or leading zeros, up to `end`; *text then stands behind `end`. */
static bool parse_number(const char **text, char end, uint64_t max, uint64_t *ret_value)
{
    const char *at = *text;
    uint64_t value = 0;

    if (*at == '0' && at[1] != end)
        return false;
    do {
        const unsigned digit = (unsigned)(*at - '0');

        if (digit > 9 || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    } while (*++at != end);
    *text = end ? at + 1 : at;
    *ret_value = value;
    return true;
}

enum road_status defect_id_parse(const char *text, struct defect_id *ret_id)
{
    struct defect_id id;
    char kid[KID_TEXT_SIZE] = "";
    uint64_t time_ns, index;

    if (!parse_number(&text, '.', INT64_MAX, &time_ns) || strnlen(text, KID_TEXT_SIZE) < KID_TEXT_SIZE ||
        text[KID_TEXT_SIZE - 1] != '.')
        return ROAD_BAD_INPUT;
    memcpy(kid, text, KID_TEXT_SIZE - 1);
    text += KID_TEXT_SIZE;
    if (kid_parse(kid, &id.kid) != ROAD_OK || !parse_number(&text, '.', INT64_MAX, &id.seq) ||
        !parse_number(&text, '\0', UINT32_MAX, &index))
        return ROAD_BAD_INPUT;
    id.time_ns = (int64_t)time_ns;
    id.index = (uint32_t)index;
    *ret_id = id;
    return ROAD_OK;
}

int defect_id_compare(const struct defect_id *a, const struct defect_id *b)
{
    const int by_kid = kid_compare(a->kid, b->kid);

    if (a->time_ns != b->time_ns)
        return a->time_ns < b->time_ns ? -1 : 1;
    if (by_kid != 0)
        return by_kid;
    if (a->seq != b->seq)
        return a->seq < b->seq ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* ---- a defect's ---- */

enum road_status defect_statement_encode(const struct defect_belief *belief, struct kid cause_kid,
                                         uint64_t cause_seq, uint8_t *ret_bytes, size_t capacity,
                                         size_t *ret_length)
{
    struct check check = {0};
    struct wire_writer writer;
    struct wire_fields fields;

    check_belief(&check, belief);
    check_seq(&check, cause_seq, "cause_seq");
    if (check.status != ROAD_OK)
        return check.status;
    wire_write(&writer, ret_bytes, capacity);
    put_header(&writer, &fields);
    wire_field(&writer, &fields, DEFECT_SAID_BELIEF);
    put_belief(&writer, belief);
    wire_field_bytes(&writer, &fields, DEFECT_SAID_CAUSE_KID, cause_kid.bytes, KID_SIZE);
    wire_field_uint(&writer, &fields, DEFECT_SAID_CAUSE_SEQ, cause_seq);
    wire_fields_close(&writer, &fields);
    if (writer.status == ROAD_OK)
        *ret_length = writer.length;
    return writer.status;
}

enum road_status defect_statement_decode(const uint8_t *bytes, size_t length,
                                         struct defect_belief *ret_belief, struct kid *ret_cause_kid,
                                         uint64_t *ret_cause_seq, const char **ret_field)
{
    struct defect_belief belief = {0};
    struct kid cause_kid = {{0}};
    uint64_t cause_seq = 0;
    struct check check = {0};
    struct wire_reader reader;
    struct wire_map map;
    int64_t key;

    wire_read(&reader, bytes, length);
    wire_map_open(&reader, &map, "statement");
    while (wire_map_next(&reader, &map, &key)) {
        if (key == 0)
            get_version(&reader);
        else if (key == DEFECT_SAID_BELIEF)
            get_belief(&reader, &belief);
        else if (key == DEFECT_SAID_CAUSE_KID)
            cause_kid = get_kid(&reader, "cause_kid");
        else if (key == DEFECT_SAID_CAUSE_SEQ)
            cause_seq = get_seq(&reader, "cause_seq");
        else
            wire_skip(&reader);
    }
    wire_map_require(&reader, &map, 0, "version");
    wire_map_require(&reader, &map, DEFECT_SAID_BELIEF, "defect");
    wire_map_require(&reader, &map, DEFECT_SAID_CAUSE_KID, "cause_kid");
    wire_map_require(&reader, &map, DEFECT_SAID_CAUSE_SEQ, "cause_seq");
    check_belief(&check, &belief);
    check_seq(&check, cause_seq, "cause_seq");
    const enum road_status status = decode_verdict(&reader, &check, ret_field);
    if (status != ROAD_OK)
        return status;
    *ret_belief = belief;
    *ret_cause_kid = cause_kid;
    *ret_cause_seq = cause_seq;
    return ROAD_OK;
}

/* ---- a tile's digest ---- */

static int compare_squares(const void *a, const void *b)
{
    const struct square_move *left = a, *right = b;

    if (left->cell.id != right->cell.id)
        return left->cell.id < right->cell.id ? -1 : 1;
    return (left->is > right->is) - (left->is < right->is);
}

/* The squares inside the tile, ascending by id. */
static size_t squares_of_tile(struct cell tile, const struct square_move *squares, size_t n,
                              struct square_move *ret_sorted)
{
    uint64_t first, last;
    size_t count = 0;

    cell_range(tile, &first, &last);
    for (size_t i = 0; i < n; i++)
        if (squares[i].cell.id >= first && squares[i].cell.id <= last)
            ret_sorted[count++] = squares[i];
    qsort(ret_sorted, count, sizeof *ret_sorted, compare_squares);
    return count;
}

/* SHA-256 over 8 bytes of id, big-endian, and 1 byte of code for each square; `bytes` has room for 9 each. */
static void hash_squares(const struct square_move *squares, size_t n, uint8_t *bytes, uint8_t ret_digest[SHA256_SIZE])
{
    uint8_t *at = bytes;

    for (size_t i = 0; i < n; i++) {
        for (int shift = 56; shift >= 0; shift -= 8)
            *at++ = (uint8_t)(squares[i].cell.id >> shift);
        *at++ = (uint8_t)squares[i].is;
    }
    sha256(bytes, (size_t)(at - bytes), ret_digest);
}

/* Into or out of yellow and red: what the ledger lists one by one. */
static bool is_listed(const struct square_move *square)
{
    return square->was != square->is && (square->was >= CODE_YELLOW || square->is >= CODE_YELLOW);
}

static void put_moves(struct wire_writer *writer, const struct square_move *squares, size_t n)
{
    size_t n_moves = 0;

    for (size_t i = 0; i < n; i++)
        n_moves += is_listed(&squares[i]);
    wire_put_array(writer, n_moves);
    for (size_t i = 0; i < n; i++) {
        if (!is_listed(&squares[i]))
            continue;
        wire_put_array(writer, 3);
        wire_put_uint(writer, squares[i].cell.id);
        wire_put_uint(writer, (uint64_t)squares[i].was);
        wire_put_uint(writer, (uint64_t)squares[i].is);
    }
}

enum road_status digest_statement_encode(struct cell tile, const struct square_move *squares, size_t n_squares,
                                         struct kid cause_kid, uint64_t cause_seq, uint8_t *ret_bytes,
                                         size_t capacity, size_t *ret_length)
{
    uint8_t digest[SHA256_SIZE];
    struct wire_writer writer;
    struct wire_fields fields;

    if (!cell_is_valid(tile) || cause_seq < 1 || cause_seq > INT64_MAX)
        return ROAD_BAD_RANGE;
    if (n_squares > CHANGE_SQUARES_MAX)
        return ROAD_TOO_LARGE;
    /* Sorted squares, then the bytes that are hashed. */
    struct square_move *sorted = malloc(n_squares * (sizeof *sorted + 9) + 1);
    if (!sorted)
        return ROAD_NO_MEMORY;
    const size_t n = squares_of_tile(tile, squares, n_squares, sorted);
    hash_squares(sorted, n, (uint8_t *)(sorted + n_squares), digest);
    wire_write(&writer, ret_bytes, capacity);
    put_header(&writer, &fields);
    wire_field_uint(&writer, &fields, DIGEST_TILE, tile.id);
    wire_field_bytes(&writer, &fields, DIGEST_SHA256, digest, sizeof digest);
    wire_field_uint(&writer, &fields, DIGEST_COUNT, n);
    wire_field(&writer, &fields, DIGEST_MOVES);
    put_moves(&writer, sorted, n);
    wire_field_bytes(&writer, &fields, DIGEST_CAUSE_KID, cause_kid.bytes, KID_SIZE);
    wire_field_uint(&writer, &fields, DIGEST_CAUSE_SEQ, cause_seq);
    wire_fields_close(&writer, &fields);
    free(sorted);
    if (writer.status == ROAD_OK)
        *ret_length = writer.length;
    return writer.status;
}
