"""Runners: one `[[runners]]` entry each, and what GitLab knows of it."""

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
    Rule,
    Value,
    check,
    is_empty,
    is_known,
    known,
    number,
    optional,
    strict,
    value,
    values,
)
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, did_you_mean, join_path, listed
from pulumi_gitlab_runner.spec.registries import Registry
from pulumi_gitlab_runner.spec.texts import control_character_problems


@strict
class ServiceDeclaration(TypedDict):
    """A service of every job of the runner."""

    name: Input[str]
    """The service's image, named as a runner's `image` is."""
    alias: NotRequired[Input[str]]
    """The name under which the job reaches it; several, separated by spaces. Default: from the image."""
    entrypoint: NotRequired[list[Input[str]]]
    """The entrypoint in place of the image's."""
    command: NotRequired[list[Input[str]]]
    """The command in place of the image's."""
    environment: NotRequired[list[Input[str]]]
    """`KEY=value` for the service's container. Every job can read it: no secrets."""


@strict
class RegistrationDeclaration(ScopeDeclaration):
    """The settings of a runner in GitLab."""

    tags: NotRequired[Input[list[Input[str]]]]
    """The tags of the jobs that it takes, 50 at most. Without tags it takes every job."""
    run_untagged: NotRequired[bool]
    """Whether it also takes jobs without tags. Default: only when it has no tags itself."""
    description: NotRequired[Input[str]]
    """Shown in GitLab, 1024 characters at most. Default: the runner's name."""
    protected: NotRequired[bool]
    """Whether it takes only jobs of protected branches and tags. Default false."""
    locked: NotRequired[bool]
    """Whether it is locked to its projects; for a project runner. Default false."""
    paused: NotRequired[bool]
    """Whether it is paused and takes no jobs. Default false."""
    maximum_timeout: NotRequired[int]
    """How long a job may run, in seconds; 600 or more. Default: as the project says."""
    maintenance_note: NotRequired[Input[str]]
    """A note for the administrators of the runner, 1024 characters at most; a line that names the stack is
    added where there is room for it."""
    other_projects: NotRequired[list[IdInput]]
    """The numbers of more projects whose jobs it takes; for a project runner that is not locked."""
    generation: NotRequired[int]
    """The number of its registration. The next number registers it again with a new token, which its host
    receives automatically; it is required for a runner that moves to another group or project. 1 or more,
    default 1."""
    keep_previous: NotRequired[bool]
    """Whether the previous generation stays in GitLab, paused, until its last job has ended; else it is
    removed as soon as this one is registered. Default false."""


@strict
class RunnerDeclaration(RegistrationDeclaration):
    """One runner: one of `group`, `project` and `instance`, and one of `host`, `host_of` and `fleet`."""

    renamed_from: NotRequired[str]
    """The name that the runner was first declared with. Its resources keep that name, so that nothing is
    replaced and no job is lost: it stays the same runner in GitLab, with its token, its host and its part of
    the cache. Keep the key for as long as the runner exists."""
    image: NotRequired[Input[str]]
    """The image of jobs that name none: `REGISTRY/REPOSITORY:TAG` with a declared registry's name, the same
    without a tag for one of `builds`, or any full or public image. Default `alpine:latest`."""
    services: NotRequired[list[ServiceDeclaration]]
    """The services of every job."""
    require_digests: NotRequired[bool]
    """Whether jobs may only run images and services that they name by digest, `name:tag@sha256:…`; from
    runner 17.1 on. The images that the runner itself declares, which every job may run, are then pinned or
    refused: a preview fails where a digest cannot be resolved. Push such an image first. Default false."""
    registries: NotRequired[list[str]]
    """The declared registries whose images jobs may use, by name. Public images need none."""
    config: NotRequired[RunnerConfig]
    """Keys of the runner's `[[runners]]` section of config.toml, such as `docker: {memory: 2g}`, merged over
    those that follow from this declaration; a list replaces the library's. Keys that the library sets are
    refused, and so are secrets."""
    limit: NotRequired[int]
    """How many of its jobs run at once. 1 or more. Default: its host's `concurrent`, or what its fleet
    has room for."""
    host: NotRequired[HostDeclaration]
    """The EC2 host of the runner's manager; `{}` for the defaults."""
    host_of: NotRequired[str]
    """Another runner, by name, whose host and manager this one shares. The manager pulls for both with the
    same identity: jobs of both can pull from the registries of either. A host that it had before is removed,
    with the jobs on it: pause the runner first, until they have ended."""
    fleet: NotRequired[FleetDeclaration]
    """The EC2 instances that the runner's manager starts for jobs and terminates afterwards."""


