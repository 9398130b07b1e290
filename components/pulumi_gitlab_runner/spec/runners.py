"""Runners: their `[[runners]]` entries, and their registrations in GitLab."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.config.runner import RunnerConfig
from pulumi_gitlab_runner.images.reference import parse
from pulumi_gitlab_runner.runner_version import PATH_SCOPES, SERVICES_BY_DIGEST
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.config_toml import config_problems
from pulumi_gitlab_runner.spec.fleets import FleetDeclaration
from pulumi_gitlab_runner.spec.gitlab_scope import (
    GitLabScope,
    ScopeDeclaration,
    id_problems,
    parse_scope,
    scope_problems,
)
from pulumi_gitlab_runner.spec.hosts import HostDeclaration, release_of
from pulumi_gitlab_runner.spec.images import digest_problems, image_problems
from pulumi_gitlab_runner.spec.inputs import (
    IdInput,
    Input,
    Value,
    check,
    check_key,
    is_empty,
    is_known,
    known,
    model_of,
    models_of,
    strict,
)
from pulumi_gitlab_runner.spec.problems import Problem, join_path, minimum_problems, refuse
from pulumi_gitlab_runner.spec.registries import Registry, undeclared_registry
from pulumi_gitlab_runner.spec.texts import control_character_problems


@strict
class ServiceDeclaration(TypedDict):
    """A service of every job of the runner."""

    name: Input[str]
    """The image of the service, in the form of a runner's `image`."""
    alias: NotRequired[Input[str]]
    """The host name of the service for jobs; several are separated by spaces. Default: derived from the
    image."""
    entrypoint: NotRequired[list[Input[str]]]
    """The entrypoint, in place of that of the image."""
    command: NotRequired[list[Input[str]]]
    """The command, in place of that of the image."""
    environment: NotRequired[list[Input[str]]]
    """The environment variables of the service, `KEY=value`. Every job can read them: do not use them for
    secrets."""


@strict
class RegistrationDeclaration(ScopeDeclaration):
    """The settings of a runner in GitLab."""

    tags: NotRequired[Input[list[Input[str]]]]
    """The tags of the jobs that it runs, 50 at most. Without tags, it runs every job."""
    run_untagged: NotRequired[bool]
    """Whether it runs untagged jobs. Default: true if it has no tags, else false."""
    description: NotRequired[Input[str]]
    """The description in GitLab, 1024 characters at most. Default: the name of the runner."""
    protected: NotRequired[bool]
    """Whether it runs only jobs of protected branches and tags. Default false."""
    locked: NotRequired[bool]
    """Whether it is locked to its current projects; for a project runner. Default false."""
    paused: NotRequired[bool]
    """Whether it is paused, and accepts no jobs. Default false."""
    maximum_timeout: NotRequired[int]
    """The maximum job timeout in seconds; 600 or more. Default: the timeout of the project."""
    maintenance_note: NotRequired[Input[str]]
    """The maintenance note in GitLab, 1024 characters at most; a line that names the stack is added if it is
    not too long."""
    other_projects: NotRequired[list[IdInput]]
    """The IDs of other projects whose jobs it runs; for a project runner that is not locked."""
    generation: NotRequired[int]
    """The number of its registration. A higher number registers the runner again, with a new token, which its
    host receives automatically; it is required to move the runner to another group or project. 1 or more.
    Default 1."""
    keep_previous: NotRequired[bool]
    """Whether the previous generation stays in GitLab, paused, until its last job has ended. Default false:
    it is deleted when this generation is registered."""


