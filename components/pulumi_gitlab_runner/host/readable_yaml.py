"""Renders YAML that is easy to read: keys in the order of the data, scripts as literal blocks."""

from typing import Any

import yaml


def readable_yaml(data: Any) -> str:
    """Return data as YAML, with each multiline text as a literal block.

    Args:
        data: mappings, sequences, texts and numbers.
    """
    # PyYAML does not write a text as a block if it must escape a character beyond ASCII.
    return yaml.dump(data, Dumper=_BlockText, sort_keys=False, allow_unicode=True)


class _BlockText(yaml.SafeDumper):
    """Writes multiline texts as literal blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_BlockText.add_representer(str, _text)
