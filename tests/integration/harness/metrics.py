"""Prometheus' text format 0.0.4, read strictly."""
import re

_SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^}]*)\})? (\S+)')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')


_NUMBER = re.compile(r"[+-]?(\d+(\.\d+)?(e[+-]?\d+)?|Inf)|NaN")
_ENDINGS = {"histogram": ("_bucket", "_sum", "_count")}


def _check_histograms(samples, types):
    """Buckets are in order and do not fall; the last one is the count."""
    buckets = {}
    for (name, labels), number in samples.items():
        family = name.removesuffix("_bucket")
        if family != name and types.get(family) == "histogram":
            rest = frozenset(pair for pair in labels if pair[0] != "le")
            buckets.setdefault((family, rest), []).append((float(dict(labels)["le"]), number))
    for (family, labels), steps in buckets.items():
        assert steps == sorted(steps), family
        assert [number for _, number in steps] == sorted(number for _, number in steps), family
        assert steps[-1] == (float("inf"), samples[f"{family}_count", labels]), family
        assert (f"{family}_sum", labels) in samples, family


def parse(text):
    """{(name, frozenset of labels): value}; refuses what Prometheus would, counters not named
    *_total, and families without a HELP."""
    assert text.endswith("\n")
    samples = {}
    types = {}
    helps = set()
    family = None
    for line in text[:-1].split("\n"):
        if line.startswith("# TYPE "):
            family, kind = line[7:].split(" ")
            assert family not in types and kind in ("counter", "gauge", "histogram"), line
            assert kind != "counter" or family.endswith("_total"), line
            types[family] = kind
            continue
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in helps, line
            helps.add(name)
            continue
        match = _SAMPLE.fullmatch(line)
        assert match, line
        name, labels, value = match.groups()
        assert _NUMBER.fullmatch(value), line
        endings = _ENDINGS.get(types.get(family), ("",))
        assert name in [f"{family}{ending}" for ending in endings], f"not below its type: {line}"
        pairs = _LABEL.findall(labels or "")
        assert len(dict(pairs)) == len(pairs), f"a label twice: {line}"
        assert labels is None or ",".join(f'{k}="{v}"' for k, v in pairs) == labels, line
        key = (name, frozenset(pairs))
        assert key not in samples, f"twice: {line}"
        samples[key] = float(value)
    assert set(types) == helps
    _check_histograms(samples, types)
    return samples


def value(samples, name, **labels):
    """The sum of the samples of that name with these labels."""
    wanted = set(labels.items())
    found = [number for (sample, have), number in samples.items()
             if sample == name and wanted <= have]
    assert found, f"no sample {name} {labels}"
    return sum(found)


def samples(text, name):
    """[(labels, value)] of one name, from a text of others, who are not as strict."""
    found = filter(None, (_SAMPLE.fullmatch(line) for line in text.split("\n")))
    return [(dict(_LABEL.findall(match[2] or "")), float(match[3]))
            for match in found if match[1] == name]
