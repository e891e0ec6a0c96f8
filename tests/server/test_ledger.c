/* The ledger in its database: what is appended is what is served and signed, across reopening, rollback and
 * kill. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "link/database.h"
#include "server/ledger/ledger.h"
#include "server/ledger/read.h"
#include "server/store/schema.h"
#include "tests/check.h"

#define ORIGIN "roads.example/test"

static char folder[64], path[96];

static struct signer *seeded_signer(const char *seed_text)
{
    struct signer *signer = NULL;
    uint8_t seed[32];

    sha256(seed_text, strlen(seed_text), seed);
    CHECK_STATUS(signer_from_seed(seed, &signer), ROAD_OK);
    return signer;
}

static void new_folder(void)
{
    strcpy(folder, "/tmp/road-ledger-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/server.db", folder);
}

static void remove_folder(void)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char name[128];

    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, tails[i]);
        unlink(name);
    }
    rmdir(folder);
}

struct fixture {
    sqlite3 *db;
    struct signer *signer;
    struct ledger *ledger;
};

static struct fixture open_fixture(void)
{
    struct fixture f = {.signer = seeded_signer("log")};
    char error[256] = "";

    if (database_open(path, store_migrations, &f.db, error))
        CHECK_FAILED("open: %s", error);
    CHECK_STATUS(ledger_open(f.db, ORIGIN, f.signer, &f.ledger), ROAD_OK);
    return f;
}

static void close_fixture(struct fixture *f)
{
    ledger_close(f->ledger);
    database_close(f->db);
    signer_close(f->signer);
}

/* Entry i is its number in words of text; what a reader must find at index i. */
static size_t entry_text(uint64_t i, char ret_text[64])
{
    return (size_t)snprintf(ret_text, 64, "entry number %" PRIu64, i);
}

static void append(struct ledger *ledger, uint64_t count)
{
    char text[64];

    for (uint64_t i = 0; i < count; i++) {
        const size_t length = entry_text(ledger_size(ledger), text);
        CHECK_STATUS(ledger_append(ledger, "test", "test/1", text, length, NULL), ROAD_OK);
    }
}

static void append_batch(struct fixture *f, uint64_t count)
{
    CHECK_STATUS(database_begin(f->db), ROAD_OK);
    append(f->ledger, count);
    CHECK_STATUS(ledger_sign(f->ledger), ROAD_OK);
    CHECK_STATUS(database_commit(f->db), ROAD_OK);
}

/* The tree of the first `size` entries, from their text. */
static void expected_root(uint64_t size, struct tree_hash *ret_root)
{
    struct tree_frontier frontier = {0};
    struct tree_hash leaf;
    char text[64];

    for (uint64_t i = 0; i < size; i++) {
        tree_leaf_hash(text, entry_text(i, text), &leaf);
        tree_append(&frontier, &leaf, NULL);
    }
    tree_root(&frontier, ret_root);
}

FACT(a_new_ledger_is_empty_and_has_no_head)
{
    struct checkpoint head;

    new_folder();
    struct fixture f = open_fixture();
    CHECK_INT(ledger_size(f.ledger), 0);
    CHECK_STATUS(ledger_read_head(f.db, &head, NULL), ROAD_NOT_FOUND);
    CHECK_STATUS(ledger_sign(f.ledger), ROAD_OK);
    CHECK_STATUS(ledger_read_head(f.db, &head, NULL), ROAD_NOT_FOUND);
    close_fixture(&f);
    remove_folder();
}

