"""The provider's configuration and functions, and what it does not serve."""

import pytest

from sandbox.providers.gitlab.api import Api
from sandbox.providers.gitlab.provider import GitLab
from sandbox.standin.provider import Refused
from sandbox.standin.values import UNKNOWN
from tests.providers.gitlab.stack import TOKEN

UNREACHABLE = "http://127.0.0.1:1/api/v4/"


def configured(settings):
    provider = GitLab()
    checked, failures = provider.check_configuration(settings)
    assert not failures
    provider.configure(checked)
    return provider


def call(provider, name, arguments=None):
    result, failures = provider.invoke(f"gitlab:index/{name}:{name}", arguments or {})
    assert not failures
    return result


class TestConfiguration:
    @pytest.fixture(autouse=True)
    def without_environment(self, monkeypatch):
        monkeypatch.delenv("GITLAB_BASE_URL", raising=False)
        monkeypatch.delenv("GITLAB_TOKEN", raising=False)

    def test_from_the_environment(self, base_url, monkeypatch):
        monkeypatch.setenv("GITLAB_BASE_URL", base_url)
        monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
        assert configured({}).connect({}).get("projects/7")["path"] == "app"

    def test_the_stack_overrides_the_environment(self, base_url, monkeypatch):
        monkeypatch.setenv("GITLAB_BASE_URL", UNREACHABLE)
        monkeypatch.setenv("GITLAB_TOKEN", "wrong")
        provider = configured({"baseUrl": base_url, "token": f"{TOKEN}-developer"})
        assert provider.connect({}).get("projects/7")["path"] == "app"

    @pytest.mark.parametrize("cut", ["", "/", "api/v4", "api/v4/"])
    def test_the_address_may_be_short(self, base_url, cut):
        address = base_url.removesuffix("/api/v4/") + ("/" + cut if cut != "/" else cut)
        assert Api(address, TOKEN).get("user")["username"] == "root"

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"token": TOKEN}, "no baseUrl for GitLab: set gitlab:baseUrl in the stack, or GITLAB_BASE_URL"),
            ({"baseUrl": UNREACHABLE}, "no token for GitLab: set gitlab:token in the stack, or GITLAB_TOKEN"),
        ],
    )
    def test_a_missing_setting_is_named(self, settings, message):
        with pytest.raises(Refused) as refusal:
            configured(settings)
        assert str(refusal.value) == message

    def test_a_wrong_token_is_refused_by_the_early_check(self, base_url):
        with pytest.raises(Refused) as refusal:
            configured({"baseUrl": base_url, "token": "a-wrong-token"})
        assert str(refusal.value) == "GET user: GitLab answered 401: 401 Unauthorized"

    def test_an_unreachable_address(self):
        with pytest.raises(
            Refused, match=r"GitLab at http://127.0.0.1:1/api/v4/ is not reachable"
        ) as refusal:
            configured({"baseUrl": UNREACHABLE, "token": TOKEN})
        assert TOKEN not in str(refusal.value)

    def test_the_early_check_can_be_left_out(self):
        configured({"baseUrl": UNREACHABLE, "token": TOKEN, "earlyAuthCheck": "false"})

    def test_an_address_that_is_not_known_yet(self):
        provider = configured({"baseUrl": UNKNOWN, "token": TOKEN})
        with pytest.raises(Refused, match="gitlab:baseUrl is not known yet"):
            provider.connect({})

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("clientKey", "a property that the sandbox does not serve on the provider"),
            ("colour", "not a property of the provider"),
        ],
    )
    def test_a_property_that_is_not_served(self, name, reason):
        _, failures = GitLab().check_configuration({name: "x"})
        assert [(failure.path, failure.reason) for failure in failures] == [(name, reason)]


class TestFunctions:
    @pytest.mark.parametrize(
        ("kind", "place"),
        [("Project", {"project": "7"}), ("Group", {"group": "42"}), ("Instance", {})],
    )
    def test_a_variable(self, stack, kind, place):
        asked = {**place, "key": "KEY"}
        with pytest.raises(Refused, match="there is no such variable"):
            call(stack.provider, f"get{kind}Variable", asked)
        stack.make(f"{kind}Variable", {**asked, "value": "x", "description": "whose"})
        found = call(stack.provider, f"get{kind}Variable", asked)
        assert (found["key"], found["value"], found["description"]) == ("KEY", "x", "whose")


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("gitlab:index/projectLabel:ProjectLabel", "the sandbox does not serve this type"),
        ("gitlab:index/runner:Runner", "no such type"),
    ],
)
def test_a_type_that_is_not_served(stack, token, reason):
    with pytest.raises(Refused, match=reason):
        stack.provider.check(token, "it", {}, {}, b"")


class TestRetries:
    """As in the official provider's client: after an answer of 5xx, and never without an answer."""

    @pytest.fixture
    def fault(self, server, base_url):
        from tests.faults.proxy import Traffic, proxy

        traffic = Traffic()
        with proxy("gitlab", base_url, traffic) as address:
            asked = Api(address, TOKEN)
            yield traffic, asked
            asked._client.close()

    @pytest.mark.parametrize(("way", "made"), [("error", True), ("answer-lost", False)])
    def test_a_variable(self, fault, client, way, made):
        from tests.faults.proxy import Fault, Way

        traffic, asked = fault
        traffic.begin(Fault("gitlab POST groups/42/variables ONCE", 1, Way(way)))
        body = {"key": "ONCE", "value": "a-longer-value"}
        if made:
            assert asked.post("groups/42/variables", body)["key"] == "ONCE"
        else:
            with pytest.raises(Refused, match="not reachable"):
                asked.post("groups/42/variables", body)
        assert traffic.struck == 1
        assert client.get("groups/42/variables/ONCE").status_code == 200
