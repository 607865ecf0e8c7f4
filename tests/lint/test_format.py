"""The tree is as .clang-format would write it."""
import subprocess

from tree import ROOT, c_files, fail_on, plant


def format_check(root):
    paths = [str(p) for p in c_files(root)]
    if not paths:
        return []
    run = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *paths], cwd=root,
                         capture_output=True, text=True)
    return [] if run.returncode == 0 else [run.stderr + "`make format` repairs this"]


def test_this_tree():
    fail_on(format_check(ROOT))


def test_unformatted(tmp_path):
    style = (ROOT / ".clang-format").read_text()
    tree = {".clang-format": style, "pkg/a/a.c": "int f(void)\n{\n    return 1;\n}\n"}
    assert format_check(plant(tmp_path, tree)) == []
    tree["pkg/a/a.c"] = "int f(void) {\n  return 1;\n}\n"
    assert "pkg/a/a.c:1" in format_check(plant(tmp_path, tree))[0]
