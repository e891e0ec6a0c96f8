#include "sensor-node/iio_device.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sensor-node/source.h"

#define PATH_SIZE 1024
#define TEXT_SIZE 128       /* of a sysfs attribute */
#define CHANNELS_MAX 32     /* in a scan */
#define SCAN_MAX 256        /* bytes */
#define BUFFER_LENGTH 256   /* scans that the kernel keeps for us, at least; a second of them for a fast sensor */

enum { ACCEL_X, ACCEL_Y, ACCEL_Z, GYRO_X, GYRO_Y, GYRO_Z, STAMP, WANTED };
static const char *const wanted_names[WANTED] = {"in_accel_x",   "in_accel_y",   "in_accel_z",  "in_anglvel_x",
                                                 "in_anglvel_y", "in_anglvel_z", "in_timestamp"};

struct channel {
    long index;
    int wanted; /* one of the above, -1 = somebody else's: skipped */
    struct iio_format format;
    size_t offset;
};

struct iio_device {
    char folder[PATH_SIZE]; /* .../iio:deviceN */
    int fd;
    struct channel channels[CHANNELS_MAX];
    size_t n_channels, scan_size;
    bool has[WANTED];
    double scale[2], offset[2]; /* accelerometer, gyroscope */
    double mount[2][3][3];      /* turns their axes into the board's */
    double frequency_hz;        /* 0 = unknown */
    size_t held;                /* bytes of a scan cut by read */
    uint8_t buffer[SCAN_MAX * 256];
};

static bool attribute_read(const struct iio_device *iio, const char *name, char ret_text[TEXT_SIZE])
{
    char path[PATH_SIZE + 256];
    bool is_read = false;

    snprintf(path, sizeof path, "%s/%s", iio->folder, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    if (fgets(ret_text, TEXT_SIZE, file)) {
        ret_text[strcspn(ret_text, "\r\n")] = '\0';
        is_read = true;
    }
    fclose(file);
    return is_read;
}

static bool attribute_write(const struct iio_device *iio, const char *name, const char *text)
{
    char path[PATH_SIZE + 256];
    const size_t length = strlen(text);

    snprintf(path, sizeof path, "%s/%s", iio->folder, name);
    const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool is_written = write(fd, text, length) == (ssize_t)length;
    close(fd);
    return is_written;
}

static bool number_read(const struct iio_device *iio, const char *name, double *ret_value)
{
    char text[TEXT_SIZE], *end;

    if (!attribute_read(iio, name, text))
        return false;
    const double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value))
        return false;
    *ret_value = value;
    return true;
}

static bool has_sensor(const struct iio_device *iio, enum iio_sensor sensor)
{
    char text[TEXT_SIZE];
    const bool has_accel = attribute_read(iio, "scan_elements/in_accel_x_type", text);

    return sensor == IIO_ACCELEROMETER ? has_accel
                                       : !has_accel && attribute_read(iio, "scan_elements/in_anglvel_x_type", text);
}

static bool is_asked_for(const struct iio_device *iio, const char *entry, const char *device, enum iio_sensor sensor)
{
    char name[TEXT_SIZE];

    if (!*device)
        return has_sensor(iio, sensor);
    return strcmp(entry, device) == 0 || (attribute_read(iio, "name", name) && strcmp(name, device) == 0);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
    return strverscmp((*a)->d_name, (*b)->d_name);
}

static int is_device(const struct dirent *entry)
{
    return strncmp(entry->d_name, "iio:device", 10) == 0 && strlen(entry->d_name) <= 60;
}

