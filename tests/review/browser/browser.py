"""Notes as GitLab shows them: rendered to HTML, with Mermaid diagrams, in Chromium."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from markdown_it import MarkdownIt

from sandbox.paths import sandbox_directory

HERE = Path(__file__).parent
PROGRAMS = {"chromium": "chromium", "npm": "npm"}
"""The programs that are needed, and the Debian package of each."""
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=30000",
)

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of an element on the screen, in pixels."""


@dataclass(frozen=True)
class DrawnNode:
    """A node of a picture, as drawn.

    Attributes:
        lines: its text.
        change: its mark, `added`, `removed` or `changed`; empty without one.
        colour: the colour of its text.
        ground: the background colour of its text.
        size: the font size of its text, in pixels.
        text: the box of its text.
        shape: the box of the node.
    """

    lines: list[str]
    change: str
    colour: str
    ground: str
    size: float
    text: Box
    shape: Box


@dataclass(frozen=True)
class View:
    """A note as rendered with one version of Mermaid, on one kind of page.

    Attributes:
        note: the name of the note.
        mermaid: the major version of Mermaid.
        theme: ``light`` or ``dark``.
        error: why Mermaid could not draw the picture; empty without an error.
        parts: the first line of each part; ``picture`` for the picture.
        page: the box of the note.
        boxes: the boxes of all elements in the note.
        picture: the box of the picture.
        nodes: the nodes of the picture.
        arrows: the number of arrows in the picture.
    """

    note: str
    mermaid: int
    theme: str
    error: str = ""
    parts: tuple[str, ...] = ()
    page: Box = (0, 0, 0, 0)
    boxes: tuple[Box, ...] = ()
    picture: Box = (0, 0, 0, 0)
    nodes: tuple[DrawnNode, ...] = ()
    arrows: int = 0

    def node_of(self, name: str) -> DrawnNode:
        """The node that shows a name."""
        (found,) = (node for node in self.nodes if name in node.lines)
        return found


def missing() -> list[str]:
    """The Debian packages of the programs that are missing."""
    return [package for program, package in PROGRAMS.items() if shutil.which(program) is None]


def views(notes: Mapping[str, str], picture: Path) -> list[View]:
    """Render notes, each with every version of Mermaid, on a light page and on a dark one.

    Args:
        notes: their Markdown, by name.
        picture: the file to which a screenshot of all of them is saved.
    """
    markdown = MarkdownIt("commonmark").enable("table")
    html = "\n".join(
        f'<template id="{name}">{markdown.render(note)}</template>' for name, note in notes.items()
    )
    picture.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as directory:
        page = Path(directory) / "page.html"
        page.write_text(
            (HERE / "page.html").read_text().replace("MODULES", _modules().as_uri()).replace("NOTES", html)
        )
        run = subprocess.run(
            [
                "chromium",
                *OPTIONS,
                f"--user-data-dir={directory}/profile",
                "--window-size=3200,3200",
                f"--screenshot={picture}",
                "--dump-dom",
                page.as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    output = re.search(r'<script id="views" type="application/json">(.*?)</script>', run.stdout, re.DOTALL)
    assert output, f"the page did not come to its end:\n{run.stderr}"
    return [_view(each) for each in json.loads(output[1])]


def _view(fields: dict[str, Any]) -> View:
    nodes = tuple(DrawnNode(**node) for node in fields.pop("nodes", ()))
    return View(**fields, nodes=nodes)


def _modules() -> Path:
    """The folder of the modules that npm installs, kept for the next run."""
    files = [HERE / "package.json", HERE / "package-lock.json"]
    kept = (
        sandbox_directory()
        / "browser"
        / sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    )
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=kept.parent) as fresh:
            for file in files:
                shutil.copy(file, fresh)
            subprocess.run(
                ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=fresh,
                capture_output=True,
                text=True,
                timeout=300,
                check=True,
            )
            Path(fresh, "node_modules").rename(kept)
    return kept
