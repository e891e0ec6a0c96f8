/* Request targets, as a browser or an attacker sends them: server/api/request.h with everything a handler asks of it,
 * and the names of the log's tiles. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "grid/cell.h"
#include "server/api/request.h"
#include "server/ledger/tile.h"

static void ask_everything(const struct request *request)
{
    static const char *const names[] = {"lat", "lon", "code", "after", "state", "type", "limit", "v"};
    struct request_error error;
    struct map_tile map_tile;
    struct tile tile;
    struct cell cell;
    double number, box[4];
    int64_t count;
    int limit;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = request_text(request, names[i]);
        if (text && strlen(text) > REQUEST_TARGET_MAX)
            abort();
        if (text)
            (void)request_count(text, &count);
        (void)request_number(request, names[i], -90, 90, &number);
    }
    (void)request_limit(request, &limit);
    if (request_box(request, 0.1, box) == ROAD_OK && !(box[0] < box[2] && box[1] < box[3]))
        abort();
    if (request_tile(request->tail, &map_tile, &error) == ROAD_OK && (map_tile.x >> map_tile.zoom) != 0)
        abort();
    (void)request_count(request->tail, &count);
    (void)tile_path_parse(request->tail, &tile);
    if (cell_parse(request->tail, &cell) == ROAD_OK && !cell_is_valid(cell))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request_error error;
    struct request request;
    char *target = malloc(size + 1);

    if (!target)
        return 0;
    memcpy(target, data, size);
    target[size] = '\0';
    if (request_parse(target, &request, &error) == ROAD_OK)
        ask_everything(&request);
    free(target);
    return 0;
}
