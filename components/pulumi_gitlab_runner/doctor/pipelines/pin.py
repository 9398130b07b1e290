"""Pinning the images of a pipeline: `name:tag` becomes `name:tag@sha256:…` in the file that contains it.

A digest takes precedence over the tag before it, so it is written only if every job that uses the name runs
the same image.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.pipelines.configuration import CiConfiguration, CiConfigurations
from pulumi_gitlab_runner.doctor.pipelines.expansion import variables_in, ways_to_give
from pulumi_gitlab_runner.doctor.pipelines.job_images import JobImage, images_of
from pulumi_gitlab_runner.doctor.pipelines.values import inner, listed, mapping
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


_ASK_GITLAB = "let GitLab merge the whole pipeline: --gitlab URL, with GITLAB_TOKEN"
_FOR_EACH_JOB = "write the full name with its digest in each job"
_AS_STRING = "write the name as a quoted string under `image` or `services`; then pin again"


class State(StrEnum):
    """The state of an image in a file."""

    PINNED = "pinned"
    NOT_PINNED = "not pinned"
    MOVED = "moved"
    """It is pinned, but the tag has another digest now."""
    DIGEST_ALONE = "digest alone"
    """It has a digest and no tag that could be moved."""
    UNKNOWN = "unknown"
    """It cannot be pinned: its name is unknown or not the same in all jobs, or the registry fails."""


@dataclass(frozen=True)
class Pin:
    """The state of an image at a place of a file.

    Attributes:
        place: the place in the file.
        name: the name as written there, with its variables.
        state: the state of the image.
        message: a description of the state.
        pinned: the name with the digest to write; None if there is nothing to write.
        fix: how to fix it if it cannot be pinned; else empty.
    """

    place: Place
    name: str
    state: State
    message: str
    pinned: str | None = None
    fix: str = ""


@dataclass(frozen=True)
class PipelinePins:
    """The pins of a pipeline's images.

    Attributes:
        pins: the images in its files, in the order of the files and their lines.
        not_read: descriptions of configuration that was not read and may contain other images.
        elsewhere: images without a digest that are in no local file.
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
    """Examine each image of a pipeline, and look up the digests to pin.

    Args:
        configurations: the possible configurations of the pipeline.
        given: the variables that are defined outside of the file. They take precedence.
        user: the user whose credentials are sent to the registries.
        client: the client of the registries.
        merged: the configuration as merged by GitLab; None if it was not requested.

    Raises:
        UsageError: a job extends or refers to a job that does not exist.
    """
    uses, unused, not_read = _places(configurations, given)
    judge = _Judge(
        given,
        frozenset(place for each in configurations.each for place in _other_places(each)),
        tuple(_images_of_jobs(merged, given)) if merged else None,
        uncertain=bool(configurations.not_read) and merged is None,
    )
    every = uses | unused
    judged = {place: judge.judged(place, images, used=place in uses) for place, images in every.items()}
    asked = {place: found for place, found in judged.items() if isinstance(found, ImageReference)}
    digests = _digests(list(asked.values()), user, client)
    pins = [found for found in judged.values() if isinstance(found, Pin)]
    for place, reference in asked.items():
        written = str(every[place][0].written)
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
    """The places of image names that jobs use, other places, and descriptions of what was not read.

    Each place is returned with the images of the jobs that use it. The other places are in hidden jobs and in
    `default`. They are pinned only if the name has no variable: a job that extends one then runs the same
    image.
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
    """The places of strings that jobs use for other keys than the name of an image."""
    settings = configuration.globals()
    default = settings.pop("default", None)
    left: list[Any] = []
    for each in (settings, default, *map(configuration.value, configuration.job_names())):
        for key, value in mapping(each).items():
            if key in ("image", "services"):
                for container in listed(value):
                    left += [part for name, part in mapping(container).items() if name != "name"]
            else:
                left.append(value)
    while left:
        value = left.pop()
        left += inner(value)
        if isinstance(value, WrittenText):
            yield value.place


@dataclass(frozen=True)
class _Judge:
    """Decides whether a digest can be written at a place.

    Attributes:
        given: the variables that are defined outside of the file.
        other_places: the places of strings that are also used for other keys.
        of_gitlab: the images of the jobs in the configuration that GitLab merged; None if it was not
            requested.
        uncertain: whether the pipeline has includes that were not read, which may set variables.
    """

    given: Mapping[str, str]
    other_places: frozenset[Place]
    of_gitlab: tuple[JobImage, ...] | None
    uncertain: bool

    def judged(self, place: Place, images: Sequence[JobImage], *, used: bool) -> Pin | ImageReference:
        """The image whose digest is to be looked up, if it is the same in all jobs; else the result."""
        written = str(images[0].written)
        unknown = dict.fromkeys(name for image in images for name in image.unknown)
        if unknown:
            message, options = f"the value of {', '.join(unknown)} is not known here", ways_to_give(unknown)
            fix = (
                f"write the full name with its digest, or give the value: {options}"
                if options
                else _ASK_GITLAB
            )
            return Pin(place, written, State.UNKNOWN, message, fix=fix)
        try:
            references = {image.image: parse(image.image) for image in images}
        except InvalidImageReference as error:
            return Pin(place, written, State.UNKNOWN, error.found, fix=f"write {error.allowed}")
        every = list(references.values())
        if all(each.digest and not each.tag for each in every):
            return Pin(place, written, State.DIGEST_ALONE, "it has a digest and no tag")
        if all(each.digest for each in every) and "@" not in written:
            return Pin(place, written, State.PINNED, "its digest is in a variable or an input")
        if several := self._not_one_image(written, images, used=used):
            why, fix = several
            return Pin(place, written, State.UNKNOWN, why, fix=fix)
        return every[0]

    def _not_one_image(
        self, written: str, images: Sequence[JobImage], *, used: bool
    ) -> tuple[str, str] | None:
        """Why a digest may be wrong for one of the jobs, and the fix; None if all jobs run one image."""
        names = dict.fromkeys(image.image for image in images)
        if len(names) > 1:
            shown = " and ".join(map(without_password, list(names)[:3])) + (
                " and others" if len(names) > 3 else ""
            )
            return f"it is {shown}, depending on the job, which have different digests", _FOR_EACH_JOB
        variables = [name for name in variables_in(written) if name not in self.given]
        if variables and self.uncertain:
            why = f"{', '.join(variables)} may be set in an include that was not read"
            return why, f"{_ASK_GITLAB}; or give the value: {ways_to_give(variables)}"
        if used and self.of_gitlab is not None:
            jobs = {(image.job, image.role) for image in images}
            theirs = dict.fromkeys(each.image for each in self.of_gitlab if (each.job, each.role) in jobs)
            if not names.keys() <= theirs.keys():
                found = " and ".join(map(without_password, theirs)) or "no image"
                return f"in the configuration that GitLab merged, it is {found}", _FOR_EACH_JOB
        return None

    def pinned(
        self, place: Place, written: str, reference: ImageReference, digest: str | None, message: str
    ) -> Pin:
        """The result for a place, from a registry's answer."""
        if digest is None:
            return Pin(place, written, State.UNKNOWN, message, fix=_NO_ANSWER)
        if reference.digest == digest:
            return Pin(place, written, State.PINNED, "its tag has this digest")
        name = written.partition("@")[0]
        pinned = f"{name if reference.tag else f'{name}:latest'}@{digest}"
        why = place.unchangeable or (
            "the same string is also used for another key" if place in self.other_places else ""
        )
        if why:
            message = f"{digest} cannot be written here: {why}"
            return Pin(place, written, State.UNKNOWN, message, fix=_AS_STRING)
        if reference.digest is None:
            message = f"the tag {reference.tag or 'latest'} has the digest {digest}"
            return Pin(place, written, State.NOT_PINNED, message, pinned)
        message = f"the tag {reference.tag} now has the digest {digest}"
        return Pin(place, written, State.MOVED, message, pinned)


