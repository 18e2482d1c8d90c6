// The conversation of an editor with the language server, through the client library of VS
// Code: conversation.js PATH-OF-STRAYREF
"use strict";
const assert = require("assert");
const { spawn, execFileSync } = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { pathToFileURL } = require("url");
const rpc = require("vscode-jsonrpc/node");
const lsp = require("vscode-languageserver-protocol");

const program = process.argv[2];
const includes = execFileSync("python3-config", ["--includes"]).toString().trim().split(/\s+/);
const limit = 60000;
const folders = [];
process.on("exit", () => {
    folders.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true }));
});

const leak = `#include <Python.h>

static PyObject *
leaks(PyObject *self, PyObject *x)
{
    PyObject *list = PyList_New(0);
    if (list == NULL) {
        return NULL;
    }
    if (PyObject_SetItem(list, x, x) < 0) {
        return NULL;
    }
    return list;
}

static PyMethodDef methods[] = {
    {"leaks", leaks, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "leaks", .m_size = -1, .m_methods = methods,
};

PyMODINIT_FUNC
PyInit_leaks(void)
{
    return PyModule_Create(&module);
}
`;

const all = {
    general: { positionEncodings: ["utf-16"] },
    window: { workDoneProgress: true, showDocument: { support: true } },
    workspace: { didChangeWatchedFiles: { dynamicRegistration: true }, applyEdit: true },
    textDocument: {
        publishDiagnostics: { relatedInformation: true, versionSupport: true,
                              codeDescriptionSupport: true, dataSupport: true,
                              tagSupport: { valueSet: [1] } },
        codeAction: { dataSupport: true, resolveSupport: { properties: ["edit"] },
                      codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix"] } } },
    },
};

function withLimit(promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`timed out: ${what}`)), limit);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// A folder with a database for the files given.
function project(files) {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "strayref-lsp-")));
    for (const [name, text] of Object.entries(files)) {
        fs.writeFileSync(path.join(folder, name), text);
    }
    fs.writeFileSync(path.join(folder, "compile_commands.json"), JSON.stringify(
        Object.keys(files).filter((name) => name.endsWith(".c")).map((name) => ({
            directory: folder, file: name, arguments: ["cc", ...includes, "-c", name] }))));
    folders.push(folder);
    return folder;
}

class Editor {
    constructor(capabilities = all) {
        this.capabilities = capabilities;
        this.server = spawn(program, ["lsp"], { stdio: ["pipe", "pipe", "inherit"] });
        this.ended = new Promise((resolve) => this.server.on("exit", resolve));
        this.connection = rpc.createMessageConnection(
            new rpc.StreamMessageReader(this.server.stdout),
            new rpc.StreamMessageWriter(this.server.stdin));
        this.published = [];
        this.waiting = [];
        this.progress = [];
        this.shown = [];
        this.messages = [];
        this.registered = [];
        const on = (type, take) => this.connection.onNotification(type, take);
        on(lsp.PublishDiagnosticsNotification.type, (params) => {
            this.published.push(params);
            this.waiting = this.waiting.filter((want) => !want(params));
        });
        on(lsp.ShowMessageNotification.type, (params) => this.messages.push(params));
        on("$/progress", (params) => this.progress.push(params.value));
        this.connection.onRequest("window/workDoneProgress/create", () => null);
        this.connection.onRequest(lsp.RegistrationRequest.type, (params) => {
            this.registered.push(...params.registrations);
        });
        this.connection.onRequest(lsp.ShowDocumentRequest.type, (params) => {
            this.shown.push(params.uri);
            return { success: true };
        });
        this.connection.onRequest(lsp.ApplyWorkspaceEditRequest.type, (params) => {
            this.applied = params.edit;
            return { applied: true };
        });
        this.connection.listen();
    }

    async start(folders = []) {
        this.result = await this.request(lsp.InitializeRequest.type, {
            processId: process.pid, rootUri: null, capabilities: this.capabilities,
            workspaceFolders: folders.map((f) => ({ uri: pathToFileURL(f).href, name: f })) });
        this.connection.sendNotification(lsp.InitializedNotification.type, {});
        return this;
    }

