"""Properties of every pipeline: pinning changes no image that a job runs, and nothing else of the files."""

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi_gitlab_runner.doctor.command_line import main

from tests.doctor.pipelines import NAMES, TAGS, GeneratedPipeline, pipelines
from tests.registry.double import RegistryDouble
from tests.registry.fixtures import registry as registry_fixture

DIGESTS = {
    f"team/{name}:{tag}": f"sha256:{number:064x}"
    for number, (name, tag) in enumerate(itertools.product(NAMES, (*TAGS, "latest")), 1)
}

registry = registry_fixture


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(merged.get(key), dict) and isinstance(value, dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def extended(content: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    parents = job.get("extends", [])
    result: dict[str, Any] = {}
    for parent in [parents] if isinstance(parents, str) else parents:
        result = merge(result, extended(content, content[parent]))
    return merge(result, {key: value for key, value in job.items() if key != "extends"})


def expanded(name: str, variables: Mapping[str, str]) -> str:
    """As in the runner: a variable without a value is empty."""
    known: defaultdict[str, str] = defaultdict(str, variables)
    for variable in ("TAG", "NAME", "IMG"):
        name = name.replace(f"${{{variable}}}", known[variable]).replace(f"${variable}", known[variable])
    return name


def combinations_of(content: Mapping[str, Any], job: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The variables that a job may have, by its matrix and its rules."""
    inherit = job.get("inherit", {}).get("variables", True)
    inherited = {
        key: value
        for key, value in content["variables"].items()
        if inherit is True or (inherit is not False and key in inherit)
    }
    matrix = job.get("parallel", {}).get("matrix", [{}])[0]
    for values in itertools.product(*matrix.values()):
        for rule in job.get("rules", [{}]):
            combination = dict(zip(matrix, values, strict=True))
            yield {**inherited, **job.get("variables", {}), **combination, **rule.get("variables", {})}


def pulled(files: Mapping[str, str]) -> dict[tuple[str, str, str], str]:
    """The image of each job, combination of variables and place, read by separate code without pins."""
    loaded = {path: yaml.safe_load(text) for path, text in files.items()}
    content = merge(loaded.get("ci/more.yml", {}), loaded[".gitlab-ci.yml"])
    found: dict[tuple[str, str, str], str] = {}
    for name in filter(lambda name: name.startswith("job"), content):
        job = extended(content, content[name])
        wanted = job.get("inherit", {}).get("default", True)
        default = content.get("default", {}) if wanted is True else {}
        default = {
            k: v
            for k, v in content.get("default", {}).items()
            if wanted is not False and wanted is not True and k in wanted
        } or default
        containers = [
            job.get("image", default.get("image")),
            *job.get("services", default.get("services", [])),
        ]
        for variables in combinations_of(content, job):
            for number, container in enumerate(containers):
                if container:
                    image = container["name"] if isinstance(container, dict) else container
                    way = json.dumps(variables, sort_keys=True)
                    found[name, way, str(number)] = expanded(image, variables)
    return found


def without_pins(value: Any) -> Any:
    """A value of YAML without the digests of `DIGESTS` and the tag `latest` that a pin adds."""
    if isinstance(value, dict):
        return {key: without_pins(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_pins(each) for each in value]
    return value.partition("@")[0].removesuffix(":latest") if isinstance(value, str) else value


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pipelines(), st.booleans())
def test_a_pin_changes_no_image_and_nothing_else(
    registry: RegistryDouble, tmp_path: Path, generated: GeneratedPipeline, flow: bool
) -> None:
    registry.scheme, registry.images, registry.requests = "", DIGESTS, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_CONFIG", str(tmp_path))
        before = generated.texts(registry.host, flow)
        (tmp_path / ".git").mkdir(exist_ok=True)
        (tmp_path / "ci").mkdir(exist_ok=True)
        for path, text in before.items():
            (tmp_path / path).write_text(text)
        status = main(["pin", str(tmp_path / ".gitlab-ci.yml"), "--format", "json"])
        after = {path: (tmp_path / path).read_text() for path in before}
        checked = main(["pin", "--check", str(tmp_path / ".gitlab-ci.yml"), "--format", "json"])
    for path in before:
        assert without_pins(yaml.safe_load(after[path])) == without_pins(yaml.safe_load(before[path]))
    were, are = pulled(before), pulled(after)
    assert were.keys() == are.keys()
    for key, image in were.items():
        name, _, digest = are[key].partition("@")
        assert name.removesuffix(":latest") == image.removesuffix(":latest")
        if digest:
            tagged = image if ":" in image.rpartition("/")[2] else f"{image}:latest"
            assert digest == DIGESTS[tagged.removeprefix(f"{registry.host}/")]
    if checked == 0:
        assert status == 0
        assert all("@" in image for image in are.values())
    if all("@" in image for image in are.values()) and not status:
        assert checked == 0
