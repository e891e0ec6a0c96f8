/* The same drive in other pieces gives the same bytes: batches taken after every event, every 7th, every 1000th; files
 * read a few bytes at a time; a device's scans cut by the pipe, against the same samples from a CSV. */
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sensor-node/iio.h"
#include "sensor-node/source_formats.h"
#include "tests/sensor-node/fake_iio.h"
#include "tests/check.h"
#include "tests/sensor-node/synthetic.h"

#define START_NS INT64_C(1790000000000000000)
#define TRUSTED_M 100

#define HOLE_M 305.0 /* along the made-up way */

/* All batches of a run as they go on the wire. */
struct said {
    size_t n_batches, n_detections, n_bytes;
    uint8_t bytes[4 << 20];
};
static struct said said, said_too;

static void listen(struct node_core *core, struct said *s)
{
    const struct batch *batch;

    while ((batch = node_core_take(core))) {
        size_t length = 0;
        CHECK_STATUS(batch_encode(batch, s->bytes + s->n_bytes, sizeof s->bytes - s->n_bytes, &length), ROAD_OK);
        s->n_bytes += length;
        s->n_batches++;
        s->n_detections += batch->n_detections;
    }
}

static double pothole(double x, bool is_left)
{
    return is_left && fabs(x - HOLE_M) < 0.2 ? -0.05 : 0;
}

static const char *data_path(const char *name, char ret_path[512])
{
    const char *root = getenv("ROAD_DATA");

    snprintf(ret_path, 512, "%s/%s", root ? root : ROAD_SOURCE_DIR "/../shared/data", name);
    return access(ret_path, R_OK) ? NULL : ret_path;
}

/* ---- events, and feeding them in blocks ---------------------------------------------------------------- */

struct events {
    struct source_event *items;
    size_t n, capacity;
};

static void keep(struct events *all, const struct source_event *event)
{
    if (all->n == all->capacity) {
        all->capacity = all->capacity ? 2 * all->capacity : 4096;
        if (!(all->items = realloc(all->items, all->capacity * sizeof *all->items)))
            abort();
    }
    all->items[all->n++] = *event;
}

static struct events read_events(struct source *source)
{
    struct events all = {0};
    struct source_event event = {.kind = SOURCE_IDLE};
    char error[SOURCE_ERROR_SIZE];

    for (;;) {
        const enum road_status status = source_next(source, &event, error);
        if (status == ROAD_BAD_INPUT)
            continue;
        if (status || event.kind == SOURCE_END)
            break;
        keep(&all, &event);
    }
    source_close(source);
    return all;
}

static struct node_core_config config_for(const struct events *all)
{
    struct node_core_config config;

    node_core_config_default(&config);
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].kind == SOURCE_FIX && all->items[i].fix.sigma_m <= TRUSTED_M) {
            config.zone = grid_zone_nearest(all->items[i].fix.lat_deg, all->items[i].fix.lon_deg);
            break;
        }
    return config;
}

static enum road_status give(struct node_core *core, const struct source_event *e)
{
    return e->kind == SOURCE_FIX ? node_core_fix(core, &e->fix) : node_core_motion(core, &e->motion);
}

static void feed(const struct events *all, size_t block, struct said *s)
{
    const struct node_core_config config = config_for(all);
    struct node_core *core = NULL;

    memset(s, 0, sizeof *s);
    CHECK_STATUS(node_core_new(&config, 1, &core), ROAD_OK);
    for (size_t i = 0; i < all->n; i++) {
        if (give(core, &all->items[i]) == ROAD_FULL) {
            listen(core, s);
            give(core, &all->items[i]);
        }
        if (i % block == block - 1)
            listen(core, s);
    }
    node_core_finish(core);
    listen(core, s);
    node_core_free(core);
}

static void check_same(const struct said *a, const struct said *b, const char *what)
{
    if (a->n_bytes != b->n_bytes || memcmp(a->bytes, b->bytes, a->n_bytes) != 0)
        CHECK_FAILED("%s: %zu and %zu bytes of batches, not the same", what, a->n_bytes, b->n_bytes);
}

