#!/usr/bin/python3
"""Holds what the program printed against its schemas, strictly: members that no schema has are errors.

  validate_json.py SCHEMAS

Every line of stdin is a request, {"text": TEXT, "row": ROW}, every line of stdout the answer, a text:
what is wrong. ROW is
  ""           every {"schema":"ckptscope....} object in the text
  "VERB ROW"   every line of the text as $defs/ROW of that verb's schema
  "--schemas"  the schemas themselves
"""
import functools
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


@functools.cache
def schema_of(directory, verb):
    schema = json.loads((directory / f"{verb}.json").read_text())
    close(schema)
    return schema


def check_schemas(directory):
    for path in directory.glob("*.json"):
        try:
            jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))
        except jsonschema.SchemaError as error:
            yield f"{path.name}: {error.message}"


def refuse(word):
    raise ValueError(f"{word} is no JSON")


def objects(text):
    decoder = json.JSONDecoder(parse_constant=refuse)
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


def schema_of_object(directory, one):
    """An error of what is no verb ("script", a misspelt one) has the shared members alone."""
    verb = one["schema"].split(".")[1].split("/")[0]
    if (directory / f"{verb}.json").exists():
        return schema_of(directory, verb)
    return {**schema_of(directory, "quit"), "properties": {}}


def found(directory, text, row):
    if row == "--schemas":
        return check_schemas(directory)
    if row:
        verb, name = row.split()
        schema = {**schema_of(directory, verb), "$ref": f"#/$defs/{name}", "properties": {}, "if": False}
        schema.pop("unevaluatedProperties")
        return errors(schema, map(json.loads, text.splitlines()))
    return (f"{one['schema']} {error}" for one in objects(text)
            for error in errors(schema_of_object(directory, one), [one]))


for line in sys.stdin:
    try:
        answer = "\n".join(found(pathlib.Path(sys.argv[1]), **json.loads(line)))
    except ValueError as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