FACT(the_signed_head_is_the_tree_of_the_entries)
{
    static const uint64_t batches[] = {1, 2, 250, 3, 1, 255, 256, 300};
    struct checkpoint head;
    struct tree_hash root;
    char note[NOTE_SIZE];
    uint64_t size = 0;

    new_folder();
    struct fixture f = open_fixture();
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        append_batch(&f, batches[i]);
        size += batches[i];
        CHECK_STATUS(ledger_read_head(f.db, &head, note), ROAD_OK);
        CHECK_INT(head.size, size);
        CHECK_STR(head.origin, ORIGIN);
        expected_root(size, &root);
        CHECK(tree_hash_is_equal(&head.root, &root));
        CHECK_STATUS(checkpoint_check(note, strlen(note), ledger_key(f.ledger), NULL), ROAD_OK);
    }
    close_fixture(&f);
    remove_folder();
}

FACT(reopened_at_any_size_it_goes_on_as_if_never_closed)
{
    struct tree_hash root, want;

    new_folder();
    for (uint64_t size = 0; size < 1100; size += 37) {
        struct fixture f = open_fixture();
        CHECK_INT(ledger_size(f.ledger), size);
        append_batch(&f, 37);
        ledger_root(f.ledger, &root);
        expected_root(size + 37, &want);
        CHECK(tree_hash_is_equal(&root, &want));
        close_fixture(&f);
    }
    remove_folder();
}

/* Every tile of every published width, held against hashes of the entries themselves. */
FACT(all_tiles_of_the_published_size_are_served_and_none_beyond)
{
    static uint8_t bytes[TILE_WIDTH * TREE_HASH_SIZE];
    struct tree_hash want, leaf;
    char text[64];

    new_folder();
    struct fixture f = open_fixture();
    append_batch(&f, 700);
    for (uint64_t n = 0; n < 4; n++)
        for (unsigned width = 1; width <= TILE_WIDTH; width++) {
            const struct tile tile = {.level = 0, .n = n, .width = width};
            const bool is_there = n * TILE_WIDTH + width <= 700;
            CHECK_STATUS(ledger_read_tile(f.db, tile, bytes), is_there ? ROAD_OK : ROAD_NOT_FOUND);
            for (unsigned i = 0; is_there && i < width; i++) {
                tree_leaf_hash(text, entry_text(n * TILE_WIDTH + i, text), &leaf);
                CHECK(memcmp(bytes + i * 32, leaf.bytes, 32) == 0);
            }
        }
    for (unsigned width = 1; width <= 4; width++) {
        const struct tile tile = {.level = 1, .n = 0, .width = width};
        CHECK_STATUS(ledger_read_tile(f.db, tile, bytes), width <= 2 ? ROAD_OK : ROAD_NOT_FOUND);
    }
    expected_root(256, &want);
    ledger_read_tile(f.db, (struct tile){.level = 1, .n = 0, .width = 2}, bytes);
    CHECK(memcmp(bytes, want.bytes, 32) == 0);
    CHECK_STATUS(ledger_read_tile(f.db, (struct tile){.level = 2, .n = 0, .width = 1}, bytes),
                 ROAD_NOT_FOUND);
    close_fixture(&f);
    remove_folder();
}

FACT(bundles_hold_the_entries_as_written)
{
    uint8_t *bundle;
    const uint8_t *entry;
    size_t length, offset = 0, entry_length;
    uint64_t index = 256;
    char text[64];

    new_folder();
    struct fixture f = open_fixture();
    append_batch(&f, 300);
    const struct tile tile = {.level = TILE_ENTRIES, .n = 1, .width = 44};
    CHECK_STATUS(ledger_read_bundle(f.db, tile, &bundle, &length), ROAD_OK);
    while (bundle_next(bundle, length, &offset, &entry, &entry_length) == ROAD_OK) {
        CHECK_INT(entry_length, entry_text(index++, text));
        CHECK(memcmp(entry, text, entry_length) == 0);
    }
    CHECK_INT(index, 300);
    free(bundle);
    CHECK_STATUS(ledger_read_bundle(f.db, (struct tile){TILE_ENTRIES, 1, 45}, &bundle, &length),
                 ROAD_NOT_FOUND);
    close_fixture(&f);
    remove_folder();
}

