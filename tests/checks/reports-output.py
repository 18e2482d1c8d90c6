#!/usr/bin/env python3
"""Where reports go: reports-output.py PATH-OF-STRAYREF

Several outputs from one scan, formats by suffix, by FORMAT=FILE and by --format; places that
refuse a report, which must not be lost; --summary, --link; what is refused before the scan.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
STUB = ["--", f"-I{ROOT}/fixtures/include"]
LEAK = """#include <Python.h>
PyObject *
pair(PyObject *self, PyObject *item)
{
    PyObject *list = PyList_New(0);
    if (list == NULL || PyObject_SetItem(list, item, item) < 0) {
        return NULL;
    }
    return list;
}
static PyMethodDef methods[] = {{"pair", pair, METH_O, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "pair", 0, -1, methods, 0, 0, 0, 0};
PyMODINIT_FUNC PyInit_pair(void) { return PyModule_Create(&module); }
"""
STARTS = {"markdown": "# References", "html": "<!DOCTYPE html>", "json": "{\n  \"format\"",
          "sarif": "{\n  \"$schema\"", "github": "::warning ", "gitlab": "[\n", "junit": "<?xml",
          "rdjsonl": "{\"message\"", "csv": "number,", "summary": "## strayref", "text": "pair.c:"}


class Result:
    def __init__(self, folder, *args, env=None, stdout=subprocess.PIPE):
        done = subprocess.run([PROGRAM, "scan", *args, "pair.c", *STUB], cwd=folder, text=True,
                              stdout=stdout, stderr=subprocess.PIPE, check=False, timeout=120,
                              env={**os.environ, **(env or {})})
        self.args, self.code, self.out, self.err = args, done.returncode, done.stdout, done.stderr

    def check(self, good, what):
        if not good:
            sys.exit(f"FAILED: {self.args}: {what}\nexit {self.code}\n{self.out}\n{self.err}")

    def is_format(self, text, name):
        self.check(text.startswith(STARTS[name]), f"no {name}: {text[:60]!r}")


def read(folder, name):
    return (folder / name).read_text()


def test_many_outputs(folder):
    result = Result(folder, "--output", "r.md", "-o", "r.sarif", "--output", "gitlab=gl.json",
                    "--output=r.xml", "--output", "json=-", "--summary", "s.md")
    result.check(result.code == 1, "exit code")
    for name, form in (("r.md", "markdown"), ("r.sarif", "sarif"), ("gl.json", "gitlab"),
                       ("r.xml", "junit"), ("s.md", "summary")):
        result.is_format(read(folder, name), form)
    result.is_format(result.out, "json")
    result.check(len(read(folder, "s.md").splitlines()) < 60, "a long summary")


def test_choice_of_format(folder):
    for args, stdout, file in [
            (["--output", "x.html"], None, "html"),
            (["--output", "x.sarif.json"], None, "sarif"),
            (["--output", "text=x.unknown"], None, "text"),
            (["--format", "csv", "--output", "x.unknown"], None, "csv"),
            (["--format", "sarif", "--output", "x.json"], None, "sarif"),
            (["--format", "github", "--output", "x.sarif"], "github", "sarif"),
            (["--format", "markdown", "--output", "-"], "markdown", None),
            (["--format", "rdjsonl"], "rdjsonl", None),
            (["--summary", "x.md"], "text", "summary"),
            (["--output", "csv=a=b.md"], None, "csv")]:
        result = Result(folder, *args)
        result.check(result.code == 1, "exit code")
        result.check((stdout is None) == (result.out == ""), "standard output")
        if stdout:
            result.is_format(result.out, stdout)
        name = args[-1].removeprefix("csv=").removeprefix("text=")
        if file:
            result.is_format(read(folder, name), file)
            (folder / name).unlink()


def test_devices(folder):
    """What has no suffix because it is no file gets text."""
    result = Result(folder, "--output", "/dev/null")
    result.check(result.code == 1 and not result.out, "text for a device")


def test_refused(folder):
    for args, fragment in [
            (["--output", "nope=x.md"], "no such format: nope"),
            (["--output", "json="], "no file is named"),
            (["--output", "x.unknown"], "there are .txt, .md, "),
            (["--output", "x"], "or name the format: --output text=x"),
            (["--summary", "."], "--summary .: this is a folder"),
            (["--output", "a.md", "--output", "html=a.md"], "two reports for the same file"),
            (["--output", "a.md", "--summary", "./a.md"], "two reports for the same file"),
            (["--output", "json=-", "--output", "csv=-"], "two reports for standard output"),
            (["--output", "."], "this is a folder"),
            (["--link", "javascript:alert('{path}')"], "must begin with https://"),
            (["--link", "https://host/"], "{path}")]:
        result = Result(folder, *args)
        result.check(result.code == 2, "exit code")
        result.check(fragment in result.err and len(result.err.splitlines()) == 1, fragment)
        result.check(not result.out, "output")


def test_unwritable(folder):
    """The report is on standard output, or in another file when that is taken."""
    result = Result(folder, "--output", "none/r.md", "--output", "r.csv")
    result.check(result.code == 2, "exit code")
    result.is_format(result.out, "markdown")
    result.is_format(read(folder, "r.csv"), "csv")
    warnings = [line for line in result.err.splitlines() if "--output none/r.md" in line]
    result.check(len(warnings) == 1 and "on standard output instead" in warnings[0], "warning")

    result = Result(folder, "--summary", "none/s.md", "--output", "json=/dev/null")
    result.check(result.code == 2, "exit code")
    result.is_format(result.out, "summary")
    result.check("--summary none/s.md: " in result.err, "warning")

    result = Result(folder, "--output", "none/r.md", "--output", "none/r.html", "--format", "text")
    result.check(result.code == 2, "exit code")
    result.is_format(result.out, "text")
    for name, form in (("strayref-r.md", "markdown"), ("strayref-r.html", "html")):
        result.check(f"the report is in {name} instead" in result.err, "warning")
        result.is_format(read(folder, name), form)


def test_full_standard_output(folder):
    if not os.path.exists("/dev/full"):
        return
    with open("/dev/full", "wb") as full:
        result = Result(folder, stdout=full)
    result.check(result.code == 2, "exit code")
    result.check("strayref-report.txt instead" in result.err, "warning")
    result.is_format(read(folder, "strayref-report.txt"), "text")


def test_step_summary(folder):
    """What other commands of a job's step wrote stays; elsewhere the file is replaced."""
    for name, kept in (("step.md", True), ("other.md", False)):
        (folder / name).write_text("before\n")
        result = Result(folder, "--summary", name, env={"GITHUB_STEP_SUMMARY": "step.md"})
        result.check(read(folder, name).startswith("before\n") == kept, name)
        result.check("## strayref" in read(folder, name), name)


def test_link(folder):
    result = Result(folder, "--format", "markdown", "--link", "https://host/x/{path}#L{line}")
    result.check("](https://host/x/pair.c#L7)" in result.out, "no link")
    result.check("https://host" not in Result(folder, "--format", "markdown").out, "a link")


def main():
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            with tempfile.TemporaryDirectory() as work:
                folder = pathlib.Path(work)
                (folder / "pair.c").write_text(LEAK)
                test(folder)
    print("all reports are where they were asked for")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: reports-output.py PATH-OF-STRAYREF")
    PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
    main()
