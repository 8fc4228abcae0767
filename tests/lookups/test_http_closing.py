"""An answer that was read whole, and whose connection then can't be closed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pyreqwest.exceptions import ReadError

from tests.lookups.connecting import REQUEST, a_client, a_faulty


class ClosingFails:
    """A client, or what builds its requests: answers can be read, closing them raises."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def get(self, url: str) -> "ClosingFails":
        """Begin a request."""
        return ClosingFails(self._inner.get(url))

    def streamed_read_buffer_limit(self, limit: int) -> "ClosingFails":
        """Bound what is read ahead."""
        return ClosingFails(self._inner.streamed_read_buffer_limit(limit))

    @asynccontextmanager
    async def build_streamed(self) -> AsyncIterator[Any]:
        """Send it."""
        async with self._inner.build_streamed() as response:
            yield response
        raise ReadError("closing failed", {"causes": []})

    async def close(self) -> None:
        """Close the client."""
        await self._inner.close()


@pytest.mark.parametrize("keep_cut", [False, True])
async def test_a_body_whose_closing_fails_is_kept(*, keep_cut: bool) -> None:
    """It came whole; the provider may not say it again."""
    async with a_faulty() as simulator, a_client(simulator.url, keep_cut=keep_cut) as http:
        client: Any = ClosingFails(http._client)
        http._client = client
        response = await http.get(REQUEST)
    assert response.status == 200
    assert b'"status":2' in response.body.replace(b" ", b"")
