"""The fixture `lab`: one laboratory per pytest-xdist worker, for all tests of that worker.

Any worker may take any test, since every worker has servers of its own. Without root, namespaces or a server: a failure
when CI is set, else a skip that says what is missing and what to type.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import requirements
from tests.lab.laboratory import Lab

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("lab")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    gaps = requirements.lacking()
    if gaps:
        text = f"NO LABORATORY: missing {', '.join(gaps)}; {requirements.BRING}"
        if os.environ.get("CI"):
            pytest.fail(text, pytrace=False)
        pytest.skip(text)
    one = Lab(f"portcheck-{os.environ.get('PYTEST_XDIST_WORKER', 'one')}-{os.getpid()}")
    one.up()
    yield one
    one.down()
