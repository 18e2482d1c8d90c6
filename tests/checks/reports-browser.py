#!/usr/bin/env python3
"""The HTML report in a real browser: reports-browser.py PATH-OF-STRAYREF

A scan of fixtures/extension and a golden are opened in headless Chromium: filters, search,
steps, lines and keys are used with real clicks and keys; at the widths of a phone and of a
desk, light and dark, nothing may stick out or be hard to read; nothing is loaded from
anywhere.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/tools"))

import browser  # noqa: E402

HOSTILE = b"""#include <Python.h>
/* </script><script>alert(2)</script> <b>bold</b> */
PyObject *
leaky(PyObject *self, PyObject *arg) /* </pre><img src=x onerror=alert(3)> */
{
    PyObject *list = PyList_New(0); /* \xe9\xff --><iframe src="javascript:alert(4)"> */
    if (PyObject_SetItem(list, arg, arg) < 0) {
        return NULL; // </span></code></pre></article><script>alert(5)</script>
    }
    return list;
}
static PyMethodDef methods[] = {{"leaky", leaky, METH_O, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "m", 0, -1, methods, 0, 0, 0, 0};
PyMODINIT_FUNC PyInit_m(void) { return PyModule_Create(&module); }
"""
VISIBLE = "[...document.querySelectorAll('.finding')].filter(f => f.offsetParent !== null)"
CONTRAST = """(() => {
    const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = e => { for (; e; e = e.parentElement) {
        const c = parse(getComputedStyle(e).backgroundColor);
        if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
    const bad = [];
    for (const e of document.querySelectorAll("main *")) {
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        if (!own || e.closest("svg") || e.offsetParent === null) continue;
        const a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) bad.push(e.tagName + "." + e.className + " " + ratio.toFixed(2));
    }
    return [...new Set(bad)];
})()"""
OVERFLOW = """[...document.querySelectorAll("main *")].filter(e => !e.closest("pre, .rings, .overview ul")
    && e.offsetParent !== null && e.getBoundingClientRect().right > innerWidth + 0.5)
    .map(e => e.tagName + "." + e.className)"""


def expect(good, what):
    if not good:
        sys.exit(f"FAILED: {what}")


def expect_equal(have, want, what):
    expect(have == want, f"{what}: {have!r}, not {want!r}")


def visible(page, key):
    return page.js(f"{VISIBLE}.map(f => f.dataset.{key})")


def ids(page):
    return page.js(f"{VISIBLE}.map(f => f.id)")


def check_filters(page, n):
    expect_equal(page.js("document.getElementById('shown').textContent"), f"{n} findings", "count")
    for key in ("rule", "reach", "file"):
        value = page.js(f"document.querySelector('.filter[data-filter={key}]').dataset.value")
        page.click(f".filter[data-filter={key}]")
        values = visible(page, key)
        expect(values and set(values) == {value}, f"filter {key}: {values}")
        shown = page.js("document.getElementById('shown').textContent")
        expect(shown.startswith(f"{len(values)} "), f"count {shown} for {len(values)}")
        expect_equal(page.js(f"document.querySelector('.filter[data-filter={key}]')"
                             ".getAttribute('aria-pressed')"), "true", "aria-pressed")
        page.click(f".filter[data-filter={key}]")
        expect_equal(len(ids(page)), n, f"findings after {key}")
    rules = page.js("[...document.querySelectorAll('.filter[data-filter=rule]')]"
                    ".map(b => b.dataset.value)")
    expect(len(rules) > 1, "one rule only: nothing to combine")
    for rule in rules[:2]:
        page.click(f".filter[data-filter=rule][data-value={rule}]")
    expect_equal(set(visible(page, "rule")), set(rules[:2]), "two rules")
    empty = page.js("[...document.querySelectorAll('.kind, .group')].filter(b => "
                    "b.offsetParent !== null && !b.querySelector('.finding:not([hidden])')).length")
    expect_equal(empty, 0, "headings without findings")
    page.click("#reset")
    expect_equal(len(ids(page)), n, "findings after reset")


def check_search(page, n):
    page.key("/")
    expect_equal(page.js("document.activeElement.id"), "search", "focus after /")
    name = page.js("document.querySelector('.finding h3 code, .finding h4 code').textContent")
    page.type(name)
    found = ids(page)
    expect(0 < len(found) <= n, f"search for {name}: {found}")
    page.type("zzqq")
    expect_equal(ids(page), [], "findings of a senseless search")
    page.key("Escape")
    expect_equal(len(ids(page)), n, "findings after Escape")


def check_keys(page):
    current = "(document.querySelector('.current') || {}).id"
    order = ids(page)
    page.js("document.activeElement.blur()")
    for key, want in (("j", order[0]), ("j", order[1]), ("k", order[0]), ("k", order[0])):
        page.key(key)
        expect_equal(page.js(current), want, f"current after {key}")
    page.key("j")
    is_open = f"document.querySelector('#{order[1]} details').open"
    expect_equal(page.js(is_open), False, "open before Enter")
    page.key("Enter")
    expect_equal(page.js(is_open), True, "open after Enter")
    page.key("Enter")
    expect_equal(page.js(is_open), False, "open after a second Enter")


def check_steps(page):
    first = ids(page)[0]
    page.js(f"document.querySelector('#{first} details').open = true")
    steps = page.js(f"[...document.querySelectorAll('#{first} .step')].map(s => "
                    "s.getAttribute('href').slice(1))")
    expect(len(steps) > 1, "a story of one step")
    for i, line in ((0, steps[0]), (len(steps) - 1, steps[-1])):
        page.click(f"#{first} li:nth-child({i + 1}) .step")
        lit = page.js(f"[...document.querySelectorAll('#{first} .mark.on')].map(l => l.id)")
        expect_equal(lit, [line], f"lit lines after step {i + 1}")
        expect(page.js(f"document.querySelector('#{first} li:nth-child({i + 1})')"
                       ".classList.contains('on')"), "the step is not lit")
    page.click(f"#{steps[0]}")
    lit = page.js(f"[...document.querySelectorAll('#{first} li.on .step')].map(s => "
                  "s.getAttribute('href').slice(1))")
    expect(lit and set(lit) == {steps[0]}, f"lit steps after a click on the line: {lit}")


def check_expand(page, n):
    page.js("document.querySelectorAll('details').forEach(d => { d.open = false; })")
    page.click("#all")
    expect_equal(page.js("document.querySelectorAll('.finding details[open]').length"), n,
                 "open after Expand all")
    expect_equal(page.js("document.getElementById('all').textContent"), "Collapse all", "button")


def check_looks(page, name):
    page.js("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    colours = []
    for width, height in ((375, 800), (1280, 900)):
        for dark in (False, True):
            page.screen(width, height, dark)
            where = f"{name}, {width} wide, {'dark' if dark else 'light'}"
            expect_equal(page.js("document.documentElement.scrollWidth"), width, where)
            expect_equal(page.js(OVERFLOW), [], f"{where}: sticks out")
            expect_equal(page.js(CONTRAST), [], f"{where}: hard to read")
            colours.append(page.js("getComputedStyle(document.body).backgroundColor"))
    expect(colours[0] != colours[1], "dark looks like light")


def check_report(page, path, name):
    """Everything about one report; it must have several rules."""
    page.screen(1280, 900)
    page.open(path.as_uri())
    n = page.js("document.querySelectorAll('.finding').length")
    expect(n > 2, f"{name}: {n} findings only")
    expect_equal(page.js("document.querySelectorAll('.finding details[open]').length"), 0,
                 "open at first")
    check_filters(page, n)
    check_search(page, n)
    check_keys(page)
    check_steps(page)
    check_expand(page, n)
    check_looks(page, name)
    page.screen(1280, 900)
    page.open(path.as_uri() + "#finding-2")
    expect(page.js("document.querySelector('#finding-2 details').open"), "#finding-2 is closed")


def check_without_script(page, path):
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.call("Page.navigate", url="about:blank")
    page.call("Page.navigate", url=path.as_uri())
    page.call("Runtime.evaluate", expression="1")
    tree = json.dumps(page.call("Page.captureSnapshot"))
    expect("no-script" in tree, "without scripts: no mark")
    page.call("Emulation.setScriptExecutionDisabled", value=False)


def check_hostile(program, page, folder):
    """Source and names that try to become part of the page stay text."""
    name = "a<script>alert(1)<_script>'\"`.c"
    (folder / name).write_bytes(HOSTILE)
    done = subprocess.run([program, "scan", "--profile", "strict", "--output", "hostile.html", name,
                           "--", f"-I{ROOT}/fixtures/include"], cwd=folder, capture_output=True,
                          text=True, timeout=120, check=False)
    expect(done.returncode == 1, f"the scan of a hostile file: {done.stderr}")
    page.open((folder / "hostile.html").as_uri())
    expect_equal(page.js("[document.scripts.length, document.images.length,"
                         " document.querySelectorAll('b, iframe').length]"), [1, 0, 0], "elements")
    expect_equal(page.js("document.querySelector('.finding').dataset.file"), name, "its name")
    page.click(".filter[data-filter=file]")
    expect(len(ids(page)) > 0, "the filter of the hostile file")


def scan(program, folder):
    subprocess.run([ROOT / "fixtures/extension/make-compile-commands", folder], check=True)
    done = subprocess.run([program, "scan", "-p", folder, "--output", folder / "scan.html"],
                          capture_output=True, text=True, timeout=240, check=False)
    expect(done.returncode == 1, f"the scan failed: {done.stderr}")
    return folder / "scan.html"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: reports-browser.py PATH-OF-STRAYREF")
    program = pathlib.Path(sys.argv[1]).resolve()
    chromium = browser.find()
    if chromium is None:
        print("skipped: no Chromium (Debian: apt-get install chromium)")
        return
    with tempfile.TemporaryDirectory() as work, browser.Page(chromium) as page:
        check_report(page, scan(program, pathlib.Path(work)), "fixtures/extension")
        check_hostile(program, page, pathlib.Path(work))
        golden = ROOT / "tests/golden/full.html"
        check_report(page, golden, "full.html")
        page.js("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        expect(page.js("document.querySelector('svg.ring').getBoundingClientRect().width") > 100,
               "no ring")
        expect_equal(page.js("document.querySelectorAll('.diff .add').length"), 2, "added lines")
        page.open((ROOT / "tests/golden/report.html").as_uri())
        check_without_script(page, golden)
        outside = [url for url in page.requests() if not url.startswith(("file:", "about:"))]
        expect_equal(outside, [], "loaded from elsewhere")
        expect_equal(page.complaints(), [], "errors in the page")
    print("the HTML report works in a browser")


if __name__ == "__main__":
    main()
