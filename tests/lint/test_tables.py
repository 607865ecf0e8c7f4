"""The definitions in crds/ say what the tables that decode manifests say: every field in each of
its spellings, its type, its bounds, its default, both ways. And they say it to people: each field
has a description.

Kinds without a schema of Kuma's own are open: an unknown field is kept, null is no value (so it may
stand where none is needed), and a number may stand in quotes, as its decoder has it."""
import json
import subprocess

import pytest
import yaml
from tree import ROOT, fail_on, files_below, plant

UINT32_MAX = 2**32 - 1
INT32 = (-(2**31), 2**31 - 1)

# A number in quotes, and the longest one.
QUOTED = r"^(0|[1-9][0-9]{0,9})$"
QUOTED_MAX = 10
NAME_MAX = 64  # of an enum's value: what is longer is none

QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)

# What is compared. The rest of a schema is for people, or is a rule, which the corpus judges.
KEYWORDS = (
    "type",
    "nullable",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)

OPEN = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING = "x-kubernetes-int-or-string"


def sized(field, noun):
    """The bounds on how many of `noun` there are."""
    found = {}
    if field["min"] > 0:
        found[f"min{noun}"] = field["min"]
    if field["max"] > 0:
        found[f"max{noun}"] = field["max"]
    return found


def text(field):
    """One string of several."""
    return {"type": "string", **({"maxLength": field["item_max"]} if field["item_max"] else {})}


def names(field):
    return [value["name"] for value in field["values"]]


def number(field, is_open):
    """In an open kind it is never more than Kuma's decoder could hold."""
    if not is_open and "values" in field:
        return {"type": "integer", "enum": [value["number"] for value in field["values"]]}
    if not is_open:
        return {"type": "integer", "minimum": field["min"], "maximum": field["max"] or None}
    bounds = {"minimum": field["min"], "maximum": field["max"] or UINT32_MAX}
    return {INT_OR_STRING: True, "pattern": QUOTED, "maxLength": QUOTED_MAX, **bounds}


def choice(field, is_open):
    """Kuma stored any number for an enum."""
    if not is_open:
        return {"type": "string", "enum": names(field)}
    pattern = f"^({'|'.join(names(field))})$"
    bounds = {"minimum": INT32[0], "maximum": INT32[1], "maxLength": NAME_MAX}
    return {INT_OR_STRING: True, "pattern": pattern, **bounds}


def strings(field, item):
    return {"type": "array", "items": item, **sized(field, "Items")}


def scalar(field, is_open):
    """JSON schemas have no name for what is a string or any number."""
    bounds = {"minimum": 0, "maximum": field["max"]} if field["max"] else {}
    return {(OPEN if is_open else INT_OR_STRING): True, **bounds}


def wanted(field, is_open):
    """The keywords that the schema of `field` has to have, besides its members."""
    kind = field["type"]
    if kind in ("string", "bytes"):
        values = {"enum": names(field)} if "values" in field else {}
        return {"type": "string", **sized(field, "Length"), **values}
    if kind == "tags":
        return {"type": "object", "additionalProperties": text(field), **sized(field, "Properties")}
    if kind == "strings":
        return strings(field, text(field))
    if kind == "enum set":
        return strings(field, {"type": "string", "enum": names(field)})
    return {
        "bool": lambda: {"type": "boolean"},
        "duration": lambda: {"type": "string"},
        "uint32": lambda: number(field, is_open),
        "enum": lambda: choice(field, is_open),
        "scalar": lambda: scalar(field, is_open),
        "quantities": lambda: {
            "type": "object",
            "additionalProperties": {INT_OR_STRING: True, "pattern": QUANTITY},
            **sized(field, "Properties"),
        },
        "open": lambda: {"type": "object", OPEN: True},
        "ignored": lambda: {OPEN: True},
        "object": lambda: {"type": "object"},
        "list": lambda: {"type": "array", "items": {"type": "object"}, **sized(field, "Items")},
    }[kind]()


def default_of(field):
    """What a field is that is not there; None where that is what its type has for nothing."""
    if field["type"] == "enum":
        return next((v["name"] for v in field["values"] if v["number"] == field["preset"]), None)
    return field["preset"] if field["type"] == "uint32" else field["preset_text"] or None


NOTHING = (None, False, 0, "")


