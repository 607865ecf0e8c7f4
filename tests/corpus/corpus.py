"""The corpus: manifests, each with what Kuma says of it. README.md has its language."""
import copy
import json
import re
import subprocess
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
VALIDATING = HERE.parents[1] / "docs/validating.md"

NAMESPACE = "kuma-system"
REFUSED, WARNED, ACCEPTED = "refuses", "warns", "accepts"

# Kuma's newer kinds have `spec` in both forms, and say their mesh by a label.
OLDER = {"Mesh", "MeshGateway", "MeshGatewayRoute", "Dataplane", "ExternalService",
         "CircuitBreaker", "FaultInjection", "HealthCheck", "RateLimit", "Retry", "Timeout",
         "TrafficLog", "TrafficPermission", "TrafficTrace", "ProxyTemplate"}
CLUSTER_WIDE = OLDER - {"Dataplane"}

UNSAID = object()  # a case says nothing about its mesh

# What the program says where it is not finished: nothing against the manifest.
NOT_YET = "served yet"

STEP = re.compile(r'\.?([^.\[\]]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\[([^\]]*)\]')


def steps(path):
    """A field path as a list: names and keys are text, indexes are numbers."""
    found, at = [], 0
    while at < len(path):
        match = STEP.match(path, at)
        assert match, path
        name, index, quoted, bare = match.groups()
        if index is not None:
            found.append(int(index))
        else:
            found.append(next(word for word in (name, quoted, bare) if word is not None))
        at = match.end()
    return found


def put(tree, path, value):
    """Sets what stands at `path`; what is above and missing becomes an object."""
    *above, last = steps(path)
    for step in above:
        tree = tree[step] if isinstance(tree, list) else tree.setdefault(step, {})
    if isinstance(tree, list) and last == len(tree):
        tree.append(value)
    else:
        tree[last] = value


def drop(tree, path):
    *above, last = steps(path)
    for step in above:
        tree = tree[step]
    del tree[last]


def number(tree, n):
    """Writes the number `n` where `tree` says {n}."""
    if isinstance(tree, dict):
        return {name: number(value, n) for name, value in tree.items()}
    if isinstance(tree, list):
        return [number(value, n) for value in tree]
    if tree == "{n}":
        return n
    return tree.replace("{n}", str(n)) if isinstance(tree, str) else tree


