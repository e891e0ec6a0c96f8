#include "server/ca.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE 512
#define DAY_S     86400L
#define CA_DAYS   3650L
#define LEAF_DAYS                                                                                            \
    825L /* the most that browsers and the CA/Browser Forum took for years; short enough to rotate */
#define RENEW_DAYS 30L
#define BACKDATE_S 3600L /* a device's clock may be behind ours */
#define SAN_SIZE   1024
#define ROLE_URI   "urn:roads:role:"

static const char *const role_names[CA_ROLES] = {"node", "gateway", "server", "broker", "department"};

const char *ca_role_name(enum ca_role role)
{
    return role_names[role];
}

enum road_status ca_role_parse(const char *text, enum ca_role *ret_role)
{
    for (int r = 0; r < CA_ROLES; r++)
        if (strcmp(text, role_names[r]) == 0) {
            *ret_role = (enum ca_role)r;
            return ROAD_OK;
        }
    return ROAD_BAD_INPUT;
}

static enum road_status fail(char *ret_error, enum road_status status, const char *what, const char *about)
{
    snprintf(ret_error, CA_ERROR_SIZE, "ca: %.100s: %.380s", what, about);
    return status;
}

static enum road_status fail_errno(char *ret_error, const char *what, const char *path)
{
    snprintf(ret_error, CA_ERROR_SIZE, "ca: cannot %.60s %.300s: %s", what, path, strerror(errno));
    return errno == ENOSPC ? ROAD_FULL : errno == ENOENT ? ROAD_NOT_FOUND : ROAD_IO;
}

/* --- files
 * --------------------------------------------------------------------------------------------------- */

static void path_of(char ret_path[PATH_SIZE], const char *dir, const char *name, const char *suffix)
{
    snprintf(ret_path, PATH_SIZE, "%s/ca/%s%s", dir, name, suffix);
}

static enum road_status check_dir(const char *dir, char *ret_error)
{
    if (strlen(dir) > PATH_SIZE - 64)
        return fail(ret_error, ROAD_TOO_LARGE, "the folder's path is too long", dir);
    return ROAD_OK;
}

static enum road_status make_dir(const char *path, mode_t mode, char *ret_error)
{
    if (mkdir(path, mode) != 0 && errno != EEXIST)
        return fail_errno(ret_error, "make the folder", path);
    return ROAD_OK;
}

static X509 *load_certificate(const char *path)
{
    FILE *f = fopen(path, "re");
    X509 *certificate = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    if (f)
        fclose(f);
    return certificate;
}

static EVP_PKEY *load_key(const char *path)
{
    FILE *f = fopen(path, "re");
    EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
    if (f)
        fclose(f);
    return key;
}

/* Keys are made by the crypto door; one that is there is kept, for a key is who somebody is. */
static enum road_status make_key(const char *path, EVP_PKEY **ret_key, char *ret_error)
{
    const enum road_status status = signer_create(path);
    if (status != ROAD_OK && status != ROAD_EXISTS)
        return fail_errno(ret_error, "make the key", path);
    EVP_PKEY *key = load_key(path);
    if (!key)
        return fail(ret_error, ROAD_CORRUPT, "this is no private key in PEM", path);
    *ret_key = key;
    return ROAD_OK;
}

static enum road_status save_certificate(X509 *certificate, const char *path, char *ret_error)
{
    char fresh[PATH_SIZE + 8];

    snprintf(fresh, sizeof fresh, "%s.new", path);
    const int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f)
        return fail_errno(ret_error, "create", fresh);
    bool is_written = PEM_write_X509(f, certificate) == 1 && fflush(f) == 0 && fsync(fd) == 0;
    is_written = fclose(f) == 0 && is_written;
    if (!is_written || rename(fresh, path) != 0)
        return fail_errno(ret_error, "write", path);
    return ROAD_OK;
}

