/* rpc.c: JSON-RPC over the client's bytes. */
#include "lsp/server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LONGEST_MESSAGE = 1 << 29 };

/* ---- reading -------------------------------------------------------------------------- */

/* The number in the header line "Content-Length: n" among the headers; -1 when there is none. */
static long
content_length(const char *headers, const char *end)
{
    static const char name[] = "content-length:";

    while (headers < end) {
        const char *line_end = memchr(headers, '\n', (size_t)(end - headers));

        if (strncasecmp(headers, name, sizeof(name) - 1) == 0) {
            char *rest;
            long n = strtol(headers + sizeof(name) - 1, &rest, 10);

            return rest > headers + sizeof(name) - 1 && n >= 0 && n <= LONGEST_MESSAGE ? n : -1;
        }
        headers = line_end != NULL ? line_end + 1 : end;
    }
    return -1;
}

/* Takes a whole message off the client's bytes.  False when there is none. */
static bool
next_text(Server *server, char **text, size_t *length)
{
    Bytes *in = &server->in;

    for (;;) {
        const char *end = in->n > 0 ? memmem(in->at, in->n, "\r\n\r\n", 4) : NULL;
        size_t head = end != NULL ? (size_t)(end - in->at) + 4 : 0;
        long n = end != NULL ? content_length(in->at, end) : 0;

        if (end == NULL) {
            if (in->n > (1 << 20)) { /* this is no protocol that we know */
                bytes_free(in);
            }
            return false;
        }
        if (n < 0) {
            bytes_drop(in, head);
            rpc_error(server, NULL, RPC_PARSE_ERROR, "a message needs a Content-Length");
            continue;
        }
        if (in->n < head + (size_t)n) {
            return false;
        }
        *length = (size_t)n;
        *text = malloc(*length + 1);
        if (*text == NULL) {
            abort();
        }
        memcpy(*text, in->at + head, *length);
        bytes_drop(in, head + *length);
        return true;
    }
}

json_t *
rpc_next(Server *server)
{
    char *text;
    size_t length;

    while (next_text(server, &text, &length)) {
        json_t *message = json_loadb(text, length, JSON_ALLOW_NUL, NULL);

        free(text);
        if (json_is_object(message)) {
            return message;
        }
        rpc_error(server, NULL, message == NULL ? RPC_PARSE_ERROR : RPC_INVALID_REQUEST,
                  message == NULL ? "this is not JSON" : "a message is one JSON object");
        json_decref(message);
    }
    return NULL;
}

/* ---- writing --------------------------------------------------------------------------- */

static void
send_message(Server *server, json_t *message)
{
    char head[64];
    char *text;

    json_object_set_new(message, "jsonrpc", json_string("2.0"));
    text = json_dumps(message, JSON_COMPACT);
    if (text != NULL) {
        snprintf(head, sizeof(head), "Content-Length: %zu\r\n\r\n", strlen(text));
        bytes_add(&server->out, head, strlen(head));
        bytes_add(&server->out, text, strlen(text));
    }
    free(text);
    json_decref(message);
}

static json_t *
id_of(const json_t *id)
{
    return id != NULL ? json_deep_copy(id) : json_null();
}

void
rpc_result(Server *server, const json_t *id, json_t *result)
{
    send_message(server, json_pack("{s:o, s:o}", "id", id_of(id), "result",
                                   result != NULL ? result : json_null()));
}

void
rpc_error(Server *server, const json_t *id, int code, const char *message)
{
    send_message(server, json_pack("{s:o, s:{s:i, s:s}}", "id", id_of(id), "error", "code", code,
                                   "message", message));
}

void
rpc_notify(Server *server, const char *method, json_t *params)
{
    send_message(server, json_pack("{s:s, s:o}", "method", method, "params", params));
}

void
rpc_request(Server *server, const char *method, json_t *params)
{
    char id[32];

    snprintf(id, sizeof(id), "strayref-%lld", (long long)++server->nrequests);
    send_message(server, json_pack("{s:s, s:s, s:o}", "id", id, "method", method, "params",
                                   params));
}

void
rpc_message(Server *server, int type, const char *format, ...)
{
    Arena *arena = arena_new();
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    rpc_notify(server, "window/showMessage", json_pack("{s:i, s:s}", "type", type, "message",
                                                       arena_printf(arena, "strayref: %s", text)));
    arena_free(arena);
}
