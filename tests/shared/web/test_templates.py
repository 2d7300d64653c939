"""Pages built from the shell: titles, landmarks, fields in order, nothing undefined, nothing unescaped."""

import re
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from http import HTTPStatus

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.testclient import TestClient
from jinja2 import Environment, UndefinedError

from shared.web.river import river
from shared.web.shell import Button, Link, LinkForm, Site
from shared.web.sprite import UnknownIcon
from shared.web.templates import build_templates, install, render
from shared.web.theme import build_theme


@dataclass(frozen=True)
class Member:
    siren: str
    name: str
    initials: str
    colour: str | None


MEMBERS = [
    Member("200010700", "Caux Seine Agglo", "CSA", "#0c6a60"),
    Member("200072312", "Seine Normandie Agglomération", "SNA", None),
]


@pytest.fixture(scope="module")
def templates() -> Environment:
    return build_templates({})


@pytest.fixture(scope="module")
def client(templates: Environment) -> TestClient:
    app = FastAPI()
    theme = build_theme(MEMBERS[0], MEMBERS)
    site = Site(
        epci=MEMBERS[0],
        territory="Territoire d’industrie fictif",
        members=MEMBERS,
        navigation=[Link("Territoire", "/"), Link("Agenda", "/agenda")],
        footer=[Link("Mentions légales", "/mentions-legales")],
        footnote="Données fictives.",
        theme_url=theme.url,
        staff_entrance=Link("Espace agents", "/connexion"),
    )
    install(app, templates=templates, site=site, theme=theme)

    @app.get("/agenda/introuvable")
    async def missing(request: Request) -> HTMLResponse:
        facts = {"status": 404, "title": "Page introuvable", "detail": "Rien ici <b>.", "reference": "7f3a"}
        return render(request, "shared/error.html", facts, status=HTTPStatus.NOT_FOUND)

    @app.get("/lien")
    async def link(request: Request) -> HTMLResponse:
        form = LinkForm(
            "/lien",
            [Button("Confirmer"), Button("Refuser", kind="secondary", name="choix", value="non")],
            {"jeton": 'a"b'},
        )
        facts = {"title": "Confirmer", "sentence": "Une place.", "form": form, "notice": ("ok", "Noté.")}
        return render(request, "shared/link_page.html", facts)

    return TestClient(app)


def macro(templates: Environment, call: str, **context: object) -> str:
    names = "icon, chip, stage, state, tag, kpi, entry, notice, empty, day, breadcrumb, live_notice"
    fields = "field, select, radios, checkbox, error_summary"
    source = f'{{% from "shared/macros.html" import {names} %}}{{% from "shared/forms.html" import {fields} %}}{call}'
    return templates.from_string(source).render(context)


