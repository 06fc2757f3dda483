"""`account list` and `show` ask the page; where there is none, or it does not answer, they read the desk's table."""

import threading
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from streams.clients.accounts import desk_table, page_api
from streams.clients.accounts.accounts_now import ACCOUNT, ORDER, POSITION, one_account, some_accounts
from streams.clients.accounts.desk_table import Held
from streams.local.machine.home import HOME, Home, Instance
from streams.transport.kafka.cluster import BOOTSTRAP, ClusterError
from streams.web.lists.live_lists import ACCOUNTS, ORDERS, PLANS, POSITIONS, open_page
from streams.web.state.live_state import LiveState
from tests.json_server import JsonAnswers, serving
from tests.web.test_many_accounts import traded


@pytest.fixture
def live():
    return traded(30)


class Page:
    """The page's lists over HTTP, of accounts as an engine left them."""

    def __init__(self, live: LiveState) -> None:
        self.live = live
        self.asked: list[str] = []
        self.status = 200

    def answer(self, path: str) -> tuple[int, object]:
        self.asked.append(path)
        if self.status != 200:
            return self.status, {}
        url = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        lists = {"accounts": ACCOUNTS, "positions": POSITIONS, "orders/open": ORDERS, "plans": PLANS}
        name = url.path.removeprefix("/api/")
        if name in lists:
            named = [asked["account"]] if "account" in asked else list(self.live.accounts)
            names = [each for each in named if asked.get("find", "") in each]
            limit = min(7, int(asked["limit"]))
            found = open_page(self.live, lists[name], names, limit, asked.get("cursor"))
            return 200, found._asdict()
        account = name.removeprefix("accounts/")
        if account not in self.live.accounts:
            return 404, {}
        return 200, open_page(self.live, ACCOUNTS, [account], 1, None).items[0]


@pytest.fixture
def page(live):
    return Page(live)


@pytest.fixture
def here(page, tmp_path, monkeypatch):
    """The environment of a home in which an instance runs with that page."""

    class Handler(JsonAnswers):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.answer(*page.answer(self.path))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    home = Home(tmp_path / "home")
    with serving(server), home.locked():
        endpoints = {"web": f"http://127.0.0.1:{server.server_port}"}
        home.tell(Instance(1, "127.0.0.1:1", "PLAINTEXT", "0.1.0", "4.1.0", endpoints))
        yield {HOME: str(home.folder)}


@pytest.fixture
def table(live, monkeypatch):
    """The desk's table has the same accounts; who reads it is counted."""
    read = []

    def accounts(cluster, names=()):
        read.append(names)
        return [
            Held(name, live.accounts[name]) for name in sorted(live.accounts) if name in (names or [name])
        ]

    monkeypatch.setattr(desk_table, "accounts", accounts)
    monkeypatch.setattr(desk_table, "with_equity", lambda cluster, held: list(held))
    return read


def test_the_page_is_asked_and_kafka_is_not_read(here, page, table):
    found = some_accounts(here, "", None)
    assert [each["account"] for each in found.documents] == sorted(page.live.accounts) and found.are_all
    assert all(tuple(each) == ACCOUNT for each in found.documents)
    assert not table and len(page.asked) == 5, "seven a page"


def test_no_more_is_asked_for_than_is_shown(here, page):
    found = some_accounts(here, "", 5)
    assert len(found.documents) == 5 and not found.are_all and len(page.asked) == 1
    assert some_accounts(here, "n11", 5).documents[0]["account"] == "n11"
    assert some_accounts(here, "n11", 1).are_all


@pytest.mark.parametrize("name", ["n1", "n29"])
def test_both_say_the_same_of_an_account(here, page, table, name):
    of_page = one_account(here, name)
    page.status = 401
    of_table = one_account(here, name)
    assert table, "the page asks for a token"
    at_newest_prices = {"equity", "unrealised", "as_of"}
    assert list(of_page) == list(of_table)
    for key in of_page.keys() - at_newest_prices:
        assert of_page[key] == of_table[key], key
    assert [len(of_page[part]) for part in ("positions", "orders", "plans")] == [2, 1, 2]
    assert tuple(of_page["positions"][0]) == POSITION and tuple(of_page["orders"][0]) == ORDER


def test_both_say_the_same_of_many(here, page, table):
    of_page = some_accounts(here, "n2", 4)
    page.status = 503
    of_table = some_accounts(here, "n2", 4)
    assert table and of_page.are_all is of_table.are_all is False
    for one, other in zip(of_page.documents, of_table.documents, strict=True):
        assert {**one, **dict.fromkeys(("equity", "unrealised", "as_of"))} == {
            **other, **dict.fromkeys(("equity", "unrealised", "as_of")),
        }  # fmt: skip


def test_who_is_not_there_is_told(here, page, table):
    for status in (200, 503):
        page.status = status
        with pytest.raises(
            ClusterError, match="there is no account nobody; `ghostfill account list` shows all"
        ):
            one_account(here, "nobody")


def test_a_page_that_does_not_answer_is_not_waited_for(here, page, table, monkeypatch):
    monkeypatch.setattr(page_api, "ANSWER_S", 0.2)
    hung = threading.Event()
    monkeypatch.setattr(page, "answer", lambda path: (hung.wait(10), (200, {}))[1])
    assert some_accounts(here, "", 3).documents[0]["account"] == "n0" and table
    hung.set()


@pytest.mark.parametrize("environment", [{BOOTSTRAP: "broker:9092"}, {}])
def test_who_names_a_cluster_means_that_one(here, page, table, environment):
    """So does a home in which nothing runs."""
    meant = (
        {**here, **environment} if environment else {HOME: f"{here[HOME]}-other", BOOTSTRAP: "broker:9092"}
    )
    some_accounts(meant, "", 3)
    assert table and not page.asked


def test_a_page_over_tls_is_left_to_browsers(here, table):
    home = Home.from_environment(here)
    home.tell(Instance(1, "127.0.0.1:1", "PLAINTEXT", "0.1.0", "", {"web": "https://127.0.0.1:1"}))
    assert page_api.page_api(here) is None
