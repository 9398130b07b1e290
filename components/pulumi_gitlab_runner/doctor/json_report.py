"""Reports as JSON for other programs, without secrets and without user names that may be secrets.

The command line adds the findings.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.doctor.image_report import ImageReport, shown_user
from pulumi_gitlab_runner.images.reference import without_password

if TYPE_CHECKING:
    from pulumi_gitlab_runner.doctor.host_report import HostReport
    from pulumi_gitlab_runner.doctor.online import Contact
    from pulumi_gitlab_runner.doctor.pipelines.pin import Pin
    from pulumi_gitlab_runner.doctor.runner_host import RunnerHost

_OF_ENTRIES = ("key", "origin", "helper", "verdict", "reason", "notes")


def images_as_json(
    reports: Sequence[ImageReport], host: "RunnerHost", not_read: Sequence[str] = ()
) -> dict[str, Any]:
    """The examined images, the runner that pulls them, and what was not read."""
    return {
        "runner": {"host": host.name, "version": host.runner_version},
        "images": [_image(report) for report in reports],
        "not_read": list(not_read),
    }


def host_as_json(report: "HostReport", host: "RunnerHost") -> dict[str, Any]:
    """The report on a host."""
    return {
        "runner": {"host": host.name, "version": host.runner_version},
        "facts": [{"name": name.strip(), "value": value} for name, value in report.facts],
    }


def contacts_as_json(contacts: "Sequence[Contact]") -> dict[str, Any]:
    """The status of runners in GitLab."""
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
        ]
    }


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
                "entries": [{name: getattr(entry, name) for name in _OF_ENTRIES} for entry in each.entries],
            }
            for each in resolution.sources
        ],
        "log": [asdict(line) for line in resolution.log],
    }


def pins_as_json(pins: "Sequence[Pin]") -> dict[str, Any]:
    """The images of a pipeline with their pins."""
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
        ]
    }
