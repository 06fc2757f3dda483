"""Named questions, performance, and SQL that only reads.

Rules of this file: tables may be long, so they are written where they are asked, and kept as they are sent.
"""

from typing import Annotated, Any

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from sinks.asking.questions import Answer, QuestionError, answer, questions, select
from streams.web.api.common import PROBLEM, Here, NotThereError, Written, json, sent, standing, written
from streams.web.api.models import QueryAnswer, Sql
from streams.web.lists.history import plain
from streams.web.state.kept_answers import MOST_BYTES

router = APIRouter(tags=["questions"], responses=PROBLEM)
QUESTIONS = questions()


def table(found: Answer) -> dict[str, Any]:
    return {
        "columns": found.columns,
        "types": found.types,
        "rows": [[plain(value) for value in row] for row in found.rows],
    }


def documents(found: Answer) -> list[dict[str, Any]]:
    return [dict(zip(found.columns, map(plain, row), strict=True)) for row in found.rows]


@router.get("/performance", response_model=list[dict[str, Any]])
async def performance(
    request: Request,
    here: Here,
    account: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Response:
    """How accounts did: returns, win rate, profit factor, expectancy, Sharpe, drawdown."""
    if account is not None and here.live.is_whole:
        standing(here, account)
    found = await here.results.ask("performance", account=account, since=since, until=until)
    return json(request, documents(found))


@router.get("/strategies", response_model=list[dict[str, Any]])
async def strategies(request: Request, here: Here) -> Response:
    """Each source of signals: who follows it, and what its signals earned."""
    earned = documents(await here.results.ask("pnl-by-source"))
    names = {each["source"] for each in earned if each["source"]}
    names |= {name for state in here.live.accounts.values() for name in state.versions[-1].follow}
    found = [
        {
            "source": name,
            "followers": sorted(here.commander.followers(name)),
            "results": [each for each in earned if each["source"] == name],
        }
        for name in sorted(names)
    ]
    return json(request, found)


@router.get("/queries", response_model=list[dict[str, Any]])
async def list_queries(request: Request) -> Response:
    """What can be asked by name."""
    found = [
        {
            "name": name,
            "answers": question.doc,
            "parameters": {
                each: {"default": parameter.default, "meaning": parameter.doc}
                for each, parameter in question.parameters.items()
            },
        }
        for name, question in QUESTIONS.items()
    ]
    return json(request, found)


@router.get("/queries/{name}", response_model=QueryAnswer)
async def ask_query(request: Request, here: Here, name: str) -> Response:
    """A named question's answer; its parameters go into the URL."""
    question = QUESTIONS.get(name)
    if question is None:
        raise NotThereError(f"there is no query {name}; GET /api/queries lists them")
    given = dict(request.query_params)
    bound = question.bound(given)

    def make(client: Client) -> Written:
        return written(table(answer(client, question, given)))

    return sent(request, await here.results.get((name, "written", *sorted(bound.items())), make))


@router.get("/sql", response_model=QueryAnswer)
async def read_sql(
    request: Request, here: Here, statement: Annotated[str, Query(min_length=1, max_length=8_000)]
) -> Response:
    """SQL that only reads, with limits on time, rows and memory."""
    return await _sql(request, here, statement)


@router.post("/sql", response_model=QueryAnswer)
async def post_sql(request: Request, here: Here, sql: Sql) -> Response:
    """The same for longer statements."""
    return await _sql(request, here, sql.statement)


async def _sql(request: Request, here: Here, statement: str) -> Response:
    text = statement.strip().rstrip(";")
    if not text:
        raise QuestionError("statement: found nothing; expected one such as SELECT count() FROM fills")

    def make(client: Client) -> Written:
        return written(table(select(client, text, {}, "sql", MOST_BYTES)))

    return sent(request, await here.results.slowly(make))
