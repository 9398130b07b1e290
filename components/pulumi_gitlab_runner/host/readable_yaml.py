"""YAML for people to read: in the order of its source, with the scripts in it as they are."""

from typing import Any

import yaml


def readable_yaml(data: Any) -> str:
    """Data as YAML. Text of several lines is a block.

    Args:
        data: of mappings, sequences, texts and numbers.
    """
    # PyYAML writes no block with a character beyond ASCII that it has to escape.
    return yaml.dump(data, Dumper=_BlockText, sort_keys=False, allow_unicode=True)


class _BlockText(yaml.SafeDumper):
    """Writes text of several lines as a block."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_BlockText.add_representer(str, _text)
