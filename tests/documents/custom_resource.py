"""Validates custom resources strictly against the OpenAPI schema of their CustomResourceDefinition.

Usage: custom_resource.py CRD.yaml RESOURCE.yaml. Unknown fields are errors, as for `kubectl apply --validate=strict`.
Rules in CEL (x-kubernetes-validations) are not evaluated.
"""

import sys

import jsonschema
import yaml


def close(schema):
    """Forbids fields that the schema does not name."""
    if isinstance(schema, list):
        for part in schema:
            close(part)
    if not isinstance(schema, dict):
        return
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    for name, part in schema.items():
        if name not in ("not", "oneOf", "anyOf", "allOf", "default", "enum"):
            close(part)


def main(definition, resource):
    definition = yaml.safe_load(open(definition, encoding="utf-8"))
    resources = list(yaml.safe_load_all(open(resource, encoding="utf-8")))
    for resource in resources:
        group, version = resource["apiVersion"].split("/")
        spec = definition["spec"]
        if (group, resource["kind"]) != (spec["group"], spec["names"]["kind"]):
            sys.exit(f"{resource['kind']} of {group} is not what the definition describes")
        schema = next(v["schema"]["openAPIV3Schema"] for v in spec["versions"] if v["name"] == version and v["served"])
        close(schema)
        errors = list(jsonschema.Draft202012Validator(schema).iter_errors(resource))
        if errors:
            sys.exit("\n".join(f"{error.json_path}: {error.message}" for error in errors))
    print(len(resources))


main(*sys.argv[1:])
