"""Runners that are registered again, moved and renamed while jobs run, as GitLab and managers see them.

Each fixture is the next step in the life cycle of the same runners, and continues from the previous fixture.
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
NEXT_GENERATION = {"generation": 2, "keep_previous": True}
WORKERS = (
    "Group",
    "LaunchTemplate",
    "SecurityGroup",
    "SecurityGroupEgressRule",
    "SecurityGroupIngressRule",
)


class Runners:
    """The runners of a stack, and the requests of their manager to GitLab.

    Args:
        project: a deployed stack; `build` is declared as in its file.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.first: dict[str, str] = {}
        """The IDs of the first generations."""
        self.tokens: dict[str, str] = {}
        """Their tokens."""
        self.job: dict[str, Any] = {}
        """The job that the first generation of `second` runs."""

    def ids(self) -> dict[str, str]:
        """Each runner's ID in GitLab, from the stack's outputs."""
        return {name: output["id"] for name, output in self.project.outputs()["runners"].items()}

    def token(self, runner: str, host: str = "build") -> str:
        """A runner's token, as its host reads it."""
        parameter = f"/gitlab-runner/tested/{host}/tokens/{runner}"
        read = self.project.aws("ssm").get_parameter(Name=parameter, WithDecryption=True)
        return str(read["Parameter"]["Value"])

    def in_gitlab(self) -> dict[str, dict[str, Any]]:
        """The runners in GitLab, by their IDs."""
        runners = self.project.snapshot()["gitlab"]["runners"]
        return {str(number): runner for number, runner in runners.items()}

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request to GitLab as a runner manager does."""
        url = f"{self.project.sandbox.services['gitlab'].url}/api/v4/{path}"
        return httpx.request(method, url, **options)

    def request_job(self, token: str) -> httpx.Response:
        return self.send("POST", "jobs/request", json={"token": token})

    def queue(self, project: int, tag: str) -> int:
        """Queue a job; return its ID."""
        url = f"{self.project.sandbox.services['gitlab'].url}/sandbox/jobs"
        job = {"project_id": project, "tag_list": [tag], "script": ["true"]}
        token = {"Private-Token": "sandbox-token"}
        number: int = httpx.post(url, headers=token, json=job).raise_for_status().json()["id"]
        return number

    def append_to_trace(self, text: str, start: int = 0) -> httpx.Response:
        """Append text to the trace of the running job."""
        headers = {"Job-Token": self.job["token"], "Content-Range": f"{start}-{start + len(text) - 1}"}
        return self.send("PATCH", f"jobs/{self.job['id']}/trace", headers=headers, content=text)

    def instances(self) -> list[str]:
        """The instances of the host of `build`."""
        group = self.project.outputs()["runners"]["second"]["host"]
        described = self.project.aws("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[group]
        )
        return [each["InstanceId"] for each in described["AutoScalingGroups"][0]["Instances"]]

    def entries(self) -> dict[str, dict[str, Any]]:
        """The `[[runners]]` entries of the host `build`, by name, with the IDs that the host inserts."""
        s3 = self.project.aws("s3")
        (bucket,) = (each["Name"] for each in s3.list_buckets()["Buckets"])
        delivered = s3.get_object(Bucket=bucket, Key="build/files.json")
        config = tomllib.loads(
            json.loads(delivered["Body"].read())["etc/gitlab-runner/config.toml"]["content"]
        )
        entries = {each["name"]: each for each in config["runners"]}
        ids = delivered["Metadata"]["runner-ids"].split(",")
        return {
            name: {**entries[name], "id": int(number)}
            for name, number in zip(sorted(entries), ids, strict=True)
        }


@pytest.fixture(scope="module")
def registered(project: Project) -> Iterator[Runners]:
    """Three runners besides `build`, one of them with a running job; removed at the end."""
    before = project.snapshot()
    with ExitStack() as declared:
        for name, runner in (("second", SECOND), ("moving", MOVING), ("burst", BURST)):
            declared.enter_context(project.declaring(f"runners/{name}", runner))
        project.up()
        registered = Runners(project)
        registered.first = registered.ids()
        registered.tokens = {name: registered.token(name) for name in ("second", "moving")}
        registered.tokens["burst"] = registered.token("burst", "burst")
        registered.queue(8, "small")
        registered.job = registered.request_job(registered.tokens["second"]).json()
        yield registered
    project.up()
    assert project.snapshot()["gitlab"] == before["gitlab"]


@pytest.fixture(scope="module")
def rotated(registered: Runners) -> Iterator[Runners]:
    """The three registered again, their previous generations kept; one of them in another group."""
    with ExitStack() as declared:
        for name, runner in (("second", SECOND), ("moving", MOVING | {"group": 43}), ("burst", BURST)):
            declared.enter_context(registered.project.declaring(f"runners/{name}", runner | NEXT_GENERATION))
        assert registered.project.up() == {
            *(("create", "UserRunner", f"ci-{name}_2") for name in ("second", "moving", "burst")),
            *(("update", "UserRunner", f"ci-{name}") for name in ("second", "moving", "burst")),
            ("create", "ProjectRunnerEnablement", "ci-second_2-project-8"),
            ("delete", "ProjectRunnerEnablement", "ci-second-project-8"),
            *(("update", "Parameter", f"ci-build-token-{name}") for name in ("second", "moving")),
            ("update", "Parameter", "ci-burst-token-burst"),
            *(("update", "BucketObjectv2", f"ci-{name}-files") for name in ("build", "burst")),
        }
        yield registered


def test_a_project_runner_takes_jobs_of_its_other_projects(registered: Runners) -> None:
    assert registered.job["job_info"]["project_id"] == 8
    assert registered.append_to_trace("one\n").status_code == 202


def test_each_previous_generation_is_paused_and_in_its_own_group(rotated: Runners) -> None:
    found, used = rotated.in_gitlab(), rotated.ids()
    for name in ("second", "moving", "burst"):
        assert used[name] != rotated.first[name]
        assert (found[rotated.first[name]]["paused"], found[used[name]]["paused"]) == (True, False)
    groups = [found[ids["moving"]]["groups"][0]["id"] for ids in (rotated.first, used)]
    assert groups == [42, 43]


def test_hosts_have_the_new_ids_and_tokens(rotated: Runners) -> None:
    used, entries = rotated.ids(), rotated.entries()
    assert {name: str(entries[name]["id"]) for name in ("second", "moving")} == {
        name: used[name] for name in ("second", "moving")
    }
    assert rotated.token("second") != rotated.tokens["second"]
    assert rotated.token("burst", "burst") != rotated.tokens["burst"]


def test_only_the_new_generation_gets_new_jobs(rotated: Runners) -> None:
    for project, tag, name, host in ((8, "small", "second", "build"), (7, "burst", "burst", "burst"),
                                     (8, "moving", "moving", "build")):  # fmt: skip
        number = rotated.queue(project, tag)
        assert rotated.request_job(rotated.tokens[name]).status_code == 204
        assert rotated.request_job(rotated.token(name, host)).json()["id"] == number


def test_a_running_job_of_the_previous_generation_completes(rotated: Runners) -> None:
    assert rotated.append_to_trace("two\n", start=4).status_code == 202
    end = {"token": rotated.job["token"], "state": "success"}
    assert rotated.send("PUT", f"jobs/{rotated.job['id']}", json=end).status_code == 200
    job = rotated.project.gitlab("GET", f"projects/8/jobs/{rotated.job['id']}")
    assert (job["status"], str(job["runner"]["id"])) == ("success", rotated.first["second"])


@pytest.fixture(scope="module")
def renamed(rotated: Runners) -> Iterator[Runners]:
    """No previous generations; `build`, which has the host, renamed to `ci`; `burst` on a host now."""
    project = rotated.project
    build = yaml.safe_load(project.settings.read_text())["config"]["gitlab-runner:stack"]["runners"]["build"]
    rotated.first, instances = rotated.ids(), rotated.instances()
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
            # Of the resources of `burst`, only its workers are deleted.
            ("delete", "RunnerFleet", "ci-burst"),
            *(("delete", kind, "ci-burst-workers") for kind in WORKERS),
            *(("update", kind, "ci-burst") for kind in ("LaunchTemplate", "Group")),
            # The role may read all parameters below its host's prefix.
            ("update", "RolePolicy", "ci-burst"),
            *(("update", "BucketObjectv2", f"ci-{name}-files") for name in ("build", "burst")),
        }
        assert rotated.instances() == instances
        yield rotated


def test_a_renamed_runner_keeps_its_id_and_token(renamed: Runners) -> None:
    number = renamed.first["build"]
    assert renamed.ids()["ci"] == number
    assert renamed.in_gitlab()[number]["description"] == "ci"
    assert str(renamed.entries()["ci"]["id"]) == number
    assert renamed.request_job(renamed.token("ci")).status_code == 204


def test_the_previous_generations_are_deleted(renamed: Runners) -> None:
    assert renamed.in_gitlab().keys() == set(renamed.ids().values())
    for token in renamed.tokens.values():
        assert renamed.request_job(token).status_code == 403
