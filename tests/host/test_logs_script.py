"""The real `gitlab-runner-logs`: the journal entries that it sends to CloudWatch, without a loss."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.host.instance_metadata import InstanceMetadata, Metadata
from tests.host.script_host import ScriptHost

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("curl", "jq"))), reason="curl or jq is not installed"
)

# A journal in one file, an entry a line: prints the entries after the cursor, as journalctl does.
JOURNALCTL = """
while [ "$#" -gt 0 ]; do
    case $1 in --after-cursor) after=$2 ;; --boot) boot=yes ;; --all) all=yes ;; esac
    shift
done
[ -n "${all-}" ] || JOURNAL=$JOURNAL.short
if [ -n "${boot-}" ]; then
    grep -v before-this-boot "$JOURNAL" || :
elif [ -z "${after-no}" ]; then
    echo "Failed to seek to cursor: Invalid argument" >&2; exit 1
elif [ -n "${after-}" ]; then sed "0,/\\"$after\\"/d" "$JOURNAL"; else cat "$JOURNAL"; fi
"""
LONGEST = 4096
"""Without `--all`, journalctl leaves out a longer text."""
# A CloudWatch that keeps what it receives.
KEEP = 'case "$4" in put-log-events) for last; do :; done; cat "${last#file://}" >>"$RECEIVED" ;; esac'
CREATE = (
    "aws --region eu-west-1 logs create-log-stream --log-group-name /the/group "
    "--log-stream-name i-0123456789abcdef0"
)


class LoggingHost(ScriptHost):
    """A host with a journal, whose CloudWatch keeps what it receives."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        values = Metadata(directory / "values").of_the_group()
        self.journal, self.received = directory / "journal", directory / "received"
        self.journal.touch()
        self.write()
        self.received.touch()
        self.environment |= {
            "RUNNER_HOST_IMDS": values.endpoint,
            "JOURNAL": str(self.journal),
            "RECEIVED": str(self.received),
        }
        self.report(LOG_GROUP="/the/group")
        self.commands.add("curl", values.curl, recorded=False)
        self.commands.add("journalctl", JOURNALCTL)
        self.cloudwatch(answers=True)

    def cloudwatch(self, *, answers: bool = True, refuses: str = "") -> None:
        """Set whether CloudWatch answers; `refuses` is the error of its first answer."""
        once = f"""
if [ "$4" = put-log-events ] && [ ! -e "$RECEIVED.refused" ]; then
    touch "$RECEIVED.refused"
    echo "An error occurred ({refuses}) when calling the PutLogEvents operation: it is refused" >&2
    exit 254
fi
"""
        self.commands.add("aws", ((once if refuses else "") + KEEP) if answers else "exit 255")

    def write(self, *texts: str, **fields: Any) -> None:
        """Write entries of `gitlab-runner` to the journal."""
        count = len(self.journal.read_text().splitlines())
        with self.journal.open("a") as journal, Path(f"{self.journal}.short").open("a") as short:
            for number, text in enumerate(texts, count):
                entry = {
                    "__CURSOR": f"c{number:05}",
                    "__REALTIME_TIMESTAMP": str(1_700_000_000_000_000 + number * 1_000_000),
                    "SYSLOG_IDENTIFIER": "gitlab-runner",
                    "PRIORITY": "6",
                    "MESSAGE": text,
                }
                entry |= fields
                written = {key: each for key, each in entry.items() if each is not None}
                journal.write(json.dumps(written) + "\n")
                if len(written.get("MESSAGE", "")) > LONGEST:
                    written["MESSAGE"] = None
                short.write(json.dumps(written) + "\n")

    def batches(self) -> list[list[dict[str, Any]]]:
        """The batches that CloudWatch received."""
        return [json.loads(line) for line in self.received.read_text().splitlines()]

    def messages(self) -> list[str]:
        return [event["message"] for batch in self.batches() for event in batch]


@pytest.fixture
def host(tmp_path: Path) -> LoggingHost:
    return LoggingHost(tmp_path)


