/* pages.c - the pages: built files out of web_dir, and plain ones made here where there are none. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "grid/code.h"
#include "server/api/json.h"
#include "server/api/road_page.h"
#include "server/store/words.h"

#define FILE_MAX (256L << 20)
#define PATH_SIZE 4096

static const struct {
    const char *suffix, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json; charset=utf-8"},
    {".map", "application/json; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/vnd.microsoft.icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *path)
{
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(dot, types[i].suffix) == 0)
            return types[i].type;
    return "application/octet-stream";
}

/* Every part is a plain name: not empty, no dot in front (so neither "." nor ".." nor hidden files), no backslash. */
static bool is_plain_path(const char *path)
{
    while (true) {
        const size_t length = strcspn(path, "/");
        if (length == 0 || path[0] == '.' || memchr(path, '\\', length))
            return false;
        if (path[length] == '\0')
            return true;
        path += length + 1;
    }
}

void answer_file(struct answer *answer, const char *path, const char *type)
{
    struct stat facts;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (file < 0 || fstat(file, &facts) || !S_ISREG(facts.st_mode) || facts.st_size > FILE_MAX) {
        if (file >= 0)
            close(file);
        answer_error(answer, 404, "there is no such page", NULL);
        return;
    }
    answer->file = file;
    answer->file_size = (uint64_t)facts.st_size;
    answer->type = type;
    snprintf(answer->etag, sizeof answer->etag, "\"%llx-%llx-%llx\"", (unsigned long long)facts.st_mtim.tv_sec,
             (unsigned long long)facts.st_mtim.tv_nsec, (unsigned long long)facts.st_size);
}

void html_text(struct bytes *html, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            bytes_text(html, "&amp;");
            break;
        case '<':
            bytes_text(html, "&lt;");
            break;
        case '>':
            bytes_text(html, "&gt;");
            break;
        case '"':
            bytes_text(html, "&quot;");
            break;
        case '\'':
            bytes_text(html, "&#39;");
            break;
        default:
            bytes_put(html, text, 1);
        }
    }
}

void html_begin(struct bytes *html, const char *title)
{
    bytes_text(html, "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                     "content=\"width=device-width, initial-scale=1\"><link rel=\"stylesheet\" href=\"/plain.css\">"
                     "<link rel=\"icon\" href=\"/favicon.ico\"><title>");
    html_text(html, title);
    bytes_text(html, " · 智慧路长 Road Chief</title></head><body><main>");
}

void html_end(struct bytes *html)
{
    bytes_text(html, "</main></body></html>\n");
}

/* Colours as on the map; a letter always stands beside them. */
static const char plain_css[] =
    "body{margin:0;font:16px/1.5 system-ui,'Noto Sans SC',sans-serif;background:#f4f3ef;color:#1f2a33}"
    "main{max-width:40rem;margin:0 auto;padding:16px}h1{font-size:1.5rem}table{border-collapse:collapse}"
    "td,th{padding:4px 16px 4px 8px;text-align:left;border-bottom:1px solid #dcdad2}a{color:#1c4f8f}"
    ".red{border-left:8px solid #d1372c}.yellow{border-left:8px solid #f2b705}.green{border-left:8px solid #2e9e5b}"
    ".grey{border-left:8px solid #9aa3ab}.code{padding:8px 16px;font-size:1.25rem;background:#fff}\n";

static const char icon_svg[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"6\" "
    "fill=\"#1f2a33\"/><path d=\"M10 28 14 4h4l4 24z\" fill=\"#dcdad2\"/><rect x=\"15\" y=\"12\" width=\"6\" "
    "height=\"6\" fill=\"#2e9e5b\"/></svg>\n";

/* The district in words, where no built page is at hand. */
static void answer_plain_index(struct call *call)
{
    struct bytes *html = &call->answer->body;
    struct summary_counts counts;
    int64_t entries = 0;

    enum road_status status = summary_counts(call->reader, &call->site->summary, call->site->last_change, &counts);
    if (!status)
        status = summary_entries(call->reader, &entries);
    if (!answer_is_ok(call->answer, status, NULL))
        return;
    html_begin(html, "道路健康 Road health");
    bytes_text(html, "<h1>智慧路长 · Road Chief</h1><table><tr><th>健康码 · code</th><th>格 · cells</th></tr>");
    for (int code = CODE_RED; code >= CODE_GREY; code--)
        bytes_format(html, "<tr><td class=\"%s\"><b>%s %s</b> %s · %s</td><td>%lld</td></tr>", code_text(code),
                     code_letter((enum road_code)code, LANGUAGE_ZH), code_letter((enum road_code)code, LANGUAGE_EN),
                     code_word((enum road_code)code, LANGUAGE_ZH), code_word((enum road_code)code, LANGUAGE_EN),
                     (long long)counts.cells[code]);
    bytes_format(html,
                 "</table><p>已确认病害 %lld 处，存证记录 %lld 条 · %lld confirmed defects, %lld entries in the "
                 "ledger.</p>",
                 (long long)counts.defects[DEFECT_CONFIRMED], (long long)entries,
                 (long long)counts.defects[DEFECT_CONFIRMED], (long long)entries);
    bytes_text(html, "<p>地图页面尚未构建 · The map page is not built here. 数据 · data: <a href=\"/v1/summary\">"
                     "/v1/summary</a>, <a href=\"/v1/defects\">/v1/defects</a></p>");
    html_end(html);
    call->answer->type = "text/html; charset=utf-8";
}

/* What is there without any built file. */
static void answer_made(struct call *call, const char *path)
{
    if (strcmp(path, "index.html") == 0)
        answer_plain_index(call);
    else if (strcmp(path, "plain.css") == 0)
        answer_text(call->answer, "text/css; charset=utf-8", plain_css, strlen(plain_css));
    else if (strcmp(path, "favicon.ico") == 0)
        answer_text(call->answer, "image/svg+xml", icon_svg, strlen(icon_svg));
    else
        answer_error(call->answer, 404, "there is no such page", NULL);
}

void answer_page(struct call *call)
{
    const char *tail = call->request->tail[0] ? call->request->tail : "index.html";
    char path[PATH_SIZE];

    if (!is_plain_path(tail)) {
        answer_error(call->answer, 404, "there is no such page", NULL);
        return;
    }
    if (call->site->config.web_dir) {
        const int length = snprintf(path, sizeof path, "%s/%s", call->site->config.web_dir, tail);
        if (length > 0 && (size_t)length < sizeof path && access(path, R_OK) == 0) {
            answer_file(call->answer, path, type_of(tail));
            if (strncmp(tail, "assets/", 7) == 0 && call->answer->status == 200) /* named by their content */
                call->answer->cache = "public, max-age=31536000, immutable";
            return;
        }
    }
    answer_made(call, tail);
}