def _tagged(reference: ImageReference) -> ImageReference:
    return ImageReference(reference.registry, reference.repository, reference.tag)


def _digests(
    references: Sequence[ImageReference], user: DockerUser, client: "RegistryClient"
) -> dict[ImageReference, tuple[str | None, str]]:
    """For each image, the digest of its tag, if it was found, and the message of the registry's answer."""
    distinct = list(dict.fromkeys(map(_tagged, references)))
    answers = client.ask_all((each, user.resolve(str(each)).credentials) for each in distinct)
    return {each: (answer.digest, answer.message) for each, answer in zip(distinct, answers, strict=True)}


def with_pins(text: str, file: Path, pins: Sequence[Pin]) -> str:
    """The text of a file with its images pinned; the rest is unchanged."""
    of_file = [pin for pin in pins if pin.place.file == file and pin.pinned]
    for pin in sorted(of_file, key=lambda pin: pin.place.start, reverse=True):
        place = pin.place
        text = f"{text[: place.start]}{place.quote}{pin.pinned}{place.quote}{text[place.end :]}"
    return text


_NO_ANSWER = "check the name, the connection to the registry, and `docker login`; then pin again"
_PUSHED = "everyone who may push the tag decides what jobs run"


def pin_findings(pipeline: PipelinePins, file: Path, *, written: bool) -> dict[Finding, tuple[Place, ...]]:
    """The findings about a pipeline's images, with their places in its files.

    Args:
        pipeline: the pins of the pipeline's images.
        file: the ``.gitlab-ci.yml``, as given on the command line.
        written: whether the digests have been written to the files.
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
                FindingName.TAG_MOVED, where, what, "jobs run another image than the tag's current one", fix
            )
        else:
            continue
        findings[finding] = (pin.place,)
    for image in pipeline.elsewhere:
        what = f"{without_password(image.image)}: it has no digest, and is in no file of this project"
        elsewhere_fix = "pin it in the included file, or set the image in this pipeline"
        where = f"{image.role} of {image.job}"
        findings[Finding(FindingName.CANNOT_BE_PINNED, where, what, _PUSHED, elsewhere_fix)] = ()
    for elsewhere in pipeline.not_read:
        why = "its images were not examined, and may not be pinned"
        findings[Finding(FindingName.NOT_READ, str(file), f"not read: {elsewhere}", why, _ASK_GITLAB)] = ()
    return findings


def shown_file(file: Path, asked: Path) -> Path:
    """The path of a pipeline's file as shown: absolute or relative like the path on the command line."""
    if asked.is_absolute() or not file.is_relative_to(Path.cwd()):
        return file
    return file.relative_to(Path.cwd())
