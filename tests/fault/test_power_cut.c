/* The power fails at a write: what was not synced may be lost, torn or written in another order.
 *
 * One run of a gateway's keeper is recorded at SQLite's file layer: every write, truncate, sync and delete, and when which batch
 * was acknowledged. Then for each write boundary the disk is made as it may look after a cut there - all that was synced,
 * and of the rest nothing (drop), a beginning with its last write torn (tear), or some of it in any order (reorder) -
 * and a keeper is started on it. It must have every batch that was acknowledged, none twice, and believe just
 * what the reference believes of them.
 *
 *     test_power_cut [FACT…]           a sample of the boundaries
 *     ROAD_POWER_CUT_EVERY=1           every boundary: the campaign */
#include <sys/stat.h>

#include "tests/check.h"
#include "tests/fault/history.h"
#include "tests/link/fault_vfs.h"

#define BATCHES 100 /* a node */
#define GROUP_MAX 4
#define FILES_MAX 8
#define SECTOR 512
#define SAMPLE_EVERY 80
enum cut { CUT_DROP, CUT_TEAR, CUT_REORDER, CUTS };

struct op {
    enum vfs_event event;
    int file;
    int64_t offset;
    size_t length, at; /* of its bytes in the recording */
    uint64_t acked[RIG_NODES]; /* when it began */
};

struct recording {
    char paths[FILES_MAX][128];
    int n_files;
    struct op *ops;
    size_t n_ops, op_capacity;
    uint8_t *bytes;
    size_t n_bytes, byte_capacity;
    uint64_t acked[RIG_NODES];
};

static struct recording recording;
static struct history history;

/* ---- recording ----------------------------------------------------------------------------------------- */

static int file_index(struct recording *r, const char *path)
{
    for (int i = 0; i < r->n_files; i++)
        if (strcmp(r->paths[i], path) == 0)
            return i;
    if (r->n_files == FILES_MAX)
        rig_must(ROAD_FULL, "files");
    snprintf(r->paths[r->n_files], sizeof r->paths[0], "%s", path);
    return r->n_files++;
}

static void *grow(void *items, size_t *capacity, size_t wanted, size_t size)
{
    while (*capacity < wanted)
        *capacity = *capacity ? 2 * *capacity : 4096;
    void *grown = realloc(items, *capacity * size);
    if (!grown)
        rig_must(ROAD_NO_MEMORY, "recording");
    return grown;
}

static void record(void *context, enum vfs_event event, const char *path, int64_t offset, const void *bytes, int length)
{
    struct recording *r = context;
    const size_t n = (size_t)length;

    r->ops = grow(r->ops, &r->op_capacity, r->n_ops + 1, sizeof *r->ops);
    r->bytes = grow(r->bytes, &r->byte_capacity, r->n_bytes + n, 1);
    struct op *op = &r->ops[r->n_ops++];
    *op = (struct op){event, file_index(r, path), offset, n, r->n_bytes, {0}};
    memcpy(op->acked, r->acked, sizeof op->acked);
    if (n)
        memcpy(r->bytes + r->n_bytes, bytes, n);
    r->n_bytes += n;
}

static size_t count_writes(const struct recording *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_ops; i++)
        n += r->ops[i].event == VFS_WRITE;
    return n;
}

/* Groups of random size and nodes, now and then one again that was had. */
static void live(struct rig *rig, struct chance *chance)
{
    uint64_t sent[RIG_NODES] = {0};
    uint64_t left = RIG_NODES * BATCHES;

    while (left) {
        struct letter group[GROUP_MAX];
        size_t n = 1 + chance_next(chance) % GROUP_MAX, filled = 0;
        while (filled < n && left) {
            const unsigned node = (unsigned)(chance_next(chance) % RIG_NODES);
            const bool is_again = sent[node] && chance_next(chance) % 8 == 0;
            if (!is_again && sent[node] == BATCHES)
                continue;
            left -= !is_again;
            sent[node] += !is_again;
            group[filled++] = *history_letter(&history, node, sent[node]);
        }
        rig_must(rig_take(rig, group, filled), "keeper_take");
        for (unsigned node = 0; node < RIG_NODES; node++) {
            const uint64_t upto = rig_ack(rig, node).upto;
            if (upto != UINT64_MAX)
                recording.acked[node] = upto;
        }
    }
}

