"""Examining a runner host: its process, files, credential helpers, Docker Engine and AWS identity."""

import json
import os
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_gitlab_runner.auth.resolution import helpers
from pulumi_gitlab_runner.auth.resolution.config_file import read_docker_config
from pulumi_gitlab_runner.auth.resolution.config_keys import docker_cli_of
from pulumi_gitlab_runner.auth.resolution.runner import resolve_as_runner
from pulumi_gitlab_runner.config.check import check
from pulumi_gitlab_runner.doctor.credentials_report import credential_facts
from pulumi_gitlab_runner.doctor.docker_engine import Engine, EngineUnreachableError, ask_engine, engine_of
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.findings.aws_identity import aws_identity_findings
from pulumi_gitlab_runner.doctor.findings.credentials import kept_credential_findings
from pulumi_gitlab_runner.doctor.findings.docker_config import docker_config_findings
from pulumi_gitlab_runner.doctor.findings.helpers import helper_findings, silent_helper
from pulumi_gitlab_runner.doctor.findings.host_files import file_mode_findings, home_findings
from pulumi_gitlab_runner.doctor.host_files import FilesOnDisk, HostFiles
from pulumi_gitlab_runner.doctor.live.runner import GatheredFiles
from pulumi_gitlab_runner.doctor.manager_process import ManagerProcess
from pulumi_gitlab_runner.doctor.runner_host import CONFIG, REGISTRIES, RunnerHost
from pulumi_gitlab_runner.images.reference import without_password
from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.spec.declared import NETWORK_PER_JOB

_DOCKER_SOCKET = "/var/run/docker.sock"
_NO_IMAGE = "registry.invalid/none"
"""An image without credentials, so that every credential helper is called for it."""


