"""Banned calls, with the replacement in the message.

An exception is written at the spot, on the line of the call or on its own line above it:

    /* lint: allow RULE: the reason */

One without a reason, of an unknown rule, or with nothing to allow is a problem, too.
"""
import re

import pytest

from tree import ROOT, blank, c_files, comments_of, fail_on, place, plant

# rule: (calls, replacement, folders where it applies, folders where it does not)
RULES = {
    "unbounded": (r"strcpy|strcat|sprintf|vsprintf|strncpy|strncat|stpcpy|gets|strtok|strtok_r",
                  "use struct str, buf_append, buf_printf or str_cut", ("pkg", "cmd", "tests"), ()),
    "number": (r"ato(i|l|ll|f)|strto(l|ul|ll|ull|imax|umax|d|f|ld)|sscanf|vsscanf",
               "use str_parse_u64", ("pkg", "cmd", "tests"), ()),
    "heap": (r"malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|free|strdup|strndup|"
             r"asprintf|vasprintf", "use mem_ or arena_", ("pkg", "cmd"), ("pkg/core/base",)),
    "output": (r"printf|fprintf|vprintf|vfprintf|dprintf|puts|fputs|putchar|fputc|perror|exit|"
               r"_exit|quick_exit", "return an error; programs print and end, modules do not",
               ("pkg",), ()),
    "clock": (r"time|gettimeofday|clock_gettime|clock|ftime|localtime|gmtime|ctime",
              "take the time as an argument, or use clock_ from core/base", ("pkg", "cmd"),
              ("pkg/core/base",)),
    "secret": (r"(memcmp|strcmp|strncmp|bcmp)(?=\([^;]*(secret|token|password|private|\bkey))",
               "use mem_equal_secret", ("pkg", "cmd"), ()),
    "stack": (r"alloca|__builtin_alloca", "use an arena or a named bound", ("pkg", "cmd", "tests"),
              ()),
    "random": (r"rand|srand|random|srandom|rand_r|drand48", "use random_ from core/base",
               ("pkg", "cmd", "tests"), ()),
}

ALLOW = re.compile(r"lint:\s*allow\s+([\w-]*)(?::\s*(.*?))?\s*(?:\*/|$)", re.DOTALL)


def applies(rule, inside):
    _, _, where, exempt = RULES[rule]
    return inside.startswith(tuple(w + "/" for w in where)) and not inside.startswith(
        tuple(e + "/" for e in exempt))


def exceptions_of(text):
    """{line of the comment's end: [rule, reason, whether used]}; several lines make one comment."""
    found = {}
    for line, comment in comments_of(text):
        match = ALLOW.search(comment)
        if match:
            found[line + comment.count("\n")] = [match.group(1), match.group(2), False]
    return found


def calls_of(text, rule):
    pattern = re.compile(rf"(?<![\w.>])({RULES[rule][0]})\s*\(")
    return [(text.count("\n", 0, m.start()) + 1, m.group(1)) for m in pattern.finditer(text)]


def file_check(root, path):
    inside = str(path.relative_to(root))
    text = path.read_text()
    exceptions = exceptions_of(text)
    code = blank(text)
    problems = []
    for rule in RULES:
        if not applies(rule, inside):
            continue
        for line, call in calls_of(code, rule):
            allowed = next((exceptions[at] for at in (line, line - 1)
                            if at in exceptions and exceptions[at][0] == rule), None)
            if allowed is not None:
                allowed[2] = True
            else:
                problems.append(f"{place(root, path, line)}: {call}: {RULES[rule][1]} ({rule})")
    for line, (rule, reason, used) in exceptions.items():
        where = f"{place(root, path, line)}: lint: allow {rule}"
        if rule not in RULES:
            problems.append(f"{where}: there is no such rule ({', '.join(RULES)})")
        elif not reason:
            problems.append(f"{where}: says no reason")
        elif not used:
            problems.append(f"{where}: nothing here needs it")
    return problems


def banned_check(root):
    return [p for path in c_files(root) for p in file_check(root, path)]


def test_this_tree():
    fail_on(banned_check(ROOT))


def check_text(tmp_path, text, path="pkg/core/x/x.c"):
    return banned_check(plant(tmp_path, {path: text}))


@pytest.mark.parametrize("call", [
    "strcpy(a, b)", "strncpy (a, b, 1)", "atoi(a)", "strtol(a, 0, 10)", "malloc(1)", "free(a)",
    "strdup(a)", 'printf("x")', "exit(1)", "time(NULL)", "clock_gettime(a, b)", "alloca(1)",
    "rand()", "memcmp(token, b, 5)", "memcmp(a,\n session->secret, 5)"])
def test_banned(tmp_path, call):
    problems = check_text(tmp_path, f"void f(void)\n{{\n    {call};\n}}\n")
    assert len(problems) == 1 and problems[0].startswith("pkg/core/x/x.c:3: ")


@pytest.mark.parametrize("text", [
    "x_free(a); snprintf(a, 1, b); buf_printf(b); run_time(c); memcmp(a, b, 5);",
    "a->free(b); a.time(b);",
    "/* free(a) */ // malloc(1)",
    'const char *t = "call free(x) \\" and exit(1)"; char c = \'"\';'])
def test_not_banned(tmp_path, text):
    assert check_text(tmp_path, text + "\n") == []


def test_where(tmp_path):
    assert check_text(tmp_path, "free(a);", "pkg/core/base/mem.c") == []
    assert check_text(tmp_path, 'printf("x");', "cmd/otemon/main.c") == []
    assert len(check_text(tmp_path, "free(a);", "cmd/otemon/main.c")) == 1


def test_exception(tmp_path):
    above = "/* lint: allow heap: the library frees it */\nfree(a);\n"
    beside = "free(a); /* lint: allow heap: the library\n * frees it */\n"
    assert check_text(tmp_path, above) == []
    assert check_text(tmp_path, beside.replace("\n *", "")) == []


@pytest.mark.parametrize("text, message", [
    ("/* lint: allow heap: reason */\nint a;\n", "nothing here needs it"),
    ("/* lint: allow heap */\nfree(a);\n", "says no reason"),
    ("/* lint: allow nonsense: reason */\n", "no such rule"),
    ("/* lint: allow clock: reason */\nfree(a);\n", "use mem_"),
    ("/* lint: allow heap: reason */\n\nfree(a);\n", "use mem_")])
def test_bad_exception(tmp_path, text, message):
    assert any(message in p for p in check_text(tmp_path, text))
