"""What a request to Hyber may and must name."""

from relay.contracts.rules import InputRules

INPUT_RULES = InputRules(foreign_fields=("bulk_id", "limit"), exactly_one_of=("message_id", "extra_id"))
