"""How long the doctor takes for a pipeline with 100 images, against `skopeo inspect` called for each.

Both ask the same registry: Debian's docker-registry on loopback, without TLS and password. skopeo is told
not to list tags, which the doctor does not do either; it reads each image's configuration besides.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

import httpx

from bench.measure import Measure, program, timed
from sandbox.docker.loopback_registry import push_image, serving
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT

IMAGES = 100
RUNS = 3


def take() -> float:
    """The median ratio of runs that are taken alternately.

    Raises:
        SandboxError: a program is not installed, or one of them did not find every image.
    """
    skopeo = program("skopeo", "skopeo")
    with tempfile.TemporaryDirectory(prefix="bench-") as place, serving(Path(place)) as registry:
        directory = Path(place)
        images = [f"{registry}/team/image-{number}:1" for number in range(IMAGES)]
        with httpx.Client(base_url=f"http://{registry}") as client:
            for image in images:
                repository, _, tag = image.partition("/")[2].partition(":")
                push_image(client, repository, tag, [], "linux/amd64")
        pipeline = directory / ".gitlab-ci.yml"
        jobs = {f"job-{number}": {"image": image, "script": ["true"]} for number, image in enumerate(images)}
        pipeline.write_text(json.dumps(jobs))  # JSON is YAML
        _doctor(directory, pipeline)  # not counted: it compiles its modules
        return median(_skopeo(directory, skopeo, images) / _doctor(directory, pipeline) for _ in range(RUNS))


def _skopeo(directory: Path, skopeo: str, images: list[str]) -> float:
    """How long skopeo takes for all images, one after the other, in seconds."""
    options = ["--no-tags", "--tls-verify=false"]
    return sum(
        timed([skopeo, "inspect", *options, f"docker://{image}"], directory, os.environ).seconds
        for image in images
    )


def _doctor(directory: Path, pipeline: Path) -> float:
    """How long the doctor takes for all images, in seconds."""
    command = [sys.executable, "-P", "-m", "pulumi_gitlab_runner.doctor.command_line"]
    asked = [*command, "job", str(pipeline), "--hosted", "--json"]
    answer = timed(asked, directory, os.environ | {"PYTHONPATH": f"{CHECKOUT}/components"})
    outcomes = [image["registry"]["outcome"] for image in json.loads(answer.output)["images"]]
    if outcomes != ["found"] * IMAGES:
        raise SandboxError(f"the doctor found {outcomes.count('found')} of {IMAGES} images")
    return answer.seconds


DOCTOR_100_IMAGES_RATIO = Measure(
    "doctor_100_images_ratio",
    "ratio",
    f"skopeo inspect for each of {IMAGES} images over one runner-doctor job, median of {RUNS} pairs",
    take,
)
