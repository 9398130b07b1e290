"""Runners: the token, the tags, the type, and the enablement for projects."""

import pytest

from sandbox.providers.gitlab.provider import GitLab
from sandbox.services.gitlab.access import INSTANCE as GITLAB_INSTANCE
from sandbox.services.gitlab.state import AccessToken
from sandbox.standin.provider import Refused
from sandbox.standin.values import UNKNOWN
from tests.providers.gitlab.stack import TOKEN, Stack, token

GROUP = {"runnerType": "group_type", "groupId": 42}
PROJECT = {"runnerType": "project_type", "projectId": 7}
INSTANCE = {"runnerType": "instance_type"}


def test_only_the_creation_returns_the_token(stack):
    made = stack.make("UserRunner", GROUP)
    given = made.outputs["token"]
    assert given.startswith("glrt-")
    assert stack.by_hand("POST", "runners/verify", token=given)["id"] == int(made.id)
    assert stack.read("UserRunner", made).outputs["token"] == given
    assert stack.change("UserRunner", made, {**GROUP, "paused": True}).outputs["token"] == given
    assert "token" not in stack.import_("UserRunner", made.id).outputs


def test_the_token_is_secret_and_unknown_in_a_preview(stack):
    assert stack.provider.secret_outputs(token("UserRunner")) == ["token"]
    checked, _ = stack.check("UserRunner", GROUP)
    resource_id, outputs = stack.provider.create(token("UserRunner"), checked, preview=True)
    assert (resource_id, outputs["token"], outputs["groupId"]) == ("", UNKNOWN, 42)
    assert stack.by_hand("GET", "runners/all") == []


def test_the_order_of_tags_does_not_matter(stack):
    made = stack.make("UserRunner", {**GROUP, "tagLists": ["docker", "aws"]})
    assert made.outputs["tagLists"] == ["docker", "aws"]
    assert stack.changes("UserRunner", made, {**GROUP, "tagLists": ["aws", "docker"]}) == {}
    assert "tagLists" in stack.changes("UserRunner", made, {**GROUP, "tagLists": ["aws", "arm"]})


def test_omitted_inputs_are_not_a_change(stack):
    made = stack.make("UserRunner", {**GROUP, "description": "build", "tagLists": ["docker"]})
    assert stack.changes("UserRunner", made, GROUP) == {}


@pytest.mark.parametrize("inputs", [GROUP, PROJECT, INSTANCE, {**GROUP, "groupId": UNKNOWN}])
def test_each_type_with_its_group_or_project(stack, inputs):
    assert stack.check("UserRunner", inputs)[1] == []


@pytest.mark.parametrize(
    ("inputs", "failures"),
    [
        ({"runnerType": "group_type"}, ["groupId: a value is required when runnerType is group_type"]),
        ({"runnerType": "project_type"}, ["projectId: a value is required when runnerType is project_type"]),
        ({**GROUP, "projectId": 7}, ["projectId: not allowed when runnerType is group_type"]),
        ({**PROJECT, "groupId": 42}, ["groupId: not allowed when runnerType is project_type"]),
        ({**INSTANCE, "groupId": 42}, ["groupId: not allowed when runnerType is instance_type"]),
        (
            {**GROUP, "maximumTimeout": 599},
            ["maximumTimeout: 599 is not allowed; allowed is a number of at least 600"],
        ),
        (
            {"runnerType": "shared"},
            ['runnerType: "shared" is not allowed; allowed is instance_type, group_type or project_type'],
        ),
        (
            {**GROUP, "accessLevel": "all"},
            ['accessLevel: "all" is not allowed; allowed is not_protected or ref_protected'],
        ),
    ],
)
def test_values_that_are_not_allowed(stack, inputs, failures):
    assert stack.check("UserRunner", inputs)[1] == failures


def test_another_type_is_another_runner(stack):
    made = stack.make("UserRunner", GROUP)
    changes = stack.changes("UserRunner", made, PROJECT)
    assert changes == {"runnerType": True, "groupId": True, "projectId": True}