@strict
class RunnerDeclaration(RegistrationDeclaration):
    """A runner, with one of `group`, `project` and `instance`, and one of `host`, `host_of` and `fleet`."""

    renamed_from: NotRequired[str]
    """The first name of the runner. Its resources keep that name, so that nothing is replaced and no job is
    lost: it stays the same runner in GitLab, with its token, its host and its prefix in the cache. Keep the
    key while the runner exists."""
    image: NotRequired[Input[str]]
    """The default image of jobs: `REGISTRY/REPOSITORY:TAG` with the name of a declared registry, the same
    without a tag for an image of `builds`, or any other image reference. Default `alpine:latest`."""
    services: NotRequired[list[ServiceDeclaration]]
    """The services of every job."""
    require_digests: NotRequired[bool]
    """Whether jobs may use only images and services with a digest, `name:tag@sha256:…`; from runner 17.1 on.
    The images that the runner itself declares, which every job may use, are then pinned: a preview fails if a
    digest cannot be resolved. Push such an image first. Default false."""
    registries: NotRequired[list[str]]
    """The names of the declared registries whose images jobs may use. Public images need none."""
    config: NotRequired[RunnerConfig]
    """Keys of the runner's `[[runners]]` section of config.toml, such as `docker: {memory: 2g}`, merged over
    the values that follow from this declaration; a list replaces the library's list. Keys that the library
    sets are refused, and so are secrets."""
    limit: NotRequired[int]
    """The number of its jobs that run at the same time. 1 or more. Default: `concurrent` of its host, or the
    capacity of its fleet."""
    host: NotRequired[HostDeclaration]
    """The EC2 host of the runner's manager; `{}` for the defaults."""
    host_of: NotRequired[str]
    """The name of another runner whose host and manager this one shares. The manager pulls for both with the
    same identity: jobs of both can pull from the registries of either. A previous host of this runner is
    deleted with the jobs on it: pause the runner first, until they have ended."""
    fleet: NotRequired[FleetDeclaration]
    """The fleet of EC2 instances that the runner's manager starts for jobs, and terminates afterwards."""


DEFAULT_IMAGE = "alpine:latest"
LONGEST_TIMEOUT = 2**31 - 1
"""The largest timeout, in seconds: the type of the column is integer (GitLab's db/structure.sql,
ci_runners.maximum_timeout)."""
LONGEST_NOTE = 1024
"""The maximum length of a description or maintenance note in GitLab: app/models/ci/runner.rb."""


@dataclass(frozen=True)
class Service:
    """A service of every job, with the defaults filled in."""

    name: Value[str]
    alias: Value[str] = ""
    entrypoint: tuple[Value[str], ...] = ()
    command: tuple[Value[str], ...] = ()
    environment: tuple[Value[str], ...] = ()


@dataclass(frozen=True)
class Registration:
    """The settings of a runner in GitLab, with the defaults filled in.

    `run_untagged` is None if it depends on tags that are not known yet: it is true without tags.
    """

    shown = (
        *("tags", "protected", "locked", "paused", "maximum_timeout", "other_projects"),
        *("generation", "keep_previous"),
    )

    scope: GitLabScope
    description: Value[str]
    run_untagged: bool | None
    tags: Value[tuple[Value[str], ...]] = ()
    protected: bool = False
    locked: bool = False
    paused: bool = False
    maximum_timeout: int | None = None
    maintenance_note: Value[str] | None = None
    other_projects: tuple[Value[int], ...] = ()
    generation: int = 1
    keep_previous: bool = False

    @property
    def scopes(self) -> tuple[GitLabScope, ...]:
        """The groups, projects or the instance whose jobs it runs."""
        return (self.scope, *(GitLabScope("project", number) for number in self.other_projects))


@dataclass(frozen=True)
class Runner:
    """A runner, with the defaults filled in."""

    shown = ("image", "registries", "require_digests")

    name: str
    resource_name: str
    """The name in its resource names: `renamed_from`, else `name`."""
    registration: Registration
    limit: int
    image: Value[str] = DEFAULT_IMAGE
    services: tuple[Service, ...] = ()
    registries: tuple[str, ...] = ()
    require_digests: bool = False
    config: RunnerConfig = field(default_factory=lambda: RunnerConfig())

    @property
    def images(self) -> dict[str, Value[str]]:
        """The images in its configuration, as declared, by their paths in its declaration."""
        named = {join_path("services", at, "name"): each.name for at, each in enumerate(self.services)}
        return {"image": self.image, **named}


def parse_registration(name: str, declaration: RegistrationDeclaration) -> Registration:
    """The settings in GitLab of a runner that a valid declaration describes."""
    tags = declaration.get("tags", ())
    defaults = {"description": name, "run_untagged": not tags if is_known(tags) else None}
    return model_of(Registration, defaults | declaration, scope=parse_scope(declaration))


