"""Patches moto, which repeats constant lookups for every request."""

from functools import cache
from typing import Any

from moto import backends
from moto.core import responses

_folders = frozenset(backends.list_of_moto_modules())
# The names of moto's folders, which it compares with the host of a request.
backends.list_of_moto_modules = lambda: _folders
_responses: Any = responses
# The actions of a service.
_responses.method_names_from_class = cache(_responses.method_names_from_class)
