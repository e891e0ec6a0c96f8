#include "server/ca.h"

#include <sys/wait.h>

#include "tests/check.h"
#include "tests/temp.h"

static char dir[TEMP_PATH_SIZE], error[CA_ERROR_SIZE];

static void begin_test(void)
{
    temp_make(dir);
    error[0] = '\0';
    CHECK_STATUS(ca_init(dir, "330103", error), ROAD_OK);
}

static void end_test(void)
{
    temp_remove(dir);
}

/* The openssl program is the judge of what we make; %s in `format` is the data folder. */
static bool shell_says(const char *format, const char *want)
{
    char command[4096], output[8192];

    snprintf(command, sizeof command, format, dir, dir, dir);
    FILE *p = popen(command, "r");
    const size_t n = p ? fread(output, 1, sizeof output - 1, p) : 0;
    output[n] = '\0';
    const int status = p ? pclose(p) : -1;
    const bool is_said = status == 0 && strstr(output, want) != NULL;
    if (!is_said)
        printf("  `%s` gave %d: %s\n", command, status, output);
    return is_said;
}

static void read_file(const char *name, char *ret_text, size_t size)
{
    char path[2 * TEMP_PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "r");
    ret_text[f ? fread(ret_text, 1, size - 1, f) : 0] = '\0';
    if (f)
        fclose(f);
}

static mode_t mode_of(const char *name)
{
    char path[2 * TEMP_PATH_SIZE];
    struct stat info = {0};

    snprintf(path, sizeof path, "%s/%s", dir, name);
    CHECK_INT(stat(path, &info), 0);
    return info.st_mode & 0777;
}

FACT(the_authority_is_one_that_openssl_accepts)
{
    begin_test();
    CHECK(shell_says("openssl verify -x509_strict -CAfile %s/ca/ca.crt %s/ca/ca.crt", "OK"));
    CHECK(shell_says("openssl x509 -in %s/ca/ca.crt -noout -text", "CA:TRUE, pathlen:0"));
    CHECK(shell_says("openssl x509 -in %s/ca/ca.crt -noout -subject", "OU = 330103"));
    CHECK(shell_says("openssl pkey -in %s/ca/ca.key -noout -text", "ED25519"));
    CHECK_INT(mode_of("ca/ca.key"), 0600);
    CHECK_INT(mode_of("ca"), 0700);
    CHECK_INT(mode_of("registry"), 0644);
    end_test();
}

FACT(a_node_gets_certificate_key_role_and_registry_line)
{
    char registry[1024];

    begin_test();
    CHECK_STATUS(ca_issue(dir, "bus-17", CA_ROLE_NODE, false, NULL, error), ROAD_OK);
    CHECK(shell_says("openssl verify -x509_strict -purpose sslclient -CAfile %s/ca/ca.crt %s/ca/bus-17.crt",
                     "OK"));
    CHECK(shell_says("openssl x509 -in %s/ca/bus-17.crt -noout -ext subjectAltName",
                     "URI:urn:roads:role:node"));
    CHECK(shell_says("openssl x509 -in %s/ca/bus-17.crt -noout -subject", "CN = bus-17"));
    CHECK_INT(mode_of("ca/bus-17.key"), 0600);
    /* key in the registry = key in the certificate, as openssl reads it */
    CHECK(shell_says("grep -F \"$(openssl x509 -in %s/ca/bus-17.crt -noout -pubkey |"
                     " openssl pkey -pubin -outform DER | tail -c 32 | base64)\" %s/registry",
                     "bus-17 node fleet 330103 ed25519 "));
    read_file("registry", registry, sizeof registry);
    CHECK(registry[0] && !strstr(registry, "broker"));
    end_test();
}

