"""A freshly seeded GitLab double for each test; the application around it is created once."""

import pytest
from flask import Flask

from sandbox.services.gitlab import create_application
from sandbox.services.gitlab.access import INSTANCE
from sandbox.services.gitlab.state import seeded_instance
from tests.services.gitlab.caller import TOKEN, Caller


@pytest.fixture(scope="session")
def application() -> Flask:
    return create_application(TOKEN)


@pytest.fixture
def call(application) -> Caller:
    application.extensions[INSTANCE] = seeded_instance(TOKEN)
    return Caller(application.test_client())
