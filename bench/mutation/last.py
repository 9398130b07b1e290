"""The result of the last run."""

import json
from pathlib import Path

LAST = Path(__file__).with_name("last.json")


def keep(killed: int, mutants: int, seed: int, paths: list[str]) -> None:
    """Save the result of a run, which `./dev bench` and CI display."""
    percent = round(100 * killed / mutants, 1)
    figure = {"killed": killed, "mutants": mutants, "paths": paths, "percent": percent, "seed": seed}
    LAST.write_text(json.dumps(figure, indent=2) + "\n")
