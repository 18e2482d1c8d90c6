#!/usr/bin/env python3
"""What files begin with is compiled once, and nothing else changes: preamble.py PROGRAM

Small projects are scanned with and without --no-preamble: the reports, what is said of files,
and the units must be equal byte for byte, and where files may share is told.
"""

import filecmp
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM = None
SHARED = re.compile(r"strayref: (\d+) files begin with what was compiled once")

COMMON = """#ifndef COMMON_H
#define COMMON_H
#include <Python.h>
#ifndef MODE
#define MODE 1
#endif
#if MODE == 1
#define MAKE() make()
#else
#define MAKE() NULL
#endif
static inline PyObject *
make(void)
{
    return PyList_New(0);
}
#endif
"""
BEGINNING = '#define PY_SSIZE_T_CLEAN\n#include "common.h"\n'
LEAK = """
PyObject *
%(name)s(PyObject *self, PyObject *args)
{
    PyObject *list = MAKE();
    if (list == NULL) {
        return NULL;
    }
    if (PyObject_SetItem(list, Py_None, args) < 0) {
        return NULL;
    }
    return list;
}
"""


def python_include():
    done = subprocess.run(["python3-config", "--includes"], capture_output=True, text=True,
                          check=True)
    return done.stdout.split()


class Project:
    """Files in a folder, all of them .c and .cpp in the database."""

    def __init__(self, folder, files, flags=()):
        self.folder = folder
        self.temporary = folder / "tmp"
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.temporary.mkdir()
        sources = [name for name in files if name.endswith((".c", ".cpp"))]
        entries = [{"directory": str(folder), "file": name,
                    "arguments": ["cc", *flags, *python_include(), "-c", name]}
                   for name in sources]
        (folder / "compile_commands.json").write_text(json.dumps(entries))
        time.sleep(0.05)

    def run(self, command, *options, temporary=None):
        environment = {**os.environ, "TMPDIR": str(temporary or self.temporary)}
        return subprocess.run([PROGRAM, command, "-p", str(self.folder), *options],
                              capture_output=True, env=environment, cwd=self.folder,
                              check=False)

    def both(self, *options, **how):
        """Scans with and without: the result of the first, which must be that of the second."""
        done = self.run("scan", "--no-cache", *options, **how)
        plain = self.run("scan", "--no-cache", "--no-preamble", *options, **how)
        assert done.returncode == plain.returncode, (done, plain)
        assert done.stdout == plain.stdout, (done.stdout, plain.stdout)
        assert done.stderr == plain.stderr, (done.stderr, plain.stderr)
        return done

    def shared(self, *options, **how):
        """How many files have shared, as -v tells."""
        done = self.run("scan", "--no-cache", "-v", *options, **how)
        return int(SHARED.search(done.stderr.decode())[1])

    def check(self, shared, formats=("sarif",)):
        """Compares reports and units; 'shared' files must share.  The last report."""
        for form in formats:
            done = self.both("--format", form)
        self.compare_units()
        assert self.shared() == shared, (self.shared(), shared)
        assert not list(self.temporary.iterdir()), "something stays in the temporary folder"
        return done.stdout.decode()

    def compare_units(self):
        for store, option in (("with", ()), ("without", ("--no-preamble",))):
            self.run("capture", "--store", f"{self.folder}.{store}", *option)
        with_it, without = (pathlib.Path(f"{self.folder}.{store}") / "units"
                            for store in ("with", "without"))
        names = sorted(path.name for path in without.glob("*"))
        assert names == sorted(path.name for path in with_it.glob("*")), "other units"
        _, other, errors = filecmp.cmpfiles(with_it, without, names, shallow=False)
        assert not other and not errors, other


def module(name, beginning=BEGINNING):
    return beginning + LEAK % {"name": name}


def found(report):
    """The functions in a SARIF report that have a finding, with the rule."""
    return sorted({(pathlib.PurePath(where["artifactLocation"]["uri"]).name, one["ruleId"])
                   for one in json.loads(report)["runs"][0]["results"]
                   for where in (one["locations"][0]["physicalLocation"],)})


def test_sharing(folder):
    """Files with other comments, spacing and ends of lines share; two files would not pay."""
    files = {"common.h": COMMON, "a.c": module("a"), "b.c": "/* b */\n\n" + module("b"),
             "c.c": module("c", "\ufeff" + BEGINNING.replace("\n", "\r\n")),
             "d.c": module("d", "# define  PY_SSIZE_T_CLEAN // d\n#include /* */ \"common.h\"\n")}
    project = Project(folder / "four", files)
    report = project.check(4, ("text", "json", "sarif"))
    assert len(found(report)) == 4, found(report)
    assert project.shared("--no-preamble") == 0
    Project(folder / "two", {name: files[name] for name in ("common.h", "a.c", "b.c")}).check(0)


def test_macro_before(folder):
    """A macro before the include means another preamble."""
    files = {"common.h": COMMON, **{f"{name}.c": module(name) for name in "abc"},
             "other.c": module("other", "#define MODE 2\n" + BEGINNING)}
    report = Project(folder, files).check(3)
    assert len(found(report)) == 3 and ("other.c", "leak") not in found(report), found(report)


