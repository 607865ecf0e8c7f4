"""Figures as Markdown, put between two marks of a page."""

PROXIES = "figures"
OPERATOR = "operator"
VALIDATE = "validate"


def _rows(figures, the_plan):
    """(title, function from one proxy's figures to a number, format, whether a ratio helps)."""
    for a_load in the_plan.loads:
        title = a_load.title
        yield (f"{title}: CPU µs per request", lambda f, t=title: f["loads"][t]["cpu_us"],
               "{:.1f}", True)
        yield (f"{title}: requests per second", lambda f, t=title: f["loads"][t]["rate"],
               "{:,.0f}", True)
    yield "System calls per request", lambda f: f["syscalls"]["total"], "{:.2f}", False
    yield "From start to first response, ms", lambda f: f["start_ms"], "{:.0f}", False
    yield "Memory at rest, RSS MiB", lambda f: f["rest_kib"]["rss"] / 1024, "{:.1f}", False
    yield "Memory at rest, PSS MiB", lambda f: f["rest_kib"]["pss"] / 1024, "{:.1f}", False
    count = the_plan.idle_connections
    yield (f"Memory with {count:,} idle connections, RSS MiB",
           lambda f: f["idle_kib"]["rss"] / 1024, "{:.1f}", False)
    yield (f"Memory with {count:,} idle connections, PSS MiB",
           lambda f: f["idle_kib"]["pss"] / 1024, "{:.1f}", False)
    yield ("Growth per idle connection, bytes",
           lambda f: (f["idle_kib"]["pss"] - f["rest_kib"]["pss"]) * 1024 / count, "{:,.0f}", False)


def heading(machine, rounds):
    return (f"{machine['date']}; {machine['nproc']} × {machine['cpu']}; Linux {machine['kernel']}; "
            f"{rounds}; load average {machine['load']:.1f} when it began.")


def render(results, the_plan):
    proxies = results["proxies"]
    rounds = "one round" if the_plan.rounds == 1 else f"medians of {the_plan.rounds} rounds"
    lines = [
        heading(results["machine"], rounds) +
        " In brackets: the ratio to NGINX in the same run.", "",
        "| | " + " | ".join(f"{one['label']} {one['version']}" for one in proxies.values()) + " |",
        "|---|" + "---:|" * len(proxies)]
    base = proxies.get("nginx")
    for title, figure, form, ratio in _rows(results, the_plan):
        cells = []
        for one in proxies.values():
            value = figure(one["median"])
            cell = form.format(value)
            if ratio and base and base is not one:
                cell += f" ({value / figure(base['median']):.2f})"
            cells.append(cell)
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    lines += _change_lines(results.get("changes", {}))
    return "\n".join(lines)


def _change_lines(changes):
    if not changes:
        return []
    lines = ["", "| Otemon, by number of routes | " +
             " | ".join(f"{routes:,}" for routes in changes) + " |",
             "|---|" + "---:|" * len(changes)]
    for title, key in (("From a changed file to the first response that shows it, ms", "change_ms"),
                       ("From start to first response, ms", "start_ms"),
                       ("1 KiB, 64 connections, every route in turn: CPU µs a request", "cpu_us")):
        lines.append(f"| {title} | " +
                     " | ".join(f"{one[key]:.1f}" for one in changes.values()) + " |")
    lines.append("| Memory, RSS MiB | " + " | ".join(
        f"{one['memory_kib']['rss'] / 1024:.1f}" for one in changes.values()) + " |")
    return lines


def render_validate(results):
    """One column for each program, the peer first."""
    figures = results["validate"]
    peer, own = figures["peer"], figures["otemon"]
    rates = [figures["routes"] * 1_000_000 / one["cpu_us"] for one in (peer, own)]
    return "\n".join([
        heading(results["machine"], f"medians of {figures['rounds']} rounds") +
        " In brackets: the ratio to Python in the same run.", "",
        f"| {figures['routes']:,} routes, each an object "
        "| Python, reading YAML | Otemon, validating |",
        "|---|---:|---:|",
        f"| Objects per second of CPU | {rates[0]:,.0f} | "
        f"{rates[1]:,.0f} ({rates[1] / rates[0]:.1f}) |",
        f"| The most memory, RSS MiB | {peer['peak_kib'] / 1024:.1f} | "
        f"{own['peak_kib'] / 1024:.1f} |"])


def put(page_path, name, text):
    """Replaces what stands between the two marks of that name."""
    begin_mark = f"<!-- {name}: begin (written by make bench) -->"
    end_mark = f"<!-- {name}: end -->"
    with open(page_path, encoding="utf-8") as page:
        before, begin, rest = page.read().partition(begin_mark)
    _, end, after = rest.partition(end_mark)
    if not begin or not end:
        raise RuntimeError(f"{page_path} has lost its marks")
    with open(page_path, "w", encoding="utf-8") as page:
        page.write(f"{before}{begin_mark}\n{text}\n{end_mark}{after}")
