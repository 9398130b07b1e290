"""The documents of the repository, and the blocks of code in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
DOCUMENTS = [
    CHECKOUT / "README.md",
    CHECKOUT / "CONTRIBUTING.md",
    *sorted((CHECKOUT / "docs").glob("*.md")),
]

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>.+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        document: the document that has it.
        line: the line of its first fence.
        mark: the text of the comment in the line before, such as `output: ./dev up`; else empty.
        language: the language of the fence.
        text: the text between the fences.
    """

    document: Path
    line: int
    mark: str
    language: str
    text: str

    @property
    def name(self) -> str:
        """The document and line, for messages."""
        return f"{self.document.relative_to(CHECKOUT)}:{self.line}"


def blocks() -> Iterator[Block]:
    """The blocks of all documents."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for found in _BLOCK.finditer(text):
            line = text.count("\n", 0, found.start("language")) + 1
            yield Block(document, line, found["mark"] or "", found["language"], found["text"])


def replace(block: Block, text: str) -> None:
    """Replace the text of a block in its document."""
    before = block.document.read_text(encoding="utf-8")
    fence = f"<!-- {block.mark} -->\n```{block.language}\n"
    assert before.count(fence + block.text) == 1, block.name
    block.document.write_text(before.replace(fence + block.text, fence + text), encoding="utf-8")
