/* server.h: the state of the server (private to lsp/).
 *
 * The server itself never parses and never analyses, so it always answers.  A document is what
 * an editor has open; a project is a compilation database, or a file that is in none.  Where
 * several Pythons are asked for, there is one of each for every one of them: the first document
 * is the client's, the others hang behind it.
 */
#ifndef STRAYREF_LSP_SERVER_H
#define STRAYREF_LSP_SERVER_H

#include "driver/driver.h"
#include "lsp/channel.h"
#include "lsp/text.h"

/* Codes of JSON-RPC and of the protocol. */
enum {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_NOT_INITIALIZED = -32002,
    RPC_CANCELLED = -32800,
    RPC_CONTENT_MODIFIED = -32801,
    RPC_FAILED = -32803,
};

typedef enum ProjectState { PROJECT_SCANNING, PROJECT_READY, PROJECT_FAILED } ProjectState;

typedef struct Project Project;
struct Project {
    Arena *arena;
    char *key;             /* the database's path, or that of the only file */
    Options options;
    uint32_t python;       /* which of the versions asked for, from 0 */
    ProjectState state;
    Channel analyst;       /* answers for the project */
    Channel coming;        /* a new scan in the background, fd -1: none */
    json_int_t seq;        /* of the last evaluation asked for */
    bool evaluating;       /* ... whose result is not there */
    bool wants_absorb;     /* there are whole units, to be taken in when it is quiet */
    int64_t absorb_due, rescan_due; /* milliseconds, 0: not due */
    uint32_t nabsorbed;
    uint32_t ncrashes;
    int token;             /* of its progress, 0: none shown */
    bool told;             /* its notes were shown */
};

typedef struct Doc Doc;
struct Doc {
    Doc *of;               /* the client's document that it belongs to, NULL: it is that one */
    Doc *next;             /* the same for the next Python, or NULL */
    uint32_t python;       /* which of the versions asked for, from 0 */
    char *uri, *path;
    json_int_t version;    /* the client's */
    Bytes text;
    json_int_t tick;       /* counts changes of the text */
    json_int_t read_tick;  /* of the text that its reader has or gave back last */
    json_int_t unit_tick;  /* of the text that the analyst has */
    json_int_t good_tick;  /* of the text that 'findings' are of */
    json_int_t asked_tick; /* of the text of the evaluation that runs */
    int64_t due;           /* when the text is to be read, 0: it is not */
    Project *project;
    Channel reader;        /* fd -1: none yet */
    bool reading;
    bool is_shared;        /* not the main file of its job */
    char *job;             /* that file, NULL: unknown */
    json_t *includes;      /* what its unit was made of last, system headers aside, or NULL */
    bool leads;            /* of the documents of the job, its reader has read last */
    json_int_t lead_tick;  /* of the text that the leading one's reader had beside its own */
    uint32_t ncrashes;
    json_t *own;           /* the last good findings for its Python, places in bytes */
    json_t *findings;      /* of the client's document: those for all of them */
    Bytes good;            /* the text they are of */
    json_t *shown;         /* diagnostics last given to the client */
    bool is_broken;
};

/* A request that waits for an analysis. */
typedef struct Pending {
    json_t *id, *params;
    char *method;
    Doc *doc;              /* NULL: it is about the project */
    Project *project;
    json_int_t asked;      /* number of the question put to the evaluator, 0: not yet */
    json_int_t tick;       /* of the text the question was about */
    uint32_t next;         /* workspace/diagnostic: the project to ask */
    json_t *items;         /* ... and what the others have said */
} Pending;

typedef VEC(Doc *) Docs;

typedef struct Server {
    Arena *arena;
    const Options *options;
    Bytes in, out;         /* the client's bytes */
    bool initialized, shut_down, done;
    int code;              /* exit code */
    /* what the client can do */
    bool utf8, related, code_descriptions, versions, progress, watch, pull, refresh, show_document;
    bool data, resolve_edit, inlay_refresh, lens_refresh;
    /* settings */
    bool inlay_hints, code_lens;
    int64_t debounce;
    json_t *settings;
    Project **projects;
    uint32_t nprojects;
    Doc **docs;
    uint32_t ndocs;
    Pending *pending;
    uint32_t npending;
    json_int_t nquestions;
    json_int_t nrequests;  /* sent to the client */
    int ntokens;
    char *pages;           /* folder of the rules' pages, or NULL */
} Server;

/* ---- rpc.c ------------------------------------------------------------------------------ */

/* The next message of the client, or NULL; malformed ones are answered. */
json_t *rpc_next(Server *server);
/* All of these take over what they are given. */
void rpc_result(Server *server, const json_t *id, json_t *result);
void rpc_error(Server *server, const json_t *id, int code, const char *message);
void rpc_notify(Server *server, const char *method, json_t *params);
void rpc_request(Server *server, const char *method, json_t *params);
/* window/showMessage; 'type' 1 error, 2 warning, 3 information. */
void rpc_message(Server *server, int type, const char *format, ...) PRINTF_LIKE(3, 4);