/* Sets iio->folder; the device's own entry name goes to ret_entry. The lowest number wins. */
static enum road_status find_device(struct iio_device *iio, const char *root, const char *device, enum iio_sensor sensor,
                                    char ret_entry[64], char *ret_error)
{
    char path[PATH_SIZE - 64];
    struct dirent **entries = NULL;
    bool is_found = false;

    snprintf(path, sizeof path, "%.800s/sys/bus/iio/devices", root);
    const int n = scandir(path, &entries, is_device, by_number);
    if (n < 0) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", path, strerror(errno));
        return ROAD_NOT_FOUND;
    }
    for (int i = 0; i < n; i++) {
        if (!is_found) {
            snprintf(iio->folder, sizeof iio->folder, "%s/%.60s", path, entries[i]->d_name);
            is_found = is_asked_for(iio, entries[i]->d_name, device, sensor);
            snprintf(ret_entry, 64, "%.60s", entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    if (is_found)
        return ROAD_OK;
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: no %.60s with %s there", path, *device ? device : "device",
             sensor == IIO_ACCELEROMETER ? "an accelerometer" : "a gyroscope");
    return ROAD_NOT_FOUND;
}

static int wanted_of(const char *name, size_t length)
{
    for (int w = 0; w < WANTED; w++)
        if (strlen(wanted_names[w]) == length && memcmp(wanted_names[w], name, length) == 0)
            return w;
    return -1;
}

/* One "NAME_en" of scan_elements: switch ours on, take down how each one that is on is packed. */
static enum road_status add_channel(struct iio_device *iio, const char *file, char *ret_error)
{
    const size_t length = strlen(file) - 3;
    char name[TEXT_SIZE], text[TEXT_SIZE];
    struct channel channel = {.wanted = wanted_of(file, length)};
    double index;

    snprintf(name, sizeof name, "scan_elements/%s", file);
    if (channel.wanted >= 0 && !attribute_write(iio, name, "1"))
        return ROAD_IO;
    if (channel.wanted < 0 && attribute_read(iio, name, text) && strcmp(text, "1") != 0)
        return ROAD_OK;
    snprintf(name, sizeof name, "scan_elements/%.*s_index", (int)length, file);
    if (!number_read(iio, name, &index) || index < 0 || index > 1000 || iio->n_channels == CHANNELS_MAX)
        return ROAD_BAD_INPUT;
    channel.index = lround(index);
    snprintf(name, sizeof name, "scan_elements/%.*s_type", (int)length, file);
    if (!attribute_read(iio, name, text) || iio_format_parse(text, &channel.format)) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s/%s: not a packing this program reads", iio->folder, name);
        return ROAD_BAD_INPUT;
    }
    iio->channels[iio->n_channels++] = channel;
    if (channel.wanted >= 0)
        iio->has[channel.wanted] = true;
    return ROAD_OK;
}

static enum road_status find_channels(struct iio_device *iio, enum iio_sensor sensor, char *ret_error)
{
    const int first = sensor == IIO_ACCELEROMETER ? ACCEL_X : GYRO_X;
    char path[PATH_SIZE + 32];
    enum road_status status = ROAD_OK;

    snprintf(path, sizeof path, "%s/scan_elements", iio->folder);
    DIR *folder = opendir(path);
    for (struct dirent *entry = folder ? readdir(folder) : NULL; entry && !status; entry = readdir(folder)) {
        const size_t length = strlen(entry->d_name);
        if (length > 3 && length < 64 && strcmp(entry->d_name + length - 3, "_en") == 0)
            status = add_channel(iio, entry->d_name, ret_error);
    }
    if (folder)
        closedir(folder);
    if (!status && !(iio->has[first] && iio->has[first + 1] && iio->has[first + 2]))
        status = ROAD_BAD_INPUT;
    if (status && !*ret_error)
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s, _y and _z cannot be set up", path, wanted_names[first]);
    return status;
}

static int by_index(const void *a, const void *b)
{
    const struct channel *x = a, *y = b;

    return (x->index > y->index) - (x->index < y->index);
}

/* Each channel is aligned to its own size, a scan to its largest. */
static enum road_status lay_out(struct iio_device *iio, char *ret_error)
{
    size_t at = 0, largest = 1;

