"""What is on every topic, as the page serves it: for people, and for machines."""

from importlib import metadata

import pytest
import yaml

from schemas.asyncapi import document
from schemas.catalog import catalog
from streams.local.machine.home import find_cluster
from tests.web.looking import DESK, OUTSIDE, PHONE, Opens
from tests.web.stack import Stack

pytestmark = pytest.mark.web


def test_asyncapi_names_this_instances_kafka(stack: Stack):
    reply = stack.ask("GET", "/asyncapi.yaml")
    bootstrap = find_cluster(stack.environment).bootstrap
    assert yaml.safe_load(reply.body) == document(metadata.version("ghostfill"), bootstrap)


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_the_page_shows_every_topic(look: Opens, size):
    page = look("/asyncapi", size=size).page
    assert page.locator("h2").all_inner_texts() == list(catalog().public)
    page.locator("summary", has_text="Fill, version").click()
    assert page.locator("code", has_text="slice_number").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(OUTSIDE) == []
