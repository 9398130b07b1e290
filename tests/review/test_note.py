"""The note: the order of its parts, what it never contains, and how it is cut."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pulumi_gitlab_runner.review.merge_request import Behind
from pulumi_gitlab_runner.review.note import NOTE_SIZE, marker, note
from pulumi_gitlab_runner.spec.declared import DECLARED

from tests.review.hosts import host_inputs, host_step
from tests.review.previews import FILES, ROLE_POLICY, UNKNOWN, VARIABLE, allow, policy, preview, step
from tests.review.test_code_quality import STEPS

GROUP = "aws:autoscaling/group:Group"
CANARY = "zqxcanary"
PIECES = [
    "`",
    "``` ",
    "\n",
    "\r\n",
    "#",
    "<!-- ",
    "-->",
    "</details>",
    "<img src=x>",
    "@all ",
    "/close\n",
    "[a](b)",
    "\u2028",
]
HOSTILE = st.lists(
    st.sampled_from([*PIECES, "|", "*", "~~~", "%%{init", '"]', "\x1b[2J", "\u202e", "é", " "])
    | st.text(max_size=4)
).map(lambda pieces: "".join([*pieces, CANARY, *reversed(pieces)]))


def test_the_order_is_dangers_counts_picture_changes() -> None:
    written = note(
        preview(
            step("delete", GROUP, "workers", old={}),
            host_step(host_inputs(), host_inputs(["team", "legacy"])),
            messages=(("warning", "mind this"),),
        ),
        "prod",
    )
    places = [
        written.index(part)
        for part in (
            marker("prod"),
            "**⚠ Deleted**",
            "**⚠ New access to registries",
            "**Counts:** 1 to delete, 1 to update",
            "```mermaid",
            "mind this",
            "- delete aws:autoscaling/group:Group workers",
        )
    ]
    assert places == sorted(places)
    assert places[0] == 0


def test_changed_properties_are_named_and_only_harmless_values_are_shown() -> None:
    written = note(
        preview(
            step(
                "update",
                "aws:ec2/launchTemplate:LaunchTemplate",
                "build",
                {"instanceType": "t3.large", "userData": CANARY},
                {"instanceType": UNKNOWN, "userData": CANARY + "2"},
                diffReasons=["instanceType", "userData"],
            ),
            step(
                "update",
                "gitlab:index/userRunner:UserRunner",
                "build",
                {"tagLists": ["a"]},
                {"tagLists": ["a", "b"]},
                detailedDiff={"tagLists[1]": {}, "tagLists[2]": {}},
            ),
            step(
                "replace",
                GROUP,
                "build",
                {"name": "a"},
                {"name": "b"},
                diffReasons=["name"],
                replaceReasons=["name"],
            ),
        ),
        "prod",
    )
    assert '!     instanceType: "t3.large" → known after the update\n!     userData\n' in written
    assert written.count('!     tagLists: ["a"] → ["a", "b"]\n') == 1
    assert "!     name (requires replacement)\n" in written
    assert CANARY not in written


def test_a_value_is_shown_without_escapes() -> None:
    runner = "gitlab:index/userRunner:UserRunner"
    changed = step(
        "update", runner, "build", {"tagLists": ["groß"]}, {"tagLists": []}, diffReasons=["tagLists"]
    )
    assert '!     tagLists: ["groß"] → []' in note(preview(changed), "prod")


def test_changed_files_of_a_host_are_named() -> None:
    written = note(preview(host_step(host_inputs(), host_inputs(privileged=True))), "prod")
    assert "!     content\n!         etc/gitlab-runner/config.toml\n```" in written


def test_a_failed_preview_is_reported_and_not_called_free_of_dangers() -> None:
    written = note(preview(messages=(("error", "one\ntwo"),)), "prod")
    assert "The preview failed" in written
    assert "| one\n| two\n" in written
    assert "No dangers" not in written


def test_a_preview_without_changes_says_so() -> None:
    written = note(preview(step("same", GROUP, old={}, new={})), "prod")
    assert "No dangers found." in written
    assert written.endswith("**Counts:** no changes\n")


def test_each_stack_has_its_own_hidden_line() -> None:
    names = ["prod", "prod2", "a--b", "a-b", "--> <b>", "ci/prod", "CI/prod", "é"]
    assert len({marker(name) for name in names}) == len(names)
    for name in names:
        assert re.fullmatch(r"<!-- pulumi-gitlab-runner review [A-Za-z0-9._~%]+ -->", marker(name))


def test_500_resources_fit_without_a_cut() -> None:
    steps = [
        step(
            "replace",
            GROUP,
            f"group-{n}",
            {"name": "a"},
            {"name": "b"},
            diffReasons=["name"],
            replaceReasons=["name"],
        )
        for n in range(500)
    ]
    written = note(preview(*steps), "prod")
    assert (
        "- `group-0` to `group-499` (500, `Group`): is replaced, and its instances are terminated" in written
    )
    assert all(f"! replace {GROUP} group-{n}\n" in written for n in range(500))
    assert "more lines" not in written


@pytest.mark.parametrize(
    ("name", "size"), [("x", NOTE_SIZE), ("x", 10_000), ("😀" * 300, 10_000), ("`&<" * 200, 10_000)]
)
def test_a_long_note_is_cut_from_the_end_and_says_so(size: int, name: str) -> None:
    lost = [step("delete", GROUP, f"{name}-{n}", old={}) for n in range(50)]
    new = [
        step("create", GROUP, f"{name}-{n}", new={}) for n in range(NOTE_SIZE // len(f"+ create {GROUP} x"))
    ]
    errors = (("error", (name + "\n") * 5000), ("warning", (name + "\n") * 5000))
    written = note(preview(*lost[: size // 1000], *new[: size // 20], messages=errors), "prod", size)
    assert len(written.encode()) <= size
    assert f"**Counts:** {min(len(new), size // 20)} to create, {min(50, size // 1000)} to delete" in written
    assert re.search(r"… and \d+ more lines\n```\n\n</details>\n$", written)
    assert written.count("<details>") == written.count("</details>") == 2


def test_further_dangers_are_collapsed_and_counted() -> None:
    steps = [step("replace", GROUP, f"g{n}", {}, {}, replaceReasons=[f"reason-{n}"]) for n in range(100)]
    written = note(preview(*steps), "prod")
    visible, collapsed = written.split("<details><summary>76 more lines of dangers</summary>")
    assert visible.count("is replaced") == 24
    assert collapsed.count("is replaced") == 76
    small = note(preview(*steps), "prod", 10_000)
    assert re.search(r"… and \d+ more lines\n\n</details>", small)
    assert len(small.encode()) <= 10_000


def test_no_secret_is_shown() -> None:
    marked = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": CANARY}
    written = note(
        preview(
            step(
                "update",
                VARIABLE,
                "v",
                {"masked": marked, "value": marked, "key": marked},
                {"masked": False, "value": marked, "key": "[secret]"},
                diffReasons=["value", "masked"],
            ),
            step("update", ROLE_POLICY, "p", policy(), {"policy": marked}, diffReasons=["policy"]),
        ),
        "prod",
    )
    assert CANARY not in written
    assert "!     masked: [secret] → false\n" in written


@settings(max_examples=60)
@given(HOSTILE)
def test_no_name_is_interpreted_as_markdown(name: str) -> None:
    hosts = host_inputs()
    steps: list[dict[str, Any]] = [
        step("replace", GROUP, name, {}, {}, diffReasons=[name], replaceReasons=[name]),
        step("delete", GROUP, name, old={}),
        step(
            "update",
            VARIABLE,
            name,
            {"key": name, "masked": True},
            {"key": name, "masked": name},
            diffReasons=["masked"],
        ),
        step(
            "update",
            ROLE_POLICY,
            name,
            policy(),
            policy(allow(name, name, Principal={"AWS": name}, Condition={name: name})),
        ),
        step(
            "update",
            FILES,
            name,
            hosts,
            {"key": f"{name}/files.json", "content": hosts["content"].replace("build", "x")},
        ),
        step(
            "create",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            name,
            new={"cidrIpv4": name, "ipProtocol": name, "fromPort": name, "toPort": name},
        ),
        step(
            "create",
            "gitlab-runner:index:RunnerHost",
            name,
            new={DECLARED: {"registries": {name: {"authenticates": name}}, name: {name: [name]}}},
        ),
    ]
    written = note(preview(*steps, messages=(("error", name), ("warning", name))), name)
    tokens = MarkdownIt("commonmark").parse(written)
    html = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert html[0] == marker(name)
    assert html[1:] == [
        "<details><summary>Warnings</summary>",
        "</details>",
        "<details><summary>All changes</summary>",
        "</details>",
    ]
    assert [token.info for token in tokens if token.type == "fence"] == ["text", "mermaid", "text", "diff"]
    inline = [child for token in tokens for child in token.children or []]
    assert {child.type for child in inline} <= {
        "text",
        "code_inline",
        "strong_open",
        "strong_close",
        "softbreak",
    }
    assert not [child for child in inline if child.type == "text" and CANARY in child.content]
    assert [child for child in inline if child.type == "code_inline" and CANARY in child.content]
    assert sum(token.type == "heading_open" for token in tokens) == 1
    assert all(each.isprintable() or each == "\n" for each in written)


@pytest.mark.parametrize(
    ("behind", "message"),
    [(Behind(1, "main"), "is 1 commit behind `main`."), (Behind(3, "a`b"), "is 3 commits behind ``a`b``.")],
)
def test_a_branch_that_is_behind_is_reported_first(behind: Behind, message: str) -> None:
    written = note(preview(step("create", FILES, new={})), "prod", behind=behind)
    assert written.splitlines()[3].startswith("**⚠ Behind:** ")
    assert message in written.splitlines()[3]
    assert "Behind" not in note(preview(), "prod")


WHOLE = """\
<!-- pulumi-gitlab-runner review prod -->
### Preview of `prod`

