"""The part of JSON Schema (draft 7) that our schemas use: problems(schema, value) lists what
does not fit.  A keyword that is not known here is an error, so that nothing goes unchecked.
"""

import re

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
SILENT = {"$schema", "$id", "title", "description", "definitions"}


def has_type(value, name):
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def object_problems(root, schema, value, place):
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{place}: '{name}' is missing"
    for name, member in value.items():
        if name in known:
            yield from walk(root, known[name], member, f"{place}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{place}: '{name}' is not known"


def walk(root, schema, value, place):
    """What is wrong with 'value', found at 'place'."""
    for key, want in schema.items():
        if key == "$ref":
            yield from walk(root, root["definitions"][want.rpartition("/")[2]], value, place)
        elif key == "type":
            if not has_type(value, want):
                yield f"{place}: {value!r} is no {want}"
        elif key == "const":
            if value != want:
                yield f"{place}: {value!r} is not {want!r}"
        elif key == "enum":
            if value not in want:
                yield f"{place}: {value!r} is none of {want}"
        elif key == "minimum":
            if has_type(value, "integer") and value < want:
                yield f"{place}: {value} is below {want}"
        elif key == "minLength":
            if isinstance(value, str) and len(value) < want:
                yield f"{place}: {value!r} is too short"
        elif key == "pattern":
            if isinstance(value, str) and not re.search(want, value):
                yield f"{place}: {value!r} does not match {want}"
        elif key == "items":
            for i, item in enumerate(value if isinstance(value, list) else []):
                yield from walk(root, want, item, f"{place}[{i}]")
        elif key == "properties":
            if isinstance(value, dict):
                yield from object_problems(root, schema, value, place)
        elif key not in SILENT | {"required", "additionalProperties"}:
            raise ValueError(f"keyword {key} is not known to this validator")


def problems(schema, value):
    return list(walk(schema, schema, value, "$"))