def test_the_journal_is_sent_with_its_times_to_a_stream_of_the_instance(
    host: LoggingHost, metadata: InstanceMetadata, shell: list[str]
) -> None:
    host.commands.remove("curl")
    host.environment["RUNNER_HOST_IMDS"] = metadata.endpoint
    host.write("job 1 starts", "job 1 ends")
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    assert host.batches() == [
        [
            {"timestamp": 1_700_000_000_000, "message": "gitlab-runner: job 1 starts"},
            {"timestamp": 1_700_000_001_000, "message": "gitlab-runner: job 1 ends"},
        ]
    ]
    created, sent = host.commands.calls("aws")
    assert created == CREATE
    assert sent.startswith(CREATE.replace("create-log-stream", "put-log-events") + " --log-events file://")


def test_a_run_continues_after_the_previous_one(host: LoggingHost, shell: list[str]) -> None:
    host.write("first")
    host.run("gitlab-runner-logs.sh", shell)
    host.write("second")
    host.run("gitlab-runner-logs.sh", shell)
    host.run("gitlab-runner-logs.sh", shell)
    assert host.messages() == ["gitlab-runner: first", "gitlab-runner: second"]
    assert len([call for call in host.commands.calls("aws") if call == CREATE]) == 1


def test_a_cursor_file_that_is_empty_after_a_crash_is_ignored(host: LoggingHost, shell: list[str]) -> None:
    host.write("first")
    host.run("gitlab-runner-logs.sh", shell)
    cursor = host.root / "var/lib/gitlab-runner-host/logs-cursor"
    cursor.write_text("")
    host.write("second")
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    assert host.messages()[-1] == "gitlab-runner: second"
    assert cursor.read_text() == "c00001\n"


