/* ca.h - the certificates and keys of a district: one small authority of our own in a data folder.
 *
 * DIR/ca holds ca.key, ca.crt and NAME.key, NAME.crt (folder 0700; keys 0600, PKCS#8 PEM, Ed25519; the key of
 * a certificate is the key its owner signs batches with); DIR/registry says who may speak. A certificate's
 * common name is the name on the wire, its URI name urn:roads:role:ROLE is the role, and its organisational
 * unit the district. All functions may be run twice: what is there and still good is kept. What is made is
 * renamed into place whole, so a crash leaves nothing half. ret_error (CA_ERROR_SIZE bytes) says in words
 * what is wrong. */
#ifndef SERVER_CA_H
#define SERVER_CA_H

#include <stdbool.h>
#include <stdint.h>

#include "link/registry.h"

#define CA_ERROR_SIZE 512

enum ca_role { CA_ROLE_NODE, CA_ROLE_GATEWAY, CA_ROLE_SERVER, CA_ROLE_BROKER, CA_ROLE_DEPARTMENT };
#define CA_ROLES 5

const char *ca_role_name(enum ca_role role);
enum road_status ca_role_parse(const char *text, enum ca_role *ret_role);

/* Makes DIR, DIR/ca, the authority (valid 10 years) and an empty registry. `district`: six digits.
 * ROAD_EXISTS if there is one of another district. */
enum road_status ca_init(const char *dir, const char *district, char *ret_error);

/* Makes key and certificate (valid 825 days, made anew in the last 30) and, for all but the broker, the line
 * in the registry. `hosts`: addresses or names a server is reached by, separated by commas; may be NULL. A
 * broker also gets 127.0.0.1, ::1 and localhost. ROAD_EXISTS if the name was issued with another role. */
enum road_status ca_issue(const char *dir, const char *name, enum ca_role role, bool is_phone,
                          const char *hosts, char *ret_error);

/* Registers an Ed25519 key that was made elsewhere (32 raw bytes in base64). ROAD_EXISTS if the name or the
 * key is registered in another way; the very same line again is fine. */
enum road_status ca_enroll(const char *dir, const char *name, enum ca_role role, bool is_phone,
                           const char *public_key_base64, char *ret_error);

/* What a certificate of the folder says. */
struct ca_certificate {
    enum ca_role role;
    char district[7];
    struct kid kid;
    int64_t not_after_s; /* UTC since 1970 */
};
enum road_status ca_read(const char *dir, const char *name, struct ca_certificate *ret_certificate,
                         char *ret_error);

#endif