@dataclass
class HostReport:
    """The report on a runner host: names and values to show, and the findings."""

    facts: list[tuple[str, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def examine_host(host: RunnerHost) -> HostReport:
    """Examine the host of a runner; there is nothing to examine for a hosted runner.

    The files of a live host include the answers of its Docker Engine and of AWS, which are otherwise
    requested only for this host.
    """
    report, files, process = HostReport(), host.files, host.process
    if files is None or process is None:
        return report
    _examine_process(report, process)
    _examine_identity(report, files, process)
    _examine_credentials(report, host, process)
    _examine_modes(report, host, files, process)
    config = _examine_config(report, host, files)
    _examine_engine(report, host, files, config)
    report.findings = list(dict.fromkeys(report.findings))
    return report


def _examine_process(report: HostReport, process: ManagerProcess) -> None:
    report.facts += [
        ("unit", ", ".join(process.files) or "no unit found; the packaged one is assumed"),
        ("process", f"user {process.user}, home {process.home}"),
        ("PATH", process.path),
        ("region", process.environment.get("AWS_REGION", "not set by the unit")),
    ]


def _examine_credentials(report: HostReport, host: RunnerHost, process: ManagerProcess) -> None:
    """The Docker configuration that the process reads, and the answers of its credential helpers."""
    report.findings += home_findings(host)
    kept = host.kept.registries if host.kept else ()
    opened = next((file for file in host.home if file.text is not None), None)
    nowhere = f"no Docker configuration in {process.home}"
    report.facts.append(("credentials", opened.path if opened else nowhere))
    if host.kept:
        report.facts += credential_facts(kept)
        report.findings += kept_credential_findings(host.kept)
    if opened is None or opened.text is None:
        return
    config = read_docker_config(opened.text, docker_cli_of(host.version))
    report.findings += docker_config_findings(opened.text, opened.path, host.version)
    resolution = resolve_as_runner(
        _NO_IMAGE, runner_version=host.runner_version, run_helper=host.run_helper, home=host.home
    )
    report.findings += helper_findings(resolution, host)
    renewed = {each.registry for each in kept}
    for key, fixed in sorted(config.auths.items()):
        if key not in config.credential_helpers and key not in renewed:
            what = "a user and password" if fixed.password else "a token" if fixed else "an empty entry"
            report.facts.append((f"  {without_password(key)}", what))
    for key, helper in sorted(config.credential_helpers.items()):
        try:
            held = helpers.get(host.run_helper, helper, key)
        except helpers.HelperFailure as failure:
            report.facts.append((f"  {key}", f"{failure.program}: {failure.text}"))
            continue
        program = helpers.program_name(helper)
        answered = "answers" if held else "has no credentials for it"
        report.facts.append((f"  {key}", f"{program} {answered}"))
        if not held:
            report.findings.append(silent_helper(opened.path, key, program))


def _examine_modes(report: HostReport, host: RunnerHost, files: HostFiles, process: ManagerProcess) -> None:
    programs = [
        f"{directory}/{name}"
        for directory in process.path.split(":")
        for name in files.names(directory)
        if name.startswith("docker-credential-")
    ]
    report.facts.append(("helpers", ", ".join(programs) or "none on this PATH"))
    secret = [CONFIG, REGISTRIES, *(file.path for file in host.home)]
    report.findings += file_mode_findings(files, secret, programs)


def _examine_config(report: HostReport, host: RunnerHost, files: HostFiles) -> dict[str, Any]:
    """The config.toml, checked against the runner's version."""
    found = files.read(CONFIG)
    if found.text is None:
        report.findings.append(
            Finding(
                FindingName.CONFIG_UNREADABLE,
                CONFIG,
                f"it cannot be read: {found.problem}" if found.problem else "it does not exist",
                "without it, the runner runs no jobs",
                "run the doctor as root; if the file does not exist, register the runner",
            )
        )
        return {}
    config = tomllib.loads(found.text)  # valid TOML: runner_host has parsed it
    for problem in check(config, host.runner_version):
        why = "the runner ignores it, refuses it or fails with it"
        if problem.severity == "warning":
            why = "it works, but probably not as intended"
        where = f"{CONFIG}, {problem.path}" if problem.path else CONFIG
        report.findings.append(
            Finding(FindingName.CONFIG, where, problem.found, problem.why or why, problem.fix)
        )
    report.facts.append(("config", f"{CONFIG}: concurrent = {config.get('concurrent', 1)}"))
    return config


def _examine_engine(report: HostReport, host: RunnerHost, files: HostFiles, config: dict[str, Any]) -> None:
    """The Docker Engine, and whether its address pools have a network for every job."""
    address = host.docker_settings.get("host") or f"unix://{_DOCKER_SOCKET}"
    if not isinstance(address, str) or not address.startswith("unix://"):
        report.facts.append(("docker", "elsewhere: not asked"))
        return
    socket = address.removeprefix("unix://")
    try:
        engine = _engine(files, socket)
    except EngineUnreachableError as error:
        report.facts.append(("docker", f"{socket}: {error}"))
        report.findings.append(
            Finding(
                FindingName.DOCKER_UNREACHABLE,
                socket,
                f"the Docker Engine does not answer: {error}",
                "no job can start",
                "check: systemctl status docker; the runner's user must be able to open the socket",
            )
        )
        return
    if engine is None:
        report.facts.append(("docker", "not checked: only the files of the host are available"))
        return
    report.facts.append(
        ("docker", f"{engine.version}, {engine.networks} of {engine.all_networks} networks available")
    )
    report.findings += _too_few_networks(host, engine.networks, config.get("concurrent", 1))


def _engine(files: HostFiles, socket: str) -> Engine | None:
    """The Docker Engine at a socket of the host; None if it is unknown."""
    if isinstance(files, GatheredFiles) and files.engine is not None:
        if "problem" in files.engine:
            raise EngineUnreachableError(printable(str(files.engine["problem"])))
        return engine_of(files.engine.get("info"), files.engine.get("networks"))
    place = files.place(socket) if isinstance(files, FilesOnDisk) else None
    if place is None or (not files.is_this_host and not place.exists()):
        return None
    return ask_engine(place)


def _too_few_networks(host: RunnerHost, left: int, jobs: object) -> Iterator[Finding]:
    flags = host.settings.get("feature_flags")
    per_job = isinstance(flags, dict) and flags.get(NETWORK_PER_JOB) is True
    if per_job and isinstance(jobs, int) and left < jobs:
        yield Finding(
            FindingName.ADDRESS_POOLS,
            "/etc/docker/daemon.json",
            f"{left} more networks are available, but up to {jobs} jobs run at a time, each with a network",
            'a job without a network fails: "could not find an available, non-overlapping IPv4 address pool"',
            "remove the networks of finished jobs (docker network prune), and add addresses to "
            'default-address-pools: [{"base": "10.200.0.0/16", "size": 24}] has 256 networks',
        )


def _examine_identity(report: HostReport, files: HostFiles, process: ManagerProcess) -> None:
    """The AWS identity of the process."""
    known = files.identity if isinstance(files, GatheredFiles) else None
    if files.is_this_host:
        known = _own_identity(process)
    if known is None:
        if files.is_this_host:
            report.facts.append(("AWS identity", "not asked: there is no aws command"))
        return
    if "arn" in known:
        report.facts.append(("AWS identity", printable(known["arn"])))
        return
    report.facts.append(("AWS identity", "none"))
    reason = printable(str(known.get("problem")))
    report.findings += aws_identity_findings(files.read(REGISTRIES).text or "", reason)


def _own_identity(process: ManagerProcess) -> Mapping[str, str] | None:
    """The AWS identity of a process on this host: ``arn`` or ``problem``; None without an aws command."""
    command = ["aws", "sts", "get-caller-identity", "--output", "json", "--cli-connect-timeout", "3"]
    if region := process.environment.get("AWS_REGION"):
        command += ["--region", region]  # version 1 of the AWS CLI does not read the variable
    environment = {**process.environment, "PATH": os.environ.get("PATH", os.defpath), "AWS_MAX_ATTEMPTS": "1"}
    try:
        asked = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=15)
        return {"arn": str(json.loads(asked.stdout)["Arn"])}
    except FileNotFoundError:
        return None
    except subprocess.CalledProcessError as error:
        return {"problem": " ".join(error.stderr.decode(errors="replace").split()) or "it does not say why"}
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return {"problem": "it does not answer"}
