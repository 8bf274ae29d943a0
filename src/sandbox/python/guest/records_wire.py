"""How values travel between record sets and the host: JSON, with a mark for what JSON does not have."""

import base64
import datetime

RECORDS, DATETIME, BYTES = "$records", "$datetime", "$bytes"


def encode(value, describe):
    """`describe` gives `(model, ids)` for a record set and None for anything else."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    records = describe(value)
    if records is not None:
        return {RECORDS: [records[0], list(records[1])]}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [encode(item, describe) for item in value]
    if isinstance(value, dict):
        return {str(key): encode(item, describe) for key, item in value.items()}
    if isinstance(value, datetime.datetime):
        return {DATETIME: _to_utc(value).isoformat() + "Z"}
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return {BYTES: base64.b64encode(value).decode("ascii")}
    raise TypeError(f"a value of type {type(value).__name__} cannot be given to records")


def _to_utc(value):
    """Times without a zone are UTC, as everywhere in records."""
    return value if value.tzinfo is None else value.astimezone(datetime.timezone.utc).replace(tzinfo=None)


def decode(value, browse):
    """`browse` makes a record set of a model's name and ids."""
    if isinstance(value, list):
        return [decode(item, browse) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        if RECORDS in value:
            model, ids = value[RECORDS]
            return browse(model, ids)
        if DATETIME in value:
            return datetime.datetime.fromisoformat(value[DATETIME]).replace(tzinfo=None)
        if BYTES in value:
            return base64.b64decode(value[BYTES])
    return {key: decode(item, browse) for key, item in value.items()}


def copy_json(value):
    """What a field of JSON holds. It may come from strangers: a mark in it is none."""
    if isinstance(value, list):
        return [copy_json(item) for item in value]
    return {key: copy_json(item) for key, item in value.items()} if isinstance(value, dict) else value