/* --- certificates
 * -------------------------------------------------------------------------------------------- */

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    const bool is_added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool set_serial(X509 *certificate)
{
    uint8_t random[16]; /* RFC 5280, 4.1.2.2: positive, at most 20 bytes */

    random_bytes(random, sizeof random);
    random[0] = (uint8_t)((random[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(random, sizeof random, NULL);
    const bool is_set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return is_set;
}

static bool set_name(X509_NAME *name, const char *common_name, const char *district)
{
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Road Chief", -1, -1,
                                      0) &&
           X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_ASC, (const unsigned char *)district, -1, -1, 0) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1,
                                      0);
}

/* Everything but extensions and signature. NULL = out of memory. */
static X509 *draft(const char *common_name, const char *district, EVP_PKEY *key, long days)
{
    X509 *certificate = X509_new();
    if (certificate && X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
        set_name(X509_get_subject_name(certificate), common_name, district) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -BACKDATE_S) &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), days * DAY_S) && X509_set_pubkey(certificate, key))
        return certificate;
    X509_free(certificate);
    return NULL;
}

static enum road_status make_authority(const char *path, const char *district, EVP_PKEY *key, char *ret_error)
{
    enum road_status status;
    char common_name[64];

    snprintf(common_name, sizeof common_name, "Road Chief CA %s", district);
    X509 *ca = draft(common_name, district, key, CA_DAYS);
    if (ca && X509_set_issuer_name(ca, X509_get_subject_name(ca)) &&
        add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(ca, ca, NID_subject_key_identifier, "hash") && X509_sign(ca, key, NULL) > 0)
        status = save_certificate(ca, path, ret_error);
    else
        status = fail(ret_error, ROAD_NO_MEMORY, "cannot make the certificate", path);
    X509_free(ca);
    return status;
}

/* "URI:urn:roads:role:broker,IP:127.0.0.1,DNS:localhost". ROAD_BAD_INPUT if a host is neither. */
static enum road_status write_alternative_names(enum ca_role role, const char *hosts, char ret_san[SAN_SIZE])
{
    char list[SAN_SIZE / 2], *rest = NULL;
    uint8_t address[16];

    snprintf(list, sizeof list, "%s%s%s", role == CA_ROLE_BROKER ? "127.0.0.1,::1,localhost" : "",
             role == CA_ROLE_BROKER && hosts ? "," : "", hosts ? hosts : "");
    size_t used = (size_t)snprintf(ret_san, SAN_SIZE, "URI:" ROLE_URI "%s", role_names[role]);
    for (char *host = strtok_r(list, ",", &rest); host; host = strtok_r(NULL, ",", &rest)) {
        const bool is_address =
            inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
        if (!is_address && strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") != strlen(host))
            return ROAD_BAD_INPUT;
        if (used + strlen(host) + 8 >= SAN_SIZE)
            return ROAD_TOO_LARGE;
        used += (size_t)snprintf(ret_san + used, SAN_SIZE - used, ",%s:%s", is_address ? "IP" : "DNS", host);
    }
    return hosts && strlen(hosts) > sizeof list - 32 ? ROAD_TOO_LARGE : ROAD_OK;
}

struct authority {
    X509 *certificate;
    EVP_PKEY *key;
    char district[7];
};

static void authority_close(struct authority *ca)
{
    ERR_clear_error(); /* what was looked for and not found must not be taken for a TLS failure later */
    X509_free(ca->certificate);
    EVP_PKEY_free(ca->key);
}

static enum road_status make_leaf(const struct authority *ca, const char *path, const char *name,
                                  enum ca_role role, const char *san, EVP_PKEY *key, char *ret_error)
{
    const char *usage = role == CA_ROLE_BROKER   ? "serverAuth"
                        : role == CA_ROLE_SERVER ? "serverAuth,clientAuth"
                                                 : "clientAuth";
    enum road_status status;

