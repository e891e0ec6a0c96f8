#include "sensor-node/source_formats.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_SIZE 512
#define FILES_LOOKED_AT 64 /* in a folder */

const struct source_format source_formats[] = {
    {.name = "phyphox",
     .what = "folder of the phone app phyphox: Accelerometer.csv (with gravity), Gyroscope.csv, Location.csv",
     .example = "roadchief detect phyphox-export/ --start 2026-11-23T07:41:00Z",
     .is_folder = true,
     .streams = &streams_phyphox},
    {.name = "sensor-logger",
     .what = "folder of the phone app Sensor Logger: TotalAcceleration.csv, or Accelerometer.csv and Gravity.csv",
     .example = "roadchief detect 2026-11-23_07-41-00/",
     .is_folder = true,
     .open = source_open_sensorlogger,
     .is_it = format_is_sensorlogger,
     .is_part = format_is_sensorlogger_part},
    {.name = "comma2k19",
     .what = "folder with accelerometer.csv, gyro.csv and gnss_ublox.csv on one boot clock (t_boot_s)",
     .example = "roadchief detect comma2k19-sample/",
     .is_folder = true,
     .streams = &streams_comma2k19},
    {.name = "pair",
     .what = "folder with one motion table and one file of positions (NMEA, GPX, track) that overlap in time",
     .example = "roadchief detect pavevibe-drive/",
     .is_folder = true,
     .open = source_open_pair,
     .is_it = format_is_pair},
    {.name = "clips",
     .what = "folder of clips (below), or of folders of them",
     .example = "roadchief detect gonzalez2017-events-50hz/",
     .role = FORMAT_CLIP,
     .is_folder = true,
     .open = source_open_clip,
     .is_it = format_is_clips},
    {.name = "csv",
     .what = "plain CSV: time_s,ax_mps2,ay_mps2,az_mps2[,gx_radps,gy_radps,gz_radps,lat_deg,lon_deg,speed_mps]",
     .example = "roadchief detect drive.csv --start 2026-11-23T07:41:00Z",
     .rows = &rows_csv},
    {.name = "cmu",
     .what = "phone logger at 5 Hz: timestamp,latitude,longitude,speed,accelerometerX..Z (g),gyroX..Z",
     .example = "roadchief detect trip1_sensors.csv",
     .rows = &rows_cmu},
    {.name = "two-wheeler",
     .what = "motorbike clips without position: Timestamp (ms),X_Acc..Z_Acc,X_Gyro..Z_Gyro (degrees/s)",
     .example = "roadchief detect Gar_Single1.csv",
     .rows = &rows_twowheeler},
    {.name = "clip",
     .what = "one event without time and place: acc_z (m/s2 with gravity, 50 Hz); only its class is told",
     .example = "roadchief detect clip.csv",
     .role = FORMAT_CLIP,
     .open = source_open_clip,
     .is_it = format_is_clip},
    {.name = "pavevibe",
     .what = "log of the PaveVibe ESP32 node at 10 Hz: RTCData,RTCHora,GPSData,GPSHora,Lat,Long,Vel,Ax..Gz (g, degrees/s)",
     .example = "roadchief detect data.csv",
     .open = source_open_pavevibe,
     .is_it = format_is_pavevibe},
    {.name = "nmea",
     .what = "positions only: a receiver's log of NMEA 0183 sentences, read by gpsd",
     .example = "roadchief detect receiver.nmea",
     .role = FORMAT_POSITIONS,
     .open = source_open_nmea,
     .is_it = format_is_nmea},
    {.name = "gpx",
     .what = "positions only: the track of a GPX file",
     .example = "roadchief detect way.gpx",
     .role = FORMAT_POSITIONS,
     .open = source_open_gpx,
     .is_it = format_is_gpx},
    {.name = "track",
     .what = "positions only: latitude;longitude;elevation;time",
     .example = "roadchief detect gps.csv",
     .role = FORMAT_POSITIONS,
     .rows = &rows_track},
    {.name = NULL},
};

/* The fields point into `csv`, which stays open for them. */
static bool read_header(const char *path, struct csv **ret_csv, struct csv_field *ret_fields, size_t *ret_count)
{
    if (csv_open(path, ret_csv))
        return false;
    if (!csv_next(*ret_csv, ret_fields, ret_count))
        return true;
    csv_close(*ret_csv);
    return false;
}

bool format_header_matches(const char *folder, const char *file, const struct table_column *columns, size_t n)
{
    char path[4096];
    struct csv *csv;
    struct csv_field header[CSV_FIELDS_MAX];
    size_t fields = 0, required = 0;

    if (snprintf(path, sizeof path, "%s%s%s", folder ? folder : "", folder ? "/" : "", file) >= (int)sizeof path ||
        !read_header(path, &csv, header, &fields))
        return false;
    const size_t found = table_match(header, fields, columns, n, &required);
    csv_close(csv);
    return required > 0 && found == required;
}

