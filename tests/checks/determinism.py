#!/usr/bin/env python3
"""What strayref prints does not depend on how a run went: determinism.py PATH-OF-STRAYREF

fixtures/extension is scanned with one worker, with two, and with the entries of its
database in other orders.  Reports in every format, the summaries and what goes to
standard error must be the same to the byte.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMATS = ("text", "markdown", "html", "json", "sarif", "github", "gitlab", "junit", "rdjsonl",
           "csv", "summary")


def database(folder):
    """The entries of compile_commands.json for the example, made in 'folder'."""
    subprocess.run([ROOT / "fixtures/extension/make-compile-commands", folder], check=True)
    return json.loads((folder / "compile_commands.json").read_text())


def orders(entries):
    """The entries in the given order, backwards, and turned by one: named."""
    return {"as given": entries, "backwards": entries[::-1], "turned": entries[1:] + entries[:1]}


def run(program, folder, *args):
    """Standard output and error of one run in the source folder."""
    done = subprocess.run([program, *args, "--no-cache", "-p", folder], cwd=ROOT, capture_output=True,
                          timeout=240, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{args}: exit {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return done.stdout, done.stderr


def outputs(program, folder, workers):
    """Everything strayref can print about the project: {what: bytes}."""
    options = ["--output", "text=-"]
    for name in FORMATS[1:]:
        options += ["--output", f"{name}={folder}/report.{name}"]
    result = dict(zip(("text", "messages"), run(program, folder, "scan", workers, *options)))
    for name in FORMATS[1:]:
        result[name] = (folder / f"report.{name}").read_bytes()
    result["summaries"] = run(program, folder, "dump", "--summary", workers)[0]
    return result


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: determinism.py PATH-OF-STRAYREF")
    program = pathlib.Path(sys.argv[1]).resolve()
    first = None
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        for order, entries in orders(database(folder)).items():
            (folder / "compile_commands.json").write_text(json.dumps(entries))
            for workers in ("-j1", "-j2"):
                now = outputs(program, folder, workers)
                if first is None:
                    first = now
                    if not all(now[name] for name in (*FORMATS, "summaries")):
                        sys.exit("some output is empty: nothing to compare")
                for what, content in now.items():
                    if content != first[what]:
                        sys.exit(f"{what} of the run '{order}' with {workers} is not that of "
                                 f"the first run:\n{content.decode(errors='replace')[:4000]}")


if __name__ == "__main__":
    main()
