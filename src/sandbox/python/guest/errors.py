"""Exceptions that programs can meet beside Python's own. A module beside this one that needs
another adds it to `BY_NAME`; the host chooses among them by name."""


class UserError(Exception):
    """An error whose text is meant for people."""


class HostError(Exception):
    """The host could not do what the program asked for."""


BY_NAME = {"UserError": UserError, "HostError": HostError}


def make_error(type_name, message):
    return BY_NAME.get(type_name, HostError)(message)
