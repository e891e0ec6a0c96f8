#include "tests/bench/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front/broker.h"
#include "link/session.h"

#define IN_FLIGHT 16 /* below mosquitto's 20 a client, so that nothing waits in its queue */
#define LIMIT_S   120

static size_t heard;

static void on_message(void *context, const char *topic, const void *payload, size_t length)
{
    (void)context, (void)topic, (void)payload, (void)length;
    heard++;
}

static double cpu_of(pid_t pid)
{
    char path[64], text[1024];
    unsigned long user = 0, system = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    const size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[length] = '\0';
    const char *after_name = strrchr(text, ')');
    if (after_name)
        sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static struct session *join(const char *brokers, const char *name)
{
    const struct session_config config = {
        .client_id = name, .brokers = brokers, .keepalive_s = 60, .on_message = on_message};
    struct session *session = NULL;

    return session_open(&config, &session) == ROAD_OK ? session : NULL;
}

static double monotonic_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool relay_all(struct session *from, struct session *to, const struct traffic_letter *letters, size_t n,
                      size_t count)
{
    const double limit = monotonic_s() + LIMIT_S;

    session_subscribe(to, "road/v1/+/obs/+");
    while (!(session_is_connected(from) && session_is_ready(to)) && monotonic_s() < limit) {
        session_wait(from, 1);
        session_wait(to, 1);
    }
    heard = 0;
    for (size_t sent = 0; heard < count && monotonic_s() < limit;) {
        for (; sent < count && sent - heard < IN_FLIGHT; sent++) {
            const struct traffic_letter *l = &letters[sent % n];
            if (session_publish(from, l->topic, l->bytes, l->length, false, NULL) != ROAD_OK)
                return false;
        }
        session_wait(from, 0);
        session_wait(to, 0);
    }
    return heard >= count;
}

double relay_cpu(const struct traffic_letter *letters, size_t n, size_t count)
{
    char dir[64] = "/tmp/road-relay-XXXXXX", command[128], error[BROKER_ERROR_SIZE];
    struct broker_config config = {.dir = dir};
    struct broker *broker = NULL;
    double cpu = 0;

    if (!mkdtemp(dir) || broker_start_with(&config, &broker, error) != ROAD_OK)
        return 0;
    struct session *from = join(broker_address(broker), "from"), *to = join(broker_address(broker), "to");
    const double before = cpu_of(broker_pid(broker));
    if (from && to && relay_all(from, to, letters, n, count))
        cpu = cpu_of(broker_pid(broker)) - before;
    session_close(from);
    session_close(to);
    broker_stop(broker);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) == 0 ? cpu : 0;
}
