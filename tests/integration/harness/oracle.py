"""What becomes of a request, said once more: from the words of docs/compatibility.md, by search
through everything, without a thought to speed. What the programs say is compared with it.

Resources are the objects that YAML has; all are valid, of mesh "default", and of gateway "edge",
whose dataplane is derived.
"""
import re

NO_LISTENER, NO_SERVER_NAME, NO_HOST, MISDIRECTED, NO_ROUTE, NO_RULE = (
    "noListener", "noServerName", "noHost", "misdirected", "noRoute", "noRule")


def answer(resources, request):
    """(route, rule, filters) that take it, or one of the above. `request`: method, scheme, sni,
    host, port, path, headers and query."""
    gateway = next(each for each in resources if each["type"] == "MeshGateway")
    listeners = [each for each in gateway["conf"]["listeners"] if each["port"] == request["port"]]
    if not listeners:
        return NO_LISTENER
    chain = listeners
    if request["scheme"] == "https":
        names = [_hostname(each) for each in listeners]
        name = _most_exact(names, request["sni"])
        if name is None:
            return NO_SERVER_NAME
        if name != _most_exact(names, request["host"]):
            return MISDIRECTED
        chain = [each for each in listeners if _hostname(each) == name]
    hosts = _hosts(resources, listeners, chain)
    domain = _most_exact(hosts, request["host"])
    if domain is None:
        return NO_HOST
    if not hosts[domain]:
        return NO_ROUTE
    return _winner(hosts[domain], request) or NO_RULE


# ---- Host names ----


def _covers(wide, narrow):
    return wide in ("*", narrow) or (wide.startswith("*.") and len(narrow) > len(wide[1:]) and
                                     narrow.endswith(wide[1:]))


def _meet(one, other):
    return _covers(one, other) or _covers(other, one)


def _exactness(name):
    """Sorts the most exact first."""
    return name.startswith("*"), -name.count("."), name


def _most_exact(names, host):
    """Of those that take the host."""
    return min((name for name in names if _covers(name, host)), key=_exactness, default=None)


def _hostname(listener):
    return listener.get("hostname") or "*"


# ---- Who attaches ----


def _tags(listener):
    return {"kuma.io/service": "edge", **listener.get("tags", {})}


def _selects(selector, tags):
    return all(key in tags and value in ("*", tags[key]) for key, value in selector.items())


def _gateway_routes(resources, listener):
    """MeshGatewayRoutes, in the order of their names."""
    found = [each for each in resources if each["type"] == "MeshGatewayRoute" and
             any(_selects(one["match"], _tags(listener)) for one in each["selectors"])]
    return sorted(found, key=lambda route: route["name"])


def _policies(resources, listener):
    """MeshHTTPRoutes, the strongest first."""
    def tags_of(route):
        return route["spec"]["targetRef"].get("tags", {})
    found = [each for each in resources if each["type"] == "MeshHTTPRoute" and
             _selects(tags_of(each), _tags(listener))]
    return sorted(found, key=lambda route: (-len(tags_of(route)), route["name"]))


def _groups(resources, listener):
    """{host name: what MeshHTTPRoutes say for it}: items, from the strongest to the weakest."""
    groups = {}
    for route in _policies(resources, listener):
        number = 0
        for item in route["spec"]["to"]:
            rules = [(route["name"], number + i, rule) for i, rule in enumerate(item["rules"])]
            number += len(rules)
            for name in dict.fromkeys(item.get("hostnames") or ["*"]):
                groups.setdefault(name, []).extend(rules)
    return groups


# ---- Virtual hosts ----


def _hosts(resources, listeners, chain):
    """{host name: entries}; an entry is (route, rule, filters) and a match. Their order decides
    ties."""
    taken = [each for each in chain
             if any(_meet(_hostname(each), name) for name in _groups(resources, each))]
    plain = [each for each in chain if each not in taken]
    hosts = _plain_hosts(resources, plain, taken)
    for listener in taken:
        hosts.update(_policy_hosts(resources, listeners, listener))
    return hosts


