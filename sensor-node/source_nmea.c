/* source_nmea.c - a receiver's log of NMEA 0183 sentences: positions. The parser is gpsd, as for live receivers: a gpsd of
 * our own is started on free ports of this machine, connects to us and is given the log; what it reports comes back
 * through libgps (gpsd.h) and is kept. It lives only while the file is opened.
 *
 *     log --> checked lines --> TCP --> gpsd --> TCP --> libgps --> epochs --> fixes
 *
 * Here only the frame of a line is looked at: `$`, printable bytes, at most LINE_MAX_ of them, a checksum that is right
 * (NMEA 0183, 5.3.1.5). A line that breaks it is refused with its number; comments (`#`), encapsulated sentences (`!`)
 * and what receivers write between sentences are not sentences. The end of the log is told by a sentence of another kind,
 * whose report comes back after all before it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sensor-node/fix_list.h"
#include "sensor-node/gpsd.h"
#include "sensor-node/source_formats.h"

#define LINE_MAX_ 256    /* bytes; the standard's 82 are exceeded by proprietary sentences */
#define START_MS 10000   /* for gpsd to be there */
#define SILENCE_MS 15000 /* without any progress, gpsd has gone astray */
#define PORT_TRIES 3     /* a port that was free may be taken meanwhile */
#define HEAD_LINES 64    /* looked at to recognise a log */
/* The example of gpsd's own page on AIS; its station is the mark of the end. */
#define END_SENTENCE "!AIVDM,1,1,,A,13u?etPv2;0n:dDPwUM1U1Cb069D,0*24\r\n"
#define END_MMSI 265547250

struct nmea {
    const char *path;
    FILE *log;
    uint64_t line;
    pid_t gpsd;
    int listening, feed; /* -1 = none */
    char pending[LINE_MAX_ + 64];
    size_t sent, length; /* of pending */
    bool is_log_over, is_end_seen;
    struct gps_data_t data;
    bool is_connected;
    struct gpsd_epochs epochs;
    struct fix_list list;
};

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum nmea_line nmea_line_check(const char *line, size_t length)
{
    unsigned sum = 0;
    size_t i = 1;

    while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == '\n' || line[length - 1] == ' '))
        length--;
    if (length == 0 || line[0] != '$')
        return NMEA_LINE_OTHER;
    for (; i < length && line[i] != '*'; i++) {
        if (line[i] < ' ' || line[i] > '~')
            return NMEA_LINE_DAMAGED;
        sum ^= (unsigned char)line[i];
    }
    if (length > LINE_MAX_ || i < 6 || i + 3 != length)
        return NMEA_LINE_DAMAGED;
    const int high = hex(line[i + 1]), low = hex(line[i + 2]);
    return high >= 0 && low >= 0 && (unsigned)(high * 16 + low) == sum ? NMEA_LINE_SENTENCE : NMEA_LINE_DAMAGED;
}

/* The next line, cut after LINE_MAX_; the rest of a longer one is skipped. False at the end. */
static bool read_line(FILE *file, char ret_line[LINE_MAX_ + 2])
{
    if (!fgets(ret_line, LINE_MAX_ + 2, file))
        return false;
    for (int c = strchr(ret_line, '\n') ? '\n' : 0; c != '\n' && c != EOF;)
        c = fgetc(file);
    return true;
}

bool format_is_nmea(const char *path)
{
    char line[LINE_MAX_ + 2];
    bool is_found = false;
    FILE *file = fopen(path, "rbe");

    for (int i = 0; file && i < HEAD_LINES && !is_found && read_line(file, line); i++)
        is_found = nmea_line_check(line, strlen(line)) == NMEA_LINE_SENTENCE;
    if (file)
        fclose(file);
    return is_found;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int listen_here(int *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, length) || listen(fd, 1) ||
        getsockname(fd, (struct sockaddr *)&at, &length)) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *ret_port = ntohs(at.sin_port);
    return fd;
}

/* Without -n gpsd reads from its source only once somebody listens: nothing is lost before we do. */
static void become_gpsd(pid_t parent, const char *port, const char *source)
{
    const int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(1);
    execlp("gpsd", "gpsd", "-N", "-S", port, source, (char *)NULL);
    execl("/usr/sbin/gpsd", "gpsd", "-N", "-S", port, source, (char *)NULL);
    _exit(127);
}

static void end_gpsd(struct nmea *n)
{
    if (n->is_connected)
        gps_close(&n->data);
    n->is_connected = false;
    if (n->gpsd > 0) {
        kill(n->gpsd, SIGKILL);
        waitpid(n->gpsd, NULL, 0);
    }
    n->gpsd = 0;
    if (n->feed >= 0)
        close(n->feed);
    if (n->listening >= 0)
        close(n->listening);
    n->feed = n->listening = -1;
}

/* NULL or why gpsd is not there. */
static const char *connect_gpsd(struct nmea *n, const char *port)
{
    const int64_t limit_ms = now_ms() + START_MS;
    int state;

    while (now_ms() < limit_ms) {
        if (waitpid(n->gpsd, &state, WNOHANG) == n->gpsd) {
            n->gpsd = 0;
            return WIFEXITED(state) && WEXITSTATUS(state) == 127
                       ? "NMEA is read by gpsd, which is not installed here (Debian: apt install gpsd)"
                       : "gpsd ended at once";
        }
        if (gps_open("127.0.0.1", port, &n->data) == 0) {
            n->is_connected = gps_stream(&n->data, WATCH_ENABLE | WATCH_JSON, NULL) == 0;
            return n->is_connected ? NULL : "gpsd does not answer";
        }
        poll(NULL, 0, 10);
    }
    return "gpsd does not answer";
}

