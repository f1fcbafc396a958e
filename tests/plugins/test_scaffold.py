"""What `kehu plugin new` writes: its names, and that a wheel made of it is whole."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core import scaffold
from core.entities.naming import singular
from core.errors import KehuError


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("samples", "sample"),
        ("warranties", "warranty"),
        ("boxes", "box"),
        ("classes", "class"),
        ("branches", "branch"),
        ("houses", "house"),
        ("care_tasks", "care_task"),
        ("address", "address"),
        ("bonus", "bonus"),
        ("gear", "gear"),
        ("news", "news"),
        ("gas", "gas"),
    ],
)
def test_the_entity_follows_from_the_plugins_name(many: str, one: str) -> None:
    assert singular(many) == one
    assert singular(one) == one


def test_the_entity_can_be_named(tmp_path: Path) -> None:
    package = scaffold.write("aftercare", tmp_path, "care_task") / "kehu_aftercare"
    entities = (package / "entities.py").read_text()
    assert 'key="aftercare.care_task"' in entities
    assert "model=CareTask" in entities
    assert 'plural=_("Care tasks")' in entities
    assert '"aftercare_care_task"' in (package / "migrations" / "versions" / "aftercare_0001.py").read_text()


@pytest.mark.parametrize(
    ("name", "entity", "words"),
    [
        ("groups", "", "say --entity"),
        ("classes", "", "say --entity"),
        ("shop", "Order", "'Order' is no name of an entity"),
        ("shop", "a_very_long_name_for_an_entity", "more than 30 characters"),
        ("core", "thing", "reserved"),
        ("客户", "", "^'客户' is no name of a plugin: [^;]*$"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str, entity: str, words: str) -> None:
    with pytest.raises(KehuError, match=words):
        scaffold.write(name, tmp_path, entity)
    assert not [*tmp_path.iterdir()]


def test_a_wheel_of_it_has_all_that_it_needs(tmp_path: Path) -> None:
    made = scaffold.write("boxes", tmp_path)
    catalogue = made / "kehu_boxes" / "locale" / "zh_Hans" / "LC_MESSAGES" / "kehu.mo"
    catalogue.parent.mkdir(parents=True)
    catalogue.touch()
    (made / "kehu_boxes" / "templates" / "panel.jinja2").touch()
    build = ["wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(made)]
    subprocess.run([sys.executable, "-W", "ignore", "-m", "pip", *build], check=True, capture_output=True)
    names = set(zipfile.ZipFile(tmp_path / "kehu_boxes-0.1-py3-none-any.whl").namelist())
    sources = {str(path.relative_to(made)) for path in (made / "kehu_boxes").rglob("*") if path.is_file()}
    assert sources == {name for name in names if ".dist-info" not in name}