FACT(a_node_is_no_server_and_a_broker_no_client)
{
    begin_test();
    CHECK_STATUS(ca_issue(dir, "n", CA_ROLE_NODE, false, NULL, error), ROAD_OK);
    CHECK_STATUS(ca_issue(dir, "broker", CA_ROLE_BROKER, false, "10.1.2.3,road.example", error), ROAD_OK);
    CHECK(shell_says("! openssl verify -purpose sslserver -CAfile %s/ca/ca.crt %s/ca/n.crt 2>&1",
                     "unsuitable certificate purpose"));
    CHECK(shell_says("! openssl verify -purpose sslclient -CAfile %s/ca/ca.crt %s/ca/broker.crt 2>&1",
                     "unsuitable certificate purpose"));
    CHECK(shell_says(
        "openssl verify -purpose sslserver -verify_ip 127.0.0.1 -CAfile %s/ca/ca.crt %s/ca/broker.crt",
        "OK"));
    CHECK(shell_says(
        "openssl verify -purpose sslserver -verify_ip 10.1.2.3 -CAfile %s/ca/ca.crt %s/ca/broker.crt", "OK"));
    CHECK(shell_says("openssl verify -verify_hostname road.example -CAfile %s/ca/ca.crt %s/ca/broker.crt",
                     "OK"));
    CHECK(
        shell_says("openssl verify -verify_hostname localhost -CAfile %s/ca/ca.crt %s/ca/broker.crt", "OK"));
    end_test();
}

FACT(running_twice_changes_nothing)
{
    char crt[2][4096], key[2][4096], ca[2][4096], registry[2][4096];

    begin_test();
    for (int run = 0; run < 2; run++) {
        CHECK_STATUS(ca_init(dir, "330103", error), ROAD_OK);
        CHECK_STATUS(ca_issue(dir, "gw-1", CA_ROLE_GATEWAY, false, NULL, error), ROAD_OK);
        CHECK_STATUS(ca_issue(dir, "car", CA_ROLE_NODE, true, NULL, error), ROAD_OK);
        read_file("ca/gw-1.crt", crt[run], sizeof crt[run]);
        read_file("ca/gw-1.key", key[run], sizeof key[run]);
        read_file("ca/ca.crt", ca[run], sizeof ca[run]);
        read_file("registry", registry[run], sizeof registry[run]);
    }
    CHECK_STR(crt[1], crt[0]);
    CHECK_STR(key[1], key[0]);
    CHECK_STR(ca[1], ca[0]);
    CHECK_STR(registry[1], registry[0]);
    CHECK(strstr(registry[0], "car node phone 330103") != NULL);
    end_test();
}

FACT(a_new_host_gives_a_new_certificate_with_the_same_key)
{
    char key[2][4096];

    begin_test();
    CHECK_STATUS(ca_issue(dir, "broker", CA_ROLE_BROKER, false, NULL, error), ROAD_OK);
    read_file("ca/broker.key", key[0], sizeof key[0]);
    CHECK_STATUS(ca_issue(dir, "broker", CA_ROLE_BROKER, false, "10.9.8.7", error), ROAD_OK);
    read_file("ca/broker.key", key[1], sizeof key[1]);
    CHECK_STR(key[1], key[0]);
    CHECK(shell_says("openssl verify -verify_ip 10.9.8.7 -CAfile %s/ca/ca.crt %s/ca/broker.crt", "OK"));
    end_test();
}

FACT(a_run_cut_off_half_way_is_completed)
{
    char path[2 * TEMP_PATH_SIZE];

    begin_test();
    CHECK_STATUS(ca_issue(dir, "n", CA_ROLE_NODE, false, NULL, error), ROAD_OK);
    snprintf(path, sizeof path, "%s/ca/n.crt", dir); /* as if killed between key and certificate */
    CHECK_INT(unlink(path), 0);
    snprintf(path, sizeof path, "%s/ca/ca.crt", dir);
    CHECK_INT(unlink(path), 0);
    CHECK_STATUS(ca_issue(dir, "n", CA_ROLE_NODE, false, NULL, error), ROAD_NOT_FOUND);
    CHECK_STATUS(ca_init(dir, "330103", error), ROAD_OK);
    CHECK_STATUS(ca_issue(dir, "n", CA_ROLE_NODE, false, NULL, error), ROAD_OK);
    CHECK(shell_says("openssl verify -CAfile %s/ca/ca.crt %s/ca/n.crt", "OK"));
    end_test();
}

