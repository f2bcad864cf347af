"""A warehouse with results, and receivers of messages: a mail server with its certificate, and an HTTP server."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import psycopg
import pytest

from cchc.warehouse.connection import LOADER, Login, connect
from simulator.certificates import Secured, make_certificates
from tests.alerts.attainment_fixture import DISTRICT, PROVINCE, AttainmentFixture, make_recipient
from tests.alerts.outbox import Outbox
from tests.alerts.smtp_server import MailServer, serve_mail
from tests.conftest import Warehouse
from tests.sources.scripted_server import Answer, Script, serve_script


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Secured:
    return make_certificates(tmp_path_factory.mktemp("certificate"), ("127.0.0.1",))


@pytest.fixture
def mail_server(certificate: Secured) -> Iterator[MailServer]:
    """A mail server that requires STARTTLS and a login."""
    with serve_mail("starttls", certificate) as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Script]:
    """A receiver of webhooks; it accepts everything unless scripted otherwise."""
    with serve_script() as script:
        script.answers = [Answer(200)]
        yield script


@pytest.fixture
def silent_port() -> Iterator[int]:
    """The port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@pytest.fixture
def outbox(warehouse: Warehouse) -> Iterator[Outbox]:
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        yield Outbox(warehouse, connection)


@pytest.fixture
def attainment(warehouse: Warehouse) -> Iterator[AttainmentFixture]:
    """A warehouse with one indicator, a province and a district, and a leader who gets all their alerts."""
    server = warehouse.server
    login = Login(server.host, server.port, warehouse.database, LOADER, server.credentials[LOADER])
    with connect(login) as connection:
        attainment = AttainmentFixture(connection, (make_recipient("leader"),))
        attainment.add_indicator()
        attainment.add_agency(PROVINCE, "Tỉnh Tiền Giang", "province")
        attainment.add_agency(DISTRICT, "Huyện Chợ Gạo")
        yield attainment