    X509 *leaf = draft(name, ca->district, key, LEAF_DAYS);
    if (leaf && X509_set_issuer_name(leaf, X509_get_subject_name(ca->certificate)) &&
        add_extension(leaf, ca->certificate, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(leaf, ca->certificate, NID_key_usage, "critical,digitalSignature") &&
        add_extension(leaf, ca->certificate, NID_ext_key_usage, usage) &&
        add_extension(leaf, ca->certificate, NID_subject_alt_name, san) &&
        add_extension(leaf, ca->certificate, NID_subject_key_identifier, "hash") &&
        add_extension(leaf, ca->certificate, NID_authority_key_identifier, "keyid") &&
        X509_sign(leaf, ca->key, NULL) > 0)
        status = save_certificate(leaf, path, ret_error);
    else
        status = fail(ret_error, ROAD_NO_MEMORY, "cannot make the certificate", path);
    X509_free(leaf);
    return status;
}

/* The value of one part of the subject, cut to `size`; false if it is not there. */
static bool read_subject(X509 *certificate, int nid, char *ret_text, int size)
{
    return X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), nid, ret_text, size) > 0;
}

static enum road_status read_role(X509 *certificate, enum ca_role *ret_role)
{
    enum road_status status = ROAD_NOT_FOUND;
    const size_t prefix = strlen(ROLE_URI);

    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; status != ROAD_OK && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        char role[32];
        if (name->type != GEN_URI)
            continue;
        const char *uri = (const char *)ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
        const size_t length = (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier);
        if (length <= prefix || length - prefix >= sizeof role || memcmp(uri, ROLE_URI, prefix) != 0)
            continue;
        snprintf(role, sizeof role, "%.*s", (int)(length - prefix), uri + prefix);
        status = ca_role_parse(role, ret_role);
    }
    GENERAL_NAMES_free(names);
    return status;
}

static bool has_hosts(X509 *certificate, const char *hosts)
{
    char list[SAN_SIZE / 2], *rest = NULL;

    snprintf(list, sizeof list, "%s", hosts ? hosts : "");
    for (char *host = strtok_r(list, ",", &rest); host; host = strtok_r(NULL, ",", &rest))
        if (X509_check_host(certificate, host, 0, 0, NULL) != 1 &&
            X509_check_ip_asc(certificate, host, 0) != 1)
            return false;
    return true;
}

/* --- what is asked of us
 * ------------------------------------------------------------------------------------- */

static enum road_status authority_open(const char *dir, struct authority *ret_ca, char *ret_error)
{
    char path[PATH_SIZE], key_path[PATH_SIZE];
    struct authority ca = {0};

    const enum road_status status = check_dir(dir, ret_error);
    if (status != ROAD_OK)
        return status;
    path_of(path, dir, "ca", ".crt");
    path_of(key_path, dir, "ca", ".key");
    ca.certificate = load_certificate(path);
    ca.key = load_key(key_path);
    if (ca.certificate && ca.key && X509_check_private_key(ca.certificate, ca.key) == 1 &&
        read_subject(ca.certificate, NID_organizationalUnitName, ca.district, sizeof ca.district)) {
        *ret_ca = ca;
        return ROAD_OK;
    }
    authority_close(&ca);
    return fail(ret_error, ROAD_NOT_FOUND, "no certificate authority here, run `roadchief ca init` first",
                dir);
}

static enum road_status make_registry(const char *dir, char *ret_error)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/registry", dir);
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail_errno(ret_error, "create", path);
    close(fd);
    return ROAD_OK;
}

enum road_status ca_init(const char *dir, const char *district, char *ret_error)
{
    char path[PATH_SIZE], key_path[PATH_SIZE];
    struct authority ca;
    EVP_PKEY *key = NULL;

    if (strlen(district) != 6 || strspn(district, "0123456789") != 6)
        return fail(ret_error, ROAD_BAD_INPUT, "a district is six digits, like 330103", district);
    enum road_status status = check_dir(dir, ret_error);
    if (status == ROAD_OK && authority_open(dir, &ca, ret_error) == ROAD_OK) {
        if (strcmp(ca.district, district) != 0)
            status = fail(ret_error, ROAD_EXISTS, "there is an authority of another district", ca.district);
        authority_close(&ca);
        return status == ROAD_OK ? make_registry(dir, ret_error) : status;
    }
    path_of(path, dir, "", "");
    path[strlen(path) - 1] = '\0'; /* DIR/ca */
    if (status == ROAD_OK)
        status = make_dir(dir, 0755, ret_error);
    if (status == ROAD_OK)
        status = make_dir(path, 0700, ret_error);
    path_of(path, dir, "ca", ".crt");
    path_of(key_path, dir, "ca", ".key");
    if (status == ROAD_OK)
        status = make_key(key_path, &key, ret_error);
    if (status == ROAD_OK)
        status = make_authority(path, district, key, ret_error);
    EVP_PKEY_free(key);
    return status == ROAD_OK ? make_registry(dir, ret_error) : status;
}

