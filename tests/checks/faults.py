#!/usr/bin/env python3
"""Whatever goes wrong around it, a scan loses only what is concerned: faults.py PROGRAM

Each case is one fault; what the other files hold must still be reported, the missing must be
named, and the exit code must be right.
"""

import json
import os
import pathlib
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = None
STUB = """typedef struct _object { long ob_refcnt; struct _type *ob_type; } PyObject;
PyObject *PyList_New(long n); PyObject *PyObject_Repr(PyObject *o); void Py_DecRef(PyObject *o);
"""
GOOD = STUB.replace("{", "{{").replace("}", "}}") + "PyObject *good_{0}(PyObject *a) {{ return PyObject_Repr(a); }}\n"
LEAK = STUB.replace("{", "{{").replace("}", "}}") + ("PyObject *leak_{0}(PyObject *a) {{ PyObject *list_{0} = PyList_New(0); "
               "if (!list_{0}) return 0; return PyObject_Repr(a); }}\n")


class Project:
    """A folder with a database, and one file that leaks."""

    def __init__(self, folder):
        self.folder, self.entries = folder, []
        folder.mkdir()
        self.add("sound.c", LEAK.format("sound"))

    def add(self, name, text, *flags, there=True):
        if there:
            path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
        self.entries.append({"directory": str(self.folder), "file": name,
                             "arguments": ["cc", *flags, "-c", name]})

    def scan(self, *options, start=None, **how):
        """(exit code, the report, standard error) of a scan."""
        (self.folder / "compile_commands.json").write_text(json.dumps(self.entries))
        command = [PROGRAM, "scan", "--no-cache", "-p", str(self.folder), "--format", "json",
                   *options]
        if start is not None:
            return start(command)
        done = subprocess.run(command, capture_output=True, timeout=250, check=False, **how)
        return (done.returncode, json.loads(done.stdout) if done.stdout else None,
                done.stderr.decode(errors="replace"))

    def check(self, code, *names, says=(), options=(), **how):
        """A scan that finds the leaks in 'names' and says 'says'."""
        got, report, messages = self.scan(*options, **how)
        assert got == code, (got, code, messages)
        found = {finding["object"] for finding in report["findings"]}
        assert found == {f"list_{name}" for name in names}, (found, messages)
        for part in (says,) if isinstance(says, str) else says:
            assert part in messages, (part, messages)
        return messages


def test_missing_and_unreadable(project):
    project.add("gone.c", "", there=False)
    project.add("folder.c/inner.c", GOOD.format("x"))
    project.entries[-1]["file"] = "folder.c"
    project.check(1, "sound", says=("gone.c", "folder.c"))


def test_links(project):
    os.symlink("loop.c", project.folder / "loop.c")
    project.add("loop.c", "", there=False)
    os.symlink(".", project.folder / "round")
    project.add("round/round/sound2.c", LEAK.format("second"))
    project.check(1, "sound", "second", says="loop.c")


def test_odd_names(project):
    for number, name in enumerate(("a b.c", "a\nb.c", "a'\"$b.c", "d/-x.c", "a|b`c.c",
                                   "<script>alert(1)<", "ü.c")):
        name = name if name.endswith(".c") else name + ".c"
        project.add(name, LEAK.format(f"odd{number}"))
    project.check(1, "sound", *(f"odd{number}" for number in range(7)))
    project.scan("--output", f"{project.folder}/r.html", "--output", f"{project.folder}/r.md")
    page = (project.folder / "r.html").read_text()
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page
    text = re.sub("`[^`\n]*`", "", (project.folder / "r.md").read_text())
    assert "<script>" not in text, "outside of code, Markdown passes tags on"


def test_bytes(project):
    project.add("crlf.c", LEAK.format("crlf").replace(" ", "\r\n", 3))
    project.add("bom.c", b"\xef\xbb\xbf" + LEAK.format("bom").encode())
    project.add("latin.c", b"/* \xe9\xff */ " + LEAK.format("latin").encode())
    project.add("nul.c", b"/* \0 */ " + LEAK.format("nul").encode())
    project.add("empty.c", "")
    project.check(1, "sound", "crlf", "bom", "latin", "nul")


def test_nesting(project):
    deep = 100000
    project.add("deep.c", STUB + "int f(int x) { return " + "(" * deep + "x" + ")" * deep + "; }\n")
    project.add("blocks.c", STUB + "void f(void) " + "{" * deep + "}" * deep + "\n")
    project.add("minus.c", STUB + "int f(int x) { return " + "- " * deep + "x; }\n")
    project.check(1, "sound", says=("deep.c", "blocks.c"))


