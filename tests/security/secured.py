"""Apache Kafka with ACLs switched on: SASL_SSL with SCRAM, mutual TLS, and a plain listener whose users may do all."""

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.embedded.ports import free_ports
from tests.security.certificates import Authority

SCRAM_USER, SCRAM_PASSWORD = "relay-scram", "sCrAmSecretOfTheBroker"
PLAIN_USER, PLAIN_PASSWORD = "relay-plain", "pLaInSecretOfTheBroker"
LOGIN_MODULE = "org.apache.kafka.common.security.{} required"
CERTIFIED, OPERATOR = "relay-certified", "operator"
HOST = "127.0.0.1"

Variables = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """The broker, and the variables with which its users connect: by password, by certificate, and the operator."""

    kafka: EmbeddedKafka
    scram: Variables
    plain: Variables
    certified: Variables
    operator: Variables


@contextlib.contextmanager
def secured_kafka(folder: Path) -> Iterator[Secured]:
    """Start the broker; none of its users has any right."""
    authority = Authority(folder)
    plain, controller, scram, mutual = free_ports(4)
    properties = _properties(authority, plain=plain, controller=controller, scram=scram, mutual=mutual)
    with EmbeddedKafka.start(port=plain, extra_properties=properties) as kafka:
        _add_scram_user(kafka)
        yield Secured(
            kafka=kafka,
            scram=by_password(scram, authority, "SCRAM-SHA-512", SCRAM_USER, SCRAM_PASSWORD),
            plain=by_password(scram, authority, "PLAIN", PLAIN_USER, PLAIN_PASSWORD),
            certified=by_certificate(mutual, authority, CERTIFIED),
            operator=by_certificate(mutual, authority, OPERATOR),
        )


def by_password(port: int, authority: Authority, mechanism: str, user: str, password: str) -> Variables:
    """Return the variables of a user with a password."""
    return {
        "RELAY_KAFKA__BOOTSTRAP_SERVERS": f"{HOST}:{port}",
        "RELAY_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "RELAY_KAFKA__SASL_MECHANISM": mechanism,
        "RELAY_KAFKA__SASL_USERNAME": user,
        "RELAY_KAFKA__SASL_PASSWORD": password,
        "RELAY_KAFKA__SSL_CAFILE": str(authority.file),
    }


def by_certificate(port: int, authority: Authority, user: str) -> Variables:
    """Return the variables of a user with a certificate."""
    issued = authority.issue(user)
    return {
        "RELAY_KAFKA__BOOTSTRAP_SERVERS": f"{HOST}:{port}",
        "RELAY_KAFKA__SECURITY_PROTOCOL": "SSL",
        "RELAY_KAFKA__SSL_CAFILE": str(authority.file),
        "RELAY_KAFKA__SSL_CERTFILE": str(issued.certificate),
        "RELAY_KAFKA__SSL_KEYFILE": str(issued.key),
    }


def _properties(authority: Authority, *, plain: int, controller: int, scram: int, mutual: int) -> dict[str, str]:
    clients = f"PLAINTEXT://{HOST}:{plain},SASL_SSL://{HOST}:{scram},SSL://{HOST}:{mutual}"
    sasl, known = "listener.name.sasl_ssl", f'user_{PLAIN_USER}="{PLAIN_PASSWORD}"'
    return {
        "listeners": f"{clients},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": clients,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL",
        "controller.quorum.bootstrap.servers": f"{HOST}:{controller}",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",  # the broker itself, and the tests, on the plain listener
        "allow.everyone.if.no.acl.found": "false",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        f"{sasl}.scram-sha-512.sasl.jaas.config": f"{LOGIN_MODULE.format('scram.ScramLoginModule')};",
        f"{sasl}.plain.sasl.jaas.config": f"{LOGIN_MODULE.format('plain.PlainLoginModule')} {known};",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(authority.issue("server").both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.file),
        "listener.name.ssl.ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^CN=(.*?)$/$1/",
    }


def _add_scram_user(kafka: EmbeddedKafka) -> None:
    command = [*kafka._java, "kafka.admin.ConfigCommand", "--bootstrap-server", kafka.bootstrap_servers]
    user = ["--alter", "--entity-type", "users", "--entity-name", SCRAM_USER]
    secret = ["--add-config", f"SCRAM-SHA-512=[password={SCRAM_PASSWORD}]"]
    done = subprocess.run([*command, *user, *secret], cwd=kafka.data, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
