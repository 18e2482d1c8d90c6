"""A client of the language server: what an editor says, and waiting for what it answers."""

import json
import pathlib
import select
import subprocess
import time


class Gone(Exception):
    """The server has ended."""


class Client:
    def __init__(self, command, cwd=None, env=None):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, cwd=cwd, env=env)
        self.buffer = b""
        self.number = 0
        self.messages = []  # notifications and requests of the server, not yet looked at
        self.answers = {}
        self.versions = {}

    # ---- bytes ----

    def send_bytes(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def pump(self, timeout):
        """Takes one message, or nothing when none comes in time."""
        deadline = time.monotonic() + timeout
        while True:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if found:
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                if len(rest) >= length:
                    self.buffer = rest[length:]
                    self.take(json.loads(rest[:length]))
                    return True
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return False
            data = self.process.stdout.read1(1 << 16)
            if not data:
                raise Gone
            self.buffer += data

    def take(self, message):
        if "method" in message:
            self.messages.append(message)
            if "id" in message:
                self.send({"id": message["id"], "result": None})
        else:
            self.answers[message["id"]] = message

    # ---- requests ----

    def ask(self, method, params=None):
        self.number += 1
        self.send({"id": self.number, "method": method,
                   **({} if params is None else {"params": params})})
        return self.number

    def answer(self, number, timeout=60):
        deadline = time.monotonic() + timeout
        while number not in self.answers:
            if not self.pump(max(0, deadline - time.monotonic())):
                raise TimeoutError(f"no answer to request {number}")
        return self.answers.pop(number)

    def request(self, method, params=None, timeout=60):
        message = self.answer(self.ask(method, params), timeout)
        assert "error" not in message, message
        return message["result"]

    def notify(self, method, params=None):
        self.send({"method": method, **({} if params is None else {"params": params})})

    def wait(self, want, timeout=60):
        """The first message that 'want' likes; those before it are dropped."""
        deadline = time.monotonic() + timeout
        while True:
            while self.messages:
                message = self.messages.pop(0)
                if want(message):
                    return message
            if not self.pump(max(0, deadline - time.monotonic())):
                raise TimeoutError("no such message")

    # ---- the protocol ----

    def start(self, capabilities=None, options=None, folders=()):
        result = self.request("initialize", {
            "processId": None, "rootUri": None, "capabilities": capabilities or {},
            "initializationOptions": options or {},
            "workspaceFolders": [{"uri": uri(f), "name": f} for f in folders] or None})
        self.notify("initialized", {})
        return result

    def open(self, path, text=None):
        text = pathlib.Path(path).read_text() if text is None else text
        self.versions[path] = 1
        self.notify("textDocument/didOpen", {"textDocument": {
            "uri": uri(path), "languageId": "c", "version": 1, "text": text}})

    def change(self, path, changes):
        self.versions[path] += 1
        self.notify("textDocument/didChange", {
            "textDocument": {"uri": uri(path), "version": self.versions[path]},
            "contentChanges": changes})

    def replace(self, path, text):
        self.change(path, [{"text": text}])

    def diagnostics(self, path, timeout=60):
        """What is published for the newest version."""
        version = self.versions[path]
        message = self.wait(lambda m: m["method"] == "textDocument/publishDiagnostics"
                            and m["params"]["uri"] == uri(path)
                            and m["params"].get("version", version) == version, timeout)
        return message["params"]["diagnostics"]

    def stop(self):
        self.request("shutdown")
        self.notify("exit")
        self.process.stdin.close()
        return self.process.wait(timeout=20)


def uri(path):
    return pathlib.Path(path).absolute().as_uri()


CAPABILITIES = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}},
    "textDocument": {
        "publishDiagnostics": {"relatedInformation": True, "versionSupport": True,
                               "codeDescriptionSupport": True, "dataSupport": True,
                               "tagSupport": {"valueSet": [1]}},
        "codeAction": {"dataSupport": True, "resolveSupport": {"properties": ["edit"]},
                       "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}},
    },
}