FACT(blocks_of_1_7_and_1000_events_give_the_same_batches)
{
    static const char *const drives[] = {"rsq-gyor-100hz/q3_02", "cmu-pothole-pittsburgh/events/trip1_sensors.csv",
                                         "comma2k19-sample", "pavevibe-esp32-node"};
    char path[512], error[SOURCE_ERROR_SIZE] = "";
    struct source *source;

    for (size_t i = 0; i < sizeof drives / sizeof drives[0]; i++) {
        if (!data_path(drives[i], path))
            SKIP("no ../shared/data");
        if (source_open_recording(path, START_NS, -1, 0, &source, error)) {
            CHECK_FAILED("%s", error);
            continue;
        }
        struct events all = read_events(source);
        feed(&all, 1, &said);
        CHECK(said.n_batches > 0);
        printf("  %s: %zu events, %zu batches, %zu bytes\n", drives[i], all.n, said.n_batches, said.n_bytes);
        feed(&all, 7, &said_too);
        check_same(&said, &said_too, drives[i]);
        feed(&all, 1000, &said_too);
        check_same(&said, &said_too, drives[i]);
        free(all.items);
    }
}

/* ---- files that come in drips -------------------------------------------------------------------------- */

struct drip {
    FILE *file;
    uint64_t random;
};

static ssize_t drip_read(void *cookie, char *buffer, size_t size)
{
    struct drip *drip = cookie;

    drip->random = drip->random * 6364136223846793005u + 1442695040888963407u;
    const size_t want = 1 + (drip->random >> 33) % 61;
    return (ssize_t)fread(buffer, 1, want < size ? want : size, drip->file);
}

static int drip_close(void *cookie)
{
    struct drip *drip = cookie;
    const int result = fclose(drip->file);

    free(drip);
    return result;
}

static FILE *open_drip(const char *folder, const char *name)
{
    char path[700];
    struct drip *drip = calloc(1, sizeof *drip);

    snprintf(path, sizeof path, "%s%s%s", folder, name ? "/" : "", name ? name : "");
    if (!drip || !(drip->file = fopen(path, "rb")))
        abort();
    return fopencookie(drip, "rb", (cookie_io_functions_t){.read = drip_read, .close = drip_close});
}

static void check_drip(struct source *dripping, const char *path)
{
    char error[SOURCE_ERROR_SIZE] = "";
    struct source *whole;

    if (source_open_recording(path, START_NS, -1, 0, &whole, error)) {
        CHECK_FAILED("%s", error);
        return;
    }
    struct events a = read_events(whole), b = read_events(dripping);
    CHECK_INT(a.n, b.n);
    feed(&a, 100, &said);
    feed(&b, 100, &said_too);
    check_same(&said, &said_too, path);
    free(a.items);
    free(b.items);
}

FACT(a_file_that_comes_in_drips_is_the_same_recording)
{
    const struct recording_config config = {START_NS, -1, 0};
    char path[512], error[SOURCE_ERROR_SIZE] = "";
    struct source *source;

    if (!data_path("cmu-pothole-pittsburgh/events/trip1_sensors.csv", path))
        SKIP("no ../shared/data");
    CHECK_STATUS(source_rows_from_file(open_drip(path, NULL), "drip", &rows_cmu, &config, &source, error), ROAD_OK);
    check_drip(source, path);
    data_path("pavevibe-esp32-node/data.csv", path);
    CHECK_STATUS(source_pavevibe_from_files(open_drip(path, NULL), open_drip(path, NULL), "drip", &config, &source, error),
                 ROAD_OK);
    check_drip(source, path);
    data_path("comma2k19-sample", path);
    FILE *comma[STREAMS_FILES] = {open_drip(path, "accelerometer.csv"), open_drip(path, "gyro.csv"), NULL,
                                  open_drip(path, "gnss_ublox.csv")};
    CHECK_STATUS(source_streams_from_files("drip", &streams_comma2k19, comma, &config, &source, error), ROAD_OK);
    check_drip(source, path);
    data_path("rsq-gyor-100hz/q3_02", path);
    FILE *phyphox[STREAMS_FILES] = {open_drip(path, "Accelerometer.csv"), open_drip(path, "Gyroscope.csv"), NULL,
                                    open_drip(path, "Location.csv")};
    CHECK_STATUS(source_streams_from_files("drip", &streams_phyphox, phyphox, &config, &source, error), ROAD_OK);
    check_drip(source, path);
}

/* ---- a live device at 100, 400 and 1000 Hz -------------------------------------------------------------- */

