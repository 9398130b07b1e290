"""Grammars of texts, with the results of Go's own parsers."""

import pytest
from pulumi_gitlab_runner.config.forms import (
    ABSOLUTE_PATH,
    CPUS,
    DURATION,
    IP_ADDRESS,
    MAC_ADDRESS,
    MEMORY,
    TIMESTAMP,
    Form,
    duration_seconds,
)

CASES = [
    # The cases of go-units' own tests (TestRAMInBytes), and the empty text, which the runner reads as 0.
    (MEMORY, "32 32b 32B 32k 32K 32kb 32Kb 32Mb 32MB 32Gb 32Tb 32Pb 32PB 32P 32.3 32.5kB", True),
    (MEMORY, "32KiB 512m 1.5g .5g 5.g 1e3 0", True),
    (MEMORY, "hello -32 -1 32bb 32bs 32mib1 32kiBB 32BB g 32e 0x10 1_000 ٣2m 32kibs inf", False),
    # Go's time.ParseDuration.
    (DURATION, "0 5s 30s 1478s -5s +5s -0 5.0s 5.6s 5.s .5s 10ns 11us 12µs 12μs 13ms 3h30m 1h30m0.5s", True),
    (DURATION, "3 - s . -. .s +.s 1d 5m30 1,5h ٣s", False),
    (CPUS, "1 1.5 .5 2.", True),
    (CPUS, "one 1,5 -1 1/0", False),
    (MAC_ADDRESS, "92:d0:c6:0a:29:33 92-D0-C6-0A-29-33", True),
    (MAC_ADDRESS, "92:d0:c6:0a:29 92:d0:c6:0a:29:3g 92d0c60a2933", False),
    (IP_ADDRESS, "10.0.0.2 fd00::1", True),
    (IP_ADDRESS, "10.0.0 10.0.0.256 dns.example.com", False),
    (TIMESTAMP, "0001-01-01T00:00:00Z 2026-11-01T10:00:00.5+05:30", True),
    (
        TIMESTAMP,
        "2026-11-01 2026-11-01T10:00:00 2026-13-01T10:00:00Z tomorrow 2026-11-01T10:00:00+05:30:10",
        False,
    ),
    (ABSOLUTE_PATH, "/root/.ssh/key", True),
    (ABSOLUTE_PATH, "~/.ssh/key key.pem", False),
]


@pytest.mark.parametrize(
    ("form", "text", "accepted"),
    [(form, text, accepted) for form, texts, accepted in CASES for text in texts.split()],
)
def test_a_form_accepts_only_its_texts(form: Form, text: str, accepted: bool) -> None:
    assert form.accepts(text) is accepted


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("", True),
        ("32 kb", True),
        ("32 ", True),
        ("32  kb", False),
        (" 32", False),
        ("2 gigs", False),
        ("32m\n", False),
    ],
)
def test_memory_with_white_space(text: str, accepted: bool) -> None:
    assert MEMORY.accepts(text) is accepted


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("1h30m", 5400), ("90s", 90), ("500ms", 0.5), ("-2m", -120), ("0", 0), ("1.5h", 5400)),
        *(("2000us", 0.002), ("2000µs", 0.002), ("2000μs", 0.002), ("2000000ns", 0.002)),
    ],
)
def test_duration_seconds(text: str, seconds: float) -> None:
    assert duration_seconds(text) == pytest.approx(seconds)
