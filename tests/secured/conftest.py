"""One secured node for the tests of this folder, per worker."""

from collections.abc import Iterator

import pytest

from tests.support.secured import Secured, secured_kafka


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Return a node that asks who comes."""
    with secured_kafka(tmp_path_factory.mktemp("secured")) as node:
        yield node
