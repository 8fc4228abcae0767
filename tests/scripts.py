"""What becomes of the messages of a load: every kind of end, soon."""

from relay.simulator import steps

SCRIPTS = (
    (steps.delivered(0, "sms"),),
    (steps.accepted(0), steps.delivered(0.7, "sms")),
    (steps.expired(0, "viber"), steps.delivered(1, "sms")),
    (steps.seen(0, "viber"),),
    (steps.delivered(0.3, "viber"), steps.seen(1, "viber")),
    (steps.accepted(0), steps.expired(0.5, "sms")),
)
