"""`relay check` against real Kafka and the simulator: what it finds, what it says, and what it never shows."""

import json
import math
import threading
import uuid
from asyncio import new_event_loop, run, run_coroutine_threadsafe
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import NewTopic
from typer.testing import CliRunner, Result

from relay.account_checks import judged
from relay.checks import kept_finding, schemas_finding
from relay.commands import app
from relay.contracts import schemas
from relay.kafka.connection import admin_of
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.embedded.ports import free_ports
from relay.lookups.http import HttpResponse
from relay.mistakes import ConfigurationError
from relay.providers.hyber import HyberAccount
from relay.providers.infobip_voice import InfobipVoiceAccount
from relay.simulator.faults import Fault, FaultKind
from relay.simulator.server import Simulator

LOGIN = "password"  # the simulator's own
ACCOUNT = """
[accounts.hyber_main]
provider = "hyber"
base_url = "{url}"
client_id = "1021"
username = "login"
password = "{password}"
timeout_seconds = 2
"""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Run a simulator in a loop of its own, for the command has one, too."""
    loop = new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = Simulator()
    run_coroutine_threadsafe(running.__aenter__(), loop).result()
    yield running
    run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def a_config(
    folder: Path, *, url: str, servers: str | None = None, password: str = LOGIN, group: str = "check"
) -> Path:
    """Write a configuration; without servers none is named."""
    file = folder / "relay.toml"
    kafka = "" if servers is None else f'[kafka]\nbootstrap_servers = "{servers}"\n'
    names = ("fetch_requests", "messages_sent", "delivered", "seen", "failed", "answered", "dead_letters")
    topics = "".join(f'{name} = "{group}.{name}"\n' for name in (*names, "inbox", "raw", "state"))
    relay = f'[relay]\ngroup = "{group}"\npartitions = 2\n[topics]\n{topics}'
    file.write_text(kafka + relay + ACCOUNT.format(url=url, password=password))
    return file


def check(*arguments: str | Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def verdicts(result: Result) -> dict[str, bool]:
    """Give what was found, by name; of several findings of one name, whether all are well."""
    found: dict[str, bool] = {}
    for finding in json.loads(result.stdout):
        found[finding["what"]] = found.get(finding["what"], True) and finding["ok"]
    return found


@pytest.mark.kafka
def test_missing_topics_fail_until_they_are_created(tmp_path: Path, kafka: EmbeddedKafka, simulator: Simulator) -> None:
    """Everything else is well; after `relay topics create` all is, and the exit code says so."""
    group = f"check-{uuid.uuid4()}"
    config = a_config(tmp_path, url=simulator.url, servers=kafka.bootstrap_servers, group=group)
    before = check("--config", config, "--json")
    others = ("configuration", "kafka", "consumer group", "transactions", "schemas", "account hyber_main")
    rest = dict.fromkeys(others, True)
    assert verdicts(before) == {**rest, "topics": False}
    assert before.exit_code == 1
    fixes = {finding["fix"] for finding in json.loads(before.stdout) if finding["what"] == "topics"}
    assert fixes == {"run `relay topics create` or `relay run`, which creates it, too"}
    assert CliRunner().invoke(app, ["topics", "create", "--config", str(config)]).exit_code == 0
    after = check("--config", config, "--json")
    assert verdicts(after) == {**rest, "topics": True, "input topics": True}
    assert after.exit_code == 0


@pytest.mark.kafka
def test_an_input_topic_that_outlives_the_memory_is_a_warning(
    tmp_path: Path, kafka: EmbeddedKafka, simulator: Simulator
) -> None:
    """With the time and the fix; no failure, and nothing that `relay topics check` judges."""
    group = f"check-{uuid.uuid4()}"
    config = a_config(tmp_path, url=simulator.url, servers=kafka.bootstrap_servers, group=group)
    kept = {"fetch_requests": {"retention.ms": "604800001"}, "messages_sent": {"cleanup.policy": "compact"}}
    run(created(kafka.bootstrap_servers, {f"{group}.{name}": configs for name, configs in kept.items()}))
    assert CliRunner().invoke(app, ["topics", "create", "--config", str(config)]).exit_code == 0
    result = check("--config", config, "--json")
    assert result.exit_code == 0
    found = {each["detail"].partition(":")[0]: each for each in json.loads(result.stdout) if each["warning"]}
    assert sorted(found) == [f"{group}.fetch_requests", f"{group}.messages_sent"]
    assert "kept for 7 days" in found[f"{group}.fetch_requests"]["detail"]
    assert "kept for ever" in found[f"{group}.messages_sent"]["detail"]
    assert "set its retention.ms to 604800000 at most" in found[f"{group}.messages_sent"]["fix"]
    shown = check("--config", config).output
    assert [line.split()[2] for line in shown.splitlines() if line.startswith("input topics")] == ["warning"] * 2
    assert CliRunner().invoke(app, ["topics", "check", "--config", str(config)]).exit_code == 0


async def created(servers: str, configs: dict[str, dict[str, str]]) -> None:
    """Create topics as somebody else would."""
    async with admin_of({"bootstrap_servers": servers}) as admin:
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs=each) for name, each in configs.items()])


@pytest.mark.parametrize(
    ("seconds", "warns", "said"),
    [
        (604_800, False, "no longer than finished messages are remembered, 7 days"),
        (604_801, True, "kept for 7 days, finished messages are remembered for 7 days"),
        (1_209_600, True, "kept for 14 days"),
        (math.inf, True, "kept for ever"),
        (None, False, "not known: no right to DescribeConfigs"),
    ],
)
def test_how_long_an_input_is_kept_never_fails(seconds: float | None, said: str, *, warns: bool) -> None:
    """Others chose it; what may not be seen is said to be unknown."""
    finding = kept_finding("t.sent", seconds)
    assert (finding.ok, finding.warning, finding.fix is not None) == (True, warns, warns)
    assert said in finding.detail


def test_an_absent_kafka_is_one_line_without_a_traceback(tmp_path: Path, simulator: Simulator) -> None:
    """The address and the remedy are named; the account is still tried."""
    (port,) = free_ports(1)
    result = check("--config", a_config(tmp_path, url=simulator.url, servers=f"127.0.0.1:{port}"))
    assert result.exit_code == 1
    kafka = [line for line in result.output.splitlines() if line.startswith("kafka")]
    assert len(kafka) == 1
    assert "failed" in kafka[0]
    assert f"127.0.0.1:{port}" in kafka[0]
    assert "hyber answers and accepts the credentials" in result.output
    assert "Traceback" not in result.output


def test_refused_credentials_fail_and_are_not_shown(tmp_path: Path, simulator: Simulator) -> None:
    """A 401 is told apart from an unknown message, and the password stays out of the output."""
    result = check("--config", a_config(tmp_path, url=simulator.url, password="not-the-right-one"))
    assert result.exit_code == 1
    assert "the provider refuses the credentials (HTTP 401)" in result.output
    assert "not-the-right-one" not in result.output


def test_an_unreachable_provider_fails(tmp_path: Path) -> None:
    """A refused connection is said to be one."""
    (port,) = free_ports(1)
    result = check("--config", a_config(tmp_path, url=f"http://127.0.0.1:{port}"))
    assert result.exit_code == 1
    assert f"no usable answer from http://127.0.0.1:{port}: no connection" in result.output


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(kind=FaultKind.STATUS, status=503), "can't answer now (HTTP 503)"),
        (Fault(kind=FaultKind.STATUS, status=429), "wants fewer requests (HTTP 429)"),
        (Fault(kind=FaultKind.STATUS, status=302), "can't answer now (HTTP 302)"),
        (Fault(kind=FaultKind.HTML), "not this provider's (HTTP 200)"),
        (Fault(kind=FaultKind.HANG), "it takes too long"),
    ],
)
def test_other_answers_fail_with_their_meaning(tmp_path: Path, simulator: Simulator, fault: Fault, said: str) -> None:
    """Each way to answer wrongly has its own words."""
    simulator.faults.add(fault)
    result = check("--config", a_config(tmp_path, url=simulator.url))
    assert result.exit_code == 1
    assert said in result.output


def test_the_probe_asks_for_nothing_that_exists(tmp_path: Path, simulator: Simulator) -> None:
    """One lookup reaches the provider, and it is answered with 404."""
    assert check("--config", a_config(tmp_path, url=simulator.url)).exit_code == 0
    assert simulator.stats().by_status == {404: 1}


def test_no_account_is_a_failure(tmp_path: Path) -> None:
    """A relay without accounts would refuse every record."""
    file = tmp_path / "relay.toml"
    file.write_text("")
    result = check("--config", file)
    assert result.exit_code == 1
    assert "no account" in result.output


def test_a_body_that_is_no_object_is_not_hybers() -> None:
    """A wrong path may answer 404 with a page; that is no sign of good credentials."""
    account = HyberAccount.model_validate(
        {"provider": "hyber", "base_url": "http://x", "client_id": "1", "username": "u", "password": "p"}
    )
    assert judged("account a", account, HttpResponse(404, b'{"error_code": 404}')).ok
    found = judged("account a", account, HttpResponse(404, b"<html>"))
    assert (found.ok, found.fix) == (False, "correct accounts.a: base_url and its paths")


@pytest.mark.parametrize(
    ("status", "body", "ok"),
    [
        (200, b'{"results": []}', True),
        (200, b"<voiceLogsResponse><results/></voiceLogsResponse>", True),
        (404, b'{"requestError": {}}', False),
        (200, b"<html>a login page</html>", False),
    ],
)
def test_an_answer_of_the_log_is_known_by_its_form(*, status: int, body: bytes, ok: bool) -> None:
    """JSON or XML; the probe asks for what must be there, so that a 404 is a wrong path."""
    account = InfobipVoiceAccount.model_validate(
        {"provider": "infobip_voice", "base_url": "https://x.example", "username": "login", "password": LOGIN}
    )
    assert judged("account a", account, HttpResponse(status, body)).ok is ok


def test_schemas_of_another_release_are_named(tmp_path: Path) -> None:
    """A folder that is stale, with the remedy; without a folder, or in a stranger's, there is nothing to compare."""
    assert schemas_finding(tmp_path / "none").ok
    (tmp_path / "orders.v1.schema.json").write_text("{}")
    assert schemas_finding(tmp_path).ok
    (tmp_path / "orders.v1.schema.json").unlink()
    schemas.write(tmp_path)
    assert schemas_finding(tmp_path).ok
    (tmp_path / "status_changed.v1.schema.json").write_text("{}")
    found = schemas_finding(tmp_path)
    assert (found.ok, found.fix) == (False, "run `relay schemas write`")
    assert "status_changed.v1.schema.json is stale" in found.detail


def test_mistakes_of_the_configuration_are_json_too(tmp_path: Path) -> None:
    """Whoever reads the findings with a program finds each mistake among them; it is wrong usage all the same."""
    file = tmp_path / "relay.toml"
    file.write_text('[http]\nport = "x"\n[logging]\nlevel = "loud"\n')
    result = check("--config", file, "--json")
    found = json.loads(result.stdout)
    assert isinstance(result.exception, ConfigurationError)
    assert [each["detail"] for each in found] == list(result.exception.lines)
    assert {(each["what"], each["ok"]) for each in found} == {("configuration", False)}