static bool is_it(const struct source_format *format, const char *path)
{
    if (format->is_it)
        return format->is_it(path);
    if (format->streams)
        return format_header_matches(path, format->streams->motion_file, format->streams->motion, XYZ_COLUMNS);
    return format_header_matches(NULL, path, format->rows->columns, ROW_COLUMNS);
}

/* A list of words; what does not fit is left out. */
static void add(char *text, size_t size, const char *part)
{
    const size_t used = strlen(text), length = strlen(part);

    if (used + length + 3 > size)
        return;
    memcpy(text + used, ", ", 2);
    memcpy(text + used + (used ? 2 : 0), part, length + 1);
}

static void list_formats(char *ret_text, size_t size, bool is_folder)
{
    *ret_text = '\0';
    for (const struct source_format *f = source_formats; f->name; f++)
        if (f->is_folder == is_folder)
            add(ret_text, size, f->name);
}

/* The format that names most of its required columns in this header, if any does: its words help best. */
static const struct source_format *nearest(const struct csv_field *header, size_t n)
{
    const struct source_format *best = NULL;
    size_t most = 0;

    for (const struct source_format *f = source_formats; f->name; f++) {
        size_t required;
        if (!f->rows)
            continue;
        const size_t found = table_match(header, n, f->rows->columns, ROW_COLUMNS, &required);
        if (found > most) {
            most = found;
            best = f;
        }
    }
    return best;
}

/* What a file begins with, where that is no table. */
static const char *known_bytes(const char *head, size_t n)
{
    static const struct {
        const char *bytes, *advice;
    } known[] = {
        {"PK\x03\x04", "a zip archive: unpack it first and give the folder"},
        {"\x1F\x8B", "a gzip archive: unpack it first"},
        {"7z\xBC\xAF", "a 7z archive: unpack it first"},
        {"SQLite format 3", "a database: export it as CSV first"},
        {"\xD0\xCF\x11\xE0", "a spreadsheet: save it as CSV first"},
        {"\x89PNG", "a picture, not a recording"},
        {"{", "JSON, which is not read: export as CSV"},
        {"[", "JSON, which is not read: export as CSV"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (n >= strlen(known[i].bytes) && memcmp(head, known[i].bytes, strlen(known[i].bytes)) == 0)
            return known[i].advice;
    return memchr(head, '\0', n) ? "no text: a table with a first line of column names is expected" : NULL;
}

static bool matches_all(const struct csv_field *header, size_t n, const struct table_column *columns, size_t n_columns)
{
    size_t required = 0;
    const size_t found = table_match(header, n, columns, n_columns, &required);

    return required > 0 && found == required;
}

/* The folder format of which this is the first line of one file. */
static const char *folder_format(const struct csv_field *header, size_t n)
{
    for (const struct source_format *f = source_formats; f->name; f++) {
        const struct streams_layout *s = f->streams;
        if (s && (matches_all(header, n, s->motion, XYZ_COLUMNS) || matches_all(header, n, s->gyro, XYZ_COLUMNS) ||
                  matches_all(header, n, s->fix, FIX_COLUMNS)))
            return f->name;
        if (f->is_part && f->is_part(header, n))
            return f->name;
    }
    return NULL;
}

/* A header that lies near to a known one gives that format: opening it fails on what it lacks, and says so. */
static enum road_status near_miss(const char *path, const struct source_format **ret_format, char *ret_error)
{
    char formats[121], shown[100] = "";
    struct csv *csv;
    struct csv_field header[CSV_FIELDS_MAX];
    size_t n = 0;

    if (!read_header(path, &csv, header, &n)) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s:1: the file is empty, not even a line of column names", path);
        return ROAD_BAD_INPUT;
    }
    const char *part_of = folder_format(header, n);
    *ret_format = nearest(header, n);
    for (size_t i = 0; i < n && !*ret_format; i++) {
        char word[28];
        snprintf(word, sizeof word, "%.*s", (int)(header[i].length < 24 ? header[i].length : 24), header[i].text);
        for (char *c = word; *c; c++)
            *c = *c >= ' ' && *c <= '~' ? *c : '?';
        add(shown, sizeof shown, word);
    }
    csv_close(csv);
    if (part_of) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s:1: this is one file of a %s recording: give its folder", path,
                 part_of);
        return ROAD_BAD_INPUT;
    }
    if (*ret_format)
        return ROAD_OK;
    list_formats(formats, sizeof formats, false);
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s:1: the first line names %s: no recording known here; I know: %.120s",
             path, shown, formats);
    return ROAD_BAD_INPUT;
}

