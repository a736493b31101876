#!/usr/bin/python3
"""Holds what the program printed against its schemas, strictly: members that no schema has are errors.

  validate_json.py SCHEMAS              every {"schema":"ckptscope....} object in the text of stdin
  validate_json.py SCHEMAS VERB ROW     every line of stdin as $defs/ROW of that verb's schema
  validate_json.py SCHEMAS --schemas    the schemas themselves
"""
import json
import pathlib
import re
import sys

import jsonschema


def close(schema):
    """No members but those that are named: what is published stays open for more."""
    if isinstance(schema, list):
        for one in schema:
            close(one)
    if not isinstance(schema, dict):
        return
    if "properties" in schema and schema.get("$anchor") != "result":
        schema["unevaluatedProperties"] = False
    for name, one in schema.items():
        if name != "if":
            close(one)


def read(path):
    schema = json.loads(path.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    close(schema)
    return schema


def objects(text):
    decoder = json.JSONDecoder(parse_constant=lambda word: sys.exit(f"{word} is no JSON"))
    for start in re.finditer(r'^\{"schema":"ckptscope\.', text, re.MULTILINE):
        try:
            yield decoder.raw_decode(text, start.start())[0]
        except json.JSONDecodeError:  # cut off by the line's own head or grep
            print("cut off:", text[start.start():][:60], file=sys.stderr)


def errors(schema, values):
    validator = jsonschema.Draft202012Validator(schema)
    for value in values:
        for error in validator.iter_errors(value):
            yield f"{error.json_path}: {error.message[:300]}"


def schema_of(schemas, one):
    """An error of what is no verb ("script", a misspelt one) has the shared members alone."""
    name = one["schema"].split(".")[1].split("/")[0]
    return schemas[name] if name in schemas else {**schemas["quit"], "properties": {}}


def main(directory, *of):
    schemas = {path.stem: read(path) for path in pathlib.Path(directory).glob("*.json")}
    if of == ("--schemas",):
        return print(*sorted(schemas))
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    if of:
        verb, row = of
        schema = {**schemas[verb], "$ref": f"#/$defs/{row}", "properties": {}, "if": False}
        schema.pop("unevaluatedProperties")
        found = list(errors(schema, map(json.loads, text.splitlines())))
    else:
        found = [f"{one['schema']} {error}" for one in objects(text)
                 for error in errors(schema_of(schemas, one), [one])]
    print(*found, sep="\n", end="")
    sys.exit(1 if found else 0)


main(*sys.argv[1:])