class Outline(HTMLParser):
    """The tags and ids of a page, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]


def test_a_page_has_a_title_one_heading_and_the_shell(client: TestClient) -> None:
    answer = client.get("/agenda/introuvable")
    outline = Outline(answer.text)

    assert answer.status_code == 404
    assert answer.text.startswith('<!doctype html>\n<html lang="fr">')
    assert "<title>Page introuvable — Caux Seine Agglo</title>" in answer.text
    assert outline.tags.count("h1") == 1
    assert [tag for tag in outline.tags if tag in {"header", "nav", "main", "footer"}] == [
        "header",
        "nav",
        "main",
        "footer",
    ]
    assert len(outline.ids) == len(set(outline.ids))
    assert '<a class="e-skip" href="#contenu">Aller au contenu</a>' in answer.text


def test_where_one_is_and_what_others_wrote_are_said_safely(client: TestClient) -> None:
    page = client.get("/agenda/introuvable").text

    assert '<a href="/agenda" aria-current="true">Agenda</a>' in page
    assert '<a href="/">Territoire</a>' in page
    assert "Rien ici &lt;b&gt;." in page
    assert page.count("<circle") == len(MEMBERS)
    assert "persiste\u00a0: 7f3a" in page


def test_everything_a_page_asks_for_is_served_by_us_and_may_be_kept(client: TestClient) -> None:
    page = client.get("/agenda/introuvable").text
    asked = re.findall(r'(?:src|<link rel="stylesheet" href)="([^"]+)"', page)

    assert len(asked) == 7
    for address in asked:
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/static/estuaire.css").headers["cache-control"] == "no-cache"


def test_the_page_behind_a_link_does_nothing_before_a_button(client: TestClient) -> None:
    page = client.get("/lien").text

    assert '<form action="/lien" method="post"' in page
    assert '<input type="hidden" name="jeton" value="a&#34;b">' in page
    assert '<button class="btn btn-primary" type="submit">Confirmer</button>' in page
    assert '<button class="btn btn-secondary" type="submit" name="choix" value="non">Refuser</button>' in page
    assert "e-notice is-ok" in page


def test_a_field_reads_label_hint_error_control(templates: Environment) -> None:
    call = '{{ field("courriel", "Adresse", "a@<", hint="Exemple", error="Il manque le domaine.", type="email") }}'
    html = macro(templates, call)

    places = [html.index(part) for part in ("<label", "Exemple", "Il manque", "<input")]
    assert places == sorted(places)
    assert 'aria-describedby="courriel-aide courriel-erreur"' in html
    assert 'aria-invalid="true"' in html
    assert 'value="a@&lt;"' in html
    assert "required" in html


def test_a_field_without_fault_says_nothing_of_one(templates: Environment) -> None:
    html = macro(templates, '{{ field("tel", "Téléphone", optional=true, attrs={"autocomplete": "tel"}) }}')

    assert "(facultatif)" in html
    assert 'autocomplete="tel"' in html
    assert not {"aria-", "required", "is-invalid"} & {
        part for part in ("aria-", "required", "is-invalid") if part in html
    }


def test_text_areas_keep_their_lines(templates: Environment) -> None:
    html = macro(templates, '{{ field("note", "Note", value, type="textarea") }}', value="\nun\n<deux>")

    assert ">\n\nun\n&lt;deux&gt;</textarea>" in html


def test_choices_keep_what_was_chosen(templates: Environment) -> None:
    options = [("a", "Bolbec"), ("b", "Vernon")]
    select = macro(templates, '{{ select("commune", "Commune", options, "b", prompt="Choisir") }}', options=options)
    radios = macro(templates, '{{ radios("mode", "Comment ?", options, "b", error="À choisir.") }}', options=options)
    box = macro(templates, '{{ checkbox("accord", "J’accepte", required=true) }}')

    assert '<option value="b" selected>Vernon</option>' in select
    assert 'id="mode-2" value="b" checked>' in radios
    assert 'aria-describedby="mode-erreur"' in radios
    assert "checked" not in box


@pytest.mark.parametrize(
    ("errors", "said"),
    [({"a": "Un."}, "Une réponse est à corriger"), ({"a": "Un.", "b": "Deux."}, "2 réponses sont à corriger")],
)
def test_the_summary_counts_and_links_to_the_fields(templates: Environment, errors: dict[str, str], said: str) -> None:
    html = macro(templates, "{{ error_summary(errors) }}", errors=errors)

    assert said in html
    assert [f"#{name}" for name in errors] == re.findall(r'href="(#\w+)"', html)
    assert "autofocus" in html


def test_no_error_no_summary(templates: Environment) -> None:
    assert macro(templates, "{{ error_summary({}) }}").strip() == ""


def test_marks_always_have_a_word(templates: Environment) -> None:
    member = MEMBERS[0]

    assert '<span class="visually-hidden">Caux Seine Agglo</span>' in macro(
        templates, "{{ chip(m, alone=true) }}", m=member
    )
    assert macro(templates, '{{ stage(3, "Montage") }}').count("e-tick on") == 3
    assert macro(templates, '{{ stage(3, "Montage") }}').count("<rect") == 8
    assert "e-tick off" in macro(templates, '{{ stage(0, "Abandonné") }}')
    assert macro(templates, '{{ state("En cours", "check-circle", "ok") }}').endswith("</svg>En cours</span>")
    assert 'datetime="2026-12-01"><b>1<sup>er</sup></b>déc.' in macro(templates, "{{ day(d) }}", d=date(2026, 12, 1))


def test_a_notice_takes_a_sentence_or_a_block(templates: Environment) -> None:
    assert "<p>a &lt; b</p>" in macro(templates, '{{ notice("warn", "a < b") }}')
    assert '<p><a href="#">lien</a></p></div>' in macro(
        templates, '{% call notice("stop") %}<p><a href="#">lien</a></p>{% endcall %}'
    )


def test_an_unknown_name_or_icon_is_an_error_not_a_blank(templates: Environment) -> None:
    with pytest.raises(UndefinedError):
        macro(templates, "{{ nothing }}")
    with pytest.raises(UnknownIcon, match="make setup"):
        macro(templates, "{{ icon(name) }}", name="no-such-icon")


def test_filters_are_french(templates: Environment) -> None:
    assert macro(templates, '{{ 0 | pluriel("projet") }}, {{ 12500 | euros }}') == "0 projet, 12\u202f500\u00a0€"


@pytest.mark.parametrize("members", [0, 1, 7, 30])
def test_the_river_has_a_dot_for_each_member_inside_its_frame(members: int) -> None:
    dots = river(members).dots

    assert len(dots) == members
    assert all(6 <= x <= 514 and 80 <= y <= 160 for x, y in dots)
    assert [x for x, _ in dots] == sorted(x for x, _ in dots)
