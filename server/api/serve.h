/* serve.h - HTTP around the answers: what libmicrohttpd calls for each request. Private to server/api. */
#ifndef SERVER_API_SERVE_H
#define SERVER_API_SERVE_H

#include <microhttpd.h>

#include "server/api/inside.h"

/* For MHD_OPTION_URI_LOG_CALLBACK, the handler and MHD_OPTION_NOTIFY_COMPLETED; `site` is their closure. */
void *serve_begin(void *site, const char *target, struct MHD_Connection *connection);
enum MHD_Result serve_request(void *site, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **exchange);
void serve_end(void *site, struct MHD_Connection *connection, void **exchange,
               enum MHD_RequestTerminationCode why);

/* How the event hub puts connections to sleep and wakes them. */
extern const struct event_rim serve_rim;

#endif
