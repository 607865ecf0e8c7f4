"""Words that the tree does not hold: notes for later, the folder beside the repository, hosts of
registries."""
import re

import pytest

from tree import ROOT, fail_on, files_below, place, plant

BANNED = [
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b"), "do it, or open an issue"),
    (re.compile(r"\.\./" r"shared\b"), "names something outside of the repository"),
    (re.compile(r"(?<![\w.-])(?:[\w-]+\.)*(?:[a-z]*cr|registry[\w-]*|docker|quay|pypi|npmjs|crates|"
                r"pythonhosted)\.(?:io|dev|com|org|net)\b"),
     "names the host of a registry; the machine's configuration does that"),
]

EXEMPT = {"LICENSE"}
TEXT = (".c", ".h", ".py", ".md", ".txt", ".yaml", ".yml", ".json", ".cmake", "Makefile",
        "Dockerfile", ".clang-tidy", ".clang-format", ".editorconfig", ".tpl")
TOPS = (".",)


def words_check(root):
    paths = files_below(root, TOPS, TEXT)
    paths += [p for p in files_below(root, ("scripts", ".ci", "bench"), ("",)) if p.suffix == ""]
    problems = []
    for path in paths:
        if path.name in EXEMPT or "corpus" in path.parts:
            continue
        for number, line in enumerate(path.read_text(errors="replace").split("\n"), 1):
            for pattern, reason in BANNED:
                match = pattern.search(line)
                if match:
                    problems.append(f"{place(root, path, number)}: {match.group()}: {reason}")
    return problems


def test_this_tree():
    fail_on(words_check(ROOT))


@pytest.mark.parametrize("path, text", [
    ("pkg/a/a.c", "/* TO" "DO: later */"),
    ("scripts/x", "# FIX" "ME"),
    ("README.md", "see ../" "shared/page"),
    ("Dockerfile", "FROM ghc" "r.io/some/image"),
    ("docs/a.md", "from registry." "example.io and so on: registry" ".io")])
def test_banned(tmp_path, path, text):
    assert len(words_check(plant(tmp_path, {path: text + "\n"}))) == 1


@pytest.mark.parametrize("text", ["kuma.io/mesh", "foo.example.com", "a shared library", "xxx"])
def test_not_banned(tmp_path, text):
    assert words_check(plant(tmp_path, {"README.md": text + "\n"})) == []
