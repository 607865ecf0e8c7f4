"""docs/behaviour.md lists the golden cases, each with the sentence that it begins with."""
import sys

from tree import ROOT, fail_on, plant

sys.path.append(str(ROOT / "tests/golden"))

import page


def behaviour_check(root):
    problems = page.problems(root)
    if not problems and (root / page.PAGE).read_text() != page.page(root):
        problems.append(f"{page.PAGE}:1: is not what tests/golden/page.py writes")
    return problems


def test_this_tree():
    fail_on(behaviour_check(ROOT))


def tree(root, name="rules-order", comment="# The first *.a_b comes\n# first.\n", says=None):
    case = f"{page.CASES}/{name}"
    plant(root, {f"{case}/in.yaml": f"{comment}type: Mesh\n",
                 f"{case}/findings.txt": "in.yaml:1:1: warning: Mesh a: is odd\n",
                 page.PAGE: ""})
    (root / page.PAGE).write_text(says or page.page(root))
    return root


def test_a_page(tmp_path):
    assert behaviour_check(tree(tmp_path)) == []
    assert ("## Which rule takes a request\n\n| case | what it shows | told |\n|---|---|---|\n"
            r"| [order](../tests/golden/cases/rules-order) | The first \*.a\_b comes first. | "
            "warning |\n") in (tmp_path / page.PAGE).read_text()


def test_an_old_page(tmp_path):
    assert len(behaviour_check(tree(tmp_path, says="old"))) == 1


def test_a_case_without_a_group(tmp_path):
    assert len(behaviour_check(tree(tmp_path, name="others-a"))) == 1


def test_a_case_that_says_nothing(tmp_path):
    assert len(behaviour_check(tree(tmp_path, comment="---\n"))) == 1
