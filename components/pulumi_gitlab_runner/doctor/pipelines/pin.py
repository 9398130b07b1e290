"""Pinning the images of a pipeline: `name:tag` becomes `name:tag@sha256:…` in the file that names it.

A digest wins over the tag before it, so one is written only where every job that uses the name runs the same
image.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi_gitlab_runner.auth.resolution.docker import resolve_as_docker
from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.pipelines.configuration import CiConfiguration, CiConfigurations
from pulumi_gitlab_runner.doctor.pipelines.expansion import variables_in, ways_to_give
from pulumi_gitlab_runner.doctor.pipelines.job_images import JobImage, images_of
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Place, WrittenText
from pulumi_gitlab_runner.doctor.runner_host import DockerUser
from pulumi_gitlab_runner.images.reference import (
    ImageReference,
    InvalidImageReference,
    parse,
    without_password,
)

if TYPE_CHECKING:
    from pulumi_gitlab_runner.registry.client import RegistryClient


_ASK_GITLAB = "ask GitLab for the whole of the pipeline: --gitlab URL, with GITLAB_TOKEN"
_EACH_BY_ITSELF = "write the name out with its digest, one for each of the jobs"
_TEXT_OF_ITS_OWN = "write the name as a quoted text in the image or the service itself; then pin again"


class State(StrEnum):
    """How an image is pinned."""

    PINNED = "pinned"
    NOT_PINNED = "not pinned"
    MOVED = "moved"
    """Its tag has moved on since it was pinned."""
    DIGEST_ALONE = "digest alone"
    """It has no tag, so there is nothing to move."""
    UNKNOWN = "unknown"
    """It cannot be pinned here: its name is not known or not the same for all jobs, or the registry fails."""


@dataclass(frozen=True)
class Pin:
    """A place that names an image, and how it is pinned.

    Attributes:
        place: where it is.
        name: the image as it is written there, variables and all.
        state: how it is pinned.
        message: that in words.
        pinned: its name as it should be written; None where that is not known.
        fix: what to do where it cannot be pinned.
    """

    place: Place
    name: str
    state: State
    message: str
    pinned: str | None = None
    fix: str = ""


@dataclass(frozen=True)
class PipelinePins:
    """How the images of a pipeline are pinned.

    Attributes:
        pins: those that its files name, in the order of the files and their lines.
        not_read: what may name other images and was not read, in words.
        elsewhere: images without a digest that no file here names.
    """

    pins: tuple[Pin, ...]
    not_read: tuple[str, ...]
    elsewhere: tuple[JobImage, ...] = ()


def examine_pins(
    configurations: CiConfigurations,
    given: Mapping[str, str],
    user: DockerUser,
    client: "RegistryClient",
    merged: CiConfiguration | None = None,
) -> PipelinePins:
    """Say of each image of a pipeline how it is pinned, and how it should be.

    Args:
        configurations: the pipeline's, once for each way that the rules of its includes may match.
        given: variables from outside of the file; they win.
        user: whose credentials the registries are asked with.
        client: asks the registries, all at once.
        merged: the configuration as GitLab merges it, where it was asked.

    Raises:
        UsageError: a job extends or refers to what is not there.
    """
    uses, unused, not_read = _places(configurations, given)
    judge = _Judge(
        given,
        frozenset(place for each in configurations.each for place in _other_places(each)),
        tuple(_images_of_jobs(merged, given)) if merged else None,
        uncertain=bool(configurations.not_read) and merged is None,
    )
    judged = {
        **{place: judge.judged(place, images) for place, images in uses.items()},
        **{place: judge.judged(place, images, used=False) for place, images in unused.items()},
    }
    asked = {place: found for place, found in judged.items() if isinstance(found, ImageReference)}
    digests = _digests(list(asked.values()), user, client)
    pins = [found for found in judged.values() if isinstance(found, Pin)]
    for place, reference in asked.items():
        written = str((uses.get(place) or unused[place])[0].written)
        pins.append(judge.pinned(place, written, reference, *digests[_tagged(reference)]))
    here = {(image.job, image.role, image.image) for images in uses.values() for image in images}
    elsewhere = [
        image
        for image in judge.of_gitlab or ()
        if "@" not in image.image and (image.job, image.role, image.image) not in here
    ]
    return PipelinePins(
        tuple(sorted(pins, key=lambda pin: (configurations.files.index(pin.place.file), pin.place.start))),
        () if merged else not_read,
        tuple(elsewhere),
    )


_Uses = dict[Place, list[JobImage]]


def _places(
    configurations: CiConfigurations, given: Mapping[str, str]
) -> tuple[_Uses, _Uses, tuple[str, ...]]:
    """The places that name images, those that jobs use and others, and what was not read.

    With each place comes what jobs make of it. The others are in hidden jobs and in `default`; they count
    where no variable is in the name: a job that extends one then runs the same image.
    """
    uses: _Uses = {}
    unused: _Uses = {}
    not_read: dict[str, None] = dict.fromkeys(configurations.not_read)
    for configuration in configurations.each:
        for name in configuration.container_jobs():
            found = images_of(configuration, name, given)
            not_read.update(dict.fromkeys(found.not_read))
            for image in found.images:
                if image.place:
                    uses.setdefault(image.place, []).append(image)
    for configuration in configurations.each:
        for name in ("", *configuration.hidden_names()):
            for image in images_of(configuration, name, given).images:
                if image.place and image.place not in uses and "$" not in image.written:
                    unused.setdefault(image.place, []).append(image)
    return uses, unused, tuple(not_read)


def _images_of_jobs(configuration: CiConfiguration, given: Mapping[str, str]) -> Iterator[JobImage]:
    for name in configuration.container_jobs():
        yield from images_of(configuration, name, given).images


def _other_places(configuration: CiConfiguration) -> Iterator[Place]:
    """The places of texts that a job uses for something else than the name of an image."""
    settings = configuration.globals()
    default = settings.pop("default", None)
    left: list[Any] = []
    for mapping in (settings, default, *map(configuration.value, configuration.job_names())):
        for key, value in mapping.items() if isinstance(mapping, dict) else ():
            if key in ("image", "services"):
                containers = value if isinstance(value, list) else [value]
                left += [
                    inner
                    for container in containers
                    if isinstance(container, dict)
                    for part, inner in container.items()
                    if part != "name"
                ]
            else:
                left.append(value)
    while left:
        value = left.pop()
        if isinstance(value, dict | list):
            left += value.values() if isinstance(value, dict) else value
        elif isinstance(value, WrittenText):
            yield value.place


@dataclass(frozen=True)
class _Judge:
    """Says what one digest at a place would do to the jobs that use it.

    Attributes:
        given: variables from outside of the file.
        other_places: the texts that are used for something else too.
        of_gitlab: the images of the jobs as GitLab merges them, where it was asked.
        uncertain: whether the pipeline includes what was not read, which may set variables.
    """

    given: Mapping[str, str]
    other_places: frozenset[Place]
    of_gitlab: tuple[JobImage, ...] | None
    uncertain: bool

    def judged(self, place: Place, images: Sequence[JobImage], *, used: bool = True) -> Pin | ImageReference:
        """The image that all jobs make of a place, to ask for its digest; else how it is pinned, or why not.

        Args:
            place: the place.
            images: what each job makes of it.
            used: whether a job uses it.
        """
        written = str(images[0].written)
        unknown = dict.fromkeys(name for image in images for name in image.unknown)
        if unknown:
            message, ways = f"{', '.join(unknown)} has no value here", ways_to_give(unknown)
            way_out = (
                f"write the name out with its digest, or give the value: {ways}" if ways else _ASK_GITLAB
            )
            return Pin(place, written, State.UNKNOWN, message, fix=way_out)
        try:
            references = {image.image: parse(image.image) for image in images}
        except InvalidImageReference as error:
            return Pin(place, written, State.UNKNOWN, error.found, fix=f"write {error.allowed}")
        every = list(references.values())
        if all(each.digest and not each.tag for each in every):
            return Pin(place, written, State.DIGEST_ALONE, "it has a digest and no tag")
        if all(each.digest for each in every) and "@" not in written:
            return Pin(place, written, State.PINNED, "its digest is in a variable, or in an input")
        if several := self._not_one_image(written, images, used=used):
            why, way_out = several
            return Pin(place, written, State.UNKNOWN, why, fix=way_out)
        return every[0]

    def _not_one_image(
        self, written: str, images: Sequence[JobImage], *, used: bool
    ) -> tuple[str, str] | None:
        """Why a digest may be wrong for one of the jobs, and the way out; None where all run one image."""
        names = dict.fromkeys(image.image for image in images)
        if len(names) > 1:
            shown = " and ".join(map(without_password, list(names)[:3])) + (
                " and others" if len(names) > 3 else ""
            )
            return f"jobs make {shown} of it, and one digest is not right for all", _EACH_BY_ITSELF
        variables = [name for name in variables_in(written) if name not in self.given]
        if variables and self.uncertain:
            why = f"{', '.join(variables)} may be set in what was not read"
            return why, f"{_ASK_GITLAB}; or give the value: {ways_to_give(variables)}"
        if used and self.of_gitlab is not None:
            jobs = {(image.job, image.role) for image in images}
            theirs = [each.image for each in self.of_gitlab if (each.job, each.role) in jobs]
            if not names.keys() <= set(theirs):
                made = " and ".join(map(without_password, theirs)) or "no image"
                return f"GitLab makes {made} of it", _EACH_BY_ITSELF
        return None

    def pinned(
        self, place: Place, written: str, reference: ImageReference, digest: str | None, message: str
    ) -> Pin:
        """The meaning of a registry's answer for a place."""
        if digest is None:
            return Pin(place, written, State.UNKNOWN, message, fix=_NO_ANSWER)
        if reference.digest == digest:
            return Pin(place, written, State.PINNED, "its tag has this digest")
        name = written.partition("@")[0]
        pinned = f"{name if reference.tag else f'{name}:latest'}@{digest}"
        why = place.unchangeable or (
            "the same text is used for something else too" if place in self.other_places else ""
        )
        if why:
            message = f"{digest} cannot be written here: {why}"
            return Pin(place, written, State.UNKNOWN, message, fix=_TEXT_OF_ITS_OWN)
        if reference.digest is None:
            message = f"the tag {reference.tag or 'latest'} is {digest}"
            return Pin(place, written, State.NOT_PINNED, message, pinned)
        return Pin(place, written, State.MOVED, f"the tag {reference.tag} is now {digest}", pinned)


