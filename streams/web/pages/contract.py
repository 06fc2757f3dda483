"""What is on every topic: a page for people, and AsyncAPI for machines."""

from collections.abc import Iterator
from importlib import metadata
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from schemas.asyncapi import as_yaml, document
from schemas.catalog import catalog
from schemas.fields import fields_in_words
from schemas.topics import Topic
from streams.web.api.common import Here
from streams.web.pages.rendering import page

router = APIRouter(include_in_schema=False)
YAML = "application/yaml"


@router.get("/asyncapi")
async def contract() -> Response:
    shown = [(topic, list(_messages(topic))) for topic in catalog().public.values()]
    return HTMLResponse(page("asyncapi.html.jinja", topics=shown, version=metadata.version("ghostfill")))


@router.get("/asyncapi.yaml")
async def as_asyncapi(here: Here) -> Response:
    text = as_yaml(document(metadata.version("ghostfill"), here.cluster.bootstrap))
    return Response(text, media_type=YAML)


def _messages(topic: Topic) -> Iterator[dict[str, Any]]:
    for kind in topic.messages:
        schema = catalog().schemas.current(kind)
        examples = [example.value for example in topic.examples if example.message == kind]
        yield {
            "schema": schema,
            "fields": fields_in_words(kind),
            "example": examples[0] if examples else None,
        }
