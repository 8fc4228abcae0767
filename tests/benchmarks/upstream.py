"""A provider that answers every Hyber lookup at once with a final report: the fastest server that Python allows."""

import asyncio
import sys

BODY = (
    b'{"reports":[{"phone_number":"380961111111","message_id":"%s","extra_id":"AD-6640-7006","time":1477417294667,'
    b'"last_partner":"sms","status":2,"substatus":23,"hyber_status":23011,"total_sms_parts":1,"delivered_sms_parts":1}],'
    b'"started":true,"processing":false,"delivered_via":"sms","clicks":2,"channels":[{"channel":"sms","ttl":300}]}'
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Upstream(asyncio.Protocol):
    """Answers pipelined GETs without looking at more than the path."""

    transport: asyncio.Transport
    rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        *requests, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for request in requests:
            body = BODY % request.split(b" ", 2)[1].split(b"/")[-2]
            self.transport.write(HEAD % len(body) + body)


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
