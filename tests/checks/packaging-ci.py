#!/usr/bin/env python3
"""The recipes of reports/ci do what they say: packaging-ci.py PATH-OF-STRAYREF

Each is parsed, and its commands are run on a copy of fixtures/extension, as the host would
run them; only what needs the network is left out.  The commands and build files of
reports/ci/README.md are taken from there.
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CI = ROOT / "reports/ci"
SOURCES = ["module.c", "ring.c", "cache.c", "helpers.c", "ringcache.h", "setup.py"]
PROGRAM = None
FINDINGS = None  # in fixtures/extension


def run(folder, *command, env=None, expect=0):
    """Runs a command in 'folder' with the program in PATH; returns what it printed."""
    path = f"{PROGRAM.parent}:{os.environ['PATH']}"
    for _ in range(3):
        result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, text=True,
                                env={**os.environ, "PATH": path, **(env or {})},
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if "gRPC call failed" not in result.stdout:  # Bear, now and then on a busy machine
            break
    assert result.returncode == expect, (
        f"{shlex.join(map(str, command))}: exit {result.returncode}, expected {expect}\n"
        f"{result.stdout}")
    return result.stdout


def shell(folder, script, env=None, expect=0):
    """Runs a script as the hosts do; 'expect' is its exit code."""
    return run(folder, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script, env=env,
               expect=expect)


def extension(folder):
    for name in SOURCES:
        shutil.copy(ROOT / "fixtures/extension" / name, folder)


def repair(folder):
    """Takes the planted defects out: nothing is left to be found."""
    for name in SOURCES[:4]:
        (folder / name).unlink()
    (folder / "module.c").write_text("#include <Python.h>\n")


def load(path):
    return yaml.safe_load(path.read_text())


def readme_blocks():
    """The fenced blocks of reports/ci/README.md by the name in their first line."""
    text = (CI / "README.md").read_text()
    blocks = re.findall(r"^```[a-z]+\n# (\S+)\n(.*?)^```$", text, re.M | re.S)
    return {name: body for name, body in blocks}


def count_findings(output):
    found = re.findall(r"; (\d+) findings?", output)
    assert found, f"no closing line in:\n{output}"
    return int(found[-1])


def database(folder):
    """Writes a compile_commands.json for the copy of the extension in 'folder'."""
    run(folder, ROOT / "fixtures/extension/make-compile-commands", folder)
    file = folder / "compile_commands.json"
    file.write_text(file.read_text().replace(str(ROOT / "fixtures/extension"), str(folder)))


def planted():
    """How many findings there are without any recipe."""
    with tempfile.TemporaryDirectory(prefix="strayref-ci-") as name:
        folder = pathlib.Path(name).resolve()
        extension(folder)
        database(folder)
        return count_findings(run(folder, "strayref", "scan", expect=1))


# ---- what is written -----------------------------------------------------------------------

def test_every_file_is_known(folder):
    text = (CI / "README.md").read_text()
    for file in CI.rglob("*"):
        name = file.relative_to(CI).as_posix()
        if file.is_file() and name not in ("README.md", "cmake/packaging.cmake", "cmake/debian.cmake"):
            assert f"`{name}`" in text, f"reports/ci/README.md does not name {name}"


def test_yaml(folder):
    files = [*CI.rglob("*.yml"), *CI.rglob("*.yaml"), ROOT / ".pre-commit-hooks.yaml"]
    assert len(files) >= 6, files
    for file in files:
        assert load(file), file


def test_options_exist(folder):
    """Every command line of the recipes is one that the program accepts."""
    texts = [CI / "README.md", *CI.rglob("*.y*ml"), CI / "cmake/strayrefConfig.cmake"]
    words = {word for file in texts for word in
             re.findall(r"(?<![\w-])--?[a-z][a-z-]*", file.read_text()) if len(word) > 2}
    known = run(folder, "strayref", "scan", "--help")
    ours = {"--output", "--summary", "--base", "--format", "--baseline"}
    for option in ours & words:
        assert re.search(rf"{option}\b", known), f"{option} is no option of strayref scan"
    assert ours & words == ours, f"not in any recipe: {ours - words}"


# ---- GitHub --------------------------------------------------------------------------------

def action_step(name):
    steps = load(CI / "github/action.yml")["runs"]["steps"]
    return next(step for step in steps if step["name"] == name)


def run_step(folder, name, inputs=None, expect=0):
    """Runs a step of the action with the defaults of its inputs; returns its output and what
    it wrote for the host."""
    action = load(CI / "github/action.yml")
    values = {key: value["default"] for key, value in action["inputs"].items()}
    values.update(inputs or {})
    step = action_step(name)
    assert "${{" not in step["run"], f"{name}: an expression inside a script"
    env = {}
    for key, text in step["env"].items():
        match = re.fullmatch(r"\$\{\{ inputs\.(\S+) \}\}", text)
        env[key] = values[match[1]] if match else values[text]
    for file in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"):
        env[file] = str(folder / file.lower())
        (folder / file.lower()).write_text("")
    env["RUNNER_TEMP"] = str(folder / "runner")
    output = shell(folder, step["run"], env, expect)
    return output, (folder / "github_output").read_text()


def test_action_inputs(folder):
    action = load(CI / "github/action.yml")
    text = (CI / "github/action.yml").read_text()
    for name in action["inputs"]:
        assert f"inputs.{name} " in text, f"input {name} is not used"
    for name in re.findall(r"inputs\.([\w-]+)", text):
        assert name in action["inputs"], f"no input {name}"
    used = load(CI / "github/workflow.yml")["jobs"]["strayref"]["steps"][1]["with"]
    assert set(used) <= set(action["inputs"]), used


def test_action_install(folder):
    """The step finds the script beside the action and puts the program into PATH."""
    fake = folder / "ci/github"
    fake.mkdir(parents=True)
    install = folder / "ci/install"
    install.write_text('#!/bin/sh\nmkdir -p "$1/bin" && echo "$1" >"$1/bin/strayref"\n')
    install.chmod(0o755)
    assert (CI / "github/../install").stat().st_mode & 0o111
    run_step(folder, "Install strayref", {"${{ github.action_path }}": str(fake)})
    path = (folder / "github_path").read_text().strip()
    assert pathlib.Path(path, "strayref").is_file(), path


def test_action_scan(folder):
    extension(folder)
    build = load(CI / "github/workflow.yml")["jobs"]["strayref"]["steps"][1]["with"]["build"]
    run_step(folder, "Build", {"build": build})
    output, written = run_step(folder, "Scan", expect=1)
    assert written == "exit-code=1\n", written
    assert len(re.findall(r"^::(?:error|warning) ", output, re.M)) == FINDINGS, output
    sarif = json.loads((folder / "strayref.sarif").read_text())
    assert len(sarif["runs"][0]["results"]) == FINDINGS, sarif
    summary = (folder / "github_step_summary").read_text()
    assert summary.startswith("#") and summary.count("\n") <= 60, summary
    output, _ = run_step(folder, "Scan", {"paths": "helpers.c ring.c", "options": "-j1 -v"}, 1)
    assert output.count("\n::") + output.startswith("::") == 1, output


def test_action_not_analysed(folder):
    """Exit code 3 is a warning, and an error only when asked for."""
    extension(folder)
    repair(folder)
    (folder / "compile_commands.json").write_text(json.dumps(
        [{"directory": str(folder), "command": "cc -c gone.c", "file": "gone.c"}]))
    output, written = run_step(folder, "Scan")
    assert written == "exit-code=3\n" and "::warning title=strayref::" in output, output
    run_step(folder, "Scan", {"strict": "true"}, expect=3)
    run_step(folder, "Scan", {"options": "--no-such-option"}, expect=2)


def commit(folder):
    """Makes a repository of the folder with one commit; returns its name."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    run(folder, "git", "init", "-q", ".")
    run(folder, "git", "add", *SOURCES)
    run(folder, *git, "commit", "-q", "-m", "a")
    return run(folder, "git", "rev-parse", "HEAD").strip()


