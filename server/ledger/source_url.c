#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/ledger/source.h"

#define URL_SIZE  2048
#define TIMEOUT_S 30L

struct url_source {
    struct log_source source;
    CURL *curl;
    char prefix[URL_SIZE];
};

static size_t on_bytes(char *data, size_t one, size_t length, void *context)
{
    struct log_source *source = context;

    (void)one;
    if (log_source_reserve(source, length))
        return 0; /* curl then ends the transfer */
    memcpy(source->bytes + source->length, data, length);
    source->length += length;
    return length;
}

static enum road_status url_fetch(struct log_source *source, const char *path, const uint8_t **ret_bytes,
                                  size_t *ret_length)
{
    struct url_source *u = (struct url_source *)source;
    char url[URL_SIZE + TILE_PATH_SIZE + 2];
    long answer = 0;

    snprintf(url, sizeof url, "%s/%s", u->prefix, path);
    source->length = 0;
    curl_easy_setopt(u->curl, CURLOPT_URL, url);
    const CURLcode code = curl_easy_perform(u->curl);
    if (code == CURLE_WRITE_ERROR)
        return ROAD_TOO_LARGE;
    if (code == CURLE_OPERATION_TIMEDOUT)
        return ROAD_TIMEOUT;
    if (code != CURLE_OK)
        return ROAD_LINK_LOST;
    curl_easy_getinfo(u->curl, CURLINFO_RESPONSE_CODE, &answer);
    if (answer != 200)
        return answer == 404 ? ROAD_NOT_FOUND : ROAD_IO;
    *ret_bytes = source->bytes;
    *ret_length = source->length;
    return ROAD_OK;
}

static void url_close(struct log_source *source)
{
    struct url_source *u = (struct url_source *)source;

    curl_easy_cleanup(u->curl);
    free(u);
}

static const struct log_source_kind url_kind = {.fetch = url_fetch, .close = url_close};

/* Without slashes at its end; a bare host means its /log. */
static void set_prefix(struct url_source *u, const char *url)
{
    snprintf(u->prefix, sizeof u->prefix - 4, "%s", url);
    for (size_t n = strlen(u->prefix); n > 0 && u->prefix[n - 1] == '/'; n--)
        u->prefix[n - 1] = '\0';
    const char *host = strstr(u->prefix, "://");
    if (host && !strchr(host + 3, '/'))
        strcat(u->prefix, "/log");
}

enum road_status log_source_url_open(const char *url, struct log_source **ret_source, char *ret_error)
{
    struct url_source *u = calloc(1, sizeof *u);

    if (!u)
        return ROAD_NO_MEMORY;
    u->source.kind = &url_kind;
    if (strlen(url) > URL_SIZE - 8 || !(u->curl = curl_easy_init())) {
        snprintf(ret_error, 256, "the address cannot be used");
        free(u);
        return ROAD_BAD_INPUT;
    }
    set_prefix(u, url);
    curl_easy_setopt(u->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(u->curl, CURLOPT_TIMEOUT, TIMEOUT_S);
    curl_easy_setopt(u->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(u->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(u->curl, CURLOPT_WRITEDATA, &u->source);
    *ret_source = &u->source;
    return ROAD_OK;
}
