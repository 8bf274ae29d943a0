"""`env` and what hangs on it: the way of a program to record sets and to the helpers of its host."""

from host import call_host
from records_set import RecordSet, describe_set
from records_state import State, describe_model
from records_wire import decode, encode


class Environment:
    __slots__ = ("__state",)

    def __init__(self, uid, user):
        self.__state = State(uid, user, {})

    def __getitem__(self, model):
        if not isinstance(model, str) or describe_model(model) is None:
            raise KeyError(model)
        return RecordSet(self.__state, self, model, ())

    def __contains__(self, model):
        return isinstance(model, str) and describe_model(model) is not None

    @property
    def user(self):
        return self.__state.user

    @property
    def uid(self):
        return self.__state.uid

    @property
    def context(self):
        return dict(self.__state.context)

    def ref(self, xml_id, raise_if_not_found=True):
        if raise_if_not_found:
            raise ValueError(f"External ID not found in the system: {xml_id}")

    def __repr__(self):
        return f"Environment(uid={self.__state.uid})"


def browse(env, model, ids):
    return RecordSet(env._Environment__state, env, model, ids)


class HostObject:
    """An object whose methods the host has: `tower`."""

    __slots__ = ("__env", "__call", "__methods")

    def __init__(self, env, call, methods):
        self.__env = env
        self.__call = call
        self.__methods = frozenset(methods)

    def __getattr__(self, name):
        if name not in self.__methods:
            raise AttributeError(f"{self.__call!r} object has no attribute {name!r}")
        env, call = self.__env, self.__call

        def method(*args, **kwargs):
            state = env._Environment__state
            state.rows.clear()
            given = {"method": name, "args": encode(args, describe_set), "kwargs": encode(kwargs, describe_set)}
            answer = call_host(f"{call}.call", [{**given, "context": encode(state.context, describe_set)}])
            return decode(answer, lambda model, ids: browse(env, model, ids))

        return method

    def __repr__(self):
        return self.__call
