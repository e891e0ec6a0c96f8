#include "gateway/keeper_state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/room.h"
#include "link/log.h"

#define FAULTS_TOLD_MAX 32 /* nodes in one report */

/* Appends, and goes on counting what does not fit. */
struct text {
    char *at;
    size_t capacity, length;
};

static void put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *text, const char *format, ...)
{
    const size_t used = text->length < text->capacity ? text->length : text->capacity;
    va_list args;

    va_start(args, format);
    const int n = vsnprintf(text->at + used, text->capacity - used, format, args);
    va_end(args);
    text->length += n > 0 ? (size_t)n : 0;
}

static const char *node_name(const struct keeper *keeper, uint32_t speaker, char kid[KID_TEXT_SIZE])
{
    const struct kid of = keeper->beliefs.evidence.speakers[speaker].kid;
    const struct registry_entry *entry = registry_by_kid(keeper->rules.registry, of);

    return entry ? entry->name : kid_format(of, kid);
}

/* "jumps blind" */
static void faults_text(unsigned faults, const char *between, char ret_text[96])
{
    size_t length = 0;

    ret_text[0] = '\0';
    for (unsigned bit = FAULT_JUMPS; bit <= FAULT_OFTEN; bit *= 2)
        if (faults & bit)
            length += (size_t)snprintf(ret_text + length, 96 - length, "%s%s", length ? between : "",
                                       standing_fault_name((enum standing_fault)bit));
}

static void log_node(const struct keeper *keeper, uint32_t speaker, unsigned faults, unsigned bad_days)
{
    char kid[KID_TEXT_SIZE], text[96];

    faults_text(faults, ",", text);
    if (faults)
        log_warn("node not believed node=%s faults=%s bad_days=%u", node_name(keeper, speaker, kid), text, bad_days);
    else
        log_info("node believed again node=%s", node_name(keeper, speaker, kid));
}

void keeper_log_standing(struct keeper *keeper)
{
    const size_t n = keeper->beliefs.evidence.n_speakers;
    const uint64_t turns = standing_turns(keeper->beliefs.standing);

    if (turns == keeper->logged_turns)
        return;
    keeper->logged_turns = turns;
    unsigned *faults = room_zeroed(2 * n, sizeof *faults), *bad_days = faults + n;
    ROOM(keeper->faults, keeper->fault_capacity, n);
    standing_all(keeper->beliefs.standing, faults, bad_days, n);
    for (uint32_t i = 0; i < n; i++) {
        if (keeper->faults[i].faults != faults[i])
            log_node(keeper, i, faults[i], bad_days[i]);
        keeper->faults[i] = (struct node_faults){faults[i], bad_days[i]};
    }
    keeper->n_faults = n;
    free(faults);
}

/* ,"standing":{"node-7":{"faults":["jumps"],"bad_days":1}}: those that are not believed, on some day or at all. */
static void put_standing(const struct keeper *keeper, struct text *text)
{
    char kid[KID_TEXT_SIZE], faults[96];
    size_t told = 0, all = 0;

    put(text, ",\"standing\":{");
    for (uint32_t i = 0; i < keeper->n_faults; i++) {
        const struct node_faults *f = &keeper->faults[i];
        all += f->faults != 0;
        if (!f->faults || told == FAULTS_TOLD_MAX)
            continue;
        faults_text(f->faults, "\",\"", faults);
        put(text, "%s\"%s\":{\"faults\":[\"%s\"],\"bad_days\":%u}", told ? "," : "", node_name(keeper, i, kid), faults,
            f->bad_days);
        told++;
    }
    put(text, "},\"not_believed\":%zu", all);
}

size_t keeper_report(const struct keeper *keeper, const char *name, char *ret_text, size_t capacity)
{
    const struct outbox_stats out = outbox_stats(keeper->outbox);
    const struct evidence *evidence = &keeper->beliefs.evidence;
    struct text text = {ret_text, capacity, 0};

    put(&text, "{\"state\":\"online\",\"name\":\"%s\"", name);
#define KEEPER_COUNTER(counter) put(&text, ",\"" #counter "\":%" PRIu64, keeper->stats.counter);
    KEEPER_COUNTERS(KEEPER_COUNTER)
#undef KEEPER_COUNTER
    put_standing(keeper, &text);
    put(&text, ",\"refused\":{");
    const char *comma = "";
    for (unsigned reason = 0; reason < 32; reason++)
        if (keeper->stats.refused_by_reason[reason]) {
            put(&text, "%s\"%s\":%" PRIu64, comma, road_status_name((enum road_status)reason),
                keeper->stats.refused_by_reason[reason]);
            comma = ",";
        }
    put(&text,
        "},\"store\":\"%s\",\"not_settled\":%" PRId64 ",\"outbox_items\":%" PRId64 ",\"outbox_bytes\":%" PRId64 ",\"outbox_acked\":%" PRIu64
        ",\"outbox_refused\":%" PRIu64 ",\"blocks\":%zu,\"tracks\":%zu,\"sightings\":%zu,\"sightings_unplaced\":%" PRIu64
        "}",
        road_status_name(keeper->stats.store), keeper->last_batch - keeper->settled.batch, out.items, out.bytes, out.acked_upto, out.refused, evidence->n_blocks, (size_t)evidence->n_passes,
        evidence->n_sightings, evidence->sightings_unplaced);
    return text.length;
}