def _plain_hosts(resources, plain, taken):
    routes = {_hostname(each): _gateway_routes(resources, each) for each in plain}
    for route in routes.get("*", []):
        names = route["conf"]["http"].get("hostnames", [])
        for name in names:
            if not any(_covers(_hostname(each), name) for each in taken):
                routes.setdefault(name, [])
    for name, own in routes.items():
        if name != "*":
            redistributed = [each for each in routes.get("*", [])
                             if each["conf"]["http"].get("hostnames")
                             and any(host != "*" and _covers(host, name)
                                     for host in each["conf"]["http"]["hostnames"])]
            routes[name] = own + [each for each in redistributed if each not in own]
    return {name: _entries(name, attached) for name, attached in routes.items()}


def _entries(name, routes):
    entries = []
    for route in sorted(routes, key=lambda each: each["name"]):
        http = route["conf"]["http"]
        named = http.get("hostnames", [])
        is_kept = (not named or any(_meet(name, host) for host in named) if name != "*"
                   else not named or "*" in named)
        if is_kept:
            entries += [((route["name"], i, rule["filters"]), match)
                        for i, rule in enumerate(http["rules"]) for match in rule["matches"]]
    return entries


def _policy_hosts(resources, listeners, listener):
    own = _hostname(listener)
    more_exact = [_hostname(each) for each in listeners
                  if _exactness(_hostname(each)) < _exactness(own)]
    groups = _groups(resources, listener)
    names = {own} | {name for name in groups if _covers(own, name) and
                     not any(_covers(other, name) for other in more_exact)}
    return {name: _merged(groups, name) for name in names}


def _merged(groups, name):
    entries = []
    for group in sorted((each for each in groups if _covers(each, name)), key=_exactness):
        merged = []  # [matches, route, rule, filters]
        for route, number, rule in groups[group]:
            filters = rule["default"].get("filters")
            same = next((each for each in merged if each[0] == rule["matches"]), None)
            if same is None:
                merged.append([rule["matches"], route, number, filters])
            elif same[3] is None:  # the weaker one says what the stronger leaves open
                same[3] = filters
        entries += [(tuple(rest), match) for matches, *rest in merged for match in matches]
    return entries


# ---- Rules ----

_KINDS = {"EXACT": "exact", "Exact": "exact", "PREFIX": "prefix", "PathPrefix": "prefix",
          "REGEX": "regex", "RegularExpression": "regex", "PRESENT": "present",
          "Present": "present", "ABSENT": "absent", "Absent": "absent", "Prefix": "begins"}


def _kind(said, default="exact"):
    return _KINDS[said.get("match") or said.get("type")] if said else default


def _path(match):
    """(kind, value); without one it is of every path."""
    said = match.get("path")
    if not said:
        return "prefix", "/"
    kind, value = _kind(said), said["value"]
    return kind, value.rstrip("/") or "/" if kind == "prefix" else value


def _winner(entries, request):
    exact_paths = {_path(match)[1] for _, match in entries if _path(match)[0] == "exact"}
    best = None
    for order, (rule, match) in enumerate(entries):
        rank = _path_rank(*_path(match), request["path"], exact_paths)
        if rank is None or not _criteria_fit(match, request):
            continue
        if rank[0] < 2:
            rank += (match.get("method") is None, -_counted(match.get("headers", [])),
                     -len(match.get("queryParameters", match.get("queryParams", []))))
        if best is None or (*rank, order) < best[0]:
            best = (*rank, order), rule
    return best and best[1]


def _path_rank(kind, value, path, exact_paths):
    if kind == "exact":
        return (0, -len(value)) if path == value else None
    if kind == "regex":
        return (2, -len(value), 0, 0, 0) if re.fullmatch(value, path) else None
    if value == "/":
        return 1, -1
    if path == value:  # as if it were written, unless somebody wrote it
        return (0, -len(value)) if value not in exact_paths else None
    return (1, -len(value) - 1) if path.startswith(value + "/") else None


def _counted(headers):
    return sum(_kind(each) != "begins" for each in headers)


def _criteria_fit(match, request):
    queries = match.get("queryParameters", match.get("queryParams", []))
    return (match.get("method") in (None, request["method"]) and
            all(_fits(each, request["headers"]) for each in match.get("headers", [])) and
            all(_fits(each, request["query"]) for each in queries))


def _fits(criterion, values):
    kind, value = _kind(criterion), values.get(criterion["name"])
    if kind in ("present", "absent"):
        return (value is not None) == (kind == "present")
    wanted = criterion["value"]
    return value is not None and {
        "exact": value == wanted,
        "begins": value.startswith(wanted),
        "regex": re.fullmatch(wanted, value) is not None,
    }[kind]
