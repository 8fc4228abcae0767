"""One broker with ACLs for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.security.secured import Secured, secured_kafka


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Give a real broker that denies whatever is not allowed."""
    with secured_kafka(tmp_path_factory.mktemp("secured")) as started:
        yield started