FACT(a_rolled_back_batch_leaves_no_trace)
{
    struct tree_hash root, want;

    new_folder();
    struct fixture f = open_fixture();
    append_batch(&f, 300);
    CHECK_STATUS(database_begin(f.db), ROAD_OK);
    append(f.ledger, 250);
    CHECK_STATUS(ledger_sign(f.ledger), ROAD_OK);
    database_rollback(f.db);
    CHECK_STATUS(ledger_reload(f.ledger), ROAD_OK);
    CHECK_INT(ledger_size(f.ledger), 300);
    append_batch(&f, 250);
    ledger_root(f.ledger, &root);
    expected_root(550, &want);
    CHECK(tree_hash_is_equal(&root, &want));
    close_fixture(&f);
    remove_folder();
}

FACT(entries_about_one_subject_name_the_one_before)
{
    static uint8_t said[ENVELOPE_SAID_MAX];
    static const char *const subjects[] = {"defect/a", "defect/b", "defect/a", "defect/a"};
    static const int64_t prev[] = {-1, -1, 0, 2};
    struct tree_hash leaves[4];
    uint8_t *bundle;
    const uint8_t *entry;
    size_t length, offset = 0, entry_length;
    uint64_t index;
    struct envelope e;

    new_folder();
    struct fixture f = open_fixture();
    CHECK_STATUS(database_begin(f.db), ROAD_OK);
    for (uint64_t i = 0; i < 4; i++) {
        CHECK_STATUS(ledger_say(f.ledger, "defect", subjects[i], (const uint8_t *)"x", 1, 1000, &index),
                     ROAD_OK);
        CHECK_INT(index, i);
    }
    CHECK_STATUS(ledger_say(f.ledger, "defect", "no good", (const uint8_t *)"x", 1, 1000, NULL),
                 ROAD_BAD_INPUT);
    CHECK_STATUS(ledger_sign(f.ledger), ROAD_OK);
    CHECK_STATUS(database_commit(f.db), ROAD_OK);
    CHECK_STATUS(ledger_read_bundle(f.db, (struct tile){TILE_ENTRIES, 0, 4}, &bundle, &length), ROAD_OK);
    for (int i = 0; i < 4; i++) {
        CHECK_STATUS(bundle_next(bundle, length, &offset, &entry, &entry_length), ROAD_OK);
        tree_leaf_hash(entry, entry_length, &leaves[i]);
        CHECK_STATUS(envelope_parse(entry, entry_length, said, &e), ROAD_OK);
        CHECK_STR(e.subject, subjects[i]);
        CHECK_INT(e.has_prev, prev[i] >= 0);
        if (prev[i] >= 0) {
            CHECK_INT(e.prev_index, prev[i]);
            CHECK(tree_hash_is_equal(&e.prev_leaf, &leaves[prev[i]]));
        }
    }
    free(bundle);
    close_fixture(&f);
    remove_folder();
}

static enum road_status reopen_as(const char *origin, const char *seed)
{
    struct signer *signer = seeded_signer(seed);
    struct ledger *ledger = NULL;
    sqlite3 *db = NULL;
    char error[256];

    CHECK_STATUS(database_open(path, store_migrations, &db, error), ROAD_OK);
    const enum road_status status = ledger_open(db, origin, signer, &ledger);
    ledger_close(ledger);
    database_close(db);
    signer_close(signer);
    return status;
}

FACT(another_key_or_another_name_may_not_go_on)
{
    new_folder();
    struct fixture f = open_fixture();
    append_batch(&f, 5);
    close_fixture(&f);
    CHECK_STATUS(reopen_as(ORIGIN, "log"), ROAD_OK);
    CHECK_STATUS(reopen_as(ORIGIN, "another"), ROAD_DENIED);
    CHECK_STATUS(reopen_as("roads.example/other", "log"), ROAD_DENIED);
    remove_folder();
}

