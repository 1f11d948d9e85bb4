from datetime import UTC, datetime

import numpy as np

from features.domain.history import Evidence
from features.encode.attempts import encode_evidence, tabulate, tabulate_in_chunks
from features.encode.ids import IdMap

DAY = 86_400.0
T0 = 1.7e9


def test_an_attempt_is_one_row_however_many_skills_it_has(make_log, make_index) -> None:
    table = tabulate(make_log([(0, 0, "answered", T0, 1)]), make_index([(0, 1, 2), (), (), ()]))
    assert len(table) == 1
    assert table.skill.tolist() == [0, 1, 2]


def test_modules_without_skills_share_a_tag_of_their_own(make_log, make_index) -> None:
    rows = [(0, 1, "answered", T0, 1), (0, 0, "answered", T0 + 1, 0)]
    table = tabulate(make_log(rows), make_index([(0,), (), (1,), ()]))
    assert table.skill.tolist() == [3, 0]


def test_views_registrations_and_waivers_say_nothing(make_log, make_index) -> None:
    silent = [(0, 0, event, T0, -1) for event in ("viewed", "registered", "waived")]
    rows = [*silent, (0, 1, "completed", T0, -1)]
    table = tabulate(make_log(rows), make_index([(0,)] * 4))
    assert table.module.tolist() == [1]
    assert table.is_study.tolist() == [True]


def test_judgements_stand_in_order_of_time_after_attempts_of_their_instant(
    make_log, make_index
) -> None:
    log = make_log([(0, 0, "answered", T0, 1), (0, 0, "answered", T0 + DAY, 0)])
    said = [
        Evidence(
            learner_id=who,
            skill_id=skill,
            level=0.4,
            source=source,
            at=datetime.fromtimestamp(T0, UTC),
        )
        for who, skill, source in (
            ("l0", "s1", "manager"),
            ("nobody", "s1", "self"),
            ("l0", "unknown", "self"),
        )
    ]
    evidence = encode_evidence(said, log.learner_ids, IdMap(["s0", "s1", "s2"]))
    table = tabulate(log, make_index([(0,)] * 4), evidence)
    assert table.module.tolist() == [0, -1, 0]
    assert table.skill.tolist() == [0, 1, 0]
    assert table.standard_error[1] == 0.18


def test_chunks_hold_every_row_once(make_log, make_index) -> None:
    rows = [(i, 0, "answered", T0 + k, 1) for i in range(5) for k in range(i)]
    log = make_log(rows, n_learners=5)
    seen = [
        part.start + table.log_row
        for part, table in tabulate_in_chunks(log, make_index([(0,)] * 4), chunk_rows=3)
    ]
    assert np.concatenate(seen).tolist() == list(range(len(rows)))
    assert len(seen) > 1
