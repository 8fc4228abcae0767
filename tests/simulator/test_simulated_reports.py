"""The reports of the simulated Hyber against the samples of its documentation, and what is said before the end."""

from relay.simulator import steps
from relay.simulator.hyber_reports import detailed_report, simple_report
from relay.simulator.messages import Channel, Message, Sent, Step, dispatched
from relay.simulator.truth import truth_of

DOCUMENTED_AT = 1477417294.667
MESSAGE_ID = "9f60ac8f-e721-5027-b838-e6fcb95fcd7a"
EXTRA_ID = "AD-6640-7006"
VIBER_AND_SMS = (Channel(channel="viber", ttl=60), Channel(channel="sms", ttl=300))


def a_sent(*script: Step, channels: tuple[Channel, ...] = (), clicks: int | None = None, speed: float = 1) -> Sent:
    """Send the documentation's message with a script of our own."""
    message = Message(message_id=MESSAGE_ID, extra_id=EXTRA_ID, channels=channels, steps=script, clicks=clicks)
    return dispatched(message, now=DOCUMENTED_AT, speed=speed, unreadable_seconds=10)


def test_simple_report_equals_the_documented_sample() -> None:
    """An SMS of one part with two clicks is reported field by field as the documentation shows."""
    sent = a_sent(steps.delivered(0, "sms", sms_parts=1), clicks=2)
    assert simple_report(sent, DOCUMENTED_AT) == {
        "phone_number": "380961111111",
        "last_partner": "sms",
        "message_id": MESSAGE_ID,
        "extra_id": EXTRA_ID,
        "time": 1477417294667,
        "status": 2,
        "substatus": 23,
        "hyber_status": 23011,
        "total_sms_parts": 1,
        "delivered_sms_parts": 1,
        "clicks": 2,
    }


def test_detailed_report_equals_the_documented_sample() -> None:
    """Viber expired and SMS delivered is reported field by field as the documentation shows."""
    script = (steps.expired(0, "viber"), steps.delivered(0, "sms", sms_parts=1))
    sent = a_sent(*script, channels=VIBER_AND_SMS, clicks=2)
    ids = {"phone_number": "380961111111", "message_id": MESSAGE_ID, "extra_id": EXTRA_ID, "time": 1477417294667}
    sms = {"status": 2, "substatus": 23, "hyber_status": 23011, "total_sms_parts": 1, "delivered_sms_parts": 1}
    assert detailed_report(sent, DOCUMENTED_AT) == {
        "reports": [
            {**ids, "last_partner": "viber", "status": 3, "substatus": 35, "hyber_status": 35015},
            {**ids, "last_partner": "sms", **sms},
        ],
        "started": True,
        "processing": False,
        "delivered_via": "sms",
        "clicks": 2,
        "channels": [{"channel": "viber", "ttl": 60}, {"channel": "sms", "ttl": 300}],
    }


def test_template_reports_equal_the_documented_samples() -> None:
    """A Viber template message carries its template and 23043, simple and detailed."""
    sent = a_sent(steps.delivered(0, "viber", template_id=6349599), clicks=2)
    report = {
        "phone_number": "380961111111",
        "last_partner": "viber",
        "message_id": MESSAGE_ID,
        "extra_id": EXTRA_ID,
        "time": 1477417294667,
        "status": 2,
        "substatus": 23,
        "hyber_status": 23043,
        "matching_template_id": 6349599,
    }
    assert simple_report(sent, DOCUMENTED_AT) == {**report, "clicks": 2}
    assert detailed_report(sent, DOCUMENTED_AT) == {
        "started": True,
        "reports": [report],
        "processing": False,
        "delivered_via": "viber",
        "clicks": 2,
        "channels": [{"ttl": 60, "channel": "viber"}],
    }


def test_nothing_known_is_pending_at_the_platform() -> None:
    """Before the first step the status is -1, the partner the platform, and nothing has started."""
    sent = a_sent(steps.delivered(5, "sms"))
    assert simple_report(sent, DOCUMENTED_AT + 4) == {
        "phone_number": "380961111111",
        "message_id": MESSAGE_ID,
        "extra_id": EXTRA_ID,
        "time": 1477417294667,
        "last_partner": "hyber",
        "status": -1,
    }
    assert detailed_report(sent, DOCUMENTED_AT + 4) == {
        "reports": [],
        "started": False,
        "processing": False,
        "delivered_via": "hyber",
        "channels": [{"channel": "sms", "ttl": 300}],
    }


