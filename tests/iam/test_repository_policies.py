"""Many repositories are divided among policies that IAM accepts, which allow exactly the declared ones."""

import json
from collections.abc import Iterable

import pytest
from pulumi_gitlab_runner.iam.manager import manager_policy
from pulumi_gitlab_runner.iam.pull import IMPORT_ACTIONS, PULL_ACTIONS
from pulumi_gitlab_runner.iam.quotas import INLINE_POLICIES, MANAGED_POLICY
from pulumi_gitlab_runner.iam.repository_policies import (
    INLINE_ROOM,
    Division,
    Part,
    division,
    repository_policy,
)
from pulumi_gitlab_runner.spec import AwsEnvironment, DeclarationError
from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.registries import EcrRegistry, PullThroughRegistry, Registry, Repository

from tests.iam.evaluation import Call, allows

HERE = AwsEnvironment("123456789012", "eu-west-1")
THERE = AwsEnvironment("123456789012", "us-gov-west-1", "aws-us-gov")


def names(count: int, length: int = 18) -> list[str]:
    """Names of repositories of different teams, unsorted."""
    return [f"team-{number % 7}/service-{number:03d}".ljust(length, "x") for number in range(count)]


def registry(repositories: Iterable[str], name: str = "team") -> EcrRegistry:
    return EcrRegistry(name, repositories={each: Repository(each) for each in repositories})


def divided(*registries: Registry, further: int = 0) -> Division:
    return division(registries, further=further, path="stack.runners.build")


def parts(found: Division) -> list[Part]:
    return [*([found.inline] if found.inline is not None else []), *found.managed]


def policies(found: Division, *registries: Registry, environment: AwsEnvironment = HERE) -> list[str]:
    """The role's policies: the inline one, and the managed ones."""
    inline = manager_policy(registries, environment, parameter_arns=[], files_arn=None, part=found.inline)
    return [inline, *(repository_policy(each, registries, environment, "") for each in found.managed)]


def pull(repository: str, account: str = "123456789012", region: str = "eu-west-1") -> Call:
    """A call on a repository, as ECR fills in its context."""
    arn = f"arn:aws:ecr:{region}:{account}:repository/{repository}"
    context = {"aws:RequestedRegion": region, "aws:ResourceAccount": account}
    return Call("ecr:BatchGetImage", arn, context)


def test_repositories_that_fit_stay_in_one_policy_with_their_full_arns() -> None:
    # 67 characters each: `"arn:aws:ecr:ap-southeast-1:` and so on, counted for a long region.
    most = INLINE_ROOM // len('"arn:aws:ecr:ap-southeast-1:123456789012:repository/team-0/service-000",')
    few = registry(names(most))
    assert divided(few) == Division()
    (only,) = policies(Division(), few)
    statements = {each["Sid"]: each for each in json.loads(only)["Statement"]}
    assert len(statements["EcrPull"]["Resource"]) == most
    assert "Condition" not in statements["EcrPull"]
    assert divided(registry(names(most + 1))).inline is not None


@pytest.mark.parametrize("length", [18, 26, 34])
def test_a_thousand_repositories_fit(length: int) -> None:
    many = registry(names(1000, length))
    found = divided(many)
    inline, *managed = policies(found, many)
    assert len(managed) <= 10
    assert INLINE_POLICIES.size(inline) <= INLINE_ROOM + 200
    assert max(map(MANAGED_POLICY.size, managed)) <= 6_144
    held = [each.name for part in parts(found) for each in part]
    assert sorted(held) == sorted(names(1000, length))


@pytest.mark.parametrize("environment", [HERE, THERE], ids=lambda each: each.partition)
def test_a_thousand_repositories_fit_in_every_partition_and_region(environment: AwsEnvironment) -> None:
    many = registry(names(1000, 34))
    managed = policies(divided(many), many, environment=environment)[1:]
    assert max(map(MANAGED_POLICY.size, managed)) <= 6_144


def test_exactly_the_declared_repositories_can_be_pulled_from() -> None:
    own, other = (
        registry(names(150)),
        EcrRegistry(
            "shared",
            account="210987654321",
            region="us-east-1",
            repositories={each: Repository(each) for each in names(40, 30)},
        ),
    )
    documents = policies(divided(own, other), own, other)

    def allowed(call: Call) -> bool:
        return any(allows(document, call) for document in documents)

    assert all(allowed(pull(each)) for each in names(150))
    assert all(allowed(pull(each, "210987654321", "us-east-1")) for each in names(40, 30))
    # No repository with another name, in another account, in another region, or of the other registry.
    assert not allowed(pull("team-0/service-150"))
    assert not allowed(pull("team-0/service-000/base"))
    assert not allowed(pull(names(1)[0], account="210987654321"))
    assert not allowed(pull(names(1)[0], region="us-east-1"))
    assert not allowed(pull(names(1, 30)[0]))
    assert allowed(Call("ecr:GetAuthorizationToken", "*"))


def test_repositories_of_a_cache_may_also_be_imported() -> None:
    hub = PullThroughRegistry(
        "hub", "docker-hub", repositories={each: Repository(each) for each in names(80)}
    )
    documents = policies(divided(hub), hub)
    call = pull("hub/team-0/service-000")
    for action in (*PULL_ACTIONS, *IMPORT_ACTIONS):
        assert any(allows(each, Call(action, call.resource, call.context)) for each in documents), action
        elsewhere = pull("team-0/service-000")
        assert not any(
            allows(each, Call(action, elsewhere.resource, elsewhere.context)) for each in documents
        )


@pytest.mark.parametrize("count", [150, 400, 700])
def test_a_further_repository_changes_few_policies(count: int) -> None:
    before = parts(divided(registry(names(count))))
    for further in ("aaa/first", "team-3/service-00a", "zzz/last"):
        after = parts(divided(registry([*names(count), further])))
        assert len(set(after) - set(before)) <= 2, further


def test_the_order_of_the_declaration_does_not_matter() -> None:
    assert divided(registry(names(300))) == divided(registry(names(300)[::-1]))


def test_account_and_region_may_be_known_later() -> None:
    later = EcrRegistry(
        "shared",
        account=Deferred("stack.registries.shared.ecr.account", object()),
        repositories={each: Repository(each) for each in names(300)},
    )
    assert len(divided(later).managed) == len(divided(registry(names(300), "shared")).managed)


def test_too_many_repositories_are_refused_with_the_number_the_limit_and_the_fix() -> None:
    with pytest.raises(DeclarationError) as refused:
        divided(registry(names(1000, 60)))
    (problem,) = refused.value.problems
    assert problem.path == "stack.runners.build"
    assert problem.found == "1,000 repositories, for which a role needs 15 managed policies"
    assert problem.allowed == "at most 10 managed policies, the AWS quota for a role"
    assert "a separate host" in problem.fix


def test_declared_managed_policies_count_towards_the_quota() -> None:
    many = registry(names(1000, 34))
    assert len(divided(many).managed) == 10
    with pytest.raises(DeclarationError, match="at most 9 managed policies in addition to 1 of your own"):
        divided(many, further=1)