def parse_runner(name: str, declaration: RunnerDeclaration, concurrent: int) -> Runner:
    """The runner that a valid declaration describes.

    Args:
        name: the name of the runner.
        declaration: a valid declaration.
        concurrent: the number of jobs that its host runs at the same time.
    """
    return model_of(
        Runner,
        {"limit": concurrent, **declaration},
        name=name,
        resource_name=declaration.get("renamed_from", name),
        registration=parse_registration(name, declaration),
        services=models_of(Service, declaration.get("services", ())),
    )


def registration_problems(declaration: RegistrationDeclaration, path: str) -> Iterator[Problem]:
    """The problems of the settings of a runner in GitLab.

    Limits: GitLab's lib/api/user_runners.rb and app/models/ci/runner.rb.
    """
    yield from scope_problems(declaration, path)
    timeout = declaration.get("maximum_timeout", 600)
    if not 600 <= timeout <= LONGEST_TIMEOUT:
        allowed = f"600 to {LONGEST_TIMEOUT} seconds"
        yield Problem(join_path(path, "maximum_timeout"), f"{timeout} seconds", allowed)
    for key in ("description", "maintenance_note"):
        yield from check_key(declaration, key, path, _text_problems)
    yield from check(declaration.get("tags", ()), _tags_problems, join_path(path, "tags"))
    if is_empty(declaration.get("tags")) and declaration.get("run_untagged") is False:
        yield Problem(
            join_path(path, "run_untagged"),
            "false, with no tags",
            "true, or some tags",
            "without tags and untagged jobs, the runner never gets a job",
        )
    yield from _other_projects_problems(declaration, path)
    yield from _generation_problems(declaration, path)


def _text_problems(text: str, path: str) -> Iterator[Problem]:
    """The problems of a text that GitLab shows."""
    if len(text) > LONGEST_NOTE:
        yield Problem(path, "a longer text", f"{LONGEST_NOTE} characters at most")
    yield from control_character_problems(text, path, lines=path.endswith("note"))


def _tags_problems(tags: Sequence[Any], path: str) -> Iterator[Problem]:
    """The problems of a runner's tags.

    GitLab splits tags at commas, strips spaces and quotation marks, and drops empty and repeated tags, so it
    would store different tags: lib/api/validations/types/comma_separated_to_array.rb and
    lib/gitlab/ci/tags/parser.rb.
    """
    if len(tags) > 50:
        yield Problem(path, f"{len(tags)} tags", "50 tags at most")
    for index, tag in enumerate(tags):
        at = join_path(path, index)
        yield from check(tag, _tag_problems, at)
        if is_known(tag) and tag in tags[:index]:
            yield Problem(at, f"{tag!r}, a duplicate", "each tag once")


def _tag_problems(tag: str, path: str) -> Iterator[Problem]:
    if not tag.strip() or tag != tag.strip() or "," in tag or tag[0] in "\"'" or len(tag) > 255:
        allowed = "1 to 255 characters, without commas, outer spaces and a leading quotation mark"
        yield Problem(path, repr(tag), allowed)
    yield from control_character_problems(tag, path)


def _other_projects_problems(declaration: RegistrationDeclaration, path: str) -> Iterator[Problem]:
    others = declaration.get("other_projects", [])
    at = join_path(path, "other_projects")
    if others and "project" not in declaration:
        yield Problem(
            at, "projects, for a group or instance runner", "none: only a project runner has other projects"
        )
    if others and declaration.get("locked"):
        yield Problem(at, "projects, for a locked runner", "none, or locked: false")
    for index, each in enumerate(others):
        yield from id_problems(each, join_path(at, index), "project")
        if is_known(each) and each in (declaration.get("project"), *others[:index]):
            yield Problem(join_path(at, index), f"{each}, a duplicate", "each project once")


def _generation_problems(declaration: RegistrationDeclaration, path: str) -> Iterator[Problem]:
    yield from minimum_problems(declaration, {"generation": 1}, path)
    if declaration.get("keep_previous") and declaration.get("generation", 1) == 1:
        yield Problem(
            join_path(path, "keep_previous"),
            "true, for the first generation",
            "true with generation: 2 or more",
            "to register the runner again, increase its generation",
        )