    request(type, params, token) {
        return withLimit(this.connection.sendRequest(type, params, token), String(type.method));
    }

    open(file, text) {
        const uri = pathToFileURL(file).href;
        this.document = { uri, text, version: 1 };
        this.connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
            textDocument: { uri, languageId: "c", version: 1, text } });
        return this.document;
    }

    change(document, changes) {
        document.version++;
        this.connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
            textDocument: { uri: document.uri, version: document.version },
            contentChanges: changes });
    }

    // Replaces the first 'old', as an editor tells it.
    edit(document, old, text) {
        const at = document.text.indexOf(old);
        assert(at >= 0, `no ${old} in the text`);
        const place = (offset) => {
            const before = document.text.slice(0, offset).split(/\r\n|\n|\r/);
            return { line: before.length - 1, character: before[before.length - 1].length };
        };
        const range = { start: place(at), end: place(at + old.length) };
        document.text = document.text.slice(0, at) + text + document.text.slice(at + old.length);
        this.change(document, [{ range, text }]);
    }

    diagnostics(document) {
        const fits = (params) => params.uri === document.uri
            && (params.version === undefined || params.version === document.version);
        const known = this.published.find(fits);
        if (known) {
            this.published = [];
            return Promise.resolve(known.diagnostics);
        }
        return withLimit(new Promise((resolve) => {
            this.waiting.push((params) => {
                if (!fits(params)) {
                    return false;
                }
                this.published = [];
                resolve(params.diagnostics);
                return true;
            });
        }), "diagnostics");
    }

    async stop() {
        await this.request(lsp.ShutdownRequest.type, undefined);
        this.connection.sendNotification(lsp.ExitNotification.type);
        assert.strictEqual(await withLimit(this.ended, "exit"), 0, "exit code after shutdown");
        this.connection.dispose();
    }
}

// Applies edits of one document to its text.
function apply(document, edits) {
    const lines = document.text.split("\n");
    const offset = (at) => lines.slice(0, at.line).reduce((n, l) => n + l.length + 1, 0)
        + at.character;
    const sorted = [...edits].sort((a, b) => offset(b.range.start) - offset(a.range.start));
    for (const edit of sorted) {
        document.text = document.text.slice(0, offset(edit.range.start)) + edit.newText
            + document.text.slice(offset(edit.range.end));
    }
}