def test_action_base(folder):
    """Only what is new since the base of the pull request fails."""
    extension(folder)
    base = commit(folder)
    run_step(folder, "Build", {"build": "bear -- python3 setup.py build_ext --force"})
    run_step(folder, "Scan", {"base": base})
    file = folder / "helpers.c"
    file.write_text(file.read_text() + "\nPyObject *\nring_lost(void)\n{\n"
                    "    PyObject *list = PyList_New(0);\n"
                    "    return list != NULL ? PyLong_FromLong(1000) : NULL;\n}\n")
    output, _ = run_step(folder, "Scan", {"base": base}, expect=1)
    assert len(re.findall(r"^::(?:error|warning) ", output, re.M)) == 1, output
    assert "ring_lost" in output or "'list'" in output, output


# ---- GitLab ----------------------------------------------------------------------------------

def test_gitlab(folder):
    job = load(CI / "gitlab.yml")["strayref"]
    env = {key: str(value) for key, value in job["variables"].items()}
    for line in job["before_script"]:
        shell(folder, f"set -n; {line}", env)
    assert "/reports/ci/install " in job["before_script"][-1]
    extension(folder)
    shell(folder, "\n".join(job["script"]), env, expect=1)
    reports = job["artifacts"]["reports"]
    quality = json.loads((folder / reports["codequality"]).read_text())
    assert len(quality) == FINDINGS, quality
    assert '<testsuite' in (folder / reports["junit"]).read_text()
    for name in job["artifacts"]["paths"]:
        assert (folder / name).is_file(), name
    assert job["allow_failure"]["exit_codes"] == 3
    env["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = commit(folder)
    shell(folder, "\n".join(job["script"]), env)  # nothing is new


# ---- pre-commit and reviewdog ------------------------------------------------------------------

def test_pre_commit(folder):
    hook = load(CI / "pre-commit-config.yaml")["repos"][0]["hooks"][0]
    assert load(ROOT / ".pre-commit-hooks.yaml") == [hook]
    extension(folder)
    database(folder)
    entry = shlex.split(hook["entry"])
    files = [name for name in SOURCES if re.search(hook["files"], name)]
    assert len(files) == 4, files
    assert "[leak]" in run(folder, *entry, *files, expect=1)
    run(folder, *entry, "ring.c")
    run(folder, *entry, "ring.c", "gone.c")  # exit code 3 of the scan
    run(folder, *entry, "--no-such-option", expect=1)


def test_reviewdog(folder):
    runner = load(CI / "reviewdog.yml")["runner"]["strayref"]
    assert runner["format"] == "rdjsonl"
    extension(folder)
    database(folder)
    lines = [line for line in run(folder, "sh", "-c", runner["cmd"]).splitlines()
             if line.startswith("{")]
    assert len(lines) == FINDINGS, lines
    assert all(json.loads(line)["location"]["path"] for line in lines)
    for broken in ("strayref scan --no-such-option", "no-such-program scan"):
        shell(folder, runner["cmd"].replace("strayref scan", broken), expect=1)


# ---- compilation databases ---------------------------------------------------------------------

def prepare(folder, *files):
    """The example extension with build files from the README."""
    blocks = readme_blocks()
    extension(folder)
    for name in files:
        (folder / name).write_text(blocks[name])
    return blocks


def test_setuptools(folder):
    blocks = prepare(folder)
    assert count_findings(shell(folder, blocks["setuptools"], expect=1)) == FINDINGS


def test_meson(folder):
    blocks = prepare(folder, "meson.build")
    output = shell(folder, blocks["meson"], expect=1)
    assert count_findings(output) == FINDINGS
    assert "/helpers.c:19:9: error:" in output, output


def install(folder):
    """Installs the program and its CMake module as its build does; returns the folder."""
    run(folder, "cmake", "--install", PROGRAM.parent, "--prefix", folder / "installed")
    return folder / "installed"


def test_cmake(folder):
    installed = install(folder)
    for name in ("share/man/man1/strayref.1", "share/man/man5/strayref.yaml.5",
                 "share/zsh/site-functions/_strayref", "share/doc/strayref/ci/gitlab.yml",
                 "share/bash-completion/completions/strayref",
                 "share/fish/vendor_completions.d/strayref.fish"):
        assert (installed / name).stat().st_size > 0, name
    blocks = prepare(folder, "CMakeLists.txt")
    env = {"CMAKE_PREFIX_PATH": str(installed)}
    output = shell(folder, blocks["cmake"], env, expect=2)
    assert count_findings(output) == FINDINGS
    assert "\nhelpers.c:19:9: error:" in output, output
    assert "-- Found Python" in output, output
    cache = (folder / "build/CMakeCache.txt").read_text()
    assert f"STRAYREF_EXECUTABLE:FILEPATH={installed}/bin/strayref" in cache, cache
    run(folder, "cmake", "--build", "build", "--target", "strayref-report", env=env, expect=2)
    assert (folder / "report.html").is_file()


def test_cmake_arguments(folder):
    installed = install(folder)
    head = ("cmake_minimum_required(VERSION 3.18)\nproject(x LANGUAGES C)\n"
            "find_package(strayref 0.1 REQUIRED)\n")
    for call, message in [("strayref_scan()", "NAME is missing"),
                          ("strayref_scan(NAME a PATH b)", "unknown arguments: PATH;b")]:
        (folder / "CMakeLists.txt").write_text(head + call + "\n")
        output = run(folder, "cmake", "-S", ".", "-B", "build", expect=1,
                     env={"CMAKE_PREFIX_PATH": str(installed)})
        assert message in output, output


def main():
    global PROGRAM, FINDINGS
    if len(sys.argv) < 2:
        sys.exit("usage: packaging-ci.py PATH-OF-STRAYREF [TEST...]")
    PROGRAM = pathlib.Path(sys.argv[1]).resolve()
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")
             and (len(sys.argv) == 2 or name in sys.argv[2:])]
    if "CMAKE_BUILD_TYPE:STRING=Release" not in (PROGRAM.parent / "CMakeCache.txt").read_text():
        print("only releases are packaged")
        return
    FINDINGS = planted()
    assert FINDINGS >= 4, FINDINGS
    failed = 0
    for name, test in tests:
        with tempfile.TemporaryDirectory(prefix="strayref-ci-") as folder:
            try:
                test(pathlib.Path(folder).resolve())
            except Exception:
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc(limit=-2)}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
