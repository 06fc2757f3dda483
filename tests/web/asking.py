"""What tests of the API ask for in one line."""

from typing import Any

from tests.web.stack import await_that

PLAIN = {
    "preset": None,
    "settings": {"balance": "100000", "size": "quantity", "commission": {"per_order": "1"}},
}  # fmt: skip


def opened(stack, name, **wanted):
    status, told = stack.send("POST", "/api/accounts?wait=30", {"name": name, **PLAIN, **wanted})
    assert status == 200 and told["account"] == name, (status, told)
    assert told["decision"]["decision"] == "accepted", told
    return name


def holds(stack, name, count):
    return len(stack.all(f"/api/positions?account={name}")) == count


def settled(stack, name):
    """Its document, when neither orders nor positions are left."""

    def flat():
        found = stack.get(f"/api/accounts/{name}")
        return found if not (found["positions"] or found["orders"] or found["plans"]) else None

    return await_that(flat)


def order(stack, account, wait=20, **more):
    body = {"account": account, "symbol": "AURA", "side": "buy", "quantity": "10", **more}
    return stack.send("POST", f"/api/orders?wait={wait}", body)


def buy(stack, account, symbol, **more):
    status, told = order(stack, account, 30, symbol=symbol, **more)
    assert status == 200, told


def held(stack, account):
    return {each["symbol"] for each in stack.all(f"/api/positions?account={account}")}


def problem(reply, status):
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json"), reply
    found = reply.document
    assert found["status"] == status and found["title"] and found["detail"] and found["type"] == "about:blank"
    return found


def walk(stack, path, limit, meanwhile=lambda: None):
    """Every page, one behind the other; each but the last is full."""
    pages: list[list[Any]] = []
    for page in stack.pages(path, limit):
        assert not pages or len(pages[-1]) == limit
        pages.append(page)
        meanwhile()
    return [each for page in pages for each in page]
