/* The real server over a real mosquitto: changes in, acknowledgements out, its log verified over HTTP, killed
 * and started again. Seen from outside only. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "link/session.h"
#include "server/ledger/verify.h"
#include "tests/server/sample.h"

#define WAIT_MS 15000

static struct sample s; /* for its keys and changes; its database is not used */
static char config_path[128], address[64], log_path[128];
static pid_t broker, server;
static struct session *session;
static struct ack last_ack;
static int n_acks;

static int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&at, &length) == 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    CHECK(file && fputs(text, file) >= 0);
    if (file)
        fclose(file);
}

/* Starts a program with its output in `out` (-1 = thrown away). */
static pid_t start(char *const argv[], int out)
{
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        const int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(out >= 0 ? out : log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        execvp(argv[0], argv);
        execv("/usr/sbin/mosquitto", argv);
        _exit(127);
    }
    return child;
}

static int stop(pid_t child, int number)
{
    int status = 0;

    kill(child, number);
    waitpid(child, &status, 0);
    return status;
}

static int start_broker(void)
{
    char path[128], text[256];
    const int port = free_port();

    snprintf(path, sizeof path, "%s/mosquitto.conf", s.folder);
    snprintf(text, sizeof text, "listener %d 127.0.0.1\nallow_anonymous true\npersistence false\n", port);
    write_text(path, text);
    broker = start((char *[]){"mosquitto", "-c", path, NULL}, -1);
    return port;
}

/* Up to the ready line, from which the address is taken. */
static void start_server(void)
{
    int ends[2];
    char line[256] = "";

    CHECK(pipe(ends) == 0);
    server = start((char *[]){ROADCHIEF_SERVER, "--config", config_path, NULL}, ends[1]);
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    *address = '\0';
    if (!fgets(line, sizeof line, out) || sscanf(line, "ready name=server-1 http=%63s", address) != 1)
        CHECK_FAILED("not ready: %s", line);
    fclose(out);
}

static void on_message(void *context, const char *topic, const void *payload, size_t length)
{
    struct verifier *verifier = NULL;
    struct public_key key;
    const uint8_t *plain;
    size_t plain_length;
    const char *field;

    (void)context, (void)topic;
    signer_public(s.server, &key);
    CHECK_STATUS(verifier_open(&key, &verifier), ROAD_OK);
    if (cose_open(verifier, payload, length, &plain, &plain_length) == ROAD_OK &&
        ack_decode(plain, plain_length, &last_ack, &field) == ROAD_OK)
        n_acks++;
    verifier_close(verifier);
}

static void write_config(int port)
{
    char text[2048], key_path[128];

    snprintf(config_path, sizeof config_path, "%s/server.conf", s.folder);
    snprintf(key_path, sizeof key_path, "%s/server.key", s.folder);
    CHECK_STATUS(signer_create(key_path), ROAD_OK);
    signer_close(s.server);
    CHECK_STATUS(signer_open(key_path, &s.server), ROAD_OK);
    unlink(s.registry_path);
    sample_register(&s, "gw-1", ROLE_GATEWAY, s.gateway);
    sample_register(&s, "server-1", ROLE_SERVER, s.server);
    snprintf(text, sizeof text,
             "name = server-1\ndistrict = " SAMPLE_DISTRICT "\ndata_dir = %s\nbrokers = 127.0.0.1:%d\n"
             "key_file = %s\nregistry = %s\nzone_meridian_deg = 120\nlog_origin = " SAMPLE_ORIGIN "\n"
             "bounds = 120.1,30.2,120.3,30.4\n",
             s.folder, port, key_path, s.registry_path);
    write_text(config_path, text);
}

static void begin(void)
{
    char brokers[64];

    n_acks = 0;
    memset(&last_ack, 0, sizeof last_ack);
    s = (struct sample){.folder = "/tmp/road-server-XXXXXX"};
    CHECK(mkdtemp(s.folder) != NULL);
    snprintf(s.registry_path, sizeof s.registry_path, "%s/registry", s.folder);
    snprintf(s.db_path, sizeof s.db_path, "%s/server.db", s.folder);
    snprintf(log_path, sizeof log_path, "%s/log", s.folder);
    s.gateway = sample_signer("gateway"), s.server = sample_signer("server");
    const int port = start_broker();
    write_config(port);
    start_server();
    snprintf(brokers, sizeof brokers, "127.0.0.1:%d", port);
    const struct session_config config = {
        .client_id = "gw-1", .brokers = brokers, .keepalive_s = 30, .on_message = on_message};
    CHECK_STATUS(session_open(&config, &session), ROAD_OK);
    CHECK_STATUS(session_subscribe(session, "road/v1/" SAMPLE_DISTRICT "/change-ack/gw-1"), ROAD_OK);
}