DEFAULT_IMAGE = "alpine:latest"
LONGEST_TIMEOUT = 2**31 - 1
"""GitLab keeps seconds in a column of the type integer: db/structure.sql, ci_runners.maximum_timeout."""
LONGEST_NOTE = 1024
"""The characters of a description or a maintenance note that GitLab keeps: app/models/ci/runner.rb."""


@dataclass(frozen=True)
class Service:
    """A service that every job gets."""

    name: Value[str]
    alias: Value[str] = ""
    entrypoint: tuple[Value[str], ...] = ()
    command: tuple[Value[str], ...] = ()
    environment: tuple[Value[str], ...] = ()


@dataclass(frozen=True)
class Registration:
    """The settings of a runner in GitLab, with the defaults filled in.

    `run_untagged` is None where it follows from tags that are not known yet: true without any.
    """

    shown = (
        *("tags", "protected", "locked", "paused", "maximum_timeout", "other_projects"),
        *("generation", "keep_previous"),
    )

    scope: GitLabScope
    description: Value[str]
    tags: Value[tuple[Value[str], ...]]
    run_untagged: bool | None
    protected: bool
    locked: bool
    paused: bool
    maximum_timeout: int | None
    maintenance_note: Value[str] | None
    other_projects: tuple[Value[int], ...]
    generation: int
    keep_previous: bool

    @property
    def scopes(self) -> tuple[GitLabScope, ...]:
        """Whose jobs it takes."""
        return (self.scope, *(GitLabScope("project", number) for number in self.other_projects))


@dataclass(frozen=True)
class Runner:
    """One runner, with the defaults filled in."""

    shown = ("image", "registries", "require_digests")

    name: str
    resource_name: str
    """The name of its resources: its first name."""
    registration: Registration
    limit: int
    image: Value[str] = DEFAULT_IMAGE
    services: tuple[Service, ...] = ()
    registries: tuple[str, ...] = ()
    require_digests: bool = False
    config: RunnerConfig = field(default_factory=lambda: RunnerConfig())

    @property
    def images(self) -> dict[str, Value[str]]:
        """The images that its configuration names, as declared, by their places in its declaration."""
        named = {join_path("services", at, "name"): each.name for at, each in enumerate(self.services)}
        return {"image": self.image, **named}


def parse_registration(name: str, declaration: RegistrationDeclaration) -> Registration:
    """The settings in GitLab of a runner whose declaration has no problems."""
    declared: Any = declaration.get("tags", ())
    tags: Any = tuple(declared) if is_known(declared) else declared
    return Registration(
        scope=parse_scope(declaration),
        description=value(declaration.get("description", name)),
        tags=tags,
        run_untagged=declaration.get("run_untagged", not tags if is_known(tags) else None),
        protected=declaration.get("protected", False),
        locked=declaration.get("locked", False),
        paused=declaration.get("paused", False),
        maximum_timeout=declaration.get("maximum_timeout"),
        maintenance_note=optional(declaration.get("maintenance_note")),
        other_projects=tuple(map(number, declaration.get("other_projects", ()))),
        generation=declaration.get("generation", 1),
        keep_previous=declaration.get("keep_previous", False),
    )


def parse_runner(name: str, declaration: RunnerDeclaration, concurrent: int) -> Runner:
    """The runner that a declaration without problems describes.

    Args:
        name: its name.
        declaration: without problems.
        concurrent: how many jobs its host runs at once.
    """
    return Runner(
        name=name,
        resource_name=declaration.get("renamed_from", name),
        registration=parse_registration(name, declaration),
        limit=declaration.get("limit", concurrent),
        image=value(declaration.get("image", DEFAULT_IMAGE)),
        services=tuple(
            Service(
                value(service["name"]),
                value(service.get("alias", "")),
                values(service.get("entrypoint", ())),
                values(service.get("command", ())),
                values(service.get("environment", ())),
            )
            for service in declaration.get("services", ())
        ),
        registries=tuple(declaration.get("registries", ())),
        require_digests=declaration.get("require_digests", False),
        config=declaration.get("config", {}),
    )


