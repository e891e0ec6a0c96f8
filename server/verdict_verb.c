/* verdict_verb.c - `roadchief server verdict`: what a person says of a defect. It only asks: the running server says it
 * in the ledger and to the gateway within a second; one that is started later, then. */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "link/database.h"
#include "link/registry.h"
#include "server/config.h"
#include "server/ledger/envelope.h"
#include "server/store/repair.h"
#include "server/store/schema.h"
#include "server/store/words.h"
#include "server/verbs.h"

struct options {
    const char *config, *by, *at, *reason, *defect, *kind;
    bool is_json;
};

static const char help[] =
    "usage: roadchief server verdict --config FILE DEFECT repaired|whole|damaged|confirm|reject --by NAME\n"
    "                                [--reason CODE] [--at TIME] [--json]\n\n"
    "What a person says of a defect. It enters the ledger, goes to the gateway, and is folded among the passes of the\n"
    "vehicles by its time.\n\n"
    "  repaired   it was repaired: clean passes of two vehicles or an inspector verify that, a hit reopens it\n"
    "  whole      an inspector stood there: nothing is broken. Not by the department that repaired it\n"
    "  damaged    an inspector stood there: it is broken, or still is\n"
    "  confirm    the desk has looked at the evidence: it is there, and may be red\n"
    "  reject     the desk: a false alarm; --reason feature|nothing|elsewhere|double|artefact|other\n\n"
    "  --by NAME    the department or crew that says so, as registered (role department)\n"
    "  --at TIME    when it was so, 2026-11-23T07:41:00Z; default now\n";

static const char *const kinds[VERDICT_KIND_COUNT] = {"repaired", "whole", "damaged", "confirm", "reject"};

/* -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"by", required_argument, NULL, 'b'},
                                            {"reason", required_argument, NULL, 'r'}, {"at", required_argument, NULL, 'a'},
                                            {"json", no_argument, NULL, 'j'},         {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c')
            o->config = optarg;
        else if (option == 'b')
            o->by = optarg;
        else if (option == 'r')
            o->reason = optarg;
        else if (option == 'a')
            o->at = optarg;
        else if (option == 'j')
            o->is_json = true;
        else
            return fputs(help, option == 'h' ? stdout : stderr), option == 'h' ? 0 : 2;
    }
    if (!o->config || !o->by || optind + 2 != argc)
        return fputs(help, stderr), 2;
    o->defect = argv[optind];
    o->kind = argv[optind + 1];
    return -1;
}

static int wrong(const char *what, const char *about)
{
    fprintf(stderr, "roadchief: %s: %s\n", about, what);
    return 2;
}

static enum verdict_kind find_kind(const char *text)
{
    for (int i = 0; i < VERDICT_KIND_COUNT; i++)
        if (strcmp(text, kinds[i]) == 0)
            return (enum verdict_kind)(i + 1);
    return (enum verdict_kind)0;
}

static enum verdict_reason find_reason(const char *text)
{
    for (int i = 1; text && i <= VERDICT_REASON_COUNT; i++)
        if (strcmp(text, verdict_reason_text(i)) == 0)
            return (enum verdict_reason)i;
    return REASON_NONE;
}

/* With or without milliseconds. */
static bool read_time(const char *text, int64_t *ret_ns)
{
    char whole[TIME_TEXT_SIZE];
    int64_t ms;

    if (!text) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        *ret_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
        return true;
    }
    snprintf(whole, sizeof whole, strlen(text) == 20 ? "%.19s.000Z" : "%s", text);
    if (strlen(text) > 24 || time_text_parse(whole, &ms))
        return false;
    *ret_ns = ms * 1000000;
    return true;
}

static bool is_department(const struct server_config *config, const char *name)
{
    struct registry *registry;
    char error[512] = "";

    if (registry_load(config->registry, &registry, error)) {
        fprintf(stderr, "roadchief: %s\n", error);
        return false;
    }
    const struct registry_entry *entry = registry_by_name(registry, name);
    const bool is_one = entry && entry->role == ROLE_DEPARTMENT;
    registry_close(registry);
    return is_one;
}

static bool is_known(sqlite3 *db, const char *defect)
{
    sqlite3_stmt *s;
    bool is_there = false;

    if (database_prepare(db, "SELECT 1 FROM defect WHERE id = ?", &s) == ROAD_OK) {
        sqlite3_bind_text(s, 1, defect, -1, SQLITE_STATIC);
        is_there = sqlite3_step(s) == SQLITE_ROW;
    }
    sqlite3_finalize(s);
    return is_there;
}

static int ask(const struct server_config *config, const struct options *o, struct verdict verdict)
{
    char path[SERVER_PATH_SIZE + 16], error[256] = "";
    sqlite3 *db;
    int64_t id = 0;

    snprintf(path, sizeof path, "%s/server.db", config->data_dir);
    if (access(path, F_OK) != 0)
        return wrong("there is no server.db; has the server run?", config->data_dir);
    if (database_open(path, store_migrations, &db, error)) {
        fprintf(stderr, "roadchief: %s: %s\n", path, error);
        return 1;
    }
    const bool is_there = is_known(db, o->defect);
    enum road_status status = repair_tables(db);
    if (!status && is_there)
        status = verdict_ask(db, o->defect, verdict.kind, verdict.reason, verdict.time_ns, o->by, &id);
    database_close(db);
    if (!status && !is_there)
        return wrong("the server knows no such defect", o->defect);
    if (status) {
        fprintf(stderr, "roadchief: %s: %s\n", path, road_status_sentence(status));
        return 1;
    }
    if (o->is_json)
        printf("{\"verdict\":%" PRId64 ",\"defect\":\"%s\",\"kind\":\"%s\",\"state\":\"asked\"}\n", id, o->defect, o->kind);
    else
        printf("asked: %s is %s (verdict %" PRId64 "); the server says it within a second of running\n", o->defect,
               o->kind, id);
    return 0;
}

int verdict_verb(int argc, char **argv)
{
    struct options o = {.config = NULL};
    struct verdict verdict = {.reason = REASON_NONE};
    struct server_config config;
    char error[CONFIG_ERROR_SIZE] = "";

    const int result = read_options(argc, argv, &o);
    if (result >= 0)
        return result;
    verdict.kind = find_kind(o.kind);
    verdict.reason = find_reason(o.reason);
    if (!verdict.kind)
        return wrong("not one of repaired, whole, damaged, confirm, reject", o.kind);
    if ((verdict.kind == VERDICT_REJECTED) != (verdict.reason != REASON_NONE) || (o.reason && !verdict.reason))
        return wrong("--reason feature|nothing|elsewhere|double|artefact|other belongs to a rejection, and to nothing else",
                     o.kind);
    if (defect_id_parse(o.defect, &verdict.defect))
        return wrong("not the name of a defect", o.defect);
    if (!read_time(o.at, &verdict.time_ns))
        return wrong("not a time like 2026-11-23T07:41:00Z", o.at);
    if (server_config_load(o.config, &config, error)) {
        fprintf(stderr, "roadchief: %s\n", error);
        return 1;
    }
    if (!is_department(&config, o.by))
        return wrong("not a registered department", o.by);
    return ask(&config, &o, verdict);
}
