#include "server/api/repairs.h"

#include <stdio.h>
#include <string.h>

#include "server/api/json.h"
#include "server/ledger/envelope.h"
#include "server/store/repair.h"
#include "server/store/words.h"

#define VERDICTS_SHOWN 100

enum road_status repair_read(struct reader *reader, const char *defect, struct repair *ret_repair)
{
    sqlite3_stmt *s = reader_query(reader, QUERY_REPAIR);
    struct repair repair = {.stage = REPAIR_NONE};
    enum road_status status = ROAD_OK;

    sqlite3_bind_text(s, 1, defect, -1, SQLITE_TRANSIENT);
    if (reader_step(s, &status)) {
        const char *kid = (const char *)sqlite3_column_text(s, 3);
        repair.stage = (enum repair_stage)sqlite3_column_int(s, 0);
        repair.cause = (enum repair_cause)sqlite3_column_int(s, 1);
        repair.claimed_ns = sqlite3_column_int64(s, 2);
        if (!kid || kid_parse(kid, &repair.by))
            status = ROAD_CORRUPT;
        repair.settled_ns = sqlite3_column_int64(s, 4);
        repair.passes = (uint16_t)sqlite3_column_int(s, 5);
        repair.passes_needed = (uint16_t)sqlite3_column_int(s, 6);
        repair.miss_ppm = (uint32_t)sqlite3_column_int(s, 7);
    }
    sqlite3_reset(s);
    if (!status)
        *ret_repair = repair;
    return status;
}

/* "2026-11-23 07:41Z" */
static void minute_text(int64_t time_ns, char ret_text[24])
{
    char text[TIME_TEXT_SIZE];

    time_text_format(time_ns / 1000000, text);
    snprintf(ret_text, 24, "%.10s %.5sZ", text, text + 11);
}

void repair_explain(const struct repair *repair, enum code_language language, char *ret_text, size_t capacity)
{
    /* By cause: passes, inspector, hit, desk. */
    static const char *const reopened[][5] = {
        {"", "", "the repair did not hold: an inspector found it damaged", "the repair did not hold: felt or seen again",
         "the repair did not hold: the desk confirmed it again"},
        {"", "", "修复未通过：巡查员查实仍有损坏", "修复未通过：再次测到", "修复未通过：工作台再次确认"}};
    static const char *const by_inspector[] = {"repaired; verified by an inspector", "已修复，经巡查员核实"};
    static const char *const by_passes[] = {"repaired; verified by %u clean passes", "已修复，经 %u 次无异常经过核实"};
    static const char *const claimed[] = {"said to be repaired %s; %u of about %u clean passes",
                                          "%s 报称已修复，已有 %u 次无异常经过，约需 %u 次"};
    char when[24];

    ret_text[0] = '\0';
    if (repair->stage == REPAIR_CLAIMED) {
        minute_text(repair->claimed_ns, when);
        snprintf(ret_text, capacity, claimed[language], when, repair->passes, repair->passes_needed);
    } else if (repair->stage == REPAIR_VERIFIED && repair->cause == REPAIR_BY_PASSES) {
        snprintf(ret_text, capacity, by_passes[language], repair->passes);
    } else if (repair->stage == REPAIR_VERIFIED) {
        snprintf(ret_text, capacity, "%s", by_inspector[language]);
    } else if (repair->stage == REPAIR_REOPENED && (unsigned)repair->cause <= REPAIR_BY_DESK) {
        snprintf(ret_text, capacity, "%s", reopened[language][repair->cause]);
    }
}

static json_t *both_languages(const struct repair *repair)
{
    char en[160], zh[160];

    repair_explain(repair, LANGUAGE_EN, en, sizeof en);
    repair_explain(repair, LANGUAGE_ZH, zh, sizeof zh);
    return json_pack("{s:s, s:s}", "en", en, "zh", zh);
}

/* The name under which this key spoke last; a claim that came some other way has none. */
static enum road_status speaker(struct reader *reader, struct kid kid, json_t **ret_object)
{
    sqlite3_stmt *s = reader_query(reader, QUERY_SPEAKER);
    char text[KID_TEXT_SIZE];
    enum road_status status = ROAD_OK;

    sqlite3_bind_text(s, 1, kid_format(kid, text), -1, SQLITE_TRANSIENT);
    const bool is_named = reader_step(s, &status);
    json_t *object = json_pack("{s:s, s:s?}", "kid", text, "name",
                               is_named ? (const char *)sqlite3_column_text(s, 0) : NULL);
    sqlite3_reset(s);
    if (status)
        json_decref(object);
    else
        *ret_object = object;
    return status;
}

enum road_status json_repair(struct reader *reader, const struct repair *repair, json_t **ret_object)
{
    json_t *by = NULL;

    if (repair->stage == REPAIR_NONE) {
        *ret_object = json_null();
        return ROAD_OK;
    }
    const enum road_status status = speaker(reader, repair->by, &by);
    if (status)
        return status;
    *ret_object = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:i, s:i, s:f, s:o}", "stage", repair_stage_text((int)repair->stage), "cause",
        repair_cause_text((int)repair->cause), "claimed", json_time(repair->claimed_ns), "by", by, "settled",
        json_time(repair->settled_ns), "passes", repair->passes, "passes_needed", repair->passes_needed, "miss",
        repair->miss_ppm / 1e6, "text", both_languages(repair));
    return *ret_object ? ROAD_OK : ROAD_NO_MEMORY;
}

static json_t *verdict_object(sqlite3_stmt *s)
{
    static const char *const states[] = {"asked", "said", "refused"};
    const int state = sqlite3_column_int(s, 0), reason = sqlite3_column_int(s, 2);
    const char *note = (const char *)sqlite3_column_text(s, 6);

    return json_pack("{s:s, s:s, s:s?, s:o, s:s, s:o, s:s?}", "kind", verdict_kind_text(sqlite3_column_int(s, 1)), "state",
                     states[state >= 0 && state < 3 ? state : 0], "reason", reason ? verdict_reason_text(reason) : NULL,
                     "time", json_time(sqlite3_column_int64(s, 3)), "by", (const char *)sqlite3_column_text(s, 4), "entry",
                     sqlite3_column_type(s, 5) == SQLITE_NULL ? json_null() : json_integer(sqlite3_column_int64(s, 5)),
                     "note", note);
}

enum road_status json_verdicts(struct reader *reader, const char *defect, json_t **ret_list)
{
    sqlite3_stmt *s = reader_query(reader, QUERY_VERDICTS);
    json_t *list = json_array();
    enum road_status status;

    sqlite3_bind_text(s, 1, defect, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int(s, 2, VERDICTS_SHOWN);
    while (reader_step(s, &status))
        json_array_append_new(list, verdict_object(s));
    if (status)
        json_decref(list);
    else
        *ret_list = list;
    return status;
}