static enum registry_role registry_role_of(enum ca_role role)
{
    return role == CA_ROLE_NODE      ? ROLE_NODE
           : role == CA_ROLE_GATEWAY ? ROLE_GATEWAY
           : role == CA_ROLE_SERVER  ? ROLE_SERVER
                                     : ROLE_DEPARTMENT;
}

/* The same line again is fine; another key or role under the name, or another name for the key, is not. */
static enum road_status register_key(const char *dir, const char *district, const char *name,
                                     enum ca_role role, bool is_phone, const struct public_key *key,
                                     char *ret_error)
{
    struct registry_entry entry = {.role = registry_role_of(role), .is_phone = is_phone, .key = *key};
    struct registry *registry = NULL;
    char path[PATH_SIZE];

    if (is_phone && role != CA_ROLE_NODE)
        return fail(ret_error, ROAD_BAD_INPUT, "only a node can be a phone", name);
    snprintf(entry.name, sizeof entry.name, "%s", name);
    snprintf(entry.district, sizeof entry.district, "%s", district);
    entry.kid = kid_of(key);
    snprintf(path, sizeof path, "%s/registry", dir);
    enum road_status status = registry_load(path, &registry, ret_error);
    if (status != ROAD_OK)
        return status;
    const struct registry_entry *there = registry_by_name(registry, name);
    const bool is_same = there && there->role == entry.role && there->is_phone == is_phone &&
                         kid_compare(there->kid, entry.kid) == 0 && strcmp(there->district, district) == 0;
    registry_close(registry);
    return is_same ? ROAD_OK : registry_add(path, &entry, ret_error);
}

static enum road_status check_name(const char *name, char *ret_error)
{
    if (!name_is_valid(name))
        return fail(ret_error, ROAD_BAD_INPUT, "a name has 1 to 32 of a-z, 0-9 and -", name);
    if (strcmp(name, "ca") == 0)
        return fail(ret_error, ROAD_BAD_INPUT, "this name is the authority's own", name);
    return ROAD_OK;
}

/* ROAD_OK: the certificate is there and good. ROAD_NOT_FOUND: make one. ROAD_EXISTS: it has another role. */
static enum road_status look_for_leaf(const struct authority *ca, const char *path, enum ca_role role,
                                      const char *hosts, EVP_PKEY *key, char *ret_error)
{
    enum road_status status = ROAD_NOT_FOUND;
    time_t soon = time(NULL) + RENEW_DAYS * DAY_S;
    enum ca_role is_role = role;

    X509 *leaf = load_certificate(path);
    if (!leaf)
        return ROAD_NOT_FOUND;
    if (read_role(leaf, &is_role) == ROAD_OK && is_role != role)
        status = fail(ret_error, ROAD_EXISTS, "the name was issued with another role", role_names[is_role]);
    else if (X509_check_private_key(leaf, key) == 1 && X509_verify(leaf, ca->key) == 1 &&
             X509_cmp_time(X509_get0_notAfter(leaf), &soon) > 0 && has_hosts(leaf, hosts))
        status = ROAD_OK;
    X509_free(leaf);
    return status;
}

static enum road_status read_public(const char *key_path, struct public_key *ret_key, char *ret_error)
{
    struct signer *signer = NULL;

    const enum road_status status = signer_open(key_path, &signer);
    if (status != ROAD_OK)
        return fail(ret_error, status, "cannot use this key", key_path);
    signer_public(signer, ret_key);
    signer_close(signer);
    return ROAD_OK;
}

