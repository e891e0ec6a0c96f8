/* log_verb.c - `roadchief log export` and `roadchief prove`: the ledger out of a server's database. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/database.h"
#include "server/ledger/export.h"
#include "server/ledger/read.h"
#include "server/verbs.h"

#define PATH_SIZE 4096

static int usage(const char *text, int status)
{
    fprintf(status ? stderr : stdout, "usage: %s\n", text);
    return status;
}

/* Takes --data DIR and one more argument; -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, const char *text, const char **ret_data, const char **ret_argument)
{
    static const struct option options[] = {
        {"data", required_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'd')
            return usage(text, option == 'h' ? 0 : 2);
        *ret_data = optarg;
    }
    if (!*ret_data || optind + 1 != argc)
        return usage(text, 2);
    *ret_argument = argv[optind];
    return -1;
}

/* DIR is the server's folder, or a whole data folder with server/ in it. */
static sqlite3 *open_data(const char *data)
{
    static const char *const places[] = {"server.db", "server/server.db"};
    char path[PATH_SIZE], error[256] = "";
    sqlite3 *db;

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", data, places[i]);
        FILE *probe = fopen(path, "rb");
        if (!probe)
            continue;
        fclose(probe);
        if (database_open_readonly(path, &db, error) == ROAD_OK)
            return db;
        fprintf(stderr, "roadchief: %s: %s\n", path, error);
        return NULL;
    }
    fprintf(stderr, "roadchief: there is no server.db in %s\n", data);
    return NULL;
}

int log_verb(int argc, char **argv)
{
    static const char text[] = "roadchief log export --data DIR OUT    writes the ledger as static tlog-tiles files";
    const char *data = NULL, *out;
    uint64_t size = 0;

    if (argc < 2 || strcmp(argv[1], "export") != 0)
        return usage(text, argc > 1 && strcmp(argv[1], "--help") == 0 ? 0 : 2);
    const int result = read_options(argc - 1, argv + 1, text, &data, &out);
    if (result >= 0)
        return result;
    sqlite3 *db = open_data(data);
    if (!db)
        return 1;
    const enum road_status status = ledger_export(db, out, &size);
    database_close(db);
    if (status) {
        fprintf(stderr, "roadchief: %s: %s\n", out, road_status_sentence(status));
        return 1;
    }
    printf("entries: %" PRIu64 "\n", size);
    return 0;
}

int prove_verb(int argc, char **argv)
{
    static const char usage_text[] = "roadchief prove INDEX --data DIR    prints an offline proof of one entry";
    static char text[PROOF_TEXT_SIZE];
    const char *data = NULL, *argument;
    char *end;
    size_t length;

    const int result = read_options(argc, argv, usage_text, &data, &argument);
    if (result >= 0)
        return result;
    errno = 0;
    const uint64_t index = strtoull(argument, &end, 10);
    if (errno || *end || *argument < '0' || *argument > '9')
        return usage(usage_text, 2);
    sqlite3 *db = open_data(data);
    if (!db)
        return 1;
    const enum road_status status = ledger_read_proof(db, index, text, &length);
    database_close(db);
    if (status) {
        fprintf(stderr, "roadchief: entry %s: %s\n", argument, road_status_sentence(status));
        return 1;
    }
    fwrite(text, 1, length, stdout);
    return 0;
}
