"""What the lint tests share: reading the tree, its architecture and its C files.

A lint test has a function that takes the root of a tree and returns problems, as lines that begin
with file and line. It runs on this tree, where it must find nothing, and on small broken trees made
with `plant`, where it must.
"""
import os
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# The libraries: which headers, included by which modules only, under which name pkg-config knows
# them, from which package. A header that is neither here nor the system's is a problem.
LIBRARIES = [
    # headers, modules, pkg-config, package
    (r"uv\.h|uv/.*", {"core/loop"}, "libuv", "libuv1-dev"),
    (r"json-c/.*|json\.h", {"core/json"}, "json-c", "libjson-c-dev"),
    (r"yaml\.h", {"core/yaml"}, "yaml-0.1", "libyaml-dev"),
    (r"openssl/.*", {"core/net", "core/pki"}, "openssl", "libssl-dev"),
    (r"nghttp2/.*", {"core/http"}, "libnghttp2", "libnghttp2-dev"),
    (r"libwebsockets(\.h|/.*)", {"core/web"}, "libwebsockets", "libwebsockets-dev"),
    (r"curl/.*", {"control/kube"}, "libcurl", "libcurl4-openssl-dev"),
    (r"pcre2\.h", {"core/regex"}, "libpcre2-8", "libpcre2-dev"),
    (r"ares\.h", {"core/dns"}, "libcares", "libc-ares-dev"),
    (r"zlib\.h", {"data/filter"}, "zlib", "zlib1g-dev"),
    (r"ut(hash|list|array)\.h", {"core/base"}, None, "uthash-dev"),
    (r"cmocka\.h", {"tests"}, None, "libcmocka-dev"),
]

# Other names under which pkg-config knows parts of the same package.
PKG_CONFIG_ALIASES = {"libssl": "openssl", "libcrypto": "openssl"}


def fail_on(problems):
    """Ends the test with the problems, one a line, if there are any."""
    if problems:
        pytest.fail("\n" + "\n".join(sorted(problems)), pytrace=False)


def plant(root, files):
    """Makes a tree in `root` from {path: text}."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def files_below(root, tops, suffixes):
    """The files below the named folders of `root` with one of the suffixes, sorted."""
    found = []
    for top in tops:
        for folder, folders, names in os.walk(root / top):
            folders[:] = [f for f in folders
                          if f not in ("build", ".git", "__pycache__", ".pytest_cache")]
            found += [pathlib.Path(folder) / n for n in names if n.endswith(suffixes)]
    return sorted(found)


def c_files(root, tops=("pkg", "cmd", "tests", "bench", "examples")):
    return files_below(root, tops, (".c", ".h"))


def place(root, path, line):
    return f"{path.relative_to(root)}:{line}"


def modules_of(root):
    """{module: (dependencies, libraries)} from the module lines of pkg/CMakeLists.txt, in order."""
    text = (root / "pkg/CMakeLists.txt").read_text()
    text = re.sub(r"#.*", "", text)
    text = re.sub(r"function\(module.*?endfunction\(\)", "", text, flags=re.DOTALL)
    found = {}
    for words in re.findall(r"\bmodule\(([^)]*)\)", text):
        path, *rest = words.split()
        lists = {"DEPS": [], "LIBS": []}
        current = None
        for word in rest:
            if word in lists:
                current = lists[word]
            else:
                current.append(word)
        found[path] = (lists["DEPS"], lists["LIBS"])
    return found


def module_of(modules, path):
    """The module whose folder holds `path`, a path below pkg; None if there is none."""
    folder = pathlib.PurePosixPath(path).parent
    return str(folder) if str(folder) in modules else None


def is_public(module, header):
    """Whether `header`, a path below pkg, is a public header of `module`."""
    if module == "core/base":
        return True
    return header == f"{module}/{module.rsplit('/', 1)[-1]}.h"


_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def blank(text):
    """C text with its comments and literals overwritten by spaces; lines stay where they are."""
    return _TOKEN.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def comments_of(text):
    """(line, text) of each comment."""
    return [(text.count("\n", 0, m.start()) + 1, m.group())
            for m in _TOKEN.finditer(text) if m.group().startswith("/")]


def includes_of(path):
    """(line, name, quoted) of each #include outside of comments."""
    text = path.read_text()
    # Comments only: the name of a quoted header has to stay.
    text = re.sub(r"//[^\n]*|/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text,
                  flags=re.DOTALL)
    return [(text.count("\n", 0, m.start()) + 1, m.group(2), m.group(1) == '"')
            for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', text, re.M)]