def test_folders(folder):
    """The same text in other folders includes other files."""
    files = {}
    for mode in (1, 2):
        files[f"{mode}/common.h"] = COMMON.replace("MODE 1", f"MODE {mode}")
        files.update({f"{mode}/m{mode}{name}.c": module(f"m{mode}{name}") for name in "abc"})
    report = Project(folder, files).check(6)
    assert {name for name, _ in found(report)} == {"m1a.c", "m1b.c", "m1c.c"}, found(report)


def test_errors(folder):
    """What is wrong with a header, or missing, is told for each file as before."""
    broken = {"broken.h": COMMON + "int f(void) { return nope; }\n"}
    for name, header in (("broken", broken), ("missing", {})):
        begin = f'#include <Python.h>\n#include "{name}.h"\n'
        files = {**header, **{f"{one}.c": begin + "int x%s;\n" % one for one in "abc"}}
        Project(folder / name, files).check(0)
    files = {"common.h": COMMON, **{f"{name}.c": module(name) for name in "abc"},
             "wrong.c": module("wrong") + "int g(void) { return PyLong_FromLng(1); }\n"}
    Project(folder / "later", files).check(4)


def test_odd_headers(folder):
    """Headers that are read several times, or that ask who reads them."""
    begin = ('#include "common.h"\n#define ITEM(x) x,\n'
             '#include "guardless.h"\n#include <assert.h>\n')
    files = {"common.h": COMMON, "guardless.h": "extern int counted;\n#define LATER 1\n",
             "items.inc": "ITEM(1) ITEM(2)\n"}
    for name in "abc":
        files[f"{name}.c"] = (module(name, begin) + '#include "guardless.h"\n#include <assert.h>\n'
                              + f'static const int list_{name}[] = {{\n#include "items.inc"\n}};\n'
                              + f"int sum_{name}(void) {{ assert(LATER); return list_{name}[0]"
                              + " + __COUNTER__ + counted; }\n")
    Project(folder / "again", files).check(3)
    files = {"who.h": "static const char who[] = __BASE_FILE__;\n",
             **{f"{name}.c": f'#include <Python.h>\n#include "who.h"\nchar {name}(void) '
                "{ return who[0]; }\n" for name in "abc"}}
    Project(folder / "who", files).check(0)


def test_cplusplus(folder):
    """C and C++ do not share, nor do dialects."""
    files = {"common.h": COMMON, **{f"{name}.c": module(name) for name in "abc"},
             **{f"p{name}.cpp": module(f"p{name}") for name in "abcd"}}
    Project(folder / "both", files).check(7)
    files = {"common.h": COMMON, **{f"p{name}.cpp": module(f"p{name}") for name in "ab"},
             "a.c": module("a")}
    Project(folder / "few", files).check(0)


def test_cache(folder):
    """What is kept does not depend on it; a header that is edited is read anew."""
    files = {"common.h": COMMON, **{f"{name}.c": module(name) for name in "abc"}}
    project = Project(folder, files)
    first = project.run("scan", "--format", "json")
    warm = project.run("scan", "--format", "json", "-v", "--no-preamble")
    assert first.stdout == warm.stdout
    assert b"3 of 3 files known" in warm.stderr, warm.stderr
    (folder / "common.h").write_text(COMMON.replace("MODE 1", "MODE 2"))
    time.sleep(0.05)
    edited = project.run("scan", "--format", "json", "-v")
    assert b"0 of 3 files known" in edited.stderr, edited.stderr
    assert edited.stdout == project.both("--format", "json").stdout != first.stdout


def test_no_room(folder):
    """Without a temporary folder all goes as before."""
    files = {"common.h": COMMON, **{f"{name}.c": module(name) for name in "abc"}}
    project = Project(folder, files)
    assert project.shared(temporary=folder / "nowhere") == 0


def test_change(folder):
    """A header that changes once it is compiled is read anew."""
    files = {"common.h": COMMON, **{f"m{name}.c": module(f"m{name}") for name in range(8)}}
    project = Project(folder, files)

    def change():
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            if list(project.temporary.glob("*/*.pch")):
                (folder / "common.h").write_text(
                    COMMON.replace("MODE 1", "MODE 2 /* another size */"))
                return
            time.sleep(0.0005)

    thread = threading.Thread(target=change)
    thread.start()
    done = project.run("scan", "--no-cache", "-j1", "--format", "sarif")
    thread.join()
    assert done.returncode in (0, 1), done
    assert b"has been modified" not in done.stderr + done.stdout, done.stderr
    assert len(found(done.stdout)) < 8, "the change came too late to say anything"
    project.check(8)


def main():
    global PROGRAM
    PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            with tempfile.TemporaryDirectory() as work:
                folder = pathlib.Path(work).resolve() / "p"
                folder.mkdir()
                try:
                    test(folder)
                except AssertionError as error:
                    sys.exit(f"{name}: {error}")


if __name__ == "__main__":
    main()
