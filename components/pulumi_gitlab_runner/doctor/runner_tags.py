"""The settings of a runner in GitLab that decide which jobs it runs."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class RunnerTags:
    """The settings of a runner in GitLab.

    Attributes:
        name: the name of the runner in the stack.
        tags: its tags; None if they are not known.
        run_untagged: whether it runs jobs without tags.
        protected: whether it runs only jobs of protected branches and tags.
        paused: whether it accepts no jobs.
    """

    name: str
    tags: frozenset[str] | None
    run_untagged: bool
    protected: bool = False
    paused: bool = False

    def accepts(self, tags: Collection[str]) -> bool:
        """Whether it has all tags of a job, in the same case; or whether it runs jobs without tags.

        Source: GitLab 18, lib/gitlab/ci/matching/runner_matcher.rb, `accepting_tags?`, and
        config/initializers/acts_as_taggable.rb, `strict_case_match`.
        """
        if self.tags is None:
            return True
        return self.tags.issuperset(tags) and (self.run_untagged or bool(tags))


_HOSTED = "saas-"
"""The beginning of the tags of GitLab.com's hosted runners: docs.gitlab.com/ci/runners/hosted_runners."""


@dataclass(frozen=True)
class StackRunners:
    """The runners of a stack.

    Attributes:
        each: the runners; none if they are not known.
        on_gitlab_com: whether their GitLab is GitLab.com, whose hosted runners run jobs without tags, too.
    """

    each: tuple[RunnerTags, ...] = ()
    on_gitlab_com: bool = False

    def accepting(self, tags: Collection[str]) -> tuple[RunnerTags, ...]:
        """The runners that accept a job with some tags."""
        return tuple(each for each in self.each if each.accepts(tags))

    def leave_to_hosted(self, tags: Collection[str]) -> bool:
        """Whether none of them accepts a job with some tags, and GitLab.com's hosted runners do."""
        hosted = self.on_gitlab_com and (not tags or any(tag.startswith(_HOSTED) for tag in tags))
        return hosted and not self.accepting(tags)
