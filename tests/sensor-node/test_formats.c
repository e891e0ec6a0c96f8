/* The formats of other people's recordings: recognised by content, units and signs turned into ours. Expected numbers
 * stand in the recordings themselves (head, wc -l) or come from the sources named beside them. */
#include <sys/stat.h>

#include <sys/stat.h>
#include <time.h>

#include "sensor-node/source_clip.h"
#include "tests/sensor-node/reading.h"

#define G 9.80665

static void remove_files(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'/*", folder);
    if (system(command))
        CHECK_FAILED("%s stays full", folder);
}

/* ---- Sensor Logger ------------------------------------------------------------------------------------- */

/* No real export is at hand: the values of a recorded phyphox drive are written in the app's layout (its own pages
 * UNITS.md and COORDINATES.md), and must come back as phyphox gives them. */
#define SL_START_NS INT64_C(1795419660000000000)
#define SL_ROWS 3000

struct sl_way {
    const char *motion;     /* file of the acceleration */
    double sign;            /* as the platform writes it */
    double gravity;         /* the part of it that goes to Gravity.csv, 0 = none */
    const char *platform, *standard;
};

static FILE *sl_open(const char *name, const char *header)
{
    FILE *file = fopen(in_folder(name), "wb");

    if (!file)
        abort();
    fprintf(file, "%s\n", header);
    return file;
}

static void sl_row(FILE *file, int64_t time_ns, const float *xyz, double factor)
{
    fprintf(file, "%" PRId64 ",%.9f,%.9g,%.9g,%.9g\n", time_ns, (double)(time_ns - SL_START_NS) * 1e-9,
            factor * (double)xyz[2], factor * (double)xyz[1], factor * (double)xyz[0]);
}

/* The first SL_ROWS samples and the fixes among them; returns the number of fixes. */
static size_t sl_write(const char *phyphox, const struct sl_way *way)
{
    static const char axes[] = "time,seconds_elapsed,z,y,x";
    char error[SOURCE_ERROR_SIZE];
    struct source *source;
    struct source_event e = {.kind = SOURCE_IDLE};
    size_t fixes = 0, motions = 0;
    FILE *accel = sl_open(way->motion, axes), *gyro = sl_open("Gyroscope.csv", axes);
    FILE *gravity = way->gravity > 0 ? sl_open("Gravity.csv", axes) : NULL;
    FILE *location = sl_open("Location.csv", "time,seconds_elapsed,bearingAccuracy,speedAccuracy,verticalAccuracy,"
                                             "horizontalAccuracy,speed,bearing,altitude,longitude,latitude");

    if (source_open_recording(phyphox, SL_START_NS, -1, 0, &source, error))
        abort();
    while (motions < SL_ROWS && source_next(source, &e, error) == ROAD_OK && e.kind != SOURCE_END) {
        if (e.kind == SOURCE_FIX) {
            fixes++;
            fprintf(location, "%" PRId64 ",%.9f,-1,-1,3,%.9f,%.9g,%.9g,120,%.9f,%.9f\n", e.fix.time_ns,
                    (double)(e.fix.time_ns - SL_START_NS) * 1e-9, e.fix.sigma_m * 1.5096,
                    isnan(e.fix.speed_mps) ? -1 : e.fix.speed_mps, isnan(e.fix.heading_deg) ? -1 : e.fix.heading_deg,
                    e.fix.lon_deg, e.fix.lat_deg);
            continue;
        }
        motions++;
        sl_row(accel, e.motion.time_ns, e.motion.accel_mps2, way->sign * (1 - way->gravity));
        if (gravity)
            sl_row(gravity, e.motion.time_ns, e.motion.accel_mps2, way->sign * way->gravity);
        if (!isnan(e.motion.gyro_radps[0]))
            sl_row(gyro, e.motion.time_ns, e.motion.gyro_radps, 1);
    }
    source_close(source);
    fclose(accel), fclose(gyro), fclose(location);
    if (gravity)
        fclose(gravity);
    if (way->platform) {
        FILE *metadata = sl_open("Metadata.csv", "version,device name,recording epoch time,recording time,recording timezone,"
                                                 "platform,appVersion,device id,sensors,sampleRateMs,standardisation");
        fprintf(metadata, "3,phone,1795419660000,2026-11-23_07-41-00,Europe/Budapest,%s,1.64,x,a|b,10|10,%s\n",
                way->platform, way->standard);
        fclose(metadata);
    }
    return fixes;
}

