"""The CI lint API: a pipeline's configuration, merged with its includes.

Sources: GitLab 18, lib/api/lint.rb and lib/api/entities/ci/lint/result.rb; for the messages
lib/gitlab/ci/config/external/file/ and lib/gitlab/ci/config/extendable/entry.rb.
Supported includes are `local`, `project` and `template`; a project has the files of its default branch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from sandbox.services.gitlab.access import instance, role_in
from sandbox.services.gitlab.endpoints import endpoint
from sandbox.services.gitlab.parameters import Parameter, boolean
from sandbox.services.gitlab.state import Project, Role

_MOST_INCLUDES = 150
_NO_JOBS = {"default", "include", "stages", "variables", "workflow", "image", "services", "cache", "spec"}


@endpoint(
    "POST /projects/<path:project>/ci/lint",
    Parameter("content", required=True),
    Parameter("dry_run", boolean),
    Parameter("include_jobs", boolean),
    Parameter("ref"),
    role=Role.DEVELOPER,
)
def lint_content(project: Project, asked: dict[str, Any]) -> dict[str, Any]:
    """Validates a configuration in the request, as if it were the project's."""
    return _result(project, asked["content"])


class LintError(Exception):
    """The errors of a configuration, as GitLab words them."""


class Reference(tuple[str, ...]):
    """A ``!reference [job, key, …]``."""

    __slots__ = ()


class _Loader(yaml.SafeLoader):
    """A YAML loader with GitLab's tag `!reference`."""


def _reference(loader: _Loader, node: yaml.Node) -> Reference:
    if not isinstance(node, yaml.SequenceNode):
        raise LintError("!reference is not valid")
    return Reference(map(str, loader.construct_sequence(node)))


_Loader.add_constructor("!reference", _reference)


@dataclass
class _Merge:
    """Merges a configuration, and records its includes."""

    project: Project
    includes: list[dict[str, Any]] = field(default_factory=list)

    def merged(self, content: str, project: Project) -> dict[str, Any]:
        try:
            config = yaml.load(content, _Loader)  # noqa: S506 - a safe loader
        except yaml.YAMLError as error:
            raise LintError(str(error).replace("\n", " ")) from None
        if not isinstance(config, dict):
            raise LintError("Invalid configuration format")
        result: dict[str, Any] = {}
        include = config.pop("include", [])
        for each in include if isinstance(include, list) else [include]:
            for text, its_project in self._contents(each, project):
                result = _deep_merge(result, self.merged(text, its_project))
        return _deep_merge(result, config)

    def _contents(self, include: Any, project: Project) -> Iterator[tuple[str, Project]]:
        if isinstance(include, str):
            include = {"local": include}
        if "local" in include:
            yield self._file(project, include["local"], "local", "Local file `{}` does not exist!"), project
        elif "project" in include:
            path = include["project"]
            other = next((each for each in instance().projects.values() if each.full_path == path), None)
            if other is None or role_in(other) < Role.REPORTER:
                raise LintError(
                    f"Project `{path}` not found or access denied! "
                    "Make sure any includes in the pipeline configuration are correctly defined."
                )
            files = include["file"] if isinstance(include["file"], list) else [include["file"]]
            for file in files:
                yield self._file(other, file, "file", f"Project `{path}` file `{{}}` does not exist!"), other
        elif "template" in include:
            name = include["template"]
            if name not in instance().templates:
                raise LintError(f"Template file `{name}` does not exist!")
            self._include("template", name, project)
            yield instance().templates[name], project
        else:
            raise LintError("the double has only local, project and template includes")

    def _file(self, project: Project, path: str, kind: str, missing: str) -> str:
        if path.lstrip("/") not in project.files:
            raise LintError(missing.format(path))
        self._include(kind, path, project)
        return project.files[path.lstrip("/")]

    def _include(self, kind: str, location: str, project: Project) -> None:
        self.includes.append(
            {"type": kind, "location": location, "extra": {}, "context_project": project.full_path}
        )
        if len(self.includes) > _MOST_INCLUDES:
            raise LintError(f"Maximum of {_MOST_INCLUDES} nested includes are allowed!")


def _result(project: Project, content: str) -> dict[str, Any]:
    merge = _Merge(project)
    errors: list[str] = []
    merged_yaml = None
    try:
        config = merge.merged(content, project)
        for name in config:
            config[name] = _extended(config, name, ())
        config = {name: _resolved(value, config, ()) for name, value in config.items()}
        if not any(name not in _NO_JOBS and not name.startswith(".") for name in config):
            raise LintError("jobs config should contain at least one visible job")
        merged_yaml = yaml.safe_dump(config, explicit_start=True, sort_keys=False)
    except LintError as error:
        errors.append(str(error))
    return {
        "valid": not errors,
        "errors": errors,
        "warnings": [],
        "merged_yaml": merged_yaml,
        "includes": merge.includes,
    }


def _deep_merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(merged.get(key), dict) and isinstance(value, dict)
        merged[key] = _deep_merge(merged[key], value) if both else value
    return merged


def _extended(config: dict[str, Any], name: str, below: tuple[str, ...]) -> Any:
    """A job merged over the jobs that it extends; `extends` itself is kept, as in GitLab."""
    job = config[name]
    if not isinstance(job, dict) or "extends" not in job:
        return job
    if name in below:
        raise LintError(f"{name}: circular dependency detected in `extends`")
    parents = job["extends"] if isinstance(job["extends"], list) else [job["extends"]]
    unknown = [parent for parent in parents if parent not in config]
    if unknown:
        raise LintError(f"{name}: unknown keys in `extends` ({', '.join(unknown)})")
    merged: dict[str, Any] = {}
    for parent in parents:
        merged = _deep_merge(merged, _extended(config, parent, (*below, name)))
    return _deep_merge(merged, job)


def _resolved(value: Any, config: dict[str, Any], open_references: tuple[Reference, ...]) -> Any:
    if isinstance(value, Reference):
        if value in open_references:
            raise LintError(f"!reference {list(value)} is part of a circular chain")
        found: Any = config
        for key in value:
            found = found.get(key) if isinstance(found, dict) else None
        if not found:
            raise LintError(f"!reference {list(value)} could not be found")
        return _resolved(found, config, (*open_references, value))
    if isinstance(value, dict):
        return {key: _resolved(each, config, open_references) for key, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each, config, open_references) for each in value]
    return value
