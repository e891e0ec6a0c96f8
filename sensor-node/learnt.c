#include "sensor-node/learnt.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "link/database.h"
#include "link/log.h"

struct bytes {
    uint8_t data[NODE_CORE_BYTES_MAX + 1]; /* one more, so that a file that is too long shows */
    size_t length;
};

static void path_of(const struct node_config *config, const char *suffix, char *ret_path, size_t size)
{
    snprintf(ret_path, size, "%s/vehicle.state%s", config->data_dir, suffix);
}

/* Empty where there is no file. */
static void read_file(const struct node_config *config, struct bytes *ret_bytes)
{
    char path[1100];

    path_of(config, "", path, sizeof path);
    FILE *in = fopen(path, "rbe");
    ret_bytes->length = in ? fread(ret_bytes->data, 1, sizeof ret_bytes->data, in) : 0;
    if (in)
        fclose(in);
    else if (errno != ENOENT)
        log_warn("what was learnt cannot be read path=%s reason=%s", path, strerror(errno));
}

static void set_aside(const struct node_config *config, enum road_status status)
{
    char path[1100], aside[1100];

    path_of(config, "", path, sizeof path);
    path_of(config, ".bad", aside, sizeof aside);
    log_error("what was learnt is not used, and set aside as %s: %s; the vehicle learns anew", aside,
              road_status_sentence(status));
    if (rename(path, aside) != 0)
        log_warn("%s stays: %s", path, strerror(errno));
}

/* What this node.db began with; false if it has not begun yet. */
static bool read_beginning(sqlite3 *db, struct bytes *ret_bytes)
{
    sqlite3_stmt *row;
    bool is_there = false;

    if (database_prepare(db, "SELECT state FROM learnt_at_start WHERE id = 1", &row) != ROAD_OK)
        return false;
    if (sqlite3_step(row) == SQLITE_ROW) {
        const size_t length = (size_t)sqlite3_column_bytes(row, 0);
        is_there = true;
        ret_bytes->length = length < sizeof ret_bytes->data ? length : sizeof ret_bytes->data;
        if (length > 0)
            memcpy(ret_bytes->data, sqlite3_column_blob(row, 0), ret_bytes->length);
    }
    sqlite3_finalize(row);
    return is_there;
}

static void keep_beginning(sqlite3 *db, const struct bytes *bytes)
{
    sqlite3_stmt *row;
    enum road_status status = database_prepare(db, "INSERT INTO learnt_at_start VALUES (1, ?)", &row);

    if (status == ROAD_OK) {
        if (bytes->length > 0)
            sqlite3_bind_blob(row, 1, bytes->data, (int)bytes->length, SQLITE_STATIC);
        else
            sqlite3_bind_zeroblob(row, 1, 0);
        status = database_run(row);
        sqlite3_finalize(row);
    }
    if (status != ROAD_OK)
        fatal("node.db: what the vehicle knew at the start cannot be kept: %s", road_status_sentence(status));
}

void learnt_begin(const struct node_config *config, sqlite3 *db, struct node_core *core)
{
    static struct bytes bytes;
    const bool is_recording = config->source == NODE_SOURCE_RECORDING;
    const bool has_begun = is_recording && read_beginning(db, &bytes);

    if (!has_begun)
        read_file(config, &bytes);
    const enum road_status status = bytes.length > 0 ? node_core_load(core, bytes.data, bytes.length) : ROAD_OK;
    if (status != ROAD_OK) {
        bytes.length = 0;
        if (has_begun)
            log_error("node.db: what was learnt before is damaged and not used: %s", road_status_sentence(status));
        else
            set_aside(config, status);
    }
    if (is_recording && !has_begun)
        keep_beginning(db, &bytes);
    const struct node_core_stats s = node_core_stats(core);
    log_info("vehicle learnt_bytes=%zu gnss_lag_s=%.3f timing_sigma_s=%.3f recrossed=%" PRIu64, bytes.length, s.gnss_lag_s,
             s.timing_sigma_s, s.recrossed);
}

/* The file, and then its name, are on disk before the old ones go. */
static bool write_file(const char *path, const struct bytes *bytes)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t done = 0;

    if (fd < 0)
        return false;
    while (done < bytes->length) {
        const ssize_t n = write(fd, bytes->data + done, bytes->length - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    const bool is_whole = done == bytes->length && fsync(fd) == 0;
    return close(fd) == 0 && is_whole;
}

static bool sync_folder(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return false;
    const bool is_synced = fsync(fd) == 0;
    close(fd);
    return is_synced;
}

void learnt_keep(const struct node_config *config, const struct node_core *core)
{
    static struct bytes bytes;
    char path[1100], fresh[1100];

    path_of(config, "", path, sizeof path);
    path_of(config, ".new", fresh, sizeof fresh);
    bytes.length = node_core_save(core, bytes.data);
    if (!write_file(fresh, &bytes) || rename(fresh, path) != 0 || !sync_folder(config->data_dir))
        log_warn("what was learnt cannot be kept path=%s reason=%s", path, strerror(errno));
}
