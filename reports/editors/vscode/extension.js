// Starts 'strayref lsp', and shows the path of the finding at the cursor as a tree.
"use strict";
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function start() {
    const settings = vscode.workspace.getConfiguration("strayref");
    const run = { command: settings.get("path"), args: ["lsp", ...settings.get("arguments")] };
    client = new LanguageClient("strayref", "strayref", { run, debug: run }, {
        documentSelector: [{ scheme: "file", language: "c" }, { scheme: "file", language: "cpp" }],
        synchronize: { configurationSection: "strayref" },
        initializationOptions: JSON.parse(JSON.stringify(settings)),
    });
    return client.start();
}

// The steps of one finding, in order.
class Path {
    constructor() {
        this.changed = new vscode.EventEmitter();
        this.onDidChangeTreeData = this.changed.event;
        this.steps = [];
    }

    show(diagnostic) {
        this.steps = (diagnostic && diagnostic.relatedInformation) || [];
        vscode.commands.executeCommand("setContext", "strayref.hasPath", this.steps.length > 0);
        this.changed.fire();
    }

    getChildren(parent) {
        return parent ? [] : this.steps;
    }

    getTreeItem(step) {
        const item = new vscode.TreeItem(step.message);
        item.description = `${vscode.workspace.asRelativePath(step.location.uri)}:`
            + `${step.location.range.start.line + 1}`;
        item.command = { command: "vscode.open", title: "Go there",
                         arguments: [step.location.uri, { selection: step.location.range }] };
        return item;
    }
}

function findingAt(editor) {
    const found = editor ? vscode.languages.getDiagnostics(editor.document.uri) : [];
    return found.find((d) => d.source === "strayref"
        && d.range.start.line === editor.selection.active.line);
}

async function activate(context) {
    const path = new Path();
    context.subscriptions.push(
        vscode.window.registerTreeDataProvider("strayref.path", path),
        vscode.window.onDidChangeTextEditorSelection((event) => {
            const finding = findingAt(event.textEditor);
            if (finding) {
                path.show(finding);
            }
        }),
        vscode.commands.registerCommand("strayref.showPath", () => {
            path.show(findingAt(vscode.window.activeTextEditor));
            return vscode.commands.executeCommand("strayref.path.focus");
        }),
        vscode.commands.registerCommand("strayref.restart", async () => {
            await client.stop();
            await start();
        }));
    await start();
}

function deactivate() {
    return client && client.stop();
}

module.exports = { activate, deactivate };