    qsort(iio->channels, iio->n_channels, sizeof iio->channels[0], by_index);
    for (size_t i = 0; i < iio->n_channels; i++) {
        const size_t size = iio->channels[i].format.storage_bits / 8;
        at = (at + size - 1) / size * size;
        iio->channels[i].offset = at;
        at += size;
        largest = size > largest ? size : largest;
    }
    iio->scan_size = (at + largest - 1) / largest * largest;
    if (iio->scan_size <= SCAN_MAX)
        return ROAD_OK;
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: a scan of %zu bytes is too large", iio->folder, iio->scan_size);
    return ROAD_TOO_LARGE;
}

static enum road_status read_scales(struct iio_device *iio, char *ret_error)
{
    static const char *const shared[2] = {"in_accel_scale", "in_anglvel_scale"};
    static const char *const single[2] = {"in_accel_x_scale", "in_anglvel_x_scale"};
    static const char *const offset[2] = {"in_accel_offset", "in_anglvel_offset"};

    for (int i = 0; i < 2; i++) {
        if (!iio->has[i == 0 ? ACCEL_X : GYRO_X])
            continue;
        if (!number_read(iio, shared[i], &iio->scale[i]) && !number_read(iio, single[i], &iio->scale[i])) {
            snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s/%s: no number to be read there", iio->folder, shared[i]);
            return ROAD_BAD_INPUT;
        }
        number_read(iio, offset[i], &iio->offset[i]); /* most devices have none: 0 */
    }
    if (!number_read(iio, "sampling_frequency", &iio->frequency_hz) || iio->frequency_hz < 0)
        iio->frequency_hz = 0;
    if (iio->has[STAMP] || iio->frequency_hz > 0)
        return ROAD_OK;
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: neither in_timestamp nor sampling_frequency", iio->folder);
    return ROAD_BAD_INPUT;
}

static enum road_status start(struct iio_device *iio, const char *root, const char *entry, char *ret_error)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%ld", iio->frequency_hz > BUFFER_LENGTH ? lround(fmin(iio->frequency_hz, 65536)) : BUFFER_LENGTH);
    attribute_write(iio, "buffer/length", path); /* some devices fix it themselves */
    snprintf(path, sizeof path, "%.800s/dev/%s", root, entry);
    iio->fd = -1;
    if (attribute_write(iio, "buffer/enable", "1"))
        iio->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (iio->fd >= 0)
        return ROAD_OK;
    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: the buffer cannot be started: %s", path, strerror(errno));
    return ROAD_IO;
}

static void set_identity(double matrix[3][3])
{
    for (int i = 0; i < 9; i++)
        matrix[i / 3][i % 3] = i / 3 == i % 3;
}

/* "1, 0, 0; 0, 1, 0; 0, 0, 1": rows by semicolons (sysfs-bus-iio, mount_matrix). */
static bool matrix_read(const struct iio_device *iio, const char *name, double ret_matrix[3][3])
{
    char text[TEXT_SIZE], *at = text;
    double m[9];

    if (!attribute_read(iio, name, text))
        return false;
    for (int i = 0; i < 9; i++) {
        char *end;
        m[i] = strtod(at, &end);
        if (end == at || !isfinite(m[i]))
            return false;
        at = end + strspn(end, ",; ");
    }
    memcpy(ret_matrix, m, sizeof m);
    return true;
}

/* How a chip sits on its board: without it the axes of two chips would not be the same. Not given = as printed on it. */
static void read_mounts(struct iio_device *iio)
{
    static const char *const own[2] = {"in_accel_mount_matrix", "in_anglvel_mount_matrix"};

    for (int i = 0; i < 2; i++)
        if (!matrix_read(iio, own[i], iio->mount[i]) && !matrix_read(iio, "in_mount_matrix", iio->mount[i]) &&
            !matrix_read(iio, "mount_matrix", iio->mount[i]))
            set_identity(iio->mount[i]);
}

enum road_status iio_device_open(const char *root, const char *name, enum iio_sensor sensor, struct iio_device **ret_device, char *ret_error)
{
    char entry[64];
    struct iio_device *iio = calloc(1, sizeof *iio);

