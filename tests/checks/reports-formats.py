#!/usr/bin/env python3
"""Every format against its schema: reports-formats.py PATH-OF-STRAYREF [PROJECT...]

One scan writes all formats: of fixtures/extension with a file added whose name and code are
meant to break them, and one that cannot be parsed.  The goldens, which have all that a
finding can have, are checked in the same way.  Each check is shown to fail on a broken report.
A PROJECT is a folder with a compile_commands.json, from one scan of which all are checked, too.
"""

import copy
import csv
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/tools"))

import jsonschema_small as jsonschema  # noqa: E402
import sarif_rules  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
FORMATS = ["text", "markdown", "html", "json", "sarif", "github", "gitlab", "junit", "rdjsonl",
           "csv", "summary"]
HOSTILE = "a|b`c <script>alert(1)<_script> ::error::,%0A.c"
CODE = b"""#include <Python.h>
/* caf\xe9 </script><script>alert(2)</script> ``` | */
PyObject *
leaky(PyObject *self, PyObject *arg)
{
    PyObject *list = PyList_New(0); /* \xe9\xff "quoted" <b>bold</b> ]]> */
    if (list == NULL) {
        return NULL;
    }
    if (PyObject_SetItem(list, arg, arg) < 0) {
        return NULL; // </pre><img src=x onerror=alert(3)>
    }
    return list;
}
static PyMethodDef methods[] = {{"leaky", leaky, METH_O, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "m", 0, -1, methods, 0, 0, 0, 0};
PyMODINIT_FUNC PyInit_m(void) { return PyModule_Create(&module); }
"""


def schema(path):
    return json.loads(path.read_text())


def expect(good, what):
    if not good:
        sys.exit(f"FAILED: {what}")


def expect_none(problems, what):
    expect(not problems, f"{what}:\n  " + "\n  ".join(problems[:20]))


# ---- one check per format ------------------------------------------------------------------

def check_json(text):
    return jsonschema.problems(schema(ROOT / "reports/schema.json"), json.loads(text))


def check_sarif(text):
    return sarif_rules.problems(json.loads(text))


def check_gitlab(text):
    items = json.loads(text)
    found = jsonschema.problems(schema(HERE / "reports-gitlab.schema.json"), items)
    prints = [item.get("fingerprint") for item in items]
    return found + (["fingerprints repeat"] if len(set(prints)) != len(prints) else [])


def check_rdjsonl(text):
    rules = schema(HERE / "reports-rdjsonl.schema.json")
    return [problem for line in text.splitlines()
            for problem in jsonschema.problems(rules, json.loads(line))]