static enum road_status refuse_file(const char *path, const struct source_format **ret_format, char *ret_error)
{
    char head[HEAD_SIZE];
    FILE *file = fopen(path, "rbe");

    if (!file) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: cannot be opened: %s", path, strerror(errno));
        return ROAD_IO;
    }
    const size_t n = fread(head, 1, sizeof head, file);
    fclose(file);
    const char *advice = known_bytes(head, n);
    if (advice) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", path, advice);
        return ROAD_UNSUPPORTED;
    }
    return near_miss(path, ret_format, ret_error);
}

/* A folder whose motion file has the right name and a wrong first line: opening it says what is wrong. */
static const struct source_format *nearest_folder(const char *path)
{
    char file[4096];

    for (const struct source_format *f = source_formats; f->name; f++) {
        if (!f->streams)
            continue;
        snprintf(file, sizeof file, "%.4000s/%.80s", path, f->streams->motion_file);
        if (access(file, F_OK) == 0)
            return f;
    }
    return NULL;
}

/* What a folder holds, for a refusal. */
struct holding {
    char names[160];
    size_t entries, recordings;
    char first[80]; /* of the recordings */
};

static const struct source_format *find(const char *path, bool is_folder);

static int is_shown(const struct dirent *entry)
{
    return *entry->d_name != '.';
}

static bool look_into(const char *folder, struct holding *ret)
{
    struct dirent **entries = NULL;
    const int n = scandir(folder, &entries, is_shown, alphasort);

    *ret = (struct holding){.entries = n > 0 ? (size_t)n : 0};
    for (int i = 0; i < n; i++) {
        char path[4096];
        const char *name = entries[i]->d_name;
        struct stat info;
        if (i < 6)
            add(ret->names, sizeof ret->names, name);
        if (i < FILES_LOOKED_AT && snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path &&
            stat(path, &info) == 0 && S_ISREG(info.st_mode) && find(path, false) && ret->recordings++ == 0)
            snprintf(ret->first, sizeof ret->first, "%.70s", name);
        free(entries[i]);
    }
    free(entries);
    return n >= 0;
}

static enum road_status refuse_folder(const char *path, const struct source_format **ret_format, char *ret_error)
{
    char formats[121];
    struct holding h;

    if ((*ret_format = nearest_folder(path)))
        return ROAD_OK;
    if (!look_into(path, &h)) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: cannot be opened: %s", path, strerror(errno));
        return ROAD_IO;
    }
    list_formats(formats, sizeof formats, true);
    if (h.recordings > 0)
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.150s: this folder is no drive, but %zu of its files %s: give one, such as %s",
                 path, h.recordings, h.recordings == 1 ? "is" : "are", h.first);
    else
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.150s: this folder holds %s%s: no recording known here; I know: %.120s", path,
                 h.entries ? h.names : "nothing", h.entries > 6 ? ", ..." : "", formats);
    return ROAD_BAD_INPUT;
}

static const struct source_format *find(const char *path, bool is_folder)
{
    for (const struct source_format *f = source_formats; f->name; f++)
        if (f->is_folder == is_folder && is_it(f, path))
            return f;
    return NULL;
}

const struct source_format *format_of_file(const char *path)
{
    return find(path, false);
}

enum road_status format_find(const char *path, const struct source_format **ret_format, char *ret_error)
{
    struct stat info;

    if (stat(path, &info)) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: cannot be opened: %s", path, strerror(errno));
        return ROAD_IO;
    }
    const bool is_folder = S_ISDIR(info.st_mode);
    if (!is_folder && !S_ISREG(info.st_mode)) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: neither a file nor a folder: a recording is read more than once", path);
        return ROAD_UNSUPPORTED;
    }
    const struct source_format *format = find(path, is_folder);
    if (format) {
        *ret_format = format;
        return ROAD_OK;
    }
    return is_folder ? refuse_folder(path, ret_format, ret_error) : refuse_file(path, ret_format, ret_error);
}

enum road_status format_open(const struct source_format *format, const char *path, const struct recording_config *config,
                             struct source **ret_source, char *ret_error)
{
    struct source *source;
    const enum road_status status =
        format->open      ? format->open(path, config, &source, ret_error)
        : format->streams ? source_streams_open(path, format->streams, config, &source, ret_error)
                          : source_rows_open(path, format->rows, config, &source, ret_error);

    if (status)
        return status;
    source->format = format->name;
    *ret_source = source;
    return ROAD_OK;
}
