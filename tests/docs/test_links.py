"""Each link of a document leads to a file and to one of its headings; this needs no built site."""

import re
from pathlib import Path

import pytest

from tests.docs.documents import CHECKOUT, DOCUMENTS

DOCUMENTS_WITH_LINKS = [*DOCUMENTS, CHECKOUT / "SECURITY.md", *sorted(CHECKOUT.glob("[!.]*/**/README.md"))]
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!\w+:)(?P<path>[^)\s#]*)(?:#(?P<anchor>[^)\s]*))?\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """The anchors of its headings, as GitLab and GitHub generate them."""
    headings = _HEADING.findall(_CODE.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("document", DOCUMENTS_WITH_LINKS, ids=lambda each: str(each.relative_to(CHECKOUT)))
def test_the_targets_of_all_links_exist(document: Path) -> None:
    wrong = []
    for link in _LINK.finditer(_CODE.sub("", document.read_text(encoding="utf-8"))):
        target = (document.parent / link["path"]).resolve() if link["path"] else document
        if not target.exists() or (link["anchor"] and link["anchor"] not in anchors(target)):
            wrong.append(link[0])
    assert wrong == []
