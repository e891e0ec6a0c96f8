#include "tests/evaluate/cmu_drives.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"
#include "sensor-node/table.h"
#include "tests/evaluate/cmu_known.h"

#define PRESS_LAG_S 0.4 /* a press follows its peak by so much: the set's own notes */
#define NS_PER_S    1e9

/* ---- predictions --------------------------------------------------------------------------------------- */

static bool stands_by(const struct detection *detection)
{
    return detection->confidence_permille >= CMU_STAND_CONFIDENCE * 1000;
}

static void name_drive(struct cmu_drive *drive, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    drive->path = path;
    snprintf(drive->name, sizeof drive->name, "%.*s", (int)(strlen(name) - strlen(CMU_SENSORS)), name);
}

static bool is_known(const struct recording *r)
{
    for (size_t i = 0; i < cmu_known_count && r->n_fixes > 0; i++)
        if (fabs((double)r->fixes[0].time_ns / NS_PER_S - cmu_known_first_fix_s[i]) < 0.01)
            return true;
    return false;
}

static void predict(struct cmu_drives *drives, const char *path)
{
    struct cmu_drive *drive = &drives->items[drives->n];
    struct node_core_config config;

    node_core_config_default(&config);
    config.zone = drives->zone;
    if (recording_drive(path, &config, &drive->recording) != ROAD_OK) {
        drives->unreadable++;
        return;
    }
    name_drive(drive, path);
    const struct recording *r = &drive->recording;
    drive->is_known = is_known(r);
    drive->predicted_s = room_zeroed(r->n_detections, sizeof *drive->predicted_s);
    for (size_t i = 0; i < r->n_detections; i++)
        if (stands_by(&r->detections[i]))
            drive->predicted_s[drive->n_predicted++] = (double)r->detections[i].time_ns / NS_PER_S;
    drives->n++;
}

void cmu_drives_write(const struct cmu_drives *drives, FILE *out)
{
    double lat_deg, lon_deg;

    fputs("drive,time_s,lat_deg,lon_deg,confidence\n", out);
    for (size_t i = 0; i < drives->n; i++)
        for (size_t k = 0; k < drives->items[i].recording.n_detections; k++) {
            const struct detection *d = &drives->items[i].recording.detections[k];
            if (stands_by(d) && grid_unproject(drives->zone, d->at, &lat_deg, &lon_deg) == ROAD_OK)
                fprintf(out, "%s,%.3f,%.7f,%.7f,%.3f\n", drives->items[i].name, (double)d->time_ns / NS_PER_S,
                        lat_deg, lon_deg, d->confidence_permille / 1000.0);
        }
}

/* ---- labels: read after everything has been predicted -------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void read_presses(struct cmu_drive *drive)
{
    static const struct table_column columns[] = {{.names = "timestamp", .is_required = true}};
    char path[1024], error[SOURCE_ERROR_SIZE] = "";
    struct table table = {0};
    double time_s;

    snprintf(path, sizeof path, "%.*s" CMU_PRESSES, (int)(strlen(drive->path) - strlen(CMU_SENSORS)),
             drive->path);
    FILE *file = fopen(path, "rbe");
    if (!file)
        return;
    if (table_from_file(file, path, columns, 1, &table, error) != ROAD_OK) {
        fprintf(stderr, "evaluate: %s\n", error);
        table_close(&table);
        return;
    }
    drive->is_labelled = true;
    for (enum road_status status;
         (status = table_next(&table, &time_s, error)) != ROAD_END && status != ROAD_IO;) {
        if (status != ROAD_OK)
            continue;
        ROOM(drive->presses_s, drive->press_capacity, drive->n_presses + 1);
        drive->presses_s[drive->n_presses++] = time_s;
    }
    drive->presses_refused = table.rows_refused;
    table_close(&table);
    if (drive->n_presses)
        qsort(drive->presses_s, drive->n_presses, sizeof *drive->presses_s, ascending);
}

/* On the straight line between the fixes around it; at the nearest fix before the first and after the last.
 */
static struct place_m place_at(const struct cmu_drives *drives, const struct recording *r, double time_s)
{
    struct place_m a = {0, 0}, b = {0, 0};
    size_t i = 0;

    while (i + 2 < r->n_fixes && (double)r->fixes[i + 1].time_ns / NS_PER_S < time_s)
        i++;
    const struct fix *from = &r->fixes[i], *to = i + 1 < r->n_fixes ? from + 1 : from;
    const double span_s = (double)(to->time_ns - from->time_ns) / NS_PER_S;
    const double part = span_s > 0 ? (time_s - (double)from->time_ns / NS_PER_S) / span_s : 0;
    const double s = fmin(1, fmax(0, part));
    /* They were valid fixes. */
    (void)grid_project_m(drives->zone, from->lat_deg, from->lon_deg, &a.e, &a.n);
    (void)grid_project_m(drives->zone, to->lat_deg, to->lon_deg, &b.e, &b.n);
    return (struct place_m){a.e + s * (b.e - a.e), a.n + s * (b.n - a.n)};
}

size_t cmu_drives_read_labels(struct cmu_drives *drives)
{
    size_t labelled = 0;

    for (size_t i = 0; i < drives->n; i++) {
        struct cmu_drive *drive = &drives->items[i];
        read_presses(drive);
        labelled += drive->is_labelled;
        drive->press_places = room_zeroed(drive->n_presses, sizeof *drive->press_places);
        for (size_t k = 0; k < drive->n_presses && drive->recording.n_fixes > 0; k++)
            drive->press_places[k] = place_at(drives, &drive->recording, drive->presses_s[k] - PRESS_LAG_S);
    }
    return labelled;
}

static enum road_status refuse(struct cmu_drives *drives, enum road_status status)
{
    cmu_drives_done(drives);
    return status;
}

enum road_status cmu_drives_predict(const char *folder, struct cmu_drives *ret_drives)
{
    struct cmu_drives drives = {0};

    if (paths_find(folder, CMU_SENSORS, false, &drives.paths) != ROAD_OK)
        return ROAD_IO;
    if (!recording_zone(&drives.paths, &drives.zone)) {
        fprintf(stderr, "evaluate: no recording with a position below %s (wanted: NAME%s)\n", folder,
                CMU_SENSORS);
        return refuse(&drives, ROAD_BAD_INPUT);
    }
    drives.items = room_zeroed(drives.paths.n, sizeof *drives.items);
    for (size_t i = 0; i < drives.paths.n; i++)
        predict(&drives, drives.paths.items[i]);
    *ret_drives = drives;
    return ROAD_OK;
}

void cmu_drives_done(struct cmu_drives *drives)
{
    for (size_t i = 0; i < drives->n; i++) {
        recording_done(&drives->items[i].recording);
        free(drives->items[i].predicted_s);
        free(drives->items[i].presses_s);
        free(drives->items[i].press_places);
    }
    free(drives->items);
    paths_done(&drives->paths);
    *drives = (struct cmu_drives){0};
}
