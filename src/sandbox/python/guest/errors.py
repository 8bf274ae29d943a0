"""Exceptions that programs can meet beside Python's own. A module beside this one that needs
another adds it to `BY_NAME`; the host chooses among them by name."""


class UserError(Exception):
    """An error whose text is meant for people."""


class AccessError(UserError):
    """The user may not do this."""


class MissingError(UserError):
    """The record is not there any more."""


class ValidationError(UserError):
    """The values are not what the records can be."""


class HostError(Exception):
    """The host could not do what the program asked for."""


BY_NAME = {
    "AttributeError": AttributeError,
    "KeyError": KeyError,
    "TypeError": TypeError,
    "ValueError": ValueError,
    "UserError": UserError,
    "AccessError": AccessError,
    "MissingError": MissingError,
    "ValidationError": ValidationError,
    "HostError": HostError,
}


def make_error(type_name, message):
    return BY_NAME.get(type_name, HostError)(message)