**⚠ Behind:** the branch is 2 commits behind `main`. The preview shows their
changes as reverted; a deployment does not revert them. First rebase the branch, or merge the
target branch into it.

**⚠ More privileges for jobs**
- `build-files` (`BucketObjectv2`): the runner `build` is privileged: every job has root access to the host

**⚠ Deleted**
- `ci-build` (`UserRunner`): is deleted; its token becomes invalid
- `ci-team/base` (`Repository`): is deleted; its images are lost

**⚠ Jobs will wait: action required during deployment**
- `ci-build` (`UserRunner`): jobs of `group 42` with the tag `docker` wait for another runner; \
before the old runner is deleted, pause it in GitLab and wait until its jobs have finished; \
otherwise they fail

**⚠ Runners accept more jobs**
- `ci-build` (`UserRunner`): accepts jobs of unprotected branches, to which more people can push

**⚠ Reduced protection of CI variables**
- `v` (`ProjectVariable`): the variable `KEY` is no longer protected: jobs of all branches receive it

**⚠ Reduced protection of AWS resources**
- `ci-build` (`SecurityGroupEgressRule`): allows outbound connections to `0.0.0.0/0` on None port None

**⚠ New access to registries**
- `build-files` (`BucketObjectv2`): its host has credentials for `registry.example.com:5000`