def runner_problems(declaration: RunnerDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a runner without the other parts of the declaration."""
    yield from registration_problems(declaration, path)
    yield from config_problems(declaration.get("config", {}), RunnerConfig, join_path(path, "config"))
    yield from minimum_problems(declaration, {"limit": 1}, path)


def used_registry_problems(
    declaration: RunnerDeclaration,
    path: str,
    registries: Mapping[str, Registry],
    host: HostDeclaration,
) -> Iterator[Problem]:
    """The problems of the registries and images that a runner uses, given its manager's host."""
    used = declaration.get("registries", [])
    for index, name in enumerate(used):
        at = join_path(path, "registries", index)
        if name not in registries:
            yield undeclared_registry(name, at, registries)
        elif name in used[:index]:
            yield Problem(at, f"{name!r}, a duplicate", "each registry once")
        else:
            yield from _path_problems(registries[name], host, at)
    for image_at, image in declared_images(declaration).items():
        yield from check(image, image_problems, join_path(path, *image_at), registries, used, None)
    if declaration.get("require_digests"):
        yield from _require_digests_problems(declaration, path, registries, host)


def declared_images(declaration: RunnerDeclaration) -> dict[tuple[str | int, ...], Input[str]]:
    """The images that a runner declares, by their paths in its declaration."""
    images: dict[tuple[str | int, ...], Input[str]] = {}
    if "image" in declaration:
        images["image",] = declaration["image"]
    for index, service in enumerate(declaration.get("services", ())):
        images["services", index, "name"] = service["name"]
    return images


def _require_digests_problems(
    declaration: RunnerDeclaration,
    path: str,
    registries: Mapping[str, Registry],
    host: HostDeclaration,
) -> Iterator[Problem]:
    for key in ("allowed_images", "allowed_services"):
        if key in declaration.get("config", {}).get("docker", {}):
            at = join_path(path, "config", "docker", key)
            yield Problem(at, "patterns of images", f"{key!r} without 'require_digests'")
    release = release_of(host)
    if release and release < SERVICES_BY_DIGEST:
        yield Problem(
            join_path(path, "require_digests"),
            f"true, on runner {host['runner_version']}",
            "runner 17.1 or newer",
            "an older runner pulls a service with only a digest by the tag latest",
        )
    images = {("image",): DEFAULT_IMAGE, **declared_images(declaration)}
    for image_at, image in images.items():
        yield from check(image, digest_problems, join_path(path, *image_at), registries, None)


def runner_problems_in(
    runner: Runner, registries: Mapping[str, Registry], environment: AwsEnvironment, path: str
) -> Iterator[Problem]:
    """The problems of the images of a resolved runner, which depend on the hosts of the registries."""
    for image_at, image in runner.images.items():
        at = f"{path}.{image_at}"
        yield from image_problems(known(image), at, registries, runner.registries, environment)
        if runner.require_digests:
            yield from digest_problems(known(image), at, registries, environment)


def check_pinned(runners: Iterable[Runner], digests: Mapping[str, str], path: str) -> None:
    """Check that the images of runners with `require_digests` have digests.

    gitlab-runner allows every job to use the images in its own configuration, with or without a digest:
    common/allowed_images.go.

    Args:
        runners: the runners.
        digests: the resolved digests, by the image as declared.
        path: the path of the stack.

    Raises:
        DeclarationError: an image has no digest.
    """
    refuse(
        Problem(
            f"{join_path(path, 'runners', runner.name)}.{image_at}",
            f"{known(image)!r}, whose digest cannot be resolved now: see Pulumi's messages",
            "NAME:TAG@sha256:DIGEST, or an image that exists in its registry",
            "push the image before you set require_digests, or declare its digest",
        )
        for runner in runners
        if runner.require_digests
        for image_at, image in runner.images.items()
        if known(image) not in digests and not parse(known(image)).digest
    )


def _path_problems(registry: Registry, host: HostDeclaration, path: str) -> Iterator[Problem]:
    """The problems of credentials for a path, which old runners would use for the whole host."""
    release = release_of(host)
    if registry.for_a_path and release and release < PATH_SCOPES:
        yield Problem(
            path,
            f"{registry.name!r}, whose credentials are for a path, on runner {host['runner_version']}",
            "a registry without a path, or runner 17.5 or newer",
            "an older runner uses the credentials for the whole host",
        )
