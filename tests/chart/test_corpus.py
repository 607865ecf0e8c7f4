"""The corpus, judged by a real API server with our definitions and by `otemon validate`: the same
verdict, case by case, except where docs/validating.md says otherwise, and why."""
import os
import pathlib
import sys

import pytest
from conftest import ROOT

sys.path.append(str(ROOT / "tests"))

# pylint: disable=wrong-import-position
from corpus import corpus
from verdict import Verdict

PROGRAM = pathlib.Path(os.environ.get("OTEMON", ROOT / "build/bin/otemon"))
TABLE = ROOT / "build/corpus.txt"


def resources(server):
    """The names of resources, by kind."""
    status, answer = server.request("GET", "/apis/kuma.io/v1alpha1")
    assert status == 200, answer
    found = {item["kind"]: item["name"] for item in answer["resources"] if "/" not in item["name"]}
    return {**found, "Secret": "secrets"}


def address(plurals, document):
    version = document["apiVersion"]
    root = "/api/v1" if version == "v1" else f"/apis/{version}"
    namespace = document["metadata"].get("namespace")
    inside = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{inside}/{plurals[document['kind']]}?dryRun=All&fieldValidation=Ignore"


def judge(server, folder):
    """The verdicts on every case that has a form for Kubernetes."""
    plurals = resources(server)
    for case in (case for case in corpus.load() if case.has_kubernetes):
        document = case.kubernetes()
        status, answer = server.request("POST", address(plurals, document), document)
        yield Verdict(case, status, answer, corpus.validate(PROGRAM, folder, document))


@pytest.fixture(scope="module")
def verdicts(server, tmp_path_factory):
    crds = ("apply", "--server-side", "--force-conflicts", "--recursive", "-f", ROOT / "crds")
    server.kubectl(*crds)
    server.kubectl("wait", "--for=condition=Established", "crd", "--all")
    server.kubectl("create", "namespace", corpus.NAMESPACE, check=False)  # it may be there
    found = list(judge(server, tmp_path_factory.mktemp("corpus")))
    TABLE.write_text("".join(f"{verdict}\n" for verdict in found))
    return found


def test_verdicts(verdicts, capsys):
    """Those of Kuma, or those that docs/validating.md has."""
    rows = corpus.differences()
    wrong = []
    for verdict in verdicts:
        case = verdict.case
        wanted = rows[case.differs].server if case.differs else case.kuma
        if verdict.server != wanted or verdict.otemon != case.verdict:
            wrong.append(str(verdict))
    refused = [verdict for verdict in verdicts if verdict.server == corpus.REFUSED]
    in_our_words = sum(verdict.has_a_message_of_ours() for verdict in refused)
    differing = [str(verdict) for verdict in verdicts if verdict.case.differs]
    with capsys.disabled():
        print(f"\n{len(verdicts)} cases; the API server refuses {len(refused)}, {in_our_words} in "
              f"words of `otemon validate`. Kuma, API server, otemon ({TABLE}):")
        print("\n".join(differing))
    assert not wrong, "\n".join(wrong)


def test_places(verdicts):
    """What the server finds fault with is what we do, or what is around it."""
    wrong = [f"{verdict}: {verdict.strays()}" for verdict in verdicts
             if verdict.ours and verdict.strays()]
    assert not wrong, "\n".join(wrong)


def test_rows_are_needed(verdicts):
    """Where a case names a row of docs/validating.md, the verdicts do differ."""
    for verdict in verdicts:
        if verdict.case.differs:
            assert len({verdict.case.kuma, verdict.server, verdict.case.otemon}) > 1, str(verdict)