/* Writes scans in pieces that end anywhere and reads at odd moments, as a loop does that is interrupted. */
static void play(struct fake_iio *fake, struct iio *iio, struct synthetic *d, double seconds, struct events *ret_all)
{
    static const size_t pieces[] = {1, 31, 64, 13, 96, 7, 200, 32, 5};
    struct motion_sample sample, read[64];
    struct source_event fix = {.kind = SOURCE_FIX};
    uint8_t bytes[FAKE_IIO_SCAN_SIZE * 16];
    size_t held = 0, turn = 0, count;
    bool has_fix = false;

    while (d->time_s < seconds) {
        synthetic_next(d, &sample, &fix.fix, &has_fix);
        fake_iio_pack(&sample, bytes + held);
        held += FAKE_IIO_SCAN_SIZE;
        /* Before a fix everything goes out and is read, so that the order stays that of time. */
        while (held > 0 && (has_fix || held > sizeof bytes - FAKE_IIO_SCAN_SIZE)) {
            const size_t piece = pieces[turn++ % (sizeof pieces / sizeof pieces[0])], length = piece < held ? piece : held;
            if (write(fake->fd, bytes, length) != (ssize_t)length)
                abort();
            held -= length;
            memmove(bytes, bytes + length, held);
            CHECK_STATUS(iio_read(iio, read, 64, &count), ROAD_OK);
            for (size_t i = 0; i < count; i++)
                keep(ret_all, &(struct source_event){.kind = SOURCE_MOTION, .motion = read[i]});
        }
        if (has_fix) {
            fix.fix.time_source = TIME_NTP; /* as the CSV has it */
            keep(ret_all, &fix);
        }
    }
}

static void write_csv(const struct events *all, const char *path)
{
    FILE *out = fopen(path, "wb");

    if (!out)
        abort();
    fputs("time_s,ax_mps2,ay_mps2,az_mps2,gx_radps,gy_radps,gz_radps,lat_deg,lon_deg,speed_mps,sigma_m\n", out);
    for (size_t i = 0; i < all->n; i++) {
        const struct source_event *e = &all->items[i];
        const struct motion_sample *m = &e->motion;
        if (e->kind == SOURCE_FIX)
            fprintf(out, "%.9f,,,,,,,%.17g,%.17g,%.17g,%.17g\n", (double)(e->fix.time_ns - START_NS) * 1e-9, e->fix.lat_deg,
                    e->fix.lon_deg, e->fix.speed_mps, e->fix.sigma_m);
        else
            fprintf(out, "%.9f,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,,,,\n", (double)(m->time_ns - START_NS) * 1e-9,
                    (double)m->accel_mps2[0], (double)m->accel_mps2[1], (double)m->accel_mps2[2], (double)m->gyro_radps[0],
                    (double)m->gyro_radps[1], (double)m->gyro_radps[2]);
    }
    fclose(out);
}

FACT(a_device_at_100_400_and_1000_hz_gives_what_its_csv_gives)
{
    static const double rates_hz[] = {100, 400, 1000};
    char error[SOURCE_ERROR_SIZE] = "";

    for (size_t i = 0; i < 3; i++) {
        char root[] = "/tmp/road-blocks-XXXXXX", path[64];
        struct fake_iio fake;
        struct iio *iio = NULL;
        struct synthetic d;
        struct events live = {0};
        struct source *source = NULL;

        if (!fake_iio_make(&fake, mkdtemp(root)) || iio_open(root, "", &iio, error))
            abort();
        fake_iio_start(&fake);
        synthetic_init(&d);
        d.height_m = pothole;
        d.sample_hz = rates_hz[i];
        d.start_ns = START_NS;
        play(&fake, iio, &d, 40, &live);
        iio_close(iio);
        snprintf(path, sizeof path, "%s/drive.csv", root);
        write_csv(&live, path);
        CHECK_STATUS(source_open_recording(path, START_NS, (int)d.gnss, 0, &source, error), ROAD_OK);
        struct events recorded = read_events(source);
        CHECK_INT(live.n, recorded.n);
        feed(&live, 7, &said);
        feed(&recorded, 1000, &said_too);
        printf("  %g Hz: %zu events, %zu detections, %zu bytes\n", rates_hz[i], live.n, said.n_detections, said.n_bytes);
        check_same(&said, &said_too, "live and recorded");
        CHECK(said.n_detections >= 1);
        free(live.items);
        free(recorded.items);
        fake_iio_remove(&fake);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
