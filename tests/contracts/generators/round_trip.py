"""Reads lines of a type's name, a tab and a message; writes each message as the generated class encodes it again."""

import importlib.util
import json
import sys

spec = importlib.util.spec_from_file_location("types_of_roomcast", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
# quicktype writes some names of several words in capitals.
types = {name.lower(): value for name, value in vars(module).items()}
for line in sys.stdin:
    name, _, message = line.rstrip("\n").partition("\t")
    try:
        print(json.dumps(types[name.lower()].from_dict(json.loads(message)).to_dict()))
    except Exception as error:  # whatever generated code throws is what is to be told
        print(f"!{type(error).__name__}: {error}")
