"""What a request to Infobip voice may and must name."""

from relay.contracts.rules import InputRules

INPUT_RULES = InputRules(foreign_fields=("extra_id", "detail"), sent_requires=("message_id",))
