"""What the record sets of one run share: who asks, and what was read already."""

from errors import AccessError
from host import call_host

_CHUNK = 1000

# Models as the host describes them: the same for the life of the process, and never given to programs.
_models = {}


def describe_model(name):
    """The description of a model, None when there is none."""
    if name not in _models:
        description = call_host("records.model", [{"model": name}])
        if description is None:
            return None
        _models[name] = description
    return _models[name]


class State:
    __slots__ = ("context", "rows", "user", "uid")

    def __init__(self, uid, user, context):
        self.uid = uid
        self.user = user
        self.context = context
        # model -> id -> field -> value
        self.rows = {}

    def with_context(self, context):
        other = State(self.uid, self.user, context)
        # What was read is the same whatever the context.
        other.rows = self.rows
        return other

    def ask(self, name, **args):
        return call_host(f"records.{name}", [args])

    def change(self, name, **args):
        """What was read may be different after it, whether it worked or not."""
        self.rows.clear()
        return call_host(name, [args])

    def read(self, model, record_id, field, prefetch):
        """One value; what it does not know yet, it reads for all records that came together."""
        known = self.rows.setdefault(model, {})
        if record_id not in known:
            wanted = [record_id, *(one for one in prefetch if one != record_id and one not in known)]
            for row in self.ask("read", model=model, ids=wanted[:_CHUNK], fields=None):
                known[row["id"]] = row
        row = known[record_id]
        if field not in row:
            raise AccessError(f"You are not allowed to read {field} of {model}({record_id},)")
        return row[field]

    def known_values(self, model, field, prefetch):
        """The field's values, as far as they were read, of all records that came together."""
        rows = self.rows.get(model, {})
        return [rows[one][field] for one in prefetch if one in rows and field in rows[one]]
