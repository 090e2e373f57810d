"""What the tests of the course share."""

import checkout as copies
import pytest


@pytest.fixture
def checkout(tmp_path):
    yield copies.make(tmp_path)
    copies.share(tmp_path)
