"""The list of mutants that do the same speaks of the code as it is."""

from tests.mutants.equal import key_of, known
from tests.mutants.mutator import mutants_of


def test_each_that_is_listed_can_be_made():
    listed = known().whole.keys()
    made = {key_of(mutant) for path in {key[0] for key in listed} for mutant in mutants_of(path)}
    assert listed - made == set()
