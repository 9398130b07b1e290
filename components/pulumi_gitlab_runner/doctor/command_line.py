"""The command line of `runner-doctor`. Modules that are slow to import are imported in their commands."""

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.options import argument_parser
from pulumi_gitlab_runner.doctor.text_file import read_input, read_text, write_text
from pulumi_gitlab_runner.doctor.waiting import waiting
from pulumi_gitlab_runner.printable import printable, printable_json
from pulumi_gitlab_runner.runner_version import RunnerVersion

if TYPE_CHECKING:
    from pulumi_gitlab_runner.doctor.finding import Finding
    from pulumi_gitlab_runner.doctor.findings.image_names import Shorthands
    from pulumi_gitlab_runner.doctor.image_report import ImageReport, UsedImage
    from pulumi_gitlab_runner.doctor.job_variables import JobVariables
    from pulumi_gitlab_runner.doctor.leftovers.state import State
    from pulumi_gitlab_runner.doctor.pipelines.configuration import CiConfiguration, CiConfigurations
    from pulumi_gitlab_runner.doctor.report_formats import Located
    from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
    from pulumi_gitlab_runner.doctor.terminal_report import Terminal

WELL, FINDINGS, USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `runner-doctor`.

    Returns:
        0 without findings, 1 with findings, 2 for a usage error.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # so that any text of a file can be printed
    parser = argument_parser()
    if "_ARGCOMPLETE" in os.environ:  # the shell completes a command line
        import argcomplete

        argcomplete.autocomplete(parser)
    try:
        options = parser.parse_args(arguments)
    except SystemExit as ended:  # argparse's own: 0 after --help, 2 for a usage error
        return int(ended.code or 0)
    try:
        with waiting(options.name):
            findings = _command(options.name)(options)
    except UsageError as error:
        print(f"runner-doctor: {printable(str(error))}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        # The reader has closed the pipe; nothing may be written to it, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WELL
    except KeyboardInterrupt:
        return USAGE
    return FINDINGS if findings else WELL


def _command(name: str) -> "Callable[[argparse.Namespace], Sequence[Finding]]":
    return {
        "image": _image,
        "job": _job,
        "pin": _pin,
        "host": _examine_host,
        "online": _online,
        "leftovers": _leftovers,
    }[name]


def _image(options: argparse.Namespace) -> "Sequence[Finding]":
    from pulumi_gitlab_runner.doctor.findings.image_names import shorthand_findings
    from pulumi_gitlab_runner.doctor.image_report import UsedImage
    from pulumi_gitlab_runner.doctor.json_report import images_as_json
    from pulumi_gitlab_runner.doctor.runner_variables import RunnerVariables

    host, variables = _host(options), _variables(options)
    _, unknown = RunnerVariables(
        host.environment_for(variables.values), variables.values
    ).docker_auth_config()
    if unknown:
        raise UsageError(
            f"DOCKER_AUTH_CONFIG contains {', '.join(unknown)}, whose value is not known here; give it: "
            + " ".join(f"--variable {name}=…" for name in unknown)
        )
    report, *_ = _examined(options, [UsedImage(options.image, (), variables)], host)
    short = shorthand_findings(options.image, _shorthands(options, host))
    report = replace(report, findings=(*short, *report.findings))

    def show(terminal: "Terminal") -> None:
        terminal.show_runner(host)
        terminal.show_image(report)

    return _answer(options, dict.fromkeys(report.findings, ()), images_as_json([report], host), show)


def _job(options: argparse.Namespace) -> "Sequence[Finding]":
    from pulumi_gitlab_runner.doctor.json_report import images_as_json
    from pulumi_gitlab_runner.doctor.pipelines.pipeline import read_pipeline

    variables = _variables(options)
    configurations = _configurations(options, variables.values)
    host = _host(options, _runner_of_jobs(options, configurations, variables))
    merged = _merged_by_gitlab(options, host)
    pipeline = read_pipeline(
        configurations,
        options.job,
        variables,
        host,
        _shorthands(options, host),
        merged,
        protected=options.protected,
    )
    _say_what_was_not_read(pipeline.not_read)
    reports = _examined(options, pipeline.images, host)
    located = {finding: list(places) for finding, places in pipeline.findings.items()}
    for report, image in zip(reports, pipeline.images, strict=True):
        for finding in report.findings:
            located.setdefault(finding, []).extend(image.places)
    findings: Located = {finding: tuple(dict.fromkeys(places)) for finding, places in located.items()}

    def show(terminal: "Terminal") -> None:
        terminal.show_runner(host)
        terminal.show_images(reports)
        if len(reports) > 1:
            terminal.show_summary(reports)

    read = images_as_json(reports, host, pipeline.not_read)
    return _answer(options, findings, read, show, partly=bool(pipeline.not_read))


def _pin(options: argparse.Namespace) -> "Sequence[Finding]":
    from pulumi_gitlab_runner.doctor.host_files import FilesOnDisk
    from pulumi_gitlab_runner.doctor.job_variables import job_variables
    from pulumi_gitlab_runner.doctor.json_report import pins_as_json
    from pulumi_gitlab_runner.doctor.pipelines import pin
    from pulumi_gitlab_runner.doctor.runner_host import registry_certificates, this_user
    from pulumi_gitlab_runner.registry.client import RegistryClient

    given = job_variables(None, options.variable, None, protected=False).values
    configurations = _configurations(options, given)
    merged = _merged_by_gitlab(options)
    children = (merged or configurations.each[0]).child_pipelines()
    _say_what_was_not_read(children)
    with RegistryClient(registry_certificates(FilesOnDisk(Path("/")))) as client:
        pipeline = pin.examine_pins(configurations, given, this_user(), client, merged)
    for file in configurations.files if not options.check else ():
        text = read_text(file)
        changed = pin.with_pins(text, file, pipeline.pins)
        if changed != text:
            write_text(file, changed)
    findings = pin.pin_findings(pipeline, options.file, written=not options.check)

    def show(terminal: "Terminal") -> None:
        terminal.show_pins(pipeline.pins, options.file, written=not options.check)

    return _answer(options, findings, pins_as_json(pipeline.pins), show, partly=bool(children))


def _examine_host(options: argparse.Namespace) -> "Sequence[Finding]":
    from pulumi_gitlab_runner.doctor.host_report import examine_host
    from pulumi_gitlab_runner.doctor.json_report import host_as_json

    if options.stack and not options.live:
        raise UsageError(
            "a host that is only declared cannot be examined: add --live, or give its files with --root"
        )
    host = _host(options)
    report = examine_host(host)

    def show(terminal: "Terminal") -> None:
        terminal.show_runner(host)
        terminal.show_facts(report.facts)

    return _answer(options, dict.fromkeys(report.findings, ()), host_as_json(report, host), show)


def _online(options: argparse.Namespace) -> "Sequence[Finding]":
    from pulumi_gitlab_runner.doctor.gitlab import this_gitlab
    from pulumi_gitlab_runner.doctor.json_report import contacts_as_json
    from pulumi_gitlab_runner.doctor.online import contacts_of, online_findings, read_runners

    runners, gitlab = read_runners(read_input(options.runners)), this_gitlab()
    contacts = contacts_of(gitlab, runners, options.wait)
    findings = list(online_findings(contacts, gitlab.address))

    def show(terminal: "Terminal") -> None:
        terminal.show_facts([(each.runner.name, each.message) for each in contacts])

    return _answer(options, dict.fromkeys(findings, ()), contacts_as_json(contacts), show)


def _leftovers(options: argparse.Namespace) -> "Sequence[Finding]":
    from pulumi_gitlab_runner.doctor.leftovers.marked import leftover_findings
    from pulumi_gitlab_runner.doctor.leftovers.state import State, exported_state, project_name, read_state

    stack = str(options.stack).rpartition("/")[2]
    project = options.project or project_name(Path())
    if not project:
        raise UsageError("no Pulumi.yaml is found here: set the project with --project")
    mark = f"{project}/{stack}"
    if options.no_state:
        state = State()
    elif options.state:
        state = read_state(read_input(options.state))
    else:
        state = read_state(exported_state(options.stack))
    marked = []
    if options.only != "gitlab":
        from pulumi_gitlab_runner.doctor.leftovers.aws import BUCKET_PARENTS, marked_in_aws

        buckets = [each.name for each in state.components(BUCKET_PARENTS)]
        marked += marked_in_aws(mark, _regions(options, state), buckets)
    if options.only != "aws":
        from pulumi_gitlab_runner.doctor.gitlab import this_gitlab
        from pulumi_gitlab_runner.doctor.leftovers.gitlab import MarkedInGitLab, places_of

        marked += MarkedInGitLab(this_gitlab(), mark).find(places_of(state))
    findings = list(leftover_findings(marked, state, mark))

    def show(terminal: "Terminal") -> None:
        summary = f"{len(marked)} in AWS and GitLab, {len(findings)} of them not in its state"
        terminal.show_facts([(mark, summary)])

    return _answer(options, dict.fromkeys(findings, ()), {"mark": mark, "marked": len(marked)}, show)


def _regions(options: argparse.Namespace, state: "State") -> list[str]:
    """The AWS regions of a stack's resources."""
    from pulumi_gitlab_runner.doctor.stack_file import StackInFile, region_of_stack

    stack = StackInFile(options.stacks_dir, str(options.stack).rpartition("/")[2])
    known = {
        *options.region,
        *(arn.split(":")[3] for arn in state.arns),
        region_of_stack(stack) or "",
        os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "",
    }
    if regions := sorted(known - {""}):
        return regions
    raise UsageError("no AWS region is known: set one with --region")


def _examined(
    options: argparse.Namespace, images: "Sequence[UsedImage]", host: "RunnerHost"
) -> "Sequence[ImageReport]":
    from pulumi_gitlab_runner.doctor.image_report import examine

    if options.offline:
        rights = replace(host.pull_rights, ask=None) if host.pull_rights else None
        return examine(images, replace(host, pull_rights=rights), None)
    from pulumi_gitlab_runner.registry.client import RegistryClient

    with RegistryClient(host.certificates) as client:
        return examine(images, host, client)


def _answer(
    options: argparse.Namespace,
    findings: "Located",
    report: Mapping[str, object],
    show: Callable[["Terminal"], None],
    *,
    partly: bool = False,
) -> "Sequence[Finding]":
    """Print the report in the requested format, and return the findings.

    Args:
        options: the options of the command line.
        findings: the findings, with their places in files.
        report: the report as a JSON object, without the findings.
        show: prints the report to a terminal, without the findings.
        partly: whether a part of the pipeline was not read.
    """
    if options.format == "text":
        from pulumi_gitlab_runner.doctor.terminal_report import Terminal
        from pulumi_gitlab_runner.terminal import unpadded

        with unpadded() as console:
            terminal = Terminal(console)
            show(terminal)
            terminal.show_findings(list(findings), partly=partly)
        return list(findings)
    printed: object = {**report, "findings": [asdict(finding) for finding in findings]}
    if options.format != "json":
        from pulumi_gitlab_runner.doctor import report_formats
        from pulumi_gitlab_runner.doctor.pipelines.configuration import project_of

        form = report_formats.as_sarif if options.format == "sarif" else report_formats.as_code_quality
        printed = form(findings, options.file, project_of(options.file))
    print(printable_json(json.dumps(printed, indent=2, ensure_ascii=False)))
    return list(findings)


def _say_what_was_not_read(described: Sequence[str]) -> None:
    for each in described:
        print(f"runner-doctor: not read: {printable(each)}", file=sys.stderr)


def _configurations(options: argparse.Namespace, variables: Mapping[str, str]) -> "CiConfigurations":
    from pulumi_gitlab_runner.doctor.job_variables import assigned
    from pulumi_gitlab_runner.doctor.pipelines.configuration import read_configurations

    return read_configurations(options.file, variables, assigned("--input", "NAME=VALUE", options.input))


def _merged_by_gitlab(
    options: argparse.Namespace, host: "RunnerHost | None" = None
) -> "CiConfiguration | None":
    """The pipeline as merged by GitLab, if requested."""
    if not options.gitlab:
        return None
    from pulumi_gitlab_runner.doctor.pipelines.gitlab_lint import configuration_of_gitlab
    from pulumi_gitlab_runner.doctor.runner_host import gitlab_certificates

    certificates = gitlab_certificates(host.files) if host and host.files else ()
    return configuration_of_gitlab(options.file, options.gitlab, options.project, certificates)


def _shorthands(options: argparse.Namespace, host: "RunnerHost") -> "Shorthands":
    """The registries of the stack or of the host that a short name may refer to."""
    if options.stack:
        from pulumi_gitlab_runner.doctor.stack_file import StackInFile, shorthands_of_stack

        return shorthands_of_stack(StackInFile(options.stacks_dir, options.stack, options.account))
    from pulumi_gitlab_runner.auth.registry_list import read_registry_list
    from pulumi_gitlab_runner.doctor.findings.image_names import Shorthands
    from pulumi_gitlab_runner.doctor.runner_host import REGISTRIES

    listed = host.files.read(REGISTRIES).text if host.files else None
    return Shorthands(hosts=tuple(read_registry_list(listed or "")))


def _variables(options: argparse.Namespace) -> "JobVariables":
    from pulumi_gitlab_runner.doctor.job_variables import job_variables

    return job_variables(
        options.variables, options.variable, options.docker_auth_config, protected=options.protected
    )


def _runner_of_jobs(
    options: argparse.Namespace, configurations: "CiConfigurations", variables: "JobVariables"
) -> str | None:
    """The runner of a stack that runs the jobs, if the stack has several and none is selected."""
    if options.runner or not options.stack:
        return None
    from pulumi_gitlab_runner.doctor.pipelines.job_runners import runner_of_jobs
    from pulumi_gitlab_runner.doctor.pipelines.job_tags import tags_of_jobs
    from pulumi_gitlab_runner.doctor.stack_file import StackInFile, runners_of_stack

    runners = runners_of_stack(StackInFile(options.stacks_dir, options.stack, options.account))
    if len(runners.each) < 2:
        return None
    return runner_of_jobs(tags_of_jobs(configurations.each, options.job, variables.values), runners)


def _host(options: argparse.Namespace, default: str | None = None) -> "RunnerHost":
    """The runner that the options select; by default, that of this name in the stack."""
    from pulumi_gitlab_runner.doctor import runner_host

    version: str | None = options.runner_version
    if version:
        try:
            RunnerVersion.parse(version)
        except ValueError:
            raise UsageError(f"--runner-version {version}: write it as 18.11.0") from None
    if options.hosted:
        return runner_host.hosted_runner(version)
    if options.live and not options.stack:
        raise UsageError("--live needs --stack, which selects the host")
    if options.stack:
        from pulumi_gitlab_runner.doctor.stack_file import (
            StackInFile,
            live_runner_of_stack,
            runner_of_stack,
        )

        stack = StackInFile(options.stacks_dir, options.stack, options.account)
        if options.live:
            return live_runner_of_stack(stack, options.runner or default, version, options.container)
        return runner_of_stack(stack, options.runner or default, version)
    return runner_host.runner_on_disk(options.root or Path("/"), options.runner, version)


if __name__ == "__main__":
    sys.exit(main())
