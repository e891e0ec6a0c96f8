/* The live sources against real programs: a gpsd of Debian, fed NMEA over UDP, and an IIO device played by a folder
 * and a FIFO. The drive is rsq-gyor-100hz/q3_02; its NMEA is built here from the phone's positions (RMC, GGA and GST
 * with the phone's accuracy), because no long car drive in NMEA is at hand. A receiver says one position an epoch:
 * where the phone wrote several for one instant the first goes out, as the core takes it from the recording. It runs about thirty times as fast as it
 * was driven; event times come from the sentences. */
#include <errno.h>
#include <signal.h>

#include "sensor-node/core.h"
#include "sensor-node/source.h"
#include "tests/check.h"
#include "tests/sensor-node/gpsd_rig.h"

#define START_NS     INT64_C(1790000000000000000)
#define EPOCH_MS     30  /* wall time between two fixes */
#define DRIVE_S      150 /* of the recording */
#define POINTS_MAX   20000
#define LIMIT_MS     40000

struct heard {
    struct pass_point points[POINTS_MAX];
    size_t n;
    struct node_core_stats stats;
    uint32_t unwatched_ms;
    int gaps, lost, back;
    double gap_s;
};
static struct heard recorded, live;

static const char *drive_path(void)
{
    static char path[512];
    const char *root = getenv("ROAD_DATA");

    snprintf(path, sizeof path, "%s/rsq-gyor-100hz/q3_02", root ? root : ROAD_SOURCE_DIR "/../shared/data");
    return access(path, R_OK) ? NULL : path;
}

static struct node_core *new_core(void)
{
    struct node_core_config config;
    struct node_core *core = NULL;

    node_core_config_default(&config);
    config.zone.meridian_deg = 18;
    if (node_core_new(&config, 1, &core))
        abort();
    return core;
}

static void hear(struct node_core *core, struct heard *h)
{
    const struct batch *batch;

    while ((batch = node_core_take(core))) {
        h->unwatched_ms += batch->unwatched_ms;
        for (size_t i = 0; i < batch->n_passes; i++)
            for (size_t k = 0; k < batch->passes[i].n_points && h->n < POINTS_MAX; k++)
                h->points[h->n++] = batch->passes[i].points[k];
    }
}

static void give(struct node_core *core, const struct source_event *event, struct heard *h)
{
    if (event->kind == SOURCE_MOTION)
        node_core_motion(core, &event->motion);
    else if (event->kind == SOURCE_FIX)
        node_core_fix(core, &event->fix);
    else if (event->kind == SOURCE_GAP) {
        node_core_gap(core, event->gap_from_ns, event->gap_to_ns);
        h->gaps++;
        h->gap_s += (double)(event->gap_to_ns - event->gap_from_ns) * 1e-9;
    }
    hear(core, h);
}

/* ---- both ways ------------------------------------------------------------------------------------------- */

static bool within_drive(const struct source_event *event)
{
    const int64_t time_ns = event->kind == SOURCE_FIX ? event->fix.time_ns : event->motion.time_ns;

    return event->kind != SOURCE_END && time_ns < START_NS + INT64_C(1000000000) * DRIVE_S;
}

static struct source *open_drive(void)
{
    struct source *source = NULL;
    char error[SOURCE_ERROR_SIZE];

    /* The class is given, so that both ways start from the same configuration. */
    if (source_open_recording(drive_path(), START_NS, GNSS_PHONE, 0, &source, error))
        abort();
    return source;
}

static void run_recording(struct heard *h)
{
    struct source *source = open_drive();
    struct node_core *core = new_core();
    struct source_event event = {.kind = SOURCE_IDLE};
    char error[SOURCE_ERROR_SIZE];

    memset(h, 0, sizeof *h);
    while (source_next(source, &event, error) == ROAD_OK && within_drive(&event))
        give(core, &event, h);
    node_core_finish(core);
    hear(core, h);
    h->stats = node_core_stats(core);
    node_core_free(core);
    source_close(source);
}

