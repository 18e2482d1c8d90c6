#!/usr/bin/env python3
"""The pairs of fixtures/gc: what the analyzer says of a class must be what a running Python shows.

Each extension is built twice against the installed Python, with and without -DBAD, and driven in
a child process: the bad build must leak or crash, the good one must not.  Then strayref reads
the same two versions: it must find what the bad one is marked with, and nothing in the good one.
A mark 'pending: RULE' instead of 'expect: RULE' names a pair whose rule does not find it yet;
--bless turns those that are found into 'expect'.

pairs.py [--bless] [--list] STRAYREF [NAME...]"""
import argparse
import concurrent.futures
import importlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

SOURCES = Path("fixtures/gc")
MARK = re.compile(r"//\s*(expect|pending): ([a-z-]+)(\([^)]*\))?")
COMPLAINT = re.compile(r"([^:\s]+):(\d+): (.*)")
FINDING = re.compile(r"([^:\s]+):(\d+):\d+: (?:error|warning|note): .*\[([a-z-]+)\]$")


@dataclass
class Pair:
    name: str
    files: list  # of one translation unit each; the first has the module
    marks: list = field(default_factory=list)  # (file name, line, word, rule)
    shows: str = ""  # "counts" or "crashes"
    since: tuple = ()
    wrong: list = field(default_factory=list)  # what was found to be wrong, as text

    @property
    def pending(self):
        return any(word == "pending" for _, _, word, _ in self.marks)


# ---- what there is ---------------------------------------------------------------------


def load_drivers():
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(SOURCES))
    return importlib.import_module("drive").PAIRS


def read_marks(path):
    marks = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        marks += [(path.name, number, m[1], m[2]) for m in MARK.finditer(line)]
    return marks


def find_pairs():
    """All pairs: a file in fixtures/gc each, or NAME.c with NAME_*.c in its extension/."""
    firsts = sorted(SOURCES.glob("*.c"))
    parts = sorted(SOURCES.glob("extension/*.c"))
    firsts += [path for path in parts if not any(
        path.stem.startswith(other.stem + "_") for other in parts)]
    drivers, pairs = load_drivers(), []
    for path in firsts:
        files = [path] + (sorted(path.parent.glob(path.stem + "_*.c"))
                          if path.parent.name == "extension" else [])
        pair = Pair(path.stem, files)
        for file in files:
            pair.marks += read_marks(file)
        if path.stem in drivers:
            pair.shows, _, pair.since = drivers[path.stem]
        else:
            pair.wrong.append("no driver has its name")
        if not pair.marks:
            pair.wrong.append("no line is marked with what must be found")
        pairs.append(pair)
    for name in sorted(drivers.keys() - {pair.name for pair in pairs}):
        pairs.append(Pair(name, [], wrong=["there is a driver, but no file"]))
    return pairs


# ---- truth: the running Python ---------------------------------------------------------


def compile_header(folder, flags):
    """Copies the headers and precompiles pair.h: reading Python.h costs more than all the rest."""
    for header in (SOURCES / "pair.h", *SOURCES.glob("extension/*.h")):
        shutil.copy(header, folder)
    subprocess.run([*flags, "-x", "c-header", str(folder / "pair.h")], check=True)