    *ret_error = '\0';
    if (!iio) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%s", road_status_sentence(ROAD_NO_MEMORY));
        return ROAD_NO_MEMORY;
    }
    iio->fd = -1;
    enum road_status status = find_device(iio, root, name, sensor, entry, ret_error);
    if (!status) {
        attribute_write(iio, "buffer/enable", "0"); /* channels can only be chosen while it is off */
        attribute_write(iio, "current_timestamp_clock", "realtime");
        status = find_channels(iio, sensor, ret_error);
    }
    if (!status)
        status = lay_out(iio, ret_error);
    if (!status)
        status = read_scales(iio, ret_error);
    read_mounts(iio);
    if (!status)
        status = start(iio, root, entry, ret_error);
    if (status) {
        iio_device_close(iio);
        return status;
    }
    *ret_device = iio;
    return ROAD_OK;
}

void iio_device_close(struct iio_device *iio)
{
    if (!iio)
        return;
    if (iio->fd >= 0) {
        close(iio->fd);
        attribute_write(iio, "buffer/enable", "0");
    }
    free(iio);
}

bool iio_device_has_gyro(const struct iio_device *iio)
{
    return iio->has[GYRO_X] && iio->has[GYRO_Y] && iio->has[GYRO_Z];
}

static void turn(const double mount[3][3], const double *value, float *ret_value)
{
    for (int i = 0; i < 3; i++)
        ret_value[i] = (float)(mount[i][0] * value[0] + mount[i][1] * value[1] + mount[i][2] * value[2]);
}

static void unpack(const struct iio_device *iio, const uint8_t *scan, struct motion_sample *ret_sample)
{
    const double unknown = (double)NAN;
    double value[6] = {0, 0, 0, unknown, unknown, unknown};
    struct motion_sample sample = {0};

    for (size_t i = 0; i < iio->n_channels; i++) {
        const struct channel *channel = &iio->channels[i];
        const int64_t raw = iio_value(&channel->format, scan + channel->offset);
        const int sensor = channel->wanted >= GYRO_X;
        if (channel->wanted == STAMP)
            sample.time_ns = raw;
        else if (channel->wanted >= ACCEL_X)
            value[channel->wanted] = ((double)raw + iio->offset[sensor]) * iio->scale[sensor];
    }
    turn(iio->mount[0], value, sample.accel_mps2);
    turn(iio->mount[1], value + 3, sample.gyro_radps);
    *ret_sample = sample;
}

/* Without timestamps: the last scan was taken just now, the others one period apart before it. */
static void stamp(const struct iio_device *iio, struct motion_sample *samples, size_t count)
{
    struct timespec now;
    const double period_ns = 1e9 / iio->frequency_hz;

    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    for (size_t i = 0; i < count; i++)
        samples[i].time_ns = now_ns - llround(period_ns * (double)(count - 1 - i));
}

enum road_status iio_device_read(struct iio_device *iio, struct motion_sample *ret_samples, size_t capacity, size_t *ret_count)
{
    size_t want = capacity * iio->scan_size, count = 0;

    want = want > sizeof iio->buffer ? sizeof iio->buffer / iio->scan_size * iio->scan_size : want;
    *ret_count = 0;
    if (want == 0)
        return ROAD_OK;
    const ssize_t got = read(iio->fd, iio->buffer + iio->held, want - iio->held);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR || errno == EBUSY ? ROAD_OK : ROAD_END;
    if (got == 0)
        return ROAD_END;
    iio->held += (size_t)got;
    for (; (count + 1) * iio->scan_size <= iio->held; count++)
        unpack(iio, iio->buffer + count * iio->scan_size, &ret_samples[count]);
    iio->held -= count * iio->scan_size;
    memmove(iio->buffer, iio->buffer + count * iio->scan_size, iio->held);
    if (!iio->has[STAMP])
        stamp(iio, ret_samples, count);
    *ret_count = count;
    return ROAD_OK;
}
