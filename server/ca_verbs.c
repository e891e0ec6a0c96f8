#include "server/ca_verbs.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/ca.h"

static const char ca_help[] =
    "roadchief ca - the certificates and keys of a district, in a data folder\n\n"
    "usage: roadchief ca init DIR --district D [--json]\n"
    "       roadchief ca issue DIR NAME --role ROLE [--phone] [--host H[,H]] [--json]\n\n"
    "  init    makes the authority: DIR/ca/ca.key, DIR/ca/ca.crt, and an empty DIR/registry.\n"
    "          D is the six-digit division code of the district, like 330103.\n"
    "  issue   makes DIR/ca/NAME.key and DIR/ca/NAME.crt and writes the key into DIR/registry, so that\n"
    "          what NAME signs is believed. ROLE: node, gateway, server, broker, department.\n"
    "          --phone  a node of the lowest class: it can never turn a place red alone\n"
    "          --host   addresses by which a broker or server is reached, beside 127.0.0.1 and localhost\n\n"
    "NAME has 1 to 32 of a-z, 0-9 and '-'. All this may be run again: what is there and still good is kept, "
    "a\n"
    "certificate in its last 30 days is made anew with the same key. Keys never leave their machine: for a "
    "device\n"
    "that makes its own, see `roadchief enroll --help`.\n\n"
    "example:\n"
    "  roadchief ca init /var/lib/roadchief --district 330103\n"
    "  roadchief ca issue /var/lib/roadchief broker --role broker --host 10.1.2.3\n"
    "  roadchief ca issue /var/lib/roadchief gw-1 --role gateway\n"
    "  roadchief ca issue /var/lib/roadchief bus-17 --role node\n";

static const char enroll_help[] =
    "roadchief enroll - let a key speak that was made elsewhere\n\n"
    "usage: roadchief enroll DIR NAME PUBLIC_KEY --role ROLE [--phone] [--json]\n\n"
    "PUBLIC_KEY is the Ed25519 public key, 32 bytes in base64; the private key stays where it was made:\n"
    "  openssl genpkey -algorithm ed25519 -out bus-17.key\n"
    "  openssl pkey -in bus-17.key -pubout -outform DER | tail -c 32 | base64\n"
    "Writes one line into DIR/registry (made by `roadchief ca init`). ROLE: node, gateway, server, "
    "department.\n"
    "The same line again changes nothing; another key under the same name is refused.\n";

struct ca_arguments {
    const char *district, *role, *host;
    bool is_phone, is_json, wants_help;
    int n_words;
    char *words[4];
};

