"""A function has at most 70 lines, a file at most 800, a line of C or Python at most 100 columns.
Tests and headers are not exempt."""
from tree import ROOT, blank, c_files, fail_on, files_below, place, plant

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 800
COLUMNS_MAX = 100

TOPS = ("pkg", "cmd", "tests", "bench", "examples", "scripts", ".ci")


def functions_of(text):
    """(first line, lines) of each function: from its brace to its brace, both in column 0."""
    found = []
    start = None
    for number, line in enumerate(blank(text).split("\n"), 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            found.append((start, number - start + 1))
            start = None
    return found


def file_check(root, path):
    text = path.read_text()
    lines = text.split("\n")
    problems = []
    if len(lines) - 1 > FILE_LINES_MAX:
        problems.append(f"{place(root, path, len(lines) - 1)}: more than {FILE_LINES_MAX} lines")
    for number, line in enumerate(lines, 1):
        if path.suffix in (".c", ".h", ".py") and len(line) > COLUMNS_MAX:
            problems.append(f"{place(root, path, number)}: more than {COLUMNS_MAX} columns")
    if path.suffix in (".c", ".h"):
        for start, count in functions_of(text):
            if count > FUNCTION_LINES_MAX:
                problems.append(f"{place(root, path, start)}: a function of {count} lines; at most "
                                f"{FUNCTION_LINES_MAX}")
    return problems


def lengths_check(root):
    paths = c_files(root) + files_below(root, TOPS, (".py", ".txt"))
    paths += [p for p in files_below(root, ("scripts", "bench"), ("",)) if p.suffix == ""]
    return [p for path in paths for p in file_check(root, path)]


def test_this_tree():
    fail_on(lengths_check(ROOT))


def function(lines):
    return "int f(void)\n{\n" + "    g();\n" * (lines - 2) + "}\n"


def test_function(tmp_path):
    assert lengths_check(plant(tmp_path, {"pkg/a/a.c": function(70) * 2})) == []
    problems = lengths_check(plant(tmp_path, {"pkg/a/a.c": function(70) + function(71)}))
    assert problems == ["pkg/a/a.c:73: a function of 71 lines; at most 70"]


def test_function_in_a_test(tmp_path):
    assert len(lengths_check(plant(tmp_path, {"tests/unit/a/test_a.c": function(71)}))) == 1


def test_file(tmp_path):
    assert lengths_check(plant(tmp_path, {"pkg/a/a.h": "int a;\n" * 800})) == []
    assert "800 lines" in lengths_check(plant(tmp_path, {"pkg/a/a.h": "int a;\n" * 801}))[0]
    assert len(lengths_check(plant(tmp_path, {"scripts/x": "true\n" * 801}))) == 2


def test_columns(tmp_path):
    assert lengths_check(plant(tmp_path, {"pkg/a/a.c": "x" * 100 + "\n"})) == []
    assert "pkg/a/a.c:1: more than 100" in lengths_check(
        plant(tmp_path, {"pkg/a/a.c": "x" * 101 + "\n"}))[0]