class Comparison:
    """Of the definition in `file` with the table of its kind."""

    def __init__(self, file, is_open):
        self.file = file
        self.is_open = is_open
        self.problems = []

    def problem(self, path, message):
        self.problems.append(f"{self.file}:1: {path}: {message}")

    def described(self, path, schema):
        if not schema.get("description"):
            self.problem(path, "has no description")

    def keywords(self, path, schema, wanted):
        for key in (*KEYWORDS, *({"pattern"} & wanted.keys())):
            got, want = schema.get(key), wanted.get(key)
            if key == "nullable" and path.endswith("[]") and want:
                continue  # an item that is null has no fields, which a kind takes, or does not
            if key == "minimum" and got is None and want == 0:
                continue  # a number of Kuma's schema that has no sign in ours
            if key == "maximum" and got is None and schema.get("format") == "int32":
                got = INT32[1]
            if got != want:
                self.problem(path, f"{key} is {got!r}, and in the table {want!r}")

    def opened(self, wanted, is_required):
        """With what every value of an open kind has besides."""
        if not self.is_open:
            return wanted
        more = {} if is_required else {"nullable": True}
        if wanted.get("type") == "object" and "additionalProperties" not in wanted:
            more[OPEN] = True
        return {**wanted, **more}

    def default(self, path, schema, field):
        got, want = schema.get("default"), default_of(field)
        if self.is_open and got is not None:
            self.problem(path, "has a default, and what Kuma stored would change")
        is_preset = field["preset"] != 0 or field["preset_text"] != ""
        if not self.is_open and got != want and (got not in NOTHING or is_preset):
            self.problem(path, f"default is {got!r}, and in the table {want!r}")

    def value(self, path, schema, wanted, fields, is_required=False):
        """Compares a schema with keywords and, where it has them, members or items."""
        self.keywords(path, schema, self.opened(wanted, is_required))
        for key, inner in (("items", "[]"), ("additionalProperties", "[*]")):
            if (key in schema) != (key in wanted):
                self.problem(path, f"{key} are said by one only")
            elif key in wanted:
                self.value(path + inner, schema[key], wanted[key], fields)
        is_object = wanted.get("type") == "object" and "additionalProperties" not in wanted
        if is_object:
            self.members(path, schema, fields)
        if self.is_open and "items" in wanted and schema.get("x-kubernetes-list-type") != "atomic":
            self.problem(path, "is no atomic list")

    def members(self, path, schema, fields):
        schemas = schema.get("properties", {})
        spellings = {name: f for f in fields for name in (f["name"], f["proto"]) if name}
        for name in schemas.keys() - spellings.keys():
            self.problem(f"{path}.{name}", "is in no table")
        for name in spellings.keys() - schemas.keys():
            self.problem(f"{path}.{name}", "is missing, and the table has it")
        required = {field["name"] for field in fields if field["required"]}
        if set(schema.get("required", [])) != required:
            self.problem(path, f"required are {schema.get('required', [])}, and in the table "
                               f"{sorted(required)}")
        for name in sorted(schemas.keys() & spellings.keys()):
            self.field(f"{path}.{name}", schemas[name], spellings[name])

    def field(self, path, schema, field):
        self.described(path, schema)
        keywords = wanted(field, self.is_open)
        self.value(path, schema, keywords, field.get("fields", []), field["required"])
        self.default(path, schema, field)


def definition_check(file, document, kinds):
    spec = document["spec"]
    kind = spec["names"]["kind"]
    if kind not in kinds:
        return [f"{file}:1: no table decodes {kind}"]
    table = kinds[kind]
    comparison = Comparison(file, is_open=not table["has_schema"])
    scope = "Namespaced" if table["is_namespaced"] else "Cluster"
    if spec["scope"] != scope:
        comparison.problem("scope", f"is {spec['scope']}, and in the table {scope}")
    schema = spec["versions"][0]["schema"]["openAPIV3Schema"]
    members = schema.get("properties", {})
    comparison.described(kind, schema)
    if ("mesh" in members) != (table["has_mesh"] or kind == "Mesh"):
        comparison.problem("mesh", "is said by one only")
    if "spec" not in members:
        comparison.problem("spec", "is missing")
        return comparison.problems
    comparison.described("spec", members["spec"])
    comparison.value("spec", members["spec"], {"type": "object"}, table["fields"])
    return comparison.problems


