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

struct options {
    const char *data, *entry; /* --data DIR; --entry FILE or NULL */
    const char *argument;     /* the one without a name */
};

/* -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, const char *text, struct options *ret_options)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"entry", required_argument, NULL, 'e'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'd' && option != 'e')
            return usage(text, option == 'h' ? 0 : 2);
        *(option == 'd' ? &ret_options->data : &ret_options->entry) = optarg;
    }
    if (!ret_options->data || optind + 1 != argc)
        return usage(text, 2);
    ret_options->argument = argv[optind];
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
    static const char text[] =
        "roadchief log export --data DIR OUT    writes the ledger as static tlog-tiles files";
    struct options o = {.data = NULL};
    uint64_t size = 0;

    if (argc < 2 || strcmp(argv[1], "export") != 0)
        return usage(text, argc > 1 && strcmp(argv[1], "--help") == 0 ? 0 : 2);
    const int result = read_options(argc - 1, argv + 1, text, &o);
    if (result >= 0)
        return result;
    sqlite3 *db = open_data(o.data);
    if (!db)
        return 1;
    const enum road_status status = ledger_export(db, o.argument, &size);
    database_close(db);
    if (status) {
        fprintf(stderr, "roadchief: %s: %s\n", o.argument, road_status_sentence(status));
        return 1;
    }
    printf("entries: %" PRIu64 "\n", size);
    return 0;
}

/* The entry's bytes as hashed, beside its proof. */
static enum road_status write_entry(sqlite3 *db, uint64_t index, const char *path)
{
    const struct tile tile = {TILE_ENTRIES, index / TILE_WIDTH, (unsigned)(index % TILE_WIDTH) + 1};
    uint8_t *bundle;
    const uint8_t *entry = NULL;
    size_t length, entry_length = 0, offset = 0;

    enum road_status status = ledger_read_bundle(db, tile, &bundle, &length);
    if (status)
        return status;
    while (bundle_next(bundle, length, &offset, &entry, &entry_length) == ROAD_OK) /* the last is the one */
        ;
    FILE *file = fopen(path, "wb");
    status = file && entry && fwrite(entry, 1, entry_length, file) == entry_length ? ROAD_OK : ROAD_IO;
    if (file && fclose(file) != 0)
        status = ROAD_IO;
    free(bundle);
    return status;
}

static int prove(const struct options *o, uint64_t index)
{
    static char text[PROOF_TEXT_SIZE];
    size_t length = 0;
    sqlite3 *db = open_data(o->data);

    if (!db)
        return 1;
    enum road_status status = ledger_read_proof(db, index, text, &length);
    if (!status && o->entry)
        status = write_entry(db, index, o->entry);
    database_close(db);
    if (status) {
        fprintf(stderr, "roadchief: entry %s: %s\n", o->argument, road_status_sentence(status));
        return 1;
    }
    fwrite(text, 1, length, stdout);
    return 0;
}

int prove_verb(int argc, char **argv)
{
    static const char text[] =
        "roadchief prove INDEX --data DIR [--entry FILE]\n\n"
        "Prints an offline proof of one entry; --entry writes the entry itself to a file.\n"
        "Whoever has both and the log's vkey checks them with\n"
        "    roadchief verify PROOF --entry FILE --vkey VKEY";
    struct options o = {.data = NULL};
    char *end;

    const int result = read_options(argc, argv, text, &o);
    if (result >= 0)
        return result;
    errno = 0;
    const uint64_t index = strtoull(o.argument, &end, 10);
    if (errno || *end || *o.argument < '0' || *o.argument > '9')
        return usage(text, 2);
    return prove(&o, index);
}
