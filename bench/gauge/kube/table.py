"""The figures of the operator as Markdown."""

import math
import statistics

from gauge import table


def percentile(values, percent):
    """The least of the values that so many percent of them do not exceed."""
    return sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1]


def _changes(changes):
    """(title, one cell for each number of routes)."""
    for title, key in (("From an accepted change until a watch is told", "told_ms"),
                       ("From an accepted change to the first response that shows it", "served_ms"),
                       ("From that response to `Programmed`", "programmed_ms")):
        for percent in (50, 99):
            yield (f"{title}, p{percent}, ms",
                   [f"{percentile(one[key], percent):.1f}" for one in changes.values()])
    for title, key in (("Memory of the operator", "rss"), ("The most that it ever was", "peak")):
        yield (f"{title}, RSS MiB",
               [f"{one['memory_kib'][key] / 1024:.1f}" for one in changes.values()])
    yield "Load average at its end", [f"{one['load']:.1f}" for one in changes.values()]


def _starts(starts):
    """(title, values)."""
    for title, program, key in (
            ("Proxy: from its start until it serves", "proxy", "serving_ms"),
            ("Proxy: from its start until its pod is ready", "proxy", "ready_ms"),
            ("Operator: from its start until proxies may connect", "operator", "open_ms"),
            ("Operator: from its start until the first proxy has its stream", "operator",
             "stream_ms")):
        yield title, [one[key] for one in starts[program]]


def render(results):
    changes, starts = results["changes"], results["starts"]
    count = len(next(iter(changes.values()))["served_ms"])
    ahead = " The cluster went before the other work of the machine." if results["ahead"] else ""
    lines = [table.heading(results["machine"], f"{count} changes each") + ahead, "",
             "| The operator in a cluster, by number of other routes | " +
             " | ".join(f"{int(routes):,}" for routes in changes) + " |",
             "|---|" + "---:|" * len(changes)]
    lines += [f"| {title} | " + " | ".join(cells) + " |" for title, cells in _changes(changes)]
    most = int(list(changes)[-1])
    lines += ["", f"| Starts, with {most:,} other routes, ms | median | longest |",
              "|---|---:|---:|"]
    lines += [f"| {title} | {statistics.median(values):.0f} | {max(values):.0f} |"
              for title, values in _starts(starts)]
    return "\n".join(lines)
