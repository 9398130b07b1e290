"""The note on a merge request about the preview of a stack."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from pulumi_gitlab_runner.review.dangers import DangerKind, dangers
from pulumi_gitlab_runner.review.declared_changes import declared_changes
from pulumi_gitlab_runner.review.host_state import host_of
from pulumi_gitlab_runner.review.lines import Line, lines_of, own_names
from pulumi_gitlab_runner.review.markup import code, one_line
from pulumi_gitlab_runner.review.merge_request import Behind
from pulumi_gitlab_runner.review.names import most_common
from pulumi_gitlab_runner.review.picture import picture
from pulumi_gitlab_runner.review.preview import SECRET, UNKNOWN, Preview, Step

NOTE_SIZE = 1_000_000
"""The maximum size of a note, in bytes: GitLab allows 1,000,000 characters (docs.gitlab.com/api/notes), or
1 MiB in later versions (gitlab-org/gitlab, merge request 18617). This size is below both limits."""

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
"""The properties whose values are shown; of other properties, the note shows only the name."""
_SIGNS = {"create": "+", "import": "+", "delete": "-"}
_LINES = 24
"""The maximum number of lines of dangers that are not collapsed."""
_CHANGES = 12
"""The maximum number of changes to the declaration that are not collapsed."""
_KINDS = 6
_MESSAGE_LINE = 1000


def marker(stack: str) -> str:
    """The hidden first line that identifies the note of a stack.

    Args:
        stack: the name of the stack, such as ``prod``; with the project if projects share a repository.
    """
    return f"<!-- pulumi-gitlab-runner review {quote(stack, safe='').replace('-', '%2D')} -->"


def note(preview: Preview, stack: str, size: int = NOTE_SIZE, behind: Behind | None = None) -> str:
    """The note: the dangers, the counts, a diagram, then all changes, collapsed.

    A note that is too long is cut in its collapsed part first, with the number of omitted lines.

    Args:
        preview: the preview.
        stack: the name of the stack.
        size: the maximum size of the note, in bytes of UTF-8; at least 10,000.
        behind: the commits of the target branch that the branch lacks; None if it lacks none.
    """
    head = [marker(stack), f"### Preview of {code(stack)}", "", *_behind(behind)]
    summary = "\n".join([*head, *_summary(preview, size // 2)])
    drawn = picture(preview)
    parts = [summary]
    if drawn:
        parts.append(f"```mermaid\n{drawn}\n```")
    if warnings := _messages(preview, "warning", size // 10):
        parts.append(_details("Warnings", warnings))
    room = size - len("\n\n".join(parts).encode()) - 1000  # for the text around the folded part
    if preview.changes:
        parts.append(_details("All changes", _changes(preview, room)))
    return "\n\n".join(parts) + "\n"


def _behind(behind: Behind | None) -> Iterator[str]:
    if behind:
        commits = "1 commit" if behind.commits == 1 else f"{behind.commits} commits"
        yield f"**⚠ Behind:** the branch is {commits} behind {code(behind.target)}. The preview shows their"
        yield "changes as reverted; a deployment does not revert them. First rebase the branch, or merge the"
        yield "target branch into it.\n"


def _summary(preview: Preview, room: int) -> Iterator[str]:
    errors = _messages(preview, "error", room // 4)
    if errors:
        yield f"**The preview failed; the note may be incomplete.**\n\n{errors}\n"
    lines = lines_of(dangers(preview), own_names(preview))
    known = [each for each in lines if each.is_known]
    if known:
        yield from _fitting(_listed(known[:_LINES]), room // 2, "more lines of dangers")
    elif not errors:
        yield "No dangers found."
    if further := list(_listed(known[_LINES:])):
        yield _folded(f"{len(known) - _LINES} more lines of dangers", further, room // 4)
    if unknown := [each for each in lines if not each.is_known]:
        title = f"Known only after the update ({sum(len(each.names) for each in unknown)}): check then"
        yield _folded(title, list(_listed(unknown)), room // 4)
    if changes := declared_changes(preview):
        yield "\n**Changes to the declaration**"
        yield from (f"- {each}" for each in changes[:_CHANGES])
        if further := [f"- {each}" for each in changes[_CHANGES:]]:
            yield _folded(f"{len(further)} more changes to the declaration", further, room // 4)
    yield ""
    yield from _counts(preview)


def _listed(lines: Iterable[Line]) -> Iterator[str]:
    kind: DangerKind | None = None
    for line in lines:
        if line.kind != kind:
            if kind:
                yield ""
            kind = line.kind
            yield f"**⚠ {kind}**"
        yield f"- {line.text}"


def _counts(preview: Preview) -> Iterator[str]:
    counts = preview.counts
    listed = [f"{number} to {one_line(operation)}" for operation, number in sorted(counts.items())]
    yield f"**Counts:** {', '.join(listed) or 'no changes'}"
    for operation in sorted(counts):
        kinds = Counter(
            step.type.rpartition(":")[2]
            for step in preview.changes
            if step.operation == operation and not step.is_component
        )
        most = most_common(kinds)[:_KINDS]
        shown = [f"{number} {code(kind)}" for kind, number in most]
        if (more := counts[operation] - sum(number for _, number in most)) > 0:
            shown.append(f"{more} others")
        yield f"- {one_line(operation)}: {', '.join(shown)}"


def _folded(title: str, lines: Sequence[str], room: int) -> str:
    return "\n" + _details(title, "\n".join(_fitting(lines, room, "more lines")))


def _details(title: str, block: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{block}\n\n</details>"


def _changes(preview: Preview, room: int) -> str:
    """All changes, as a diff that GitLab colours. No line can end the block: each starts with a sign."""
    lines = [line for step in preview.changes for line in _diff(step)]
    return "\n".join(["```diff", *_fitting(lines, room, "more lines"), "```"])


def _diff(step: Step) -> Iterator[str]:
    sign = _SIGNS.get(step.operation, "!")
    yield f"{sign} {one_line(step.operation)} {one_line(step.type)} {one_line(step.name)}"
    for path in dict.fromkeys(_shown_path(each) for each in step.changed):
        needs = " (requires replacement)" if path in step.replaced_for else ""
        values = f": {_shown(step.old.get(path))} → {_shown(step.new.get(path))}" if path in _SHOWN else ""
        yield f"{sign}     {one_line(path)}{values}{needs}"
    for path in sorted(_changed_files(step)):
        yield f"{sign}         {one_line(path)}"


def _shown_path(path: str) -> str:
    """The path to show: `tagLists` for `tagLists[1]` if the property's values are shown, else the path."""
    whole = re.split(r"[.\[]", path, maxsplit=1)[0]
    return whole if whole in _SHOWN else path


def _changed_files(step: Step) -> set[str]:
    """The paths of the host's files that change; empty unless the old and the new files are known."""
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
    """The messages of a severity as a code block; empty for none."""
    lines = [
        f"| {one_line(line, _MESSAGE_LINE)}"
        for message in preview.messages
        if message.severity == severity
        for line in message.text.splitlines()
    ]
    return "\n".join(["```text", *_fitting(lines, room, "more lines"), "```"]) if lines else ""


def _fitting(lines: Iterable[str], room: int, what: str) -> list[str]:
    """The first lines that fit into a size in bytes, and a last line with the number of omitted lines."""
    lines = list(lines)
    for number, line in enumerate(lines):
        room -= len(line.encode()) + 1
        if room < 0:
            return [*lines[:number], f"… and {len(lines) - number} {what}"]
    return lines
