"""Pipelines that tests generate: templates, defaults, variables, matrices, rules, services, includes."""

from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import strategies as st

TAGS = ("1", "2", "3.10", "3.12")
NAMES = ("app", "db")
VARIABLES = ("TAG", "NAME", "IMG")
HOST = "HOST"


@dataclass(frozen=True)
class GeneratedPipeline:
    """The content of a pipeline, and of a file that it includes; empty for none."""

    content: dict[str, Any]
    included: dict[str, Any]

    def texts(self, host: str, flow: bool = False) -> dict[str, str]:
        """The files by their paths."""
        files = {".gitlab-ci.yml": self.content}
        if self.included:
            files = {
                ".gitlab-ci.yml": {"include": ["ci/more.yml"], **self.content},
                "ci/more.yml": self.included,
            }
        return {
            path: yaml.safe_dump(content, default_flow_style=flow or None, sort_keys=False).replace(
                HOST, host
            )
            for path, content in files.items()
        }


IMAGE_NAMES = st.sampled_from(
    [
        *(f"{HOST}/team/{name}:{tag}" for name in NAMES for tag in TAGS),
        f"{HOST}/team/app",
        f"{HOST}/team/app:$TAG",
        f"{HOST}/team/${{NAME}}:$TAG",
        f"{HOST}/team/$NAME:1",
        "$IMG",
    ]
)
VALUES = {
    "TAG": st.sampled_from(TAGS),
    "NAME": st.sampled_from(NAMES),
    "IMG": st.sampled_from([f"{HOST}/team/app:{tag}" for tag in TAGS]),
}
SOME_VARIABLES = st.fixed_dictionaries({}, optional=VALUES)
IMAGES = IMAGE_NAMES | st.builds(lambda name: {"name": name, "entrypoint": [""]}, IMAGE_NAMES)
SERVICES = st.lists(
    IMAGE_NAMES | st.builds(lambda name: {"name": name, "alias": "db"}, IMAGE_NAMES), max_size=2
)
MATRIX = st.builds(
    lambda tags, names: {"matrix": [{"TAG": tags, "NAME": names}]},
    st.lists(VALUES["TAG"], min_size=1, max_size=2, unique=True),
    st.lists(VALUES["NAME"], min_size=1, max_size=2, unique=True),
)
RULES = st.lists(
    st.builds(lambda variables: {"if": "$CI_COMMIT_TAG", "variables": variables}, SOME_VARIABLES), max_size=2
).map(lambda rules: [*rules, {"when": "always"}])


def jobs(*, matrix_and_rules: bool) -> st.SearchStrategy[dict[str, Any]]:
    """A job's keys, all but its script."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "image": IMAGES,
        "services": SERVICES,
        "variables": SOME_VARIABLES,
        "inherit": st.sampled_from(
            [{"variables": False}, {"variables": ["TAG"]}, {"default": False}, {"default": ["services"]}]
        ),
    }
    if matrix_and_rules:
        optional |= {"parallel": MATRIX, "rules": RULES}
    return st.fixed_dictionaries({}, optional=optional)


@st.composite
def pipelines(draw: st.DrawFn, *, matrix_and_rules: bool = True) -> GeneratedPipeline:
    """A pipeline in which every variable of an image has a value in at least most of the cases."""
    templates = [".base", ".other"]
    kind = jobs(matrix_and_rules=matrix_and_rules)
    included: dict[str, Any] = {}
    content: dict[str, Any] = {"variables": {"TAG": "1", "NAME": "app", **draw(SOME_VARIABLES)}}
    if draw(st.booleans()):
        content["default"] = draw(st.fixed_dictionaries({}, optional={"image": IMAGES, "services": SERVICES}))
    for template in templates:
        (included if draw(st.booleans()) else content)[template] = {"tags": ["docker"], **draw(kind)}
    if draw(st.booleans()):
        content[".other"] = {**content.get(".other", {}), "extends": ".base"}
    for number in range(draw(st.integers(1, 3))):
        job = draw(kind)
        extends = draw(st.sampled_from(["", *templates, templates]))
        content[f"job{number}"] = {**({"extends": extends} if extends else {}), **job, "script": ["true"]}
    return GeneratedPipeline(content, included)