def build(pair, folder, flags):
    # The copies stand beside the precompiled header.
    files = [shutil.copy(file, folder) for file in pair.files]
    done = subprocess.run([*flags, "-shared", "-o", str(folder / (pair.name + ".so")), *files],
                          capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else None


def drive(pair, folder):
    """What the child says: ("counts", number), ("crashes", signal) or ("fails", text)."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment["PYTHONMALLOC"] = "debug"
    try:
        done = subprocess.run(
            [sys.executable, "-S", "-s", str(SOURCES / "drive.py"), pair.name, str(folder)],
            capture_output=True, text=True, errors="replace", timeout=60, env=environment)
    except subprocess.TimeoutExpired:
        return "fails", "no end after 60 seconds"
    if done.returncode < 0:
        return "crashes", -done.returncode
    if done.returncode > 0:
        return "fails", done.stderr.strip().splitlines()[-1]
    return "counts", int(done.stdout.split()[-1])


def prove(pair, variant, folder, flags):
    """Builds and drives one version; what is wrong, or None."""
    error = build(pair, folder, flags)
    if error:
        return f"the {variant} version does not compile: {error}"
    kind, what = drive(pair, folder)
    if variant == "good" and (kind, what) != ("counts", 0):
        return f"the good version is not good: {kind} {what}"
    if variant == "bad" and (kind != pair.shows or (kind, what) == ("counts", 0)):
        return f"the bad version does not show it: {kind} {what} where it should {pair.shows}"
    return None


def prove_all(pairs, work, pool):
    include = sysconfig.get_path("include")
    if not os.path.isfile(os.path.join(include, "Python.h")):
        sys.exit(f"no {include}/Python.h; on Debian: apt-get install python3-dev")
    jobs = []
    for variant, define in (("bad", ["-DBAD"]), ("good", [])):
        flags = [os.environ.get("CC", "cc"), "-w", "-O0", "-fPIC", "-I" + include, *define]
        folder = work / variant
        folder.mkdir()
        compile_header(folder, flags)
        jobs += [(pair, pool.submit(prove, pair, variant, folder, flags)) for pair in pairs]
    for pair, job in jobs:
        if job.result():
            pair.wrong.append(job.result())


# ---- verdict: strayref -----------------------------------------------------------------


def marked(text, variant):
    """A source as strayref shall read it: all marks count in the bad version, none in the good."""
    if variant == "good":
        return MARK.sub("", text).replace(" -DBAD", "")
    return MARK.sub(lambda m: m[0].replace("pending", "expect"), text)


def verify(strayref, pairs, variant, folder):
    """Complaints by pair: one run over copies of all that are single files."""
    folder.mkdir()
    shutil.copy(SOURCES / "pair.h", folder)
    (folder / "include").symlink_to(os.path.abspath("fixtures/include"))
    names = {}
    for pair in pairs:
        copy = folder / pair.files[0].name
        copy.write_text(marked(pair.files[0].read_text(), variant))
        names[copy.name] = pair.name
    done = subprocess.run([strayref, "verify", *map(str, sorted(folder.glob("*.c")))],
                          capture_output=True, text=True)
    complaints = {}
    for line in done.stdout.splitlines():
        match = COMPLAINT.match(line)
        if ": skipped: " in line:
            sys.exit(line)
        if match:
            name = names[os.path.basename(match[1])]
            complaints.setdefault(name, []).append(f"line {match[2]}: {match[3]}")
    if not re.search(r"^\d+ files, ", done.stdout, re.MULTILINE):
        sys.exit(f"strayref verify did not come to its end: {done.stdout}{done.stderr}")
    return complaints


def scan(strayref, pair, variant):
    """Complaints about an extension of several files: scanned as one program."""
    flags = ["-I" + sysconfig.get_path("include"), *(["-DBAD"] if variant == "bad" else [])]
    done = subprocess.run([strayref, "scan", "--format", "text", *map(str, pair.files), "--",
                           *flags], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        return [f"the scan ends with {done.returncode}: {done.stderr.strip()}"]
    found = [(os.path.basename(m[1]), int(m[2]), m[3])
             for m in map(FINDING.match, done.stdout.splitlines()) if m]
    due = [(file, line, rule) for file, line, _, rule in pair.marks] if variant == "bad" else []
    return ([f"{file}:{line}: expected {rule}, not found" for file, line, rule in due
             if (file, line, rule) not in found] +
            [f"{file}:{line}: unexpected {rule}" for file, line, rule in found
             if (file, line, rule) not in due])


def verdicts(strayref, pairs, work, pool):
    """Complaints by name of pair, of both versions."""
    single = [pair for pair in pairs if len(pair.files) == 1]
    jobs = [(variant, None, pool.submit(verify, strayref, single, variant,
                                        work / ("read-" + variant)))
            for variant in ("bad", "good")]
    jobs += [(variant, pair, pool.submit(scan, strayref, pair, variant))
             for pair in pairs if len(pair.files) > 1 for variant in ("bad", "good")]
    complaints = {}
    for variant, pair, job in jobs:
        result = job.result()
        for name, lines in (result if pair is None else {pair.name: result}).items():
            complaints.setdefault(name, []).extend(f"{variant} version, {line}" for line in lines)
    return {name: lines for name, lines in complaints.items() if lines}


def bless(pair):
    for path in pair.files:
        path.write_text(marked(path.read_text(), "bad"))
    print(f"{pair.name}: pending -> expect")


# ---- the whole -------------------------------------------------------------------------


def print_list(pairs):
    """The pairs as a table: what shall be found where, and how it shows."""
    print("| pair | rule | line | shown by | about |\n|---|---|---|---|---|")
    for pair in pairs:
        text = pair.files[0].read_text()
        about, _, proof = text[2:text.index("*/")].partition("Proof:")
        about, proof = (" ".join(part.replace("\n *", " ").split()) for part in (about, proof))
        for file, line, word, rule in pair.marks:
            print(f"| {pair.name} | {rule} ({word}) | {file}:{line} | {pair.shows}: {proof} | "
                  f"{about} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("strayref", type=os.path.abspath)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--bless", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_intermixed_args()
    pairs = [pair for pair in find_pairs() if not options.names or pair.name in options.names]
    if options.list:
        print_list(pairs)
        return
    usable = [pair for pair in pairs if not pair.wrong]
    driven = [pair for pair in usable if pair.since <= sys.version_info[:2]]
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = verdicts(options.strayref, usable, Path(folder), pool)
        prove_all(driven, Path(folder), pool)
    report(pairs, usable, driven, complaints, options.bless)


def report(pairs, usable, driven, complaints, blessing):
    """Prints all that is wrong and the sums; leaves with 1 when something is."""
    pending = []
    for pair in usable:
        if pair.name in complaints and pair.pending:
            pending.append(pair)
        elif pair.name in complaints:
            pair.wrong += complaints[pair.name]
        elif pair.pending and blessing:
            bless(pair)
        elif pair.pending:
            pair.wrong.append("is found now: pairs.py STRAYREF --bless")
    for pair in pending:
        print(f"{pair.name}: pending, not agreed: {'; '.join(complaints[pair.name])}")
    for pair in pairs:
        for line in pair.wrong:
            print(f"{pair.name}: {line}")
        if pair in usable and pair not in driven:
            print(f"{pair.name}: not driven, needs Python {pair.since[0]}.{pair.since[1]}")
    agreed = sum(pair not in pending and not pair.wrong for pair in driven)
    wrong = sum(bool(pair.wrong) for pair in pairs)
    print(f"{len(pairs)} pairs, {len(driven)} driven: {agreed} agree, {len(pending)} are pending, "
          f"{wrong} are wrong")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
