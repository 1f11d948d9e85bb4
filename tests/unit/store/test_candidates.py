from hypothesis import given
from hypothesis import strategies as st

from features.domain.recommendation import Candidates
from features.store.candidates import pack, unpack

FIGURE = st.floats(allow_nan=False)


@st.composite
def candidates(draw):
    n = draw(st.integers(0, 6))

    def column(values):
        return tuple(draw(st.lists(values, min_size=n, max_size=n)))

    terms = draw(st.lists(st.sampled_from(["gap", "fit", "affinity"]), unique=True))
    return Candidates(
        module_ids=column(st.text(st.characters(exclude_categories=["Cs"]))),
        tier=column(st.integers(0, 1)),
        score=column(FIGURE),
        p_first=column(FIGURE),
        p_success=column(FIGURE),
        ready=column(FIGURE),
        terms={term: column(FIGURE) for term in terms},
    )


@given(candidates())
def test_unpacking_gives_back_what_was_packed_unrounded(given_candidates):
    assert unpack(pack(given_candidates)) == given_candidates


def test_figures_take_eight_bytes_each():
    one = {"score": (0.1,), "p_first": (1.0,), "p_success": (0.7,), "ready": (1.0,)}
    few = Candidates(module_ids=("m1",), tier=(1,), **one, terms={"gap": (0.3,)})
    many = Candidates(
        module_ids=("m1",) * 100,
        tier=(1,) * 100,
        **{name: value * 100 for name, value in one.items()},
        terms={"gap": (0.3,) * 100},
    )
    # Five figures, and `"m1",` and `1,` in the header: 5 x 8 + 5 + 2 bytes a module.
    assert len(pack(many)) - len(pack(few)) == 99 * (5 * 8 + 5 + 2)
