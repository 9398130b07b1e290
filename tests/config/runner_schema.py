"""The runner's own list of keys, `keys.json`, as the tests use it."""

import json
from pathlib import Path
from typing import Any

DATA: dict[str, Any] = json.loads(Path(__file__).with_name("keys.json").read_text())

# keys.json compares releases struct by struct. These keys were in another struct before; the releases are
# those in which the tag appears anywhere in the configuration's source.
MOVED = {
    ("runners.docker", "tls_verify"): "0.6",
    ("runners.cache", "Type"): "1.1",
    ("runners.cache", "Path"): "1.9",
    ("runners.cache", "Shared"): "1.9",
    ("runners.cache", "MaxUploadedArchiveSize"): "15.6",
    ("runners.cache", "s3"): "11.3",
    ("runners.cache", "gcs"): "11.3",
    ("runners.cache", "azure"): "13.4",
}

KEYS = [{**key, "since": MOVED.get((key["section"], key["key"]), key["since"])} for key in DATA["keys"]]


def keys_of(section: str) -> list[str]:
    """Return the keys of a section, in which `[]` marks an array of tables: `runners.docker.services[]`."""
    return [key["key"] for key in KEYS if key["section"] == section]
