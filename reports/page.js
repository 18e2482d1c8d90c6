// page.js: filters, highlighted steps and keys of the HTML report.
"use strict";
(function () {
    const all = selector => Array.from(document.querySelectorAll(selector));
    const findings = all(".finding");
    const filters = all(".filter");
    const search = document.getElementById("search");
    const shown = document.getElementById("shown");
    const reset = document.getElementById("reset");
    const expand = document.getElementById("all");
    let current = null;

    document.documentElement.classList.remove("no-script");
    if (!search) {
        return; // nothing was found
    }

    // ---- filters ----

    const texts = new Map(findings.map(f => [f, f.textContent.toLowerCase()]));

    // The values that are switched on, by what they filter.
    function wanted() {
        const values = {rule: [], reach: [], file: []};
        for (const button of filters) {
            if (button.getAttribute("aria-pressed") === "true") {
                values[button.dataset.filter].push(button.dataset.value);
            }
        }
        return values;
    }

    function apply() {
        const values = wanted();
        const words = search.value.toLowerCase().split(/\s+/).filter(word => word);
        let n = 0;
        for (const finding of findings) {
            const fits = Object.keys(values).every(
                key => !values[key].length || values[key].includes(finding.dataset[key]))
                && words.every(word => texts.get(finding).includes(word));
            finding.hidden = !fits;
            n += fits ? 1 : 0;
        }
        for (const box of all(".group, .kind")) {
            box.hidden = !box.querySelector(".finding:not([hidden])");
        }
        shown.textContent = n === findings.length ? `${n} findings`
                                                  : `${n} of ${findings.length} findings`;
        reset.hidden = n === findings.length && !words.length
                       && !Object.values(values).some(list => list.length);
    }

    function clear() {
        filters.forEach(button => button.setAttribute("aria-pressed", "false"));
        search.value = "";
        apply();
    }

    for (const button of filters) {
        button.addEventListener("click", () => {
            const on = button.getAttribute("aria-pressed") === "true";
            button.setAttribute("aria-pressed", String(!on));
            apply();
        });
    }
    search.addEventListener("input", apply);
    reset.addEventListener("click", clear);

    // ---- opening ----

    const details = finding => finding.querySelector("details");
    const visible = () => findings.filter(finding => !finding.hidden);

    function label() {
        expand.textContent = visible().every(f => details(f).open) ? "Collapse all" : "Expand all";
    }

    expand.addEventListener("click", () => {
        const open = expand.textContent === "Expand all";
        visible().forEach(finding => { details(finding).open = open; });
        label();
    });
    findings.forEach(finding => details(finding).addEventListener("toggle", label));
    window.addEventListener("beforeprint", () => {
        findings.forEach(finding => { details(finding).open = true; });
    });

    // ---- steps and lines ----

    // Highlights the steps and the line that belong together in a finding.
    function highlight(finding, id) {
        for (const line of finding.querySelectorAll(".mark")) {
            line.classList.toggle("on", line.id === id);
        }
        for (const step of finding.querySelectorAll(".step")) {
            step.closest("li").classList.toggle("on", step.getAttribute("href") === "#" + id);
        }
    }

    for (const step of all(".step")) {
        step.addEventListener("click", event => {
            const id = step.getAttribute("href").slice(1);
            const line = document.getElementById(id);
            event.preventDefault();
            highlight(step.closest(".finding"), id);
            if (line) {
                line.scrollIntoView({block: "nearest"});
            }
        });
    }
    for (const line of all(".mark")) {
        line.addEventListener("click", () => highlight(line.closest(".finding"), line.id));
    }

    // ---- keys ----

    function select(finding) {
        if (current) {
            current.classList.remove("current");
        }
        current = finding;
        current.classList.add("current");
        current.querySelector("summary").focus({preventScroll: true});
        current.scrollIntoView({block: details(current).open ? "start" : "nearest"});
    }

    function move(by) {
        const list = visible();
        const at = list.indexOf(current);
        const next = at < 0 ? (by > 0 ? 0 : list.length - 1)
                            : Math.min(Math.max(at + by, 0), list.length - 1);
        if (list[next]) {
            select(list[next]);
        }
    }

    document.addEventListener("keydown", event => {
        if (event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }
        if (event.target === search) {
            if (event.key === "Escape") {
                search.value = "";
                search.blur();
                apply();
            }
            else if (event.key === "Enter") {
                search.blur();
                move(1);
            }
            return;
        }
        if (event.key === "j") {
            move(1);
        }
        else if (event.key === "k") {
            move(-1);
        }
        else if (event.key === "/") {
            event.preventDefault();
            search.focus();
        }
        else if (event.key === "Enter" && current && event.target === document.body) {
            details(current).open = !details(current).open;
        }
        else if (event.key === "Escape") {
            clear();
        }
    });
    document.addEventListener("focusin", event => {
        const finding = event.target.closest(".finding");
        if (finding && finding !== current) {
            select_quietly(finding);
        }
    });

    function select_quietly(finding) {
        if (current) {
            current.classList.remove("current");
        }
        current = finding;
        current.classList.add("current");
    }

    // ---- start ----

    function open_target() {
        const target = location.hash && document.getElementById(location.hash.slice(1));
        const finding = target && target.closest(".finding");
        if (finding) {
            details(finding).open = true;
            target.scrollIntoView();
        }
    }

    if (findings.length === 1) {
        details(findings[0]).open = true;
    }
    window.addEventListener("hashchange", open_target);
    apply();
    label();
    open_target();
})();