static void events_agree(const char *phyphox, size_t want_fixes)
{
    char error[SOURCE_ERROR_SIZE] = "";
    struct source *ours = NULL, *theirs = NULL;
    struct source_event a = {.kind = SOURCE_IDLE}, b = {.kind = SOURCE_IDLE};
    size_t motions = 0, fixes = 0;
    double worst_accel = 0, worst_gyro = 0;
    int64_t worst_ns = 0;

    if (source_open_recording(phyphox, SL_START_NS, -1, 0, &theirs, error) ||
        source_open_recording(folder, 0, -1, 0, &ours, error)) {
        CHECK_FAILED("%s", error);
        source_close(theirs);
        return;
    }
    CHECK_STR(source_format(ours), "sensor-logger");
    while (source_next(ours, &a, error) == ROAD_OK && a.kind != SOURCE_END && source_next(theirs, &b, error) == ROAD_OK) {
        const int64_t off_ns = a.kind == SOURCE_FIX ? a.fix.time_ns - b.fix.time_ns : a.motion.time_ns - b.motion.time_ns;
        CHECK_INT(a.kind, b.kind);
        worst_ns = llabs(off_ns) > worst_ns ? llabs(off_ns) : worst_ns;
        if (a.kind == SOURCE_FIX) {
            fixes++;
            CHECK_NEAR(a.fix.lat_deg, b.fix.lat_deg, 1e-9);
            CHECK_NEAR(a.fix.sigma_m, b.fix.sigma_m, 1e-6);
            CHECK(isnan(a.fix.speed_mps) ? isnan(b.fix.speed_mps) : fabs(a.fix.speed_mps - b.fix.speed_mps) < 1e-6);
            continue;
        }
        motions++;
        for (int i = 0; i < 3; i++) {
            worst_accel = fmax(worst_accel, fabs((double)a.motion.accel_mps2[i] - (double)b.motion.accel_mps2[i]));
            if (!isnan(a.motion.gyro_radps[i])) /* there is no row behind the last one to interpolate with */
                worst_gyro = fmax(worst_gyro, fabs((double)a.motion.gyro_radps[i] - (double)b.motion.gyro_radps[i]));
        }
    }
    CHECK_INT(motions, SL_ROWS);
    CHECK_INT(fixes, want_fixes);
    CHECK_NEAR((double)worst_ns, 0, 500); /* 1.8e18 ns in a double: steps of 256 */
    CHECK_NEAR(worst_accel, 0, 1e-5);
    CHECK_NEAR(worst_gyro, 0, 1e-5);
    CHECK_INT(source_stats(ours).rows_refused, 0);
    source_close(ours);
    source_close(theirs);
}

FACT(a_sensor_logger_export_gives_what_the_same_drive_gives_from_phyphox)
{
    static const struct sl_way ways[] = {
        {"TotalAcceleration.csv", 1, 0, "android", "false"}, {"TotalAcceleration.csv", 1, 0, NULL, NULL},
        {"Accelerometer.csv", -1, 0.9, "ios", "false"},      {"Accelerometer.csv", -1, 0.9, NULL, NULL},
        {"Accelerometer.csv", 1, 0.9, "ios", "true"},        {"Accelerometer.csv", 1, 0.9, "android", "false"},
    };
    const char *drive = data_path("rsq-gyor-100hz/q3_02");

    if (!drive)
        SKIP("no ../shared/data");
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        events_agree(drive, sl_write(drive, &ways[i]));
        remove_files();
    }
}

FACT(acceleration_without_gravity_alone_is_refused_in_plain_words)
{
    write_file("Accelerometer.csv", "time,seconds_elapsed,z,y,x\n1795419660000000000,0,0.1,0.2,0.3\n");
    const struct reading r = read_all(folder, -1, 0);

    CHECK_STATUS(r.opened, ROAD_BAD_INPUT);
    CHECK_HOLDS(r.first_error, "Accelerometer.csv:1: this is acceleration without gravity");
    CHECK_HOLDS(r.first_error, "switch on Gravity in the app");
    remove_files();
}