def test_accepted_message_is_a_pending_report_until_a_channel_has_it() -> None:
    """The platform's own -1 stands in the reports first and gives way to the channel in process."""
    sent = a_sent(steps.accepted(1), steps.in_process(3, "viber"), steps.delivered(9, "viber"))
    accepted = detailed_report(sent, DOCUMENTED_AT + 2)
    assert [(report["last_partner"], report["status"]) for report in accepted["reports"]] == [("hyber", -1)]
    in_process = detailed_report(sent, DOCUMENTED_AT + 4)
    assert [(report["last_partner"], report["substatus"]) for report in in_process["reports"]] == [("viber", 12)]
    assert (in_process["processing"], in_process["delivered_via"]) == (True, "hyber")
    assert simple_report(sent, DOCUMENTED_AT + 4)["status"] == 1


def test_failed_channel_with_another_to_come_is_not_final() -> None:
    """Between the Viber failure and the SMS the simple report falls back to -1 and the detailed one goes on."""
    sent = a_sent(steps.expired(60, "viber"), steps.delivered(70, "sms"))
    between = DOCUMENTED_AT + 65
    assert (simple_report(sent, between)["status"], simple_report(sent, between)["last_partner"]) == (-1, "hyber")
    assert detailed_report(sent, between)["processing"] is True
    assert truth_of(sent).failed_at is None


def test_last_channel_failed_is_final() -> None:
    """When the last channel of the plan expires the message has failed."""
    sent = a_sent(steps.expired(60, "viber"), steps.expired(360, "sms"))
    report = simple_report(sent, DOCUMENTED_AT + 400)
    assert (report["status"], report["substatus"], report["last_partner"]) == (3, 35, "sms")
    assert truth_of(sent).outcome == "failed"


def test_incorrect_number_is_refused_by_the_platform() -> None:
    """36024 comes with the platform as partner, for no channel was tried."""
    sent = a_sent(steps.number_incorrect(1), channels=VIBER_AND_SMS)
    detailed = detailed_report(sent, DOCUMENTED_AT + 2)
    assert (detailed["processing"], detailed["delivered_via"]) == (False, "hyber")
    assert (detailed["reports"][0]["substatus"], detailed["reports"][0]["hyber_status"]) == (36, 36024)


def test_seen_replaces_delivered_in_its_channel() -> None:
    """After the person looked, the channel's one report has the assumed substatus of seen."""
    sent = a_sent(steps.delivered(2, "viber"), steps.seen(30, "viber"))
    assert simple_report(sent, DOCUMENTED_AT + 29)["substatus"] == 23
    seen = detailed_report(sent, DOCUMENTED_AT + 31)["reports"]
    assert [(report["status"], report["substatus"]) for report in seen] == [(2, 24)]
    assert truth_of(sent).knew_at() == {"delivered": DOCUMENTED_AT + 2, "seen": DOCUMENTED_AT + 30}


def test_truth_keeps_a_failure_that_was_corrected() -> None:
    """A failure that the provider corrects to delivered is in the truth, and the outcome is delivered."""
    truth = truth_of(a_sent(steps.expired(60, "sms"), steps.delivered(90, "sms")))
    assert truth.knew_at() == {"failed": DOCUMENTED_AT + 60, "delivered": DOCUMENTED_AT + 90}
    assert truth.outcome == "delivered"


def test_clicks_are_absent_unless_counted_and_zero_before_delivery() -> None:
    """Only a message whose clicks are counted has the field."""
    counted = a_sent(steps.delivered(5, "sms"), clicks=2)
    assert simple_report(counted, DOCUMENTED_AT)["clicks"] == 0
    assert "clicks" not in simple_report(a_sent(steps.delivered(5, "sms")), DOCUMENTED_AT + 6)


def test_speed_divides_the_seconds_of_a_life_cycle() -> None:
    """At speed 100 what takes 50 seconds is known after half a second, and readable after a tenth."""
    sent = a_sent(steps.delivered(50, "sms"), speed=100)
    assert truth_of(sent).delivered_at == DOCUMENTED_AT + 0.5
    assert sent.readable_at == DOCUMENTED_AT + 0.1
