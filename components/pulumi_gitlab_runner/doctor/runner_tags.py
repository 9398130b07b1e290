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