def registration_problems(declaration: RegistrationDeclaration, path: str) -> Iterator[Problem]:
    """The problems of the settings of a runner in GitLab.

    The limits are GitLab's: lib/api/user_runners.rb and app/models/ci/runner.rb.
    """
    yield from scope_problems(declaration, path)
    timeout = declaration.get("maximum_timeout", 600)
    if not 600 <= timeout <= LONGEST_TIMEOUT:
        allowed = f"600 to {LONGEST_TIMEOUT} seconds"
        yield Problem(join_path(path, "maximum_timeout"), f"{timeout} seconds", allowed)
    for key in ("description", "maintenance_note"):
        yield from _text_problems(declaration.get(key, ""), join_path(path, key))
    yield from _tags_problems(declaration.get("tags", ()), join_path(path, "tags"))
    if is_empty(declaration.get("tags")) and declaration.get("run_untagged") is False:
        yield Problem(
            join_path(path, "run_untagged"),
            "false, with no tags",
            "true, or some tags",
            "else it never gets a job",
        )
    yield from _other_projects_problems(declaration, path)
    yield from _generation_problems(declaration, path)


def _text_problems(text: Any, path: str) -> Iterator[Problem]:
    """The problems of a text that GitLab shows."""

    def problems(found: str) -> Iterator[Problem]:
        if len(found) > LONGEST_NOTE:
            yield Problem(path, "a longer text", f"{LONGEST_NOTE} characters at most")
        yield from control_character_problems(found, path, lines=path.endswith("note"))

    return check(text, problems)


def _tags_problems(tags: Any, path: str) -> Iterator[Problem]:
    """The problems of a runner's tags.

    GitLab splits them at commas, strips them of blanks and quotation marks and drops empty ones, and would
    keep other tags than are declared: lib/api/validations/types/comma_separated_to_array.rb and
    lib/gitlab/ci/tags/parser.rb.
    """

    def problems(listed: Sequence[Any]) -> Iterator[Problem]:
        if len(listed) > 50:
            yield Problem(path, f"{len(listed)} tags", "50 tags at most")
        for index, tag in enumerate(listed):
            yield from check(tag, _tag_rule(join_path(path, index)))

    return check(tags, problems)


def _tag_rule(path: str) -> Rule[str]:
    def problems(tag: str) -> Iterator[Problem]:
        if not tag.strip() or tag != tag.strip() or "," in tag or tag[0] in "\"'" or len(tag) > 255:
            allowed = "1 to 255 characters, without a comma, outer spaces and a quotation mark before it"
            yield Problem(path, repr(tag), allowed)
        yield from control_character_problems(tag, path)

    return problems


def _other_projects_problems(declaration: RegistrationDeclaration, path: str) -> Iterator[Problem]:
    others = declaration.get("other_projects", [])
    at = join_path(path, "other_projects")
    if others and "project" not in declaration:
        yield Problem(
            at, "projects, for a runner of none", "none: only a project runner is enabled for projects"
        )
    if others and declaration.get("locked"):
        yield Problem(at, "projects, for a locked runner", "none, or locked: false")
    for index, each in enumerate(others):
        yield from id_problems(each, join_path(at, index), "project")
        if is_known(each) and each in (declaration.get("project"), *others[:index]):
            yield Problem(join_path(at, index), f"{each}, once more", "each project once")


def _generation_problems(declaration: RegistrationDeclaration, path: str) -> Iterator[Problem]:
    generation = declaration.get("generation", 1)
    if generation < 1:
        yield Problem(join_path(path, "generation"), str(generation), "1 or more")
    if declaration.get("keep_previous") and generation == 1:
        yield Problem(
            join_path(path, "keep_previous"),
            "true, for the first generation",
            "true with generation: 2 or more",
            "to register the runner again, increase its generation",
        )


def runner_problems(
    declaration: RunnerDeclaration,
    path: str,
    registries: Mapping[str, Registry],
    host: HostDeclaration,
) -> Iterator[Problem]:
    """The problems of one runner, given the declared registries and the host of its manager.

    Args:
        declaration: of the right shape.
        path: its place in the declaration.
        registries: all that are declared.
        host: where its manager runs.
    """
    yield from registration_problems(declaration, path)
    yield from config_problems(declaration.get("config", {}), RunnerConfig, join_path(path, "config"))
    limit = declaration.get("limit", 1)
    if limit < 1:
        yield Problem(join_path(path, "limit"), str(limit), "1 or more")
    used = declaration.get("registries", [])
    for index, name in enumerate(used):
        at = join_path(path, "registries", index)
        if name not in registries:
            fix = did_you_mean(name, list(registries)) or "declare it under `registries`"
            yield Problem(at, f"{name!r}, which is not a declared registry", listed(registries), fix)
        elif name in used[:index]:
            yield Problem(at, f"{name!r}, once more", "each registry once")
        else:
            yield from _path_problems(registries[name], host, at)
    for image_at, image in declared_images(declaration).items():
        yield from _image_problems(image, join_path(path, *image_at), registries, used)
    if declaration.get("require_digests"):
        yield from _require_digests_problems(declaration, path, registries, host)


