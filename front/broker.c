#include "front/broker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE      512
#define START_LIMIT_MS 10000
#define STOP_LIMIT_MS  5000
#define POLL_MS        5
#define START_TRIES    5 /* a free port may be taken by another before mosquitto binds it */

struct broker {
    char dir[PATH_SIZE], conf[PATH_SIZE + 32], log[PATH_SIZE + 32], old_log[PATH_SIZE + 32], address[32];
    bool has_tls, drops_rights;
    int port;
    pid_t pid;
};

static enum road_status fail(char *ret_error, enum road_status status, const char *what, const char *path)
{
    snprintf(ret_error, BROKER_ERROR_SIZE, "broker: cannot %s %.300s: %s", what, path, strerror(errno));
    return status;
}

static void pause_briefly(void)
{
    poll(NULL, 0, POLL_MS);
}

/* --- files --- */

/* Whether another user can walk to the folder: every parent needs o+x. */
static bool others_can_reach(const char *dir)
{
    char path[PATH_SIZE];
    struct stat info;

    if (!realpath(dir, path))
        return false;
    for (char *slash = strrchr(path, '/'); slash && slash != path; slash = strrchr(path, '/')) {
        *slash = '\0';
        if (stat(path, &info) != 0 || !(info.st_mode & S_IXOTH))
            return false;
    }
    return true;
}

/* Gives the file to the user that mosquitto becomes, so that it alone reads it. */
static bool hand_over(const struct broker *broker, const char *path)
{
    const struct passwd *user = broker->drops_rights ? getpwnam("mosquitto") : NULL;
    return !user || chown(path, user->pw_uid, user->pw_gid) == 0;
}

static FILE *create_file(const struct broker *broker, const char *name, char ret_path[PATH_SIZE + 32])
{
    snprintf(ret_path, PATH_SIZE + 32, "%s/%s", broker->dir, name);
    const int fd = open(ret_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0 && !hand_over(broker, ret_path)) {
        close(fd);
        return NULL;
    }
    return fd < 0 ? NULL : fdopen(fd, "w");
}

static enum road_status finish_file(FILE *f, const char *path, char *ret_error)
{
    const bool is_bad = ferror(f);
    if (fclose(f) != 0 || is_bad)
        return fail(ret_error, ROAD_IO, "write", path);
    return ROAD_OK;
}

static enum road_status copy_file(const struct broker *broker, const char *from, const char *name,
                                  char *ret_error)
{
    char path[PATH_SIZE + 32], block[4096];
    size_t n;

    FILE *in = fopen(from, "re");
    if (!in)
        return fail(ret_error, ROAD_IO, "read", from);
    FILE *out = create_file(broker, name, path);
    if (!out) {
        fclose(in);
        return fail(ret_error, ROAD_IO, "create", path);
    }
    while ((n = fread(block, 1, sizeof block, in)) > 0)
        fwrite(block, 1, n, out);
    fclose(in);
    return finish_file(out, path, ret_error);
}

/* A name's own lines. A rule is "<kind/who": '<' = it reads, '>' = it writes; who: '*' = its own name, '+' =
 * any. */
static void write_rules(FILE *f, const char *district, const char *name, const char *const *rules)
{
    fprintf(f, "\nuser %s\n", name);
    for (; *rules; rules++) {
        const char *rule = *rules;
        const size_t length = strlen(rule) - 1;
        fprintf(f, "topic %s road/v1/%s/%.*s%s\n", rule[0] == '<' ? "read" : "write", district,
                (int)length - 1, rule + 1, rule[length] == '*' ? name : "+");
    }
}

static const char *const gateway_rules[] = {"<obs/+",     "<status/+",     ">ack/+",         ">cmd/+",
                                            ">change/*",  "<change-ack/*", "<verdict/*",     ">verdict-ack/*",
                                            "<forward/*", ">forward/+",    "<forward-ack/*", ">forward-ack/+",
                                            NULL};
