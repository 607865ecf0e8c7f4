"""Third-party headers are included only by the modules that own the library, the libraries on a
module's line are its own, and scripts/setup installs them."""
import re

from tree import (LIBRARIES, PKG_CONFIG_ALIASES, ROOT, c_files, fail_on, includes_of, module_of,
                  modules_of, place, plant)

SYSTEM = re.compile(
    r"(sys|netinet|arpa|linux|net)/[a-z0-9_]+\.h|"
    r"(ctype|dirent|dlfcn|endian|errno|fcntl|fnmatch|getopt|glob|grp|ifaddrs|inttypes|limits|"
    r"locale|math|netdb|poll|pthread|pwd|sched|semaphore|setjmp|signal|stdalign|stdarg|stdatomic|"
    r"stdbool|stddef|stdint|stdio|stdlib|string|strings|syslog|termios|time|unistd|wchar|spawn|ftw|"
    r"malloc|immintrin|emmintrin|smmintrin|tmmintrin|nmmintrin|arm_neon|cpuid)\.h|sanitizer/.*")


def owners_of(root, modules, path):
    """The module, or for a file elsewhere the top folder. A unit test is its module's too."""
    inside = path.relative_to(root)
    if inside.parts[0] == "pkg":
        return {module_of(modules, "/".join(inside.parts[1:])) or str(inside)}
    tested = inside.parts[:2] == ("tests", "unit") and module_of(
        modules, "/".join(inside.parts[2:]))
    return {inside.parts[0], tested} if tested else {inside.parts[0]}


def includes_check(root):
    modules = modules_of(root)
    problems = []
    for path in c_files(root):
        owners = owners_of(root, modules, path)
        for line, name, quoted in includes_of(path):
            if (root / "pkg" / name).is_file():
                continue
            where = f"{place(root, path, line)}: <{name}>"
            users = next((u for headers, u, _, _ in LIBRARIES if re.fullmatch(headers, name)), None)
            if users is not None and not owners & set(users):
                problems.append(f"{where}: only {' and '.join(sorted(users))} may include it")
            elif users is None and name == "assert.h":
                problems.append(f"{where}: use core/base/assert.h")
            elif users is None and not quoted and not SYSTEM.fullmatch(name):
                problems.append(f"{where}: neither the system's nor in tests/lint/tree.py")
    return problems


def lines_check(root):
    """The LIBS of each module line."""
    setup = (root / "scripts/setup").read_text()
    problems = []
    for module, (_, libraries) in modules_of(root).items():
        for library in libraries:
            known = [(users, package) for _, users, name, package in LIBRARIES
                     if name == PKG_CONFIG_ALIASES.get(library, library)]
            where = f"pkg/CMakeLists.txt:1: {module} LIBS {library}"
            if not known or module not in known[0][0]:
                problems.append(f"{where}: not this module's library")
            elif not re.search(rf"(?<![\w-]){re.escape(known[0][1])}(?![\w-])", setup):
                problems.append(f"{where}: scripts/setup does not install {known[0][1]}")
    return problems


def test_this_tree():
    fail_on(includes_check(ROOT) + lines_check(ROOT))


TREE = {
    "pkg/CMakeLists.txt": "module(core/base)\nmodule(core/loop LIBS libuv)\n",
    "scripts/setup": "libuv1-dev",
    "pkg/core/loop/loop.c": "#include <uv.h>\n#include <stdio.h>\n",
    "tests/unit/core/loop/test_loop.c": "#include <cmocka.h>\n",
}


def test_allowed(tmp_path):
    plant(tmp_path, TREE)
    assert includes_check(tmp_path) == [] and lines_check(tmp_path) == []


def test_header_elsewhere(tmp_path):
    plant(tmp_path, {**TREE, "pkg/core/base/str.c": "#include <uv.h>\n"})
    assert "only core/loop may include it" in includes_check(tmp_path)[0]


def test_header_in_a_unit_test(tmp_path):
    plant(tmp_path, {**TREE, "tests/unit/core/loop/test_loop.c": "#include <uv.h>\n"})
    assert includes_check(tmp_path) == []
    plant(tmp_path, {**TREE, "tests/unit/core/base/test_str.c": "#include <uv.h>\n"})
    assert "only core/loop may include it" in includes_check(tmp_path)[0]


def test_cmocka_outside_of_tests(tmp_path):
    plant(tmp_path, {**TREE, "pkg/core/base/str.c": "#include <cmocka.h>\n"})
    assert "only tests may include it" in includes_check(tmp_path)[0]


def test_unknown_library(tmp_path):
    plant(tmp_path, {**TREE, "cmd/otemon/main.c": "#include <glib/glib.h>\n"})
    assert "neither the system's" in includes_check(tmp_path)[0]


def test_system_assert(tmp_path):
    plant(tmp_path, {**TREE, "pkg/core/base/str.c": "#include <assert.h>\n"})
    assert "core/base/assert.h" in includes_check(tmp_path)[0]


def test_library_on_a_foreign_line(tmp_path):
    plant(tmp_path, {**TREE, "pkg/CMakeLists.txt": "module(core/base LIBS libuv)\n"})
    assert "not this module's library" in lines_check(tmp_path)[0]


def test_library_that_setup_forgets(tmp_path):
    plant(tmp_path, {**TREE, "scripts/setup": "libuv1-dev-extra"})
    assert "does not install libuv1-dev" in lines_check(tmp_path)[0]
