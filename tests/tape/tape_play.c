/* tape_play - a tape through the core: every batch as a line of hexadecimal bytes, as it would be signed, then what
 * was counted. Needs nothing but the core and the encoder of batches, so that it can be built for any machine.
 *     tape_play TAPE [silent]      silent: no batches, one line of counts (for measuring) */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/tape/tape.h"

static uint8_t *read_all(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;

    if (file && fseek(file, 0, SEEK_END) == 0) {
        const long size = ftell(file);
        bytes = malloc((size_t)size + 1);
        rewind(file);
        *ret_size = bytes ? fread(bytes, 1, (size_t)size, file) : 0;
    }
    if (file)
        fclose(file);
    return bytes;
}

static void put_batches(struct node_core *core, bool is_silent)
{
    static uint8_t bytes[BATCH_PAYLOAD_MAX];
    const struct batch *batch;
    size_t length = 0;

    while ((batch = node_core_take(core))) {
        if (is_silent)
            continue;
        const enum road_status status = batch_encode(batch, bytes, sizeof bytes, &length);
        printf("batch %" PRIu64 " ", batch->seq);
        for (size_t i = 0; status == ROAD_OK && i < length; i++)
            printf("%02x", bytes[i]);
        puts(status == ROAD_OK ? "" : road_status_sentence(status));
    }
}

static void play_block(struct node_core *core, const struct tape_block *block, bool is_silent)
{
    const struct motion_sample *samples = block->items;

    if (block->kind == TAPE_FIX) {
        node_core_fix(core, block->items);
    } else if (block->kind == TAPE_GAP) {
        const struct tape_gap *gap = block->items;
        node_core_gap(core, gap->from_ns, gap->to_ns);
    } else if (block->kind == TAPE_MOTION) {
        for (uint32_t i = 0; i < block->count; i++)
            node_core_motion(core, &samples[i]);
    }
    put_batches(core, is_silent);
}

static struct node_core *new_core(const struct tape_zone *zone)
{
    struct node_core_config config;
    struct node_core *core = NULL;

    node_core_config_default(&config);
    config.zone = (struct grid_zone){zone->meridian_deg, zone->is_south != 0};
    if (node_core_new(&config, 1, &core) != ROAD_OK)
        return NULL;
    node_core_prepare(core);
    return core;
}

static void put_stats(const struct node_core *core)
{
    const struct node_core_stats s = node_core_stats(core);

    printf("samples %" PRIu64 " refused %" PRIu64 " fixes %" PRIu64 " refused %" PRIu64 " distance_m %.1f detections %" PRIu64
           " look_alikes %" PRIu64 " batches %" PRIu64 "\n",
           s.samples, s.samples_refused, s.fixes, s.fixes_refused, s.distance_m, s.detections, s.look_alikes, s.batches);
}

int main(int argc, char **argv)
{
    size_t size = 0;
    uint8_t *bytes = argc > 1 ? read_all(argv[1], &size) : NULL;
    const uint8_t *at = bytes;
    struct tape_block block;
    struct node_core *core = NULL;

    if (bytes && tape_next(&at, bytes + size, &block) && block.kind == TAPE_ZONE)
        core = new_core(block.items);
    if (!core) {
        fputs("usage: tape_play TAPE [silent]\n", stderr);
        return 2;
    }
    while (tape_next(&at, bytes + size, &block))
        play_block(core, &block, argc > 2);
    node_core_finish(core);
    put_batches(core, argc > 2);
    put_stats(core);
    node_core_free(core);
    free(bytes);
    return 0;
}
