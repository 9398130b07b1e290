"""Patches moto, which looks up again for every request what stays the same."""

from functools import cache
from typing import Any

from moto import backends
from moto.core import responses

_folders = frozenset(backends.list_of_moto_modules())
# The folders of moto, with whose names it compares the host of a request.
backends.list_of_moto_modules = lambda: _folders
_responses: Any = responses
# The actions of a service.
_responses.method_names_from_class = cache(_responses.method_names_from_class)
