#!/usr/bin/env python3
"""The completion scripts work in their shells: packaging-completion.py PATH-OF-STRAYREF

In bash and zsh keys are typed on a terminal; fish tells its candidates by itself.  What they
must offer is what --help shows.
"""
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback

PROGRAM = None

# typed up to the tabulator -> the whole line
TYPED = [
    ("sc\t", "scan"),
    ("scan --forma\tmark\t", "scan --format markdown"),
    ("scan --color=ne\t", "scan --color never"),
    ("scan --rule double-\t", "scan --rule double-decref"),
    ("scan --model own\t", "scan --model own.facts"),
    ("scan -p some-\t", "scan -p some-folder"),
    ("scan pai\t", "scan pair.c"),
    ("scan -- pai\t", "scan -- pair.c"),
    ("explain use-a\t", "explain use-after-release"),
    ("facts --unk\t", "facts --unknown"),
    ("facts che\t", "facts check"),
    ("completion fi\t", "completion fish"),
    ("man strayref.\t", "man strayref.yaml"),
]


def program(*args):
    return subprocess.run([PROGRAM, *args], check=True, capture_output=True, text=True).stdout


def commands():
    return re.findall(r"^  ([a-z]+)  ", program("--help"), re.M)


def options(command):
    return re.findall(r"^  (?:-., |    )(--[a-z-]+)", program(command, "--help"), re.M)


def write_scripts(folder):
    for shell in ("bash", "zsh", "fish"):
        (folder / f"script.{shell}").write_text(program("completion", shell))
    (folder / "pair.c").touch()
    (folder / "own.facts").touch()
    (folder / "some-folder").mkdir()
    (folder / "bin").mkdir()
    stub = folder / "bin/strayref"
    stub.write_text("#!/bin/sh\nprintf 'ARGS(%s)\\n' \"$*\"\n")
    stub.chmod(0o755)


def environment(folder):
    keep = {key: value for key, value in os.environ.items() if key in ("LANG", "LC_ALL")}
    return {**keep, "PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb",
            "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, folder, *command):
        self.shown = ""
        self.process, self.fd = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, environment(folder))

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def wait(self, pattern):
        """The match of the pattern in what is shown from now on."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            match = re.search(pattern, self.shown)
            if match:
                self.shown = self.shown[match.end():]
                return match
            if select.select([self.fd], [], [], 0.2)[0]:
                self.shown += os.read(self.fd, 65536).decode("utf-8", "replace")
        raise AssertionError(f"no {pattern!r} in {self.shown!r}")

    def close(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.fd)


def check_typed(folder, setup, *command):
    terminal = Terminal(folder, *command)
    try:
        terminal.type(setup + "; echo REA''DY\r")
        terminal.wait("READY")
        for keys, expected in TYPED:
            terminal.type(f"strayref {keys}")
            time.sleep(0.1)  # or else the shell takes the return key for pasted text
            terminal.type("\r")
            got = terminal.wait(r"ARGS\((.*)\)")[1].strip()
            got = got.replace("=", " ").rstrip("/")  # zsh adds the one and drops the other
            assert got == expected, f"{command[0]}: {keys!r} gave {got!r}, expected {expected!r}"
    finally:
        terminal.close()


def test_bash(folder):
    write_scripts(folder)
    subprocess.run(["bash", "-n", folder / "script.bash"], check=True)
    check_typed(folder, "source ./script.bash", "bash", "--noprofile", "--norc", "-i")


def test_zsh(folder):
    write_scripts(folder)
    check_typed(folder, "autoload -Uz compinit; compinit -u -D; source ./script.zsh",
                "zsh", "-f", "-i")


def test_zsh_autoload(folder):
    """As a file that compinit finds."""
    write_scripts(folder)
    (folder / "functions").mkdir()
    (folder / "script.zsh").rename(folder / "functions/_strayref")
    check_typed(folder, "fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D",
                "zsh", "-f", "-i")


def fish_candidates(folder, line):
    script = f"source script.fish; complete -C 'strayref {line}'"
    out = subprocess.run(["fish", "--no-config", "-c", script], cwd=folder, check=True,
                         env=environment(folder), capture_output=True, text=True)
    assert not out.stderr, out.stderr
    return [candidate.split("\t")[0] for candidate in out.stdout.splitlines()]


def test_fish(folder):
    write_scripts(folder)
    for keys, expected in TYPED:
        line = keys.replace("--forma\t", "--format ").rstrip("\t")
        got = fish_candidates(folder, line)
        assert len(got) == 1 and got[0].rstrip("/").endswith(expected.split()[-1]), f"{line!r} gave {got}"


def test_fish_offers_everything(folder):
    write_scripts(folder)
    assert fish_candidates(folder, "") == sorted(commands())
    for command in ("scan", "verify", "man"):
        got = [word for word in fish_candidates(folder, f"{command} --") if word.startswith("--")]
        assert got == sorted(options(command)), (command, got)


def test_bash_offers_everything(folder):
    write_scripts(folder)
    for words, expected in [("strayref", [*commands()]),
                            *((f"strayref {name}", options(name)) for name in commands())]:
        prefix = "--" if " " in words else ""
        script = (f"source script.bash; COMP_WORDS=({words} '{prefix}'); "
                  f"COMP_CWORD={len(words.split())}; _strayref; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        out = subprocess.run(["bash", "-c", script], cwd=folder, check=True, capture_output=True,
                             text=True)
        assert out.stdout.split() == expected and not out.stderr, (words, out)


def test_words_are_accepted(folder):
    """What is offered as the value of an option is what the option takes."""
    script = program("completion", "bash")
    for option, number in [("format", 3), ("rule", 5), ("exclude-rule", 5), ("reach", 5),
                           ("confidence", 3), ("profile", 3), ("fail-on", 4), ("color", 3)]:
        words = re.search(rf"scan:--{option}\) words='(.*?)'", script)[1].split()
        assert len(words) >= number, (option, words)
        for word in words:
            program("scan", f"--{option}", word, "--help")
        refused = subprocess.run([PROGRAM, "scan", f"--{option}", "no such"], text=True,
                                 capture_output=True)
        assert refused.returncode == 2, (option, refused)
        listed = re.search(r"; there are: (.*)", refused.stderr)
        assert not listed or sorted(listed[1].split(", ")) == sorted(words), (words, refused)


def test_refused(folder):
    for args in (["completion"], ["completion", "bsh"], ["completion", "bash", "zsh"]):
        out = subprocess.run([PROGRAM, *args], capture_output=True, text=True)
        assert out.returncode == 2 and out.stderr.count("\n") == 1 and not out.stdout, out


def main():
    global PROGRAM
    if len(sys.argv) < 2:
        sys.exit("usage: packaging-completion.py PATH-OF-STRAYREF [TEST...]")
    PROGRAM = os.path.abspath(sys.argv[1])
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")
             and (len(sys.argv) == 2 or name in sys.argv[2:])]
    failed = 0
    for name, test in tests:
        with tempfile.TemporaryDirectory(prefix="strayref-shells-") as folder:
            try:
                test(pathlib.Path(folder).resolve())
            except Exception:
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc(limit=-2)}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
