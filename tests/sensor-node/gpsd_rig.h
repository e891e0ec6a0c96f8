/* gpsd_rig.h - a real gpsd of our own on free ports, fed NMEA over UDP, and a played IIO device; for tests. Sentences
 * are RMC, GGA and GST built from a fix. The gpsd dies with the test. */
#ifndef TESTS_SENSOR_NODE_GPSD_RIG_H
#define TESTS_SENSOR_NODE_GPSD_RIG_H

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/sensor-node/fake_iio.h"

static inline int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct rig {
    pid_t gpsd;
    int tcp_port, udp_port, udp;
    struct fake_iio iio;
    char root[32];
};

static inline int free_port(int type)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    const int fd = socket(AF_INET, type, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, length) || getsockname(fd, (struct sockaddr *)&at, &length))
        abort();
    close(fd);
    return ntohs(at.sin_port);
}

static inline bool answers(int port)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const bool is_there = connect(fd, (const struct sockaddr *)&at, sizeof at) == 0;

    close(fd);
    return is_there;
}

static inline void start_gpsd(struct rig *rig)
{
    char port[16], udp[48];
    const pid_t parent = getpid();

    snprintf(port, sizeof port, "%d", rig->tcp_port);
    snprintf(udp, sizeof udp, "udp://127.0.0.1:%d", rig->udp_port);
    rig->gpsd = fork();
    if (rig->gpsd == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        execlp("gpsd", "gpsd", "-N", "-n", "-S", port, udp, (char *)NULL);
        execl("/usr/sbin/gpsd", "gpsd", "-N", "-n", "-S", port, udp, (char *)NULL);
        _exit(127);
    }
    const int64_t limit = now_ms() + 5000;
    while (!answers(rig->tcp_port) && now_ms() < limit)
        poll(NULL, 0, 20);
}

static inline void kill_gpsd(struct rig *rig)
{
    kill(rig->gpsd, SIGKILL);
    waitpid(rig->gpsd, NULL, 0);
}

static inline void rig_start(struct rig *rig)
{
    *rig = (struct rig){.tcp_port = free_port(SOCK_STREAM), .udp_port = free_port(SOCK_DGRAM)};
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)rig->udp_port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    strcpy(rig->root, "/tmp/road-live-XXXXXX");
    rig->udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (!mkdtemp(rig->root) || !fake_iio_make(&rig->iio, rig->root) || rig->udp < 0 ||
        connect(rig->udp, (const struct sockaddr *)&at, sizeof at))
        abort();
    start_gpsd(rig);
}

static inline void rig_stop(struct rig *rig)
{
    kill_gpsd(rig);
    close(rig->udp);
    fake_iio_remove(&rig->iio);
}

static inline size_t sentence(char *text, size_t size, const char *body)
{
    unsigned sum = 0;

    for (const char *c = body; *c; c++)
        sum ^= (unsigned char)*c;
    return (size_t)snprintf(text, size, "$%s*%02X\r\n", body, sum & 0xFF);
}

static inline void degrees(char *text, size_t size, double deg, int width, const char *hemispheres)
{
    const double absolute = fabs(deg), whole = floor(absolute);

    snprintf(text, size, "%0*d%010.7f,%c", width, (int)whole, (absolute - whole) * 60, hemispheres[deg < 0]);
}

static inline void send_fix(const struct rig *rig, const struct fix *fix)
{
    char all[512], body[160], lat[32], lon[32], clock[16], day[16], speed[16] = "", heading[16] = "";
    const int64_t ms = (fix->time_ns + 500000) / 1000000;
    const time_t second = (time_t)(ms / 1000);
    struct tm utc;
    size_t n = 0;

    gmtime_r(&second, &utc);
    strftime(clock, sizeof clock, "%H%M%S", &utc);
    strftime(day, sizeof day, "%d%m%y", &utc);
    degrees(lat, sizeof lat, fix->lat_deg, 2, "NS");
    degrees(lon, sizeof lon, fix->lon_deg, 3, "EW");
    if (isfinite(fix->speed_mps))
        snprintf(speed, sizeof speed, "%.3f", fix->speed_mps * 3600 / 1852);
    if (isfinite(fix->heading_deg))
        snprintf(heading, sizeof heading, "%.2f", fix->heading_deg);
    snprintf(body, sizeof body, "GPRMC,%s.%03d,A,%s,%s,%s,%s,%s,,,A", clock, (int)(ms % 1000), lat, lon, speed, heading,
             day);
    n += sentence(all + n, sizeof all - n, body);
    snprintf(body, sizeof body, "GPGGA,%s.%03d,%s,%s,1,08,1.0,120.0,M,40.0,M,,", clock, (int)(ms % 1000), lat, lon);
    n += sentence(all + n, sizeof all - n, body);
    snprintf(body, sizeof body, "GPGST,%s.%03d,%.1f,,,,%.3f,%.3f,9.0", clock, (int)(ms % 1000), fix->sigma_m,
             fix->sigma_m, fix->sigma_m);
    n += sentence(all + n, sizeof all - n, body);
    if (send(rig->udp, all, n, 0) < 0 && errno != ECONNREFUSED)
        abort();
}

#endif