FACT(a_sample_without_gravity_beside_it_is_refused_alone)
{
    write_file("Accelerometer.csv", "time,seconds_elapsed,z,y,x\n1795419660000000000,0,0.1,0.2,0.3\n"
                                    "1795419660010000000,0.01,0.1,0.2,0.3\n1795419669000000000,9,0.1,0.2,0.3\n");
    write_file("Gravity.csv", "time,seconds_elapsed,z,y,x\n1795419660005000000,0.005,-9,0,0\n"
                              "1795419660015000000,0.015,-11,0,0\n");
    const struct reading r = read_all(folder, -1, 0);

    CHECK_INT(r.motions, 1);
    CHECK_NEAR(r.motion[0].accel_mps2[2], 9.9, 1e-4); /* iOS: -(0.1 + -10 half way), times to 256 ns */
    CHECK_INT(r.refusals, 2);
    CHECK_HOLDS(r.first_error, "Accelerometer.csv:2: no gravity within 0.1 s of this row in Gravity.csv");
    remove_files();
}

/* ---- cmu, two-wheeler, comma2k19 ----------------------------------------------------------------------- */

FACT(a_cmu_drive_has_its_units_signs_and_fixes_turned_into_ours)
{
    const char *path = data_path("cmu-pothole-pittsburgh/events/trip1_sensors.csv");

    if (!path)
        SKIP("no ../shared/data");
    const struct reading r = read_all(path, -1, 0);
    CHECK_INT(r.motions, 2217); /* wc -l minus the header */
    CHECK_INT(r.refusals, 0);
    CHECK_INT(r.unordered, 0);
    CHECK_NEAR((double)(r.motion[0].time_ns - INT64_C(1492638964500000000)), 0, 500);
    CHECK_NEAR(r.motion[0].accel_mps2[1], 0.962234497070312 * G, 1e-5);
    CHECK_NEAR(r.motion[0].gyro_radps[0], -0.0169944298641226, 1e-8);
    CHECK_NEAR(r.fix[0].lat_deg, 40.447444787735, 0);
    CHECK_INT(r.fix[0].gnss, GNSS_PHONE);
    /* 441 positions differ from the one before; where it stands, the same one counts twice a second. */
    CHECK(r.fixes >= 441 && r.fixes < 700);
}

FACT(seconds_without_fractions_are_spread_and_missing_turn_rates_are_unknown)
{
    const char *path = data_path("cmu-pothole-pittsburgh/unlabelled/03_26_trip1_sensors.csv");

    if (!path)
        SKIP("no ../shared/data");
    const struct reading r = read_all(path, -1, 0);
    CHECK_INT(r.motions, 7708);
    CHECK_INT(r.unordered, 0);
    CHECK(isnan(r.motion[0].gyro_radps[0])); /* -100 in the file */
    CHECK(!isnan(r.motion[1].gyro_radps[0]));
    for (int i = 1; i < 8; i++)
        CHECK(r.motion[i].time_ns > r.motion[i - 1].time_ns);
}

FACT(rows_of_one_second_lie_evenly_in_it)
{
    const char *path = write_file("cmu.csv", "timestamp,latitude,longitude,speed,accelerometerX,accelerometerY,accelerometerZ,"
                                             "gyroX,gyroY,gyroZ\n"
                                             "1490542045,-1,-1,-1,0,-1,0,0,0,0\n1490542045,40,-79,-1,0,-1,0,0,0,0\n"
                                             "1490542046,40,-79,9,0,-1,0,0,0,0\n1490542047.5,40,-79,9,0,-1,0,0,0,0\n");
    const struct reading r = read_all(path, -1, 0);
    static const int64_t want_ms[] = {250, 750, 1000, 2500};

    CHECK_INT(r.motions, 4);
    for (int i = 0; i < 4; i++)
        CHECK_NEAR((double)(r.motion[i].time_ns - INT64_C(1490542045000000000)), (double)want_ms[i] * 1e6, 500);
    CHECK_INT(r.fixes, 1);
    CHECK_INT(r.stats.fixes_stale, 2);
    CHECK_NEAR(r.motion[0].accel_mps2[1], G, 1e-6);
    remove_files();
}

FACT(a_motorbike_clip_has_time_but_no_place)
{
    const char *path = data_path("two-wheeler-surface/SingleSB/Gar_Single1.csv");

    if (!path)
        SKIP("no ../shared/data");
    const struct reading r = read_all(path, -1, 0);
    CHECK_INT(r.motions, 494);
    CHECK_INT(r.fixes, 0);
    CHECK_NEAR((double)(r.motion[0].time_ns - INT64_C(1742633325207000000)), 0, 500);
    CHECK_NEAR(r.motion[0].accel_mps2[2], 10.31905, 1e-5);
    CHECK_NEAR(r.motion[0].gyro_radps[2], 3.91988 * acos(-1) / 180, 1e-7);
}