static void finish(void)
{
    char command[128];

    session_close(session);
    stop(broker, SIGTERM);
    signer_close(s.gateway), signer_close(s.server);
    snprintf(command, sizeof command, "rm -rf '%s'", s.folder);
    CHECK(system(command) == 0);
}

static void publish(uint64_t seq)
{
    static uint8_t sealed[SEALED_MAX];
    struct sample_change *c = sample_change_new(seq);

    sample_put_cell(c, sample_cell((int)seq, 0, 0), CODE_RED);
    sample_put_defect(c, seq, DEFECT_CONFIRMED, s.gateway);
    sample_put_digest(c, s.gateway);
    const size_t length = sample_seal(c, s.gateway, sealed);
    session_publish(session, "road/v1/" SAMPLE_DISTRICT "/change/gw-1", sealed, length, false, NULL);
    free(c);
}

/* As a gateway does: sends again until it is acknowledged. */
static void deliver(uint64_t first, uint64_t last)
{
    for (int waited_ms = 0; last_ack.upto < last && waited_ms < WAIT_MS; waited_ms += 500) {
        for (uint64_t seq = last_ack.upto + 1 > first ? last_ack.upto + 1 : first; seq <= last; seq++)
            publish(seq);
        for (int i = 0; i < 25 && last_ack.upto < last; i++)
            session_wait(session, 20);
    }
    CHECK_INT(last_ack.upto, last);
}

static void check_log_over_http(uint64_t statements)
{
    struct log_source *source = NULL;
    struct verify_report report;
    char error[256] = "";

    CHECK_STATUS(log_source_open(address, &source, error), ROAD_OK);
    if (verify_run(source, &(struct verify_config){0}, &report))
        CHECK_FAILED("%s: entry %lld: %s", address, (long long)report.bad_index, report.reason);
    CHECK_INT(report.statements, statements);
    log_source_close(source);
}

FACT(changes_are_acknowledged_and_the_log_verifies_over_http)
{
    begin();
    deliver(1, 20);
    check_log_over_http(5 + 2 * 20); /* keys of log, gateway, server; start; config; two a change */
    const int status = stop(server, SIGTERM);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    finish();
}

FACT(killed_between_changes_it_loses_and_doubles_nothing)
{
    begin();
    for (uint64_t seq = 1; seq <= 12; seq++) {
        deliver(1, 5 * seq);
        for (uint64_t ahead = 5 * seq + 1; ahead <= 5 * seq + 5; ahead++)
            publish(ahead); /* on its way while the server dies */
        session_wait(session, (int)seq);
        stop(server, SIGKILL);
        start_server();
    }
    deliver(1, 65); /* with all that was ahead: nothing is on its way any more */
    CHECK_INT(last_ack.upto, 65);
    check_log_over_http(3 + 13 + 1 + 2 * 65);
    stop(server, SIGTERM);
    char error[256];
    CHECK_STATUS(database_open_readonly(s.db_path, &s.db, error), ROAD_OK);
    CHECK_INT(sample_count(s.db, "SELECT count(*) FROM change"), last_ack.upto);
    CHECK_INT(sample_count(s.db, "SELECT count(DISTINCT seq) FROM change"), last_ack.upto);
    database_close(s.db);
    finish();
}

/* The registry is read anew on SIGHUP; the key's registration is in the log before its first statement. */
FACT(a_gateway_enrolled_later_is_heard_after_a_reload)
{
    struct signer *first;

    begin();
    deliver(1, 2);
    first = s.gateway;
    s.gateway = sample_signer("gateway that came later");
    unlink(s.registry_path);
    sample_register(&s, "gw-1", ROLE_GATEWAY, s.gateway);
    sample_register(&s, "server-1", ROLE_SERVER, s.server);
    CHECK(kill(server, SIGHUP) == 0);
    memset(&last_ack, 0, sizeof last_ack);
    deliver(1, 3); /* numbers run per key, from 1 */
    check_log_over_http(5 + 2 * 2 + 1 + 2 * 3);
    stop(server, SIGTERM);
    signer_close(first);
    finish();
}

FACT(a_bad_config_is_refused_with_file_and_line)
{
    char text[512] = "", path[128] = "/tmp/road-server-XXXXXX", command[512];

    CHECK(mkdtemp(path) != NULL);
    strcat(path, "/conf");
    write_text(path, "name = server-1\nno_such_key = 1\n");
    snprintf(command, sizeof command, "%s --config %s --check-config 2>&1", ROADCHIEF_SERVER, path);
    FILE *out = popen(command, "r");
    CHECK(fgets(text, sizeof text, out) != NULL);
    const int status = pclose(out);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    CHECK(strstr(text, "conf:2") != NULL);
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
