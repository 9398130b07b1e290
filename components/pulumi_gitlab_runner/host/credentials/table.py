"""The credentials of all registries: when each is requested, and which are valid."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .journal import NOTICE, WARNING
from .questions import BATCH, ECR_HELPER, NO_BATCHES, Answer, Credential, Question, Source, sources

RENEW_S = 45.0
"""Interval of requests, in seconds: a changed password reaches the host within a minute. Unknown helpers are
called as often, because the tokens of some expire soon."""
RENEW_ECR_S = 3600.0
"""Interval of requests to ECR's helper, in seconds. ECR's token is valid for 12 hours:
docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html."""
SOON_S = 15.0
"""Credentials that are due within this time, in seconds, are renewed together with credentials that are due
now, if one request is enough for both."""
LIFETIME_S = 12 * 3600.0
"""How long a credential stays valid, in seconds, if it cannot be renewed."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 300.0
"""The first and the longest pause, in seconds, before a failed request is sent again; each pause is twice the
previous one."""


@dataclass
class Entry:
    """The state of a registry's credential. Times are in seconds since the boot.

    Attributes:
        source: the source of the credential.
        due: the time of the next request.
        credential: the current credential; None without a valid one.
        answered: the time of the request that returned the credential.
        inherited: whether the credential is from a source that was declared before.
        asking: whether a request is pending.
        alone: whether its name is requested separately.
        failures: the number of consecutive failures.
        failing_since: the time of the first of these failures.
        reason: the reason of the last failure.
    """

    source: Source
    due: float
    credential: Credential | None = None
    answered: float = 0.0
    inherited: bool = False
    asking: bool = False
    alone: bool = False
    failures: int = 0
    failing_since: float = 0.0
    reason: str = ""

    @property
    def ends(self) -> float:
        """The time at which the credential expires."""
        return self.answered + LIFETIME_S

    @property
    def renewed_after(self) -> float:
        """The interval of requests, in seconds."""
        return RENEW_ECR_S if Path(self.source.where).name == ECR_HELPER else RENEW_S

    def succeed(self, credential: Credential, asked: float) -> None:
        """Set the credential of an answer."""
        self.credential, self.answered, self.inherited = credential, asked, False
        self.alone, self.failures, self.reason = False, 0, ""
        self.due = asked + self.renewed_after

    def fail(self, reason: str, now: float) -> None:
        """Record a failure."""
        if self.inherited:
            self.credential, self.inherited = None, False
        self.failing_since = self.failing_since if self.failures else now
        self.reason = reason
        self.due = now + min(FIRST_PAUSE_S * 2 ** min(self.failures, 16), LONGEST_PAUSE_S)
        self.failures += 1


