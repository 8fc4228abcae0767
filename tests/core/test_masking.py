"""How a recipient is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.masking import Recipients, shown_recipient


@pytest.mark.parametrize(
    ("recipient", "shown"),
    [
        ("380961111111", "3809******11"),
        ("+380961111111", "+3809******11"),
        ("12345678", "1234**78"),
        ("1234567", "*******"),
        ("+1 23", "*****"),
        ("", ""),
        ("user@example.org", "****************"),
    ],
)
def test_the_first_four_and_the_last_two_digits_stay(recipient: str, shown: str) -> None:
    """What is not a digit is masked, except a leading plus; fewer than eight digits are masked whole."""
    assert shown_recipient(recipient, Recipients.MASKED) == shown


@pytest.mark.parametrize(
    ("how", "shown"), [(Recipients.CLEAR, "380961111111"), (Recipients.OMITTED, None), (Recipients.MASKED, None)]
)
def test_the_setting_decides(how: Recipients, shown: str | None) -> None:
    """Clear shows all, omitted nothing, and what is not known stays unknown."""
    assert shown_recipient(None if how is Recipients.MASKED else "380961111111", how) == shown


@given(st.text(st.sampled_from("0123456789+ -()aж٣²"), max_size=40))
def test_a_mask_never_shows_more_than_six_digits(recipient: str) -> None:
    """Whatever the text, at most six of its digits and a plus stay, in their places."""
    shown = shown_recipient(recipient, Recipients.MASKED)
    assert shown is not None
    assert len(shown) == len(recipient)
    assert sum(character.isdigit() for character in shown) <= 6
    assert all(one in (other, "*") for one, other in zip(shown, recipient, strict=True))
    assert set(shown) <= {*"*+", *(character for character in recipient if character.isdigit())}
