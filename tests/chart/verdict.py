"""What an API server and `otemon validate` say of a case of the corpus, side by side."""
import re

from corpus import corpus

# In the words of the API server: it has stopped, and none of several schemas fits.
UNFINISHED = "correct the existing errors to complete validation"
CHOICE = re.compile(r'"([^"]+)" must (?:not )?validate ')

# A field that Kuma misspells in its paths, and one that it leaves out.
MISSPELT = {"transparentProxing": "transparentProxying"}
LEFT_OUT = "destination"


def spell(step):
    """Both spellings of a field are one."""
    if isinstance(step, int):
        return step
    camel = re.sub("_([a-z])", lambda match: match[1].upper(), step)
    return MISSPELT.get(camel, camel)


def place(field):
    return [spell(step) for step in corpus.steps(field) if step != LEFT_OUT]


def is_above(outer, inner):
    return inner[:len(outer)] == outer


def our_place(case, field):
    """As the server counts: from the root of the object."""
    first = field.split(".")[0].split("[")[0]
    if first in ("name", "labels"):
        return ["metadata", *place(field)]
    has_spec = not case.is_older and case.kind != "MeshGatewayInstance"
    if has_spec or case.kind == "Secret" or first in ("mesh", "metadata"):
        return place(field)
    return ["spec", *place(field)]


def read_causes(answer):
    """Pairs of field and message. Of a choice of schemas (anyOf) what matters is that none fits;
    its place stands in the message. Why each does not is left out."""
    found, choices = [], []
    for cause in answer.get("details", {}).get("causes", []):
        message = cause["message"]
        choice = CHOICE.search(message)
        if choice:
            choices.append((choice[1], message))
        elif not message.endswith(UNFINISHED):
            found.append((cause.get("field", "").replace("<nil>", ""), message))
    found = [(field, message) for field, message in found
             if not any(is_above(place(choice), place(field)) for choice, _ in choices)]
    return choices + found or [("", answer["message"])]


class Verdict:
    """`status` and `answer` are the server's, `findings` those of the program."""

    def __init__(self, case, status, answer, findings):
        # Secrets are Kubernetes' own: it cannot read what is no base64.
        assert status in (201, 422) or case.kind == "Secret", answer
        assert "budget" not in answer.get("message", ""), answer
        self.case = case
        self.causes = [] if status == 201 else read_causes(answer)
        self.ours = [finding for finding in findings if finding["severity"] == "error"]
        self.otemon = corpus.REFUSED if self.ours else corpus.ACCEPTED
        self.server = corpus.ACCEPTED if status == 201 else corpus.REFUSED

    def has_a_message_of_ours(self):
        return any(finding["message"].split("; ")[0] in message
                   for finding in self.ours for _, message in self.causes)

    def strays(self):
        """Where the server finds fault and we do not, there or below."""
        fields = [finding["field"] for finding in self.ours] + self.case.server_fields
        ours = [our_place(self.case, field) for field in fields]
        return [field for field, _ in self.causes
                if not any(is_above(place(field), inner) for inner in ours)]

    def __str__(self):
        said = "; ".join(f"{field}: {message[:150]}" for field, message in self.causes)
        why = f" [{self.case.differs}]" if self.case.differs else ""
        return (f"{self.case.kuma:8} {self.server:8} {self.otemon:8} {self.case.id}{why}"
                f"{said and ' -- ' + said}")
