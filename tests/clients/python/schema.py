"""Whether an answer is what the discovery document says: no field that it does not know, no value of another type."""

import re

# Formats that have their own look on the wire; the rest is the type alone.
LOOKS = {
    "int64": re.compile(r"-?\d+"),
    "google-datetime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
    "google-duration": re.compile(r"-?\d+(\.\d+)?s"),
    "byte": re.compile(r"[A-Za-z0-9+/]*={0,2}"),
}
TYPES = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "array": list,
}


def strangeness(value, schema, schemas, place="answer"):
    """What is wrong with the value, or None."""
    if "$ref" in schema:
        return strangeness(value, schemas[schema["$ref"]], schemas, place)
    kind = schema["type"]
    if kind == "any":
        return None
    if not isinstance(value, TYPES[kind]) or isinstance(value, bool) != (kind == "boolean"):
        return f"{place} should be of type {kind} and is {value!r}"
    if kind == "array":
        parts = ((f"{place}[{i}]", item, schema["items"]) for i, item in enumerate(value))
    elif kind == "object":
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        unknown = [] if others else sorted(value.keys() - known.keys())
        if unknown:
            return f"{place} has a field that the API does not have: {unknown[0]}"
        parts = ((f"{place}.{name}", item, known.get(name, others)) for name, item in value.items())
    else:
        look = LOOKS.get(schema.get("format"))
        return (
            f"{place} should be {schema['format']} and is {value!r}"
            if look and not look.fullmatch(value)
            else None
        )
    return next(
        (found for found in (strangeness(item, s, schemas, where) for where, item, s in parts) if found), None
    )