# Kubernetes' own.
FOREIGN = {"Secret"}


def definitions_check(root, kinds):
    problems = []
    found = set(FOREIGN)
    for path in files_below(root, ("crds",), (".yaml",)):
        file = path.relative_to(root)
        for document in yaml.safe_load_all(path.read_text()):
            found.add(document["spec"]["names"]["kind"])
            problems += definition_check(file, document, kinds)
    return problems + [f"crds:1: there is no {kind}" for kind in kinds.keys() - found]


@pytest.fixture(scope="module")
def kinds():
    """The tables, of the program as it is now."""
    subprocess.run([ROOT / "scripts/build", "gcc", "api_tables"], check=True, capture_output=True)
    done = subprocess.run([ROOT / "build/tests/api_tables"], check=True, capture_output=True)
    return {kind["name"]: kind for kind in json.loads(done.stdout)}


def test_this_tree(kinds):
    fail_on(definitions_check(ROOT, kinds))


def field(name, kind, **more):
    rest = {"proto": "", "required": False, "preset": 0, "min": 0, "max": 0, "item_max": 0}
    rest["preset_text"] = ""
    return {"name": name, "type": kind, **rest, **more}


COLORS = [{"name": "RED", "number": 0}, {"name": "BLUE", "number": 1}]
FIELDS = [
    field("maxCount", "uint32", proto="max_count", max=9),
    field("colorName", "enum", values=COLORS),
    field("parts", "list", max=4, fields=[field("tags", "tags", max=2, item_max=7)]),
    field("hosts", "strings", item_max=5),
]
TABLES = {
    "Old": {
        "name": "Old",
        "has_schema": False,
        "has_mesh": True,
        "is_namespaced": False,
        "fields": FIELDS,
    },
    "New": {
        "name": "New",
        "has_schema": True,
        "has_mesh": False,
        "is_namespaced": True,
        "fields": [
            field("weight", "uint32", preset=1, max=8, required=True),
            field("color", "enum", values=COLORS, preset=1),
            field("status", "uint32", values=[{"name": "301", "number": 301}]),
            field("match", "string", values=COLORS, preset_text="RED"),
        ],
    },
}
OLD = """
kind: CustomResourceDefinition
spec:
  names: {kind: Old}
  scope: Cluster
  versions:
    - schema:
        openAPIV3Schema:
          description: The old one.
          properties:
            mesh: {type: string}
            spec:
              type: object
              description: What it says.
              nullable: true
              x-kubernetes-preserve-unknown-fields: true
              properties:
                maxCount: &count
                  description: How many.
                  x-kubernetes-int-or-string: true
                  nullable: true
                  pattern: ^(0|[1-9][0-9]{0,9})$
                  maxLength: 10
                  minimum: 0
                  maximum: 9
                max_count: *count
                colorName:
                  description: Of it.
                  x-kubernetes-int-or-string: true
                  nullable: true
                  pattern: ^(RED|BLUE)$
                  maxLength: 64
                  minimum: -2147483648
                  maximum: 2147483647
                parts:
                  description: Of it.
                  type: array
                  nullable: true
                  maxItems: 4
                  x-kubernetes-list-type: atomic
                  items:
                    type: object
                    nullable: true
                    x-kubernetes-preserve-unknown-fields: true
                    properties:
                      tags:
                        description: Of the part.
                        type: object
                        nullable: true
                        maxProperties: 2
                        additionalProperties: {type: string, nullable: true, maxLength: 7}
                hosts:
                  description: Their names.
                  type: array
                  nullable: true
                  x-kubernetes-list-type: atomic
                  items: {type: string, nullable: true, maxLength: 5}
"""
NEW = """
kind: CustomResourceDefinition
spec:
  names: {kind: New}
  scope: Namespaced
  versions:
    - schema:
        openAPIV3Schema:
          description: The new one.
          properties:
            spec:
              type: object
              description: What it says.
              required: [weight]
              properties:
                weight: {type: integer, maximum: 8, default: 1, description: Its share.}
                color: {type: string, enum: [RED, BLUE], default: BLUE, description: Its color.}
                status: {type: integer, enum: [301], description: Its number.}
                match: {enum: [RED, BLUE], default: RED, type: string, description: Of others.}
"""