static enum road_status issue_from(const struct authority *ca, const char *dir, const char *name,
                                   enum ca_role role, const char *hosts, struct public_key *ret_public,
                                   char *ret_error)
{
    char path[PATH_SIZE], key_path[PATH_SIZE], san[SAN_SIZE];
    EVP_PKEY *key = NULL;

    path_of(path, dir, name, ".crt");
    path_of(key_path, dir, name, ".key");
    enum road_status status = write_alternative_names(role, hosts, san);
    if (status != ROAD_OK)
        return fail(ret_error, status, "these are no host names or addresses", hosts ? hosts : "");
    status = make_key(key_path, &key, ret_error);
    if (status == ROAD_OK)
        status = look_for_leaf(ca, path, role, hosts, key, ret_error);
    if (status == ROAD_NOT_FOUND)
        status = make_leaf(ca, path, name, role, san, key, ret_error);
    EVP_PKEY_free(key);
    return status == ROAD_OK ? read_public(key_path, ret_public, ret_error) : status;
}

enum road_status ca_issue(const char *dir, const char *name, enum ca_role role, bool is_phone,
                          const char *hosts, char *ret_error)
{
    struct public_key public;
    struct authority ca;

    enum road_status status = check_name(name, ret_error);
    if (status == ROAD_OK)
        status = authority_open(dir, &ca, ret_error);
    if (status != ROAD_OK)
        return status;
    status = issue_from(&ca, dir, name, role, hosts, &public, ret_error);
    if (status == ROAD_OK && role != CA_ROLE_BROKER)
        status = register_key(dir, ca.district, name, role, is_phone, &public, ret_error);
    authority_close(&ca);
    return status;
}

enum road_status ca_enroll(const char *dir, const char *name, enum ca_role role, bool is_phone,
                           const char *public_key_base64, char *ret_error)
{
    struct public_key key = {.cose_alg = -8};
    struct verifier *verifier = NULL;
    struct authority ca;

    if (role == CA_ROLE_BROKER)
        return fail(ret_error, ROAD_BAD_INPUT, "a broker signs nothing, it is not registered", name);
    enum road_status status = check_name(name, ret_error);
    if (status != ROAD_OK)
        return status;
    if (base64_decode(public_key_base64, strlen(public_key_base64), key.bytes, sizeof key.bytes,
                      &key.length) != ROAD_OK ||
        key.length != ED25519_PUBLIC_SIZE || verifier_open(&key, &verifier) != ROAD_OK)
        return fail(ret_error, ROAD_BAD_INPUT, "this is no Ed25519 public key (32 bytes in base64)",
                    public_key_base64);
    verifier_close(verifier);
    status = authority_open(dir, &ca, ret_error);
    if (status != ROAD_OK)
        return status;
    status = register_key(dir, ca.district, name, role, is_phone, &key, ret_error);
    authority_close(&ca);
    return status;
}

static bool read_time(const ASN1_TIME *time, int64_t *ret_s)
{
    struct tm utc;
    if (ASN1_TIME_to_tm(time, &utc) != 1)
        return false;
    *ret_s = timegm(&utc);
    return true;
}

enum road_status ca_read(const char *dir, const char *name, struct ca_certificate *ret_certificate,
                         char *ret_error)
{
    struct ca_certificate read = {0};
    struct public_key key = {.cose_alg = -8, .length = ED25519_PUBLIC_SIZE};
    char path[PATH_SIZE];

    enum road_status status = check_dir(dir, ret_error);
    if (status == ROAD_OK)
        status = check_name(name, ret_error);
    if (status != ROAD_OK)
        return status;
    path_of(path, dir, name, ".crt");
    X509 *leaf = load_certificate(path);
    if (!leaf)
        return fail(ret_error, ROAD_NOT_FOUND, "there is no certificate", path);
    if (read_role(leaf, &read.role) == ROAD_OK &&
        read_subject(leaf, NID_organizationalUnitName, read.district, sizeof read.district) &&
        read_time(X509_get0_notAfter(leaf), &read.not_after_s) &&
        EVP_PKEY_get_raw_public_key(X509_get0_pubkey(leaf), key.bytes, &key.length) == 1) {
        read.kid = kid_of(&key);
        *ret_certificate = read;
    } else {
        status = fail(ret_error, ROAD_CORRUPT, "this is no certificate of ours", path);
    }
    X509_free(leaf);
    return status;
}