def check_junit(text):
    done = subprocess.run(["xmllint", "--noout", "--schema", HERE / "reports-junit.xsd", "-"],
                          input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        return done.stderr.decode().splitlines()
    suite = ElementTree.fromstring(text).find("testsuite")
    counts = {"tests": len(suite.findall("testcase")), "failures": len(suite.findall(".//failure")),
              "errors": len(suite.findall(".//error")), "skipped": len(suite.findall(".//skipped"))}
    return [f"{name} is {suite.get(name)}, not {n}" for name, n in counts.items()
            if suite.get(name) != str(n)]


def check_csv(text):
    rows = list(csv.reader(io.StringIO(text, newline="")))
    found = [f"row {i} has {len(row)} fields" for i, row in enumerate(rows)
             if len(row) != len(rows[0])]
    formulas = [field for row in rows[1:] for field in row[1:] if re.match(r"[=+\-@]", field)]
    found += [f"a formula: {field}" for field in formulas]
    return found + ([] if text.endswith("\r\n") else ["no line end"])


def check_github(text):
    command = r"::(error|warning|notice) (file=[^,:\r\n]*,line=\d+,endLine=\d+,col=\d+,)?title=[^,:]*::.+"
    return [f"no command: {line}" for line in text.split("\n")[:-1]
            if not re.fullmatch(command, line)]


def check_summary(text):
    return ["60 lines or more"] if text.count("\n") >= 60 else []


CHECKS = {"json": check_json, "sarif": check_sarif, "gitlab": check_gitlab,
          "rdjsonl": check_rdjsonl, "junit": check_junit, "csv": check_csv,
          "github": check_github, "summary": check_summary}


# ---- that the checks can fail -------------------------------------------------------------------

def self_test(reports):
    """Each check finds what is broken in a good report."""
    log = json.loads(reports["sarif"])
    result = log["runs"][0]["results"][0]
    for change in (lambda r: r.pop("message"), lambda r: r.update(ruleId="other"),
                   lambda r: r.update(relatedLocations=[]), lambda r: r.update(level="bad"),
                   lambda r: r["locations"][0]["physicalLocation"]["artifactLocation"].update(
                       uri="/abs.c")):
        broken = copy.deepcopy(log)
        try:
            change(broken["runs"][0]["results"][0])
            found = sarif_rules.problems(broken)
        except (KeyError, IndexError):
            found = ["broken"]
        expect(found, "a broken SARIF passes")
    report = json.loads(reports["json"])
    report["findings"][0]["reach"] = "sometimes"
    report["findings"][0]["new"] = 1
    expect(len(check_json(json.dumps(report))) == 2, "a broken JSON passes")
    items = json.loads(reports["gitlab"])
    items[0]["severity"] = "high"
    expect(check_gitlab(json.dumps(items + items)), "a broken GitLab report passes")
    expect(check_junit(reports["junit"].replace("classname=", "class=")), "a broken JUnit passes")
    expect(check_junit(reports["junit"].replace('tests="', 'tests="1')), "wrong counts pass")
    expect(check_github("plain\n"), "a line that is no command passes")
    expect(check_csv(reports["csv"] + "1,2\r\n"), "a short row passes")
    expect(check_rdjsonl('{"message": "x"}\n'), "a broken RDJSONL passes")
    expect(result["ruleId"], "no rule")


# ---- the scan --------------------------------------------------------------------------------------

def scan(program, folder):
    """All formats from one scan: {name: text}."""
    shutil.copytree(ROOT / "fixtures/extension", folder / "fixtures/extension")
    subprocess.run([folder / "fixtures/extension/make-compile-commands", folder], check=True)
    database = folder / "compile_commands.json"
    entries = json.loads(database.read_text())
    for name, code in ((HOSTILE, CODE), ("broken.c", b"int x = ;\n#include <no.h>\n")):
        (folder / name).write_bytes(code)
        entries.append({"directory": str(folder), "file": name,
                        "arguments": ["cc", f"-I{ROOT}/fixtures/include", "-c", name]})
    database.write_text(json.dumps(entries))
    return scan_project(program, folder, folder)


def scan_project(program, project, folder):
    """All formats from one scan of the project, written into a folder."""
    command = [program, "scan", "-p", project, "--reach", "all", "--summary", "out.summary"]
    for name in FORMATS[:-1]:
        command += ["--output", f"{name}=out.{name}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900,
                          check=False)
    expect(done.returncode == 1, f"exit code {done.returncode}\n{done.stderr}")
    expect(done.stdout == "", "something on standard output")
    reports = {}
    for name in FORMATS:
        raw = (folder / f"out.{name}").read_bytes()
        reports[name] = raw.decode("utf-8")  # must be UTF-8
        control = re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", raw)
        expect(not control, f"{name}: a control character")
    return reports


def check_same_findings(reports):
    """All formats tell of the same findings; those of what was made to break them are there."""
    report = json.loads(reports["json"])
    n = report["summary"]["findings"]
    expect(n >= 6, f"{n} findings only")
    check_counts(reports, n)
    expect(any("alert(1)" in finding["file"] for finding in report["findings"]),
           "the hostile file has no finding")
    expect(report["not_analysed"], "the broken file is not told of")


def check_counts(reports, n):
    """Each format has n findings."""
    counts = {
        "text": len(re.findall(r"\[[a-z-]+\]$", reports["text"], re.M)),
        "markdown": len(re.findall(r"^#{3,4} \\#\d+ ", reports["markdown"], re.M)),
        "html": reports["html"].count('<article class="finding '),
        "sarif": len(json.loads(reports["sarif"])["runs"][0]["results"]),
        "github": len(re.findall(r"^::[a-z]+ file=", reports["github"], re.M)),
        "gitlab": len(json.loads(reports["gitlab"])),
        "junit": reports["junit"].count("<failure "),
        "rdjsonl": reports["rdjsonl"].count("\n"),
        "csv": reports["csv"].count("\r\n") - 1,
    }
    for name, count in counts.items():
        expect(count == n, f"{name} has {count} findings, JSON {n}")


def check_harmless(reports):
    html = reports["html"]
    expect(html.count("<script") == 1 and html.count("</script") == 1, "html: a script got in")
    for tag in ("<img", "<b>bold", "</pre><img"):
        expect(tag not in html, f"html: {tag} got in")
    outside = re.findall(r"""(?:src|href)=["'](?!#|https://docs\.python\.org/)[^"']*""", html)
    expect(not outside, f"html: loads or links {outside[:3]}")
    expect("default-src 'none'" in html, "html: no content security policy")
    expect("<script>" not in reports["junit"], "junit: <script>")


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: reports-formats.py PATH-OF-STRAYREF [PROJECT...]")
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as work:
        reports = scan(program, pathlib.Path(work))
    for name, check in CHECKS.items():
        expect_none(check(reports[name]), f"{name} of the scan")
    golden = {"json": "full.json", "sarif": "full.sarif", "gitlab": "full.gitlab",
              "rdjsonl": "full.rdjsonl", "junit": "full.xml", "csv": "full.csv",
              "github": "full.github", "summary": "full.summary.md"}
    for name, file in golden.items():
        text = (ROOT / "tests/golden" / file).read_bytes().decode()
        expect_none(CHECKS[name](text), file)
    check_same_findings(reports)
    check_harmless(reports)
    self_test(reports)
    for project in sys.argv[2:]:
        with tempfile.TemporaryDirectory() as work:
            reports = scan_project(program, pathlib.Path(project).resolve(), pathlib.Path(work))
        for name, check in CHECKS.items():
            expect_none(check(reports[name]), f"{name} of {project}")
        check_counts(reports, json.loads(reports["json"])["summary"]["findings"])
    print(f"{len(FORMATS)} formats from one scan are as their schemas say")


if __name__ == "__main__":
    main()
