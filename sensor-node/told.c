/* told.c - what a node tells of itself: facts.json, the status topic, handed.csv on disk. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "link/log.h"
#include "sensor-node/learnt.h"
#include "sensor-node/node.h"
#include "sensor-node/reason_text.h"

#define REPORT_EVERY_NS INT64_C(1000000000)
#define KEEP_EVERY_NS   (INT64_C(600) * 1000000000)

bool node_is_done(const struct node *n)
{
    return n->is_over && uplink_stats(n->uplink).items == 0;
}

static double replay_speed(const struct node *n, int64_t now_ns)
{
    const int64_t wall_ns = (n->is_over ? n->driven_ns : now_ns) - n->began_ns;
    const int64_t data_ns = n->data_ns + n->drive_last_ns - n->drive_first_ns;

    return wall_ns > 0 ? (double)data_ns / (double)wall_ns : 0;
}

static int facts_json(const struct node *n, int64_t now_ns, char *text, size_t size)
{
    const struct node_core_stats s = node_core_stats(n->core);
    const struct outbox_stats o = uplink_stats(n->uplink);
    char unwatched[REASONS_TEXT_SIZE], unplaced[REASONS_TEXT_SIZE];

    unwatched_json(s.unwatched_by_s, unwatched);
    unplaced_json(s.unplaced_by_m, unplaced);

    return snprintf(text, size,
                    "{\"name\":\"%s\",\"samples\":%" PRIu64 ",\"samples_refused\":%" PRIu64 ",\"rows_refused\":%" PRIu64
                    ",\"fixes\":%" PRIu64 ",\"fixes_refused\":%" PRIu64 ",\"distance_m\":%.1f,\"unplaced_m\":%.1f,\"unwatched_s\":%.1f,\"unwatched_by_s\":%s,\"unplaced_by_m\":%s"
                    ",\"gnss_lag_s\":%.4f,\"timing_sigma_s\":%.4f,\"recrossed\":%" PRIu64 ",\"detections\":%" PRIu64 ",\"look_alikes\":%" PRIu64 ",\"batches_sent\":%" PRIu64 ",\"batches_acked\":%" PRIu64
                    ",\"batches_refused\":%" PRIu64 ",\"outbox_items\":%" PRId64 ",\"outbox_bytes\":%" PRId64
                    ",\"outbox_full_refused\":%" PRIu64 ",\"replay_speed\":%.2f,\"done\":%s}\n",
                    n->config.name, s.samples, s.samples_refused, n->rows_refused, s.fixes, s.fixes_refused, s.distance_m, s.unplaced_m,
                    s.unwatched_s, unwatched, unplaced, s.gnss_lag_s, s.timing_sigma_s, s.recrossed, s.detections, s.look_alikes, o.last_seq, o.acked_upto, o.refused, o.items, o.bytes,
                    n->refused_full, replay_speed(n, now_ns), node_is_done(n) ? "true" : "false");
}

/* Whole or not at all: a reader never sees half a file. */
static void write_facts(const struct node *n, const char *text, int length)
{
    char path[1100], fresh[1100];

    snprintf(path, sizeof path, "%s/facts.json", n->config.data_dir);
    snprintf(fresh, sizeof fresh, "%s/facts.json.new", n->config.data_dir);
    FILE *out = fopen(fresh, "we");
    if (!out || fwrite(text, 1, (size_t)length, out) != (size_t)length || fclose(out) != 0 || rename(fresh, path) != 0)
        log_warn("facts not written path=%s reason=%s", path, strerror(errno));
}

/* A car's power goes without a word: what a live node learns is kept on the way, too. */
static void keep_learnt(struct node *n, int64_t now_ns)
{
    if (n->config.source != NODE_SOURCE_LIVE || now_ns < n->keep_due_ns)
        return;
    if (n->keep_due_ns != 0)
        learnt_keep(&n->config, n->core);
    n->keep_due_ns = now_ns + KEEP_EVERY_NS;
}

void node_report(struct node *n, int64_t now_ns, bool is_last)
{
    char text[2048];

    if (now_ns < n->report_due_ns && !is_last)
        return;
    keep_learnt(n, now_ns);
    const int length = facts_json(n, now_ns, text, sizeof text);
    write_facts(n, text, length);
    uplink_tell_status(n->uplink, text, (size_t)length);
    if (n->handed)
        fflush(n->handed);
    n->report_due_ns = now_ns + REPORT_EVERY_NS;
    if (is_last)
        log_info("done %.*s", length - 1, text);
}