class Credentials:
    """The credentials of all registries. It sends no requests and writes no files.

    Args:
        say: sends a message with a priority to the journal.
    """

    def __init__(self, say: Callable[[int, str], None]) -> None:
        self._say = say
        self._batches_secrets = True
        self.entries: dict[str, Entry] = {}

    def take_list(self, text: str, now: float) -> None:
        """Use a new list of registries: registries not in it are removed immediately, new ones are due."""
        declared = dict(sources(text))
        for registry in self.entries.keys() - declared.keys():
            del self.entries[registry]
        for registry, source in declared.items():
            known = self.entries.get(registry)
            if known is None:
                self.entries[registry] = Entry(source, due=now)
            elif known.source != source:
                self.entries[registry] = Entry(
                    source, now, known.credential, known.answered, inherited=known.credential is not None
                )
            elif source.kind == "file":
                known.due = now

    def questions(self, now: float) -> Iterator[Question]:
        """The requests for credentials that are due, those without failures first."""
        groups: dict[tuple[str, ...], dict[str, list[str]]] = {}
        due: set[tuple[str, ...]] = set()
        for registry, entry in sorted(self.entries.items(), key=lambda item: item[1].failures):
            soon = now + SOON_S if entry.source.kind in BATCH and not entry.failures else now
            if entry.asking or entry.due > soon:
                continue
            name = entry.source.name_for(registry)
            apart = entry.alone or entry.source.kind not in BATCH
            group = (entry.source.kind, entry.source.where, *([name] if apart else ()))
            groups.setdefault(group, {}).setdefault(name, []).append(registry)
            if entry.due <= now:
                due.add(group)
        for (kind, where, *rest), names in groups.items():
            if (kind, where, *rest) in due:
                for some in _slices(list(names), self._batch(kind)):
                    yield Question(kind, where, {name: tuple(names[name]) for name in some})

    def _batch(self, kind: str) -> int:
        return 1 if kind == "secret" and not self._batches_secrets else BATCH.get(kind, 1)

    def asked(self, question: Question) -> None:
        """Record that a request is pending."""
        for _, _, entry in self._of(question):
            entry.asking = True

    def answered(self, question: Question, answers: Mapping[str, Answer], asked: float, now: float) -> None:
        """Process the answers to a request.

        Args:
            question: the request.
            answers: the answer for each name.
            asked: the time of the request.
            now: the time of the answers.
        """
        recovered: list[str] = []
        failed: dict[str, list[str]] = {}
        for name, registry, entry in self._of(question):
            entry.asking = False
            answer = answers[name]
            if isinstance(answer, Credential):
                if entry.failures:
                    recovered.append(registry)
                entry.succeed(answer, asked)
            elif answer.alone and len(question.names) > 1:
                self._batches_secrets = self._batches_secrets and answer.reason != NO_BATCHES
                entry.alone, entry.due = True, now
            else:
                if not entry.failures:
                    failed.setdefault(answer.reason, []).append(registry)
                entry.fail(answer.reason, now)
        for reason, registries in failed.items():
            self._say(WARNING, f"{listed(registries)}: {question}: {reason}")
        if recovered:
            self._say(NOTICE, f"{listed(recovered)}: {question}: answers again")

    def _of(self, question: Question) -> Iterator[tuple[str, str, Entry]]:
        """The registries of a request that still have its source."""
        for name, registries in question.names.items():
            for registry in registries:
                entry = self.entries.get(registry)
                if entry is None or entry.source.name_for(registry) != name:
                    continue
                if (entry.source.kind, entry.source.where) == (question.kind, question.where):
                    yield name, registry, entry

    def end_old(self, now: float) -> None:
        """Remove the credentials that have expired."""
        for registry, entry in self.entries.items():
            if entry.credential and entry.ends <= now:
                entry.credential = None
                self._say(
                    WARNING, f"{registry}: its credential has ended, and {entry.source}: {entry.reason}"
                )

    @property
    def all_asked(self) -> bool:
        """Whether every credential has been requested, and no request is pending."""
        return all((e.credential or e.failures) and not e.asking for e in self.entries.values())

    def config(self) -> str:
        """The Docker configuration."""
        held = {registry: entry.credential for registry, entry in sorted(self.entries.items())}
        auths = {registry: each.as_entry() for registry, each in held.items() if each}
        return json.dumps({"auths": auths}, indent=1) + "\n"

    def state(self, boot: str) -> str:
        """The state of each credential, without the credential: for `restore`, runner-doctor and the alarm.

        Args:
            boot: the ID of the current boot, to which the times refer.
        """
        registries = {
            registry: {
                # After a restart, an inherited credential must not be treated as one of the new source.
                "source": "" if entry.inherited else str(entry.source),
                "answered": entry.answered if entry.credential else None,
                "ends": entry.ends if entry.credential else None,
                "failing_since": entry.failing_since if entry.failures else None,
                "reason": entry.reason,
                "asked_again": entry.due,
            }
            for registry, entry in sorted(self.entries.items())
        }
        return json.dumps({"boot": boot, "registries": registries}, indent=1) + "\n"

    def restore(self, config: str, state: str, boot: str, now: float) -> None:
        """Restore the credentials that the service wrote before it was restarted.

        A credential that is not in the state, or is from another source, stays in use until the first answer
        of its source. Credentials of another boot are ignored, because times refer to the boot.
        """
        try:
            auths = json.loads(config)["auths"]
            found = {each: Credential.from_entry(auths[each]) for each in self.entries if each in auths}
        except (ValueError, TypeError, KeyError, AttributeError):
            return
        try:
            written = json.loads(state)
            known = written["registries"] if written["boot"] == boot else None
        except (ValueError, TypeError, KeyError):
            known = {}
        if not isinstance(known, dict):
            return
        for registry, credential in found.items():
            self._restore(self.entries[registry], credential, known.get(registry), now)

    def _restore(self, entry: Entry, credential: Credential, known: Any, now: float) -> None:
        try:
            same, answered = known["source"] == str(entry.source), float(known["answered"])
        except (TypeError, KeyError, ValueError):
            same, answered = False, now
        if not 0 <= now - answered < LIFETIME_S:
            return
        if same:
            entry.succeed(credential, answered)
        else:
            entry.credential, entry.answered, entry.inherited = credential, answered, True


def _slices(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    yield from (names[start : start + size] for start in range(0, len(names), size))


def listed(registries: Iterable[str]) -> str:
    """The names of registries, for a message."""
    return ", ".join(sorted(registries))