FACT(a_comma2k19_segment_is_tied_to_utc_by_its_first_fix)
{
    const char *path = data_path("comma2k19-sample");

    if (!path)
        SKIP("no ../shared/data");
    const struct reading r = read_all(path, -1, 0);
    CHECK_INT(r.motions, 6256);
    CHECK_INT(r.fixes, 579);
    CHECK_INT(r.refusals, 0);
    CHECK_INT(r.unordered, 0);
    CHECK_NEAR((double)(r.fix[0].time_ns - INT64_C(1533226488299000000)), 0, 500);
    /* the first sample lies 46408.654976 - 46408.580034 s before the first fix */
    CHECK_NEAR((double)(r.fix[0].time_ns - r.motion[0].time_ns) * 1e-9, 0.074942, 1e-6);
    CHECK_NEAR(r.motion[0].accel_mps2[2], -9.54496765, 1e-6);
    CHECK_NEAR(r.fix[0].heading_deg, 2.1356101, 1e-9);
    CHECK_NEAR(r.fix[0].speed_mps, 7.82299995, 1e-9);
}

/* ---- PaveVibe, tracks, pairs --------------------------------------------------------------------------- */

#define PV_HEADER                                                                                            \
    "RTCData, RTCHora, GPSData, GPSHora, Lat, Long, Altgps, Vel, GPSUpdate, Ax, Ay, Az, Gx, Gy, Gz, indiceAmostra \n"

FACT(a_pavevibe_log_is_read_past_its_traps)
{
    const char *path = data_path("pavevibe-esp32-node/data.csv");

    if (!path)
        SKIP("no ../shared/data");
    const struct reading r = read_all(path, -1, 0);
    CHECK_INT(r.motions, 13320); /* wc -l minus the header and the 6 rows of 0/0/0 */
    CHECK_INT(r.refusals, 6);
    CHECK_HOLDS(r.first_error, "data.csv:2: the time is missing");
    CHECK_NEAR(r.motion[0].accel_mps2[2], -0.94 * G, 1e-5);
    CHECK_NEAR(r.motion[0].gyro_radps[0], 1.10 * acos(-1) / 180, 1e-7);
    /* Positions with a time of their own stand in 189 groups of rows (uniq of GPSHora where Lat is given); the first
     * four of them were read 43, 33, 5 and 16 s late by the clock that the later ones agree on. */
    CHECK(r.fixes >= 180 && r.fixes <= 189);
    CHECK_INT(r.fixes + r.stats.fixes_stale, 5126); /* rows with a position */
    /* Clock 10:27:51 and GPS 13:28:07 show the same moment: +3:00:16, so that the first row, 9:52:12, is 12:52:28. */
    CHECK_NEAR((double)(r.motion[0].time_ns - INT64_C(1712667148000000000)) * 1e-9, 0, 1.0);
}

FACT(gps_time_not_the_update_flag_makes_a_fix)
{
    const struct reading r = read_all(
        write_file("data.csv", PV_HEADER "9/4/2024,9:0:0,0/0/0,0:0:0,,,0.00,0.00,0,0,0,-1,0,0,0,1\n"
                                         "9/4/2024,9:0:1,9/4/2024,12:0:1, -3.5,-38.5,0.00,36.00,0,0,0,-1,0,0,90,1\n"
                                         "9/4/2024,9:0:2,9/4/2024,12:0:1, -3.5,-38.5,0.00,36.00,1,0,0,-1,0,0,0,1\n"
                                         "9/4/2024,9:0:3,9/4/2024,12:0:3, -3.6,-38.5,0.00,36.00,0,0,0,-1,0,0,0,1\n"
                                         "9/4/2024,9:0:9,9/4/2024,12:0:9, -3.7,-38.5,0.00,36.00,0,0,0,-1,0,0,0,1\n"
                                         "9/4/2024,9:0:20,9/4/2024,12:0:10, -3.8,-38.5,0.00,36.00,0,0,0,-1,0,0,0,1\n"),
        -1, 0);

    CHECK_INT(r.motions, 6);
    CHECK_INT(r.fixes, 3);
    CHECK_INT(r.stats.fixes_stale, 2); /* written again, and 10 s late */
    CHECK_NEAR(r.fix[0].speed_mps, 10, 1e-9);
    CHECK_INT(r.fix[0].time_ns, INT64_C(1712664001000000000)); /* 2024-04-09T12:00:01Z */
    CHECK_INT(r.motion[0].time_ns, INT64_C(1712664000000000000));
    CHECK_NEAR(r.motion[1].gyro_radps[2], acos(-1) / 2, 1e-6);
    remove_files();
}