def _tagged(reference: ImageReference) -> ImageReference:
    return ImageReference(reference.registry, reference.repository, reference.tag)


def _digests(
    references: Sequence[ImageReference], user: DockerUser, client: "RegistryClient"
) -> dict[ImageReference, tuple[str | None, str]]:
    """The digest of each image's tag, or none, and what the registry says."""
    distinct = list(dict.fromkeys(map(_tagged, references)))
    answers = client.ask_all((each, _credentials(each, user)) for each in distinct)
    return {each: (answer.digest, answer.message) for each, answer in zip(distinct, answers, strict=True)}


def _credentials(image: ImageReference, user: DockerUser) -> Credentials | None:
    return resolve_as_docker(
        str(image), run_helper=user.run_helper, docker_auth_config=user.docker_auth_config, config=user.config
    ).credentials


def with_pins(text: str, file: Path, pins: Sequence[Pin]) -> str:
    """The text of a file with every image as it should be written; nothing else of it changes."""
    of_file = [pin for pin in pins if pin.place.file == file and pin.pinned]
    for pin in sorted(of_file, key=lambda pin: pin.place.start, reverse=True):
        place = pin.place
        text = f"{text[: place.start]}{place.quote}{pin.pinned}{place.quote}{text[place.end :]}"
    return text


