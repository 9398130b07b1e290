"""One note in a merge request for the preview of one stack."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from pulumi_gitlab_runner.review.dangers import Danger, DangerKind, dangers
from pulumi_gitlab_runner.review.host_state import host_of
from pulumi_gitlab_runner.review.markup import code, one_line
from pulumi_gitlab_runner.review.merge_request import Behind
from pulumi_gitlab_runner.review.picture import picture
from pulumi_gitlab_runner.review.preview import SECRET, UNKNOWN, Preview, Step

NOTE_SIZE = 1_000_000
"""How long a note may be: docs.gitlab.com/api/notes. Counted in bytes, as GitLab does since it means
1 MiB (gitlab-org/gitlab, merge request 18617), it holds for characters too."""

_SHOWN = {
    "accessLevel",
    "desiredCapacity",
    "environmentScope",
    "imageTagMutability",
    "instanceType",
    "locked",
    "masked",
    "maxSize",
    "maximumTimeout",
    "minSize",
    "paused",
    "protected",
    "raw",
    "tagLists",
    "untagged",
    "variableType",
}
"""The properties whose values are shown; of all others the note says only that they change."""
_SIGNS = {"create": "+", "import": "+", "delete": "-"}
_NAMES_OF_A_PHRASE = 12
_MESSAGE_LINE = 1000


def marker(stack: str) -> str:
    """The hidden line by which the note of a stack is found again.

    Args:
        stack: the stack's name, such as ``prod``; with its project's where several share a repository.
    """
    return f"<!-- pulumi-gitlab-runner review {quote(stack, safe='').replace('-', '%2D')} -->"


def note(preview: Preview, stack: str, size: int = NOTE_SIZE, behind: Behind | None = None) -> str:
    """The note: what is dangerous, the counts, a picture, then all that changes, folded.

    Of what is too long, the folded part is cut first, and the text says so.

    Args:
        preview: what would be done.
        stack: the stack's name.
        size: how long the note may be, in bytes of UTF-8; not less than 10,000.
        behind: what the merge request's branch lacks of its target, where it lacks something.
    """
    head = [marker(stack), f"### Preview of {code(stack)}", "", *_behind(behind)]
    summary = "\n".join([*head, *_summary(preview, size // 2)])
    drawn = picture(preview)
    parts = [summary]
    if drawn:
        parts.append(f"```mermaid\n{drawn}\n```")
    if warnings := _messages(preview, "warning", size // 10):
        parts.append(_details("Warnings", warnings))
    room = size - len("\n\n".join(parts).encode()) - 1000  # for what stands around the folded part
    if preview.changes:
        parts.append(_details("All changes", _changes(preview, room)))
    return "\n\n".join(parts) + "\n"


def _behind(behind: Behind | None) -> Iterator[str]:
    if behind:
        lacks = "1 commit" if behind.commits == 1 else f"{behind.commits} commits"
        yield f"**⚠ Behind:** the branch lacks {lacks} of {code(behind.target)}. What they brought"
        yield "shows here as taken back, and is not what a deployment will do. Rebase, or merge it, first.\n"


def _summary(preview: Preview, room: int) -> Iterator[str]:
    errors = _messages(preview, "error", room // 4)
    if errors:
        yield f"**The preview failed; what is below may not be all.**\n\n{errors}\n"
    found = dangers(preview)
    if found:
        yield from _fitting(_listed(found), room, "more lines of dangers")
    elif not errors:
        yield "No dangers found."
    yield ""
    yield f"**Counts:** {_counts(preview)}"


def _listed(found: Iterable[Danger]) -> Iterator[str]:
    kind: DangerKind | None = None
    for danger in found:
        if danger.kind != kind:
            if kind:
                yield ""
            kind = danger.kind
            yield f"**⚠ {kind}**"
            yield ""
        told = " ".join(_phrase(words, names) for words, names in danger.told)
        yield f"- {code(danger.name)} ({code(danger.of)}): {told}"


def _phrase(words: str, names: Sequence[str]) -> str:
    shown = [code(each) for each in names[:_NAMES_OF_A_PHRASE]]
    if (more := len(names) - len(shown)) > 0:
        shown.append(f"and {more} more")
    return f"{words} {', '.join(shown)}" if shown else words


def _counts(preview: Preview) -> str:
    counts = preview.counts
    told = [f"{number} to {one_line(operation)}" for operation, number in sorted(counts.items())]
    return ", ".join(told) or "nothing changes"


def _details(title: str, block: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{block}\n\n</details>"


def _changes(preview: Preview, room: int) -> str:
    """All that changes, as a diff that GitLab colours. No line of it can end the block: each has a sign."""
    lines = [line for step in preview.changes for line in _diff(step)]
    return "\n".join(["```diff", *_fitting(lines, room, "more lines"), "```"])


def _diff(step: Step) -> Iterator[str]:
    sign = _SIGNS.get(step.operation, "!")
    yield f"{sign} {one_line(step.operation)} {one_line(step.type)} {one_line(step.name)}"
    for path in dict.fromkeys(_shown_path(each) for each in step.changed):
        told = " (needs a new resource)" if path in step.replaced_for else ""
        values = f": {_shown(step.old.get(path))} → {_shown(step.new.get(path))}" if path in _SHOWN else ""
        yield f"{sign}     {one_line(path)}{values}{told}"
    for path in sorted(_changed_files(step)):
        yield f"{sign}         {one_line(path)}"


def _shown_path(path: str) -> str:
    """The whole property, `tagLists` of `tagLists[1]`, where its values are shown; else the path itself."""
    whole = re.split(r"[.\[]", path, maxsplit=1)[0]
    return whole if whole in _SHOWN else path


def _changed_files(step: Step) -> set[str]:
    """The files of a host that change, where both their states are known."""
    if host_of(step) is None or not step.old or not step.new:
        return set()
    try:
        old, new = json.loads(step.old["content"]), json.loads(step.new["content"])
        return {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()


def _shown(value: Any) -> str:
    if value == UNKNOWN:
        return "known after the update"
    return one_line(value if value == SECRET else json.dumps(value, ensure_ascii=False))


def _messages(preview: Preview, severity: str, room: int) -> str:
    """The messages of a severity as a block in which nothing has a meaning; empty for none."""
    lines = [
        f"| {one_line(line, _MESSAGE_LINE)}"
        for message in preview.messages
        if message.severity == severity
        for line in message.text.splitlines()
    ]
    return "\n".join(["```text", *_fitting(lines, room, "more lines"), "```"]) if lines else ""


def _fitting(lines: Iterable[str], room: int, what: str) -> list[str]:
    """As many lines as there is room for, in bytes; a last one says how many are left out."""
    lines = list(lines)
    for number, line in enumerate(lines):
        room -= len(line.encode()) + 1
        if room < 0:
            return [*lines[:number], f"… and {len(lines) - number} {what}"]
    return lines