FACT(a_database_that_was_tampered_with_is_not_opened)
{
    static const char *const damages[] = {
        "DROP TRIGGER entry_no_update; UPDATE entry SET leaf = zeroblob(32) WHERE idx = 600",
        "DROP TRIGGER entry_no_delete; DELETE FROM entry WHERE idx = 699",
        "DROP TRIGGER head_no_delete; DELETE FROM head WHERE size = 700",
        "DROP TRIGGER head_no_update; UPDATE head SET checkpoint = replace(checkpoint, '700', '700') || 'x'",
        "DROP TRIGGER node_hash_no_update; UPDATE node_hash SET hashes = zeroblob(8192) WHERE n = 1",
        "DROP TRIGGER node_hash_no_delete; DELETE FROM node_hash WHERE n = 0",
        "INSERT INTO entry VALUES(700, zeroblob(32), 'a', 'b', 'c')"};

    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        new_folder();
        struct fixture f = open_fixture();
        append_batch(&f, 650);
        append_batch(&f, 50);
        CHECK_STATUS(database_exec(f.db, damages[i]), ROAD_OK);
        close_fixture(&f);
        const enum road_status status = reopen_as(ORIGIN, "log");
        if (status == ROAD_OK)
            CHECK_FAILED("opened after: %s", damages[i]);
        remove_folder();
    }
}

FACT(the_database_itself_refuses_to_rewrite)
{
    new_folder();
    struct fixture f = open_fixture();
    append_batch(&f, 300);
    CHECK(database_exec(f.db, "UPDATE entry SET kind = 'x' WHERE idx = 0") != ROAD_OK);
    CHECK(database_exec(f.db, "DELETE FROM entry WHERE idx = 299") != ROAD_OK);
    CHECK(database_exec(f.db, "UPDATE head SET root = zeroblob(32)") != ROAD_OK);
    CHECK(database_exec(f.db, "DELETE FROM node_hash") != ROAD_OK);
    close_fixture(&f);
    remove_folder();
}

FACT(a_proof_says_what_a_verifier_needs)
{
    char text[PROOF_TEXT_SIZE], hash[64], want[256];
    struct tree_hash leaf;
    size_t length;

    new_folder();
    struct fixture f = open_fixture();
    append_batch(&f, 2);
    CHECK_STATUS(ledger_read_proof(f.db, 1, text, &length), ROAD_OK);
    tree_leaf_hash("entry number 0", 14, &leaf);
    hash[base64_encode(leaf.bytes, 32, hash, sizeof hash)] = '\0';
    snprintf(want, sizeof want, "c2sp.org/tlog-proof@v1\nindex 1\n%s\n\n" ORIGIN "\n2\n", hash);
    CHECK(strncmp(text, want, strlen(want)) == 0);
    CHECK_STATUS(ledger_read_proof(f.db, 2, text, &length), ROAD_NOT_FOUND);
    close_fixture(&f);
    remove_folder();
}

FACT(proofs_from_the_database_verify_for_every_entry)
{
    struct checkpoint head;
    struct tree_proof proof;
    struct tree_hash leaf, old_root;
    char text[64];

    new_folder();
    struct fixture f = open_fixture();
    append_batch(&f, 777);
    const struct tree_reader reader = ledger_reader(f.db);
    CHECK_STATUS(ledger_read_head(f.db, &head, NULL), ROAD_OK);
    for (uint64_t i = 0; i < 777; i += 7) {
        CHECK_STATUS(tree_inclusion_prove(&reader, i, 777, &proof), ROAD_OK);
        tree_leaf_hash(text, entry_text(i, text), &leaf);
        CHECK_STATUS(tree_inclusion_check(i, 777, &leaf, &proof, &head.root), ROAD_OK);
        CHECK_STATUS(tree_consistency_prove(&reader, i + 1, 777, &proof), ROAD_OK);
        expected_root(i + 1, &old_root);
        CHECK_STATUS(tree_consistency_check(i + 1, &old_root, 777, &head.root, &proof), ROAD_OK);
    }
    close_fixture(&f);
    remove_folder();
}