def test_a_refusal_of_gitlab_is_one_line(stack):
    with pytest.raises(Refused) as refusal:
        stack.make("UserRunner", {**GROUP, "groupId": 1})
    assert str(refusal.value) == (
        "POST user/runners: GitLab answered 400: 400 Bad request - Missing/invalid group"
    )


def test_an_import_needs_a_number(stack):
    with pytest.raises(Refused, match="a number is expected"):
        stack.import_("UserRunner", "build")


class TestScopesOfTheToken:
    NEEDED = frozenset({"create_runner", "manage_runner", "read_api"})

    @pytest.fixture
    def run_life_cycle(self, base_url, server, client):
        """Run the life cycle of a runner with a token of some scopes; return the stack."""
        tokens = server[0].extensions[GITLAB_INSTANCE].tokens

        def run(scopes):
            tokens["runners"] = AccessToken(tokens[TOKEN].user, scopes)
            provider = GitLab()
            settings, _ = provider.check_configuration({"baseUrl": base_url, "token": "runners"})
            provider.configure(settings)
            stack = Stack(provider, client)
            changed = stack.change("UserRunner", stack.make("UserRunner", GROUP), {**GROUP, "paused": True})
            assert stack.read("UserRunner", changed).outputs["paused"] is True
            stack.delete("UserRunner", changed)
            return stack

        return run

    def test_these_scopes_are_enough_for_runners_only(self, run_life_cycle):
        stack = run_life_cycle(self.NEEDED)
        with pytest.raises(Refused, match="higher privileges"):
            stack.make("GroupVariable", {"group": "42", "key": "KEY", "value": "a value"})

    @pytest.mark.parametrize("missing", sorted(NEEDED))
    def test_each_of_these_scopes_is_needed(self, run_life_cycle, missing):
        with pytest.raises(Refused, match="higher privileges"):
            run_life_cycle(self.NEEDED - {missing})


class TestProjectRunnerEnablement:
    @pytest.fixture
    def runner(self, stack):
        return int(stack.make("UserRunner", PROJECT).id)

    def projects(self, stack, runner):
        return [project["id"] for project in stack.by_hand("GET", f"runners/{runner}")["projects"]]

    @pytest.mark.parametrize("project", ["8", "platform/toolchain"])
    def test_its_life_cycle(self, stack, runner, project):
        inputs = {"project": project, "runnerId": runner}
        made = stack.make("ProjectRunnerEnablement", inputs)
        assert made.id == f"{project}:{runner}"
        assert self.projects(stack, runner) == [7, 8]
        read = stack.read("ProjectRunnerEnablement", made)
        assert (read.inputs, read.outputs) == (made.inputs, made.outputs)
        assert stack.import_("ProjectRunnerEnablement", made.id).inputs == inputs
        stack.delete("ProjectRunnerEnablement", made)
        assert self.projects(stack, runner) == [7]
        assert stack.read("ProjectRunnerEnablement", made) is None
        stack.delete("ProjectRunnerEnablement", made)

    def test_both_inputs_replace(self, stack, runner):
        made = stack.make("ProjectRunnerEnablement", {"project": "8", "runnerId": runner})
        changes = stack.changes("ProjectRunnerEnablement", made, {"project": "7", "runnerId": 9})
        assert changes == {"project": True, "runnerId": True}

    def test_it_is_gone_with_its_runner(self, stack, runner):
        made = stack.make("ProjectRunnerEnablement", {"project": "8", "runnerId": runner})
        stack.by_hand("DELETE", f"runners/{runner}")
        assert stack.read("ProjectRunnerEnablement", made) is None

    @pytest.mark.parametrize("resource_id", ["8", "8:build", ":1"])
    def test_an_invalid_id_is_refused(self, stack, resource_id):
        with pytest.raises(Refused, match="PROJECT:RUNNER is expected"):
            stack.import_("ProjectRunnerEnablement", resource_id)

    def test_a_group_runner_is_refused(self, stack):
        runner = int(stack.make("UserRunner", GROUP).id)
        with pytest.raises(Refused, match="403 Forbidden - Runner is a group runner"):
            stack.make("ProjectRunnerEnablement", {"project": "8", "runnerId": runner})
