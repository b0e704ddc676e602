"""One small model for all tests of the classifier."""

from datetime import UTC, datetime

import pytest

from classifier.pipeline import RequestClassifier
from classifier.tokens import ReferenceSegmenter
from classifier.training import train
from tests.classifier.letters import requests

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def jieba() -> ReferenceSegmenter:
    """Plain jieba; a second to load."""
    return ReferenceSegmenter()


@pytest.fixture(scope="session")
def model() -> RequestClassifier:
    """A model trained on the eighteen requests."""
    return train(requests(), now=NOW)