def check(tmp_path, old=OLD, new=NEW):
    files = {"crds/old.yaml": old, "crds/mesh/new.yaml": new}
    return definitions_check(plant(tmp_path, files), TABLES)


def test_allowed(tmp_path):
    assert check(tmp_path) == []


@pytest.mark.parametrize(
    "line, instead, problem",
    [
        ("max_count: *count", "", "spec.max_count: is missing"),
        ("max_count: *count", "max_count: *count\n                more: {description: x}",
         "spec.more: is in no table"),
        ("maximum: 9", "maximum: 10", "spec.maxCount: maximum is 10, and in the table 9"),
        ("minimum: 0", "minimum: 1", "spec.maxCount: minimum is 1, and in the table 0"),
        ("^(RED|BLUE)$", "^(RED|GREEN)$", "spec.colorName: pattern is"),
        ("maxItems: 4", "", "spec.parts: maxItems is None, and in the table 4"),
        ("maxProperties: 2", "maxProperties: 3", "spec.parts[].tags: maxProperties is 3"),
        ("maxLength: 7", "maxLength: 8", "spec.parts[].tags[*]: maxLength is 8"),
        ("maxLength: 5", "minLength: 5", "spec.hosts[]: minLength is 5"),
        ("type: string, nullable: true, maxLength: 5", "type: integer, nullable: true",
         "spec.hosts[]: type is 'integer', and in the table 'string'"),
        ("description: Their names.", "", "spec.hosts: has no description"),
        ("description: Their names.", "description: Their names.\n                  default: [a]",
         "spec.hosts: has a default"),
        ("list-type: atomic\n                  items: {",
         "list-type: set\n                  items: {", "spec.hosts: is no atomic list"),
        ("nullable: true\n              x-", "x-", "spec: nullable is None"),
        ("nullable: true\n                    x-kubernetes-preserve-unknown-fields: true",
         "nullable: true", "spec.parts[]: x-kubernetes-preserve-unknown-fields is None"),
        ("type: object\n              description: What", "type: object\n              required: "
         "[hosts]\n              description: What", "spec: required are ['hosts']"),
        ("scope: Cluster", "scope: Namespaced", "scope: is Namespaced, and in the table Cluster"),
        ("kind: Old", "kind: Other", "no table decodes Other"),
        ("mesh: {type: string}", "kind: {type: string}", "mesh: is said by one only"),
    ],
)
def test_an_open_kind_that_differs(tmp_path, line, instead, problem):
    assert line in OLD
    problems = check(tmp_path, old=OLD.replace(line, instead, 1))
    assert any(f"crds/old.yaml:1: {problem}" in found for found in problems), problems


def test_a_kind_without_a_definition(tmp_path):
    tables = {**TABLES, "Newest": TABLES["New"], "Secret": TABLES["Old"]}
    files = {"crds/old.yaml": OLD, "crds/mesh/new.yaml": NEW}
    assert definitions_check(plant(tmp_path, files), tables) == ["crds:1: there is no Newest"]


@pytest.mark.parametrize(
    "line, instead, problem",
    [
        ("required: [weight]", "", "spec: required are [], and in the table ['weight']"),
        ("default: 1", "default: 2", "spec.weight: default is 2, and in the table 1"),
        ("default: BLUE", "default: RED", "spec.color: default is 'RED', and in the table 'BLUE'"),
        ("[RED, BLUE]", "[RED]", "spec.color: enum is ['RED']"),
        ("[301]", "[302]", "spec.status: enum is [302], and in the table [301]"),
        ("enum: [RED, BLUE], default: RED, ", "default: RED, ", "spec.match: enum is None"),
        ("default: RED, ", "", "spec.match: default is None, and in the table 'RED'"),
        ("maximum: 8", "format: int32", "spec.weight: maximum is 2147483647, and in the table 8"),
        ("type: object", "x-kubernetes-preserve-unknown-fields: true\n              type: object",
         "spec: x-kubernetes-preserve-unknown-fields is True"),
        ("type: integer,", "type: integer, nullable: true,", "spec.weight: nullable is True"),
    ],
)
def test_a_closed_kind_that_differs(tmp_path, line, instead, problem):
    assert line in NEW
    problems = check(tmp_path, new=NEW.replace(line, instead, 1))
    assert any(f"crds/mesh/new.yaml:1: {problem}" in found for found in problems), problems