static const char *const server_rules[] = {"<change/+",      "<status/+", ">change-ack/+", ">verdict/+",
                                           "<verdict-ack/+", ">order/+",  ">cmd/+",        NULL};

static enum road_status write_acl(const struct broker *broker, const struct broker_config *config,
                                  char *ret_error)
{
    char path[PATH_SIZE + 32];

    FILE *f = create_file(broker, "acl", path);
    if (!f)
        return fail(ret_error, ROAD_IO, "create", path);
    fputs("# What is not named here is denied. %u = the common name of the client's certificate.\n", f);
    fprintf(f,
            "pattern write road/v1/%s/obs/%%u\npattern write road/v1/%s/status/%%u\n"
            "pattern read road/v1/%s/ack/%%u\npattern read road/v1/%s/cmd/%%u\n",
            config->district, config->district, config->district, config->district);
    for (size_t i = 0; i < registry_count(config->registry); i++) {
        const struct registry_entry *entry = registry_at(config->registry, i);
        if (strcmp(entry->district, config->district) != 0)
            continue;
        if (entry->role == ROLE_GATEWAY)
            write_rules(f, config->district, entry->name, gateway_rules);
        if (entry->role == ROLE_SERVER)
            write_rules(f, config->district, entry->name, server_rules);
    }
    return finish_file(f, path, ret_error);
}

static enum road_status write_conf(const struct broker *broker, char *ret_error)
{
    char path[PATH_SIZE + 32];

    FILE *f = create_file(broker, "mosquitto.conf", path);
    if (!f)
        return fail(ret_error, ROAD_IO, "create", path);
    fprintf(f,
            "listener %d 127.0.0.1\nlog_dest stderr\nlog_type error\nlog_type warning\nlog_type "
            "notice\nlog_type information\n",
            broker->port);
    fputs("persistence false\nmax_inflight_messages 200\nmax_queued_messages 100000\nmax_queued_bytes "
          "268435456\n"
          "max_packet_size 131072\nset_tcp_nodelay true\n",
          f);
    if (broker->has_tls)
        fprintf(f,
                "allow_anonymous false\nrequire_certificate true\nuse_identity_as_username true\n"
                "tls_version tlsv1.2\ncafile %s/ca.crt\ncertfile %s/broker.crt\nkeyfile %s/broker.key\n"
                "acl_file %s/acl\n",
                broker->dir, broker->dir, broker->dir, broker->dir);
    else
        fputs("allow_anonymous true\n", f);
    if (geteuid() == 0 && !broker->drops_rights)
        fputs("# the user mosquitto cannot reach this folder\nuser root\n", f);
    return finish_file(f, path, ret_error);
}

static enum road_status write_files(struct broker *broker, const struct broker_config *config,
                                    char *ret_error)
{
    enum road_status status = ROAD_OK;

    if (mkdir(config->dir, 0700) != 0 && errno != EEXIST)
        return fail(ret_error, ROAD_IO, "make", config->dir);
    if (!realpath(config->dir, broker->dir))
        return fail(ret_error, ROAD_IO, "find", config->dir);
    broker->drops_rights = geteuid() == 0 && getpwnam("mosquitto") && others_can_reach(broker->dir);
    if (!hand_over(broker, broker->dir))
        return fail(ret_error, ROAD_IO, "hand over", broker->dir);
    snprintf(broker->conf, sizeof broker->conf, "%s/mosquitto.conf", broker->dir);
    snprintf(broker->log, sizeof broker->log, "%s/mosquitto.log", broker->dir);
    snprintf(broker->old_log, sizeof broker->old_log, "%s/mosquitto.log.1", broker->dir);
    if (!broker->has_tls)
        return ROAD_OK;
    status = copy_file(broker, config->ca_file, "ca.crt", ret_error);
    if (status == ROAD_OK)
        status = copy_file(broker, config->cert_file, "broker.crt", ret_error);
    if (status == ROAD_OK)
        status = copy_file(broker, config->key_file, "broker.key", ret_error);
    if (status == ROAD_OK)
        status = write_acl(broker, config, ret_error);
    return status;
}

