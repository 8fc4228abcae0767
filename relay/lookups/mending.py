"""Heads of answers that llhttp refuses and every other client reads: made what their sender must have meant."""

END_OF_HEAD = b"\r\n\r\n"
_NAME = b"content-length"


def with_one_length(answer: bytes) -> bytes | None:
    """Return an answer with one `Content-Length` where its head says the same one twice; None: it says no such thing.

    RFC 9110, 8.6: a recipient may take such a list, or such headers, for one. `answer` begins with a whole head.
    """
    head, end, rest = answer.partition(END_OF_HEAD)
    lines = head.split(b"\r\n")
    places = [place for place, line in enumerate(lines) if line.partition(b":")[0].strip().lower() == _NAME]
    lengths = [length.strip() for place in places for length in lines[place].partition(b":")[2].split(b",")]
    if len(lengths) < 2 or len(set(lengths)) != 1 or not lengths[0].isdigit():  # noqa: PLR2004 - else it says it once
        return None
    kept = [line for place, line in enumerate(lines) if place not in places]
    return b"\r\n".join([*kept, b"Content-Length: " + lengths[0]]) + end + rest