/* Takes what the live source has until `until_ms`. */
static void listen_live(struct source *source, struct node_core *core, struct heard *h, int64_t until_ms)
{
    struct source_event event;
    char error[SOURCE_ERROR_SIZE];

    do {
        const int64_t left = until_ms - now_ms(), due = source_deadline_ns(source) / 1000000 + 1 - now_ms();
        const int64_t wait = due < left ? due : left;
        poll(NULL, 0, wait > 0 ? (int)wait : 0);
        source_step(source, now_ms() * 1000000);
        for (;;) {
            const enum road_status status = source_next(source, &event, error);
            h->lost += status == ROAD_LINK_LOST;
            h->back += status == ROAD_OK && event.kind == SOURCE_IDLE && *error;
            if (status == ROAD_OK && event.kind == SOURCE_IDLE && !*error)
                break;
            if (status == ROAD_OK)
                give(core, &event, h);
        }
    } while (now_ms() < until_ms);
}

/* Feeds the recording's samples and fixes; gpsd dies at `kill_s` of the drive and comes again `away_s` later. */
static void run_live(struct heard *h, double kill_s, double away_s)
{
    static struct rig rig;
    struct source *recording = open_drive(), *source = NULL;
    struct node_core *core = new_core();
    struct source_event event = {.kind = SOURCE_IDLE};
    char error[SOURCE_ERROR_SIZE];
    bool is_killed = false, is_back = false;
    int64_t due_ms, last_fix_ns = 0;

    memset(h, 0, sizeof *h);
    rig_start(&rig);
    char port[16];
    snprintf(port, sizeof port, "%d", rig.tcp_port);
    const struct live_config config = {
        .gpsd_host = "127.0.0.1", .gpsd_port = port, .iio_root = rig.root, .iio_device = "", .gnss = GNSS_PHONE};
    if (source_open_live(&config, &source, error)) {
        CHECK_FAILED("%s", error);
        rig_stop(&rig);
        return;
    }
    fake_iio_start(&rig.iio);
    listen_live(source, core, h, now_ms() + 200); /* connected and watching before the first sentence */
    const int64_t began_ms = now_ms();
    due_ms = began_ms;
    while (source_next(recording, &event, error) == ROAD_OK && within_drive(&event) && now_ms() < began_ms + LIMIT_MS) {
        if (event.kind == SOURCE_MOTION) {
            while (!fake_iio_write(&rig.iio, &event.motion) && errno == EAGAIN)
                listen_live(source, core, h, now_ms() + 1);
            continue;
        }
        if (event.fix.time_ns <= last_fix_ns)
            continue;
        last_fix_ns = event.fix.time_ns;
        const double at_s = (double)(event.fix.time_ns - START_NS) * 1e-9;
        if (!is_killed && at_s >= kill_s) {
            kill_gpsd(&rig);
            is_killed = true;
        }
        if (is_killed && !is_back && at_s >= kill_s + away_s) {
            start_gpsd(&rig);
            is_back = true;
            /* While the node finds it again, the drive goes on: a second without fixes, not without samples. */
            listen_live(source, core, h, now_ms() + 700);
            due_ms = now_ms();
        }
        if (!is_killed || is_back)
            send_fix(&rig, &event.fix);
        due_ms += EPOCH_MS;
        listen_live(source, core, h, due_ms);
    }
    listen_live(source, core, h, now_ms() + 2600); /* the last samples wait 2 s for a fix that will not come */
    node_core_finish(core);
    hear(core, h);
    h->stats = node_core_stats(core);
    node_core_free(core);
    source_close(source);
    source_close(recording);
    rig_stop(&rig);
}

/* ---- comparison ------------------------------------------------------------------------------------------ */