def test_a_cursor_is_synced_before_it_replaces_the_previous_one(
    host: LoggingHost, shell: list[str], tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    host.commands.add("sync", f'cat "$1" >{seen}; [ ! -e "${{1%.new}}" ] || echo late >>{seen}')
    host.write("first")
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    assert seen.read_text() == "c00000\n"


def test_entries_that_did_not_arrive_are_sent_again(host: LoggingHost, shell: list[str]) -> None:
    host.write("first")
    host.cloudwatch(answers=False)
    assert host.run("gitlab-runner-logs.sh", shell).returncode != 0
    host.cloudwatch(answers=True)
    host.run("gitlab-runner-logs.sh", shell)
    assert host.messages() == ["gitlab-runner: first"]


def test_an_existing_stream_is_used(host: LoggingHost, shell: list[str]) -> None:
    host.write("first")
    host.commands.add("aws", f'[ "$4" != create-log-stream ] || exit 254\n{KEEP}')
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    assert host.messages() == ["gitlab-runner: first"]
    assert host.logged() == ["warning: the log stream was not created"]


def test_the_journal_of_another_machine_is_not_sent(host: LoggingHost, shell: list[str]) -> None:
    host.write("as the image was made", UNIT="before-this-boot")
    host.write("job 1 starts")
    host.run("gitlab-runner-logs.sh", shell)
    assert host.messages() == ["gitlab-runner: job 1 starts"]


DAY = 24 * 60 * 60 * 1_000_000


@pytest.mark.parametrize(("behind", "batches"), [(DAY - 1000, [2]), (DAY, [1, 1])], ids=["less", "a day"])
def test_a_batch_spans_less_than_a_day(
    host: LoggingHost, shell: list[str], behind: int, batches: list[int]
) -> None:
    start = 1_700_000_000_000_000
    for at in (start, start + behind):
        host.write("an entry", __REALTIME_TIMESTAMP=str(at))
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    assert [len(each) for each in host.batches()] == batches


def test_entries_out_of_order_arrive_in_order(host: LoggingHost, shell: list[str]) -> None:
    start = 1_700_000_000_000_000
    for at in (start + 2_000_000, start, start + 1_000_000):
        host.write("an entry", __REALTIME_TIMESTAMP=str(at))
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    (batch,) = host.batches()
    assert [each["timestamp"] for each in batch] == [1_700_000_000_000, 1_700_000_001_000, 1_700_000_002_000]


def test_a_clock_that_is_set_back_splits_a_batch_too(host: LoggingHost) -> None:
    start = 1_700_000_000_000_000
    for at in (start + 2 * DAY, start, start + 1):
        host.write("an entry", __REALTIME_TIMESTAMP=str(at))
    assert host.run("gitlab-runner-logs.sh", ["sh"]).returncode == 0
    assert [len(each) for each in host.batches()] == [1, 2]


def test_entries_that_cloudwatch_refuses_do_not_block_the_others(host: LoggingHost, shell: list[str]) -> None:
    host.write("refused")
    host.cloudwatch(refuses="InvalidParameterException")
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    host.write("taken")
    host.run("gitlab-runner-logs.sh", shell)
    assert host.messages() == ["gitlab-runner: taken"]
    assert any("CloudWatch refuses 1 entries" in each for each in host.logged())


def test_a_recreated_log_group_gets_its_stream(host: LoggingHost, shell: list[str]) -> None:
    host.write("first")
    host.run("gitlab-runner-logs.sh", shell)
    host.write("second")
    host.cloudwatch(refuses="ResourceNotFoundException")
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    assert host.messages() == ["gitlab-runner: first", "gitlab-runner: second"]
    assert host.commands.calls("aws").count(CREATE) == 2


def test_a_throttled_call_is_retried(host: LoggingHost, shell: list[str]) -> None:
    host.write("first")
    host.cloudwatch(refuses="ThrottlingException")
    assert host.run("gitlab-runner-logs.sh", shell).returncode != 0
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    assert host.messages() == ["gitlab-runner: first"]


def test_a_long_text_is_truncated(host: LoggingHost, shell: list[str]) -> None:
    host.write("a long text " * 1000)
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    (message,) = host.messages()
    assert message.startswith("gitlab-runner: a long text a long text ")
    assert len(message) == len("gitlab-runner: ") + 1000


def test_batches_keep_the_limits_of_cloudwatch(host: LoggingHost) -> None:
    host.write(*(f"{number} " + "é" * 5000 for number in range(600)))
    host.run("gitlab-runner-logs.sh", ["sh"])
    assert [len(batch) for batch in host.batches()] == [250, 250, 100]
    size = max(sum(len(event["message"].encode()) + 26 for event in batch) for batch in host.batches())
    assert size < 1_048_576
    assert {len(message) for message in host.messages()} == {len("gitlab-runner: ") + 1000}


def test_only_notable_entries_of_systemd_are_sent(host: LoggingHost, shell: list[str]) -> None:
    host.write("Started gitlab-runner-logs.service", SYSLOG_IDENTIFIER="systemd")
    host.write("docker.service: Failed", SYSLOG_IDENTIFIER="systemd", PRIORITY="4")
    host.write("a.service: Notice", SYSLOG_IDENTIFIER="systemd", PRIORITY="5")
    host.write("a.service: without a priority", SYSLOG_IDENTIFIER="systemd", PRIORITY=None)
    host.write("Out of memory", SYSLOG_IDENTIFIER="kernel")
    host.write("by a program without a name", SYSLOG_IDENTIFIER=None)
    host.run("gitlab-runner-logs.sh", shell)
    assert host.messages() == [
        "systemd: docker.service: Failed",
        "systemd: a.service: Notice",
        "kernel: Out of memory",
        "?: by a program without a name",
    ]


@pytest.mark.parametrize("message", [[255, 0], [0], [150], [255, 100], ["one", "two"], None], ids=str)
def test_an_entry_that_is_not_text(host: LoggingHost, shell: list[str], message: Any) -> None:
    host.write("", MESSAGE=message)
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    assert host.messages() == ["gitlab-runner: (binary)"]


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Checking for jobs... received    \033[0;m  \033[0;mjob\033[0;m=1", None),
        ("\033[0;33mWARNING: a job \u00fc \u20ac \U0001f600 \033[0;m  \033[0;33mrunner\033[0;m=a", None),
        ("\033[31;1mERROR: " + "\u20ac" * 2000, "ERROR: " + "\u20ac" * 993),
    ],
    ids=["information", "warning", "error"],
)
def test_the_colours_of_gitlab_runner_are_removed(
    host: LoggingHost, shell: list[str], text: str, sent: str | None
) -> None:
    """gitlab-runner writes them to any output (log/runner_formatter.go); journalctl shows such a text as
    bytes: journalctl(1), the output `json`."""
    host.write("", MESSAGE=list(text.encode()))
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    expected = re.sub("\033[^m]*m", "", text) if sent is None else sent
    assert host.messages() == [f"gitlab-runner: {expected}"]


def test_nothing_is_called_without_a_log_group(host: LoggingHost, shell: list[str]) -> None:
    host.report()
    host.write("first")
    assert host.run("gitlab-runner-logs.sh", shell).returncode == 0
    assert host.commands.calls() == []
