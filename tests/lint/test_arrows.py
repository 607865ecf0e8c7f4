"""Includes follow the arrows of pkg/CMakeLists.txt and never reach a private header."""
import pathlib

from tree import (ROOT, c_files, fail_on, includes_of, is_public, module_of, modules_of, place,
                  plant)


def closure(modules, module):
    """The module and everything below it."""
    seen = {module, "core/base"}
    todo = [module]
    while todo:
        for dep in modules.get(todo.pop(), ((), ()))[0]:
            if dep not in seen:
                seen.add(dep)
                todo.append(dep)
    return seen


def owner_of(modules, inside):
    """(what kind of file `inside`, a path below the root, is; its module or None)."""
    top, *rest = inside.parts
    if top == "pkg":
        return "pkg", module_of(modules, "/".join(rest))
    if inside.parts[:2] == ("tests", "unit"):
        return "unit", module_of(modules, "/".join(rest[1:]))
    if inside.parts[:2] in (("tests", "fuzz"), ("tests", "lint")):
        return "inside", None
    return "other", None


def problem_with(modules, owner, target, header):
    kind, module = owner
    if target is None:
        return "it is in no module of pkg/CMakeLists.txt"
    if target == module:
        return None
    # Parsers, and the tables of the manifests, hide where nobody else needs them.
    if not is_public(target, header) and kind != "inside":
        return f"it is a private header of {target}"
    if kind == "pkg":
        if module is None:
            return "the including file is in no module of pkg/CMakeLists.txt"
        if target != "core/base" and target not in modules[module][0]:
            return f"{module} does not name {target} in pkg/CMakeLists.txt"
    if kind == "unit" and module is not None and target not in closure(modules, module):
        if module.startswith("control/") and target == "core/yaml":
            return None  # tests of the control plane write their inputs as manifests
        return f"{module} does not stand on {target}"
    return None


def arrows_check(root):
    modules = modules_of(root)
    problems = []
    for path in c_files(root):
        owner = owner_of(modules, path.relative_to(root))
        for line, name, quoted in includes_of(path):
            where = f'{place(root, path, line)}: "{name}"'
            if (root / "pkg" / name).is_file():
                if not quoted:
                    problems.append(f"{where}: our headers are included in quotes")
                reason = problem_with(modules, owner, module_of(modules, name), name)
                if reason is not None:
                    problems.append(f"{where}: {reason}")
            elif quoted and owner[0] == "pkg":
                problems.append(f"{where}: our headers are spelled from pkg/")
            elif quoted and not local_exists(root, path, name):
                problems.append(f"{where}: there is no such header")
    return problems


def local_exists(root, path, name):
    """Programs and tests have headers of their own, spelled from cmd, from tests or from the file;
    a program's are seen by itself and its unit tests, those of a folder of cmd that is no program
    by all programs."""
    inside = str(path.relative_to(root))
    folder = name.split("/")[0]
    users = (f"cmd/{folder}/", f"tests/unit/cmd/{folder}/")
    if not (root / "cmd" / folder / "main.c").is_file():
        users = ("cmd/", "tests/unit/cmd/")
    if inside.startswith(users) and (root / "cmd" / name).is_file():
        return True
    return inside.startswith(("tests/", "bench/", "examples/")) and (
        (path.parent / name).is_file() or (root / "tests" / name).is_file())


def test_this_tree():
    fail_on(arrows_check(ROOT))


TREE = {
    "pkg/CMakeLists.txt": "function(module path)\n  # module(x)\nendfunction()\nmodule(core/base)\n"
                          "module(core/low)\nmodule(core/mid DEPS core/low)\n"
                          "module(core/top\n  DEPS core/mid)\n",
    "pkg/core/base/str.h": "", "pkg/core/base/arena.h": "",
    "pkg/core/low/low.h": "", "pkg/core/low/inner.h": "",
    "pkg/core/mid/mid.h": "", "pkg/core/top/top.h": "",
}


def broken(tmp_path, path, text):
    return arrows_check(plant(tmp_path, {**TREE, path: text}))


def test_allowed(tmp_path):
    assert broken(tmp_path, "pkg/core/mid/mid.c", '#include "core/mid/mid.h"\n'
                  '#include "core/base/str.h"\n#include "core/low/low.h"\n') == []


def test_private_header(tmp_path):
    assert "private header of core/low" in broken(
        tmp_path, "pkg/core/mid/mid.c", '#include "core/low/inner.h"\n')[0]


def test_unnamed_module(tmp_path):
    assert "core/top does not name core/low" in broken(
        tmp_path, "pkg/core/top/top.c", '#include "core/low/low.h"\n')[0]


def test_upward(tmp_path):
    assert "core/low does not name core/top" in broken(
        tmp_path, "pkg/core/low/low.c", '#include "core/top/top.h"\n')[0]


def test_relative_spelling(tmp_path):
    assert "spelled from pkg" in broken(tmp_path, "pkg/core/low/low.c", '#include "inner.h"\n')[0]


def test_angle_brackets(tmp_path):
    assert "in quotes" in broken(
        tmp_path, "pkg/core/low/low.c", "#include <core/low/low.h>\n")[0]


def test_unlisted_folder(tmp_path):
    assert "in no module" in broken(
        tmp_path, "pkg/core/new/new.c", '#include "core/low/low.h"\n')[0]


def test_unit_test_reaches_its_own_private_header_only(tmp_path):
    assert broken(tmp_path, "tests/unit/core/low/test_inner.c",
                  '#include "core/low/inner.h"\n') == []
    (tmp_path / "tests/unit/core/low/test_inner.c").unlink()
    assert "private header" in broken(tmp_path, "tests/unit/core/mid/test_mid.c",
                                      '#include "core/low/inner.h"\n')[0]


def test_fuzz_targets_reach_private_parsers(tmp_path):
    assert broken(tmp_path, "tests/fuzz/fuzz_inner.c", '#include "core/low/inner.h"\n') == []


def test_cmd_sees_public_headers_only(tmp_path):
    assert broken(tmp_path, "cmd/otemon/main.c", '#include "core/top/top.h"\n') == []
    assert "private" in broken(tmp_path, "cmd/otemon/main.c", '#include "core/low/inner.h"\n')[0]


def test_program_keeps_its_headers(tmp_path):
    plant(tmp_path, {"cmd/otemon/table.h": ""})
    own = '#include "otemon/table.h"\n'
    assert broken(tmp_path, "cmd/otemon/main.c", own) == []
    assert broken(tmp_path, "tests/unit/cmd/otemon/test_table.c", own) == []
    assert "no such header" in broken(tmp_path, "cmd/proxy/main.c", own)[0]


def test_programs_share_what_is_no_program(tmp_path):
    plant(tmp_path, {"cmd/command/command.h": ""})
    shared = '#include "command/command.h"\n'
    assert broken(tmp_path, "cmd/otemon/main.c", shared) == []
    assert broken(tmp_path, "tests/unit/cmd/otemon/test_table.c", shared) == []
    assert "spelled from pkg" in broken(tmp_path, "pkg/core/low/low.c", shared)[0]


def test_commented_include_is_none(tmp_path):
    assert broken(tmp_path, "pkg/core/low/low.c", '/* #include "core/top/top.h"\n*/\n') == []


def test_modules_are_read():
    modules = modules_of(ROOT)
    assert list(modules)[0] == "core/base"
    for module in modules:
        assert pathlib.PurePosixPath(module).name.isidentifier()
