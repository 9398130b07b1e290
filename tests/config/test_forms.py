"""Grammars of texts, with the results of Go's own parsers."""

import pytest
from pulumi_gitlab_runner.config.forms import (
    ABSOLUTE_PATH,
    CAPABILITY,
    CPUS,
    CPUSET,
    DEVICE,
    DURATION,
    EXTRA_HOST,
    IP_ADDRESS,
    IPC_MODE,
    MAC_ADDRESS,
    MEMORY,
    PATTERN,
    PID_MODE,
    TIMESTAMP,
    ULIMIT,
    VOLUME,
    Form,
    duration_seconds,
    ram_bytes,
)

CASES = [
    # The cases of go-units' own tests (TestRAMInBytes), and the empty text, which the runner reads as 0.
    (MEMORY, "32 32b 32B 32k 32K 32kb 32Kb 32Mb 32MB 32Gb 32Tb 32Pb 32PB 32P 32.3 32.5kB", True),
    (MEMORY, "32KiB 512m 1.5g .5g 5.g 1e3 0", True),
    (MEMORY, "hello -32 -1 32bb 32bs 32mib1 32kiBB 32BB g 32e 0x10 1_000 ٣2m 32kibs inf", False),
    # Go's time.ParseDuration.
    (DURATION, "0 5s 30s 1478s -5s +5s -0 5.0s 5.6s 5.s .5s 10ns 11us 12µs 12μs 13ms 3h30m 1h30m0.5s", True),
    (DURATION, "3 - s . -. .s +.s 1d 5m30 1,5h ٣s", False),
    # 2**63 nanoseconds are 2562047h47m16.85s.
    (DURATION, "2562047h47m16s -2562047h47m16s", True),
    (DURATION, "2562047h47m17s 99999999999h", False),
    # GetUlimits in the runner's common/config.go.
    (ULIMIT, "1024 1024:2048 -1 -1:-1 0", True),
    (ULIMIT, "unlimited 1024:abc 1024: :1024 1:2:3 1.5 9223372036854775808", False),
    # executors/docker/internal/volumes/parser of the runner.
    (
        VOLUME,
        "/cache /cache/ / /a:/b /a/b/:/c:ro name:/b:RW,z /a:/b:z /a:/b:O /a:/b:rshared /a:/b:ro:slave",
        True,
    ),
    (VOLUME, "/cache/$CI_PROJECT_ID /$X/a:/b /cache:rw", True),
    (VOLUME, "cache /a:b /a:/b:zz /a:/b:nocopy //a a/b:/c /a:/b:/c", False),
    # parseDeviceString in the runner's executors/docker/docker.go, and Docker's permissions.
    (DEVICE, "/dev/kvm /dev/kvm:/dev/vm /dev/kvm:/dev/vm:rwm /dev/kvm:/dev/vm:r", True),
    (DEVICE, "/dev/a:/dev/b:x /dev/a:/dev/b:r:m :/dev/a", False),
    (EXTRA_HOST, "db:10.0.0.2 db:fd00::1 db:host-gateway", True),
    (EXTRA_HOST, "db :10.0.0.2 db:other db= db:10.0.0", False),
    (CAPABILITY, "NET_ADMIN net_admin CAP_NET_ADMIN cap_sys_ptrace ALL all", True),
    (CAPABILITY, "NET-ADMIN ADMIN CAP_ NET_ADMIN,SYS_ADMIN", False),
    (CPUSET, "0 0-3 0-3,7 0,1", True),
    (CPUSET, "all 0- -1 0,,1 0-3-5", False),
    (PID_MODE, "host container:db", True),
    (PID_MODE, "private container: Host", False),
    (IPC_MODE, "none private shareable host container:db", True),
    (IPC_MODE, "container: other", False),
    (PATTERN, r"team/.* ^a(b|c)$ (?i)x [a-z]{2,} \pL+ [[:alpha:]] \Q(\E a\.b", True),
    (PATTERN, r"( a) [a *a a** (?=a) (?!a) (?<=a)b (?<!a)b (a)\1", False),
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


@pytest.mark.parametrize("form", [ULIMIT, VOLUME, DEVICE, EXTRA_HOST, CAPABILITY])
def test_an_empty_entry_is_refused(form: Form) -> None:
    assert not form.accepts("")


@pytest.mark.parametrize("form", [CPUSET, PID_MODE, IPC_MODE, PATTERN])
def test_an_empty_text_is_no_setting(form: Form) -> None:
    assert form.accepts("")


def test_a_long_path_is_read_in_a_moment() -> None:
    assert not VOLUME.accepts("/" + "a" * 10_000 + ":")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", 0),
        ("6", 6),
        ("1k", 1024),
        ("1.5 KiB", 1536),
        ("512m", 512 * 1024**2),
        ("1e3b", 1000),
        ("1P", 1024**5),
    ],
)
def test_the_bytes_of_a_size(text: str, size: float) -> None:
    assert ram_bytes(text) == size
