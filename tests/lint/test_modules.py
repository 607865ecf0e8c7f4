"""The folders of pkg are the modules of pkg/CMakeLists.txt, and an arrow that does not point down
stops the configuration."""
import re
import subprocess

import pytest

from tree import ROOT, fail_on, files_below, modules_of, plant


def folders_check(root):
    modules = modules_of(root)
    folders = {str(p.parent.relative_to(root / "pkg"))
               for p in files_below(root, ("pkg",), (".c", ".h"))}
    problems = [f"pkg/{f}:1: is no module of pkg/CMakeLists.txt" for f in folders - set(modules)]
    problems += [f"pkg/CMakeLists.txt:1: {m} has no files" for m in set(modules) - folders]
    for module in folders & set(modules):
        name = module.rsplit("/", 1)[-1]
        if module != "core/base" and not (root / "pkg" / module / f"{name}.h").is_file():
            problems.append(f"pkg/{module}:1: has no public header {name}.h")
    names = [m.rsplit("/", 1)[-1] for m in modules]
    problems += [f"pkg/CMakeLists.txt:1: two modules are named {n}" for n in set(names)
                 if names.count(n) > 1]
    return problems


def test_this_tree():
    fail_on(folders_check(ROOT))


def test_folders(tmp_path):
    tree = {"pkg/CMakeLists.txt": "module(core/base)\nmodule(core/a)\n",
            "pkg/core/base/str.h": "", "pkg/core/a/a.h": ""}
    assert folders_check(plant(tmp_path, tree)) == []
    assert "is no module" in folders_check(plant(tmp_path, {"pkg/core/b/b.h": ""}))[0]


def test_module_without_files(tmp_path):
    tree = {"pkg/CMakeLists.txt": "module(core/base)\nmodule(core/a)\n", "pkg/core/base/str.h": ""}
    assert folders_check(plant(tmp_path, tree)) == ["pkg/CMakeLists.txt:1: core/a has no files"]


def test_module_without_public_header(tmp_path):
    tree = {"pkg/CMakeLists.txt": "module(core/a)\n", "pkg/core/a/b.h": ""}
    assert "no public header a.h" in folders_check(plant(tmp_path, tree))[0]


def configure(tmp_path, lines):
    """Configures a project with the real module function and the given module lines."""
    text = (ROOT / "pkg/CMakeLists.txt").read_text()
    function = re.search(r"function\(module.*?endfunction\(\)", text, re.DOTALL).group()
    plant(tmp_path, {
        "CMakeLists.txt": "cmake_minimum_required(VERSION 3.25)\nproject(x LANGUAGES C)\n"
                          "find_package(Threads REQUIRED)\nfind_package(PkgConfig REQUIRED)\n"
                          "add_subdirectory(pkg)\n",
        "pkg/CMakeLists.txt": function + "\n" + lines,
        **{f"pkg/{m}/x.c": "int x;\n" for m in
           ("core/base", "core/a", "core/b", "model", "control/c", "data/d")}})
    run = subprocess.run(["cmake", "-S", tmp_path, "-B", tmp_path / "build"],
                         capture_output=True, text=True)
    return run.returncode == 0, " ".join(run.stderr.split())


def test_downward_arrows_configure(tmp_path):
    passed, errors = configure(tmp_path, "module(core/base)\nmodule(core/a)\n"
                               "module(core/b DEPS core/a)\nmodule(model DEPS core/a)\n"
                               "module(control/c DEPS model)\nmodule(data/d DEPS model core/b)\n")
    assert passed, errors


@pytest.mark.parametrize("lines, message", [
    ("module(core/base)\nmodule(core/a DEPS core/b)\nmodule(core/b)\n",
     "pkg/core/a may not use pkg/core/b: it is not a module below it"),
    ("module(core/base)\nmodule(control/c)\nmodule(data/d DEPS control/c)\n",
     "pkg/data/d may not use pkg/control/c: the planes do not meet"),
    ("module(core/base)\nmodule(data/d)\nmodule(control/c DEPS data/d)\n",
     "pkg/control/c may not use pkg/data/d: the planes do not meet"),
    ("module(core/base)\nmodule(model)\nmodule(core/a DEPS model)\n",
     "pkg/core/a may not use pkg/model: the planes do not meet")])
def test_arrows_that_do_not_point_down(tmp_path, lines, message):
    passed, errors = configure(tmp_path, lines)
    assert not passed and message in errors
