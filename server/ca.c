#include "server/ca.h"

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

#include "server/certificate.h"

#define PATH_SIZE  512
#define DAY_S      86400L
#define RENEW_DAYS 30L

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

/* --- files --- */

static void path_of(char ret_path[PATH_SIZE], const char *dir, const char *name, const char *suffix)
{
    snprintf(ret_path, PATH_SIZE, "%s/ca/%s%s", dir, name, suffix);
}

static enum road_status check_dir(const char *dir, char *ret_error)
{
    if (strlen(dir) > PATH_SIZE - 64)
        return certificate_fail(ret_error, ROAD_TOO_LARGE, "the folder's path is too long", dir);
    return ROAD_OK;
}

static enum road_status make_dir(const char *path, mode_t mode, char *ret_error)
{
    if (mkdir(path, mode) != 0 && errno != EEXIST)
        return certificate_fail_errno(ret_error, "make the folder", path);
    return ROAD_OK;
}

/* Keys are made by the crypto door; one that is there is kept, for a key is who somebody is. */
static enum road_status make_key(const char *path, EVP_PKEY **ret_key, char *ret_error)
{
    const enum road_status status = signer_create(path);
    if (status != ROAD_OK && status != ROAD_EXISTS)
        return certificate_fail_errno(ret_error, "make the key", path);
    EVP_PKEY *key = certificate_load_key(path);
    if (!key)
        return certificate_fail(ret_error, ROAD_CORRUPT, "this is no private key in PEM", path);
    *ret_key = key;
    return ROAD_OK;
}

/* --- what is asked of us --- */

static void authority_close(struct authority *ca)
{
    ERR_clear_error(); /* what was looked for and not found must not be taken for a TLS failure later */
    X509_free(ca->certificate);
    EVP_PKEY_free(ca->key);
}

static enum road_status authority_open(const char *dir, struct authority *ret_ca, char *ret_error)
{
    char path[PATH_SIZE], key_path[PATH_SIZE];
    struct authority ca = {0};

    const enum road_status status = check_dir(dir, ret_error);
    if (status != ROAD_OK)
        return status;
    path_of(path, dir, "ca", ".crt");
    path_of(key_path, dir, "ca", ".key");
    ca.certificate = certificate_load(path);
    ca.key = certificate_load_key(key_path);
    if (ca.certificate && ca.key && X509_check_private_key(ca.certificate, ca.key) == 1 &&
        certificate_read_subject(ca.certificate, NID_organizationalUnitName, ca.district,
                                 sizeof ca.district)) {
        *ret_ca = ca;
        return ROAD_OK;
    }
    authority_close(&ca);
    return certificate_fail(ret_error, ROAD_NOT_FOUND,
                            "no certificate authority here, run `roadchief ca init` first", dir);
}

static enum road_status make_registry(const char *dir, char *ret_error)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/registry", dir);
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return certificate_fail_errno(ret_error, "create", path);
    close(fd);
    return ROAD_OK;
}

enum road_status ca_init(const char *dir, const char *district, char *ret_error)
{
    char path[PATH_SIZE], key_path[PATH_SIZE];
    struct authority ca;
    EVP_PKEY *key = NULL;

    if (strlen(district) != 6 || strspn(district, "0123456789") != 6)
        return certificate_fail(ret_error, ROAD_BAD_INPUT, "a district is six digits, like 330103", district);
    enum road_status status = check_dir(dir, ret_error);
    if (status == ROAD_OK && authority_open(dir, &ca, ret_error) == ROAD_OK) {
        if (strcmp(ca.district, district) != 0)
            status = certificate_fail(ret_error, ROAD_EXISTS, "there is an authority of another district",
                                      ca.district);
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
        status = certificate_make_authority(path, district, key, ret_error);
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
        return certificate_fail(ret_error, ROAD_BAD_INPUT, "only a node can be a phone", name);
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
        return certificate_fail(ret_error, ROAD_BAD_INPUT, "a name has 1 to 32 of a-z, 0-9 and -", name);
    if (strcmp(name, "ca") == 0)
        return certificate_fail(ret_error, ROAD_BAD_INPUT, "this name is the authority's own", name);
    return ROAD_OK;
}

/* ROAD_OK: the certificate is there and good. ROAD_NOT_FOUND: make one. ROAD_EXISTS: it has another role. */
static enum road_status look_for_leaf(const struct authority *ca, const char *path, enum ca_role role,
                                      const char *hosts, EVP_PKEY *key, char *ret_error)
{
    enum road_status status = ROAD_NOT_FOUND;
    time_t soon = time(NULL) + RENEW_DAYS * DAY_S;
    enum ca_role is_role = role;

    X509 *leaf = certificate_load(path);
    if (!leaf)
        return ROAD_NOT_FOUND;
    if (certificate_read_role(leaf, &is_role) == ROAD_OK && is_role != role)
        status = certificate_fail(ret_error, ROAD_EXISTS, "the name was issued with another role",
                                  role_names[is_role]);
    else if (X509_check_private_key(leaf, key) == 1 && X509_verify(leaf, ca->key) == 1 &&
             X509_cmp_time(X509_get0_notAfter(leaf), &soon) > 0 && certificate_has_hosts(leaf, hosts))
        status = ROAD_OK;
    X509_free(leaf);
    return status;
}

static enum road_status read_public(const char *key_path, struct public_key *ret_key, char *ret_error)
{
    struct signer *signer = NULL;

    const enum road_status status = signer_open(key_path, &signer);
    if (status != ROAD_OK)
        return certificate_fail(ret_error, status, "cannot use this key", key_path);
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
    enum road_status status = certificate_write_names(role, hosts, san);
    if (status != ROAD_OK)
        return certificate_fail(ret_error, status, "these are no host names or addresses",
                                hosts ? hosts : "");
    status = make_key(key_path, &key, ret_error);
    if (status == ROAD_OK)
        status = look_for_leaf(ca, path, role, hosts, key, ret_error);
    if (status == ROAD_NOT_FOUND)
        status = certificate_make_leaf(ca, path, name, role, san, key, ret_error);
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
        return certificate_fail(ret_error, ROAD_BAD_INPUT, "a broker signs nothing, it is not registered",
                                name);
    enum road_status status = check_name(name, ret_error);
    if (status != ROAD_OK)
        return status;
    if (base64_decode(public_key_base64, strlen(public_key_base64), key.bytes, sizeof key.bytes,
                      &key.length) != ROAD_OK ||
        key.length != ED25519_PUBLIC_SIZE || verifier_open(&key, &verifier) != ROAD_OK)
        return certificate_fail(ret_error, ROAD_BAD_INPUT,
                                "this is no Ed25519 public key (32 bytes in base64)", public_key_base64);
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
    X509 *leaf = certificate_load(path);
    if (!leaf)
        return certificate_fail(ret_error, ROAD_NOT_FOUND, "there is no certificate", path);
    if (certificate_read_role(leaf, &read.role) == ROAD_OK &&
        certificate_read_subject(leaf, NID_organizationalUnitName, read.district, sizeof read.district) &&
        read_time(X509_get0_notAfter(leaf), &read.not_after_s) &&
        EVP_PKEY_get_raw_public_key(X509_get0_pubkey(leaf), key.bytes, &key.length) == 1) {
        read.kid = kid_of(&key);
        *ret_certificate = read;
    } else {
        status = certificate_fail(ret_error, ROAD_CORRUPT, "this is no certificate of ours", path);
    }
    X509_free(leaf);
    return status;
}
