/* verify_verb.c - `roadchief verify`: is this ledger what it says, and did it grow from what was seen before?
 */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/ledger/proof.h"
#include "server/ledger/verify.h"
#include "server/verbs.h"

struct options {
    const char *where, *registry, *entry;
    bool is_json;
    struct verify_config config;
    char *old_texts[VERIFY_OLD_MAX];
};

static void print_help(FILE *out)
{
    fputs(
        "usage: roadchief verify PATH|URL|DATABASE [--vkey VKEY] [--registry FILE]\n"
        "                        [--checkpoint FILE …] [--json]\n"
        "       roadchief verify PROOF --entry FILE --vkey VKEY\n\n"
        "Checks the signed head, every tile, every entry, the chain of entries about each subject and every\n"
        "speaker's signature. Exit status 0 if all hold, else 1 with the first failing entry.\n"
        "  --vkey VKEY        the log's key, from a place that you trust; without it the key is taken from "
        "the\n"
        "                     log's first entry, and only the log's own consistency is shown\n"
        "  --registry FILE    only these speakers may be in the log\n"
        "  --checkpoint FILE  a head seen before: the log must have grown from it (up to 256)\n"
        "  --entry FILE       only this entry, by its offline proof (roadchief prove makes both)\n",
        out);
}

/* A whole file of less than `max` bytes, from malloc and with a NUL behind; NULL if it cannot be read. */
static char *read_file(const char *path, size_t max, size_t *ret_length)
{
    char *text = calloc(1, max + 1);
    FILE *file = fopen(path, "rb");
    const size_t length = text && file ? fread(text, 1, max, file) : 0;

    if (file)
        fclose(file);
    if (length == 0 || length == max) {
        free(text);
        return NULL;
    }
    *ret_length = length;
    return text;
}

static int add_checkpoint(struct options *o, const char *path)
{
    size_t length;

    if (o->config.n_old == VERIFY_OLD_MAX) {
        fprintf(stderr, "verify: %s: more than %d heads; give them in several runs\n", path, VERIFY_OLD_MAX);
        return 2;
    }
    char *text = read_file(path, NOTE_SIZE, &length);
    if (!text) {
        fprintf(stderr, "verify: %s: not a head that can be read\n", path);
        return 2;
    }
    o->old_texts[o->config.n_old] = text;
    o->config.old[o->config.n_old++] = text;
    return 0;
}

/* -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
    static const struct option options[] = {{"vkey", required_argument, NULL, 'k'},
                                            {"registry", required_argument, NULL, 'r'},
                                            {"checkpoint", required_argument, NULL, 'c'},
                                            {"entry", required_argument, NULL, 'e'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'k')
            o->config.vkey = optarg;
        else if (option == 'r')
            o->registry = optarg;
        else if (option == 'e')
            o->entry = optarg;
        else if (option == 'j')
            o->is_json = true;
        else if (option == 'h')
            return print_help(stdout), 0;
        else if (option != 'c' || add_checkpoint(o, optarg))
            return option == 'c' ? 2 : (print_help(stderr), 2);
    }
    if (optind + 1 != argc)
        return print_help(stderr), 2;
    o->where = argv[optind];
    return -1;
}

static void hex(const struct tree_hash *hash, char ret_text[2 * TREE_HASH_SIZE + 1])
{
    for (size_t i = 0; i < TREE_HASH_SIZE; i++)
        snprintf(ret_text + 2 * i, 3, "%02x", hash->bytes[i]);
}

static void print_json(const struct verify_report *r, const char *root)
{
    json_t *out = json_pack("{s:s, s:s, s:s, s:b, s:I, s:s, s:I, s:I, s:I}", "ledger",
                            r->is_verified ? "verified" : "failed", "origin", r->origin, "vkey", r->vkey,
                            "pinned", r->is_pinned, "entries", (json_int_t)r->size, "root", root,
                            "statements", (json_int_t)r->statements, "keys", (json_int_t)r->keys,
                            "older_heads", (json_int_t)r->heads);

    if (!r->is_verified) {
        json_object_set_new(out, "index", r->bad_index < 0 ? json_null() : json_integer(r->bad_index));
        json_object_set_new(out, "reason", json_string(r->reason));
    }
    json_dumpf(out, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(out);
}

static void print_plain(const struct verify_report *r, const char *root)
{
    printf("ledger: %s\n", r->is_verified ? "verified" : "FAILED");
    if (!r->is_verified) {
        if (r->bad_index >= 0)
            printf("index: %" PRId64 "\n", r->bad_index);
        printf("reason: %s\n", r->reason);
    }
    if (!*r->origin)
        return;
    printf("origin: %s\nentries: %" PRIu64 "\nroot: %s\nstatements: %" PRIu64 " signed by %" PRIu64
           " registered keys\nolder_heads: %" PRIu64 "\n",
           r->origin, r->size, root, r->statements, r->keys, r->heads);
    printf("key: %s%s\n", r->vkey, r->is_pinned ? "" : " (named by the log itself; give --vkey to trust it)");
}

static int verify_where(struct options *o)
{
    struct verify_report report;
    struct log_source *source;
    char error[256] = "", root[2 * TREE_HASH_SIZE + 1];

    if (log_source_open(o->where, &source, error)) {
        fprintf(stderr, "verify: %s\n", error);
        return 1;
    }
    const enum road_status status = verify_run(source, &o->config, &report);
    log_source_close(source);
    hex(&report.root, root);
    (o->is_json ? print_json : print_plain)(&report, root);
    return status ? 1 : 0;
}

static int verify_proof(const struct options *o)
{
    struct note_key key;
    struct proof proof;
    size_t length = 0, entry_length = 0;

    if (!o->config.vkey || note_key_parse(o->config.vkey, &key)) {
        fputs("verify: a proof is checked against the log's key; give --vkey VKEY\n", stderr);
        return 2;
    }
    char *text = read_file(o->where, PROOF_TEXT_SIZE, &length);
    char *entry = read_file(o->entry, ENTRY_MAX + 1, &entry_length);
    enum road_status status = text && entry ? proof_parse(text, length, &proof) : ROAD_IO;
    if (!status)
        status = proof_check(&proof, &key, entry, entry_length);
    if (status)
        printf("proof: FAILED\nreason: %s\n", road_status_sentence(status));
    else
        printf("proof: verified\norigin: %s\nindex: %" PRIu64 "\nentries: %" PRIu64 "\n", proof.head.origin,
               proof.index, proof.head.size);
    free(text), free(entry);
    return status ? 1 : 0;
}

int verify_verb(int argc, char **argv)
{
    static struct options o;
    struct registry *registry = NULL;
    char error[512] = "";
    int result = read_options(argc, argv, &o);

    if (result < 0 && o.registry && registry_load(o.registry, &registry, error)) {
        fprintf(stderr, "verify: %s\n", error);
        result = 2;
    }
    o.config.registry = registry;
    if (result < 0)
        result = o.entry ? verify_proof(&o) : verify_where(&o);
    registry_close(registry);
    for (size_t i = 0; i < o.config.n_old; i++)
        free(o.old_texts[i]);
    return result;
}
