#include "gateway/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/image.h"

#define MAGIC   "RCSNAP\r\n"
#define VERSION 1
#define ORDER   0x01020304u /* another order of bytes reads another number */
#define PIECE   (1u << 20)

struct header {
    char magic[8];
    uint32_t order, version;
    int64_t batch, verdict, as_of_ns;
    uint64_t seq, length; /* of the image */
    uint8_t kid[KID_SIZE];
    uint8_t roads[SHA256_SIZE], image[SHA256_SIZE], self[SHA256_SIZE]; /* self: of all before it */
};
_Static_assert(sizeof(struct header) <= SNAPSHOT_HEADER_SIZE, "the header has room");

/* One way: bytes pass through `piece`, and the digest takes in one piece after the other. */
struct stream {
    int fd;
    uint8_t *piece, digest[SHA256_SIZE];
    size_t used, filled;
    uint64_t left, length; /* to read; written */
};

static enum road_status of_errno(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ROAD_FULL : ROAD_IO;
}

static enum road_status write_all(int fd, const void *bytes, size_t length, off_t at)
{
    const uint8_t *from = bytes;

    while (length > 0) {
        const ssize_t n = pwrite(fd, from, length, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return of_errno();
        from += n;
        at += n;
        length -= (size_t)n;
    }
    return ROAD_OK;
}

static void take_in(struct stream *stream, size_t length)
{
    uint8_t next[SHA256_SIZE];

    sha256_prefixed(2, stream->digest, SHA256_SIZE, stream->piece, length, next);
    memcpy(stream->digest, next, SHA256_SIZE);
}

static void seal_header(struct header *header)
{
    sha256(header, offsetof(struct header, self), header->self);
}

/* ---- out ----------------------------------------------------------------------------------------------- */

static enum road_status flush(struct stream *stream)
{
    if (stream->used == 0)
        return ROAD_OK;
    take_in(stream, stream->used);
    const enum road_status status =
        write_all(stream->fd, stream->piece, stream->used, (off_t)(SNAPSHOT_HEADER_SIZE + stream->length));
    stream->length += stream->used;
    stream->used = 0;
    return status;
}

static enum road_status put(void *context, const void *bytes, size_t length)
{
    struct stream *stream = context;
    const uint8_t *from = bytes;
    enum road_status status = ROAD_OK;

    while (length > 0 && status == ROAD_OK) {
        const size_t n = length < PIECE - stream->used ? length : PIECE - stream->used;
        memcpy(stream->piece + stream->used, from, n);
        stream->used += n;
        from += n;
        length -= n;
        if (stream->used == PIECE)
            status = flush(stream);
    }
    return status;
}

static enum road_status write_header(const struct stream *stream, const struct snapshot_mark *mark)
{
    uint8_t bytes[SNAPSHOT_HEADER_SIZE] = {0};
    struct header header;

    memset(&header, 0, sizeof header);
    memcpy(header.magic, MAGIC, sizeof header.magic);
    header.order = ORDER;
    header.version = VERSION;
    header.batch = mark->settled.batch;
    header.verdict = mark->settled.verdict;
    header.as_of_ns = mark->settled.as_of_ns;
    header.seq = mark->settled.seq;
    header.length = stream->length;
    memcpy(header.kid, mark->settled.speaker.bytes, KID_SIZE);
    memcpy(header.roads, mark->roads, SHA256_SIZE);
    memcpy(header.image, stream->digest, SHA256_SIZE);
    seal_header(&header);
    memcpy(bytes, &header, sizeof header);
    return write_all(stream->fd, bytes, sizeof bytes, 0);
}

static enum road_status write_file(const char *path, const struct snapshot_mark *mark, const struct beliefs *beliefs)
{
    struct stream stream = {.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    const struct image_sink sink = {put, &stream};

    if (stream.fd < 0)
        return of_errno();
    stream.piece = malloc(PIECE);
    enum road_status status = stream.piece ? beliefs_save(beliefs, &sink) : ROAD_NO_MEMORY;
    if (status == ROAD_OK)
        status = flush(&stream);
    if (status == ROAD_OK)
        status = write_header(&stream, mark);
    if (status == ROAD_OK && fsync(stream.fd) != 0)
        status = of_errno();
    if (close(stream.fd) != 0 && status == ROAD_OK)
        status = of_errno();
    free(stream.piece);
    return status;
}

static enum road_status sync_folder_of(const char *path)
{
    char folder[SNAPSHOT_PATH_SIZE] = ".";
    const char *slash = strrchr(path, '/');

    if (slash)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ROAD_IO;
    const int rc = fsync(fd);
    close(fd);
    return rc == 0 ? ROAD_OK : ROAD_IO;
}

/* At no moment is there neither the old one nor the new one under a name that is read. */
enum road_status snapshot_write(const char *path, const struct snapshot_mark *mark, const struct beliefs *beliefs)
{
    char fresh[SNAPSHOT_PATH_SIZE + 8], old[SNAPSHOT_PATH_SIZE + 8];

