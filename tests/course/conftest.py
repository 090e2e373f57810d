"""What the tests of the course share."""

import checkout as copies
import pytest
from course.versions import Versions


@pytest.fixture
def checkout(tmp_path):
    yield copies.make(tmp_path)
    copies.share(tmp_path)


@pytest.fixture(scope="session")
def versions():
    versions = Versions()
    yield versions
    versions.stop()