def declared_images(declaration: RunnerDeclaration) -> dict[tuple[str | int, ...], Input[str]]:
    """The images that a runner declares, by their places in its declaration."""
    images: dict[tuple[str | int, ...], Input[str]] = {}
    if "image" in declaration:
        images["image",] = declaration["image"]
    for index, service in enumerate(declaration.get("services", ())):
        images["services", index, "name"] = service["name"]
    return images


def _image_problems(
    image: Input[str], path: str, registries: Mapping[str, Registry], used: Sequence[str]
) -> Iterator[Problem]:
    return check(image, lambda found: image_problems(found, path, registries, used, None))


def _require_digests_problems(
    declaration: RunnerDeclaration,
    path: str,
    registries: Mapping[str, Registry],
    host: HostDeclaration,
) -> Iterator[Problem]:
    at = join_path(path, "require_digests")
    for key in ("allowed_images", "allowed_services"):
        if key in declaration.get("config", {}).get("docker", {}):
            yield Problem(
                join_path(path, "config", "docker", key),
                "patterns of images",
                "these without 'require_digests'",
            )
    release = release_of(host)
    if release and release < SERVICES_BY_DIGEST:
        yield Problem(
            at,
            f"true, on runner {host['runner_version']}",
            "runner 17.1 or newer",
            "an older runner runs a service with only a digest by the tag latest",
        )
    images = {("image",): DEFAULT_IMAGE, **declared_images(declaration)}
    for image_at, image in images.items():
        yield from _digest_problems(image, join_path(path, *image_at), registries)


def _digest_problems(image: Input[str], path: str, registries: Mapping[str, Registry]) -> Iterator[Problem]:
    return check(image, lambda found: digest_problems(found, path, registries, None))


def runner_problems_in(
    runner: Runner, registries: Mapping[str, Registry], environment: AwsEnvironment, path: str
) -> Iterator[Problem]:
    """The problems of the images of a runner, now that the host of every registry is known.

    Args:
        runner: the runner, resolved.
        registries: all that are declared, resolved.
        environment: where the stack is.
        path: its place in the declaration.
    """
    for image_at, image in runner.images.items():
        at = f"{path}.{image_at}"
        yield from image_problems(known(image), at, registries, runner.registries, environment)
        if runner.require_digests:
            yield from digest_problems(known(image), at, registries, environment)


def check_pinned(runners: Iterable[Runner], digests: Mapping[str, str]) -> None:
    """Check the images of those runners that require digests, once their registries were asked.

    gitlab-runner lets every job run what its own configuration names, with a digest or without:
    common/allowed_images.go.

    Args:
        runners: the runners.
        digests: those that are known, by the image as declared.

    Raises:
        DeclarationError: an image has none.
    """
    problems = [
        Problem(
            f"{join_path('runners', runner.name)}.{image_at}",
            f"{known(image)!r}, whose digest cannot be resolved now: a warning says why",
            "NAME:TAG@sha256:DIGEST, or an image that its registry holds",
            "push the image first and set require_digests after that, or write its digest",
        )
        for runner in runners
        if runner.require_digests
        for image_at, image in runner.images.items()
        if known(image) not in digests and not parse(known(image)).digest
    ]
    if problems:
        raise DeclarationError(problems)


def _path_problems(registry: Registry, host: HostDeclaration, path: str) -> Iterator[Problem]:
    """Credentials for a path, which an old runner takes for those of the whole host."""
    release = release_of(host)
    if registry.for_a_path and release and release < PATH_SCOPES:
        yield Problem(
            path,
            f"{registry.name!r}, whose credentials are for a path, on runner {host['runner_version']}",
            "a registry without a path, or runner 17.5 or newer",
            "an older runner takes credentials for those of a whole host",
        )