FACT(one_wild_gps_time_does_not_move_the_clock_of_a_log)
{
    const struct reading r = read_all(
        write_file("data.csv", PV_HEADER "9/4/2024,9:0:1,9/4/2024,12:0:1, -3.5,-38.5,0,36,0,0,0,-1,0,0,0,1\n"
                                         "9/4/2024,9:0:2,9/4/2024,13:0:2, -3.5,-38.5,0,36,0,0,0,-1,0,0,0,1\n"
                                         "9/4/2024,9:0:3,9/4/2024,12:0:3, -3.6,-38.5,0,36,0,0,0,-1,0,0,0,1\n"
                                         "9/4/2024,9:0:4,9/4/2024,12:0:4, -3.6,-38.6,0,36,0,0,0,-1,0,0,0,1\n"),
        -1, 0);

    CHECK_INT(r.motion[0].time_ns, INT64_C(1712664001000000000));
    remove_files();
}

FACT(a_motion_table_and_a_track_in_one_folder_are_a_drive)
{
    write_file("motion.csv", "time_s,ax_mps2,ay_mps2,az_mps2,lat_deg,lon_deg\n"
                             "1712668463.5,0,0,9.8,1,1\n1712668464.5,0,0,9.8,,\n");
    write_file("way.csv", "latitude;longitude;elevation;time\n-3.5;-38.5;16.3;2024-04-09 13:14:23\n"
                          "-3.6;-38.5;16.3;2024-04-09 13:14:24\n-3.7;x;16.3;2024-04-09 13:14:25\n");
    const struct reading r = read_all(folder, -1, 0);

    CHECK_STATUS(r.opened, ROAD_OK);
    CHECK_INT(r.motions, 2);
    CHECK_INT(r.fixes, 2);
    CHECK_INT(r.unordered, 0);
    CHECK_INT(r.stats.fixes_stale, 1); /* the one of the motion file is left out */
    CHECK_INT(r.fix[0].time_ns, INT64_C(1712668463000000000));
    CHECK_HOLDS(r.first_error, "way.csv:4: longitude: 'x' is not a number");
    write_file("again.csv", "latitude;longitude;elevation;time\n");
    CHECK_HOLDS(read_all(folder, -1, 0).first_error, "this folder holds 1 motion files and 2 track files: give one of each");
    remove_files();
}

FACT(motion_and_positions_of_other_days_are_refused_with_both_times)
{
    write_file("motion.csv", "time_s,ax_mps2,ay_mps2,az_mps2\n0,0,0,9.8\n1,0,0,9.8\n");
    write_file("way.csv", "latitude;longitude;elevation;time\n-3.5;-38.5;16.3;2024-04-09 13:14:23\n");
    const struct reading r = read_all(folder, -1, 0); /* START_NS */

    CHECK_STATUS(r.opened, ROAD_BAD_INPUT);
    CHECK_HOLDS(r.first_error, "motion from 2023-11-14T22:13:20.000Z to 2023-11-14T22:13:21.000Z, positions from "
                               "2024-04-09T13:14:23.000Z");
    CHECK_HOLDS(r.first_error, "--start");
    remove_files();
}

FACT(the_pavevibe_folder_is_its_log_with_the_way_of_the_phone)
{
    const char *path = data_path("pavevibe-esp32-node");

    if (!path)
        SKIP("no ../shared/data");
    const struct reading r = read_all(path, -1, 0);
    CHECK_INT(r.motions, 13320);
    CHECK_INT(r.fixes, 836); /* points of the track */
    CHECK_INT(r.unordered, 0);
}

/* ---- NMEA and GPX -------------------------------------------------------------------------------------- */

#define GPX_HEAD "<?xml version=\"1.0\"?><gpx version=\"1.1\"><trk><trkseg>\n"
#define GPX_TAIL "</trkseg></trk></gpx>\n"