    if (strlen(path) >= SNAPSHOT_PATH_SIZE)
        return ROAD_TOO_LARGE;
    snprintf(fresh, sizeof fresh, "%s.new", path);
    snprintf(old, sizeof old, "%s.old", path);
    const enum road_status status = write_file(fresh, mark, beliefs);
    if (status != ROAD_OK) {
        unlink(fresh); /* a full disk wants its room back */
        return status;
    }
    rename(path, old); /* there may be none */
    if (rename(fresh, path) != 0)
        return ROAD_IO;
    return sync_folder_of(path);
}

/* ---- in ------------------------------------------------------------------------------------------------ */

static enum road_status read_all(int fd, void *ret_bytes, size_t length)
{
    uint8_t *to = ret_bytes;

    while (length > 0) {
        const ssize_t n = read(fd, to, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? ROAD_CORRUPT : ROAD_IO;
        to += n;
        length -= (size_t)n;
    }
    return ROAD_OK;
}

static enum road_status fill(struct stream *stream)
{
    const size_t n = stream->left < PIECE ? (size_t)stream->left : PIECE;

    const enum road_status status = n ? read_all(stream->fd, stream->piece, n) : ROAD_CORRUPT;
    if (status != ROAD_OK)
        return status;
    take_in(stream, n);
    stream->left -= n;
    stream->filled = n;
    stream->used = 0;
    return ROAD_OK;
}

static enum road_status get(void *context, void *ret_bytes, size_t length)
{
    struct stream *stream = context;
    uint8_t *to = ret_bytes;

    while (length > 0) {
        if (stream->used == stream->filled) {
            const enum road_status status = fill(stream);
            if (status != ROAD_OK)
                return status;
        }
        const size_t there = stream->filled - stream->used, n = length < there ? length : there;
        memcpy(to, stream->piece + stream->used, n);
        stream->used += n;
        to += n;
        length -= n;
    }
    return ROAD_OK;
}

static enum road_status read_header(int fd, const uint8_t roads[SHA256_SIZE], struct header *ret_header)
{
    uint8_t bytes[SNAPSHOT_HEADER_SIZE], self[SHA256_SIZE];
    struct stat info;

    const enum road_status status = read_all(fd, bytes, sizeof bytes);
    if (status != ROAD_OK)
        return status;
    memcpy(ret_header, bytes, sizeof *ret_header);
    if (memcmp(ret_header->magic, MAGIC, sizeof ret_header->magic) != 0)
        return ROAD_CORRUPT;
    if (ret_header->order != ORDER || ret_header->version != VERSION)
        return ROAD_BAD_VERSION;
    memcpy(self, ret_header->self, SHA256_SIZE);
    seal_header(ret_header);
    if (memcmp(self, ret_header->self, SHA256_SIZE) != 0)
        return ROAD_CORRUPT;
    if (memcmp(roads, ret_header->roads, SHA256_SIZE) != 0)
        return ROAD_BAD_VERSION;
    if (fstat(fd, &info) != 0)
        return ROAD_IO;
    return (uint64_t)info.st_size == SNAPSHOT_HEADER_SIZE + ret_header->length ? ROAD_OK : ROAD_CORRUPT;
}

static enum road_status read_image(struct stream *stream, const struct header *header, struct beliefs *beliefs)
{
    const struct beliefs_config config = beliefs->config;
    struct image_source source = {get, stream, header->length};

    stream->left = header->length;
    enum road_status status = beliefs_load(beliefs, &source);
    if (status == ROAD_OK && (source.left != 0 || memcmp(stream->digest, header->image, SHA256_SIZE) != 0))
        status = ROAD_CORRUPT;
    if (status != ROAD_OK) {
        beliefs_done(beliefs);
        beliefs_init(beliefs, &config);
    }
    return status;
}

enum road_status snapshot_read(const char *path, const uint8_t roads[SHA256_SIZE], struct beliefs *beliefs,
                               struct snapshot_mark *ret_mark)
{
    struct stream stream = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
    struct header header;

    if (stream.fd < 0)
        return errno == ENOENT ? ROAD_NOT_FOUND : ROAD_IO;
    enum road_status status = read_header(stream.fd, roads, &header);
    stream.piece = status == ROAD_OK ? malloc(PIECE) : NULL;
    if (status == ROAD_OK)
        status = stream.piece ? read_image(&stream, &header, beliefs) : ROAD_NO_MEMORY;
    close(stream.fd);
    free(stream.piece);
    if (status != ROAD_OK)
        return status;
    *ret_mark = (struct snapshot_mark){
        .settled = {.batch = header.batch, .verdict = header.verdict, .as_of_ns = header.as_of_ns, .seq = header.seq}};
    memcpy(ret_mark->settled.speaker.bytes, header.kid, KID_SIZE);
    memcpy(ret_mark->roads, header.roads, SHA256_SIZE);
    return ROAD_OK;
}
