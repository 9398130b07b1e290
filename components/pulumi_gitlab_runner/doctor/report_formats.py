"""Findings in formats that merge requests show: SARIF, and GitLab's Code Quality report.

Sources: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html;
https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pulumi_gitlab_runner import __version__
from pulumi_gitlab_runner.doctor.explanations import EXPLANATIONS
from pulumi_gitlab_runner.doctor.finding import Finding
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Place

Located = Mapping[Finding, tuple[Place, ...]]
"""The findings, with their places in files."""

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(findings: Located, file: Path, project: Path) -> dict[str, Any]:
    """A SARIF log of one run.

    Args:
        findings: the findings with their places.
        file: the pipeline's file, which is the location of findings without a place.
        project: the root directory of the paths.
    """
    names = sorted({finding.name for finding in findings})
    rules = [
        {
            "id": str(name),
            "shortDescription": {"text": EXPLANATIONS[name].what},
            "help": {"text": EXPLANATIONS[name].fix},
            "helpUri": EXPLANATIONS[name].page,
        }
        for name in names
    ]
    results = [
        {
            "ruleId": str(finding.name),
            "ruleIndex": names.index(finding.name),
            "level": "error",
            "message": {"text": _text(finding)},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(path), "uriBaseId": "%SRCROOT%"},
                        "region": {"startLine": line},
                    }
                }
            ],
            "partialFingerprints": {"finding/v1": fingerprint},
        }
        for finding, path, line, fingerprint in _each(findings, file, project)
    ]
    driver = {"name": "runner-doctor", "version": __version__, "rules": rules}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def as_code_quality(findings: Located, file: Path, project: Path) -> list[dict[str, Any]]:
    """GitLab's Code Quality report. Arguments as for `as_sarif`."""
    return [
        {
            "description": _text(finding),
            "check_name": str(finding.name),
            "fingerprint": fingerprint,
            "severity": "major",
            "location": {"path": path, "lines": {"begin": line}},
        }
        for finding, path, line, fingerprint in _each(findings, file, project)
    ]


def _text(finding: Finding) -> str:
    return f"{finding.where}: {finding.what}; {finding.why}. To fix it: {finding.fix}"


def _each(findings: Located, file: Path, project: Path) -> Iterator[tuple[Finding, str, int, str]]:
    """Findings at each of their places: path, line and fingerprint, which does not depend on the line.

    A finding without a place is on the first line of the pipeline's file.
    """
    seen: Counter[str] = Counter()
    for finding, places in findings.items():
        for place in places or (Place(file, 1, 0, 0, finding.where),):
            path = place.file.absolute()
            shown = (path.relative_to(project) if path.is_relative_to(project) else path).as_posix()
            what = "\0".join((finding.name, shown, finding.what, place.written))
            seen[what] += 1
            yield finding, shown, place.line, hashlib.sha256(f"{what}\0{seen[what]}".encode()).hexdigest()
