"""A provider that answers every Hyber lookup at once, always alike: as fast a server as Python allows, on uvloop.

`python -m bench.upstream PORT`. GET /_answer/pending makes it say that, /_served tells how many lookups it answered,
/_pages/FIRST/PAGES/REPORTS lays out pages of unread voice reports, which it then hands out once each.
"""

import asyncio
import sys
from collections import deque

import uvloop

from bench.bodies import HYBER_PATH, NAMES, VOICE_PATH, hyber_body, voice_page

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
BODIES = {name: hyber_body(name, "|").encode().split(b"|") for name in NAMES}
"""What stands before, between and behind the message's id."""
HYBER = HYBER_PATH.encode()
VOICE = VOICE_PATH.encode()


class Provider:
    """What all connections share."""

    def __init__(self) -> None:
        self.body = BODIES["delivered"]
        self.served = 0
        self.pages: deque[bytes] = deque()

    def answer(self, path: bytes) -> bytes:
        """Return the body for a path."""
        if path.startswith(HYBER):
            self.served += 1
            return path.split(b"/")[4].join(self.body)
        if path.startswith(VOICE):
            return self.pages.popleft() if self.pages else b'{"results":[]}'
        return self.told(path.decode().split("/")[1:])

    def told(self, words: list[str]) -> bytes:
        """Do what the benchmark asks for."""
        match words:
            case ["_answer", name]:
                self.body = BODIES[name]
            case ["_pages", *numbers]:
                first, pages, reports = map(int, numbers)
                self.pages.extend(voice_page(number, reports) for number in range(first, first + pages))
        return str(self.served).encode()


class Connection(asyncio.Protocol):
    """Answers GETs, also several in one packet, without looking at more than the path."""

    transport: asyncio.Transport
    rest = b""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self.transport = transport  # type: ignore[assignment]  # a TCP server's

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        *requests, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for request in requests:
            body = self.provider.answer(request.split(b" ", 2)[1])
            self.transport.write(HEAD % len(body) + body)


async def main(port: int) -> None:
    """Serve until killed."""
    provider = Provider()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(provider), "127.0.0.1", port, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
