"""What a relay shows, in good days and bad ones, holds no secret and no whole phone number."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from relay.commands import main
from relay.settings import describe, load_settings
from relay.simulator import steps
from relay.simulator.faults import Fault, FaultKind
from relay.simulator.hyber import HyberSite
from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd, VoiceCall
from relay.simulator.infobip_endings import ended
from relay.simulator.messages import Message
from tests.polling import eventually
from tests.replica import Replica
from tests.running import EVENT_TOPICS, RELAY
from tests.security.acls import Acls
from tests.security.secured import PLAIN_PASSWORD, PLAIN_USER, SCRAM_PASSWORD, Secured
from tests.security.working import SecuredWorld, secured_world
from tests.slot.raising import NUMBER

RAISING = (str(Path(__file__).parents[1] / "slot" / "raising.py"),)
HYBER, APP_KEY, WRONG_KEY, WRONG = (
    "hYbErSecretOfTheSite",
    "aPpKeyOfTheVoice",
    "wRoNgKeyOfTheVoice",
    "wRoNgPasswordOfAll",
)
SECRETS = (HYBER, APP_KEY, WRONG_KEY, WRONG, PLAIN_PASSWORD, SCRAM_PASSWORD)
NUMBERS = ("380671230002", "380671230003", "380671230004", "380671230005", NUMBER)
RECIPIENT, OF_MESSAGE, OF_CALL, REFUSED, _ = NUMBERS
ECHO = json.dumps({"error_text": f"{HYBER} is wrong for {OF_MESSAGE}"}).encode()
ACCOUNTS = f"""
[accounts.voice]
provider = "infobip_voice"
base_url = "{{url}}"
auth = "app"
api_key = "replaced by the file that the environment names"
[accounts.voice.polling]
drain_seconds = 0.5
[accounts.refused]
provider = "infobip_voice"
base_url = "{{url}}"
auth = "bearer"
api_key = "{WRONG_KEY}"
[accounts.no_tls]
provider = "hyber"
base_url = "{{url}}"
client_id = "1021"
username = "login"
password = "{WRONG}"
timeout_seconds = 1
"""


def shown_in(text: str) -> list[str]:
    """Return the secrets and numbers that a text holds, as they are or encoded."""
    return [word for word in (*SECRETS, *NUMBERS) if any(form in text for form in forms(word))]


def forms(word: str) -> Iterator[str]:
    """Give a word as it is, in hexadecimal digits, and in base64 wherever in a text it stood."""
    raw = word.encode()
    yield from (word, raw.hex())
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        yield encoded[4 * (before > 0) : -4]


@pytest.mark.parametrize("before", ["", "l", "lo", "log", "login:"])
def test_a_word_is_found_however_it_is_encoded(before: str) -> None:
    """The search itself sees a password inside an Authorization header."""
    assert shown_in(base64.b64encode(f"{before}{HYBER}:".encode()).decode()) == [HYBER]
    assert shown_in(f"x{NUMBER}x") == [NUMBER]
    assert shown_in("3806******01") == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talkative(secured: Secured, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SecuredWorld]:
    """Give a world of relays that log all they can, with a secret in every place that may hold one."""
    folder = tmp_path_factory.mktemp("secrets")
    for name, secret in (("hyber", HYBER), ("voice", APP_KEY), ("kafka", PLAIN_PASSWORD)):
        (folder / name).write_text(f"{secret}\n")
    user = {
        **{name: value for name, value in secured.plain.items() if name != "RELAY_KAFKA__SASL_PASSWORD"},
        "RELAY_KAFKA__SASL_PASSWORD_FILE": str(folder / "kafka"),
        "RELAY_ACCOUNTS__MAIN__PASSWORD_FILE": str(folder / "hyber"),
        "RELAY_ACCOUNTS__VOICE__API_KEY_FILE": str(folder / "voice"),
        "RELAY_LOGGING__LEVEL": "debug",
    }
    hyber = HyberSite(password=HYBER, too_early_seconds=0)
    infobip = InfobipSite(auth="app", api_key=APP_KEY)
    async with (
        secured_world(secured, folder, user, sections=ACCOUNTS, hyber=hyber, infobip=infobip) as world,
        Acls(secured.kafka.bootstrap_servers) as acls,
    ):
        user["RELAY_ACCOUNTS__NO_TLS__BASE_URL"] = world.simulator.url.replace("http:", "https:")
        await acls.allow(PLAIN_USER, world.rights())
        yield world


async def ran(world: SecuredWorld, *arguments: str, command: Sequence[str] = RELAY, **changes: str) -> str:
    """Run a command of the relay to its end and return all that it printed; a secret given here replaces its file."""
    kept = {name: value for name, value in world.environment.items() if name.removesuffix("_FILE") not in changes}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, *command, *arguments, "--config", str(world._config())],
        env={**os.environ, **kept, **changes},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout.decode()


async def good_and_bad_days(world: SecuredWorld) -> None:
    """Have the relay do what it can do: events, refused records and accounts, broken answers, an unexpected error."""
    send = world.simulator.send
    send(Message(message_id="good", phone_number=OF_MESSAGE, steps=(steps.delivered(0, "sms"),)))
    world.simulator.send_call(VoiceCall(message_id="call", phone_number=OF_CALL, endings=(ended(0, CallEnd.ANSWERED),)))
    sent = {"account": "main", "message_id": "good", "sent_at": "2026-11-22T08:00:00Z", "recipient": RECIPIENT}
    await world.send("messages_sent", {**sent, RECIPIENT: "an unknown field"})
    await world.told("good", "delivered", seconds=60)
    for kind in (FaultKind.RESET, FaultKind.GARBAGE, FaultKind.RAW, FaultKind.CUT):
        bad = f"bad-{kind}"
        world.simulator.faults.add(Fault(kind=kind, message_id=bad, times=1, body=ECHO))
        send(Message(message_id=bad, phone_number=OF_MESSAGE, steps=(steps.delivered(0, "sms"),)))
        await world.fetch(message_id=bad)
        await world.told(bad, "delivered", seconds=60)
    await world.send("fetch_requests", {"request_id": "r", "account": "voice"})
    await world.told("call", "delivered", "answered", seconds=60)
    await world.send("fetch_requests", {"request_id": "r", "account": "refused"})
    await world.send("fetch_requests", {"request_id": "r", "account": "no_tls", "message_id": "no-tls"})
    await world.send("fetch_requests", {"request_id": REFUSED, "account": REFUSED}, headers=[("x", REFUSED.encode())])
    await world.fetch(message_id="raise-1")


async def told(replica: Replica, event: str, word: str) -> None:
    """Wait for a line of the log that holds a word."""
    await eventually(
        lambda: any(word in str(line) for line in replica.lines(event)), seconds=60, what=f"{event} with {word}"
    )


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_a_running_relay_shows_no_secret_and_no_number(talkative: SecuredWorld) -> None:
    """Log at debug level, metrics, events, reasons of dead letters, a crash's last words."""
    world = talkative
    replica = world.start(RAISING, environment=world.environment)
    await replica.ready(60)
    await good_and_bad_days(world)
    await told(replica, "account.paused", "refused")
    await told(replica, "lookup.failed", "no-tls")
    await told(replica, "lookup.failed", "UnexpectedError")
    await eventually(world.letters, what="dead letter")
    pages = [(await replica.get(path))[1] for path in ("/live", "/ready", "/metrics")]
    await world.fetch(message_id="crash-1")
    await eventually(lambda: not replica.running, seconds=60, what="end of the process")
    await told(replica, "process.failed", "UnexpectedError")
    assert shown_in(world.log()) == []
    assert shown_in("".join(pages)) == []
    assert shown_in(str([record for record in world.seen if record.topic in EVENT_TOPICS])) == []
    assert world.events("call")[0]["recipient"] == "3806******04"
    (letter,) = world.letters()
    assert REFUSED in letter["payload"]
    assert shown_in(json.dumps({key: letter[key] for key in ("reason", "source", "key", "dead_letter_id")})) == []


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_commands_show_no_secret_and_no_number(talkative: SecuredWorld) -> None:
    """`check` as table and JSON, with right and wrong credentials, and as it fails by an error; `topics`, `explain`."""
    wrong = {"RELAY_KAFKA__SASL_PASSWORD": WRONG, "RELAY_ACCOUNTS__MAIN__PASSWORD": WRONG}
    printed = await asyncio.gather(
        ran(talkative, "check"),
        ran(talkative, "check", "--json", **wrong),
        ran(talkative, "topics", "check", **wrong),
        ran(talkative, "explain", "good"),
        ran(talkative, "check", command=RAISING, RAISE_IN_CHECK="1"),
    )
    table, as_json, topics, _, crashed = printed
    assert "accepts the credentials" in table
    assert "refuses the credentials" in as_json
    assert "no answer from" in as_json
    assert "Kafka does not answer" in topics
    assert "UnexpectedError: checking with 4 accounts" in crashed
    assert shown_in("".join(printed)) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("not text", b"\xff" + HYBER.encode()),
        ("empty", b""),
        (HYBER, None),
        ("many lines", f"-----BEGIN-----\n{HYBER}\n".encode()),
    ],
    ids=["not text", "empty", "the password where its file belongs", "a key"],
)
def test_a_wrong_password_file_is_not_shown(
    name: str,
    content: bytes | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever the file holds, and even if the password stands where the path belongs, the errors don't tell it."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
        name = str(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    account = {"PROVIDER": "hyber", "BASE_URL": "http://127.0.0.1:9", "CLIENT_ID": "1", "USERNAME": "login"}
    for key, value in {**account, "PASSWORD_FILE": name}.items():
        monkeypatch.setenv(f"RELAY_ACCOUNTS__X__{key}", value)
    with pytest.raises(SystemExit) as ended_with:
        main(["check"])
    captured = capsys.readouterr()
    assert ended_with.value.code in {1, 2}
    assert captured.out + captured.err
    assert shown_in(captured.out + captured.err) == []


def test_settings_show_no_secret_in_any_form(tmp_path: Path) -> None:
    """`repr`, text, dump and description of the settings and of each account."""
    file = tmp_path / "relay.toml"
    file.write_text(ACCOUNTS.format(url="http://x"))
    (tmp_path / "voice").write_text(APP_KEY)
    environ = {
        "RELAY_ACCOUNTS__VOICE__API_KEY_FILE": str(tmp_path / "voice"),
        "RELAY_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "RELAY_KAFKA__SASL_USERNAME": PLAIN_USER,
        "RELAY_KAFKA__SASL_PASSWORD": PLAIN_PASSWORD,
    }
    settings = load_settings(file, environ)
    parts = [settings, settings.kafka, *settings.accounts.values()]
    shown = [f"{part!r} {part} {part.model_dump()} {part.model_dump_json()}" for part in parts]
    assert shown_in(f"{shown} {describe(settings)}") == []
