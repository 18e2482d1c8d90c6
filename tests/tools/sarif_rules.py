"""What SARIF 2.1.0 and GitHub code scanning ask of a log: problems(log) lists what is wrong.

This is no copy of the schema but the rules for the members that strayref writes: which are
required, which values they may have, what refers to what, and GitHub's limits.
"""

import re

LEVELS = {"none", "note", "warning", "error"}
KNOWN = {  # object -> members that the standard has and strayref may write
    "log": {"$schema", "version", "runs"},
    "run": {"tool", "results", "invocations", "automationDetails", "originalUriBaseIds",
            "columnKind"},
    "result": {"ruleId", "ruleIndex", "kind", "level", "message", "locations",
               "partialFingerprints", "codeFlows", "relatedLocations", "fixes", "suppressions",
               "baselineState", "rank", "properties"},
    "location": {"id", "physicalLocation", "logicalLocations", "message"},
    "region": {"startLine", "startColumn", "endLine", "endColumn"},
    "rule": {"id", "shortDescription", "fullDescription", "help", "defaultConfiguration",
             "properties"},
}


class Checker:
    def __init__(self):
        self.found = []

    def check(self, good, place, what):
        if not good:
            self.found.append(f"{place}: {what}")
        return good

    def members(self, name, value, place, *required):
        for member in required:
            self.check(member in value, place, f"'{member}' is missing")
        self.check(set(value) <= KNOWN[name], place, f"unknown {set(value) - KNOWN[name]}")

    def text(self, value, place, limit=None):
        text = value.get("text") if isinstance(value, dict) else None
        if self.check(isinstance(text, str) and text, place, "no text"):
            self.check(limit is None or len(text) <= limit, place, f"longer than {limit}")
        return text or ""

    def artifact(self, value, place):
        uri = value.get("uri", "")
        self.check(re.fullmatch(r"(file://)?[A-Za-z0-9/._~%-]+", uri), place, f"URI {uri!r}")
        relative = not uri.startswith("file://")
        self.check(relative == (value.get("uriBaseId") == "%SRCROOT%"), place, "uriBaseId")
        self.check(not (relative and uri.startswith(("/", "./"))), place, f"URI {uri!r}")

    def region(self, value, place):
        self.members("region", value, place, "startLine", "startColumn", "endLine", "endColumn")
        numbers = [value.get(key, 0) for key in ("startLine", "startColumn", "endLine",
                                                 "endColumn")]
        self.check(min(numbers) >= 1, place, f"numbers {numbers}")
        self.check(tuple(numbers[:2]) <= tuple(numbers[2:]), place, f"ends before it begins {numbers}")

    def location(self, value, place):
        self.members("location", value, place)
        if "physicalLocation" in value:
            self.artifact(value["physicalLocation"]["artifactLocation"], place)
            if "region" in value["physicalLocation"]:
                self.region(value["physicalLocation"]["region"], place)
        for logical in value.get("logicalLocations", []):
            self.check(logical.get("fullyQualifiedName"), place, "no fullyQualifiedName")
        if "message" in value:
            self.text(value["message"], place)

    def rule(self, rule, place):
        self.members("rule", rule, place, "id", "shortDescription", "fullDescription", "help")
        self.text(rule["shortDescription"], place, 1024)
        self.text(rule["fullDescription"], place, 1024)
        self.text(rule["help"], place)
        self.check(rule["help"].get("markdown"), place, "no help.markdown")
        self.check(rule["defaultConfiguration"]["level"] in LEVELS, place, "level")
        properties = rule["properties"]
        self.check(len(properties["tags"]) <= 10, place, "too many tags")
        self.check(properties["precision"] in {"very-high", "high", "medium", "low"}, place,
                   "precision")
        self.check(properties["problem.severity"] in {"error", "warning", "recommendation"}, place,
                   "problem.severity")

    def links(self, message, related, place):
        """Each [text](id) in the message has its related location."""
        ids = [location.get("id") for location in related]
        self.check(len(set(ids)) == len(ids), place, "ids of related locations repeat")
        plain = re.sub(r"\\.", "", message)
        linked = [int(number) for number in re.findall(r"\]\((\d+)\)", plain)]
        self.check(set(linked) <= set(ids), place, f"links {linked} without a location")
        self.check(not related or linked, place, "related locations that nothing links to")

    def fix(self, fix, place):
        self.text(fix["description"], place)
        for change in fix["artifactChanges"]:
            self.artifact(change["artifactLocation"], place)
            for replacement in change["replacements"]:
                self.region(replacement["deletedRegion"], place)
                if "insertedContent" in replacement:
                    self.text(replacement["insertedContent"], place)

    def result(self, result, rules, place):
        self.members("result", result, place, "ruleId", "message", "locations",
                     "partialFingerprints")
        self.check(rules[result["ruleIndex"]]["id"] == result["ruleId"], place, "ruleIndex")
        self.check(result["level"] in LEVELS, place, "level")
        self.check(0 <= result["rank"] <= 100, place, "rank")
        self.check(result["baselineState"] in {"new", "unchanged"}, place, "baselineState")
        self.check(len(result["locations"]) == 1, place, "not one location")
        message = self.text(result["message"], place)
        related = result.get("relatedLocations", [])
        self.check(len(related) <= 100, place, "too many related locations")
        self.links(message, related, place)
        for location in result["locations"] + related:
            self.location(location, place)
        for flow in result.get("codeFlows", []):
            for thread in flow["threadFlows"]:
                self.check(1 <= len(thread["locations"]) <= 1000, place, "steps of a flow")
                for step in thread["locations"]:
                    self.location(step["location"], place)
        prints = result["partialFingerprints"]
        self.check(re.fullmatch(r"\w+:\d+", prints["primaryLocationLineHash"]), place,
                   "primaryLocationLineHash")
        self.check(prints.get("strayref/v1"), place, "strayref/v1")
        for fix in result.get("fixes", []):
            self.fix(fix, place)
        for suppression in result.get("suppressions", []):
            self.check(suppression["kind"] in {"inSource", "external"}, place, "suppression")

    def run(self, run):
        self.members("run", run, "run", "tool", "results")
        driver = run["tool"]["driver"]
        self.check(driver.get("name") and driver.get("semanticVersion"), "driver", "who is it?")
        for i, rule in enumerate(driver["rules"]):
            self.rule(rule, f"rules[{i}]")
        self.check(len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"]), "rules",
                   "ids repeat")
        self.check(run["automationDetails"]["id"].endswith("/"), "automationDetails", "id")
        base = run["originalUriBaseIds"]["%SRCROOT%"]["uri"]
        self.check(base.startswith("file:///") and base.endswith("/"), "run", f"base {base}")
        self.check(run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}, "run", "columnKind")
        notices = driver["notifications"]
        for invocation in run["invocations"]:
            self.check(isinstance(invocation["executionSuccessful"], bool), "invocation", "success")
            for i, notice in enumerate(invocation["toolExecutionNotifications"]):
                place = f"notification {i}"
                descriptor = notice["descriptor"]
                self.check(notices[descriptor["index"]]["id"] == descriptor["id"], place, "index")
                self.check(notice["level"] in LEVELS, place, "level")
                self.text(notice["message"], place)
                for location in notice.get("locations", []):
                    self.location(location, place)
        self.check(len(run["results"]) <= 25000, "run", "too many results")
        for i, result in enumerate(run["results"]):
            self.result(result, driver["rules"], f"results[{i}]")
        prints = [result["partialFingerprints"]["primaryLocationLineHash"]
                  for result in run["results"]]
        self.check(len(set(prints)) == len(prints), "run", "fingerprints repeat")


def problems(log):
    checker = Checker()
    checker.members("log", log, "log", "$schema", "version", "runs")
    checker.check(log.get("version") == "2.1.0", "log", "version")
    for run in log.get("runs", []):
        checker.run(run)
    return checker.found
