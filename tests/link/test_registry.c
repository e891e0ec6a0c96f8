#include "link/registry.h"
#include "tests/check.h"
#include "tests/link/fixtures.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char error[512], folder[64], path[96];

static void begin(void)
{
    strcpy(folder, "/tmp/road-registry-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/registry", folder);
    *error = '\0';
}

static void end(void)
{
    unlink(path);
    CHECK(rmdir(folder) == 0); /* nothing else is left */
}

static void write_text(const char *text)
{
    FILE *file = fopen(path, "w");

    fputs(text, file);
    fclose(file);
}

/* A node whose Ed25519 key comes from a seed number. */
static struct registry_entry entry_of(const char *name, unsigned seed)
{
    struct registry_entry entry = {.role = ROLE_NODE, .district = "330103"};
    uint8_t bytes[32] = {(uint8_t)seed, (uint8_t)(seed >> 8), 1};
    struct signer *signer;

    snprintf(entry.name, sizeof entry.name, "%s", name);
    CHECK_STATUS(signer_from_seed(bytes, &signer), ROAD_OK);
    signer_public(signer, &entry.key);
    signer_close(signer);
    return entry;
}

/* RFC 8032 test 1's key, and the P-256 key "11" of RFC 9052, in base64 made by another program. */
#define ED_KEY   "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define P256_KEY "BLrFsRytj5n5xysFz0ueJtJE3BifdFIoJVohmobWoJ7/IBOL+C3BttVivg+lSreASjpkttcsz+1rb7btKLv8EX4="

FACT(a_registry_is_read_and_found_by_name_and_key)
{
    const struct registry_entry *entry;
    struct registry *registry;
    char kid[KID_TEXT_SIZE];

    begin();
    write_text("\xEF\xBB\xBF# who may speak\r\n\r\nnode-1 node fleet 330103 ed25519 " ED_KEY
               "\r\n\tphone-7   node phone - es256 " P256_KEY);
    CHECK_STATUS(registry_load(path, &registry, error), ROAD_OK);
    CHECK_INT(registry_count(registry), 2);
    entry = registry_by_name(registry, "node-1");
    CHECK(entry && entry->role == ROLE_NODE && !entry->is_phone && entry->verifier);
    CHECK_STR(entry->district, "330103");
    CHECK_STR(kid_format(entry->kid, kid), "21fe31dfa154a261"); /* sha256sum of the raw key */
    CHECK(registry_by_kid(registry, entry->kid) == entry);
    entry = registry_at(registry, 1);
    CHECK(entry && entry->is_phone && entry->key.cose_alg == -7 && entry->key.length == 65);
    CHECK_STR(entry->district, "");
    CHECK(registry_by_name(registry, "node-2") == NULL);
    CHECK(registry_by_name(registry, "a name that is much longer than thirty-two bytes") == NULL);
    CHECK(registry_by_kid(registry, (struct kid){{0}}) == NULL);
    CHECK(registry_at(registry, 2) == NULL);
    registry_close(registry);
    end();
}

FACT(a_bad_line_is_refused_with_file_and_line)
{
    static const struct {
        const char *line, *words;
    } lines[] = {
        {"node-1 node fleet 330103 ed25519", "a line is NAME ROLE"},
        {"node-1 node fleet 330103 ed25519 " ED_KEY " more", "a line is NAME ROLE"},
        {"Node-1 node fleet 330103 ed25519 " ED_KEY, "'Node-1' is no name"},
        {"abcdefghijklmnopqrstuvwxyz0123456 node fleet 330103 ed25519 " ED_KEY, "is no name"},
        {"node-1 boss - 330103 ed25519 " ED_KEY, "'boss -' is no role"},
        {"node-1 node - 330103 ed25519 " ED_KEY, "'node -' is no role"},
        {"gw-1 gateway phone 330103 ed25519 " ED_KEY, "'gateway phone' is no role"},
        {"node-1 node fleet 33010 ed25519 " ED_KEY, "'33010' is no district"},
        {"node-1 node fleet 33010a ed25519 " ED_KEY, "'33010a' is no district"},
        {"node-1 node fleet 330103 rsa " ED_KEY, "'rsa' and the word behind it are no key"},
        {"node-1 node fleet 330103 ed25519 11qYAYKxCrfVS", "are no key"},
        {"node-1 node fleet 330103 es256 " ED_KEY, "are no es256 public key"},
        {"node-1 node fleet 330103 es256 BAAA" /* the point 0, 0: not on the curve */
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
         "no es256 public key"},
    };

    begin();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct registry *registry = NULL;
        char text[512], place[128];

        snprintf(text, sizeof text, "# first\n%s\n", lines[i].line);
        snprintf(place, sizeof place, "%s:2: ", path);
        write_text(text);
        CHECK_STATUS(registry_load(path, &registry, error), ROAD_BAD_INPUT);
        if (strncmp(error, place, strlen(place)) != 0 || !strstr(error, lines[i].words))
            CHECK_FAILED("\"%s\" gave \"%s\"", lines[i].line, error);
        CHECK(registry == NULL);
    }
    end();
}

