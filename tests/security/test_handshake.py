"""`relay check` with a Kafka whose TLS fails: the reason and the fix, from real handshakes."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from relay.checks import brokers_finding
from relay.configuration import Settings
from relay.findings import Finding
from relay.kafka.embedded.ports import free_ports
from tests.security.certificates import Authority, Certificate, served_with

Issue = Callable[[Authority], Certificate]


async def found(ca: Path, served: ssl.SSLContext) -> Finding:
    """Check a server that presents this, trusting the authority."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=served)
    async with server:
        port = server.sockets[0].getsockname()[1]
        return await brokers_finding(settings(ca, port))


def settings(ca: Path, port: int) -> Settings:
    """Return settings of a relay that trusts the authority."""
    kafka = {"bootstrap_servers": f"127.0.0.1:{port}", "security_protocol": "SSL", "ssl_cafile": str(ca)}
    return Settings.model_validate({"kafka": kafka})


@pytest.mark.parametrize(
    ("issue", "reason", "fix"),
    [
        (lambda known: known.issue("server", address="127.0.0.9"), "IP address mismatch", "kafka.bootstrap_servers as"),
        (lambda known: known.issue("server", expired=True), "certificate has expired", "certificate renewed"),
    ],
)
async def test_a_certificate_that_cannot_be_trusted_is_told_with_its_fix(
    tmp_path: Path, issue: Issue, reason: str, fix: str
) -> None:
    """Of an authority that is known."""
    authority = Authority(tmp_path)
    finding = await found(authority.file, served_with(issue(authority)))
    assert not finding.ok
    assert finding.detail.startswith("127.0.0.1:")
    assert f": its certificate can't be trusted: {reason}" in finding.detail
    assert fix in (finding.fix or "")


async def test_an_unknown_authority_asks_for_ssl_cafile(tmp_path: Path) -> None:
    """OpenSSL's reason is in the finding."""
    known, other = Authority(tmp_path), Authority(tmp_path, "other")
    finding = await found(known.file, served_with(other.issue("server")))
    assert finding.detail.endswith("its certificate can't be trusted: unable to get local issuer certificate")
    assert finding.fix == "set kafka.ssl_cafile to the certificate (PEM) of the authority that issued Kafka's"


async def test_a_listener_without_tls_is_told(tmp_path: Path) -> None:
    """The protocol or the port is wrong."""
    server = await asyncio.start_server(_speaks_plainly, "127.0.0.1", 0)
    async with server:
        finding = await brokers_finding(settings(Authority(tmp_path).file, server.sockets[0].getsockname()[1]))
    assert ": no TLS: " in finding.detail
    assert finding.fix == "correct [kafka]: security_protocol, or the port in bootstrap_servers"


async def _speaks_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"what is this?")
    writer.close()


async def test_where_tls_is_not_to_blame_the_finding_stays(tmp_path: Path) -> None:
    """A server that shakes hands and says nothing, and one that is not there."""
    authority = Authority(tmp_path)
    (port,) = free_ports(1)
    silent = await found(authority.file, served_with(authority.issue("server")))
    away = await brokers_finding(settings(authority.file, port))
    for finding in (silent, away):
        assert finding.detail.startswith("no answer from 127.0.0.1:")
        assert (finding.fix or "").startswith("start it, or correct [kafka]")
