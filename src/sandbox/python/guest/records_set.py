"""Record sets: what `env["cx.tower.server"].search([…])` gives. They behave as those of Odoo; every
question goes to the host, which decides by the rights of the user that the run has."""

from errors import AccessError
from records_state import describe_model
from records_wire import copy_json, decode, encode

_EMPTY = {"integer": 0, "float": 0.0}
_LINKS = ("many2one", "one2many", "many2many")


class RecordSet:
    # Two underscores: names that no program may write.
    __slots__ = ("__state", "__model", "__ids", "__prefetch", "__env")

    def __init__(self, state, env, model, ids, prefetch=None):
        self.__state = state
        self.__env = env
        self.__model = model
        self.__ids = tuple(ids)
        self.__prefetch = self.__ids if prefetch is None else prefetch

    # --- what it is

    @property
    def ids(self):
        return list(self.__ids)

    @property
    def id(self):
        return self.__one() if self.__ids else False

    @property
    def env(self):
        return self.__env

    @property
    def display_name(self):
        if not self.__ids:
            return False
        return self.__value("name" if "name" in self.__fields() else "reference") or repr(self)

    def __repr__(self):
        ids = ", ".join(map(str, self.__ids))
        return f"{self.__model}({ids},)" if len(self.__ids) == 1 else f"{self.__model}({ids})"

    def __bool__(self):
        return bool(self.__ids)

    def __len__(self):
        return len(self.__ids)

    def __iter__(self):
        for one in self.__ids:
            yield self.__browse([one], self.__prefetch)

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.__field(key, KeyError(key))
        picked = self.__ids[key]
        return self.__browse(picked if isinstance(key, slice) else [picked], self.__prefetch)

    def __contains__(self, other):
        return len(self.__same(other)) == 1 and other.__ids[0] in self.__ids

    def __eq__(self, other):
        if not isinstance(other, RecordSet):
            return NotImplemented
        return self.__model == other.__model and set(self.__ids) == set(other.__ids)

    def __hash__(self):
        return hash((self.__model, frozenset(self.__ids)))

    def __le__(self, other):
        return set(self.__ids) <= set(self.__same(other))

    def __lt__(self, other):
        return set(self.__ids) < set(self.__same(other))

    def __ge__(self, other):
        return set(self.__ids) >= set(self.__same(other))

    def __gt__(self, other):
        return set(self.__ids) > set(self.__same(other))

    # --- sets

    def __add__(self, other):
        return self.__browse(self.__ids + self.__same(other))

    def __or__(self, other):
        return self.__browse(dict.fromkeys(self.__ids + self.__same(other)))

    def __sub__(self, other):
        without = set(self.__same(other))
        return self.__browse([one for one in self.__ids if one not in without])

    def __and__(self, other):
        both = set(self.__same(other))
        return self.__browse([one for one in dict.fromkeys(self.__ids) if one in both])

    def __same(self, other):
        if not isinstance(other, RecordSet):
            raise TypeError(f"{self!r} has nothing in common with {other!r}")
        if other.__model != self.__model:
            raise TypeError(f"inconsistent models in: {self!r} and {other!r}")
        return other.__ids

    # --- going through records

    def ensure_one(self):
        self.__one()
        return self

    def mapped(self, what):
        if not isinstance(what, str):
            results = [what(record) for record in self]
            if results and all(isinstance(result, RecordSet) for result in results):
                joined = results[0]
                for result in results[1:]:
                    joined = joined | result
                return joined
            return results
        found = self
        for name in what.split("."):
            if not isinstance(found, RecordSet):
                raise TypeError(f"{what!r} goes on after a field that is no relation")
            found = found.__all_of(name)
        return found

    def filtered(self, what):
        if isinstance(what, str):
            return self.filtered(lambda record: any_true(record.mapped(what)))
        return self.__browse([record.__ids[0] for record in self if what(record)], self.__prefetch)

    def filtered_domain(self, domain):
        kept = set(self.search([("id", "in", self.ids), *domain]).__ids)
        return self.__browse([one for one in self.__ids if one in kept], self.__prefetch)

    def sorted(self, key=None, reverse=False):
        if key is None:
            if not self.__ids:
                return self
            found = self.search([("id", "in", self.ids)]).__ids
            return self.__browse(found[::-1] if reverse else found, self.__prefetch)
        if isinstance(key, str):
            parts = [part.split() for part in key.split(",")]
            found = list(self)
            for name, *direction in reversed(parts):
                down = [word.lower() for word in direction] == ["desc"]
                found.sort(key=lambda record: sort_key(record[name]), reverse=down)
            if reverse:
                found.reverse()
        else:
            found = sorted(self, key=key, reverse=reverse)
        return self.__browse([record.__ids[0] for record in found], self.__prefetch)

    # --- asking the host

    def browse(self, ids=()):
        return self.__browse([ids] if isinstance(ids, int) else [one for one in ids or ()])

    def search(self, domain, offset=0, limit=None, order=None):
        found = self.__state.ask("search", **self.__question(domain), offset=offset, limit=limit, order=order)
        return self.__browse(found)

    def search_count(self, domain):
        return self.__state.ask("count", **self.__question(domain))

    def search_read(self, domain=(), fields=None, offset=0, limit=None, order=None):
        return self.search(domain, offset, limit, order).read(fields)

    def get_by_reference(self, reference):
        found = self.__state.ask("by_reference", model=self.__model, reference=reference) if isinstance(reference, str) else None
        return self.__browse([] if found is None else [found])

    def exists(self):
        found = set(self.__state.ask("exists", model=self.__model, ids=self.ids)) if self.__ids else set()
        return self.__browse([one for one in self.__ids if one in found], self.__prefetch)

    def read(self, fields=None):
        known = self.__fields()
        for name in fields or ():
            if name != "id" and name not in known:
                raise ValueError(f"Invalid field {name!r} on model {self.__model!r}")
        rows = self.__state.ask("read", model=self.__model, ids=self.ids, fields=fields) if self.__ids else []
        return [{name: self.__readable(known.get(name), value) for name, value in row.items()} for row in rows]

    def create(self, values):
        many = isinstance(values, (list, tuple))
        given = [self.__encode(one) for one in (values if many else [values])]
        return self.__browse(self.__state.change("records.create", model=self.__model, values=given))

    def write(self, values):
        if self.__ids:
            self.__state.change("records.write", model=self.__model, ids=self.ids, values=self.__encode(values))
        return True

    def unlink(self):
        if self.__ids:
            self.__state.change("records.unlink", model=self.__model, ids=self.ids)
        return True

    # --- who asks

    def sudo(self, flag=True):
        """The same rights: code has those of its user, and there is no way to more."""
        return self

    def with_user(self, user):
        uid = user.id if isinstance(user, RecordSet) or not isinstance(user, int) else user
        if uid != self.__state.uid:
            raise AccessError("Code runs as its own user only")
        return self

    def with_context(self, *args, **kwargs):
        context = dict(*args) if args else self.__state.context
        state = self.__state.with_context({**context, **kwargs})
        return RecordSet(state, self.__env, self.__model, self.__ids, self.__prefetch)

    # --- fields and methods

    def __getattr__(self, name):
        return self.__field(name, AttributeError(f"{self.__model!r} object has no attribute {name!r}"))

    def __field(self, name, missing):
        if name == "id":
            return self.id
        if name in self.__fields():
            return self.__value(name)
        if name not in describe_model(self.__model)["methods"]:
            raise missing

        def method(*args, **kwargs):
            answer = self.__state.change(
                "records.call",
                model=self.__model,
                ids=self.ids,
                method=name,
                args=self.__encode(args),
                kwargs=self.__encode(kwargs),
                context=self.__encode(self.__state.context),
            )
            return decode(answer, self.__other)

        return method

    def __fields(self):
        return describe_model(self.__model)["fields"]

    def __value(self, name):
        field = self.__fields()[name]
        if field["type"] in _LINKS:
            return self.__related(name, field)
        if not self.__ids:
            return _EMPTY.get(field["type"], False)
        return self.__decode(field, self.__read(self.__one(), name))

    def __related(self, name, field):
        one = self.__one() if self.__ids else None
        ids = link_ids(self.__read(one, name)) if self.__ids else []
        together = [found for value in self.__state.known_values(self.__model, name, self.__prefetch) for found in link_ids(value)]
        return RecordSet(self.__state, self.__env, field["relation"], ids, tuple(dict.fromkeys(together)) or None)

    def __all_of(self, name):
        field = self.__fields().get(name)
        if field is None:
            raise KeyError(name)
        if field["type"] not in _LINKS:
            return [record.__value(name) for record in self]
        found = [one for record in self for one in link_ids(self.__read(record.__ids[0], name))]
        unique = tuple(dict.fromkeys(found))
        return RecordSet(self.__state, self.__env, field["relation"], unique)

    def __read(self, one, name):
        return self.__state.read(self.__model, one, name, self.__prefetch)

    def __readable(self, field, value):
        """As `read` gives it: a many2one is a pair of id and name."""
        if field is not None and field["type"] == "many2one" and value is not False:
            other = self.__other(field["relation"], [value])
            return (value, other.display_name)
        return self.__decode(field, value)

    def __decode(self, field, value):
        is_json = field is not None and field["type"] == "json"
        return copy_json(value) if is_json else decode(value, self.__other)

    def __one(self):
        if len(self.__ids) != 1:
            raise ValueError(f"Expected singleton: {self!r}")
        return self.__ids[0]

    def __question(self, domain):
        active_test = self.__state.context.get("active_test", True) is not False
        return {"model": self.__model, "domain": self.__encode(domain), "active_test": active_test}

    def __encode(self, value):
        return encode(value, describe_set)

    def __browse(self, ids, prefetch=None):
        return RecordSet(self.__state, self.__env, self.__model, ids, prefetch)

    def __other(self, model, ids):
        return RecordSet(self.__state, self.__env, model, ids)


def describe_set(value):
    if not isinstance(value, RecordSet):
        return None
    return value._RecordSet__model, value._RecordSet__ids


def link_ids(value):
    """The ids that a relation holds: of a many2one it is one id or False."""
    return value if isinstance(value, list) else [] if value is False else [value]


def any_true(found):
    return any(found) if isinstance(found, list) else bool(found)


def sort_key(value):
    """Values of one field in an order: what is not set comes first."""
    if isinstance(value, RecordSet):
        return (True, repr(value))
    return (value is not False and value is not None, value if value is not None and value is not False else 0)