static bool read_arguments(int argc, char **argv, struct ca_arguments *ret_arguments)
{
    static const struct option options[] = {{"district", required_argument, NULL, 'd'},
                                            {"role", required_argument, NULL, 'r'},
                                            {"host", required_argument, NULL, 'o'},
                                            {"phone", no_argument, NULL, 'p'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct ca_arguments a = {0};
    int c;

    optind = 0; /* glibc: start afresh, a verb may run twice in a process */
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
        switch (c) {
        case 'd':
            a.district = optarg;
            break;
        case 'r':
            a.role = optarg;
            break;
        case 'o':
            a.host = optarg;
            break;
        case 'p':
            a.is_phone = true;
            break;
        case 'j':
            a.is_json = true;
            break;
        case 'h':
            a.wants_help = true;
            break;
        default:
            return false;
        }
    while (optind < argc && a.n_words < 4)
        a.words[a.n_words++] = argv[optind++];
    *ret_arguments = a;
    return optind == argc;
}

static int wrong_usage(const char *what, const char *verb)
{
    fprintf(stderr, "roadchief %s: %s; `roadchief %s --help` tells how\n", verb, what, verb);
    return 2;
}

static int failed(const char *error)
{
    fprintf(stderr, "roadchief %s\n", error);
    return 1;
}

static int print_json(json_t *object)
{
    if (!object)
        return failed("ca: out of memory");
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
    return 0;
}

static int run_init(const struct ca_arguments *a)
{
    char error[CA_ERROR_SIZE] = "";

    if (a->n_words != 2 || !a->district)
        return wrong_usage("init needs a folder and --district", "ca");
    if (ca_init(a->words[1], a->district, error) != ROAD_OK)
        return failed(error);
    if (a->is_json)
        return print_json(json_pack("{s:s, s:s, s:s+}", "district", a->district, "folder", a->words[1],
                                    "certificate", a->words[1], "/ca/ca.crt"));
    printf("district %s: the authority is %s/ca/ca.crt; keep %s/ca/ca.key to yourself\n", a->district,
           a->words[1], a->words[1]);
    return 0;
}

static int run_issue(const struct ca_arguments *a)
{
    char error[CA_ERROR_SIZE] = "", kid[KID_TEXT_SIZE], until[32] = "";
    struct ca_certificate made;
    enum ca_role role;
    struct tm utc;

    if (a->n_words != 3 || !a->role)
        return wrong_usage("issue needs a folder, a name and --role", "ca");
    if (ca_role_parse(a->role, &role) != ROAD_OK)
        return wrong_usage("--role is node, gateway, server, broker or department", "ca");
    const char *dir = a->words[1], *name = a->words[2];
    if (ca_issue(dir, name, role, a->is_phone, a->host, error) != ROAD_OK ||
        ca_read(dir, name, &made, error) != ROAD_OK)
        return failed(error);
    kid_format(made.kid, kid);
    if (gmtime_r(&(time_t){made.not_after_s}, &utc))
        strftime(until, sizeof until, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (a->is_json)
        return print_json(json_pack("{s:s, s:s, s:b, s:s, s:s, s:s+++, s:s+++, s:s}", "name", name, "role",
                                    ca_role_name(role), "phone", a->is_phone, "district", made.district,
                                    "kid", kid, "key", dir, "/ca/", name, ".key", "certificate", dir, "/ca/",
                                    name, ".crt", "not_after", until));
    printf("%s: %s, key id %s, certificate until %s\n  %s/ca/%s.key\n  %s/ca/%s.crt\n", name,
           ca_role_name(role), kid, until, dir, name, dir, name);
    return 0;
}

int ca_verb(int argc, char **argv)
{
    struct ca_arguments a;

    if (!read_arguments(argc, argv, &a))
        return wrong_usage("these arguments are not understood", "ca");
    if (a.wants_help || a.n_words == 0) {
        fputs(ca_help, a.wants_help ? stdout : stderr);
        return a.wants_help ? 0 : 2;
    }
    if (strcmp(a.words[0], "init") == 0)
        return run_init(&a);
    if (strcmp(a.words[0], "issue") == 0)
        return run_issue(&a);
    return wrong_usage("the first word is init or issue", "ca");
}

int enroll_verb(int argc, char **argv)
{
    char error[CA_ERROR_SIZE] = "";
    struct ca_arguments a;
    enum ca_role role;

    if (!read_arguments(argc, argv, &a))
        return wrong_usage("these arguments are not understood", "enroll");
    if (a.wants_help) {
        fputs(enroll_help, stdout);
        return 0;
    }
    if (a.n_words != 3 || !a.role)
        return wrong_usage("it needs a folder, a name, a public key and --role", "enroll");
    if (ca_role_parse(a.role, &role) != ROAD_OK)
        return wrong_usage("--role is node, gateway, server or department", "enroll");
    if (ca_enroll(a.words[0], a.words[1], role, a.is_phone, a.words[2], error) != ROAD_OK)
        return failed(error);
    if (a.is_json)
        return print_json(json_pack("{s:s, s:s, s:b, s:s+}", "name", a.words[1], "role", ca_role_name(role),
                                    "phone", a.is_phone, "registry", a.words[0], "/registry"));
    printf("%s: enrolled as %s in %s/registry\n", a.words[1], ca_role_name(role), a.words[0]);
    return 0;
}
