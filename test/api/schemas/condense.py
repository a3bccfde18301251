"""Takes what replies are checked by out of a specification of the Engine API.

condense.py swagger.yaml engine-api-1.NN.json: for each operation its statuses and the schemas of their bodies, and the definitions that these
need; nothing of the prose. Needs python3-yaml.
"""

import json
import sys

import yaml

TAGS = {"Container", "Exec", "Image", "Network", "Volume", "System", "Distribution"}
METHODS = {"get", "head", "post", "put", "delete"}
KEPT = {"type", "properties", "items", "allOf", "enum", "additionalProperties", "required", "$ref", "x-nullable"}


def schema_of(node):
    if isinstance(node, list):
        return [schema_of(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if key in KEPT}
    for key in kept.keys() & {"items", "allOf", "additionalProperties"}:
        kept[key] = schema_of(kept[key])
    if "properties" in kept:
        kept["properties"] = {name: schema_of(value) for name, value in kept["properties"].items()}
    return kept


def references(node):
    if isinstance(node, list):
        return set().union(*(references(item) for item in node))
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"].rsplit("/", 1)[-1]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*(references(value) for value in node.values()))


def resolve(node, root):
    while "$ref" in node:
        target = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def main(source, target):
    with open(source, encoding="utf-8") as file:
        specification = yaml.safe_load(file)
    operations = {}
    for path, methods in specification["paths"].items():
        for method, operation in methods.items():
            if method not in METHODS or not TAGS.intersection(operation["tags"]):
                continue
            replies = {str(status): resolve(reply, specification).get("schema") for status, reply in operation["responses"].items()}
            operations[f"{method.upper()} {path}"] = {status: schema and schema_of(schema) for status, schema in replies.items()}
    definitions = {}
    wanted = references(operations)
    while wanted - definitions.keys():
        name = min(wanted - definitions.keys())
        definitions[name] = schema_of(specification["definitions"][name])
        wanted |= references(definitions[name])
    parts = {"version": specification["info"]["version"], "operations": operations, "definitions": dict(sorted(definitions.items()))}
    with open(target, "w", encoding="utf-8") as file:
        lines = lambda table: "{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in table.items()) + "\n}"
        file.write("{\n" + ",\n".join(f"{json.dumps(key)}: {lines(value) if isinstance(value, dict) else json.dumps(value)}" for key, value in parts.items()) + "\n}\n")


main(*sys.argv[1:])
