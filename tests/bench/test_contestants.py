"""The contestants do the same job: what is compared is the same work."""

from pathlib import Path

import pytest
import yaml

from bench import benthos_engine
from bench.benthos_engine import NotBuilt, built
from bench.bodies import hyber_body
from relay.core.items import Answered
from relay.core.model import Outcome
from relay.lookups.http import HttpResponse
from relay.providers.hyber import HyberAccount, interpret
from tests.builders import a_lookup

ROOT = Path(__file__).parents[2]


def answered(name: str) -> Answered:
    """Return what the relay understands of one of the benchmark's bodies."""
    account = HyberAccount(provider="hyber", base_url="http://x", client_id="1", username="u", password="p")
    return interpret(HttpResponse(200, hyber_body(name, "m-1").encode()), a_lookup(), a_lookup().anchor_at, account)


@pytest.mark.parametrize(("name", "outcome"), [("delivered", Outcome.DELIVERED), ("pending", Outcome.PENDING)])
def test_the_bodies_say_what_they_are_taken_for(name: str, outcome: Outcome) -> None:
    """They are documented answers about the very message that is asked about."""
    report = answered(name).report
    assert report is not None
    assert (report.outcome, report.message_id) == (outcome, "m-1")


def test_benthos_has_the_inputs_and_outputs_that_it_is_compared_by() -> None:
    """kafka_franz on both sides, the fetch in a branch."""
    config = yaml.safe_load((ROOT / "bench/benthos/config.yaml").read_text())
    assert set(config["input"]) == set(config["output"]) == {"kafka_franz"}
    assert "http" in config["pipeline"]["processors"][0]["branch"]["processors"][0]


def test_without_go_benthos_is_skipped_with_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The rest of the benchmark goes on."""
    monkeypatch.setattr(benthos_engine, "PROGRAM", tmp_path / "benthos")
    monkeypatch.setattr(benthos_engine, "GO_PLACES", ("no-such-go",))
    with pytest.raises(NotBuilt, match="Go is not installed"):
        built()
