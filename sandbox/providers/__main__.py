"""`python -m sandbox.providers NAME`: the plugin `pulumi-resource-NAME`, which is a stand-in."""

import sys
from importlib import import_module

from sandbox.standin.protocol import import_protocol_only

import_protocol_only()

from sandbox.standin.plugin import serve  # noqa: E402
from sandbox.standin.provider import StandIn  # noqa: E402

name = sys.argv[1]
import_module(f"sandbox.providers.{name.replace('-', '_')}.provider")
serve(next(each for each in StandIn.__subclasses__() if each.package == name)())
