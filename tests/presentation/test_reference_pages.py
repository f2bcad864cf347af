"""`make docs`: the generated pages are current and complete, and links of docs have targets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cchc.catalog import Catalog, indicator_rows, load_catalog
from cchc.local import documents
from cchc.local.documents import write_documents
from cchc.local.embedded import Database
from cchc.presentation.reference_pages import read_reasons, read_relations, render_documents
from cchc.settings import CHECKOUT, INCLUDE
from cchc.sources.profile import read_profiles
from tests.conftest import Warehouse

GENERATED = ["indicators.md", "sources.md", "data-dictionary.md"]
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]

Pages = dict[str, str]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(INCLUDE / "catalog", "H58")


@pytest.fixture
def relations(warehouse: Warehouse) -> list[dict[str, Any]]:
    with psycopg.connect(warehouse.url("cchc_owner")) as connection:
        return read_relations(connection)


@pytest.fixture
def pages(catalog: Catalog, relations: list[dict[str, Any]]) -> Pages:
    return render_documents(catalog, read_profiles(), relations)


@pytest.mark.parametrize("name", GENERATED)
def test_page_in_docs_is_current(pages: Pages, name: str) -> None:
    is_current = (CHECKOUT / "docs" / name).read_text(encoding="utf-8") == pages[name]
    assert is_current, f"docs/{name} is not what catalog, profiles, suites and schema say: run make docs"


def test_page_has_every_variant_of_every_indicator(pages: Pages, catalog: Catalog) -> None:
    for row in indicator_rows(catalog):
        heading = f"#### {row['indicator_code']}: {row['name_vi']}\n"
        variant = f"**{row['indicator_code']}, biến thể `{row['variant']}`.** {row['explanation_vi']}"
        assert (heading if row["variant"] == "primary" else variant) in pages["indicators.md"]


def test_page_has_every_task_in_its_words(pages: Pages, catalog: Catalog) -> None:
    for task in catalog.annexes[0].tasks:
        assert f"| {task.code} | {task.content_vi} | {task.lead_agency_vi} | " in pages["indicators.md"]


def test_page_has_every_field_and_rule_of_every_source(pages: Pages) -> None:
    for profile in read_profiles():
        section = pages["sources.md"].partition(f"\n## {profile.source}\n")[2].partition("\n## ")[0]
        for column in re.findall(r"column: (\w+), type: (\w+)", _read_profile_text(profile.source)):
            assert " | ".join(column) in section
        for entity in ("response", profile.rows):
            suite = (INCLUDE / "expectations" / f"{profile.staging}_{entity}.json").read_text(encoding="utf-8")
            for rule in re.findall(r'"rule_id": "(\w+)"', suite):
                assert f"| {profile.staging}_{entity} | `{rule}` | " in section


def test_page_has_every_column_with_its_comment(pages: Pages, warehouse: Warehouse) -> None:
    columns = warehouse.query("""
        select table_schema || '.' || table_name, column_name from information_schema.columns
        where table_schema in ('core', 'mart', 'ops', 'staging') order by 1
    """)
    assert len(columns) > 300
    for relation, column in columns:
        section = pages["data-dictionary.md"].partition(f"\n### {relation}\n")[2].partition("\n### ")[0]
        assert re.search(rf"^\| `{column}` \| [^|]+ \| \S", section, re.MULTILINE), f"{relation}.{column}"


def test_text_with_markup_of_markdown_stays_in_its_cell(catalog: Catalog, relations: list[dict[str, Any]]) -> None:
    odd = catalog.plans[0].indicators[0].model_copy(update={"ruling": "a | b <c>\n*d*"})
    plan = catalog.plans[0].model_copy(update={"indicators": (odd,)})
    page = render_documents(catalog.model_copy(update={"plans": (plan,)}), read_profiles(), relations)["indicators.md"]
    assert r"| Cách hiểu đã chọn | a \| b \<c> \*d\* |" in page


def test_reasons_of_a_profile_are_its_comments(tmp_path: Path) -> None:
    (tmp_path / "source.yaml").write_text(
        "# What it is,\n# in two lines.\nname_vi: Nguồn\nschedule: '30 4 * * *'   # before work\n"
        "# Why windows.\nwindows: {kind: days}\nnested:\n  inner: 1   # of its own\n"
    )
    assert read_reasons(tmp_path / "source.yaml") == {
        "": "What it is, in two lines.",
        "schedule": "before work",
        "windows": "Why windows.",
    }


def test_make_docs_writes_the_pages_and_leaves_the_warehouse_alone(
    cluster: Database, pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "DOCS", tmp_path)
    assert write_documents(cluster.home) == 0
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == pages
    with psycopg.connect(cluster.url("postgres")) as connection:
        left = connection.execute("select to_regclass('ops.load'), count(*) from pg_database where datname ~ 'docs'")
        assert left.fetchall() == [(None, 0)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_link_has_a_target(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if "://" not in target:
            linked = page.parent / path if path else page
            assert linked.exists(), target
            assert not anchor or anchor in _anchors(linked), target


def test_commands_in_docs_are_targets_of_make() -> None:
    targets = set(re.findall(r"^([\w-]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    command = re.compile(r"(?:`|^|\$ )make ([\w-]+)", re.MULTILINE)
    named = {name for page in PAGES for name in command.findall(page.read_text(encoding="utf-8"))}
    assert named - targets == set()
    assert {"run", "test", "docs", "templates"} <= named


def _anchors(page: Path) -> set[str]:
    """The ids in a page, and those of its headings."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'id="([^"]+)"', text))


def _read_profile_text(source: str) -> str:
    return (INCLUDE / "sources" / f"{source}.yaml").read_text(encoding="utf-8")