/* ---- the disk after a cut ------------------------------------------------------------------------------ */

struct image {
    uint8_t *bytes;
    size_t length, capacity;
    bool exists;
};

static void image_apply(struct image *image, const struct op *op, size_t length)
{
    const size_t end = op->event == VFS_TRUNCATE ? (size_t)op->offset : (size_t)op->offset + length;

    if (end > image->length) {
        image->bytes = grow(image->bytes, &image->capacity, end, 1);
        memset(image->bytes + image->length, 0, end - image->length);
        image->length = end;
    }
    if (op->event == VFS_TRUNCATE)
        image->length = end;
    else
        memcpy(image->bytes + op->offset, recording.bytes + op->at, length);
    image->exists = true;
}

static void image_copy(struct image *to, const struct image *from)
{
    to->length = from->length;
    to->exists = from->exists;
    to->bytes = grow(to->bytes, &to->capacity, from->length + 1, 1);
    if (from->length)
        memcpy(to->bytes, from->bytes, from->length);
}

static void apply_pending(struct image *image, const size_t *pending, size_t n, enum cut cut, struct chance *chance)
{
    size_t order[4096];

    if (cut == CUT_DROP || n == 0)
        return;
    if (cut == CUT_TEAR) {
        const size_t kept = chance_next(chance) % n;
        for (size_t i = 0; i <= kept; i++) {
            const struct op *op = &recording.ops[pending[i]];
            const size_t sectors = op->length / SECTOR;
            image_apply(image, op, i < kept ? op->length : SECTOR * (sectors ? chance_next(chance) % sectors : 0));
        }
        return;
    }
    n = n < 4096 ? n : 4096;
    for (size_t i = 0; i < n; i++) {
        const size_t k = chance_next(chance) % (i + 1);
        order[i] = order[k];
        order[k] = pending[i];
    }
    for (size_t i = 0; i < n; i++)
        if (chance_next(chance) % 2)
            image_apply(image, &recording.ops[order[i]], recording.ops[order[i]].length);
}

static void image_put(const struct image *image, const char *dir, const char *recorded_path)
{
    const char *name = strrchr(recorded_path, '/');
    char path[256];

    snprintf(path, sizeof path, "%s%s", dir, name ? name : "/x");
    unlink(path);
    if (!image->exists)
        return;
    FILE *file = fopen(path, "wb");
    if (!file || (image->length && fwrite(image->bytes, image->length, 1, file) != 1) || fclose(file) != 0)
        rig_must(ROAD_IO, path);
}

/* ---- after the cut ------------------------------------------------------------------------------------- */

/* What the keeper has of each node: asked with a number that leaves a gap. */
static void ask_upto(struct rig *rig, uint64_t ret_upto[RIG_NODES])
{
    struct letter letters[RIG_NODES];

    for (unsigned node = 0; node < RIG_NODES; node++)
        letters[node] = *history_letter(&history, node, history.n_batches);
    rig_must(rig_take(rig, letters, RIG_NODES), "keeper_take");
    for (unsigned node = 0; node < RIG_NODES; node++)
        ret_upto[node] = rig_ack(rig, node).upto;
}

/* The same part of the history comes up again and again. */
static void believe(const struct rig *rig, const uint64_t upto[RIG_NODES], uint8_t ret_digest[SHA256_SIZE])
{
    static uint64_t last[RIG_NODES] = {UINT64_MAX};
    static uint8_t digest[SHA256_SIZE];

    if (memcmp(last, upto, sizeof last) != 0)
        history_believe(&history, rig, upto, digest);
    memcpy(last, upto, sizeof last);
    memcpy(ret_digest, digest, SHA256_SIZE);
}