**⚠ Additional permissions**
- `ci-build` (`RolePolicy`): allows `s3:GetObject` on `*`

**Counts:** 1 to create, 2 to delete, 5 to update
- create: 1 `SecurityGroupEgressRule`
- delete: 1 `Repository`, 1 `UserRunner`
- update: 2 `BucketObjectv2`, 1 `ProjectVariable`, 1 `RolePolicy`, 1 `UserRunner`

```mermaid
%%{init: {"flowchart": {"wrappingWidth": 700, "rankSpacing": 90}}}%%
flowchart LR
n0["build<br><i>changed</i>"]:::changed
n1["build"]
n2["<b>registry.example.com:5000</b><br>by a password in Parameter Store<br><i>added</i>"]:::added
n3["<b>123456789012.dkr.ecr.eu-west-1.amazonaws.com</b><br>by the manager#39;s role"]
n0 --> n3
n1 ==>|added| n2
n1 --> n3
linkStyle 1 stroke:#1a7f37
classDef added fill:#dff5e3,stroke:#1a7f37,color:#0b3d1c
classDef changed fill:#fdf1d3,stroke:#b06000,color:#4a2a00
```

<details><summary>Warnings</summary>

```text
| old
| version
```

</details>

<details><summary>All changes</summary>

```diff
- delete aws:ecr/repository:Repository ci-team/base
! update aws:iam/rolePolicy:RolePolicy ci-build
! update aws:s3/bucketObjectv2:BucketObjectv2 build-files
!     content
!         etc/gitlab-runner/config.toml
! update aws:s3/bucketObjectv2:BucketObjectv2 build-files
!     content
!         etc/gitlab-runner/registries
+ create aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule ci-build
! update gitlab:index/projectVariable:ProjectVariable v
! update gitlab:index/userRunner:UserRunner ci-build
- delete gitlab:index/userRunner:UserRunner ci-build
```

</details>
"""


def test_the_whole_note() -> None:
    steps = [changed for changed, _ in STEPS.values()]
    written = note(preview(*steps, messages=(("warning", "old\nversion"),)), "prod", behind=Behind(2, "main"))
    assert written == WHOLE
