"""The parser of answers under whatever bytes come: only its own failures, and the same answer however it is cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from relay.lookups.arriving import Arriving
from relay.lookups.http import HttpFailure, HttpResponse

CHUNKS = b"4\r\nabcd\r\n1\r\ne\r\n0\r\n\r\n"
HEADS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\nRetry-After: 7\r\n\r\n" + b"x" * 16,
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
)


def fed(pieces: list[bytes]) -> HttpResponse | None:
    """Feed the pieces to a fresh parser."""
    arriving = Arriving(max_bytes=64, keep_cut=True)
    for piece in pieces:
        arriving.feed(piece)
    return arriving.give() if arriving.whole else None


@given(st.sampled_from(HEADS), st.lists(st.integers(0, 200), max_size=8))
def test_an_answer_is_the_same_however_it_is_cut(answer: bytes, cuts: list[int]) -> None:
    """The network cuts where it likes."""
    places = [0, *sorted(cut % len(answer) for cut in cuts), len(answer)]
    pieces = [answer[begin:end] for begin, end in pairwise(places) if begin != end]
    whole = fed([answer])
    assert whole is not None
    assert fed(pieces) == whole


@given(st.lists(st.binary(max_size=80), max_size=6), st.sampled_from((b"", *HEADS)), st.integers(0, 120))
def test_any_bytes_are_an_answer_or_a_failure(pieces: list[bytes], answer: bytes, cut: int) -> None:
    """Nothing else is raised, and no body is larger than the bound."""
    assert len(body_of([answer[:cut], *pieces])) <= 64


def body_of(pieces: list[bytes]) -> bytes:
    """Return what comes of a body, whole or not, when the connection ends behind the pieces."""
    arriving = Arriving(max_bytes=64, keep_cut=True)
    try:
        for piece in pieces:
            arriving.feed(piece)
    except HttpFailure as failure:
        return failure.received.body if failure.received else b""
    return arriving.give().body


@given(st.sampled_from(HEADS), st.binary(max_size=40))
def test_an_answer_stays_what_it_is_whatever_follows(answer: bytes, more: bytes) -> None:
    """What comes behind it belongs to nobody."""
    assert fed([answer + more]) == fed([answer])
