"""Reading `.gitlab-ci.yml` with what it includes, extends and refers to, as GitLab merges them.

Source: GitLab, lib/gitlab/ci/config.rb: includes first, then `extends`, then `!reference`.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pulumi_gitlab_runner.doctor.errors import UsageError

_DEEPEST_REFERENCE = 10
_MOST_INCLUDES = 150
"""GitLab's own limits."""


@dataclass(frozen=True)
class Reference:
    """A ``!reference [job, key, …]``."""

    keys: tuple[str, ...]


class CiLoader(yaml.SafeLoader):
    """Reads YAML with GitLab's `!reference`."""


def _reference(loader: CiLoader, node: yaml.Node) -> Reference:
    if not isinstance(node, yaml.SequenceNode):
        raise yaml.constructor.ConstructorError(None, None, "!reference takes a list", node.start_mark)
    return Reference(tuple(map(str, loader.construct_sequence(node))))


CiLoader.add_constructor("!reference", _reference)


@dataclass(frozen=True)
class CiConfiguration:
    """A pipeline's configuration, includes, `extends` and `!reference` worked in.

    Attributes:
        content: jobs and global keys, by name.
        not_followed: what it includes from elsewhere, which was not read.
    """

    content: Mapping[str, Any]
    not_followed: tuple[str, ...]


def read_ci_configuration(file: Path) -> CiConfiguration:
    """Read a pipeline's configuration.

    Args:
        file: the ``.gitlab-ci.yml``. What it includes lies below the nearest folder above it with ``.git``,
            or below its own.

    Raises:
        UsageError: a file cannot be read, is not such a configuration, or goes in circles.
    """
    file = file.absolute()
    project = next((parent for parent in file.parents if (parent / ".git").exists()), file.parent)
    not_followed: list[str] = []
    merged = _with_includes(file, project, [], not_followed)
    extended = {name: _extended(merged, name, ()) for name in merged}
    return CiConfiguration(
        {name: _resolved(value, extended, 0) for name, value in extended.items()}, tuple(not_followed)
    )


def _with_includes(file: Path, project: Path, read: list[Path], not_followed: list[str]) -> dict[str, Any]:
    """A file merged over what it includes."""
    read.append(file)
    if len(read) > _MOST_INCLUDES:
        raise UsageError(f"{file}: more than {_MOST_INCLUDES} files are included")
    content = _load(file)
    included = content.pop("include", [])
    result: dict[str, Any] = {}
    for include in included if isinstance(included, list) else [included]:
        local = include if isinstance(include, str) else None
        if isinstance(include, dict) and isinstance(include.get("local"), str):
            local = include["local"]
        if local is None or "://" in local:
            not_followed.append(_described(include))
            continue
        for path in _local_files(local, project, file):
            if path not in read:
                result = _merged(result, _with_includes(path, project, read, not_followed))
    return _merged(result, content)


def _load(file: Path) -> dict[str, Any]:
    try:
        documents = list(yaml.load_all(file.read_text(encoding="utf-8"), CiLoader))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {(error.strerror or 'unreadable').lower()}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}, line {mark.line + 1}" if mark else str(file)
        raise UsageError(f"{place}: this is not YAML that can be read") from None
    content = documents[-1] if documents else {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise UsageError(f"{file} is not a pipeline's configuration: its top is not a mapping of names")
    return content


def _local_files(local: str, project: Path, file: Path) -> list[Path]:
    """The files of an ``include: local``, which may have wildcards."""
    pattern = local.lstrip("/")
    if ".." in Path(pattern).parts or not pattern:
        raise UsageError(f"{file} includes {local!r}, which is not below {project}")
    if "*" in pattern:
        return sorted(path for path in project.glob(pattern) if path.is_file())
    return [project / pattern]


def _described(include: object) -> str:
    if isinstance(include, dict):
        kind = next(
            (kind for kind in ("component", "project", "remote", "template") if kind in include), None
        )
        return f"{kind} {include[kind]}" if kind else "an include of an unknown kind"
    return str(include) if isinstance(include, str) else "an include of an unknown kind"


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two mappings, merged deeply; lists are not merged."""
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            value = _merged(under, value)
        result[key] = value
    return result


def _extended(jobs: Mapping[str, Any], name: str, below: tuple[str, ...]) -> Any:
    """A job merged over those that it extends."""
    job = jobs[name]
    if not isinstance(job, dict) or "extends" not in job:
        return job
    if name in below:
        raise UsageError(f"the jobs {', '.join(below)} extend each other in a circle")
    parents = job["extends"]
    result: dict[str, Any] = {}
    for parent in parents if isinstance(parents, list) else [parents]:
        if not isinstance(parent, str) or parent not in jobs:
            raise UsageError(f"the job {name!r} extends {parent!r}, which is not there")
        base = _extended(jobs, parent, (*below, name))
        result = _merged(result, base if isinstance(base, dict) else {})
    return _merged(result, {key: value for key, value in job.items() if key != "extends"})


def _resolved(value: Any, jobs: Mapping[str, Any], depth: int) -> Any:
    """A value with each reference replaced by what it refers to; a list in a list becomes part of it."""
    if isinstance(value, Reference):
        if depth >= _DEEPEST_REFERENCE:
            raise UsageError(f"!reference {list(value.keys)} leads through too many others")
        found: Any = jobs
        for key in value.keys:
            if not isinstance(found, dict) or key not in found:
                raise UsageError(f"!reference {list(value.keys)} leads to nothing")
            found = found[key]
        return _resolved(deepcopy(found), jobs, depth + 1)
    if isinstance(value, dict):
        return {key: _resolved(each, jobs, depth) for key, each in value.items()}
    if isinstance(value, list):
        result: list[Any] = []
        for each in value:
            resolved = _resolved(each, jobs, depth)
            flat = isinstance(each, Reference) and isinstance(resolved, list)
            result.extend(resolved if flat else [resolved])
        return result
    return value
