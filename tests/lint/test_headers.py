"""Every header opens with a comment, guards itself with #pragma once and compiles alone."""
import re
import subprocess

from tree import ROOT, fail_on, files_below, place, plant


def shape_check(root):
    problems = []
    for path in files_below(root, ("pkg", "cmd"), (".h",)):
        text = path.read_text()
        if not text.startswith("/* "):
            problems.append(f"{place(root, path, 1)}: opens with a comment that says what this is")
        code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).lstrip()
        if not code.startswith("#pragma once\n"):
            problems.append(f"{place(root, path, 1)}: #pragma once follows the opening comment")
    return problems


def compile_check(root, scratch):
    """Compiles a file that holds nothing but the include, for each header, with the warnings of
    CMakeLists.txt; a header that fails makes the compiler name it."""
    warnings = set(re.findall(r"(?<=\s)-W[a-z][\w=-]*", (ROOT / "CMakeLists.txt").read_text()))
    units = []
    for number, path in enumerate(files_below(root, ("pkg",), (".h",))):
        unit = scratch / f"unit{number}.c"
        unit.write_text(f'#include "{path.relative_to(root / "pkg")}"\n')
        units.append(str(unit))
    if not units:
        return []
    run = subprocess.run(
        ["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-I", str(root / "pkg"),
         *sorted(warnings - {"-Wl"}), "-Werror", *units], capture_output=True, text=True)
    return [run.stderr] if run.returncode != 0 else []


def test_this_tree():
    fail_on(shape_check(ROOT))


def test_this_tree_compiles(tmp_path):
    fail_on(compile_check(ROOT, tmp_path))


def test_shape(tmp_path):
    good = "/* A thing. */\n#pragma once\n\nint a;\n"
    assert shape_check(plant(tmp_path, {"pkg/a/a.h": good})) == []
    bad = {"pkg/a/a.h": "#pragma once\n", "pkg/b/b.h": "/* B. */\n#ifndef B\n"}
    assert len(shape_check(plant(tmp_path, bad))) == 2


def test_not_alone(tmp_path):
    plant(tmp_path, {"pkg/a/a.h": "#pragma once\nuint8_t f(void);\n",
                     "pkg/b/b.h": "#pragma once\n#include <stdint.h>\nuint8_t g(void);\n"})
    problems = compile_check(tmp_path, tmp_path)
    assert len(problems) == 1 and "a/a.h" in problems[0] and "b/b.h" not in problems[0]


def test_warning_in_a_header(tmp_path):
    plant(tmp_path, {"pkg/a/a.h": "#pragma once\nint f();\n"})
    assert len(compile_check(tmp_path, tmp_path)) == 1
