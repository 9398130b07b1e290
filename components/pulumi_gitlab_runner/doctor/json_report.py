"""Reports as JSON for other programs, without secrets and without user names that may be secrets."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.doctor.finding import Finding
from pulumi_gitlab_runner.doctor.image_report import ImageReport, shown_user
from pulumi_gitlab_runner.doctor.pipelines.pin import Pin
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
from pulumi_gitlab_runner.images.reference import without_password

if TYPE_CHECKING:
    from pulumi_gitlab_runner.doctor.host_report import HostReport
    from pulumi_gitlab_runner.doctor.online import Contact


def images_as_json(
    reports: Sequence[ImageReport],
    findings: Sequence[Finding],
    host: RunnerHost,
    not_read: Sequence[str] = (),
) -> dict[str, Any]:
    """The examined images, the runner that pulls them, what was not read, and all findings."""
    return {
        "runner": {"host": host.name, "version": host.runner_version},
        "images": [_image(report) for report in reports],
        "not_read": list(not_read),
        "findings": findings_as_json(findings),
    }


def host_as_json(report: "HostReport", host: RunnerHost) -> dict[str, Any]:
    """The report on a host, and the findings."""
    return {
        "runner": {"host": host.name, "version": host.runner_version},
        "facts": [{"name": name.strip(), "value": value} for name, value in report.facts],
        "findings": findings_as_json(report.findings),
    }


def contacts_as_json(contacts: "Sequence[Contact]", findings: Sequence[Finding]) -> dict[str, Any]:
    """The status of runners in GitLab, and the findings."""
    return {
        "runners": [
            {
                "name": each.runner.name,
                "id": each.runner.number,
                "status": each.status,
                "online": each.online,
                "contacted_at": each.contacted_at,
            }
            for each in contacts
        ],
        "findings": findings_as_json(findings),
    }


def findings_as_json(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """The findings, each as an object with strings."""
    return [asdict(finding) for finding in findings]


def _image(report: ImageReport) -> dict[str, Any]:
    answer = report.answer
    return {
        "image": report.image,
        "users": list(report.users),
        "runner": _resolution(report.runner),
        "docker": _resolution(report.docker) if report.docker else None,
        "difference": report.difference,
        "hit": report.hit,
        "registry": {
            "outcome": answer.outcome if answer else "not asked",
            "message": answer.message if answer else report.not_asked,
            "digest": answer.digest if answer else None,
        },
        "findings": [finding.name for finding in report.findings],
    }


def _resolution(resolution: Resolution) -> dict[str, Any]:
    source, credentials = resolution.source, resolution.credentials
    return {
        "path": resolution.path,
        "source": source.name if source else None,
        "user": shown_user(credentials) if credentials else "",
        "failure": resolution.failure,
        "sources": [
            {
                "name": each.name,
                "status": each.status,
                "reason": each.reason,
                "notes": list(each.notes),
                "entries": [
                    {
                        "key": entry.key,
                        "origin": entry.origin,
                        "helper": entry.helper,
                        "verdict": entry.verdict,
                        "reason": entry.reason,
                        "notes": list(entry.notes),
                    }
                    for entry in each.entries
                ],
            }
            for each in resolution.sources
        ],
        "log": [{"where": line.where, "text": line.text} for line in resolution.log],
    }


def pins_as_json(pins: Sequence[Pin], findings: Sequence[Finding]) -> dict[str, Any]:
    """The images of a pipeline with their pins, and the findings."""
    return {
        "images": [
            {
                "image": without_password(pin.name),
                "file": str(pin.place.file),
                "line": pin.place.line,
                "state": pin.state,
                "message": pin.message,
                "pinned": without_password(pin.pinned) if pin.pinned else None,
            }
            for pin in pins
        ],
        "findings": findings_as_json(findings),
    }