def unfold(tree):
    """Writes out what is repeated: text, a list of items, or an object of members."""
    if isinstance(tree, list):
        return [unfold(value) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if "repeat" not in tree:
        return {name: unfold(value) for name, value in tree.items()}
    times = range(1, tree["repeat"] + 1)
    if "text" in tree:
        return tree["text"] * len(times)
    items = [unfold(number(tree["item"], n)) for n in times]
    if "key" not in tree:
        return items
    keys = [number(tree["key"], n).rjust(tree.get("size", 0), "k") for n in times]
    return dict(zip(keys, items))


class Case:
    """One manifest and what is said of it."""

    def __init__(self, file, group, kind, text):
        self.file = file.stem
        self.kind = kind
        self.id = f"{self.file}: {kind + ', ' if 'kinds' in group else ''}{text['case']}"
        self.name = unfold(text.get("name", "it"))
        self.mesh = unfold(text.get("mesh", UNSAID))
        self.labels = unfold(text.get("labels", {}))
        self.only = text.get("only", group.get("only"))
        self.differs = text.get("differs")
        self.server_fields = text.get("server", [])
        self.spec = unfold(copy.deepcopy(text["spec"] if "spec" in text else group["spec"]))
        for path, value in text.get("with", {}).items():
            put(self.spec, path, unfold(copy.deepcopy(value)))
        for path in text.get("without", []):
            drop(self.spec, path)
        known = {"case", "name", "mesh", "labels", "only", "differs", "spec", "with", "without",
                 "kuma", "otemon", "server"}
        assert set(text) <= known, (self.id, set(text) - known)
        self.kuma = ACCEPTED if text["kuma"] == "accepted" else REFUSED
        self.is_in_kumas_words = "otemon" not in text
        self.findings = self.read_findings(text)

    def read_findings(self, text):
        """What `otemon validate` has to say: in Kuma's words, unless the case says otherwise."""
        said = text.get("otemon", text["kuma"])
        if said == "accepted":
            said = []
        assert isinstance(said, list), f"{self.id}: a case that Kuma cannot decode says what we say"
        for finding in said:
            assert set(finding) <= {"field", "message", "severity"}, self.id
        return [{"severity": "error", "field": "", **finding} for finding in said]

    def says(self, finding, expected):
        """It is this finding: word by word where it is Kuma's, behind which may stand what to write
        instead; of our own words the beginning is enough."""
        if any(finding[key] != expected[key] for key in ("field", "severity")):
            return False
        if self.is_in_kumas_words:
            behind = " " if expected["message"].endswith(".") else "; "
            return f"{finding['message']}{behind}".startswith(expected["message"] + behind)
        return finding["message"].startswith(expected["message"])

    @property
    def otemon(self):
        """The verdict of the C rules."""
        severities = {finding["severity"] for finding in self.findings}
        if "error" in severities:
            return REFUSED
        return WARNED if severities else ACCEPTED

    @property
    def verdict(self):
        """That of the C rules, for whom a warning is none."""
        return REFUSED if self.otemon == REFUSED else ACCEPTED

    @property
    def has_universal(self):
        return self.only != "kubernetes"

    @property
    def has_kubernetes(self):
        return self.only != "universal"

    @property
    def is_older(self):
        return self.kind in OLDER

    def universal(self):
        document = {"type": self.kind, "name": self.name, "mesh": "default"}
        if self.mesh is None or self.kind == "Mesh":
            del document["mesh"]
        elif self.mesh is not UNSAID:
            document["mesh"] = self.mesh
        if self.labels:
            document["labels"] = self.labels
        if self.is_older:
            return {**document, **self.spec}
        return {**document, "spec": self.spec}

    def kubernetes(self):
        metadata = {"name": self.name}
        if self.labels:
            metadata["labels"] = self.labels
        if self.kind not in CLUSTER_WIDE:
            metadata["namespace"] = NAMESPACE
        document = {"apiVersion": "kuma.io/v1alpha1", "kind": self.kind, "metadata": metadata,
                    "spec": self.spec}
        if self.kind == "Secret":
            return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **self.spec}
        if self.is_older and self.kind != "Mesh" and self.mesh is not None:
            document["mesh"] = "default" if self.mesh is UNSAID else self.mesh
        return document

    def documents(self):
        """The manifest in each form that it has."""
        if self.has_universal:
            yield "universal", self.universal()
        if self.has_kubernetes:
            yield "kubernetes", self.kubernetes()


def load():
    """Every case, in the order of the files."""
    found = []
    for file in sorted(HERE.glob("*.yaml")):
        for group in yaml.safe_load_all(file.read_text()):
            kinds = group["kinds"] if "kinds" in group else [group["kind"]]
            found += [Case(file, group, kind, text) for kind in kinds for text in group["cases"]]
    ids = [case.id for case in found]
    twice = {name for name in ids if ids.count(name) > 1}
    assert not twice, twice
    return found


def validate(program, folder, document):
    """What `otemon validate` says of one manifest: [{severity, field, message}]."""
    file = folder / "manifest.json"
    file.write_text(json.dumps(document))
    done = subprocess.run([program, "validate", "-o", "json", file], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return [{key: finding[key] for key in ("severity", "field", "message")}
            for finding in json.loads(done.stdout) if NOT_YET not in finding["message"]]


class Difference:
    """A row of the table in docs/validating.md."""

    def __init__(self, cells):
        self.name, self.kuma, self.server, self.otemon, self.why = cells


def differences():
    """The rows of docs/validating.md, by name."""
    text = VALIDATING.read_text()
    section = text.split("\n## Where verdicts differ\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")]
            for line in section.splitlines() if line.startswith("|")]
    found = {row[0]: Difference(row) for row in rows[2:]}
    assert len(found) == len(rows) - 2, "a row stands twice"
    return found


def unexplained(case, findings):
    """What is said and not expected, or expected and not said. Warnings count where the case has
    some."""
    left = [finding for finding in findings
            if finding["severity"] == "error" or case.otemon == WARNED]
    problems = []
    for expected in case.findings:
        found = next((finding for finding in left if case.says(finding, expected)), None)
        if found is None:
            problems.append(f"not said: {expected}")
        else:
            left.remove(found)
    return problems + [f"said: {finding}" for finding in left]
