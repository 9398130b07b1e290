"""`docker-build.Image`: an image that is built, and pushed to a registry."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from docker_image.reference import InvalidReference, Reference

from sandbox.providers.docker_build.builder import Builder
from sandbox.providers.docker_build.context import context_hash
from sandbox.standin.properties import Failure, Flag, ListOf, MapOf, Object, Text
from sandbox.standin.provider import Refused, Resource
from sandbox.standin.values import Properties, is_known


class Image(Resource[Builder]):
    """An image.

    A change builds and pushes a new image; the old one remains in its registry.
    """

    token = "docker-build:index:Image"
    inputs = {
        "push": Flag(required=True),
        "buildOnPreview": Flag(default=True),
        "context": Object({"location": Text(required=True)}, required=True),
        "dockerfile": Object({"location": Text(required=True)}, required=True),
        "buildArgs": MapOf(Text()),
        "secrets": MapOf(Text(), secret=True),
        "ignoreSecretsInDiffCalculation": ListOf(Text()),
        "target": Text(),
        "platforms": ListOf(Text(), maximum_items=1),
        "tags": ListOf(Text(), minimum_items=1, required=True),
        "network": Text(default="default", one_of=("default",)),
    }
    outputs = {"digest": Text(), "contextHash": Text(), "ref": Text()}

    _made: Properties | None = None

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """Only images that are pushed and not built during a preview; valid tags and existing files.

        The official provider parses the Dockerfile too (pulumi-docker-build, internal/image.go). Here the
        engine refuses an invalid one during the build.
        """
        if inputs.get("push") is False:
            yield Failure("push", "the sandbox serves only images that are pushed")
        if inputs.get("buildOnPreview") is True:
            yield Failure("buildOnPreview", "the sandbox builds nothing for a preview; set it to false")
        for number, tag in enumerate(filter(is_known, inputs["tags"])):
            try:
                Reference.parse(tag)
            except InvalidReference as error:
                yield Failure(f"tags[{number}]", str(error))
        context, dockerfile = (inputs[each]["location"] for each in ("context", "dockerfile"))
        if is_known(context) and not Path(context).is_dir():
            yield Failure("context.location", f'"{context}": not a valid directory or URL')
        if is_known(dockerfile) and not Path(dockerfile).is_file():
            yield Failure("dockerfile.location", f"open {dockerfile}: no such file or directory")

    @classmethod
    def unsettled(cls, changed: set[str]) -> Sequence[str]:
        """A new image has another digest."""
        return tuple(cls.outputs)

    def create(self, inputs: Properties) -> str:
        """Builds the image and pushes it under each of its tags; its id is its digest."""
        context = context_hash(inputs["context"]["location"], inputs["dockerfile"]["location"])
        self.connection.build(inputs)
        digests = {self.connection.push(tag) for tag in inputs["tags"]}
        digest = next(iter(digests))
        self._made = {"digest": digest, "contextHash": context, "ref": f"{inputs['tags'][0]}@{digest}"}
        return digest

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The outputs of the build; None if the registry no longer has an image with this digest."""
        if not known:
            raise Refused("an image that is built cannot be imported: build it")
        if self._made:
            return self._made
        repository = known["tags"][0].rpartition(":")[0]
        return {} if self.connection.holds(f"{repository}@{known['digest']}") else None

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        self.create(new)

    def delete(self, resource_id: str, state: Properties) -> None:
        """Removes the image from the engine. Like most registries, the sandbox's delete nothing."""
        self.connection.forget(state["ref"])
