"""Prints a class path for Consumer.java: Kafka's own jars and three more, downloaded once and held against their pins.

Your own build names org.apache.kafka:kafka-clients, com.fasterxml.jackson.core:jackson-databind and
com.networknt:json-schema-validator instead.
"""

import os
import sys

from relay.kafka.embedded.errors import EmbeddedKafkaError
from relay.kafka.embedded.jars import Jar, cache_folder, jars_folder, pinned_jars
from relay.kafka.embedded.progress import on_console

OF_KAFKA = (
    "kafka-clients",
    "jackson-annotations",
    "jackson-core",
    "jackson-databind",
    "jackson-dataformat-yaml",
    "snakeyaml",
    "slf4j-api",
    "lz4-java",
    "snappy-java",
    "zstd-jni",
)
MORE = (
    Jar(
        group="com.networknt",
        artifact="json-schema-validator",
        version="2.0.0",
        sha256="ee940241043ae01801df5954bc3744bf723c449ff0da719f97e1b9a6889739d7",
    ),
    Jar(
        group="com.ethlo.time",
        artifact="itu",
        version="1.14.0",
        sha256="5cf40ab0cc77828ab2b875b1f3ecd71c8295d7721933476abc2e08fddcea164a",
    ),
    Jar(
        group="org.slf4j",
        artifact="slf4j-simple",
        version="1.7.36",
        sha256="2f39bed943d624dfa8f4102d0571283a10870b6aa36f197a8a506f147010c10f",
    ),
)


def main() -> None:
    """Download what is missing and print the path."""
    with on_console() as progress:
        kafka = jars_folder(progress)
        more = jars_folder(progress, cache_folder() / "examples", jars=MORE)
    paths = [kafka / jar.file_name for jar in pinned_jars() if jar.artifact in OF_KAFKA]
    paths += [more / jar.file_name for jar in MORE]
    print(*paths, sep=os.pathsep)


if __name__ == "__main__":
    try:
        main()
    except EmbeddedKafkaError as error:
        sys.exit(str(error))