/* ---- server.c ---------------------------------------------------------------------------- */

/* Milliseconds of a clock that never goes back. */
int64_t now_ms(void);

/* ---- handlers.c ----------------------------------------------------------------------------- */

/* Does what a message of the client asks for. */
void handle_message(Server *server, const json_t *message);

/* ---- requests.c ----------------------------------------------------------------------------- */

#define COMMAND_FIX_ALL "strayref.fixAll"
#define COMMAND_OPEN_PAGE "strayref.openPage"

/* Takes a request that may have to wait; false when its method is not known. */
bool request_take(Server *server, const json_t *id, const char *method, const json_t *params);
/* $/cancelRequest */
void request_cancel(Server *server, const json_t *params);
/* Answers, or puts to the evaluators, the requests that waited for what is there now. */
void pending_run(Server *server);
/* A new evaluator is there: questions are put to it again. */
void pending_again(Server *server, const Project *project);
/* Takes the evaluator's answer. */
void pending_answer(Server *server, json_int_t question, const json_t *result);
/* Ends the requests about a document that goes. */
void pending_drop(Server *server, const Doc *doc);

/* ---- replies.c ------------------------------------------------------------------------------- */

/* The question that a request comes to, NULL when it needs none. */
json_t *reply_question(const Server *server, const Pending *pending);
/* What the client gets; 'answer' is the evaluator's, NULL when it was not asked. */
json_t *reply_make(Server *server, Pending *pending, const json_t *answer);

/* ---- actions.c ------------------------------------------------------------------------------- */

/* The code actions for the diagnostics in the request; 'fixes' is the evaluator's answer. */
json_t *actions_of(Server *server, const Doc *doc, const json_t *params, const json_t *fixes);
/* The edit that makes the document's text the one given. */
json_t *edit_to_text(Server *server, const Doc *doc, const char *text, size_t length);

/* ---- documents.c --------------------------------------------------------------------------- */

Doc *doc_find(const Server *server, const char *uri);
/* True when the findings are those of the text, for all Pythons. */
bool doc_is_fresh(const Doc *doc);
/* True when the text cannot be parsed, for one of them. */
bool doc_is_broken(const Doc *doc);
void doc_open(Server *server, const json_t *params);
void doc_change(Server *server, const json_t *params);
void doc_save(Server *server, const json_t *params);
void doc_close(Server *server, const json_t *params);
/* Frees the document and those behind it, and ends their readers. */
void doc_free(Server *server, Doc *doc);
/* The settings have changed: the documents join their projects anew. */
void docs_join(Server *server);
/* Takes what was found in the document; publishes when nothing more is to come. */
void doc_take_findings(Server *server, Doc *doc, json_t *findings);
/* The analyst has told which job shows the document. */
void doc_take_job(Server *server, Doc *doc, const Packet *packet);
/* Gives the reader the text when that is due. */
void doc_run(Server *server, Doc *doc);
/* Takes what the reader has to say. */
void doc_read(Server *server, Doc *doc);

/* ---- projects.c ------------------------------------------------------------------------------ */

/* The project that a file belongs to, for one of the Pythons asked for; scans it when it is new.
 * '*pythons' (may be NULL) gets their number, at least 1. */
Project *project_of(Server *server, const char *path, uint32_t python, uint32_t *pythons);
/* The one for a file that its database does not show. */
Project *project_alone(Server *server, const char *path, uint32_t python);
void project_free(Server *server, Project *project);
/* Takes what the analyst has to say. */
void project_read(Server *server, Project *project);
/* Does what is due. */
void project_run(Server *server, Project *project);
/* Has the analysis look at the open files as they are. */
void project_evaluate(Server *server, Project *project);
/* Scans again, soon. */
void project_rescan(Project *project, int64_t delay);
/* Options have changed: all projects start anew. */
void projects_restart(Server *server);

/* ---- settings.c -------------------------------------------------------------------------------- */

/* Puts the client's settings over options; 'server' may be told of wrong ones. */
void settings_apply(Server *server, Options *options, Arena *arena);
/* Takes new settings ({"strayref": {...}} or {...}). */
void settings_take(Server *server, const json_t *settings);

/* ---- diagnostics.c ------------------------------------------------------------------------------ */

/* The document's diagnostics for the client: those of its findings, moved to the text. */
json_t *diagnostics_of(Server *server, const Doc *doc);
/* The diagnostics of findings in a file that is not open. */
json_t *diagnostics_closed(Server *server, const char *path, const json_t *findings);
/* Gives the client what it does not have yet. */
void diagnostics_publish(Server *server, Doc *doc);

/* ---- pages.c ------------------------------------------------------------------------------------ */

/* URI of a rule's page in a file of the cache; NULL when it cannot be written. */
const char *page_uri(Server *server, Arena *arena, const char *rule);

#endif
