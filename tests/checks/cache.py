#!/usr/bin/env python3
"""The cache gives what a scan without it gives, whatever happens to it: cache.py PROGRAM

A small project is scanned cold, warm, after changes of every kind, with caches that are
damaged, foreign, locked, read-only or without room, by two scans at once, and after scans
that were killed.
"""

import json
import os
import pathlib
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

PROGRAM = None
KNOWN = "files known from the cache"
WITHOUT = "goes on without it"

HELPER = '#include "helper.h"\nPyObject *make(void) { return PyList_New(SIZE); }\n'
MODULE = """#include "helper.h"
PyObject *leaks(void)
{
    PyObject *list = make();
    if (list == NULL) { return NULL; }
    if (PyObject_SetItem(list, Py_None, Py_None) < 0) { return NULL; }
    return list;
}
"""
HEADER = "#include <Python.h>\n#define SIZE 0\nPyObject *make(void);\n"


def python_include():
    """The folder of Python.h that the program's own search finds."""
    done = subprocess.run(["python3-config", "--includes"], capture_output=True, text=True,
                          check=True)
    return done.stdout.split()


class Project:
    """Two files and a header in a folder, with a database."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "first").mkdir(parents=True)
        self.write("include/helper.h", HEADER)
        self.write("helper.c", HELPER)
        self.write("module.c", MODULE)
        entries = [{"directory": str(folder), "file": name,
                    "arguments": ["cc", "-Ifirst", "-Iinclude", *python_include(), "-c", name]}
                   for name in ("helper.c", "module.c")]
        self.write("compile_commands.json", json.dumps(entries))
        time.sleep(0.05)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        time.sleep(0.02)  # the clock of the file system is coarse

    @property
    def cache(self):
        return self.folder / ".strayref-cache" / "cache.db"

    def command(self, *options):
        return [PROGRAM, "scan", "-v", "--format", "json", "-p", str(self.folder), *options]

    def scan(self, *options, prefix=(), **how):
        """(report, standard error) of one scan."""
        done = subprocess.run([*prefix, *self.command(*options)], capture_output=True, text=True, timeout=120,
                              check=False, cwd=self.folder, **how)
        assert done.returncode in (0, 1), (done.returncode, done.stderr)
        return done.stdout, done.stderr

    def plain(self):
        return self.scan("--no-cache")[0]

    def check(self, known, *options, says=None, **how):
        """A scan that takes 'known' files from the cache and reports what one without does."""
        report, messages = self.scan(*options, **how)
        assert report == self.plain(), "the cache changes the report"
        assert known is None or f"{known} of 2 {KNOWN}" in messages, messages
        assert (WITHOUT in messages) == (says is not None), messages
        assert says is None or says in messages, messages


def test_changes(project):
    assert "leaks" in project.plain(), "nothing is found: nothing to compare"
    assert not project.cache.exists(), "--no-cache writes a cache"
    project.check(0)
    project.check(2)
    assert (project.cache.parent / ".gitignore").read_text() == "*\n"
    project.write("module.c", MODULE.replace("return NULL; }\n    return list", "return list; }\n"
                                             "    return list"))
    project.check(1)
    project.check(2)
    project.write("module.c", MODULE)
    project.check(2)  # as it was before
    project.write("include/helper.h", HEADER + "/* more */\n")
    project.check(0)
    os.utime(project.folder / "include/helper.h", (1, 1))
    project.check(2)  # contents count, not times
    project.write("first/helper.h", HEADER.replace("Python.h>", "Python.h>\n#define leaks renamed"))
    project.check(0)
    assert "renamed" in project.scan()[0]
    (project.folder / "first/helper.h").unlink()
    project.check(2)
    project.check(0, "--no-overlay")
    project.check(2, "--cache", str(project.folder / "elsewhere"), "--cache",
                  str(project.cache.parent))


def test_missing_header(project):
    project.write("module.c", '#include "later.h"\n' + MODULE)
    for _ in range(2):
        done = subprocess.run(project.command(), capture_output=True, text=True, check=False)
        assert done.returncode in (1, 3) and "later.h" in done.stderr, done.stderr
    project.write("first/later.h", "")
    project.check(0)  # a new file in an include folder might concern both


def test_damaged(project):
    project.check(None)
    whole = project.cache.read_bytes()
    for seed in range(10):
        random.seed(seed)
        broken = bytearray(whole)
        for _ in range(40):
            broken[random.randrange(len(broken))] ^= 1 << random.randrange(8)
        project.cache.write_bytes(broken)
        report, _ = project.scan()
        assert report == project.plain(), f"seed {seed}"
    for cut in (0, 1, 100, 5000, len(whole) // 2):
        project.cache.write_bytes(whole[:cut])
        assert project.scan()[0] == project.plain(), f"cut at {cut}"
    project.cache.write_bytes(whole[:8192] + bytes(len(whole) - 8192))
    project.check(None, says="strayref cache prune")
    subprocess.run([PROGRAM, "cache", "prune", "-p", project.folder], check=True,
                   stdout=subprocess.DEVNULL)
    project.check(0)
    project.check(2)


def test_foreign(project):
    project.cache.parent.mkdir(exist_ok=True)
    project.cache.unlink(missing_ok=True)
    project.cache.write_text("my diary\n" * 2000)
    project.check(None, says="not a cache of strayref")
    assert project.cache.read_text() == "my diary\n" * 2000, "a file of somebody else is changed"
    project.cache.unlink()
    with sqlite3.connect(project.cache) as other:
        other.execute("CREATE TABLE diary(day)")
    before = project.cache.read_bytes()
    project.check(None, says="not a cache of strayref")
    done = subprocess.run([PROGRAM, "cache", "prune", "-p", project.folder], check=False,
                          capture_output=True, text=True)
    assert done.returncode == 2 and "not a cache of strayref" in done.stderr, done.stderr
    assert project.cache.read_bytes() == before, "a database of somebody else is changed"
    project.cache.unlink()
    (project.folder / "target").write_bytes(b"")
    project.cache.symlink_to(project.folder / "target")
    project.check(None, says="cannot be used")
    assert (project.folder / "target").read_bytes() == b"", "a link is followed"
    shutil.rmtree(project.cache.parent)
    (project.folder / "elsewhere").mkdir()
    project.cache.parent.symlink_to(project.folder / "elsewhere")
    project.check(None, says="is a link")
    assert not list((project.folder / "elsewhere").iterdir()), "the link of a project is followed"
    project.cache.parent.unlink()
    project.cache.parent.write_text("a file")
    project.check(None, says="cannot be made")
    project.cache.parent.unlink()


def test_locked(project):
    project.check(None)
    holder = sqlite3.connect(project.cache, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    project.check(None, says="another process holds it")
    holder.execute("ROLLBACK")
    holder.close()
    project.check(2)


# Without the power of root to write everywhere.
OBEDIENT = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] * (os.geteuid() == 0)


def test_read_only(project):
    project.check(None)
    project.cache.chmod(0o444)
    project.cache.parent.chmod(0o555)
    before = project.cache.read_bytes()
    project.check(2, prefix=OBEDIENT)
    project.write("module.c", MODULE + "\n")
    project.check(1, prefix=OBEDIENT)
    assert project.cache.read_bytes() == before
    project.cache.parent.chmod(0o755)
    shutil.rmtree(project.cache.parent)
    project.folder.chmod(0o555)
    project.check(0, says="cannot be made", prefix=OBEDIENT)
    project.folder.chmod(0o755)


def no_room(size):
    """Makes files that would become as large fail, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_full_disk(project):
    project.check(None)
    size = project.cache.stat().st_size // 2  # a unit's own temporary file is smaller
    shutil.rmtree(project.cache.parent)
    project.check(None, says="make room on the disk", preexec_fn=lambda: no_room(size))
    project.check(None)
    project.check(2)