FACT(a_gpx_track_is_read_with_its_speed_and_its_bad_points_are_refused_alone)
{
    const struct reading r = read_all(
        write_file("way.gpx", GPX_HEAD
                   "<trkpt lat=\"-3.5\" lon=\"-38.25\"><time>2024-04-09T13:14:22Z</time><speed>2.5</speed><course>90</course></trkpt>\n"
                   "<trkpt lat=\"-3.6\" lon=\"-38.25\"></trkpt>\n"
                   "<trkpt lat=\"93\" lon=\"-38.25\"><time>2024-04-09T13:14:23Z</time></trkpt>\n"
                   "<trkpt lat=\"-3.7\" lon=\"-38.25\"><time>2024-04-09T15:14:24.500+02:00</time>"
                   "<extensions><g:ext xmlns:g=\"x\"><g:speed>3</g:speed></g:ext></extensions></trkpt>\n"
                   "<trkpt lat=\"-3.8\" lon=\"-38.25\"><time>2024-04-09T13:14:01Z</time></trkpt>\n" GPX_TAIL),
        -1, 0);

    CHECK_STATUS(r.opened, ROAD_OK);
    CHECK_INT(r.fixes, 2);
    CHECK_INT(r.motions, 0);
    CHECK_INT(r.refusals, 3);
    CHECK_INT(r.stats.rows, 5);
    CHECK_HOLDS(r.first_error, "way.gpx:3: a track point without a time");
    CHECK_INT(r.fix[0].time_ns, INT64_C(1712668462000000000));
    CHECK_INT(r.fix[1].time_ns, INT64_C(1712668464500000000));
    CHECK_NEAR(r.fix[0].lat_deg, -3.5, 0);
    CHECK_NEAR(r.fix[0].speed_mps, 2.5, 0);
    CHECK_NEAR(r.fix[0].heading_deg, 90, 0);
    CHECK_NEAR(r.fix[1].speed_mps, 3, 0);
    CHECK_INT(r.fix[0].gnss, GNSS_PHONE);
    remove_files();
}

FACT(gpx_that_is_hostile_or_cut_is_refused_with_its_line)
{
    char deep[2048] = GPX_HEAD;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {GPX_HEAD "<trkpt lat=\"1\"", "bad.gpx:2: "},
        {"<!DOCTYPE gpx [<!ENTITY a \"aaaa\">]><gpx>&a;</gpx>", "a document type is not read"},
        {GPX_HEAD "\x01" GPX_TAIL, "bad.gpx:2: not well-formed"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reading r = read_all(write_file("bad.gpx", cases[i].text), -1, 0);
        CHECK(r.opened != ROAD_OK);
        CHECK_HOLDS(r.first_error, cases[i].words);
    }
    for (int i = 0; i < 40; i++)
        strcat(deep, "<a>");
    CHECK_HOLDS(read_all(write_file("bad.gpx", deep), -1, 0).first_error, "too deep");
    remove_files();
}

static size_t sentence(char *text, size_t size, const char *body)
{
    unsigned sum = 0;

    for (const char *c = body; *c; c++)
        sum ^= (unsigned char)*c;
    return (size_t)snprintf(text, size, "$%s*%02X\r\n", body, sum & 0xFF);
}

/* No long car drive is recorded as NMEA: the way of the PaveVibe drive, from its GPX file, is written as RMC and GGA. */
FACT(a_drive_as_nmea_gives_the_positions_of_its_gpx)
{
    const char *path = data_path("pavevibe-esp32-node/20240409-101422 - Trajeto de teste 1 09_04.gpx");
    char error[SOURCE_ERROR_SIZE] = "", gpx[512];
    struct source *from = NULL, *back = NULL;
    struct source_event a = {.kind = SOURCE_IDLE}, b = {.kind = SOURCE_IDLE};
    size_t n = 0;

    if (!path)
        SKIP("no ../shared/data");
    if (access("/usr/sbin/gpsd", X_OK))
        SKIP("no gpsd");
    snprintf(gpx, sizeof gpx, "%s", path);
    FILE *log = fopen(in_folder("drive.nmea"), "wb");
    CHECK_STATUS(source_open_recording(gpx, 0, -1, 0, &from, error), ROAD_OK);
    fputs("# a comment\r\n$GPRMC,131421.00,A,0344.0000,S,03834.0000,W,0,0,090424,,,A*00\r\n", log);
    while (source_next(from, &a, error) == ROAD_OK && a.kind == SOURCE_FIX) {
        char body[160], text[200];
        const time_t second = (time_t)(a.fix.time_ns / 1000000000);
        const double lat = fabs(a.fix.lat_deg), lon = fabs(a.fix.lon_deg);
        struct tm utc;
        gmtime_r(&second, &utc);
        snprintf(body, sizeof body, "GPRMC,%02d%02d%02d.00,A,%02d%010.7f,S,%03d%010.7f,W,%.4f,,090424,,,A", utc.tm_hour,
                 utc.tm_min, utc.tm_sec, (int)lat, (lat - floor(lat)) * 60, (int)lon, (lon - floor(lon)) * 60,
                 a.fix.speed_mps * 3600 / 1852);
        sentence(text, sizeof text, body);
        fputs(text, log);
    }
    source_close(from);
    fclose(log);
    CHECK_STATUS(source_open_recording(in_folder("drive.nmea"), 0, -1, 0, &back, error), ROAD_OK);
    CHECK_STR(source_format(back), "nmea");
    CHECK_STATUS(source_next(back, &b, error), ROAD_BAD_INPUT);
    CHECK_HOLDS(error, "drive.nmea:2: a damaged sentence: its checksum is missing or wrong");
    CHECK_STATUS(source_open_recording(gpx, 0, -1, 0, &from, error), ROAD_OK);
    while (source_next(from, &a, error) == ROAD_OK && a.kind == SOURCE_FIX) {
        CHECK_STATUS(source_next(back, &b, error), ROAD_OK);
        if (b.kind != SOURCE_FIX)
            break;
        n++;
        CHECK_INT(b.fix.time_ns, a.fix.time_ns);
        CHECK_NEAR(b.fix.lat_deg, a.fix.lat_deg, 2e-9); /* gpsd writes nine decimals */
        CHECK_NEAR(b.fix.lon_deg, a.fix.lon_deg, 2e-9);
        CHECK_NEAR(b.fix.speed_mps, a.fix.speed_mps, 2e-3);
    }
    CHECK_INT(n, 836);
    CHECK_INT(b.fix.gnss, GNSS_CONSUMER);
    CHECK_INT(source_stats(back).rows, 837);
    source_close(from);
    source_close(back);
    remove_files();
}

