"""Runners that are registered anew, moved and renamed while jobs wait and run: as GitLab and managers see it.

Each fixture is a further step in the life of the same runners, and goes on from the one before.
"""

import json
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
import yaml

from tests.engine.project import Project

pytestmark = pytest.mark.engine

SECOND = {"project": 7, "other_projects": [8], "tags": ["small"], "host_of": "build"}
MOVING = {"group": 42, "tags": ["moving"], "host_of": "build"}
BURST = {"group": 42, "tags": ["burst"], "fleet": {"instance_types": ["c7i.large"], "max_instances": 1}}
ANEW = {"generation": 2, "keep_previous": True}
WORKERS = (
    "Group",
    "LaunchTemplate",
    "SecurityGroup",
    "SecurityGroupEgressRule",
    "SecurityGroupIngressRule",
)


class Life:
    """The runners of a stack, and their manager's part of the conversation with GitLab.

    Args:
        project: a stack that is up; `build` is declared as in its file.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.first: dict[str, str] = {}
        """The numbers of the first generations."""
        self.tokens: dict[str, str] = {}
        """Their tokens."""
        self.job: dict[str, Any] = {}
        """The job that the first generation of `second` has taken."""

    def numbers(self) -> dict[str, str]:
        """Each runner's number in GitLab, as the stack tells it."""
        return {name: told["id"] for name, told in self.project.outputs()["runners"].items()}

    def token(self, runner: str, host: str = "build") -> str:
        """A runner's token, as its host reads it."""
        parameter = f"/gitlab-runner/tested/{host}/tokens/{runner}"
        read = self.project.aws("ssm").get_parameter(Name=parameter, WithDecryption=True)
        return str(read["Parameter"]["Value"])

    def in_gitlab(self) -> dict[str, dict[str, Any]]:
        """The runners that GitLab has, by their numbers."""
        runners = self.project.what_there_is()["gitlab"]["runners"]
        return {str(number): runner for number, runner in runners.items()}

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask GitLab as a runner manager does."""
        url = f"{self.project.sandbox.services['gitlab'].url}/api/v4/{path}"
        return httpx.request(method, url, **options)

    def request_job(self, token: str) -> httpx.Response:
        return self.ask("POST", "jobs/request", json={"token": token})

    def queue(self, project: int, tag: str) -> int:
        """Queue a job; its number."""
        url = f"{self.project.sandbox.services['gitlab'].url}/sandbox/jobs"
        job = {"project_id": project, "tag_list": [tag], "script": ["true"]}
        token = {"Private-Token": "sandbox-token"}
        number: int = httpx.post(url, headers=token, json=job).raise_for_status().json()["id"]
        return number

    def say(self, text: str, start: int = 0) -> httpx.Response:
        """Add to the trace of the running job."""
        headers = {"Job-Token": self.job["token"], "Content-Range": f"{start}-{start + len(text) - 1}"}
        return self.ask("PATCH", f"jobs/{self.job['id']}/trace", headers=headers, content=text)

    def instances(self) -> list[str]:
        """The instances of the host that `build` has."""
        group = self.project.outputs()["runners"]["second"]["host"]
        asked = self.project.aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
        return [each["InstanceId"] for each in asked["AutoScalingGroups"][0]["Instances"]]

    def entries(self) -> dict[str, dict[str, Any]]:
        """The `[[runners]]` entries of the host `build`, by name, with the numbers that the host puts in."""
        s3 = self.project.aws("s3")
        (bucket,) = (each["Name"] for each in s3.list_buckets()["Buckets"])
        delivered = s3.get_object(Bucket=bucket, Key="build/files.json")
        config = tomllib.loads(
            json.loads(delivered["Body"].read())["etc/gitlab-runner/config.toml"]["content"]
        )
        entries = {each["name"]: each for each in config["runners"]}
        numbers = delivered["Metadata"]["runner-ids"].split(",")
        return {
            name: {**entries[name], "id": int(number)}
            for name, number in zip(sorted(entries), numbers, strict=True)
        }


@pytest.fixture(scope="module")
def life(project: Project) -> Iterator[Life]:
    """Three runners beside `build`, one of them with a running job; in the end there is none of them."""
    before = project.what_there_is()
    with ExitStack() as declared:
        for name, runner in (("second", SECOND), ("moving", MOVING), ("burst", BURST)):
            declared.enter_context(project.declaring(f"runners/{name}", runner))
        project.up()
        life = Life(project)
        life.first = life.numbers()
        life.tokens = {name: life.token(name) for name in ("second", "moving")}
        life.tokens["burst"] = life.token("burst", "burst")
        life.queue(8, "small")
        life.job = life.request_job(life.tokens["second"]).json()
        yield life
    project.up()
    assert project.what_there_is()["gitlab"] == before["gitlab"]


@pytest.fixture(scope="module")
def rotated(life: Life) -> Iterator[Life]:
    """The three are registered anew, with the generation before beside them; one of them in another group."""
    with ExitStack() as declared:
        for name, runner in (("second", SECOND), ("moving", MOVING | {"group": 43}), ("burst", BURST)):
            declared.enter_context(life.project.declaring(f"runners/{name}", runner | ANEW))
        assert life.project.up() == {
            *(("create", "UserRunner", f"ci-{name}_2") for name in ("second", "moving", "burst")),
            *(("update", "UserRunner", f"ci-{name}") for name in ("second", "moving", "burst")),
            ("create", "ProjectRunnerEnablement", "ci-second_2-project-8"),
            ("delete", "ProjectRunnerEnablement", "ci-second-project-8"),
            *(("update", "Parameter", f"ci-build-token-{name}") for name in ("second", "moving")),
            ("update", "Parameter", "ci-burst-token-burst"),
            *(("update", "BucketObjectv2", f"ci-{name}-files") for name in ("build", "burst")),
        }
        yield life


def test_a_project_runner_takes_jobs_of_its_other_projects(life: Life) -> None:
    assert life.job["job_info"]["project_id"] == 8
    assert life.say("one\n").status_code == 202


def test_each_generation_before_is_paused_and_where_it_was(rotated: Life) -> None:
    there, used = rotated.in_gitlab(), rotated.numbers()
    for name in ("second", "moving", "burst"):
        assert used[name] != rotated.first[name]
        assert (there[rotated.first[name]]["paused"], there[used[name]]["paused"]) == (True, False)
    groups = [there[numbers["moving"]]["groups"][0]["id"] for numbers in (rotated.first, used)]
    assert groups == [42, 43]


def test_hosts_have_the_new_numbers_and_tokens(rotated: Life) -> None:
    used, entries = rotated.numbers(), rotated.entries()
    assert {name: str(entries[name]["id"]) for name in ("second", "moving")} == {
        name: used[name] for name in ("second", "moving")
    }
    assert rotated.token("second") != rotated.tokens["second"]
    assert rotated.token("burst", "burst") != rotated.tokens["burst"]


def test_new_jobs_go_to_the_new_generation_alone(rotated: Life) -> None:
    for project, tag, name, host in ((8, "small", "second", "build"), (7, "burst", "burst", "burst"),
                                     (8, "moving", "moving", "build")):  # fmt: skip
        number = rotated.queue(project, tag)
        assert rotated.request_job(rotated.tokens[name]).status_code == 204
        assert rotated.request_job(rotated.token(name, host)).json()["id"] == number


def test_a_running_job_of_the_generation_before_goes_on_and_ends(rotated: Life) -> None:
    assert rotated.say("two\n", start=4).status_code == 202
    end = {"token": rotated.job["token"], "state": "success"}
    assert rotated.ask("PUT", f"jobs/{rotated.job['id']}", json=end).status_code == 200
    job = rotated.project.gitlab("GET", f"projects/8/jobs/{rotated.job['id']}")
    assert (job["status"], str(job["runner"]["id"])) == ("success", rotated.first["second"])


@pytest.fixture(scope="module")
def renamed(rotated: Life) -> Iterator[Life]:
    """The generations before are gone; `build`, which has the host, is `ci` now; `burst` is on a host."""
    project = rotated.project
    build = yaml.safe_load(project.settings.read_text())["config"]["gitlab-runner:stack"]["runners"]["build"]
    rotated.first, instances = rotated.numbers(), rotated.instances()
    runners = {
        "ci": build | {"renamed_from": "build"},
        "second": SECOND | {"generation": 2, "host_of": "ci"},
        "moving": MOVING | {"generation": 2, "host_of": "ci", "group": 43},
        "burst": {"group": 42, "tags": ["burst"], "generation": 2, "host": {}},
    }
    with project.declaring("runners", runners):
        assert project.up() == {
            ("update", "UserRunner", "ci-build"),
            ("create", "Parameter", "ci-build-token-ci"),
            ("delete", "Parameter", "ci-build-token-build"),
            *(("delete", "UserRunner", f"ci-{name}") for name in ("second", "moving", "burst")),
            # Of what `burst` has, nothing but its workers goes.
            ("delete", "RunnerFleet", "ci-burst"),
            *(("delete", kind, "ci-burst-workers") for kind in WORKERS),
            *(("update", kind, "ci-burst") for kind in ("LaunchTemplate", "Group")),
            # The role reads the parameters below its host's prefix, whichever there are.
            ("update", "RolePolicy", "ci-burst"),
            *(("update", "BucketObjectv2", f"ci-{name}-files") for name in ("build", "burst")),
        }
        assert rotated.instances() == instances
        yield rotated


def test_a_renamed_runner_stays_the_same_in_gitlab(renamed: Life) -> None:
    number = renamed.first["build"]
    assert renamed.numbers()["ci"] == number
    assert renamed.in_gitlab()[number]["description"] == "ci"
    assert str(renamed.entries()["ci"]["id"]) == number
    assert renamed.request_job(renamed.token("ci")).status_code == 204


def test_the_generations_before_are_gone(renamed: Life) -> None:
    assert renamed.in_gitlab().keys() == set(renamed.numbers().values())
    for token in renamed.tokens.values():
        assert renamed.request_job(token).status_code == 403
