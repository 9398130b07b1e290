"""The files of a pipeline and their includes, merged as GitLab merges them.

Source: https://docs.gitlab.com/ci/yaml/includes/; GitLab 18, lib/gitlab/ci/config/external/.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.pipelines.expansion import expand
from pulumi_gitlab_runner.doctor.pipelines.expressions import all_of, evaluated
from pulumi_gitlab_runner.doctor.pipelines.inputs import inputs_of, with_inputs
from pulumi_gitlab_runner.doctor.pipelines.values import listed, mapping
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Documents, read_documents, read_yaml

_MOST_INCLUDES = 150
"""GitLab's default limit of the includes of a pipeline."""
_ELSEWHERE = ("component", "project", "remote", "template", "artifact")


@dataclass(frozen=True)
class _Include:
    """A file that another file includes.

    Attributes:
        file: the file.
        inputs: the inputs of the include.
        rules: the rules of the include that may match or not, as text; empty if it is always included.
    """

    file: Path
    inputs: Mapping[str, Any]
    rules: str = ""


@dataclass
class PipelineFiles:
    """Reads the files of a pipeline.

    Attributes:
        project: the root directory of ``include: local``.
        variables: the variables that are defined outside of the file, for `include` and its rules.
        inputs: the inputs of the pipeline.
        left_out: the rules of includes that are treated as not matching.
        conditional: the rules that may match or not. Equal rules match together, also in different files.
        not_read: descriptions of the includes that were not read.
    """

    project: Path
    variables: Mapping[str, str]
    inputs: Mapping[str, Any]
    left_out: frozenset[str] = frozenset()
    conditional: dict[str, None] = field(default_factory=dict)
    not_read: dict[str, None] = field(default_factory=dict)
    _count: int = 0
    _documents: dict[Path, Documents] = field(default_factory=dict)
    _contents: dict[tuple[Path, str], dict[str, Any]] = field(default_factory=dict)
    _includes: dict[tuple[Path, str], tuple["_Include", ...]] = field(default_factory=dict)

    def without(self, left_out: frozenset[str]) -> "PipelineFiles":
        """The same files, without reading them again, with other includes left out."""
        return replace(self, left_out=left_out, _count=0)

    @property
    def read(self) -> tuple[Path, ...]:
        """The files that were read."""
        return tuple(self._documents)

    def merged(self, file: Path) -> dict[str, Any]:
        """The content of a file, merged over its includes.

        Raises:
            UsageError: a file cannot be read, is not a pipeline configuration, or includes itself.
        """
        return self._merged(file, self.inputs, ())

    def _merged(self, file: Path, inputs: Mapping[str, Any], above: tuple[Path, ...]) -> dict[str, Any]:
        self._count += 1
        if self._count > _MOST_INCLUDES + 1:
            raise UsageError(f"{above[0]}: more than {_MOST_INCLUDES} files are included")
        if file in above:
            raise UsageError(f"{file} includes itself: {' → '.join(map(str, (*above, file)))}")
        key = (file, repr(sorted(inputs.items())))
        if key not in self._contents:
            self._contents[key] = self._content(file, inputs)
            self._includes[key] = tuple(self._included(file, self._contents[key].get("include")))
        own = {key: value for key, value in self._contents[key].items() if key != "include"}
        result: dict[str, Any] = {}
        for include in self._includes[key]:
            if include.rules not in self.left_out:
                _merge_in(result, self._merged(include.file, include.inputs, (*above, file)))
        if not result:
            return own
        _merge_in(result, own)
        return result

    def _content(self, file: Path, inputs: Mapping[str, Any]) -> dict[str, Any]:
        if file not in self._documents:
            self._documents[file] = read_documents(file)
        documents = self._documents[file]
        source = documents.content
        if documents.header:
            declared = self._declared_inputs(file, documents.header)
            source = with_inputs(source, inputs_of(declared, inputs), self.variables)
        content = read_yaml(source)
        if content is None:
            return {}
        if not isinstance(content, dict):
            raise UsageError(f"{file} is not a pipeline configuration: its top level is not a mapping")
        return content

    def _declared_inputs(self, file: Path, header: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs that ``spec:`` declares, also in its includes."""
        spec = mapping(header.get("spec"))
        found = dict(mapping(spec.get("inputs")))
        for include in self._included(file, spec.get("include")):
            content = mapping(read_yaml(read_documents(include.file).content))
            found |= mapping(content.get("inputs"))
        return found

    def _included(self, file: Path, includes: object) -> Iterator[_Include]:
        """The files that a file includes; other includes are added to `not_read`."""
        for include in listed(includes):
            settings = _as_mapping(include)
            rules = settings.get("rules")
            match = _rules_match(rules, self.project, self.variables)
            local = settings.get("local")
            if match is False:
                continue
            if not isinstance(local, str):
                self.not_read.setdefault(described_include(settings))
                continue
            path, unknown = expand(local, self.variables)
            if unknown:
                self.not_read.setdefault(f"local {local}: {', '.join(unknown)} has no value here")
                continue
            if match is None:
                self.conditional.setdefault(repr(rules))
            inputs = mapping(settings.get("inputs"))
            for each in _local_files(path, self.project, file):
                yield _Include(each, inputs, repr(rules) if match is None else "")


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """A deep merge of two mappings; a list replaces the other list."""
    result = dict(below)
    _merge_in(result, above)
    return result


def _merge_in(result: dict[str, Any], above: Mapping[str, Any]) -> None:
    """Merge a mapping into `result`; mappings nested in `result` are replaced, not changed."""
    for key, value in above.items():
        under = result.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            value = merge(under, value)
        result[key] = value


def _as_mapping(include: object) -> Mapping[str, Any]:
    if isinstance(include, str):
        return {"remote": include} if "://" in include else {"local": include}
    return mapping(include)


def described_include(include: Mapping[str, Any]) -> str:
    """The description of an include that is not a local file."""
    kind = next((kind for kind in _ELSEWHERE if kind in include), None)
    if kind is None:
        return "an include of an unknown kind"
    files = include.get("file")
    named = files if isinstance(files, list) else [files] if isinstance(files, str) else []
    return f"{kind} {include[kind]}" + (
        f": {', '.join(map(str, named))}" if kind == "project" and named else ""
    )


def _local_files(local: str, project: Path, file: Path) -> list[Path]:
    """The files of an ``include: local``, which may have wildcards."""
    path = local.lstrip("/")
    if ".." in Path(path).parts or not path:
        raise UsageError(f"{file} includes {local!r}, which is not below {project}")
    # `**` matches any text, `*` any text without a slash: `Repository#search_files_by_wildcard_path`.
    found = _files(re.split(r"(\*\*|\*)", path), project) if "*" in path else [project / path]
    for each in found:
        if not each.exists():
            raise UsageError(f"{file} includes {local!r}: {each} cannot be read: there is no such file")
        if not each.resolve().is_relative_to(project.resolve()):
            raise UsageError(f"{file} includes {local!r}, which links to a file outside of {project}")
    return found


def _files(parts: Sequence[str], project: Path) -> list[Path]:
    """The files below a project that match the parts of a pattern, in the order of their names."""
    found: list[Path] = []
    for directory, folders, names in os.walk(project / parts[0].rpartition("/")[0]):
        folders[:] = [name for name in folders if name != ".git"]
        files = (Path(directory, name) for name in names)
        found += [file for file in files if _matches(parts, file.relative_to(project).as_posix())]
    return sorted(file for file in found if file.is_file())


def _matches(parts: Sequence[str], name: str) -> bool:
    """Whether a name matches a pattern, without backtracking."""
    ends = {0}
    for part in parts:
        if not ends:
            return False
        if part == "**":
            ends = set(range(min(ends), len(name) + 1))
        elif part == "**/":  # any directories, or none
            ends |= {at for at in range(min(ends) + 1, len(name) + 1) if name[at - 1] == "/"}
        elif part == "*":
            reached: set[int] = set()
            for end in sorted(ends):
                while end not in reached:
                    reached.add(end)
                    end += end < len(name) and name[end] != "/"
            ends = reached
        else:
            ends = {end + len(part) for end in ends if name.startswith(part, end)}
    return len(name) in ends


def _rules_match(rules: object, project: Path, variables: Mapping[str, str]) -> bool | None:
    """Whether one of an include's rules matches; None if that depends on the pipeline."""
    if not isinstance(rules, list) or not rules:
        return True
    for rule in rules:
        if not isinstance(rule, dict):
            return None
        matches = all_of(
            evaluated(rule["if"], variables) if "if" in rule else True,
            None if "changes" in rule else True,
            _any_exists(rule.get("exists"), project),
        )
        if matches is None:
            return None
        if matches:
            return bool(rule.get("when") != "never")
    return False


def _any_exists(paths: object, project: Path) -> bool | None:
    """Whether one of the files exists; None if only GitLab knows."""
    if isinstance(paths, dict):
        return None  # of another project
    wanted = listed(paths)
    if any(re.search(r"[$?\[{]", str(path)) for path in wanted):
        return None
    return not wanted or any(_exists(str(path), project) for path in wanted)


def _exists(path: str, project: Path) -> bool:
    """Whether a file matches: ``**/`` matches any directories or none, as in Ruby's `File.fnmatch`."""
    path = path.lstrip("/")
    if ".." in Path(path).parts:
        return False
    if "*" not in path:
        return (project / path).is_file()
    return bool(_files(re.split(r"(\*\*/|\*)", path), project))
