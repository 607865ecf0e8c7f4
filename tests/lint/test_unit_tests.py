"""Every module has unit tests, and every unit test is named after a file of its module or program.
"""
from tree import ROOT, fail_on, files_below, modules_of, plant


def unit_tests_check(root):
    problems = []
    modules = modules_of(root)
    for module in modules:
        folder = root / "tests/unit" / module
        if not list(folder.glob("test_*.c")):
            problems.append(f"pkg/{module}:1: has no tests in tests/unit/{module}")
    for path in files_below(root, ("tests/unit",), (".c",)):
        module = str(path.parent.relative_to(root / "tests/unit"))
        inside = path.relative_to(root)
        source = root / "pkg" / module
        if module.startswith("cmd/") and (root / module).is_dir():
            source = root / module
        elif module not in modules:
            problems.append(f"{inside}:1: {module} is no module of pkg/CMakeLists.txt")
            continue
        if path.name.startswith("test_"):
            name = path.stem.removeprefix("test_")
            if not any((source / (name + s)).is_file() for s in (".c", ".h")):
                problems.append(f"{inside}:1: there is no {source.relative_to(root)}/{name}.c or "
                                f"{name}.h")
    return problems


def test_this_tree():
    fail_on(unit_tests_check(ROOT))


TREE = {
    "pkg/CMakeLists.txt": "module(core/base)\n",
    "pkg/core/base/str.c": "",
    "pkg/core/base/list.h": "",
    "tests/unit/core/base/test_str.c": "",
    "tests/unit/core/base/test_list.c": "",
}


def test_allowed(tmp_path):
    assert unit_tests_check(plant(tmp_path, TREE)) == []


def test_module_without_tests(tmp_path):
    tree = {**TREE, "pkg/CMakeLists.txt": "module(core/base)\nmodule(core/new)\n"}
    assert unit_tests_check(plant(tmp_path, tree)) == [
        "pkg/core/new:1: has no tests in tests/unit/core/new"]


def test_test_of_nothing(tmp_path):
    assert "there is no pkg/core/base/gone.c" in unit_tests_check(
        plant(tmp_path, {**TREE, "tests/unit/core/base/test_gone.c": ""}))[0]


def test_test_of_no_module(tmp_path):
    assert "core/old is no module" in unit_tests_check(
        plant(tmp_path, {**TREE, "tests/unit/core/old/test_old.c": ""}))[0]
