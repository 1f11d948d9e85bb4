"""What makes modules alike."""

import numpy as np
import pytest

from features.domain.catalogue import Catalogue, Module, ModuleSkill, Prerequisite
from features.encode.catalogue import index_catalogue
from features.score.likeness import TERMS, USUAL_WEIGHTS, ModuleContent

RARE = (ModuleSkill(skill_id="rare"),)
BOTH = (ModuleSkill(skill_id="rare"), ModuleSkill(skill_id="common"))
COMMON = (ModuleSkill(skill_id="common"),)
MODULES = (
    Module(module_id="a", title="Basic loops", skills=RARE, format="video", difficulty=0.2),
    Module(module_id="b", title="loops, again", skills=BOTH, format="video", difficulty=0.35),
    Module(
        module_id="c",
        title="Other",
        skills=COMMON,
        language="en",
        prerequisites=(Prerequisite(requires_module_id="a"),),
    ),
    Module(module_id="d", title="More", description="of other", skills=COMMON, language="en"),
    Module(module_id="e", title="Alone", format="video", difficulty=0.2),
)


def content_of(modules):
    return ModuleContent.of(index_catalogue(Catalogue(modules=tuple(modules))))


def term(name):
    compared = content_of(MODULES).terms(np.arange(len(MODULES)))
    return compared[:, :, TERMS.index(name)]


def test_terms_are_likenesses_between_0_and_1_whichever_comes_first():
    for name in TERMS:
        told = term(name)
        assert (told >= 0.0).all()
        assert (told <= 1.0 + 1e-12).all()
        np.testing.assert_allclose(told, told.T)


def test_a_skill_that_few_modules_have_says_more():
    skills = term("skills")
    rare, common = np.log(6 / 3), np.log(6 / 4)
    assert skills[0, 1] == pytest.approx(rare / np.hypot(rare, common))
    assert skills[2, 1] == pytest.approx(common / np.hypot(rare, common))
    assert skills[2, 3] == pytest.approx(1.0)
    assert skills[0, 3] == skills[0, 4] == 0.0


def test_words_of_titles_and_descriptions_are_compared():
    words = term("words")
    assert words[0, 1] > 0.0
    assert words[2, 3] > 0.0
    assert words[0, 2] == 0.0


def test_formats_languages_levels_and_prerequisites_are_compared():
    assert term("format")[0].tolist() == [1.0, 1.0, 0.0, 0.0, 1.0]
    assert term("language")[2].tolist() == [0.0, 0.0, 1.0, 1.0, 0.0]
    assert term("level")[0, :2] == pytest.approx([1.0, np.exp(-0.5)])
    assert term("level")[2].tolist() == [0.0] * 5
    assert term("linked")[0].tolist() == [0.0, 0.0, 1.0, 0.0, 0.0]


def test_the_nearest_are_found_among_those_allowed_most_alike_first():
    among = np.array([False, True, True, True, True])
    neighbours, shares = content_of(MODULES).nearest(np.array([0]), among, USUAL_WEIGHTS, 4)
    assert neighbours.tolist() == [[2, 1, -1, -1]]
    assert shares.sum() == pytest.approx(1.0)
    assert (np.diff(shares[0]) <= 0.0).all()


def test_a_format_in_common_makes_no_neighbours():
    weights = np.ones(len(TERMS))
    neighbours, shares = content_of(MODULES).nearest(np.array([4]), np.arange(5) < 4, weights, 2)
    assert neighbours.tolist() == [[-1, -1]]
    assert shares.tolist() == [[0.0, 0.0]]


def test_likeness_does_not_hang_on_the_order_of_the_catalogue():
    order = [3, 0, 4, 2, 1]
    told = content_of(MODULES).terms(np.arange(5))
    permuted = content_of([MODULES[k] for k in order]).terms(np.arange(5))
    np.testing.assert_allclose(permuted, told[np.ix_(order, order)])
