#!/usr/bin/python3
"""Writes docs/behaviour.md: a line for each golden case, from the first comment of its manifests.

    tests/golden/page.py        # make golden-update runs it, too
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = "tests/golden/cases"
PAGE = "docs/behaviour.md"

HEAD = """\
# Behaviour, rule by rule

What a gateway makes of its manifests. Each line is a case that every run of the tests tries: behind
the link are its manifests, what is compiled of them (`snapshot.json`), what a person is told
(`findings.txt`, the last column) and what status says (`report.txt`); where it opens a port,
`requests.yaml` has the requests that are sent to it, and what has to come of them.

Written by `tests/golden/page.py`.
"""

TOP = "| case | what it shows | told |\n|---|---|---|\n"

# By how the name of a case begins, in the order of the page.
GROUPS = {
    "place": "Which dataplanes are served here",
    "bind": "Which gateway a dataplane has",
    "listeners": "Listeners",
    "tags": "Tags of listeners",
    "hosts": "Host names",
    "tls": "Certificates",
    "routes": "Which routes a listener has",
    "matches": "Matches of a rule",
    "rules": "Which rule takes a request",
    "filters": "Filters, and what they change in headers",
    "filters-redirect": "Redirects",
    "filters-rewrite": "Rewrites",
    "filters-mirror": "Mirrors",
    "backends": "Back ends",
    "mhr": "MeshHTTPRoutes",
    "mhr-hosts": "MeshHTTPRoutes: host names",
    "mhr-merge": "MeshHTTPRoutes: what several say",
    "mhr-match": "MeshHTTPRoutes: matches",
    "mhr-filter": "MeshHTTPRoutes: filters",
    "mhr-backends": "MeshHTTPRoutes: back ends",
    "mtr": "MeshTCPRoutes",
    "services": "Back ends in a cluster",
    "meshes": "Meshes",
    "kinds": "Kinds and envelopes",
    "isolation": "What is broken costs only itself",
}


def group_of(folder):
    """The longest that fits, or None."""
    fitting = [group for group in GROUPS if f"{folder.name}-".startswith(f"{group}-")]
    return max(fitting, key=len, default=None)


def sentence(text):
    """The comment that a case begins with."""
    lines = []
    for line in text.split("\n"):
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("#").strip())
    return " ".join(lines)


def escaped(text):
    """What Markdown would take for its own; not within code."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*_<|\[\]])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def told(findings):
    """What a person is told: the worst of it."""
    for word in ("error", "warning"):
        if f": {word}: " in findings or findings.startswith(f"{word}: "):
            return word
    return ""


def row(folder):
    title = folder.name.split("-", 1)[1].replace("-", " ")
    says = sentence((folder / "in.yaml").read_text())
    finding = told((folder / "findings.txt").read_text())
    return f"| [{title}](../{CASES}/{folder.name}) | {escaped(says)} | {finding} |\n"


def problems(root):
    """Cases that the page has no place for, or nothing to say of."""
    found = []
    for folder in sorted((root / CASES).iterdir()):
        place = f"{CASES}/{folder.name}/in.yaml:1"
        if group_of(folder) is None:
            found.append(f"{place}: the case is of no group of tests/golden/page.py")
        if not sentence((folder / "in.yaml").read_text()).endswith("."):
            found.append(f"{place}: the first comment is a sentence that says what the case shows")
    return found


def anchor(title):
    """As pages of GitHub name it."""
    return re.sub("[^a-z -]", "", title.lower()).replace(" ", "-")


def page(root):
    folders = sorted((root / CASES).iterdir())
    found = {title: [row(folder) for folder in folders if group_of(folder) == group]
             for group, title in GROUPS.items()}
    sections = {title: rows for title, rows in found.items() if rows}
    text = HEAD + "\n"
    for title in sections:
        text += f"* [{title}](#{anchor(title)})\n"
    for title, rows in sections.items():
        text += f"\n## {title}\n\n{TOP}" + "".join(rows)
    return text


if __name__ == "__main__":
    (ROOT / PAGE).write_text(page(ROOT))
