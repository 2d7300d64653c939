"""Browser files are prepared once; at once where set-up did it."""

import pytest

from shared.web import vendor


@pytest.fixture(scope="session", autouse=True)
def browser_files() -> None:
    vendor.prepare(print)
