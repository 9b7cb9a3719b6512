"""Pydantic models made from the published schemas accept every valid vector and refuse every invalid one."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

HERE = Path(__file__).resolve().parent
VECTORS = HERE.parent.parent / "schema" / "vectors"
sys.path.insert(0, str(HERE / "generated" / "python"))


def refusal(models: TypeAdapter, value: object) -> str | None:
    """What the models say against a message, as it comes off the wire; None when they take it."""
    try:
        models.validate_json(json.dumps(value))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return None


def check(path: Path) -> bool:
    document = json.loads(path.read_text(encoding="utf-8"))
    schema = json.loads((path.parent.parent / document["schema"]).read_text(encoding="utf-8"))
    module = importlib.import_module(path.stem.replace("-", "_"))
    models = TypeAdapter(getattr(module, schema["title"]))
    accepted, refused, wrong = 0, 0, []
    for vectors in document["vectors"]:
        name = vectors["message"]
        for value in vectors["valid"]:
            if why := refusal(models, value):
                wrong.append(f"{name}: a valid message is refused: {why}: {json.dumps(value)}")
            else:
                accepted += 1
        for vector in vectors["invalid"]:
            if refusal(models, vector["value"]) is None:
                wrong.append(f"{name}: accepted, though {vector['reason']}: {json.dumps(vector['value'])}")
            else:
                refused += 1
    if wrong or not accepted or not refused:
        print(f"{len(wrong)} mismatches", *wrong, sep="\n")
        return False
    print(f"{len(document['vectors'])} messages, {accepted} valid accepted, {refused} invalid refused")
    return True


if __name__ == "__main__":
    sys.exit(0 if check(VECTORS / f"{sys.argv[1]}.json") else 1)
