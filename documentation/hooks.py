"""Hooks of MkDocs: they add the pages that are not in `docs/`, and rewrite links to files outside of it.

`README.md`, `CHANGELOG.md`, `CONTRIBUTING.md` and `SECURITY.md` are pages. Any other file of the repository
that a page links to is added to the site as text. A link to a file that does not exist is left unchanged, and
fails the build, which is strict.
"""

import re
from pathlib import PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from documentation import reference
from sandbox.paths import CHECKOUT

PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security-reports.md",
}
"""The pages from outside `docs/`: the path in the repository to the path in the site."""

REFERENCE = {
    "components/pulumi_gitlab_runner/spec/stack.py": "reference/declaration.md",
    "components/pulumi_gitlab_runner/config/runner.py": "reference/config-toml.md",
    "components/pulumi_gitlab_runner/api.py": "reference/components.md",
    "components/pulumi_gitlab_runner/doctor/options.py": "reference/commands.md",
}
"""Generated pages, by the source file that links point to outside of the site."""

_CODE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(
    r"(?<=\]\()(?!\w+:|#)(?P<link>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))"
    r'|(?<=src=")(?!\w+:)(?P<image>[^"]+)|(?<=srcset=")(?P<picture>[^"]+)'
)


def on_files(files: Files, /, *, config: MkDocsConfig) -> Files:
    """Add the generated pages, and the files of the repository that pages link to."""
    for source, place in PAGES.items():
        text = (CHECKOUT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, place, content=_followed(text, source, files, config)))
    for place, text in reference.pages().items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, /, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite the links of a page of `docs/`; the links of generated pages are already rewritten."""
    if page.file.generated_by is not None:
        return markdown
    return _followed(markdown, f"docs/{page.file.src_uri}", files, config)


def _followed(markdown: str, source: str, files: Files, config: MkDocsConfig) -> str:
    """A page with its links rewritten to paths in the site.

    Args:
        markdown: the text of the page.
        source: the path of the page in the repository.
        files: the files of the site; linked files are added.
        config: the configuration of MkDocs.
    """
    place = PAGES.get(source, source.removeprefix("docs/"))

    def target(found: re.Match[str]) -> str:
        return _target(found, source, place, files, config)

    return "".join(
        part if part.startswith("```") else _LINK.sub(target, part) for part in _CODE.split(markdown)
    )


def _target(found: re.Match[str], source: str, place: str, files: Files, config: MkDocsConfig) -> str:
    """The target of a link in the site."""
    written = found["link"] or found["image"] or found["picture"]
    path = _normal(PurePosixPath(source).parent / written)
    if path in PAGES | REFERENCE:
        target = (PAGES | REFERENCE)[path]
    elif path.startswith("docs/"):
        target = path.removeprefix("docs/")
    elif (CHECKOUT / path).is_file():
        target = f"files/{path.replace('/.', '/').replace('/', '-')}.txt"
        if files.get_file_from_path(target) is None:
            files.append(File.generated(config, target, content=(CHECKOUT / path).read_bytes()))
    else:
        return found[0]
    up = "../" * (len(PurePosixPath(place).parts) - 1)
    return f"{up}{target}{found['anchor'] or ''}"


def _normal(path: PurePosixPath) -> str:
    """A path without `.` and `..`."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts[-1:] = []
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