static const char *start_gpsd(struct nmea *n)
{
    char port[16], source[48];
    int feed_port, control_port;
    const pid_t parent = getpid();

    n->listening = listen_here(&feed_port);
    const int probe = listen_here(&control_port);
    if (probe >= 0)
        close(probe);
    if (n->listening < 0 || probe < 0)
        return "no free port on this machine";
    snprintf(port, sizeof port, "%d", control_port);
    snprintf(source, sizeof source, "tcp://127.0.0.1:%d", feed_port);
    n->gpsd = fork();
    if (n->gpsd == 0)
        become_gpsd(parent, port, source);
    return n->gpsd < 0 ? "gpsd cannot be started" : connect_gpsd(n, port);
}

/* The next good line into `pending`; at the end of the log, the mark of the end. */
static void next_line(struct nmea *n)
{
    char line[LINE_MAX_ + 2];

    n->sent = n->length = 0;
    while (n->length == 0 && !n->is_log_over) {
        if (!read_line(n->log, line)) {
            n->is_log_over = true;
            n->length = (size_t)snprintf(n->pending, sizeof n->pending, "%s", END_SENTENCE);
            return;
        }
        n->line++;
        const enum nmea_line kind = nmea_line_check(line, strlen(line));
        n->list.rows += kind != NMEA_LINE_OTHER;
        if (kind == NMEA_LINE_DAMAGED)
            fix_list_refuse(&n->list, n->line, "a damaged sentence: its checksum is missing or wrong");
        if (kind == NMEA_LINE_SENTENCE)
            n->length = (size_t)snprintf(n->pending, sizeof n->pending, "%.*s\r\n", (int)strcspn(line, "\r\n"), line);
    }
}

/* As much as goes without waiting; false if gpsd has hung up. */
static bool feed_more(struct nmea *n)
{
    for (;;) {
        if (n->sent == n->length)
            next_line(n);
        if (n->sent == n->length)
            return true;
        const ssize_t sent = send(n->feed, n->pending + n->sent, n->length - n->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        n->sent += (size_t)sent;
    }
}

static enum road_status read_reports(struct nmea *n)
{
    struct fix fix;
    enum road_status status = ROAD_OK;

    while (!status && !n->is_end_seen && gps_waiting(&n->data, 0)) {
        if (gps_read(&n->data, NULL, 0) < 0)
            return ROAD_LINK_LOST;
        if ((n->data.set & AIS_SET) && n->data.ais.mmsi == END_MMSI)
            n->is_end_seen = true;
        else if (gpsd_epochs_add(&n->epochs, &n->data, 0, &fix))
            status = fix_list_add(&n->list, &fix, n->line);
        n->data.set = 0;
    }
    return status;
}

static enum road_status one_turn(struct nmea *n)
{
    struct pollfd fds[2] = {{.fd = (int)n->data.gps_fd, .events = POLLIN},
                            {.fd = n->feed >= 0 ? n->feed : n->listening, .events = n->feed >= 0 ? POLLOUT : POLLIN}};
    const bool is_fed = n->is_log_over && n->sent == n->length;

    const int ready = poll(fds, is_fed ? 1 : 2, SILENCE_MS);
    if (ready <= 0)
        return ready < 0 && errno == EINTR ? ROAD_OK : ROAD_LINK_LOST;
    if (!is_fed && fds[1].revents) {
        if (n->feed < 0)
            n->feed = accept4(n->listening, NULL, NULL, SOCK_CLOEXEC);
        if (n->feed < 0 || !feed_more(n))
            return ROAD_LINK_LOST;
    }
    return fds[0].revents ? read_reports(n) : ROAD_OK;
}

static enum road_status run(struct nmea *n, char *ret_error)
{
    const char *trouble = NULL;
    enum road_status status = ROAD_OK;
    struct fix fix;

    for (int i = 0; i < PORT_TRIES && (i == 0 || trouble); i++) {
        end_gpsd(n);
        trouble = start_gpsd(n);
    }
    if (trouble) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", n->path, trouble);
        return ROAD_UNSUPPORTED;
    }
    while (!status && !n->is_end_seen)
        status = one_turn(n);
    if (!status && gpsd_epochs_flush(&n->epochs, INT64_MAX, &fix))
        status = fix_list_add(&n->list, &fix, n->line);
    if (status)
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: gpsd, which reads it, stopped near line %llu: %s", n->path,
                 (unsigned long long)n->line, road_status_sentence(status));
    if (n->epochs.refused > 0) {
        fix_list_refuse(&n->list, n->line, "in all, %llu reports of gpsd hold no usable position and time",
                        (unsigned long long)n->epochs.refused);
        n->list.rows_refused += n->epochs.refused - 1;
    }
    return status;
}

enum road_status source_open_nmea(const char *path, const struct recording_config *config, struct source **ret_source,
                                  char *ret_error)
{
    struct stat info;
    struct nmea *n = calloc(1, sizeof *n);
    enum road_status status = n ? ROAD_OK : ROAD_NO_MEMORY;

    snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: %s", path, road_status_sentence(status));
    if (status)
        return status;
    *n = (struct nmea){.path = path, .listening = -1, .feed = -1, .log = fopen(path, "rbe")};
    gpsd_epochs_init(&n->epochs, config->gnss, config->sigma_m);
    if (!n->log || fstat(fileno(n->log), &info)) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: cannot be opened: %m", path);
        status = ROAD_IO;
    } else if (info.st_size > FIX_LIST_BYTES_MAX) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%.200s: larger than a drive is: split it", path);
        status = ROAD_TOO_LARGE;
    } else {
        status = run(n, ret_error);
    }
    end_gpsd(n);
    if (n->log)
        fclose(n->log);
    if (!status)
        status = fix_list_source(&n->list, path, ret_source, ret_error);
    fix_list_done(&n->list);
    free(n);
    return status;
}
