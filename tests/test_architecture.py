"""docs/architecture.md: paths and tests that it names exist, and its tables are those of the schema."""

from __future__ import annotations

import re

from cchc.settings import CHECKOUT
from tests.conftest import Warehouse

PAGE = CHECKOUT / "docs" / "architecture.md"
# A path is written from the checkout's root, from plugins/cchc/ or from docs/.
ROOTS = (CHECKOUT, CHECKOUT / "plugins" / "cchc", CHECKOUT / "docs")
FIRST_FOLDERS = (
    "alerts|benchmarks|catalog|dags|decisions|docs|fields|include|indicators|local|plugins|presentation|quality"
    "|simulator|sources|spreadsheets|tasks|tests|warehouse"
)
PATH = re.compile(rf"(?<![\w/.<])(?:{FIRST_FOLDERS})/[\w./-]*\w/?")
TEST = re.compile(r"(?<![\w/])test_\w+\.py")
SQL_FOLDERS = re.compile(r"^\*\*include/sql/\*\* .*?Names:$", re.MULTILINE | re.DOTALL)
SCHEMA = re.compile(r"^### (\w+):", re.MULTILINE)
TABLE = re.compile(r"^\| `([\w<>]+)` \| ([^|]+) \|", re.MULTILINE)

PRIMARY_KEYS = """
select c.conrelid::regclass::text, string_agg(a.attname, ', ' order by k.place)
from pg_constraint as c
cross join unnest(c.conkey) with ordinality as k (number, place)
inner join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = k.number
where c.contype = 'p' and c.connamespace::regnamespace::text in ('staging', 'core', 'mart', 'ops')
group by c.conrelid
"""
VIEWS = """
select schemaname || '.' || viewname from pg_views
where schemaname in ('staging', 'core', 'mart') and viewname !~ '_audit$'
"""


def test_every_path_of_the_page_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = {match[0].rstrip("/") for match in PATH.finditer(text)}
    assert len(named) > 40
    assert sorted(path for path in named if not any((root / path).exists() for root in ROOTS)) == []


def test_every_test_file_of_the_page_exists() -> None:
    named = set(TEST.findall(PAGE.read_text(encoding="utf-8")))
    assert sorted(name for name in named if not list((CHECKOUT / "tests").rglob(name))) == []


def test_page_names_every_folder_of_sql_files() -> None:
    paragraph = SQL_FOLDERS.search(PAGE.read_text(encoding="utf-8"))
    assert paragraph
    folders = {file.parent.name for file in (CHECKOUT / "include" / "sql").glob("*/*.sql")}
    assert sorted(re.findall(r"`(\w+)/`", paragraph[0])) == sorted(folders)


def test_tables_of_the_page_have_the_primary_keys_of_the_schema(warehouse: Warehouse) -> None:
    keys = dict(warehouse.query(PRIMARY_KEYS))
    responses = {table: key for table, key in keys.items() if re.fullmatch(r"staging\.\w+_response", table)}
    assert set(responses.values()) == {keys["staging.rule_violation"].removesuffix(", rule_id")}
    expected = {table: key for table, key in keys.items() if table not in responses}
    assert read_tables() == expected | {"staging.<source>_response": responses.popitem()[1]}


def test_page_names_every_view_beside_those_of_audits(warehouse: Warehouse) -> None:
    named = {
        f"{schema}.{view}"
        for schema, text in read_sections().items()
        for line in re.findall(r"^Views: .*$", text, re.MULTILINE)
        for view in re.findall(r"`(\w+)`", line)
    }
    assert named == {view for (view,) in warehouse.query(VIEWS)}


def read_sections() -> dict[str, str]:
    """Schema → the text of its section."""
    _, *parts = SCHEMA.split(PAGE.read_text(encoding="utf-8"))
    return {schema: text.partition("\n## ")[0] for schema, text in zip(parts[::2], parts[1::2], strict=True)}


def read_tables() -> dict[str, str]:
    """Table → its key, as the page has them."""
    return {
        f"{schema}.{table}": key.strip()
        for schema, text in read_sections().items()
        for table, key in TABLE.findall(text)
    }
