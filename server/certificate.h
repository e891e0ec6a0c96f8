/* certificate.h - X.509 as ca.c needs it: make, save, load and read the certificates of a data folder.
 *
 * What load returns is the caller's (X509_free, EVP_PKEY_free); NULL = not there or not PEM. ret_error has
 * CA_ERROR_SIZE bytes. Part of the authority, not for other rooms: they use ca.h. */
#ifndef SERVER_CERTIFICATE_H
#define SERVER_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "server/ca.h"

#define SAN_SIZE 1024 /* of the alternative names, as text */

struct authority {
    X509 *certificate;
    EVP_PKEY *key;
    char district[7];
};

/* Write "ca: what: about" and give `status` back; the second speaks of errno and gives its status. */
enum road_status certificate_fail(char *ret_error, enum road_status status, const char *what,
                                  const char *about);
enum road_status certificate_fail_errno(char *ret_error, const char *what, const char *path);

X509 *certificate_load(const char *path);
EVP_PKEY *certificate_load_key(const char *path);

/* Made, signed, and renamed into place whole. */
enum road_status certificate_make_authority(const char *path, const char *district, EVP_PKEY *key,
                                            char *ret_error);
enum road_status certificate_make_leaf(const struct authority *ca, const char *path, const char *name,
                                       enum ca_role role, const char *san, EVP_PKEY *key, char *ret_error);
/* "URI:urn:roads:role:broker,IP:127.0.0.1,DNS:localhost". ROAD_BAD_INPUT if a host is neither name nor
 * address. */
enum road_status certificate_write_names(enum ca_role role, const char *hosts, char ret_san[SAN_SIZE]);

/* The value of one part of the subject, cut to `size`; false if it is not there. */
bool certificate_read_subject(X509 *certificate, int nid, char *ret_text, int size);
enum road_status certificate_read_role(X509 *certificate, enum ca_role *ret_role);
/* Whether the certificate holds for each of the hosts, separated by commas; NULL = none asked. */
bool certificate_has_hosts(X509 *certificate, const char *hosts);

#endif
