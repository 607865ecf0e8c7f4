"""What an API server keeps: objects of many kinds, their versions, and who said which field.

A collection is named by its path. "/api/v1/pods" is all Pods; "/api/v1/namespaces/x/pods" is those
of one namespace. apply() is server-side apply with force. Where the real server merges lists by the
keys of their schema, this one replaces them.
"""
import copy
import re
import threading

_PATH = re.compile(r"(?P<group>/api/[^/]+|/apis/[^/]+/[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?"
                   r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<part>status))?)?")


class Place:
    """A path taken apart: the kind (its collection in all namespaces), and what narrows it."""

    def __init__(self, match):
        self.kind = f"{match['group']}/{match['plural']}"
        self.namespace, self.name, self.part = match["namespace"], match["name"], match["part"]
        self.key = (self.namespace or "", self.name)

    def has(self, value):
        return self.namespace in (None, value["metadata"].get("namespace", ""))


def place_of(path):
    """None: it is no path of objects."""
    match = _PATH.fullmatch(path)
    return match and Place(match)


def _leaves(value, path=()):
    """{path: value} of everything that is no object."""
    if not isinstance(value, dict) or (value == {} and path):
        return {path: value}
    found = {}
    for key, each in value.items():
        found.update(_leaves(each, (*path, key)))
    return found


def _write(value, path, leaf):
    for key in path[:-1]:
        if not isinstance(value.get(key), dict):
            value[key] = {}
        value = value[key]
    value[path[-1]] = copy.deepcopy(leaf)


def _erase(value, path):
    """With the objects that it leaves empty."""
    parent = value
    for key in path[:-1]:
        parent = parent.get(key)
        if not isinstance(parent, dict):
            return
    parent.pop(path[-1], None)
    if not parent and len(path) > 1:
        _erase(value, path[:-1])


def _specified(value):
    """What a generation counts."""
    return {key: each for key, each in (value or {}).items() if key not in ("metadata", "status")}


class Store:
    """Everything under one lock."""

    def __init__(self):
        self.lock = threading.RLock()
        self.kinds = {}       # kind: {(namespace, name): object}; what is not here is absent
        self.no_status = set()  # kinds without that subresource
        self.said = {}        # (kind, key): {(manager, part): paths of its fields}
        self.history = []     # (version, kind, type, object)
        self.oldest = 0       # the version that can still be watched from
        self.version = 100
        self.uids = 0

    # ---- kinds ----

    def install(self, path, status=True):
        """The kind exists from now on; `status`: with that subresource."""
        with self.lock:
            kind = place_of(path).kind
            self.kinds.setdefault(kind, {})
            self.no_status.discard(kind)
            if not status:
                self.no_status.add(kind)

    def uninstall(self, path):
        """With its objects, of which nobody is told."""
        with self.lock:
            kind = place_of(path).kind
            self.kinds.pop(kind, None)
            self.said = {at: each for at, each in self.said.items() if at[0] != kind}

    def resources(self, group):
        """What discovery says of a group, or None."""
        with self.lock:
            names = [kind.rsplit("/", 1)[1] for kind in self.kinds
                     if kind.rsplit("/", 1)[0] == group]
            with_status = [f"{name}/status" for name in names
                           if f"{group}/{name}" not in self.no_status]
        if not names:
            return None
        return {"kind": "APIResourceList", "groupVersion": group.removeprefix("/apis/"),
                "resources": [{"name": name} for name in names + with_status]}

    # ---- objects ----

    def find(self, path):
        """The object as it is, or None."""
        place = place_of(path)
        with self.lock:
            return copy.deepcopy(self.kinds.get(place.kind, {}).get(place.key))

    def list(self, path):
        place = place_of(path)
        with self.lock:
            return [each for each in self.kinds.get(place.kind, {}).values() if place.has(each)]

    def put(self, path, name, content):
        """As one who replaces the whole object, but not the status that is there."""
        place = place_of(path)
        given = dict(content.pop("metadata", {}))
        namespace = place.namespace or given.pop("namespace", "x")
        given["name"] = name
        if namespace:
            given["namespace"] = namespace
        with self.lock:
            before = self.kinds.setdefault(place.kind, {}).get((namespace, name))
            if before is not None and "status" in before:
                content.setdefault("status", before["status"])
            self._keep(place.kind, before, {**content, "metadata": given})

    def edit(self, path, change):
        """`change` is called with a copy of the object, which it alters."""
        place = place_of(path)
        with self.lock:
            before = self.kinds[place.kind][place.key]
            value = copy.deepcopy(before)
            change(value)
            self._keep(place.kind, before, value)

    def remove(self, path, name):
        place = place_of(path)
        with self.lock:
            [key] = [key for key, each in self.kinds[place.kind].items()
                     if key[1] == name and place.has(each)]
            gone = self.kinds[place.kind].pop(key)
            self.said.pop((place.kind, key), None)
            self.version += 1
            metadata = {**gone["metadata"], "resourceVersion": str(self.version)}
            self.history.append((self.version, place.kind, "DELETED",
                                 {**gone, "metadata": metadata}))

    def apply(self, path, manager, document):
        """Server-side apply with force. Returns the object, or None: there is nothing there."""
        place = place_of(path)
        with self.lock:
            before = self.kinds.get(place.kind, {}).get(place.key)
            has_status = place.kind not in self.no_status
            missing = before is None or not has_status if place.part else \
                place.kind not in self.kinds
            if missing:
                return None
            value = copy.deepcopy(before) or {"metadata": {}}
            fields = {field: leaf for field, leaf in _leaves(document).items()
                      if not has_status or (field[0] == "status") == (place.part == "status")}
            self._claim(place, manager, fields, value)
            value["metadata"].update(name=place.name)
            if place.namespace:
                value["metadata"].update(namespace=place.namespace)
            if value != before:
                self._keep(place.kind, before, value)
            return self.kinds[place.kind][place.key]

    def _claim(self, place, manager, fields, value):
        said = self.said.setdefault((place.kind, place.key), {})
        given_up = said.pop((manager, place.part), set()) - set(fields)
        for paths in said.values():
            given_up -= paths
            paths -= set(fields)
        said[manager, place.part] = set(fields)
        for path in given_up:
            _erase(value, path)
        for path, leaf in fields.items():
            _write(value, path, leaf)

    def _keep(self, kind, before, value):
        self.version += 1
        self.uids += 1
        metadata = dict(value["metadata"])
        old = before["metadata"] if before is not None else {}
        metadata.setdefault("uid", old.get("uid", f"uid-{self.uids}"))
        metadata["resourceVersion"] = str(self.version)
        if not kind.startswith("/api/v1/"):  # the real ones of this group have no generation
            changed = before is None or _specified(before) != _specified(value)
            metadata["generation"] = old.get("generation", 0) + changed
        value = {**value, "metadata": metadata}
        key = (metadata.get("namespace", ""), metadata["name"])
        self.kinds[kind][key] = value
        self.history.append((self.version, kind, "ADDED" if before is None else "MODIFIED", value))

    # ---- history ----

    def compact(self):
        with self.lock:
            self.oldest = self.version

    def is_too_old(self, version):
        with self.lock:
            return version < self.oldest

    def events_after(self, path, version):
        """[(version, type, object)]"""
        place = place_of(path)
        with self.lock:
            return [(at, event, value) for at, kind, event, value in self.history
                    if at > version and kind == place.kind and place.has(value)]
