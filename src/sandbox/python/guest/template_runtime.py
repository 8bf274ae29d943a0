"""What compiled templates call: scopes, loops, macros, and the places that text goes to. Their names have angle
brackets (`TEMPLATE_GLOBALS`), so that no template can name them."""

from template_filters import FILTERS
from template_pythonic import PythonicOut
from template_tests import TESTS
from template_values import Undefined, UndefinedError, concatenate, find_attribute, find_item, to_text

# The global that holds the values by the names that a template has for them.
VALUES_NAME = "<values of the run>"


class PlainOut:
    __slots__ = ("_parts", "text")

    def __init__(self):
        self._parts = []
        self.text = self._parts.append

    def value(self, value):
        self._parts.append(to_text(value))

    def finish(self):
        return "".join(self._parts)


class Scope:
    """Names with values, and the scope around. The outermost looks into what every template has."""

    __slots__ = ("_own", "_outer")

    def __init__(self, own, outer):
        self._own = own
        self._outer = outer

    def find(self, name):
        scope = self
        while scope is not None:
            if name in scope._own:
                return scope._own[name]
            scope = scope._outer
        value = FUNCTIONS.get(name)
        return Undefined(f"{name!r} is undefined") if value is None else value

    def set(self, name, value):
        self._own[name] = value

    def open(self, values):
        return Scope(values, self)


class Loop:
    """`loop` in a `for`. All items are there from the beginning, so that its length is."""

    __slots__ = ("_items", "index0", "depth0", "_recurse", "_last_seen")

    def __init__(self, values, keep, depth0, recurse):
        self._items = [value for value in values if keep(value)] if keep else list(values)
        self.index0 = -1
        self.depth0 = depth0
        self._recurse = recurse
        self._last_seen = None

    def run(self):
        for value in self._items:
            self.index0 += 1
            yield value

    def __call__(self, values):
        if self._recurse is None:
            raise TypeError("the loop must have the 'recursive' marker to be called")
        return self._recurse(values, self.depth0 + 1)

    def __len__(self):
        return len(self._items)

    @property
    def index(self):
        return self.index0 + 1

    @property
    def length(self):
        return len(self._items)

    @property
    def revindex(self):
        return self.length - self.index0

    @property
    def revindex0(self):
        return self.length - self.index

    @property
    def first(self):
        return self.index0 == 0

    @property
    def last(self):
        return self.index == self.length

    @property
    def depth(self):
        return self.depth0 + 1

    @property
    def previtem(self):
        return Undefined("there is no previous item") if self.first else self._items[self.index0 - 1]

    @property
    def nextitem(self):
        return Undefined("there is no next item") if self.last else self._items[self.index]

    def cycle(self, *values):
        if not values:
            raise TypeError("no items for cycling given")
        return values[self.index0 % len(values)]

    def changed(self, *values):
        if self._last_seen == values:
            return False
        self._last_seen = values
        return True


class Cycler:
    """Values in turn, from loop to loop."""

    __slots__ = ("items", "_position")

    def __init__(self, *items):
        if not items:
            raise RuntimeError("at least one item has to be provided")
        self.items = items
        self._position = 0

    @property
    def current(self):
        return self.items[self._position]

    def next(self):
        value = self.current
        self._position = (self._position + 1) % len(self.items)
        return value

    def reset(self):
        self._position = 0


class Joiner:
    """Nothing at the first call, the separator at every other."""

    __slots__ = ("_separator", "_used")

    def __init__(self, sep=", "):
        self._separator = sep
        self._used = False

    def __call__(self):
        if self._used:
            return self._separator
        self._used = True
        return ""


class Namespace:
    """Values that a scope further inside may set: `{% set ns.found = true %}`."""

    __slots__ = ("_values",)

    def __init__(self, *args, **kwargs):
        self._values = dict(*args, **kwargs)

    def __getitem__(self, name):
        return self._values[name]

    def _set(self, name, value):
        self._values[name] = value


def set_attribute(owner, name, value):
    if not isinstance(owner, Namespace):
        raise TypeError("cannot assign attribute on non-namespace object")
    owner._set(name, value)


def make_macro(name, body, scope, parameters, defaults, knows_caller, knows_varargs, knows_kwargs):
    """A function that gives what the body prints. `defaults`: functions of the scope of the call, or None."""

    def macro(*args, **kwargs):
        values = {}
        inner = scope.open(values)
        for position, (parameter, default) in enumerate(zip(parameters, defaults)):
            if position < len(args):
                values[parameter] = args[position]
            elif parameter in kwargs:
                values[parameter] = kwargs.pop(parameter)
            elif default is not None:
                values[parameter] = default(inner)
            else:
                values[parameter] = Undefined(f"parameter {parameter!r} was not provided")
        if knows_caller and "caller" not in values:
            values["caller"] = kwargs.pop("caller", Undefined("No caller defined"))
        if knows_kwargs:
            values["kwargs"] = kwargs
        elif kwargs:
            raise TypeError(f"macro {name!r} takes no keyword argument {next(iter(kwargs))!r}")
        if knows_varargs:
            values["varargs"] = args[len(parameters):]
        elif len(args) > len(parameters):
            raise TypeError(f"macro {name!r} takes not more than {len(parameters)} argument(s)")
        return body(inner)

    return macro


def _hide_class(kind):
    """Makes what the class makes. With the class itself a template could call `reset`, say, with what all runs share."""
    return lambda *args, **kwargs: kind(*args, **kwargs)


FUNCTIONS = {
    "range": range,
    "dict": dict,
    "cycler": _hide_class(Cycler),
    "joiner": _hide_class(Joiner),
    "namespace": _hide_class(Namespace),
}

TEMPLATE_GLOBALS = {
    "<open scope>": Scope,
    "<plain out>": PlainOut,
    "<pythonic out>": PythonicOut,
    "<loop>": Loop,
    "<macro>": make_macro,
    "<undefined>": Undefined,
    "<attribute>": find_attribute,
    "<item>": find_item,
    "<set attribute>": set_attribute,
    "<concatenate>": concatenate,
    "<slice>": slice,
    **{f"<filter {name}>": function for name, function in FILTERS.items()},
    **{f"<test {name}>": function for name, function in TESTS.items()},
}