FACT(what_makes_no_sense_is_refused_in_words)
{
    char none[TEMP_PATH_SIZE + 8];

    begin_test();
    snprintf(none, sizeof none, "%s/none", dir);
    CHECK_STATUS(ca_init(dir, "33010", error), ROAD_BAD_INPUT);
    CHECK_STATUS(ca_init(dir, "33010x", error), ROAD_BAD_INPUT);
    CHECK_STATUS(ca_init(dir, "330105", error), ROAD_EXISTS);
    CHECK(strstr(error, "330103") != NULL);
    CHECK_STATUS(ca_issue(none, "n", CA_ROLE_NODE, false, NULL, error), ROAD_NOT_FOUND);
    CHECK(strstr(error, "ca init") != NULL);
    CHECK_STATUS(ca_issue(dir, "ca", CA_ROLE_NODE, false, NULL, error), ROAD_BAD_INPUT);
    CHECK_STATUS(ca_issue(dir, "../x", CA_ROLE_NODE, false, NULL, error), ROAD_BAD_INPUT);
    CHECK_STATUS(ca_issue(dir, "Bus", CA_ROLE_NODE, false, NULL, error), ROAD_BAD_INPUT);
    CHECK_STATUS(ca_issue(dir, "g", CA_ROLE_GATEWAY, true, NULL, error), ROAD_BAD_INPUT);
    CHECK_STATUS(ca_issue(dir, "b", CA_ROLE_BROKER, false, "x,URI:urn:roads:role:server", error),
                 ROAD_BAD_INPUT);
    CHECK_STATUS(ca_issue(dir, "n", CA_ROLE_NODE, false, NULL, error), ROAD_OK);
    CHECK_STATUS(ca_issue(dir, "n", CA_ROLE_GATEWAY, false, NULL, error), ROAD_EXISTS);
    CHECK(strstr(error, "node") != NULL);
    end_test();
}

FACT(a_key_made_elsewhere_can_be_enrolled_once)
{
    /* RFC 8032, 7.1, tests 1 and 2: public keys d75a98…511a and 3d4017…660c */
    static const char key[] = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    static const char other[] = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";
    char registry[1024];

    begin_test();
    CHECK_STATUS(ca_enroll(dir, "phone-1", CA_ROLE_NODE, true, key, error), ROAD_OK);
    CHECK_STATUS(ca_enroll(dir, "phone-1", CA_ROLE_NODE, true, key, error), ROAD_OK);
    read_file("registry", registry, sizeof registry);
    CHECK(strstr(registry,
                 "phone-1 node phone 330103 ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=") != NULL);
    CHECK(strstr(strstr(registry, "phone-1") + 1, "phone-1") == NULL);
    CHECK_STATUS(ca_enroll(dir, "phone-1", CA_ROLE_NODE, true, other, error), ROAD_EXISTS);
    CHECK_STATUS(ca_enroll(dir, "phone-2", CA_ROLE_NODE, true, key, error), ROAD_EXISTS);
    CHECK_STATUS(ca_enroll(dir, "b", CA_ROLE_BROKER, false, other, error), ROAD_BAD_INPUT);
    CHECK_STATUS(ca_enroll(dir, "x", CA_ROLE_NODE, false, "AAAA", error), ROAD_BAD_INPUT);
    CHECK_STATUS(ca_enroll(dir, "x", CA_ROLE_NODE, false, "not base64 at all", error), ROAD_BAD_INPUT);
    end_test();
}

FACT(a_certificate_reads_back)
{
    struct ca_certificate read;
    struct signer *signer = NULL;
    char path[2 * TEMP_PATH_SIZE];

    begin_test();
    CHECK_STATUS(ca_issue(dir, "srv", CA_ROLE_SERVER, false, "127.0.0.1", error), ROAD_OK);
    CHECK_STATUS(ca_read(dir, "srv", &read, error), ROAD_OK);
    CHECK_INT(read.role, CA_ROLE_SERVER);
    CHECK_STR(read.district, "330103");
    snprintf(path, sizeof path, "%s/ca/srv.key", dir);
    CHECK_STATUS(signer_open(path, &signer), ROAD_OK);
    CHECK_INT(kid_compare(read.kid, signer_kid(signer)), 0);
    signer_close(signer);
    CHECK(shell_says("openssl x509 -in %s/ca/srv.crt -noout -checkend $((824 * 86400))", "will not expire"));
    CHECK(shell_says("! openssl x509 -in %s/ca/srv.crt -noout -checkend $((826 * 86400))", "will expire"));
    CHECK_STATUS(ca_read(dir, "nobody", &read, error), ROAD_NOT_FOUND);
    end_test();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
