"""Prometheus' text format 0.0.4, read strictly."""
import re

_SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^}]*)\})? (\S+)')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')


def parse(text):
    """{(name, frozenset of labels): value}; refuses what Prometheus would."""
    assert text.endswith("\n")
    samples = {}
    types = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name not in types and kind in ("counter", "gauge", "histogram"), line
            types[name] = kind
            continue
        if line.startswith("# HELP "):
            continue
        match = _SAMPLE.fullmatch(line)
        assert match, line
        name, labels, value = match.groups()
        base = re.sub("_(bucket|sum|count)$", "", name)
        assert name in types or types.get(base) == "histogram", f"no type before {line}"
        pairs = _LABEL.findall(labels or "")
        assert labels is None or ",".join(f'{k}="{v}"' for k, v in pairs) == labels, line
        key = (name, frozenset(pairs))
        assert key not in samples, f"twice: {line}"
        samples[key] = float(value)
    return samples


def value(samples, name, **labels):
    """The sum of the samples of that name with these labels."""
    wanted = set(labels.items())
    found = [number for (sample, have), number in samples.items()
             if sample == name and wanted <= have]
    assert found, f"no sample {name} {labels}"
    return sum(found)
