"""The README's first step and every producer of the docs, word for word beside the running demo."""

import pytest

from tests.live.documented import Person, follow_the_readme, prepare_the_programs, programs, run_program


@pytest.fixture(scope="module")
def person(stack):
    return Person(stack.environment)


@pytest.fixture(scope="module")
def needs(person):
    return prepare_the_programs(person)


def test_the_readme_s_first_step_ends_in_a_fill(person):
    follow_the_readme(person)


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.symbol)
def test_a_documented_producer_buys(person, needs, program, tmp_path):
    run_program(person, needs, program, tmp_path)
