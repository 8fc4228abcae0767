"""A client of the simulator that keeps no connection and decodes nothing."""

from collections.abc import AsyncIterator

import aiohttp
import pytest


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client with the credentials of the default site and short time-outs."""
    async with aiohttp.ClientSession(
        headers={"Authorization": aiohttp.encode_basic_auth("login", "password")},
        connector=aiohttp.TCPConnector(force_close=True),
        timeout=aiohttp.ClientTimeout(total=10, sock_read=0.5),
        auto_decompress=False,
    ) as session:
        yield session