const tests = {
    async "a finding, with all that belongs to it"() {
        const folder = project({ "leak.c": leak });
        const editor = await new Editor().start([folder]);
        assert.strictEqual(editor.result.capabilities.positionEncoding, "utf-16");
        const document = editor.open(path.join(folder, "leak.c"), leak);
        const found = await editor.diagnostics(document);
        assert.strictEqual(found.length, 1);
        const [one] = found;
        assert.strictEqual(one.code, "leak");
        assert.strictEqual(one.source, "strayref");
        assert.deepStrictEqual(one.range, { start: { line: 10, character: 8 },
                                            end: { line: 10, character: 14 } });
        assert(one.relatedInformation.length >= 2, "steps of the path");
        assert(one.relatedInformation.every((r) => r.location.uri === document.uri));
        assert(fs.readFileSync(new URL(one.codeDescription.href)).toString().startsWith("#"));
        assert(one.data.fingerprint);
        assert(editor.progress.some((p) => p.kind === "begin"));
        assert(editor.progress.some((p) => p.kind === "end"));
        assert(editor.registered.some((r) => r.method === "workspace/didChangeWatchedFiles"));
        await editor.stop();
    },

    async "the verified fix, and the finding is gone"() {
        const folder = project({ "leak.c": leak });
        const editor = await new Editor().start();
        const document = editor.open(path.join(folder, "leak.c"), leak);
        const [one] = await editor.diagnostics(document);
        const actions = await editor.request(lsp.CodeActionRequest.type, {
            textDocument: { uri: document.uri }, range: one.range,
            context: { diagnostics: [one] } });
        const titles = actions.map((a) => a.title).join("\n");
        const fix = actions.find((a) => a.title.includes("(verified)"));
        assert(fix, titles);
        assert(titles.includes("Suppress leak here"), titles);
        assert(titles.includes("Suppress leak in this function"), titles);
        assert(titles.includes("Open the page"), titles);
        const everything = actions.find((a) => a.title.startsWith("All verified"));
        const resolved = await editor.request(lsp.CodeActionResolveRequest.type, everything);
        assert(resolved.edit.changes[document.uri].length > 0);
        await editor.request(lsp.ExecuteCommandRequest.type, {
            command: "strayref.openPage", arguments: ["leak"] });
        assert(editor.shown[0].endsWith("leak.md"));
        await editor.request(lsp.ExecuteCommandRequest.type, {
            command: "strayref.fixAll", arguments: [document.uri, "leak"] });
        assert.deepStrictEqual(editor.applied.changes, resolved.edit.changes);
        apply(document, fix.edit.changes[document.uri]);
        editor.change(document, [{ text: document.text }]);
        assert.deepStrictEqual(await editor.diagnostics(document), []);
        await editor.stop();
    },

    async "suppressions, here and for the function"() {
        const folder = project({ "leak.c": leak });
        const editor = await new Editor().start();
        for (const title of ["Suppress leak here", "Suppress leak in this function"]) {
            const document = editor.open(path.join(folder, "leak.c"), leak);
            const [one] = await editor.diagnostics(document);
            const actions = await editor.request(lsp.CodeActionRequest.type, {
                textDocument: { uri: document.uri }, range: one.range,
                context: { diagnostics: [one] } });
            const action = actions.find((a) => a.title === title);
            apply(document, action.edit.changes[document.uri]);
            editor.change(document, [{ text: document.text }]);
            assert.deepStrictEqual(await editor.diagnostics(document), [], title);
            editor.connection.sendNotification(lsp.DidCloseTextDocumentNotification.type, {
                textDocument: { uri: document.uri } });
        }
        await editor.stop();
    },

    async "columns behind other alphabets, in UTF-16 and UTF-8"() {
        const text = leak.replace("        return NULL;\n    }\n    return list;",
            "        /* \u00e9\u4e2d\u{1F40D} */ return NULL;\n    }\n    return list;");
        const folder = project({ "leak.c": text });
        for (const [encoding, column] of [["utf-16", 19], ["utf-8", 24]]) {
            const editor = await new Editor({ ...all, general: {
                positionEncodings: [encoding] } }).start();
            const document = editor.open(path.join(folder, "leak.c"), text);
            const [one] = await editor.diagnostics(document);
            assert.strictEqual(one.range.start.character, column, encoding);
            await editor.stop();
        }
    },

    async "edits at every kind of place"() {
        const folder = project({ "leak.c": leak });
        const editor = await new Editor().start();
        const document = editor.open(path.join(folder, "leak.c"), leak);
        const count = async (n, what) => {
            assert.strictEqual((await editor.diagnostics(document)).length, n, what);
        };
        await count(1, "opened");
        editor.edit(document, "#include <Python.h>", "/* \u{1F40D} */\n#include <Python.h>");
        await count(1, "at the start");
        editor.edit(document, "/* \u{1F40D} */", "/* \u{1F40D}\u{1F40D} */");
        await count(1, "beside a pair of surrogates");
        editor.edit(document, "        return NULL;\n    }\n    return list",
                    "        Py_DECREF(list);\r\n        return NULL;\n    }\n    return list");
        await count(0, "a line with CRLF");
        editor.edit(document, "        Py_DECREF(list);\r\n", "");
        await count(1, "a line taken out");
        const end = document.text.split("\n").length - 1;
        document.text += "\n/* the end */";
        editor.change(document, [{ range: { start: { line: end, character: 0 },
                                            end: { line: end, character: 0 } },
                                   text: "\n/* the end */" }]);
        await count(1, "at the end");
        document.text += "\n";
        editor.change(document, [{ range: { start: { line: 9999, character: 9999 },
                                            end: { line: 9999, character: 9999 } },
                                   text: "\n" }]);
        await count(1, "behind the end");
        document.text = document.text.replace("PyList_New(0)", "PyList_New(1)");
        const line = document.text.split("\n").findIndex((l) => l.includes("PyList_New(1)"));
        const column = document.text.split("\n")[line].indexOf("1)");
        editor.change(document, [
            { range: { start: { line, character: column }, end: { line, character: column + 1 } },
              text: "" },
            { range: { start: { line, character: column }, end: { line, character: column } },
              text: "1" }]);
        await count(1, "two edits at once");
        editor.edit(document, document.text, leak);
        await count(1, "all of it");
        await editor.stop();
    },

    async "hover, hints, lenses"() {
        const folder = project({ "leak.c": leak });
        const editor = await new Editor().start();
        const document = editor.open(path.join(folder, "leak.c"), leak);
        await editor.diagnostics(document);
        const at = async (line, character) => (await editor.request(lsp.HoverRequest.type, {
            textDocument: { uri: document.uri }, position: { line, character } }))
            .contents.value;
        assert((await at(5, 23)).includes("new reference"), "PyList_New");
        assert((await at(9, 8)).includes("PyObject_SetItem("), "PyObject_SetItem");
        assert((await at(12, 11)).includes("owned: one reference from PyList_New"), "list");
        assert((await at(9, 32)).includes("borrowed from the caller"), "x");
        const range = { start: { line: 0, character: 0 }, end: { line: 30, character: 0 } };
        const hints = await editor.request(lsp.InlayHintRequest.type, {
            textDocument: { uri: document.uri }, range });
        assert(hints.some((h) => h.label === "+1 new" && h.position.line === 5
                          && h.position.character === 34), JSON.stringify(hints));
        assert(Array.isArray(await editor.request(lsp.CodeLensRequest.type, {
            textDocument: { uri: document.uri } })));
        editor.connection.sendNotification(lsp.DidChangeConfigurationNotification.type, {
            settings: { strayref: { inlayHints: false } } });
        const none = await editor.request(lsp.InlayHintRequest.type, {
            textDocument: { uri: document.uri }, range });
        assert.deepStrictEqual(none, []);
        await editor.stop();
    },

    async "a client that knows little"() {
        const folder = project({ "leak.c": leak });
        const editor = await new Editor({}).start();
        const document = editor.open(path.join(folder, "leak.c"), leak);
        const [one] = await editor.diagnostics(document);
        assert.strictEqual(one.relatedInformation, undefined);
        assert.strictEqual(one.codeDescription, undefined);
        assert.strictEqual(editor.progress.length, 0);
        assert.strictEqual(editor.registered.length, 0);
        await editor.stop();
    },

    async "diagnostics that are asked for"() {
        const folder = project({ "leak.c": leak, "other.c": leak.replace(/leaks/g, "others") });
        const editor = await new Editor({ ...all,
            workspace: { ...all.workspace, diagnostics: { refreshSupport: true } },
            textDocument: { ...all.textDocument, diagnostic: {} } }).start();
        assert(editor.result.capabilities.diagnosticProvider.workspaceDiagnostics);
        const document = editor.open(path.join(folder, "leak.c"), leak);
        const first = await editor.request(lsp.DocumentDiagnosticRequest.type, {
            textDocument: { uri: document.uri } });
        assert.strictEqual(first.kind, "full");
        assert.strictEqual(first.items.length, 1);
        const again = await editor.request(lsp.DocumentDiagnosticRequest.type, {
            textDocument: { uri: document.uri }, previousResultId: first.resultId });
        assert.strictEqual(again.kind, "unchanged");
        const workspace = await editor.request(lsp.WorkspaceDiagnosticRequest.type, {
            previousResultIds: [] });
        assert.deepStrictEqual(workspace.items.map((i) => path.basename(i.uri)).sort(),
                               ["leak.c", "other.c"]);
        assert.strictEqual(editor.published.length, 0, "nothing is said twice");
        await editor.stop();
    },

    async "two workspaces"() {
        const one = project({ "leak.c": leak }), two = project({ "leak.c": leak });
        const editor = await new Editor().start([one, two]);
        const first = editor.open(path.join(one, "leak.c"), leak);
        assert.strictEqual((await editor.diagnostics(first)).length, 1);
        const second = editor.open(path.join(two, "leak.c"), leak);
        assert.strictEqual((await editor.diagnostics(second)).length, 1);
        editor.edit(second, "        return NULL;\n    }\n    return list",
                    "        Py_DECREF(list);\n        return NULL;\n    }\n    return list");
        assert.strictEqual((await editor.diagnostics(second)).length, 0);
        editor.edit(first, "PyList_New(0)", "PyList_New(2)");
        assert.strictEqual((await editor.diagnostics(first)).length, 1);
        await editor.stop();
    },

    async "a file in no database"() {
        const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "strayref-lsp-")));
        fs.writeFileSync(path.join(folder, "leak.c"), leak);
        const editor = await new Editor().start();
        const document = editor.open(path.join(folder, "leak.c"), leak);
        assert.strictEqual((await editor.diagnostics(document)).length, 1);
        const notes = editor.messages.filter((m) => m.message.includes("installed python3"));
        assert.strictEqual(notes.length, 1, JSON.stringify(editor.messages));
        await editor.stop();
        fs.rmSync(folder, { recursive: true });
    },

    async "requests that are cancelled"() {
        const folder = project({ "leak.c": leak });
        const editor = await new Editor().start();
        const document = editor.open(path.join(folder, "leak.c"), leak);
        const source = new rpc.CancellationTokenSource();
        const hover = editor.request(lsp.HoverRequest.type, {
            textDocument: { uri: document.uri }, position: { line: 5, character: 23 } },
            source.token);
        source.cancel();
        await assert.rejects(hover, (error) => error.code === lsp.LSPErrorCodes.RequestCancelled);
        assert.strictEqual((await editor.diagnostics(document)).length, 1);
        await editor.stop();
    },

    async "messages that are none"() {
        const editor = new Editor();
        const raw = (body, header = `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`) =>
            editor.server.stdin.write(header + body);
        const errors = [];
        editor.connection.onError(([error]) => errors.push(error));
        await assert.rejects(editor.request("textDocument/hover", {}),
                             (error) => error.code === -32002);
        await editor.start();
        raw("{not json");
        raw("[1, 2]");
        raw("{\"jsonrpc\": \"2.0\", \"id\": 77}");
        raw("", "Content-Type: nothing\r\n\r\n");
        raw("{\"jsonrpc\": \"2.0\", \"method\": \"textDocument/didOpen\"}");
        raw("{\"jsonrpc\": \"2.0\", \"method\": \"textDocument/didChange\", \"params\": 5}");
        raw("{\"jsonrpc\": \"2.0\", \"method\": \"$/unknown\", \"params\": {}}");
        await assert.rejects(editor.request("strayref/nothing", {}),
                             (error) => error.code === -32601);
        await assert.rejects(editor.request("textDocument/hover", { textDocument: {
            uri: "file:///nowhere.c" }, position: { line: 0, character: 0 } }),
                             (error) => error.code === -32602);
        await editor.stop();
    },

    async "the client is gone"() {
        const folder = project({ "leak.c": leak });
        const editor = await new Editor().start();
        await editor.diagnostics(editor.open(path.join(folder, "leak.c"), leak));
        editor.connection.dispose();
        editor.server.stdin.destroy();
        assert.strictEqual(await withLimit(editor.ended, "exit"), 1);
    },
};

async function main() {
    for (const [name, test] of Object.entries(tests)) {
        await test();
        console.log(`ok: ${name}`);
    }
}

main().then(() => process.exit(0), (error) => {
    console.error(error);
    process.exit(1);
});