def test_at_once(project):
    plain = project.plain()
    for _ in range(3):
        shutil.rmtree(project.cache.parent, ignore_errors=True)
        scans = [subprocess.Popen(project.command(), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) for _ in range(4)]
        for scan in scans:
            report, messages = scan.communicate(timeout=120)
            assert report == plain and WITHOUT not in messages, messages
        project.check(2)


def test_killed(project):
    plain = project.plain()
    random.seed(8)
    for _ in range(12):
        if random.random() < 0.4:
            shutil.rmtree(project.cache.parent, ignore_errors=True)
        with subprocess.Popen(project.command(), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as scan:
            time.sleep(random.random() * 0.5)
            scan.send_signal(signal.SIGKILL)
        report, messages = project.scan()
        assert report == plain and WITHOUT not in messages, messages


def test_info(project):
    shutil.rmtree(project.cache.parent, ignore_errors=True)
    command = [PROGRAM, "cache", "info", "-p", project.folder]
    empty = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert " 0.0 MB" in empty and not project.cache.exists(), empty
    project.check(0)
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "units                  2 " in lines and " 0 made by other versions" in lines, lines
    with sqlite3.connect(project.cache) as database:
        database.execute("UPDATE entry SET maker='older' WHERE kind=1 AND id%2=0")
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert " 1 made by other versions" in lines or " 2 made by other" in lines, lines
    subprocess.run([PROGRAM, "cache", "prune", "-p", project.folder], check=True,
                   stdout=subprocess.DEVNULL)
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert " 0 made by other versions" in lines, lines
    project.check(None)
    project.check(2)


def check_replay(project, again, *options):
    """A scan without -v reports what one without cache does, says the same, and 'again' tells
    whether it has looked at an earlier scan only."""
    command = [word for word in project.command(*options) if word != "-v"]
    runs = [subprocess.run([*command, *more], capture_output=True, text=True, check=False,
                           cwd=project.folder) for more in (["--stats"], ["--no-cache"])]
    said = [line for line in runs[0].stderr.splitlines() if ": cost: " not in line]
    assert runs[0].returncode == runs[1].returncode, runs[0].stderr
    assert runs[0].stdout == runs[1].stdout, "an earlier scan changes the report"
    assert said == runs[1].stderr.splitlines(), runs[0].stderr
    assert ("cost: engine" not in runs[0].stderr) == again, (again, runs[0].stderr)


def test_replay(project):
    for again in (False, True, True):
        check_replay(project, again)
    project.write("module.c", MODULE.replace("Py_None, Py_None) < 0", "Py_None, list) < 0"))
    check_replay(project, False)
    project.write("include/helper.h", HEADER + "/* strayref: ignore[lea] */\n")
    check_replay(project, False)  # and it is told what is wrong with the comment
    project.write("include/helper.h", HEADER + "/* more */\n")
    check_replay(project, False)
    check_replay(project, True)
    project.write("first/helper.h", HEADER + "#define leaks renamed\n")
    check_replay(project, False)
    (project.folder / "first/helper.h").unlink()
    check_replay(project, False)  # the last one alone is known
    check_replay(project, True)
    check_replay(project, True, "-j1", "--output", "report.html")
    for option in (("--profile", "strict"), ("--exclude-rule", "leak"), ("module.c",)):
        check_replay(project, False, *option)
        check_replay(project, True, *option)
    check_replay(project, True)
    project.write(".strayref.yaml", "rules:\n  leak: off\n")
    check_replay(project, False)
    check_replay(project, True)
    project.write(".strayref.yaml", "rules:\n  leak: error\n")
    check_replay(project, False)
    check_replay(project, True)
    project.write("mine.facts", "make() -> new | NULL nomem\n")
    check_replay(project, False, "--model", "mine.facts")
    check_replay(project, True, "--model", "mine.facts")
    project.write("mine.facts", "make() -> borrowed | NULL\n")
    check_replay(project, False, "--model", "mine.facts")
    database = project.folder / "compile_commands.json"
    project.write(database.name, database.read_text().replace('"-c"', '"-DLATER", "-c"'))
    check_replay(project, False)


def main():
    global PROGRAM
    if len(sys.argv) != 2:
        sys.exit("usage: cache.py PROGRAM")
    PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
    tests = [test_changes, test_missing_header, test_damaged, test_foreign, test_locked,
             test_read_only, test_full_disk, test_at_once, test_killed, test_info, test_replay]
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        for test in tests:
            test(Project(pathlib.Path(work) / test.__name__))


if __name__ == "__main__":
    main()
