"""The browser files: locked, allow-listed, hashed, and quick when nothing changed."""

import hashlib
import json
import re
import subprocess
import time
from io import BytesIO
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from shared.web import manifest as manifest_of
from shared.web import sprite, vendor
from shared.web.assets import load_assets
from shared.web.espaces import space_font
from shared.web.node import NodeMissing, find_npm


def test_a_second_run_says_nothing_and_is_quick() -> None:
    said: list[str] = []
    vendor.prepare(print)

    start = time.perf_counter()
    vendor.prepare(said.append)

    assert said == []
    assert time.perf_counter() - start < 0.2


def test_each_file_is_where_the_manifest_says_with_its_hash_and_licence() -> None:
    manifest = manifest_of.read_manifest()

    assert {
        "bootstrap.css",
        "htmx.js",
        "htmx-sse.js",
        "icons.svg",
        "fonts.css",
        "espaces.woff",
    } <= manifest.files.keys()
    for asset in manifest.files.values():
        file = manifest_of.WEB / asset.url.removeprefix("/")
        assert hashlib.sha256(file.read_bytes()).hexdigest() == asset.sha256
        assert asset.sha256[:12] in asset.url
        assert asset.licence in {"MIT", "OFL-1.1", "BSD-0-Clause", "EUPL-1.2"}
        if asset.licence_url:
            assert (manifest_of.WEB / asset.licence_url.removeprefix("/")).stat().st_size > 300


def test_nothing_outside_the_list_is_served() -> None:
    manifest = manifest_of.read_manifest()
    listed = {asset.url for asset in manifest.files.values()} | {asset.licence_url for asset in manifest.files.values()}
    there = {f"/{file.relative_to(manifest_of.WEB)}" for file in manifest_of.VENDOR.rglob("*") if file.is_file()}

    assert there - listed == {"/static/vendor/manifest.json"}


def test_the_sheet_of_fonts_asks_only_for_files_we_serve() -> None:
    manifest = manifest_of.read_manifest()
    sheet = (manifest_of.WEB / manifest.files["fonts.css"].url.removeprefix("/")).read_text("utf-8")

    asked = set(re.findall(r"url\(([^)]*)\)", sheet))
    assert asked == {manifest.files[name].url for name in manifest.files if "woff" in name}


def test_the_lock_file_pins_and_holds_no_download_address() -> None:
    lock = json.loads((manifest_of.WEB / "package-lock.json").read_text("utf-8"))
    wanted = json.loads((manifest_of.WEB / "package.json").read_text("utf-8"))

    assert all("resolved" not in package for package in lock["packages"].values())
    assert all(package.get("integrity") for path, package in lock["packages"].items() if path)
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version


def test_every_icon_that_templates_name_is_in_the_sprite() -> None:
    templates = sprite.template_files(vendor.ROOT)
    assets = load_assets()

    sprite.require_known(templates, assets.icons)
    served = (manifest_of.WEB / assets.url("icons.svg").removeprefix("/")).read_text("utf-8")
    assert {name for name in assets.icons if f'id="{name}"' in served} == assets.icons
    assert {"list", "check-circle", "exclamation-octagon"} <= assets.icons


def test_a_misspelt_icon_is_refused_with_its_template(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('{{ icon("bel") }}{{ state("Alerte", "bell") }}', "utf-8")
    full = '<svg><symbol class="bi" viewBox="0 0 16 16" id="bell"><path d="M0"/></symbol></svg>'

    reduced, names = sprite.reduced_sprite(full, sprite.words_of([page]))

    assert names == ("bell",)
    assert reduced.count("<symbol") == 1
    with pytest.raises(sprite.UnknownIcon, match=r"page\.html nomme l’icône « bel »"):
        sprite.require_known([page], names)


def test_the_space_is_wide_enough_and_always_the_same_bytes() -> None:
    font = TTFont(BytesIO(space_font()))

    assert space_font() == space_font()
    assert font.getBestCmap() == {0x202F: "nnbsp"} or list(font.getBestCmap()) == [0x202F]
    assert font["hmtx"][font.getBestCmap()[0x202F]] == (270, 0)
    assert font["glyf"][".notdef"].numberOfContours == 1


def test_npm_starts() -> None:
    assert subprocess.run([*find_npm(), "--version"], capture_output=True, check=True).stdout  # noqa: S603  # our own command


def test_without_node_one_is_told_what_to_run_in_both_languages() -> None:
    french, english = str(NodeMissing()).splitlines()

    assert "introuvable" in french
    assert "was not found" in english
    assert french.endswith("make setup")
    assert english.endswith("make setup")