FACT(real_receiver_logs_are_read_and_the_damaged_line_is_named)
{
    const char *path = data_path("nmea-real/gpsd/sl869.log");

    if (!path)
        SKIP("no ../shared/data");
    if (access("/usr/sbin/gpsd", X_OK))
        SKIP("no gpsd");
    const struct reading r = read_all(path, -1, 0);
    CHECK_INT(r.fixes, 8);
    CHECK_HOLDS(r.first_error, "sl869.log:11: a damaged sentence");
    const struct reading rtk = read_all(data_path("nmea-real/gpsd/nmea-rtk.log"), -1, 0);
    CHECK(rtk.fixes > 100);
    CHECK_INT(rtk.unordered, 0);
}

/* ---- clips --------------------------------------------------------------------------------------------- */

FACT(a_clip_of_one_event_is_read_whole_or_not_at_all_and_is_no_drive)
{
    float z[8];
    size_t n = 0;
    char error[SOURCE_ERROR_SIZE] = "";

    CHECK_STATUS(clip_read(write_file("clip.csv", "acc_z\n10.082\n9.68\r\n\n-9.5\n"), z, 8, &n, error), ROAD_OK);
    CHECK_INT(n, 3);
    CHECK_NEAR(z[0], 10.082, 1e-6);
    CHECK_NEAR(z[2], -9.5, 1e-6);
    CHECK_STATUS(clip_read(in_folder("clip.csv"), z, 2, &n, error), ROAD_TOO_LARGE);
    const struct reading r = read_all(in_folder("clip.csv"), -1, 0);
    CHECK_STATUS(r.opened, ROAD_UNSUPPORTED);
    CHECK_HOLDS(r.first_error, "clip.csv: a clip of one event has neither time nor place");
    CHECK_HOLDS(read_all(folder, -1, 0).first_error, "neither time nor place"); /* a folder of clips */
    CHECK_STATUS(clip_read(write_file("clip.csv", "acc_z\n1\nx\n2\n"), z, 8, &n, error), ROAD_BAD_INPUT);
    CHECK_HOLDS(error, "clip.csv:3: not one number");
    CHECK_STATUS(clip_read(write_file("clip.csv", "acc_z,b\n1,2\n"), z, 8, &n, error), ROAD_BAD_INPUT);
    remove_files();
}

