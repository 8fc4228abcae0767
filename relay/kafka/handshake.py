"""Why TLS with Kafka fails: aiokafka tells only that no connection came about."""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka.conn import collect_hosts

HANDSHAKE_SECONDS = 5.0
# X509_V_ERR_*, see X509_STORE_CTX_get_error(3)
_UNTRUSTED = (2, 18, 19, 20, 21)
_EXPIRED = (9, 10)
_OTHER_NAME = (62, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a handshake failed, in OpenSSL's words, and what to do."""

    why: str
    fix: str


async def refusal_of(options: Mapping[str, Any]) -> Refusal | None:
    """Shake hands with each of the configured brokers; None where TLS is not to blame. Sends nothing to Kafka."""
    context = options.get("ssl_context")
    if context is None:
        return None
    for host, port, _ in collect_hosts(options["bootstrap_servers"]):
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                _, writer = await asyncio.open_connection(host, port, ssl=context)
        except ssl.SSLError as error:
            return Refusal(why=_why(error), fix=_fix(error))
        except (OSError, TimeoutError):  # nobody there: another matter
            continue
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return None


def _why(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate can't be trusted: {error.verify_message}"
    return f"no TLS: {(error.reason or str(error)).replace('_', ' ').lower()}"


def _fix(error: ssl.SSLError) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return "correct [kafka]: security_protocol, or the port in bootstrap_servers"
    if error.verify_code in _UNTRUSTED:
        return "set kafka.ssl_cafile to the certificate (PEM) of the authority that issued Kafka's"
    if error.verify_code in _EXPIRED:
        return "have Kafka's certificate renewed, or correct this machine's clock"
    if error.verify_code in _OTHER_NAME:
        return "name the brokers in kafka.bootstrap_servers as their certificates do"
    return "correct kafka.ssl_cafile, or Kafka's certificate"
