#include "front/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct body {
    char *bytes;
    size_t length;
};

static size_t keep(const char *bytes, size_t size, size_t count, void *context)
{
    struct body *body = context;
    const size_t more = size * count;

    if (body->length + more > HTTP_BODY_MAX)
        return 0;
    char *grown = realloc(body->bytes, body->length + more + 1);
    if (!grown)
        return 0;
    body->bytes = grown;
    memcpy(grown + body->length, bytes, more);
    body->length += more;
    grown[body->length] = '\0';
    return more;
}

enum road_status http_get(const char *url, char **ret_body, size_t *ret_length)
{
    struct body body = {0};
    long code = 0;
    CURL *curl = curl_easy_init();

    if (!curl)
        return ROAD_NO_MEMORY;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    const CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_cleanup(curl);
    if (result != CURLE_OK || code != 200) {
        free(body.bytes);
        return code == 404 ? ROAD_NOT_FOUND : ROAD_IO;
    }
    *ret_body = body.bytes ? body.bytes : calloc(1, 1);
    *ret_length = body.length;
    return *ret_body ? ROAD_OK : ROAD_NO_MEMORY;
}

json_t *http_get_json(const char *base, const char *path)
{
    char url[2048], *body;
    size_t length;

    snprintf(url, sizeof url, "%s%s", base, path);
    if (http_get(url, &body, &length) != ROAD_OK)
        return NULL;
    json_t *value = json_loadb(body, length, 0, NULL);
    free(body);
    return value;
}