static void check_after(struct rig *rig, size_t boundary, enum cut cut, const uint64_t acked[RIG_NODES])
{
    uint8_t believed[SHA256_SIZE], wanted[SHA256_SIZE];
    uint64_t upto[RIG_NODES];

    rig_open_keeper(rig);
    rig_must(keeper_settle(rig->keeper, rig->now_ns), "keeper_settle"); /* what the cut left untold */
    beliefs_digest(keeper_beliefs(rig->keeper), believed);
    ask_upto(rig, upto);
    keeper_close(rig->keeper);
    rig->keeper = NULL;
    for (unsigned node = 0; node < RIG_NODES; node++)
        if (upto[node] < acked[node])
            CHECK_FAILED("cut %d at op %zu: node %u had %" PRIu64 " acknowledged, %" PRIu64 " are there", cut, boundary,
                         node, acked[node], upto[node]);
    believe(rig, upto, wanted);
    if (memcmp(believed, wanted, SHA256_SIZE) != 0)
        CHECK_FAILED("cut %d at op %zu: other beliefs than the reference", cut, boundary);
}

struct pending {
    size_t *ops;
    size_t n, capacity;
};

static size_t cut_everywhere(struct rig *rig, size_t every)
{
    struct chance chance = {20261123};
    struct image durable[FILES_MAX] = {0}, scratch = {0};
    struct pending pending[FILES_MAX] = {0};
    size_t cuts = 0, writes = 0;

    for (size_t i = 0; i < recording.n_ops; i++) {
        const struct op *op = &recording.ops[i];
        if (op->event == VFS_WRITE && writes++ % every == 0)
            for (enum cut cut = CUT_DROP; cut < CUTS; cut++, cuts++) {
                for (int f = 0; f < recording.n_files; f++) {
                    image_copy(&scratch, &durable[f]);
                    apply_pending(&scratch, pending[f].ops, pending[f].n, cut, &chance);
                    image_put(&scratch, rig->dir, recording.paths[f]);
                }
                check_after(rig, i, cut, op->acked);
            }
        struct pending *p = &pending[op->file];
        if (op->event == VFS_DELETE) { /* SQLite has synced the folder */
            durable[op->file].exists = false;
            durable[op->file].length = p->n = 0;
            continue;
        }
        if (op->event == VFS_SYNC) {
            for (size_t k = 0; k < p->n; k++)
                image_apply(&durable[op->file], &recording.ops[p->ops[k]], recording.ops[p->ops[k]].length);
            p->n = 0;
            continue;
        }
        p->ops = grow(p->ops, &p->capacity, p->n + 1, sizeof *p->ops);
        p->ops[p->n++] = i;
    }
    for (int f = 0; f < FILES_MAX; f++) {
        free(durable[f].bytes);
        free(pending[f].ops);
    }
    free(scratch.bytes);
    return cuts;
}

FACT(after_a_power_cut_at_any_write_all_that_was_acknowledged_is_there_once)
{
    const char *every = getenv("ROAD_POWER_CUT_EVERY");
    struct chance chance = {7};
    struct rig rig;

    rig_open(&rig);
    keeper_close(rig.keeper); /* from the first write on */
    unlink(rig.db_path);
    rig.now_ns = DAY0_NS + 30 * NS_PER_DAY; /* after all of it */
    history_make(&history, &rig, 1, BATCHES + 2);
    fault_vfs_watch(record, &recording);
    rig_open_keeper(&rig);
    live(&rig, &chance);
    fault_vfs_watch(NULL, NULL);
    keeper_close(rig.keeper);
    const size_t writes = count_writes(&recording);
    const size_t cuts = cut_everywhere(&rig, every ? (size_t)strtoul(every, NULL, 10) : SAMPLE_EVERY);
    printf("  %zu writes, %zu cuts\n", writes, cuts);
    CHECK(writes >= 2000);
    CHECK(cuts >= writes / SAMPLE_EVERY);
    rig_open_keeper(&rig);
    rig_close(&rig);
    history_done(&history);
    free(recording.ops);
    free(recording.bytes);
}

int main(int argc, char **argv)
{
    fault_vfs_install();
    return check_main(argc, argv);
}
