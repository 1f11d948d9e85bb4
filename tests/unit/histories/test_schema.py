import pytest

from features.store import tables
from training.histories.cells import ARROW_TYPES
from training.histories.schema import SPLITS, TABLE_OF, TABLES, Kind

STORED = [table for table in TABLES if table is not SPLITS]


def test_every_kind_of_cell_has_a_type():
    assert set(ARROW_TYPES) == set(Kind)


@pytest.mark.parametrize("table", STORED, ids=lambda table: table.name)
def test_every_column_has_a_place_in_the_store(table):
    stored = {column.name for column in tables.metadata.tables[table.name].columns}
    assert set(table.column_names) <= stored


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_key_of_a_table_is_among_its_columns(table):
    assert set(table.key) <= set(table.column_names)


def test_the_tables_are_those_of_the_contract():
    assert set(TABLE_OF) == {
        "interactions", "learners", "modules", "skills", "skill_edges", "module_skills",
        "prerequisites", "roles", "role_skills", "evidence", "assignments", "outcomes", "splits",
    }  # fmt: skip


def test_only_learners_take_further_columns():
    assert [table.name for table in TABLES if table.takes_attributes] == ["learners"]
