#!/usr/bin/env python3
"""The configuration file: gate_config.py PATH-OF-STRAYREF [TEST...]

Which .strayref.yaml counts, what each key does, what the command line overrides, which files
are skipped, and one line with the place for each mistake.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import gate  # noqa: E402
from cli import CLEAN, LEAK, STUB, check, check_code, put, put_c, put_database, run  # noqa: E402
from gate import BORROWED, SUPPRESSED, files_found, found, one_line_error  # noqa: E402

CONFIG = ".strayref.yaml"


def project(folder, config=None):
    put_c(folder, "src/pair.c", LEAK)
    put_c(folder, "src/lent.c", BORROWED)
    put_database(folder, ["src/pair.c", "src/lent.c"], "build/compile_commands.json")
    if config is not None:
        put(folder, CONFIG, config)


def rules_found(result):
    return sorted(rule for _, _, rule in found(result))


# ---- what the keys do -------------------------------------------------------------------

def test_keys(folder):
    both = ["leak", "return-borrowed"]
    for text, rules, code in [
            ("", both, 1), ("# nothing\n", both, 1),
            ("rules: {leak: off}\n", ["return-borrowed"], 1),
            ("rules:\n  leak: off\n  return-borrowed: off\n", [], 0),
            ("profile: crash-only\n", ["return-borrowed"], 1),
            ("reach: ordinary\n", ["return-borrowed"], 1),
            ("confidence: low\n", both, 1),
            ("fail-on: [never]\n", both, 0),
            ("fail-on: ['rule=double-decref', 'rule=stolen-reference']\n", both, 0),
            ("fail-on:\n  - error\n", both, 1),
            ("paths: [src/pair.c]\n", ["leak"], 1),
            ("skip: [src]\n", [], 0), ("skip: [./src/]\n", [], 0),
            ("skip: ['*/pair.c']\n", ["return-borrowed"], 1),
            ("skip: ['src/p*']\n", ["return-borrowed"], 1)]:
        project(folder, text)
        result = run(folder, "scan")
        check_code(result, code)
        check(rules_found(result) == rules, result, text)


def test_levels(folder):
    project(folder, "rules: {leak: error, return-borrowed: note}\nfail-on: [error]\n")
    result = run(folder, "scan")
    check_code(result, 1)
    check("error: leak of" in result.out, result, "a leak is an error here")
    put(folder, CONFIG, "rules: {leak: note, return-borrowed: note}\nfail-on: [warning]\n")
    check_code(run(folder, "scan"), 0)


def test_command_line_beats_file(folder):
    project(folder, "rules: {leak: off}\nprofile: crash-only\nfail-on: [never]\nreach: ordinary\n")
    result = run(folder, "scan", "--rule", "leak", "--profile", "default", "--reach", "oom",
                 "--fail-on", "note")
    check_code(result, 1)
    check(rules_found(result) == ["leak"], result, "all overridden")
    check(len(found(run(folder, "scan", "--no-config"))) == 2, result, "--no-config")
    put(folder, "other.yaml", "rules: {return-borrowed: off}\n")
    check(rules_found(run(folder, "scan", "--config", "other.yaml")) == ["leak"], "", "--config")
    one_line_error(run(folder, "scan", "--config", "none.yaml"), "none.yaml")


def test_baseline_and_reason(folder):
    project(folder, "baseline: known.txt\nrequire-reason: yes\n")
    one_line_error(run(folder, "scan"), "known.txt: there is no such baseline")
    check_code(run(folder, "baseline", "write"), 0)
    check((folder / "known.txt").is_file(), "", "written where the file says")
    check_code(run(folder, "scan"), 0)
    check_code(run(folder / "src", "scan"), 0)
    put(folder, "src/lent.c", SUPPRESSED.format(name="lent", reason="").replace(" -- ", ""))
    check(rules_found(run(folder, "scan")) == ["unknown-suppression"], "", "a reason is missing")


def test_models_and_link(folder):
    own = LEAK.replace("PyList_New(0)", "own_make(x)").replace(
        "static PyObject *\n{name}(", "extern PyObject *own_make(PyObject *x);\n\n"
        "static PyObject *\n{name}(", 1)
    put_c(folder, "pair.c", own)
    put_database(folder, ["pair.c"])
    check_code(run(folder, "scan"), 0)
    put(folder, "own.facts", "own_make(x) -> new | NULL raises\n")
    put(folder, CONFIG, "models: [own.facts]\nlink: 'https://host/{path}#L{line}'\n")
    check_code(run(folder, "scan"), 1)
    report = run(folder, "scan", "--format", "markdown")
    check("https://host/pair.c#L" in report.out, report, "linked")


def test_python(folder):
    code = CLEAN.replace("    Py_INCREF(x);\n    return x;\n", "    return Py_None;\n")
    put_c(folder, "pair.c", code)
    put_database(folder, ["pair.c"])
    put(folder, CONFIG, "python: [3.9, 3.13]\n")
    result = run(folder, "scan")
    check_code(result, 1)
    check(len(found(result)) == 1 and "Python 3.9" in result.out, result, "only on 3.9")
    json = run(folder, "scan", "--format", "json")
    check('"only_on": "Python 3.9"' in json.out, json, "in a field of its own")
    check_code(run(folder, "scan", "--python", "3.13"), 0)


def test_database(folder):
    put_c(folder, "src/pair.c", LEAK)
    put_database(folder, ["../src/pair.c".replace("../", "")], "out/deep/compile_commands.json")
    check_code(run(folder, "scan"), 2)
    put(folder, CONFIG, "database: out/deep\n")
    check_code(run(folder, "scan"), 1)
    check_code(run(folder / "src", "scan"), 1)
    check_code(run(folder, "scan", "src/pair.c", *STUB), 1)


def test_nearest_counts(folder):
    project(folder, "rules: {leak: off}\n")
    put(folder, "build/" + CONFIG, "rules: {return-borrowed: off}\n")
    check(rules_found(run(folder, "scan")) == ["leak"], "", "that of the database")
    (folder / "build" / CONFIG).unlink()
    check(rules_found(run(folder / "src", "scan")) == ["return-borrowed"], "", "above it")


def test_config_command(folder):
    project(folder, "profile: strict\nskip:\n  - gen\nrules:\n  leak: error\n")
    result = run(folder, "config", "--reach", "error", "--baseline", "b.txt")
    check_code(result, 0)
    lines = result.out.splitlines()
    check(lines[0] == "# " + CONFIG, result, "names the file")
    for key, value, source in [
            ("profile", "strict", CONFIG + ":1"), ("skip", "[gen]", CONFIG + ":2"),
            ("rules", "{leak: error}", CONFIG + ":4"), ("reach", "error", "command line"),
            ("baseline", "b.txt", "command line"), ("confidence", "that of the profile", "default"),
            ("skip-generated", "true", "default")]:
        check(any(line.split("  #")[0].rstrip() == f"{key}: {value}"
                  and line.endswith("# " + source) for line in lines), result, key)
    without = run(folder, "config", "--no-config")
    check(without.out.startswith("# no configuration file\n"), without)


def test_one_word(folder):
    """A list of one needs no brackets."""
    project(folder, "fail-on: never\npaths: src\npython: 3.9\n")
    lines = run(folder, "config").out.splitlines()
    for start in ("fail-on: [never] ", "paths: [src] ", "python: [3.9] "):
        check(any(line.startswith(start) for line in lines), lines, start)
    check_code(run(folder, "scan"), 0)


# ---- mistakes -----------------------------------------------------------------------------

def test_mistakes(folder):
    for text, fragment in [
            ("profil: strict\n", ":1:1: unknown key 'profil' (did you mean profile?); there are: "),
            ("reach: oom\n\nbaselin: x\n", ":3:1: unknown key 'baselin' (did you mean baseline?)"),
            ("output: x.md\n", ":1:1: unknown key 'output'"),
            ("rules:\n  leek: off\n", ":2:3: unknown rule 'leek' (did you mean leak?)"),
            ("rules:\n  leak: eror\n", ":2:9: leak: 'eror' is no value for it (did you mean error?)"),
            ("profile: strickt\n", ":1:10: profile: 'strickt' is no value for it (did you mean strict"),
            ("require-reason: maybe\n", ":1:17: require-reason: 'maybe' is no value"),
            ("paths: {src: 1}\n", ":1:8: paths: expected one word or a list, such as [a, b]"),
            ("rules: off\n", ":1:8: rules: expected lines of the form"),
            ("profile: [a]\n", ":1:10: profile: expected one word"),
            ("baseline:\n", ":1:10: baseline: expected one word"),
            ("- a\n", ":1:1: expected lines of the form 'key: value'"),
            ("reach: oom\nreach: error\n", ":2:1: reach: the second of its name"),
            ("profile: 'strict\n", ":1:1: profile: this is not YAML"),
            ("\tprofile: strict\n", ":1:1: this is not YAML"),
            ("profile: strict\n---\nprofile: default\n", ":1:1: more than one YAML document"),
            ("fail-on: [leak]\n", ":1:1: fail-on: leak: expected error, warning"),
            ("fail-on: ['rule=leek']\n", "did you mean leak?"),
            ("fail-on: []\n", ":1:10: fail-on: the list is empty"),
            ("python: [three]\n", ":1:1: python: three: not a version"),
            ("python: [3.9, 3.9]\n", "the same version twice"),
            ("\nmodels: [none.facts]\n", ":2:1: models: there is no file none.facts"),
            ("baseline: ../x\n", ":1:1: baseline: ../x is outside"),
            ("baseline: /etc/passwd\n", "is outside the folder"),
            ("link: 'javascript:alert(1)'\n", ":1:1: link: javascript:alert(1): expected"),
            ("profile: &a strict\nreach: *a\n", "this is not YAML as it is read here")]:
        project(folder, text)
        result = run(folder, "scan")
        one_line_error(result, CONFIG + (fragment if fragment[0] == ":" else ""))
        check(fragment in result.err, result, fragment)
        check_code(run(folder, "config"), 2)


def test_any_bytes(folder):
    for text in [b"\xff\xfe\x00", b"\x00" * 40, b"{" * 3000, b"profile: " + b"x" * 9000,
                 b"? [a]\n: b\n", b"%YAML 9.9\n---\na: b\n", b"!!binary x\n"]:
        project(folder)
        put(folder, CONFIG, text)
        check(run(folder, "scan").code in (0, 1, 2), text[:20], "survives")


# ---- files that are skipped ---------------------------------------------------------------------

def test_generated_and_vendored(folder):
    text = LEAK.format(name="made")
    heads = {
        "gen/cython.c": ("/* Generated by Cython 3.0.0 */\n", True),
        "gen/tool.c": ("/* x\n * This file was automatically generated by tool.py; do not edit */\n",
                       True),
        "gen/at.c": ("// @generated\n", True),
        "gen/auto.c": ("/* Autogenerated from x.def. */\n", True),
        "gen/file.c": ("/* this file is generated */\n", True),
        "gen/the.c": ("/* THIS IS AN AUTOMATICALLY GENERATED FILE */\n", True),
        "gen/prose.c": ("/* Errors generated by the parser are raised here. */\n", False),
        "gen/late.c": ("/* x */\n" * 20 + "/* Generated by hand */\n", False),
        "third_party/lib.c": ("", True), "src/vendor/lib.c": ("", True),
        "src/_vendor/x/lib.c": ("", True), "src/vendors.c": ("", False),
        "node_modules/x.c": ("", True)}
    for name, (head, _) in heads.items():
        put(folder, name, head + text)
    put_database(folder, list(heads))
    result = run(folder, "scan")
    check_code(result, 1)
    kept = sorted(name for name, (_, skipped) in heads.items() if not skipped)
    check(files_found(result) == kept, result, "what people wrote")
    check(f"strayref: {len(kept)} file{'s'[:len(kept) != 1]} (0 failed)" in result.last, result, "only these count")
    for part in ("gen/cython.c: not reported on: generated by Cython",
                 "gen/at.c and 4 more: not reported on: generated",
                 "node_modules/x.c and 3 more: not reported on: vendored"):
        check(part in result.err, result, "said so")
    named = run(folder, "scan", "gen/cython.c")
    check(files_found(named) == ["gen/cython.c"], named, "named on the command line")
    put(folder, CONFIG, "skip-generated: false\n")
    check(len(files_found(run(folder, "scan"))) == len(heads), "", "skip-generated: false")


def test_summaries_of_skipped_files_are_used(folder):
    helper = ('#include <Python.h>\n\nPyObject *\nmake_it(void)\n{\n    return PyList_New(0);\n}\n')
    put(folder, "vendor/make.c", helper)
    own = LEAK.replace("PyList_New(0)", "make_it()").replace(
        "static PyObject *\n{name}(", "extern PyObject *make_it(void);\n\nstatic PyObject *\n{name}(",
        1)
    put_c(folder, "pair.c", own)
    put_database(folder, ["pair.c", "vendor/make.c"])
    result = run(folder, "scan")
    check_code(result, 1)
    check(files_found(result) == ["pair.c"], result, "the leak of what vendored code makes")


def test_skipped_file_that_does_not_parse(folder):
    put(folder, "vendor/broken.c", "#include \"nowhere.h\"\nint f(void) { return x; }\n")
    put_c(folder, "pair.c")
    put_database(folder, ["pair.c", "vendor/broken.c"])
    result = run(folder, "scan")
    check_code(result, 0)
    check("nowhere.h" not in result.err, result, "not told about")


if __name__ == "__main__":
    gate.run_tests("gate_config.py", {name: test for name, test in globals().items()
                                      if name.startswith("test_")})
