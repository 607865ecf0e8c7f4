"""The corpus: what `otemon validate` says of each manifest is what Kuma says, in both forms."""
import pytest

from corpus import corpus
from harness.otemon import PROGRAM

CASES = corpus.load()
FILES = sorted({case.file for case in CASES})


@pytest.mark.parametrize("file", FILES)
def test_every_case(file, tmp_path):
    wrong = []
    for case in (case for case in CASES if case.file == file):
        for form, document in case.documents():
            problems = corpus.unexplained(case, corpus.validate(PROGRAM, tmp_path, document))
            wrong += [f"{case.id} ({form}): {problem}" for problem in problems]
    assert not wrong, "\n".join(wrong)


def test_differences_are_documented():
    """A case on which Kuma and we differ names its row in docs/validating.md, which is right."""
    rows = corpus.differences()
    for case in CASES:
        if case.differs is None:
            assert case.kuma == case.verdict, case.id
            continue
        assert case.differs in rows, f"{case.id}: no such row"
        row = rows[case.differs]
        assert (row.kuma, row.otemon) == (case.kuma, case.otemon), case.id
        # What the API server cannot refuse is said in the status.
        assert row.server == corpus.REFUSED or row.otemon != corpus.ACCEPTED, case.differs
    assert {case.differs for case in CASES} - {None} == set(rows), "a row that no case needs"


def test_rules_are_seen_from_both_sides():
    """Every group of cases has one that is refused and, where it shows, one that is not."""
    for file in FILES:
        verdicts = {case.verdict for case in CASES if case.file == file}
        assert verdicts == {corpus.ACCEPTED, corpus.REFUSED}, file
