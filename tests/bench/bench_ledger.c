/* bench_ledger.c - what the ledger costs over plain rows, both sides in the same run and interleaved.
 *
 * ledger.append_256_vs_sqlite: appending 256 entries of 300 bytes in one transaction (leaf hash, frontier,
 * tiles, signed head, commit) against inserting the same 256 rows, with their leaf hashes ready, into a table
 * of the same shape and indexes in a database with the same pragmas. Ratio of rates, 1 = the ledger is free.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "link/database.h"
#include "server/ledger/ledger.h"
#include "server/store/schema.h"

#define BATCH      256
#define ENTRY_SIZE 300
#define ROUNDS     400

static void must(enum road_status status, const char *what)
{
    if (status) {
        fprintf(stderr, "%s: %s\n", what, road_status_sentence(status));
        exit(1);
    }
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct side {
    char path[96];
    sqlite3 *db;
    double *seconds; /* of each round */
};

static struct side open_side(const char *folder, const char *name)
{
    struct side side = {.seconds = calloc(ROUNDS, sizeof(double))};
    char error[256] = "";

    snprintf(side.path, sizeof side.path, "%s/%s", folder, name);
    must(database_open(side.path, store_migrations, &side.db, error), error);
    return side;
}

/* Entry text that differs in every row; the subject too, as it does in life. */
static void make_entry(uint64_t index, char ret_body[ENTRY_SIZE + 1], char ret_subject[32])
{
    snprintf(ret_subject, 32, "defect/%llu", (unsigned long long)(index % 5000));
    memset(ret_body, 'x', ENTRY_SIZE);
    ret_body[ENTRY_SIZE] = '\0';
    snprintf(ret_body, ENTRY_SIZE, "%llu", (unsigned long long)index);
}

static struct row {
    char body[ENTRY_SIZE + 1], subject[32];
} rows[BATCH]; /* of the round that is being measured: both sides write the same */

static double ledger_round(struct side *side, struct ledger *ledger)
{
    const double start = now_s();

    must(database_begin(side->db), "begin");
    for (int i = 0; i < BATCH; i++)
        must(ledger_append(ledger, "defect", rows[i].subject, rows[i].body, ENTRY_SIZE, NULL), "append");
    must(ledger_sign(ledger), "sign");
    must(database_commit(side->db), "commit");
    return now_s() - start;
}

static double plain_round(struct side *side, sqlite3_stmt *insert, uint64_t *index)
{
    static const uint8_t leaf[32] = {1, 2, 3};
    const double start = now_s();

    must(database_begin(side->db), "begin");
    for (int i = 0; i < BATCH; i++, ++*index) {
        sqlite3_bind_int64(insert, 1, (sqlite3_int64)*index);
        sqlite3_bind_blob(insert, 2, leaf, sizeof leaf, SQLITE_STATIC);
        sqlite3_bind_text(insert, 3, "defect", -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 4, rows[i].subject, -1, SQLITE_STATIC);
        sqlite3_bind_blob(insert, 5, rows[i].body, ENTRY_SIZE, SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE)
            must(ROAD_IO, "insert");
        sqlite3_reset(insert);
    }
    must(database_commit(side->db), "commit");
    return now_s() - start;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double total(const double *seconds)
{
    double sum = 0;

    for (int i = 0; i < ROUNDS; i++)
        sum += seconds[i];
    return sum;
}

static struct ledger *open_ledger(struct side *side, struct signer **ret_signer)
{
    const uint8_t seed[32] = {7};
    struct ledger *ledger;

    must(signer_from_seed(seed, ret_signer), "signer");
    must(ledger_open(side->db, "roads.example/bench", *ret_signer, &ledger), "ledger");
    return ledger;
}

static void bench_append(const char *folder)
{
    struct side with = open_side(folder, "ledger.db"), without = open_side(folder, "plain.db");
    struct signer *signer;
    struct ledger *ledger = open_ledger(&with, &signer);
    sqlite3_stmt *insert;
    uint64_t index = 0;

    must(database_prepare(without.db,
                          "INSERT INTO entry(idx, leaf, kind, subject, body) VALUES(?, ?, ?, ?, ?)", &insert),
         "prepare");
    for (int round = -20; round < ROUNDS; round++) { /* the first 20 warm up */
        for (uint64_t i = 0; i < BATCH; i++)
            make_entry(index + i, rows[i].body, rows[i].subject);
        const double a = ledger_round(&with, ledger), b = plain_round(&without, insert, &index);
        if (round >= 0)
            with.seconds[round] = a, without.seconds[round] = b;
    }
    printf("ledger.append_256_vs_sqlite %.3f x\n", total(without.seconds) / total(with.seconds));
    printf("ledger.appends_per_s %.0f 1/s\n", ROUNDS * BATCH / total(with.seconds));
    qsort(with.seconds, ROUNDS, sizeof(double), compare);
    printf("ledger.append_256_ms_p50 %.3f ms\n", with.seconds[ROUNDS / 2] * 1000);
    printf("ledger.append_256_ms_p99 %.3f ms\n", with.seconds[ROUNDS * 99 / 100] * 1000);
    sqlite3_finalize(insert);
    ledger_close(ledger);
    signer_close(signer);
    free(with.seconds), free(without.seconds);
    database_close(with.db), database_close(without.db);
}

int main(void)
{
    char folder[] = "/tmp/road-bench-XXXXXX", command[64];

    if (!mkdtemp(folder))
        return 1;
    bench_append(folder);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? 0 : 1;
}
