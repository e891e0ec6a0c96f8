#include "server/certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE  512
#define DAY_S      86400L
#define CA_DAYS    3650L
#define LEAF_DAYS  825L  /* short enough to rotate, long enough for a fleet */
#define BACKDATE_S 3600L /* a device's clock may be behind ours */
#define ROLE_URI   "urn:roads:role:"

enum road_status certificate_fail(char *ret_error, enum road_status status, const char *what,
                                  const char *about)
{
    snprintf(ret_error, CA_ERROR_SIZE, "ca: %.100s: %.380s", what, about);
    return status;
}

enum road_status certificate_fail_errno(char *ret_error, const char *what, const char *path)
{
    snprintf(ret_error, CA_ERROR_SIZE, "ca: cannot %.60s %.300s: %s", what, path, strerror(errno));
    return errno == ENOSPC ? ROAD_FULL : errno == ENOENT ? ROAD_NOT_FOUND : ROAD_IO;
}

X509 *certificate_load(const char *path)
{
    FILE *f = fopen(path, "re");
    X509 *certificate = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    if (f)
        fclose(f);
    return certificate;
}

EVP_PKEY *certificate_load_key(const char *path)
{
    FILE *f = fopen(path, "re");
    EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
    if (f)
        fclose(f);
    return key;
}

static enum road_status save_certificate(X509 *certificate, const char *path, char *ret_error)
{
    char fresh[PATH_SIZE + 8];

    snprintf(fresh, sizeof fresh, "%s.new", path);
    const int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f)
        return certificate_fail_errno(ret_error, "create", fresh);
    bool is_written = PEM_write_X509(f, certificate) == 1 && fflush(f) == 0 && fsync(fd) == 0;
    is_written = fclose(f) == 0 && is_written;
    if (!is_written || rename(fresh, path) != 0)
        return certificate_fail_errno(ret_error, "write", path);
    return ROAD_OK;
}

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

enum road_status certificate_make_authority(const char *path, const char *district, EVP_PKEY *key,
                                            char *ret_error)
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
        status = certificate_fail(ret_error, ROAD_NO_MEMORY, "cannot make the certificate", path);
    X509_free(ca);
    return status;
}

enum road_status certificate_write_names(enum ca_role role, const char *hosts, char ret_san[SAN_SIZE])
{
    char list[SAN_SIZE / 2], *rest = NULL;
    uint8_t address[16];

    snprintf(list, sizeof list, "%s%s%s", role == CA_ROLE_BROKER ? "127.0.0.1,::1,localhost" : "",
             role == CA_ROLE_BROKER && hosts ? "," : "", hosts ? hosts : "");
    size_t used = (size_t)snprintf(ret_san, SAN_SIZE, "URI:" ROLE_URI "%s", ca_role_name(role));
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

enum road_status certificate_make_leaf(const struct authority *ca, const char *path, const char *name,
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
        status = certificate_fail(ret_error, ROAD_NO_MEMORY, "cannot make the certificate", path);
    X509_free(leaf);
    return status;
}

bool certificate_read_subject(X509 *certificate, int nid, char *ret_text, int size)
{
    return X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), nid, ret_text, size) > 0;
}

enum road_status certificate_read_role(X509 *certificate, enum ca_role *ret_role)
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

bool certificate_has_hosts(X509 *certificate, const char *hosts)
{
    char list[SAN_SIZE / 2], *rest = NULL;

    snprintf(list, sizeof list, "%s", hosts ? hosts : "");
    for (char *host = strtok_r(list, ",", &rest); host; host = strtok_r(NULL, ",", &rest))
        if (X509_check_host(certificate, host, 0, 0, NULL) != 1 &&
            X509_check_ip_asc(certificate, host, 0) != 1)
            return false;
    return true;
}
