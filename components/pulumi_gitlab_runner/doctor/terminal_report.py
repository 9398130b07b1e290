"""Reports for a terminal."""

from collections.abc import Iterable, Mapping, Sequence
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

_MARKS = {
    Verdict.USED: ("✔", "green"),
    Verdict.OUTRANKED: ("↷", "yellow"),
    Verdict.NO_CREDENTIALS: ("∅", "yellow"),
    Verdict.NO_MATCH: ("·", "dim"),
    Verdict.LOST: ("✘", "red"),
}


class Terminal:
    """Prints reports to a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show_runner(self, host: RunnerHost) -> None:
        """Show the runner that the report is about."""
        name = printable(f"{host.name}, gitlab-runner {host.runner_version}")
        self._console.print(Text.assemble(("Runner: ", "dim"), name))

    def show_image(self, report: ImageReport) -> None:
        """Show one image with all its sources of credentials."""
        said = [line.text for line in report.runner.log if line.where is Where.JOB_LOG]
        self._show(
            _headline(report),
            {
                "runner": Folded(_choice(report.runner)),
                **({"docker pull": Folded(_docker(report, report.docker))} if report.docker else {}),
                "registry": Folded(_registry(report)),
                "job log": Folded(printable("\n".join(said)) or "says nothing about it"),
                "sources": Group(*map(_source, report.runner.sources)),
            },
        )

    def show_images(self, reports: Iterable[ImageReport]) -> None:
        """Show several images, with a few lines for each."""
        for report in reports:
            users = {"for": Folded(printable(_by_role(report.users)))} if report.users else {}
            pull = {"runner": Folded(_choice(report.runner)), "registry": Folded(_registry(report))}
            self._show(_headline(report), users | pull)

    def show_summary(self, reports: Sequence[ImageReport]) -> None:
        """Show several images in a table, with a row for each."""
        table = TerminalTable("", "uses", "credentials", "registry", "image")
        for report in reports:
            source = report.runner.source if report.runner.credentials else None
            name = printable(source.name) if source else "none"
            table.add(
                _mark(report),
                str(len(report.users)),
                "the pull fails" if report.runner.failure else name,
                report.answer.outcome if report.answer else "not asked",
                printable(report.image),
            )
        self._console.print()
        self._console.print(table)

    def show_pins(self, pins: Sequence[Pin], file: Path, *, written: bool) -> None:
        """Show the images of a pipeline with the state of their pins, before or after they are written."""
        several = len({pin.place.file for pin in pins}) > 1
        for pin in pins:
            changed = written and pin.state in (State.NOT_PINNED, State.MOVED)
            good = changed or pin.state in (State.PINNED, State.DIGEST_ALONE)
            in_file = f"{printable(str(shown_file(pin.place.file, file)))}, " if several else ""
            title = Text.assemble(
                (f"{in_file}line {pin.place.line}  ", "dim"),
                (printable(without_password(pin.name)), "bold"),
                "  ",
                ("pinned now" if changed else pin.state, "green" if good else "yellow"),
            )
            self._console.print(Folded(title, 2))
            self._console.print(_indented(Folded(Text(printable(pin.message), "dim"))))

    def show_facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Show facts as names and values; a fact whose name is indented is a detail of the one before."""
        rows = _grid()
        for name, value in facts:
            if name.startswith(" "):
                said = Text.assemble(printable(name.strip()), (printable(f"  {value}"), "dim"))
                rows.add_row("", _indented(Folded(said)))
            else:
                rows.add_row(Text(printable(name), "dim"), Folded(printable(value)))
        self._console.print(_indented(rows))

    def show_findings(self, findings: Sequence[Finding], *, partly: bool = False) -> None:
        """Show the findings with their fixes, and their number; `partly` if the pipeline was read in part."""
        for finding in findings:
            title = Text.assemble((finding.name, "bold red"), "  ", (printable(finding.where), "bold"))
            texts = {"found": finding.what, "impact": finding.why, "fix": finding.fix}
            self._show(title, {name: Folded(printable(text)) for name, text in texts.items()})
        self._console.print()
        if findings:
            number = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
            self._console.print(Text(number, "bold red"))
        else:
            self._console.print(
                Text("No findings in the files that were read." if partly else "No findings.", "bold green")
            )

    def _show(self, title: Text, facts: Mapping[str, RenderableType]) -> None:
        """Show a title, and facts below it."""
        rows = _grid()
        for name, value in facts.items():
            rows.add_row(Text(name, "green" if name == "fix" else "dim"), value)
        self._console.print()
        self._console.print(Folded(title, 2))
        self._console.print(_indented(rows))


def _by_role(users: Sequence[str]) -> str:
    """The jobs that use an image, grouped by role: ``image of a, b; service of c``."""
    roles: dict[str, list[str]] = {}
    for user in users:
        role, _, job = user.partition(" of ")
        roles.setdefault(role, []).append(job)
    return "; ".join(f"{role} of {', '.join(jobs)}" for role, jobs in roles.items())


def _indented(shown: RenderableType) -> Padding:
    return Padding(shown, (0, 0, 0, 2))


def _grid(padding: tuple[int, int] = (0, 2)) -> Table:
    grid = Table.grid(padding=padding)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _headline(report: ImageReport) -> Text:
    return Text.assemble(_mark(report), " ", (printable(report.image), "bold"))


def _mark(report: ImageReport) -> Text:
    if report.hit:
        return Text("✘", "red")
    return Text("!", "yellow") if report.findings else Text("✔", "green")


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
        lines.append(_indented(_entries(source.entries)))
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