FACT(a_recording_of_old_is_moved_whole_and_one_with_its_own_clock_stays)
{
    static const char *const texts[] = {
        "time_s,ax_mps2,ay_mps2,az_mps2,lat_deg,lon_deg\n1500000000.5,0,0,9.8,47,17\n1500000002,0,0,9.8,47.1,17\n",
        "time_s,ax_mps2,ay_mps2,az_mps2,lat_deg,lon_deg\n0,0,0,9.8,47,17\n1.5,0,0,9.8,47.1,17\n"};
    char error[SOURCE_ERROR_SIZE];

    for (int i = 0; i < 2; i++) {
        struct source *source;
        struct source_event e = {.kind = SOURCE_IDLE};
        int64_t times_ns[4] = {0};
        size_t n = 0;
        CHECK_STATUS(source_open_recording(write_file("old.csv", texts[i]), START_NS, -1, 0, &source, error), ROAD_OK);
        source_move_to(source, START_NS);
        while (source_next(source, &e, error) == ROAD_OK && e.kind != SOURCE_END && n < 4)
            times_ns[n++] = e.kind == SOURCE_FIX ? e.fix.time_ns : e.motion.time_ns;
        source_close(source);
        CHECK_INT(n, 4);
        CHECK_INT(times_ns[0], START_NS);
        CHECK_INT(times_ns[1], START_NS);
        CHECK_INT(times_ns[3], START_NS + 1500000000);
    }
    remove_files();
}

/* ---- refusals ------------------------------------------------------------------------------------------ */

FACT(what_is_no_recording_is_refused_by_what_it_is)
{
    static const struct {
        const char *name, *bytes, *words;
        enum road_status status;
    } cases[] = {
        {"export.zip", "PK\x03\x04zip", "export.zip: a zip archive: unpack it first", ROAD_UNSUPPORTED},
        {"export.csv.gz", "\x1F\x8B\x08", "a gzip archive: unpack it first", ROAD_UNSUPPORTED},
        {"export.csv", "PK\x03\x04zip", "a zip archive", ROAD_UNSUPPORTED}, /* its name does not matter */
        {"export.json", "[{\"sensor\":\"accelerometer\"}]", "JSON", ROAD_UNSUPPORTED},
        {"other.csv", "name,shoe size\nx,1\n", "other.csv:1: the first line names name, shoe size: no recording", ROAD_BAD_INPUT},
        {"TotalAcceleration.csv", "time,seconds_elapsed,z,y,x\n1,2,3,4,5\n", "one file of a sensor-logger recording: give its folder",
         ROAD_BAD_INPUT},
        {"Gyro.csv", "\"Time (s)\",\"X (rad/s)\",\"Y (rad/s)\",\"Z (rad/s)\"\n", "one file of a phyphox recording", ROAD_BAD_INPUT},
        {"empty.csv", "", "empty.csv:1: the file is empty", ROAD_BAD_INPUT},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reading r = read_all(write_file(cases[i].name, cases[i].bytes), -1, 0);
        CHECK_STATUS(r.opened, cases[i].status);
        CHECK_HOLDS(r.first_error, cases[i].words);
    }
    remove_files();
    CHECK_INT(mkfifo(in_folder("pipe.csv"), 0600), 0);
    CHECK_HOLDS(read_all(in_folder("pipe.csv"), -1, 0).first_error, "pipe.csv: neither a file nor a folder");
    remove_files();
    const struct reading r = read_all(folder, -1, 0);
    CHECK_HOLDS(r.first_error, "this folder holds nothing: no recording known here; I know: phyphox");
}

FACT(every_format_stands_in_the_docs)
{
    static char text[65536];
    FILE *file = fopen(ROAD_SOURCE_DIR "/docs/recordings.md", "rb");

    if (!file) {
        CHECK_FAILED("no docs/recordings.md");
        return;
    }
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (const struct source_format *f = source_formats; f->name; f++) {
        char row[64];
        snprintf(row, sizeof row, "\n| `%s` |", f->name);
        CHECK_HOLDS(text, row);
    }
}

FACT(a_table_of_nul_bytes_or_one_endless_line_ends_in_words)
{
    static char text[70000];
    char path[128];

    snprintf(path, sizeof path, "%s/x.csv", folder);
    for (int round = 0; round < 2; round++) {
        FILE *file = fopen(path, "wb");
        memset(text, round ? 'x' : '\0', sizeof text);
        if (!file || fwrite(text, 1, sizeof text, file) != sizeof text || fclose(file))
            abort();
        const struct reading r = read_all(path, -1, 0);
        CHECK(r.opened != ROAD_OK);
        CHECK_HOLDS(r.first_error, "x.csv");
    }
    remove_files();
}

int main(int argc, char **argv)
{
    snprintf(folder, sizeof folder, "%s", "/tmp/road-formats-XXXXXX");
    if (!mkdtemp(folder))
        return 2;
    const int result = check_main(argc, argv);
    rmdir(folder);
    return result;
}