FACT(offline_proofs_hold_for_their_entry_alone_and_no_flipped_bit_passes)
{
    char text[PROOF_TEXT_SIZE], entry[64];
    struct proof proof;
    size_t length;

    new_folder();
    struct fixture f = open_fixture();
    append_batch(&f, 13);
    for (uint64_t i = 0; i < 13; i++) {
        CHECK_STATUS(ledger_read_proof(f.db, i, text, &length), ROAD_OK);
        CHECK_STATUS(proof_parse(text, length, &proof), ROAD_OK);
        CHECK_STATUS(proof_check(&proof, ledger_key(f.ledger), entry, entry_text(i, entry)), ROAD_OK);
        CHECK_STATUS(proof_check(&proof, ledger_key(f.ledger), entry, entry_text(i + 1, entry)),
                     ROAD_BAD_SIGNATURE);
    }
    const size_t entry_length = entry_text(12, entry);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        if (proof_parse(text, length, &proof) == ROAD_OK &&
            proof_check(&proof, ledger_key(f.ledger), entry, entry_length) == ROAD_OK)
            CHECK_FAILED("bit %zu", bit);
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    }
    struct note_key other = *ledger_key(f.ledger);
    strcpy(other.name, "roads.example/other");
    CHECK_STATUS(proof_check(&proof, &other, entry, entry_length), ROAD_DENIED);
    close_fixture(&f);
    remove_folder();
}

/* Appends batches and tells each durable size through the pipe, until it is killed. */
static void append_until_killed(int out)
{
    struct fixture f = open_fixture();

    for (uint64_t count = 1;; count = count % 90 + 7) {
        append_batch(&f, count);
        const uint64_t size = ledger_size(f.ledger);
        if (write(out, &size, sizeof size) != sizeof size)
            _exit(1);
    }
}

/* Runs a child for about `lives` acknowledged batches, kills it, and returns the last size it acknowledged.
 */
static uint64_t one_life(int lives)
{
    uint64_t size = 0, last = 0;
    int ends[2];

    CHECK(pipe(ends) == 0);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        append_until_killed(ends[1]);
    }
    close(ends[1]);
    for (int i = 0; i < lives && read(ends[0], &size, sizeof size) == sizeof size; i++)
        last = size;
    kill(child, SIGKILL);
    while (read(ends[0], &size, sizeof size) == sizeof size) /* said before it died */
        last = size;
    close(ends[0]);
    waitpid(child, NULL, 0);
    return last;
}

/* Heads seen before each kill: the tree that grew from them must have had their roots. */
FACT(killed_at_any_time_it_loses_nothing_acknowledged_and_never_forks)
{
    struct checkpoint seen[40];
    struct tree_hash root;
    struct tree_proof proof;

    new_folder();
    for (int life = 0; life < 40; life++) {
        const uint64_t acknowledged = one_life(1 + life * 7 % 11);
        struct fixture f = open_fixture();
        CHECK(ledger_size(f.ledger) >= acknowledged && acknowledged > 0);
        CHECK_STATUS(ledger_read_head(f.db, &seen[life], NULL), ROAD_OK);
        expected_root(seen[life].size, &root);
        CHECK(tree_hash_is_equal(&seen[life].root, &root));
        const struct tree_reader reader = ledger_reader(f.db);
        for (int i = 0; i < life; i++) {
            CHECK_STATUS(tree_consistency_prove(&reader, seen[i].size, seen[life].size, &proof), ROAD_OK);
            CHECK_STATUS(tree_consistency_check(seen[i].size, &seen[i].root, seen[life].size,
                                                &seen[life].root, &proof),
                         ROAD_OK);
        }
        close_fixture(&f);
    }
    remove_folder();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