_NO_ANSWER = "check the name, the way from here to the registry, and `docker login`; then pin again"
_PUSHED = "everyone who may push to the tag decides what jobs run"


def pin_findings(pipeline: PipelinePins, file: Path, *, written: bool) -> dict[Finding, tuple[Place, ...]]:
    """The remaining tasks, each with its place where it has one.

    Args:
        pipeline: the pipeline's images.
        file: its file.
        written: whether the pins that are known have been written into the files.
    """
    fix = f"runner-doctor pin {file}"
    findings: dict[Finding, tuple[Place, ...]] = {}
    for pin in pipeline.pins:
        where = f"{shown_file(pin.place.file, file)}, line {pin.place.line}"
        what = f"{without_password(pin.name)}: {pin.message}"
        if pin.state is State.UNKNOWN:
            finding = Finding(FindingName.CANNOT_BE_PINNED, where, what, _PUSHED, pin.fix)
        elif pin.state is State.NOT_PINNED and not written:
            finding = Finding(FindingName.NOT_PINNED, where, what, _PUSHED, fix)
        elif pin.state is State.MOVED and not written:
            finding = Finding(
                FindingName.TAG_MOVED, where, what, "jobs run an older image than the tag now names", fix
            )
        else:
            continue
        findings[finding] = (pin.place,)
    for image in pipeline.elsewhere:
        what = f"{without_password(image.image)}: it has no digest, and no file of this project names it"
        way_out = "pin it where it is written, or set the image in this pipeline"
        where = f"{image.role} of {image.job}"
        findings[Finding(FindingName.CANNOT_BE_PINNED, where, what, _PUSHED, way_out)] = ()
    for elsewhere in pipeline.not_read:
        why = "images that it names are not seen, and may not be pinned"
        findings[Finding(FindingName.NOT_READ, str(file), f"not read: {elsewhere}", why, _ASK_GITLAB)] = ()
    return findings


def shown_file(file: Path, asked: Path) -> Path:
    """A file of a pipeline, named as the pipeline's own file was: from the working directory, or in full."""
    if asked.is_absolute() or not file.is_relative_to(Path.cwd()):
        return file
    return file.relative_to(Path.cwd())
