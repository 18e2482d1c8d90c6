#!/usr/bin/env python3
"""Whatever goes wrong around it, a scan loses only what is concerned:

    faults.py PROGRAM [--kills N] [TEST...]

Each case is one fault; what the other files hold must still be reported, the missing must be
named, and the exit code must be right.
"""

import argparse
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
import threading
import time
import xml.dom.minidom

PROGRAM = None
KILLS = 20
SANITIZED = False
INTERRUPTED = "the scan was interrupted"
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
        options = options if "--cache" in options else ("--no-cache", *options)
        command = [PROGRAM, "scan", "-p", str(self.folder), "--format", "json",
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


def test_precompiled(project):
    """What is compiled already is never read: it may be old, another compiler's, or made to do
    harm.  The header beside it counts, and the language of the file."""
    inner = "#ifdef HERE\n" + LEAK + "#endif\n"
    (project.folder / "evil.pch").write_bytes(b"CPCH" + bytes(range(256)))
    for number, suffix in enumerate(("pch", "gch")):
        (project.folder / f"all{number}.h").write_text("#define HERE\n")
        (project.folder / f"all{number}.h.{suffix}").write_bytes(b"CPCH" + bytes(range(256)))
        project.add(f"{suffix}.c", inner.format(suffix), "-include", f"all{number}.h")
        project.add(f"joined_{suffix}.c", inner.format(f"joined_{suffix}"), f"-includeall{number}.h")
    project.add("cmake.c", inner.format("cmake"), "-Xclang", "-include-pch", "-Xclang", "evil.pch",
                "-Xclang", "-include", "-Xclang", "all0.h")
    for language in ("ast", "pcm", "ir"):
        project.add(f"{language}.c", LEAK.format(language), "-x", language)
    for name in ("evil.ast", "evil.pcm", "evil.bc"):
        project.add(name, b"CPCH" + bytes(range(256)))
    project.check(1, "sound", "pch", "gch", "joined_pch", "joined_gch", "cmake", "ast", "pcm", "ir",
                  says="3 entries of the database are not C or C++")


def test_crash_of_the_parser(project):
    """libclang crashes on one file, in more than one way."""
    for number, what in enumerate(("crash", "parser_crash", "llvm_fatal_error", "overflow_stack")):
        project.add(f"bad{number}.c", f"#pragma clang __debug {what}\n" + LEAK.format("lost"))
    project.add("behind.c", LEAK.format("behind"))
    project.check(1, "sound", "behind", says=[f"bad{number}.c" for number in range(4)],
                  options=("--timeout", "5"))


def test_writing_flags(project):
    """No flag of a compiler makes a scan write anything."""
    flags = ("-save-temps -dM -E -MD -MFdeps -MJ json -Wp,-MD,deps2 -ftime-trace=trace -fmodules "
             "-fmodules-cache-path=modules -index-store-path index --serialize-diagnostics bin -o out "
             "-fprofile-generate=profile -gsplit-dwarf -fcrash-diagnostics-dir=crash -Xclang -emit-pch "
             "-dependency-file deps3 -fsave-optimization-record=yaml -foptimization-record-file=opt "
             "-fproc-stat-report=stats -stats-file=stats2 -aux-info aux -dumpdir dump -ftest-coverage")
    for number, words in enumerate((flags.split(), *([flag] for flag in flags.split()
                                                     if flag.startswith("-") and "=" in flag))):
        project.add(f"w{number}.c", LEAK.format(f"w{number}"), *words)
    before = sorted(os.listdir(project.folder))
    project.check(1, "sound", *(f"w{number}" for number in range(len(project.entries) - 1)))
    after = sorted(os.listdir(project.folder))
    assert set(after) - set(before) <= {"compile_commands.json"}, (before, after)


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
        report = json.loads(out) if out else {"findings": [], "not_analysed": []}
        return run.returncode, report, messages.decode()

    costs = 0
    for _ in range(KILLS):
        code, report, messages = project.scan(start=start)
        found = {finding["object"] for finding in report["findings"]}
        lost = everything - found
        assert code in (1, 3) and len(lost) <= 1, (code, lost, messages)
        costs += len(lost)
        if lost:
            name = lost.pop().removeprefix("list_") + ".c"
            assert f"{name}: parser crashed (signal 9)" in messages, (name, messages)
    if KILLS > 20:
        print(f"{KILLS} scans with a worker killed: {costs} files lost, all named")


def interrupt(number, seconds):
    """How to start a scan that gets a signal after a while."""
    def start(command):
        with subprocess.Popen([*command, "-j2"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as run:
            time.sleep(seconds)
            run.send_signal(number)
            out, messages = run.communicate(timeout=100)
        report = json.loads(out) if out else {"findings": [], "not_analysed": []}
        return run.returncode, report, messages.decode()
    return start


def test_interrupted(project):
    """What is done is reported."""
    project.add("ever.c", "#define A(x) x x x x x x x x\n" * 1 + "int a = 0\n"
                + "A(A(A(A(A(A(A(A(A(+ 1)))))))))" + ";\n")
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        for seconds in (3, 8, 20):  # the first may come before anything is read
            got, report, messages = project.scan(start=interrupt(number, seconds))
            found = {finding["object"] for finding in report["findings"]}
            if found:
                break
        assert got == code and found == {"list_sound"}, (got, found, messages)
        assert "ever.c: the scan was interrupted" in messages, messages


def fields(count, functions, first=""):
    """Functions that set so many fields, each of which may hold two things: slow to analyse."""
    return (STUB + "PyObject *leak_sound(PyObject *a);\nstruct S {"
            + "".join(f"int f{i};" for i in range(count)) + "};\n" + "".join(
                f"PyObject *slow{k}(struct S *s, int k) {{ {first}\n" + "".join(
                    f"s->f{i} = k & {i} ? {i} : 2;\n" for i in range(count))
                + "return PyList_New(0); }\n" for k in range(functions)))


def test_interrupted_analysis(project):
    """The same when all is read and some functions are analysed, in this process or others."""
    for functions, count in ((30, 300), (110, 150)) if SANITIZED else ((30, 800), (110, 300)):
        project.add("slow.c", fields(count, functions, "if (!leak_sound(0)) return 0;"))
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            for seconds in (2, 3, 4, 6, 9, 13, 20, 30, 45):  # the first may come too early
                got, report, messages = project.scan(start=interrupt(number, seconds))
                found = {finding["object"] for finding in report["findings"]}
                left = [function for function in report["not_analysed"]
                        if "function" in function and function["why"] == INTERRUPTED]
                if "list_sound" in found and 0 < len(left) < functions:
                    break
                assert got in (code, -number), (got, seconds, messages)  # it was not at its end
            assert got == code and "list_sound" in found, (got, found, messages)
            assert 0 < len(left) < functions, (functions, len(left), messages)


def branches(count, text):
    """A function of so many branches, one of which leaks."""
    return STUB + ("PyObject *wide(const int *flag) { PyObject *list_wide = PyList_New(0); "
                   "if (!list_wide) return 0; int n = 0;\n"
                   + "".join(text.format(i) for i in range(count))
                   + "if (flag[1]) return 0; Py_DecRef(list_wide); return PyList_New(n); "
                   "fail: Py_DecRef(list_wide); return 0; }\n")


def test_many_branches(project):
    """The cost grows with the function, not with the number of its paths."""
    project.add("wide.c", branches(1000 if SANITIZED else 10000, "if (flag[{0}]) n += {0};\n"))
    project.add("out.c", branches(500 if SANITIZED else 3000, "if (flag[{0}]) goto fail;\n"))
    begin = time.monotonic()
    messages = project.check(1, "sound", "wide", preexec_fn=limits(memory=1 << 30, cpu=60))
    assert "given up" not in messages.replace("0 given up", ""), messages
    assert time.monotonic() - begin < 120


def test_large_functions(project):
    """Nor does what is slow for all that take all the time and memory there are."""
    project.add("slow.c", fields(300 if SANITIZED else 2000, 1))
    begin = time.monotonic()
    project.check(1, "sound", preexec_fn=limits(memory=2 << 30, cpu=100))
    assert time.monotonic() - begin < 200


def limits(memory, cpu):
    """What a process sets for itself; no limit of memory under sanitizers."""
    def here():
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
        if not SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    return here


def test_large_files(project):
    """Files that nobody wrote by hand are refused, not read."""
    project.add("line.c", "")
    os.truncate(project.folder / "line.c", (2 << 30) + 10)
    project.add("odd.h", "")
    os.truncate(project.folder / "odd.h", 3 << 30)
    project.entries.pop()
    project.add("includes.c", '#include "odd.h"\n' + LEAK.format("includes"))
    project.check(1, "sound", says="line.c", preexec_fn=limits(memory=3 << 29, cpu=100))
    for name, option in ((".strayref.yaml", "--config"), ("large.baseline", "--baseline"),
                         ("large.facts", "--model"), ("large.diff", "--diff")):
        path = project.folder / name
        path.touch()
        os.truncate(path, 3 << 30)
        code, _, messages = project.scan(option, str(path),
                                         preexec_fn=limits(memory=3 << 29, cpu=100))
        assert code == 2 and name in messages, (name, code, messages)
        path.unlink()


def test_changing_header(project):
    """A header that is another at each look, and at times none."""
    header = project.folder / "shifty.h"
    header.write_text("")
    for number in range(12):
        project.add(f"h{number}.c", LEAK.format(f"h{number}") + '#include "shifty.h"\n')
    everything = {"list_sound", *(f"list_h{number}" for number in range(12))}
    done = threading.Event()

    def change():
        rng = random.Random(1)
        while not done.is_set():
            text = "int shifty;\n" * rng.randrange(4000)
            header.write_text(text[:rng.randrange(len(text) + 1)])
            if rng.random() < 0.2:
                header.unlink()
                time.sleep(0.002)
                header.write_text("")

    other = threading.Thread(target=change)
    other.start()
    try:
        for cache in ((), ("--cache", str(project.folder / "cache"))):
            for _ in range(4):
                code, report, messages = project.scan(*cache)
                assert code in (1, 3) and report is not None, (code, messages)
    finally:
        done.set()
        other.join()
    header.write_text("int settled;\n")
    code, report, messages = project.scan("--cache", str(project.folder / "cache"))
    found = {finding["object"] for finding in report["findings"]}
    assert code == 1 and found == everything, (code, everything - found, messages)


def test_other_encodings(project):
    """Paths are bytes: a report shows those that are no UTF-8 somehow, and nothing is lost."""
    name = b"l\xe9on.c"
    path = os.path.join(os.fsencode(project.folder), name)
    with open(path, "wb") as file:
        file.write(LEAK.format("bytes").encode())
    done = subprocess.run([PROGRAM, "scan", "--no-cache", "--format", "json", path, "--"],
                          capture_output=True, timeout=100, check=False)
    report = json.loads(done.stdout)
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert [finding["object"] for finding in report["findings"]] == ["list_bytes"], report
    for suffix in ("html", "md", "sarif", "csv", "xml", "txt"):
        out = project.folder / f"r.{suffix}"
        subprocess.run([PROGRAM, "scan", "--no-cache", "-o", out, path, "--"],
                       capture_output=True, timeout=100, check=False)
        assert "list_bytes" in out.read_text(encoding="utf-8"), suffix
    folder = os.path.join(os.fsencode(project.folder), b"\xff\xfe dir\n")
    os.mkdir(folder)
    os.rename(path, os.path.join(folder, name))
    done = subprocess.run([PROGRAM, "scan", "--no-cache", "--format", "json", name, "--"],
                          cwd=folder, capture_output=True, timeout=100, check=False)
    assert done.returncode == 1 and json.loads(done.stdout)["findings"], done.stderr


def test_response_files(project):
    """@file names words for the compiler: what is in it counts, devices and pipes do not hang."""
    (project.folder / "words").write_text("-DHERE -fplugin=evil.so -Xclang -load -Xclang evil.so")
    os.mkfifo(project.folder / "pipe")
    inner = "#ifdef HERE\n" + LEAK.format("here") + "#endif\n"
    project.add("here.c", inner, "@words")
    project.add("zero.c", LEAK.format("zero"), "@/dev/zero")
    project.add("pipe.c", LEAK.format("pipe"), "@pipe")
    (project.folder / "round").write_text("@round @round -DX")
    project.add("round.c", LEAK.format("round"), "@round")
    project.check(1, "sound", "here", says=(
        "flags that load code into a compiler are left out", "its response file pipe cannot be read",
        "response file /dev/zero cannot", "response file round cannot"))


def test_pipes_as_sources(project):
    """A source file that never ends, or never begins."""
    os.mkfifo(project.folder / "pipe.c")
    project.add("pipe.c", "", there=False)
    os.symlink("/dev/zero", project.folder / "zero.c")
    project.add("zero.c", "", there=False)
    project.check(1, "sound", says=("pipe.c", "zero.c"), options=("--timeout", "5"))


def test_hostile_configuration(project):
    """The configuration of what is scanned names no outputs and no commands."""
    for key in ("output: /tmp/evil.html", "cache: /tmp/evil", "store: evil", "command: evil",
                "clang: evil.so", "jobs: [evil]", "format: html", "summary: evil.md"):
        (project.folder / ".strayref.yaml").write_text(key + "\n")
        code, _, messages = project.scan(cwd=project.folder)
        assert code == 2 and "unknown key" in messages, (key, code, messages)
    (project.folder / ".strayref.yaml").unlink()
    assert not list(project.folder.glob("evil*"))


def test_hostile_text(project):
    """Messages and source text are as hostile as names of files."""
    evil = '<img src=x onerror=alert(1)>|`</script><script>alert(2)</script>'
    project.add("text.c", LEAK.format("text").replace("PyList_New(0);",
                f'PyList_New(0); /* {evil} ]]> """ */ const char *t = "{evil}"; (void)t;'))
    project.add("lines.c", f'#line 1 "{evil}.c"\n' + LEAK.format("lines"))
    outputs = [f"{project.folder}/r.{suffix}" for suffix in ("html", "md", "xml", "sarif", "csv")]
    code, _, messages = project.scan(*(word for path in outputs for word in ("-o", path)))
    assert code == 1, (code, messages)
    page = (project.folder / "r.html").read_text()
    for tag in ("<img src=x", "<script>alert(2)", "</script><script>"):
        assert tag not in page, tag
    text = re.sub("(?ms)^(`{3,})[^\n]*\n.*?^\\1$", "", (project.folder / "r.md").read_text())
    text = re.sub("(`+)[^`].*?\\1", "", text)
    assert "<img" not in text and "<script" not in text, text
    xml.dom.minidom.parse(str(project.folder / "r.xml"))
    json.loads((project.folder / "r.sarif").read_text())


def main():
    global PROGRAM
    global KILLS
    global SANITIZED
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=20, help="workers that are killed")
    parser.add_argument("tests", nargs="*")
    options = parser.parse_intermixed_args()
    PROGRAM, KILLS = str(pathlib.Path(options.program).resolve()), options.kills
    SANITIZED = b"__asan_init" in pathlib.Path(PROGRAM).read_bytes()
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        for name, test in list(globals().items()):
            if name.startswith("test_") and (not options.tests or name in options.tests):
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
