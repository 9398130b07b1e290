"""`runner-doctor`: the command line. What takes long to load is loaded by the command that needs it."""

import argparse
import io
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.text_file import read_text, write_text
from pulumi_gitlab_runner.printable import printable, printable_json

if TYPE_CHECKING:
    from pulumi_gitlab_runner.doctor.finding import Finding
    from pulumi_gitlab_runner.doctor.image_report import AskedImage
    from pulumi_gitlab_runner.doctor.job_variables import JobVariables
    from pulumi_gitlab_runner.doctor.runner_host import RunnerHost

WELL, FINDINGS, USAGE = 0, 1, 2
DOCKER_CERTIFICATES = Path("/etc/docker/certs.d")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `runner-doctor`.

    Returns:
        0 when all is well, 1 when there is a finding, 2 when it was asked in a way it cannot answer.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # whatever a file holds can be shown
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as ended:  # argparse's own: 0 after --help, 2 for a wrong use
        return int(ended.code or 0)
    try:
        findings: Sequence[Finding] = options.command(options)
    except UsageError as error:
        print(f"runner-doctor: {printable(str(error))}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        # Whoever reads has enough; nothing more may be written, not even at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WELL
    except KeyboardInterrupt:
        return USAGE
    return FINDINGS if findings else WELL


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="runner-doctor",
        description="Says which credentials GitLab Runner pulls an image with, why, and how to mend it.",
        epilog="Exit status: 0 all well, 1 a finding, 2 a usage error.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    image = commands.add_parser("image", help="explain the pull of one image")
    image.add_argument("image", metavar="IMAGE")
    image.set_defaults(command=_image)
    _add_runner(image)
    _add_variables(image)
    _add_registry(image)

    job = commands.add_parser("job", help="explain the pulls of every image and service of a pipeline")
    job.add_argument("file", type=Path, metavar="FILE", help="the .gitlab-ci.yml")
    job.add_argument("job", nargs="?", metavar="JOB", help="one job alone")
    job.set_defaults(command=_job)
    _add_runner(job)
    _add_variables(job)
    _add_registry(job)

    pin = commands.add_parser("pin", help="pin every image of a pipeline to its digest")
    pin.add_argument("file", type=Path, metavar="FILE", help="the .gitlab-ci.yml; changed in place")
    pin.add_argument(
        "--check", action="store_true", help="change nothing; say what is not pinned or has moved"
    )
    pin.add_argument("--variable", action="append", default=[], metavar="KEY=VALUE", help="of a name in it")
    pin.set_defaults(command=_pin)

    host = commands.add_parser("host", help="examine a runner host")
    host.add_argument(
        "--root", type=Path, default=Path("/"), metavar="DIR", help="its files (default: this host)"
    )
    host.add_argument("--runner", metavar="NAME", help="the runner's name, where there are several")
    host.add_argument("--runner-version", metavar="VERSION", help="such as 18.11.0 (default: its own)")
    _add_stack(host)
    host.set_defaults(command=_examine_host, hosted=False)

    online = commands.add_parser("online", help="say whether a stack's runners are in contact with GitLab")
    online.add_argument(
        "runners",
        type=Path,
        nargs="?",
        default=Path("-"),
        metavar="FILE",
        help="what `pulumi stack output runners --json` wrote (default: -, the standard input)",
    )
    online.add_argument(
        "--wait", type=float, default=0, metavar="SECONDS", help="until they are (default: 0)"
    )
    online.set_defaults(command=_online)

    for each in (image, job, pin, host, online):
        each.add_argument("--json", action="store_true", help="answer in JSON")
    return parser


def _add_runner(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which runner (default: that of this host)")
    which = group.add_mutually_exclusive_group()
    _add_stack(group, which)
    which.add_argument("--root", type=Path, metavar="DIR", help="one whose host's files lie below DIR")
    which.add_argument("--hosted", action="store_true", help="one whose host is out of reach")
    group.add_argument("--runner", metavar="NAME", help="the runner's name, where there are several")
    group.add_argument("--runner-version", metavar="VERSION", help="such as 18.11.0 (default: its own)")


def _add_stack(group: argparse._ActionsContainer, which: argparse._ActionsContainer | None = None) -> None:
    (which or group).add_argument("--stack", help="one that a stack's file declares")
    group.add_argument(
        "--live", action="store_true", help="with --stack: as it is on its instance, by Systems Manager"
    )
    group.add_argument(
        "--stacks-dir",
        type=Path,
        default=Path("stacks"),
        metavar="DIR",
        help="the directory of stack files (stacks)",
    )
    group.add_argument("--account", help="the stack's AWS account (default: that of your credentials)")


def _add_variables(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the job's CI variables")
    group.add_argument(
        "--docker-auth-config", metavar="TEXT|@FILE", help="DOCKER_AUTH_CONFIG of the job, project or group"
    )
    group.add_argument(
        "--variable",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other; CI_REGISTRY and CI_JOB_TOKEN are the credentials that GitLab sends with the job",
    )
    group.add_argument(
        "--variables", type=Path, metavar="FILE", help="all, as GitLab's API lists them (JSON)"
    )
    group.add_argument("--protected", action="store_true", help="the job's branch or tag is protected")


def _add_registry(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--offline", action="store_true", help="do not ask the registries")


def _image(options: argparse.Namespace) -> "Sequence[Finding]":
    from pulumi_gitlab_runner.doctor.image_report import AskedImage

    asked = AskedImage(options.image, (), _variables(options))
    return _show(options, [asked], _host(options), several=False)


def _job(options: argparse.Namespace) -> "Sequence[Finding]":
    from pulumi_gitlab_runner.doctor.pipeline import read_pipeline

    host = _host(options)
    pipeline = read_pipeline(options.file, options.job, _variables(options), host)
    for elsewhere in pipeline.not_followed:
        print(f"runner-doctor: not read: {printable(elsewhere)}", file=sys.stderr)
    return _show(options, pipeline.images, host, pipeline.findings, several=True)


def _pin(options: argparse.Namespace) -> "Sequence[Finding]":
    from pulumi_gitlab_runner.doctor import pin
    from pulumi_gitlab_runner.doctor.job_variables import job_variables
    from pulumi_gitlab_runner.doctor.runner_host import this_user
    from pulumi_gitlab_runner.registry.client import RegistryClient

    file: Path = options.file
    given = job_variables(None, options.variable, None, protected=False).values
    text = read_text(file)
    with RegistryClient(DOCKER_CERTIFICATES) as client:
        pins = pin.examine_pins(file, text, given, this_user(), client)
    changed = pin.with_pins(text, pins)
    if changed != text and not options.check:
        write_text(file, changed)
    findings = pin.pin_findings(file, pins, written=not options.check)
    if options.json:
        from pulumi_gitlab_runner.doctor.json_report import pins_as_json

        _print_json(pins_as_json(pins, findings))
        return findings
    from rich.console import Console

    from pulumi_gitlab_runner.doctor import report as terminal

    console = Console(highlight=False)
    terminal.show_pins(console, pins, written=not options.check)
    terminal.show_findings(console, findings)
    return findings


def _examine_host(options: argparse.Namespace) -> "Sequence[Finding]":
    from pulumi_gitlab_runner.doctor.host_files import FilesOnDisk
    from pulumi_gitlab_runner.doctor.host_report import examine_host
    from pulumi_gitlab_runner.doctor.live.runner import GatheredFiles
    from pulumi_gitlab_runner.doctor.manager_process import manager_process

    if options.stack and not options.live:
        raise UsageError(
            "a host that is only declared cannot be examined: add --live, or name its files by --root"
        )
    host = _host(options)
    files = host.files if isinstance(host.files, GatheredFiles) else FilesOnDisk(options.root)
    report = examine_host(host, files, manager_process(files))
    if options.json:
        from pulumi_gitlab_runner.doctor.json_report import host_as_json

        _print_json(host_as_json(report, host))
        return report.findings
    from rich.console import Console

    from pulumi_gitlab_runner.doctor import report as terminal

    console = Console(highlight=False)
    terminal.show_runner(console, host)
    terminal.show_facts(console, report.facts)
    terminal.show_findings(console, report.findings)
    return report.findings


def _online(options: argparse.Namespace) -> "Sequence[Finding]":
    from pulumi_gitlab_runner.doctor.online import online_findings, read_runners, this_gitlab

    text = sys.stdin.read() if str(options.runners) == "-" else read_text(options.runners)
    runners, gitlab = read_runners(text), this_gitlab()
    contacts = gitlab.contacts(runners, options.wait)
    findings = list(online_findings(contacts, gitlab.address))
    if options.json:
        from pulumi_gitlab_runner.doctor.json_report import contacts_as_json

        _print_json(contacts_as_json(contacts, findings))
        return findings
    from rich.console import Console

    from pulumi_gitlab_runner.doctor import report as terminal

    console = Console(highlight=False)
    terminal.show_facts(console, [(each.runner.name, each.told) for each in contacts])
    terminal.show_findings(console, findings)
    return findings


def _show(
    options: argparse.Namespace,
    asked: "Sequence[AskedImage]",
    host: "RunnerHost",
    findings: "Sequence[Finding]" = (),
    *,
    several: bool,
) -> "Sequence[Finding]":
    """Examine images, show what was found besides earlier findings, and return all of them."""
    from pulumi_gitlab_runner.doctor.image_report import examine

    if options.offline:
        reports = examine(asked, host, None)
    else:
        from pulumi_gitlab_runner.registry.client import RegistryClient

        with RegistryClient(host.certificates) as client:
            reports = examine(asked, host, client)
    examined = (finding for report in reports for finding in report.findings)
    findings = list(dict.fromkeys((*findings, *examined)))
    if options.json:
        from pulumi_gitlab_runner.doctor.json_report import images_as_json

        _print_json(images_as_json(reports, findings, host))
        return findings
    from rich.console import Console

    from pulumi_gitlab_runner.doctor import report as terminal

    console = Console(highlight=False)
    terminal.show_runner(console, host)
    if several:
        terminal.show_images(console, reports)
    else:
        terminal.show_image(console, reports[0])
    terminal.show_findings(console, findings)
    return findings


def _print_json(value: object) -> None:
    print(printable_json(json.dumps(value, indent=2, ensure_ascii=False)))


def _variables(options: argparse.Namespace) -> "JobVariables":
    from pulumi_gitlab_runner.doctor.job_variables import job_variables

    return job_variables(
        options.variables, options.variable, options.docker_auth_config, protected=options.protected
    )


def _host(options: argparse.Namespace) -> "RunnerHost":
    """The runner that the options name."""
    from pulumi_gitlab_runner.doctor import runner_host

    version: str | None = options.runner_version
    if version and not re.match(r"v?\d+\.\d+(?!\d)", version):
        raise UsageError(f"--runner-version {version}: write it as 18.11.0")
    if options.hosted:
        return runner_host.hosted_runner(version)
    if options.live and not options.stack:
        raise UsageError("--live needs --stack, which says whose instance it is")
    if options.stack:
        from pulumi_gitlab_runner.doctor.stack_file import live_runner_of_stack, runner_of_stack

        asked = live_runner_of_stack if options.live else runner_of_stack
        return asked(options.stacks_dir, options.stack, options.runner, options.account, version)
    return runner_host.runner_on_disk(options.root or Path("/"), options.runner, version)


if __name__ == "__main__":
    sys.exit(main())
