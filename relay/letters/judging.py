"""Whether a refused record would be accepted now: by this release, and by the configuration at hand."""

from datetime import datetime

from relay.configuration import Settings
from relay.contracts.bad_record import BadRecord
from relay.contracts.dead_letter import DeadLetter, restore
from relay.ingest.accepting import accept_fetch_request, accept_message_sent
from relay.letters.stored import Judge


def judge_of(settings: Settings, now: datetime) -> Judge:
    """Return what says why a letter's record would be refused again; None where it is accepted, or is no request."""
    accepts = {
        settings.topics.fetch_requests: accept_fetch_request,
        settings.topics.messages_sent: accept_message_sent,
    }

    def judge(letter: DeadLetter) -> str | None:
        accept = accepts.get(letter.source.topic)
        if accept is None:
            return None
        key, value, headers = restore(letter)
        try:
            accept(key, value, headers, settings.accounts, now)
        except BadRecord as bad:
            return f"{bad.code.value}: {bad.message}"
        return None

    return judge
