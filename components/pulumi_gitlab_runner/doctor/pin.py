"""Pinning the images of a `.gitlab-ci.yml` to digests: `name:tag` becomes `name:tag@sha256:…`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi_gitlab_runner.auth.resolution.docker import resolve_as_docker
from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.job_images import expand
from pulumi_gitlab_runner.doctor.runner_host import DockerUser
from pulumi_gitlab_runner.doctor.yaml_images import ImagePlace, global_variables, image_places
from pulumi_gitlab_runner.images.reference import (
    ImageReference,
    InvalidImageReference,
    parse,
    without_password,
)

if TYPE_CHECKING:
    from pulumi_gitlab_runner.registry.client import RegistryClient


class State(StrEnum):
    """How an image is pinned."""

    PINNED = "pinned"
    NOT_PINNED = "not pinned"
    MOVED = "moved"
    """Its tag has moved on since it was pinned."""
    DIGEST_ALONE = "digest alone"
    """It has no tag, so there is nothing to move."""
    UNKNOWN = "unknown"
    """It cannot be said: the name is not known, or the registry does not tell."""


@dataclass(frozen=True)
class Pin:
    """An image in a file, and how it is pinned.

    Attributes:
        place: where it stands.
        state: how it is pinned.
        told: that in words.
        pinned: its name as it should be written; None where that is not known.
    """

    place: ImagePlace
    state: State
    told: str
    pinned: str | None = None


def examine_pins(
    file: Path, text: str, given: Mapping[str, str], user: DockerUser, client: "RegistryClient"
) -> list[Pin]:
    """Say of each image in a file how it is pinned, and how it should be.

    Args:
        file: the file, for messages.
        text: what it holds.
        given: variables from outside of the file; they win.
        user: whose credentials the registries are asked with.
        client: asks the registries, all at once.

    Raises:
        UsageError: the file is not YAML.
    """
    places = image_places(file, text)
    above = global_variables(text)
    references: dict[ImagePlace, ImageReference] = {}
    pins: dict[ImagePlace, Pin] = {}
    for place in places:
        name, unknown = expand(place.name, {**above, **dict(place.variables), **given})
        try:
            reference = parse(name)
        except InvalidImageReference as error:
            told = f"{', '.join(unknown)} has no value here" if unknown else error.found
            pins[place] = Pin(place, State.UNKNOWN, told)
            continue
        if unknown:
            pins[place] = Pin(place, State.UNKNOWN, f"{', '.join(unknown)} has no value here")
        elif reference.digest and not reference.tag:
            pins[place] = Pin(place, State.DIGEST_ALONE, "it has a digest and no tag", place.name)
        else:
            references[place] = reference
    tagged = {
        reference: ImageReference(reference.registry, reference.repository, reference.tag)
        for reference in references.values()
    }
    distinct = list(dict.fromkeys(tagged.values()))
    answers = client.ask_all((each, _credentials(each, user)) for each in distinct)
    by_image = dict(zip(distinct, answers, strict=True))
    for place, reference in references.items():
        answer = by_image[tagged[reference]]
        if answer.digest is None:
            pins[place] = Pin(place, State.UNKNOWN, answer.told)
        else:
            pins[place] = _pin(place, reference, answer.digest)
    return [pins[place] for place in places]


def _credentials(image: ImageReference, user: DockerUser) -> Credentials | None:
    return resolve_as_docker(
        str(image), run_helper=user.run_helper, docker_auth_config=user.docker_auth_config, config=user.config
    ).credentials


def _pin(place: ImagePlace, reference: ImageReference, digest: str) -> Pin:
    """What a registry's digest means for an image."""
    written = place.name.partition("@")[0]
    pinned = f"{written if reference.tag else f'{written}:latest'}@{digest}"
    if reference.digest is None:
        return Pin(place, State.NOT_PINNED, f"the tag {reference.tag or 'latest'} is {digest}", pinned)
    if reference.digest == digest:
        return Pin(place, State.PINNED, "its tag has this digest", pinned)
    return Pin(place, State.MOVED, f"the tag {reference.tag} is now {digest}", pinned)


def with_pins(text: str, pins: Sequence[Pin]) -> str:
    """The text of a file with every image as it should be written; nothing else of it changes."""
    for pin in sorted(pins, key=lambda pin: pin.place.start, reverse=True):
        place = pin.place
        if pin.pinned and pin.pinned != place.name:
            text = text[: place.start] + place.quote + pin.pinned + place.quote + text[place.end :]
    return text


def pin_findings(file: Path, pins: Sequence[Pin], *, written: bool) -> list[Finding]:
    """What is left to do.

    Args:
        file: the file.
        pins: its images.
        written: whether the pins that are known have been written into the file.
    """
    mend = f"runner-doctor pin {file}"
    findings: list[Finding] = []
    for pin in pins:
        where = f"{file}, line {pin.place.line}"
        what = f"{without_password(pin.place.name)}: {pin.told}"
        if pin.state is State.UNKNOWN:
            why = "whoever may push to it decides what jobs run"
            way_out = "see to that (a variable's value is given with --variable), and pin again"
            findings.append(Finding(FindingName.CANNOT_BE_PINNED, where, what, why, way_out))
        elif pin.state is State.NOT_PINNED and not written:
            why = "whoever may push to the tag decides what jobs run"
            findings.append(Finding(FindingName.NOT_PINNED, where, what, why, mend))
        elif pin.state is State.MOVED and not written:
            why = "jobs run an older image than the tag now names"
            findings.append(Finding(FindingName.TAG_MOVED, where, what, why, mend))
    return findings