/* --- the process --- */

static int find_free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int port = -1;

    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
        getsockname(fd, (struct sockaddr *)&at, &size) == 0)
        port = ntohs(at.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

/* Rights are dropped here and not by mosquitto: a change of user would take the death signal back. */
static bool drop_rights(const struct broker *broker)
{
    const struct passwd *user = broker->drops_rights ? getpwnam("mosquitto") : NULL;
    return !user || (initgroups(user->pw_name, user->pw_gid) == 0 && setgid(user->pw_gid) == 0 &&
                     setuid(user->pw_uid) == 0);
}

static void become_mosquitto(const struct broker *broker, int log_fd, pid_t parent)
{
    char *const arguments[] = {(char *)"mosquitto", (char *)"-c", (char *)broker->conf, NULL};

    if (!drop_rights(broker))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above took hold */
        _exit(126);
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    dup2(log_fd, STDOUT_FILENO);
    dup2(log_fd, STDERR_FILENO);
    execvp("mosquitto", arguments);
    execv("/usr/sbin/mosquitto", arguments); /* not on the PATH of every user */
    _exit(127);
}

/* Reaps it if it has ended; *ret_wait_status is then as waitpid(2) gives it. */
static bool is_alive(struct broker *broker, int *ret_wait_status)
{
    if (broker->pid > 0 && waitpid(broker->pid, ret_wait_status, WNOHANG) == broker->pid)
        broker->pid = 0;
    return broker->pid > 0;
}

bool broker_is_running(struct broker *broker)
{
    int wait_status;
    return is_alive(broker, &wait_status);
}

/* The last line of its log tells a person most. */
static void quote_log(const struct broker *broker, char *ret_error)
{
    char line[300], last[300] = "it said nothing";

    FILE *f = fopen(broker->log, "re");
    while (f && fgets(line, sizeof line, f))
        if (line[0] != '\n')
            snprintf(last, sizeof last, "%.*s", (int)strcspn(line, "\n"), line);
    if (f)
        fclose(f);
    snprintf(ret_error, BROKER_ERROR_SIZE, "broker: mosquitto did not start (%.100s): %s", broker->log, last);
}

/* It listens before it has read its certificates, so an open port proves nothing; its own word does. */
static bool has_said_running(const struct broker *broker)
{
    char line[300];
    bool is_said = false;

    FILE *f = fopen(broker->log, "re");
    while (f && !is_said && fgets(line, sizeof line, f))
        is_said = strstr(line, ": mosquitto version ") && strstr(line, " running");
    if (f)
        fclose(f);
    return is_said;
}

static enum road_status wait_until_ready(struct broker *broker, char *ret_error)
{
    int wait_status = 0;

    for (int ms = 0; ms < START_LIMIT_MS && is_alive(broker, &wait_status); ms += POLL_MS) {
        if (has_said_running(broker))
            return ROAD_OK;
        pause_briefly();
    }
    if (broker->pid == 0 && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 127) {
        snprintf(ret_error, BROKER_ERROR_SIZE, "broker: there is no mosquitto: apt-get install mosquitto");
        return ROAD_NOT_FOUND;
    }
    quote_log(broker, ret_error);
    broker_kill(broker);
    return ROAD_IO;
}

static enum road_status spawn(struct broker *broker, char *ret_error)
{
    rename(broker->log, broker->old_log); /* of the run before, if there was one */
    const int log_fd = open(broker->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0)
        return fail(ret_error, ROAD_IO, "create", broker->log);
    const pid_t parent = getpid(), child = fork();
    if (child == 0)
        become_mosquitto(broker, log_fd, parent);
    close(log_fd);
    if (child < 0)
        return fail(ret_error, ROAD_IO, "start", "mosquitto");
    broker->pid = child;
    return wait_until_ready(broker, ret_error);
}

static enum road_status start_on_port(struct broker *broker, int port, char *ret_error)
{
    broker->port = port > 0 ? port : find_free_port();
    if (broker->port <= 0)
        return fail(ret_error, ROAD_IO, "find a free port on", "127.0.0.1");
    snprintf(broker->address, sizeof broker->address, "127.0.0.1:%d", broker->port);
    const enum road_status status = write_conf(broker, ret_error);
    return status == ROAD_OK ? spawn(broker, ret_error) : status;
}

enum road_status broker_start_with(const struct broker_config *config, struct broker **ret_broker,
                                   char *ret_error)
{
    const bool has_tls = config->ca_file && config->cert_file && config->key_file;

    if ((!has_tls && (config->ca_file || config->cert_file || config->key_file)) ||
        (has_tls && (!config->district || !config->registry))) {
        snprintf(ret_error, BROKER_ERROR_SIZE,
                 "broker: TLS needs ca_file, cert_file, key_file, district and registry");
        return ROAD_BAD_INPUT;
    }
    struct broker *broker = calloc(1, sizeof *broker);
    if (!broker)
        return ROAD_NO_MEMORY;
    broker->has_tls = has_tls;
    enum road_status status = write_files(broker, config, ret_error);
    for (int tries = config->port ? 1 : START_TRIES; status == ROAD_OK && tries > 0; tries--) {
        status = start_on_port(broker, config->port, ret_error);
        if (status != ROAD_IO || tries == 1)
            break;
        status = ROAD_OK;
    }
    if (status != ROAD_OK) {
        broker_stop(broker);
        return status;
    }
    *ret_broker = broker;
    return ROAD_OK;
}

enum road_status broker_start(const char *data_dir, const char *district, struct broker **ret_broker,
                              char *ret_error)
{
    char dir[PATH_SIZE], ca[PATH_SIZE], cert[PATH_SIZE], key[PATH_SIZE], list[PATH_SIZE];
    struct registry *registry = NULL;

    snprintf(dir, sizeof dir, "%s/broker", data_dir);
    snprintf(ca, sizeof ca, "%s/ca/ca.crt", data_dir);
    snprintf(cert, sizeof cert, "%s/ca/broker.crt", data_dir);
    snprintf(key, sizeof key, "%s/ca/broker.key", data_dir);
    if (snprintf(list, sizeof list, "%s/registry", data_dir) >= PATH_SIZE - 32) {
        snprintf(ret_error, BROKER_ERROR_SIZE, "broker: the path %.200s... is too long", data_dir);
        return ROAD_TOO_LARGE;
    }
    enum road_status status = registry_load(list, &registry, ret_error);
    if (status != ROAD_OK)
        return status;
    const struct broker_config config = {.dir = dir,
                                         .ca_file = ca,
                                         .cert_file = cert,
                                         .key_file = key,
                                         .district = district,
                                         .registry = registry};
    status = broker_start_with(&config, ret_broker, ret_error);
    registry_close(registry);
    return status;
}

void broker_kill(struct broker *broker)
{
    if (broker->pid > 0) {
        kill(broker->pid, SIGKILL);
        waitpid(broker->pid, NULL, 0);
        broker->pid = 0;
    }
}

enum road_status broker_restart(struct broker *broker, char *ret_error)
{
    broker_kill(broker);
    return spawn(broker, ret_error);
}

void broker_stop(struct broker *broker)
{
    if (!broker)
        return;
    if (broker_is_running(broker))
        kill(broker->pid, SIGTERM);
    for (int ms = 0; ms < STOP_LIMIT_MS && broker_is_running(broker); ms += POLL_MS)
        pause_briefly();
    broker_kill(broker);
    free(broker);
}

const char *broker_address(const struct broker *broker)
{
    return broker->address;
}

int broker_port(const struct broker *broker)
{
    return broker->port;
}

pid_t broker_pid(const struct broker *broker)
{
    return broker->pid;
}
