"""Reports for a terminal."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pulumi_gitlab_runner.auth.resolution.trace import Entry, Resolution, Source, Status, Verdict, Where
from pulumi_gitlab_runner.doctor.finding import Finding
from pulumi_gitlab_runner.doctor.image_report import ImageReport, shown_user
from pulumi_gitlab_runner.doctor.pipelines.pin import Pin, State, shown_file
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
from pulumi_gitlab_runner.images.reference import without_password
from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.registry.answer import Outcome
from pulumi_gitlab_runner.terminal import Folded, TerminalTable

_GOOD, _DOUBTFUL, _BAD = Text("✔", "green"), Text("!", "yellow"), Text("✘", "red")
_MARKS = {
    Verdict.USED: ("✔", "green"),
    Verdict.OUTRANKED: ("↷", "yellow"),
    Verdict.NO_CREDENTIALS: ("∅", "yellow"),
    Verdict.NO_MATCH: ("·", "dim"),
    Verdict.LOST: ("✘", "red"),
}


def show_runner(console: Console, host: RunnerHost) -> None:
    """Show the runner that the report is about."""
    console.print(
        Text.assemble(("Runner: ", "dim"), printable(f"{host.name}, gitlab-runner {host.runner_version}"))
    )


def show_image(console: Console, report: ImageReport) -> None:
    """Show one image with all its sources of credentials."""
    facts = _grid()
    facts.add_row(Text("runner", "dim"), Folded(_choice(report.runner)))
    if report.docker:
        facts.add_row(Text("docker pull", "dim"), Folded(_docker(report, report.docker)))
    facts.add_row(Text("registry", "dim"), Folded(_registry(report)))
    said = [line.text for line in report.runner.log if line.where is Where.JOB_LOG]
    facts.add_row(Text("job log", "dim"), Folded(printable("\n".join(said)) or "says nothing about it"))
    facts.add_row(Text("looked at", "dim"), Group(*map(_source, report.runner.sources)))
    console.print()
    console.print(Folded(_headline(report), 2))
    console.print(Padding(facts, (0, 0, 0, 2)))


def show_images(console: Console, reports: Iterable[ImageReport]) -> None:
    """Show several images, with a few lines for each."""
    for report in reports:
        facts = _grid()
        if report.users:
            facts.add_row(Text("for", "dim"), Folded(printable(_by_role(report.users))))
        facts.add_row(Text("runner", "dim"), Folded(_choice(report.runner)))
        facts.add_row(Text("registry", "dim"), Folded(_registry(report)))
        console.print()
        console.print(Folded(_headline(report), 2))
        console.print(Padding(facts, (0, 0, 0, 2)))


def _by_role(users: Sequence[str]) -> str:
    """The jobs that use an image, grouped by role: ``image of a, b; service of c``."""
    roles: dict[str, list[str]] = {}
    for user in users:
        role, _, job = user.partition(" of ")
        roles.setdefault(role, []).append(job)
    return "; ".join(f"{role} of {', '.join(jobs)}" for role, jobs in roles.items())


def show_summary(console: Console, reports: Sequence[ImageReport]) -> None:
    """Show several images in a table, with a row for each."""
    table = TerminalTable("", "uses", "credentials of", "registry", "image")
    for report in reports:
        mark = _BAD if report.hit else _DOUBTFUL if report.findings else _GOOD
        source = report.runner.source if report.runner.credentials else None
        table.add(
            mark,
            str(len(report.users)),
            Text("the pull fails" if report.runner.failure else printable(source.name) if source else "none"),
            Text(report.answer.outcome if report.answer else "not asked"),
            Text(printable(report.image)),
        )
    console.print()
    console.print(table)


def show_pins(console: Console, pins: Sequence[Pin], file: Path, *, written: bool) -> None:
    """Show the images of a pipeline with the state of their pins, before or after the digests are written."""
    several = len({pin.place.file for pin in pins}) > 1
    for pin in pins:
        state: str = pin.state
        changed = written and pin.state in (State.NOT_PINNED, State.MOVED)
        if changed:
            state = "pinned now"
        good = changed or pin.state in (State.PINNED, State.DIGEST_ALONE)
        name = printable(without_password(pin.name))
        in_file = f"{printable(str(shown_file(pin.place.file, file)))}, " if several else ""
        title = Text.assemble(
            (f"{in_file}line {pin.place.line}  ", "dim"),
            (name, "bold"),
            "  ",
            (state, "green" if good else "yellow"),
        )
        console.print(Folded(title, 2))
        console.print(Padding(Folded(Text(printable(pin.message), "dim")), (0, 0, 0, 2)))


def show_findings(console: Console, findings: Sequence[Finding], *, partly: bool = False) -> None:
    """Show the findings with their fixes, and their number.

    Args:
        console: the terminal.
        findings: the findings.
        partly: whether a part of the pipeline was not read.
    """
    for finding in findings:
        console.print()
        title = Text.assemble((finding.name, "bold red"), "  ", (printable(finding.where), "bold"))
        console.print(Folded(title, 2))
        rows = _grid()
        rows.add_row(Text("found", "dim"), Folded(printable(finding.what)))
        rows.add_row(Text("matters", "dim"), Folded(printable(finding.why)))
        rows.add_row(Text("fix", "green"), Folded(printable(finding.fix)))
        console.print(Padding(rows, (0, 0, 0, 2)))
    console.print()
    if findings:
        number = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
        console.print(Text(number, "bold red"))
    else:
        console.print(Text("All well in what was read." if partly else "All well.", "bold green"))


def show_facts(console: Console, facts: Iterable[tuple[str, str]]) -> None:
    """Show facts as names and values; a fact whose name is indented is a detail of the one before."""
    rows = _grid()
    for name, value in facts:
        if name.startswith(" "):
            said = Text.assemble(printable(name.strip()), (printable(f"  {value}"), "dim"))
            rows.add_row("", Padding(Folded(said), (0, 0, 0, 2)))
        else:
            rows.add_row(Text(printable(name), "dim"), Folded(printable(value)))
    console.print(Padding(rows, (0, 0, 0, 2)))


def _grid(padding: tuple[int, int] = (0, 2)) -> Table:
    grid = Table.grid(padding=padding)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _headline(report: ImageReport) -> Text:
    mark = _BAD if report.hit else _DOUBTFUL if report.findings else _GOOD
    return Text.assemble(mark, " ", (printable(report.image), "bold"))


def _choice(resolution: Resolution) -> Text:
    """The credentials that the runner uses, and their source."""
    if resolution.failure:
        return Text(printable(f"the pull fails: {resolution.failure}"), "red")
    source, entry = resolution.source, resolution.entry
    if source is None or entry is None or not resolution.credentials:
        return Text("pulls without credentials: no source has credentials for it")
    user = shown_user(resolution.credentials)
    by = f", by {entry.helper}" if entry.helper else ""
    said = Text.assemble((printable(source.name), "bold"), printable(f" {entry.origin} → {entry.key}{by}"))
    if user:
        said.append(printable(f", user {user}"))
    return said


def _docker(report: ImageReport, docker: Resolution) -> Text:
    if report.difference:
        return Text.assemble(("differs: ", "yellow"), printable(report.difference))
    if docker.failure:
        return Text(printable(f"fails: {docker.failure}"), "yellow")
    return Text("the same credentials" if docker.credentials else "without credentials, too")


def _registry(report: ImageReport) -> Text:
    if report.answer is None:
        return Text(printable(f"not asked: {report.not_asked}"), "dim")
    return Text(report.answer.message, "green" if report.answer.outcome is Outcome.FOUND else "red")


def _source(source: Source) -> RenderableType:
    """A source of credentials with its entries."""
    if source.status is Status.ABSENT:
        title = Text.assemble(printable(source.name), (printable(f"  {source.reason}"), "dim"))
    elif source.status is Status.DROPPED:
        title = Text.assemble(printable(source.name), (printable(f"  dropped: {source.reason}"), "red"))
    else:
        title = Text(printable(source.name))
    notes = [Text(printable(f"  ! {note}"), "yellow") for note in source.notes]
    lines: list[RenderableType] = [title, *notes]
    if source.entries:
        lines.append(Padding(_entries(source.entries), (0, 0, 0, 2)))
    return Group(*lines)


def _entries(entries: Iterable[Entry]) -> Table:
    """The entries of a source with their verdicts, applicable ones first."""
    order = list(Verdict)
    rows = _grid((0, 1))
    for entry in sorted(entries, key=lambda entry: order.index(entry.verdict)):
        mark, style = _MARKS[entry.verdict]
        said = Text.assemble(printable(entry.key), (printable(f"  {entry.reason}"), "dim"))
        for note in entry.notes:
            said.append(printable(f"; {note}"), "yellow")
        rows.add_row(Text(mark, style), Folded(said))
    return rows