/* How far the point lies from the line of the other drive at its own instant, in metres; NAN where that has none. */
static double distance_m(const struct pass_point *point, const struct heard *other)
{
    for (size_t i = 1; i < other->n; i++) {
        const struct pass_point *a = &other->points[i - 1], *b = &other->points[i];
        if (a->time_ns > point->time_ns || b->time_ns < point->time_ns || b->time_ns - a->time_ns > 3000000000)
            continue;
        const double t =
            b->time_ns > a->time_ns ? (double)(point->time_ns - a->time_ns) / (double)(b->time_ns - a->time_ns) : 0;
        const double e_mm = (double)a->at.e_mm + t * (double)(b->at.e_mm - a->at.e_mm);
        const double n_mm = (double)a->at.n_mm + t * (double)(b->at.n_mm - a->at.n_mm);
        return hypot((double)point->at.e_mm - e_mm, (double)point->at.n_mm - n_mm) / 1000;
    }
    return (double)NAN;
}

static void compare(const struct heard *a, const struct heard *b, size_t *ret_far, size_t *ret_missing, double *ret_worst_m)
{
    size_t beyond = 0, alone = 0;

    *ret_worst_m = 0;
    for (size_t i = 0; i < a->n; i++) {
        const double m = distance_m(&a->points[i], b);
        alone += isnan(m) ? 1 : 0;
        beyond += m > 1.0 ? 1 : 0;
        if (m > *ret_worst_m)
            *ret_worst_m = m;
    }
    *ret_far = beyond;
    *ret_missing = alone;
}

static bool can_run(void)
{
    return drive_path() && (access("/usr/sbin/gpsd", X_OK) == 0);
}

FACT(the_same_drive_through_a_real_gpsd_lies_within_one_metre_of_the_recording)
{
    size_t far, missing;
    double worst_m;

    if (!can_run())
        SKIP("no ../shared/data or no gpsd");
    run_recording(&recorded);
    run_live(&live, 1e9, 0);
    CHECK(recorded.n > 200);
    CHECK_INT(live.gaps, 0);
    compare(&live, &recorded, &far, &missing, &worst_m);
    printf("  live %zu points, recording %zu, worst %.3f m, without a counterpart %zu\n", live.n, recorded.n, worst_m, missing);
    CHECK_INT(far, 0);
    CHECK(missing <= live.n / 100);
    compare(&recorded, &live, &far, &missing, &worst_m);
    printf("  the other way round: worst %.3f m, without a counterpart %zu\n", worst_m, missing);
    CHECK_INT(far, 0);
    CHECK(missing <= recorded.n / 100);
    CHECK_NEAR((double)live.stats.detections, (double)recorded.stats.detections, 1);
}

FACT(gpsd_killed_and_started_again_is_found_again_and_the_gap_is_told_as_not_watched)
{
    size_t far, missing;
    double worst_m;

    if (!can_run())
        SKIP("no ../shared/data or no gpsd");
    run_recording(&recorded);
    run_live(&live, 60, 15);
    CHECK(live.lost >= 1);
    CHECK(live.back >= 1);
    CHECK_INT(live.gaps, 1);
    CHECK(live.gap_s >= 14 && live.gap_s < 60);
    CHECK_NEAR(live.unwatched_ms / 1000., live.gap_s, 2.0);
    int inside = 0, after = 0;
    for (size_t i = 0; i < live.n; i++) {
        const double at_s = (double)(live.points[i].time_ns - START_NS) * 1e-9;
        inside += at_s > 62 && at_s < 74;
        after += at_s > 100;
    }
    printf("  gap %.1f s, unwatched %.1f s, %d points inside it, %d behind it\n", live.gap_s, live.unwatched_ms / 1000.,
           inside, after);
    CHECK_INT(inside, 0);
    CHECK(after > 50);
    compare(&live, &recorded, &far, &missing, &worst_m);
    printf("  worst %.3f m, farther than 1 m %zu of %zu\n", worst_m, far, live.n);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    return check_main(argc, argv);
}
