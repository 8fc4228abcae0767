"""How a recipient may be shown."""

from enum import StrEnum

SHOWN_FIRST, SHOWN_LAST, TOO_SHORT_TO_SHOW = 4, 2, 8


class Recipients(StrEnum):
    """The `[privacy] recipients` setting."""

    MASKED = "masked"
    CLEAR = "clear"
    OMITTED = "omitted"


def shown_recipient(recipient: str | None, how: Recipients) -> str | None:
    """Return the recipient as events may carry it: by default the first four and the last two digits stay."""
    if recipient is None or how is Recipients.OMITTED:
        return None
    if how is Recipients.CLEAR:
        return recipient
    if recipient.isdecimal() and len(recipient) >= TOO_SHORT_TO_SHOW:
        hidden = "*" * (len(recipient) - SHOWN_FIRST - SHOWN_LAST)
        return f"{recipient[:SHOWN_FIRST]}{hidden}{recipient[-SHOWN_LAST:]}"
    digits = sum(character.isdigit() for character in recipient)
    if digits < TOO_SHORT_TO_SHOW:
        return "*" * len(recipient)
    shown, seen = [], 0
    for character in recipient:
        if character.isdigit():
            seen += 1
            shown.append(character if seen <= SHOWN_FIRST or seen > digits - SHOWN_LAST else "*")
        else:
            shown.append(character if character == "+" and not seen else "*")
    return "".join(shown)
