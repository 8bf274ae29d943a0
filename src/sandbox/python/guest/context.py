"""All the names that every program sees beside its inputs. What adds more is one more file with

- CONTEXT: name to value; a value must give programs nothing that they could change (`wrap_module`),
- WAITING_NAMES: names, of globals or attributes, through which a program may wait for the host,

and one more entry here. It asks the host by `host.call_host`; the exceptions that the host may
answer with are added to `errors.BY_NAME`."""

import dateutil_module
import dns
import domains
import logger
import modules
import requests_api
import zones

_PARTS = (modules, logger, requests_api, zones, dateutil_module, dns, domains)

CONTEXT = {name: value for part in _PARTS for name, value in part.CONTEXT.items()}

# Programs that name one of these run on a stack that can be suspended.
WAITING_NAMES = frozenset(name for part in _PARTS for name in part.WAITING_NAMES)
