"""The stand-in against a GitLab double that listens on loopback and is freshly seeded for each test."""

from threading import Thread

import httpx
import pytest

from sandbox.providers.gitlab.provider import GitLab
from sandbox.services.gitlab import create_application
from sandbox.services.gitlab.access import INSTANCE
from sandbox.services.gitlab.application import create_server
from sandbox.services.gitlab.state import seeded_instance
from tests.providers.gitlab.stack import TOKEN, Stack


@pytest.fixture(scope="session")
def server():
    application = create_application(TOKEN)
    serving = create_server(application, 0)
    thread = Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield application, f"http://127.0.0.1:{serving.port}/api/v4/"
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.fixture
def base_url(server) -> str:
    application, url = server
    application.extensions[INSTANCE] = seeded_instance(TOKEN)
    return url


@pytest.fixture(scope="session")
def connected(server) -> GitLab:
    provider = GitLab()
    settings, failures = provider.check_configuration({"baseUrl": server[1], "token": TOKEN})
    assert not failures
    provider.configure(settings)
    return provider


@pytest.fixture(scope="session")
def client(server):
    with httpx.Client(base_url=server[1], headers={"Private-Token": TOKEN}) as client:
        yield client


@pytest.fixture
def stack(connected, client, base_url) -> Stack:
    return Stack(connected, client)
