/* schema.h - the tables of server.db, as docs/store.md describes them, for database_open. */
#ifndef SERVER_STORE_SCHEMA_H
#define SERVER_STORE_SCHEMA_H

/* NULL-ended scripts; script i brings version i to i + 1. */
extern const char *const store_migrations[];

#endif
