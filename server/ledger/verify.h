/* verify.h - checks a whole log from its bytes: signed head, every tile, the root, the form of every entry,
 * the chain of entries about each subject, every speaker's signature, and every older head that is given.
 *
 * Trusts nothing but the log's key. Without a key it takes the one that the first entry names and says so:
 * then the log is consistent in itself, but anybody may have made it. One pass, in memory for one bundle and
 * one row for each subject. */
#ifndef SERVER_LEDGER_VERIFY_H
#define SERVER_LEDGER_VERIFY_H

#include "link/registry.h"
#include "server/ledger/source.h"

#define VERIFY_OLD_MAX 256

struct verify_config {
    const char *vkey;                /* NULL: the key that the log itself names */
    const struct registry *registry; /* NULL, or the only speakers that may be in the log */
    const char *old[VERIFY_OLD_MAX]; /* texts of heads seen before, NUL-ended */
    size_t n_old;
};

struct verify_report {
    bool is_verified;
    bool is_pinned; /* the key came from the caller */
    char origin[NOTE_NAME_SIZE];
    char vkey[NOTE_KEY_TEXT_SIZE];
    uint64_t size; /* entries */
    struct tree_hash root;
    uint64_t statements; /* speakers' signatures that hold */
    uint64_t keys;       /* registered in the log */
    uint64_t heads;      /* older heads that this log grew from */
    int64_t bad_index;   /* of the first entry that fails, -1 if none or not about one entry */
    char reason[256];    /* why not verified */
};

/* ROAD_OK or what failed first; the report is filled in both cases. */
enum road_status verify_run(struct log_source *source, const struct verify_config *config,
                            struct verify_report *ret_report);

#endif