def test_takes_for_ever(project):
    lines = ["#define A0 1"] + [f"#define A{i} A{i-1} + A{i-1} + A{i-1}" for i in range(1, 25)]
    project.add("ever.c", "\n".join(lines) + "\nint x = A24;\n")
    project.check(1, "sound", says=("ever.c", "--timeout"), options=("--timeout", "2"))


def test_long_database(project):
    text = GOOD.format("all")
    project.add("all.c", text)
    project.entries += [{**project.entries[-1], "arguments": ["cc", "-c", "all.c"]}
                        for _ in range(50000)]
    project.check(1, "sound")


def test_plugins(project):
    evil = project.folder / "evil.so"
    evil.write_text("")
    project.add("plug.c", LEAK.format("plug"), f"-fplugin={evil}", "-Xclang", "-load", "-Xclang",
                str(evil), f"-Wp,-DX,-load,{evil}", "-mllvm", f"-load={evil}", f"-specs={evil}")
    project.check(1, "sound", "plug", says="flags that load code into a compiler are left out")


def test_output_on_full_disk(project):
    code, _, messages = project.scan("--output", "/dev/full")
    assert code == 2 and "/dev/full" in messages, (code, messages)


def test_memory(project):
    def little():
        resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
    lines = "".join(f"int v{i} = {i};\n" for i in range(10))
    huge = STUB + "int big[] = {" + "1," * 6000000 + "};\n" + lines
    project.add("huge.c", huge)
    if subprocess.run([PROGRAM, "--version"], preexec_fn=little,
                      capture_output=True, check=False).returncode != 0:
        return  # sanitizers reserve more address space than that
    code, report, messages = project.scan(preexec_fn=little)
    found = {finding["object"] for finding in report["findings"]}
    assert code == 1 and found == {"list_sound"}, (code, found, messages)


def test_killed_workers(project):
    """A worker that is killed costs its file at most."""
    for number in range(6):
        project.add(f"w{number}.c", LEAK.format(f"w{number}"))
    everything = {"list_sound", *(f"list_w{number}" for number in range(6))}
    rng = random.Random(5)

    def start(command):
        with subprocess.Popen([*command, "-j2"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as run:
            time.sleep(rng.random() * 0.15)
            children = pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children")
            try:
                victims = [int(word) for word in children.read_text().split()]
                os.kill(rng.choice(victims), signal.SIGKILL)
            except (OSError, IndexError):
                pass
            out, messages = run.communicate(timeout=100)
        return run.returncode, json.loads(out), messages.decode()

    for _ in range(20):
        code, report, messages = project.scan(start=start)
        found = {finding["object"] for finding in report["findings"]}
        lost = everything - found
        assert code in (1, 3) and len(lost) <= 1, (code, lost, messages)
        if lost:
            name = lost.pop().removeprefix("list_") + ".c"
            assert f"{name}: parser crashed (signal 9)" in messages, (name, messages)


def test_interrupted(project):
    """What is done is reported."""
    project.add("ever.c", "#define A(x) x x x x x x x x\n" * 1 + "int a = 0\n"
                + "A(A(A(A(A(A(A(A(A(+ 1)))))))))" + ";\n")

    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        def start(command):
            with subprocess.Popen([*command, "-j2"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) as run:
                time.sleep(3)
                run.send_signal(number)
                out, messages = run.communicate(timeout=100)
            return run.returncode, json.loads(out), messages.decode()

        got, report, messages = project.scan(start=start)
        found = {finding["object"] for finding in report["findings"]}
        assert got == code and found == {"list_sound"}, (got, found, messages)
        assert "ever.c: the scan was interrupted" in messages, messages


def main():
    global PROGRAM
    if len(sys.argv) < 2:
        sys.exit("usage: faults.py PROGRAM [TEST...]")
    PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        for name, test in list(globals().items()):
            if name.startswith("test_") and (len(sys.argv) == 2 or name in sys.argv[2:]):
                begin = time.monotonic()
                try:
                    test(Project(pathlib.Path(work) / name))
                except AssertionError as problem:
                    print(f"FAILED {name}: {str(problem)[:1500]}")
                    failed += 1
                if time.monotonic() - begin > 60:
                    print(f"{name} took {time.monotonic() - begin:.0f} s")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