FACT(a_name_or_key_given_twice_is_refused)
{
    struct registry *registry;

    begin();
    write_text("a node fleet - ed25519 " ED_KEY "\nb node fleet - ed25519 " ED_KEY "\n");
    CHECK_STATUS(registry_load(path, &registry, error), ROAD_BAD_INPUT);
    CHECK(strstr(error, "have the same key") != NULL);
    write_text("a node fleet - ed25519 " ED_KEY "\na node phone - es256 " P256_KEY "\n");
    CHECK_STATUS(registry_load(path, &registry, error), ROAD_BAD_INPUT);
    CHECK(strstr(error, "the name 'a' is there twice") != NULL);
    end();
}

FACT(adding_keeps_what_is_there_and_refuses_what_exists)
{
    const struct registry_entry one = entry_of("node-1", 1), two = entry_of("node-2", 2);
    struct registry_entry clash = entry_of("node-3", 1);
    struct registry *registry;

    begin();
    CHECK_STATUS(registry_add(path, &one, error), ROAD_OK); /* makes the file */
    FILE *file = fopen(path, "a");
    fputs("# a person's note, without a line end", file);
    fclose(file);
    CHECK_STATUS(registry_add(path, &two, error), ROAD_OK);
    CHECK_STATUS(registry_add(path, &two, error), ROAD_EXISTS);
    CHECK(strstr(error, "the name 'node-2' is there already") != NULL);
    CHECK_STATUS(registry_add(path, &clash, error), ROAD_EXISTS);
    CHECK(strstr(error, "the key of 'node-3' is there already") != NULL);
    snprintf(clash.name, sizeof clash.name, "no name");
    CHECK_STATUS(registry_add(path, &clash, error), ROAD_BAD_INPUT);
    CHECK_STATUS(registry_load(path, &registry, error), ROAD_OK);
    CHECK_INT(registry_count(registry), 2);
    CHECK(registry_by_name(registry, "node-2")->key.length == 32);
    CHECK(memcmp(registry_by_name(registry, "node-2")->key.bytes, two.key.bytes, 32) == 0);
    registry_close(registry);

    char text[1024] = "";
    file = fopen(path, "r");
    CHECK(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    CHECK(strstr(text, "\n# a person's note, without a line end\nnode-2 node fleet 330103 ed25519 ") != NULL);
    end();
}

FACT(enrolments_at_the_same_time_do_not_lose_one)
{
    enum { WRITERS = 4, EACH = 10 };
    struct registry *registry;

    begin();
    for (unsigned w = 0; w < WRITERS; w++)
        if (fork() == 0) {
            for (unsigned i = 0; i < EACH; i++) {
                char name[32];

                snprintf(name, sizeof name, "node-%u-%u", w, i);
                const struct registry_entry entry = entry_of(name, w * 256 + i);
                if (registry_add(path, &entry, error) != ROAD_OK)
                    _exit(1);
            }
            _exit(0);
        }
    for (int w = 0; w < WRITERS; w++) {
        int status = -1;

        CHECK(wait(&status) > 0);
        CHECK_INT(status, 0);
    }
    CHECK_STATUS(registry_load(path, &registry, error), ROAD_OK);
    CHECK_INT(registry_count(registry), WRITERS * EACH);
    registry_close(registry);
    end();
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Any 32 bytes are taken as an Ed25519 key, so the lines cost no key generation. */
FACT(ten_thousand_lines_load_within_a_second_and_are_all_found)
{
    struct chance chance = {1};
    struct registry *registry;

    begin();
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 10000; i++) {
        uint8_t key[32];
        char base64[48];

        for (int k = 0; k < 32; k++)
            key[k] = (uint8_t)chance_next(&chance);
        base64_encode(key, 32, base64, sizeof base64);
        fprintf(file, "node-%d node fleet 330103 ed25519 %s\n", i, base64);
    }
    fclose(file);
    const double began = seconds_now();
    CHECK_STATUS(registry_load(path, &registry, error), ROAD_OK);
    const double took = seconds_now() - began;
    printf("  10,000 lines in %.3f s\n", took);
    CHECK(took < 1.0);
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct registry_entry *entry = registry_at(registry, i);

        CHECK(registry_by_kid(registry, entry->kid) == entry &&
              registry_by_name(registry, entry->name) == entry);
    }
    CHECK_INT(registry_count(registry), 10000);
    registry_close(registry);
    end();
}

FACT(large_files_and_too_many_lines_are_refused)
{
    struct registry *registry;

    begin();
    FILE *file = fopen(path, "w");
    for (int i = 0; i <= 20000; i++)
        fputs("#\n", file);
    fclose(file);
    CHECK_STATUS(registry_load(path, &registry, error), ROAD_BAD_INPUT);
    CHECK(strstr(error, "more than 20000 lines") != NULL);
    CHECK(truncate(path, (1 << 20) + 1) == 0);
    CHECK_STATUS(registry_load(path, &registry, error), ROAD_TOO_LARGE);
    unlink(path);
    CHECK_STATUS(registry_load(path, &registry, error), ROAD_NOT_FOUND);
    CHECK(rmdir(folder) == 0);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
