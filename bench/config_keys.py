"""The number of keys of the runner's schema in the typed model of config.toml."""

from bench.measure import Measure
from tests.config.model import model_keys
from tests.config.runner_schema import KEYS

_THEIRS = {(key["section"], key["key"]) for key in KEYS}

CONFIG_KEYS_COVERED = Measure(
    "config_keys_covered",
    "keys",
    "keys of the runner's config.toml that can be declared, other executors' sections aside",
    lambda: len(_THEIRS & model_keys()),
)
CONFIG_KEYS_TOTAL = Measure(
    "config_keys_total",
    "keys",
    "keys of the runner's config.toml, other executors' sections aside",
    lambda: len(_THEIRS),
)
