"""What `otemon run` prints, taken apart."""
import re

# Cells are separated by two spaces or more.
HEADING = re.compile(r"ADDRESS +HOSTNAME +PROTOCOL +CERTIFICATE +ROUTES +BACK ENDS")
_ROW = re.compile(r"(?P<sign>[-+~] )?(?P<address>\S+:\d+)  +(?P<hostname>\S+)  +"
                  r"(?P<protocol>HTTPS?)  +(?P<certificate>.+?)  +(?P<routes>.+?)  +"
                  r"(?P<backends>.+)")
_FINDING = re.compile(r"(?P<solved>solved: )?"
                      r"(?:(?P<file>[^:]+):(?:(?P<line>\d+):(?P<column>\d+):)? )?"
                      r"(?P<severity>error|warning): (?P<message>.+)")
_ACCESS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:\d{3}|-) ")


def rows(lines):
    """Rows of the table, and those that say what changed: their `sign` is "+", "-" or "~"."""
    found = filter(None, map(_ROW.fullmatch, lines))
    return [{**row.groupdict(), "sign": (row["sign"] or "").strip()} for row in found]


def table(lines):
    """The first table, whole: {(address, hostname): row}."""
    return {(row["address"], row["hostname"]): row for row in rows(lines) if not row["sign"]}


def findings(lines):
    """Dicts with file, line and column (numbers, or None), severity, message, and solved."""
    found = [match.groupdict() for match in filter(None, map(_FINDING.fullmatch, lines))]
    for finding in found:
        finding["solved"] = finding["solved"] is not None
        for place in ("line", "column"):
            finding[place] = finding[place] and int(finding[place])
    return found


def access_log(lines):
    """Lines of the access log's text form."""
    return list(filter(_ACCESS.match, lines))
