"""What the judge's browser sees of a page, keeps of its cookies, and does with its forms."""

from __future__ import annotations

import pytest

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.oauth.browser import path_of
from conformance.channels.oauth.cookies import Cookies
from conformance.channels.oauth.pages import Button, page_of

HTML = (("Content-Type", "text/html; charset=utf-8"),)
PLACE = "http://127.0.0.1:8000/here/page?x=1"
PAGE = """<!doctype html><html lang="EN-gb"><head><title>Not shown</title>
<style>p { color: red }</style></head><body><h1>Give <b>App &amp; Co</b></h1>
<p hidden>secret<span>words</span></p><div style="DISPLAY: none"><p>nor this</p></div>
<script>var told = "nothing";</script>
<form method="post" action="../decide?y=2">
<input type="hidden" name="token" value="a&quot;b"><input name="note" value="n">
<input type="checkbox" name="all" checked><input type="checkbox" name="none" value="1">
<input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>
<select name="s"><option value="one"><option value="two" selected></select>
<textarea name="t">long</textarea><input disabled name="off" value="1">
<button name="decision" value="yes">Let <i>them</i></button>
<button type="button" name="script">Script</button>
<input type="submit" name="decision" value="no"></form>
<form><input name="q"></form></body></html>"""


def answered(text: str, *headers: tuple[str, str]) -> Answer:
    return Answer(Transport.ANSWERED, 200, (*HTML, *headers), text.encode())


def test_a_page_is_seen_as_somebody_without_script_sees_it() -> None:
    page = page_of(PLACE, answered(PAGE))
    assert page.language == "en-gb"
    assert page.text.startswith("Give App & Co")
    assert not [word for word in ("secret", "words", "nor", "told", "Not") if word in page.text]
    decide, search = page.forms
    assert (decide.url, decide.method) == ("http://127.0.0.1:8000/decide?y=2", "POST")
    assert decide.fields == (
        *(("token", 'a"b'), ("note", "n"), ("all", "on"), ("r", "2"), ("s", "two"), ("t", "long")),
    )
    assert decide.buttons == (Button("decision", "yes", "Let them"), Button("decision", "no", "no"))
    assert decide.open_fields == {"note", "all", "none", "r", "s", "t"}
    assert (search.url, search.method, search.names) == (PLACE, "GET", {"q"})


@pytest.mark.parametrize(
    "answer",
    [
        answered('<meta http-equiv="Refresh" content="0; URL=/next">'),
        answered("", ("Refresh", "0;url=/next")),
        answered("", ("Refresh", "3, url='/next'")),
    ],
)
def test_where_a_page_sends_its_reader_is_seen(answer: Answer) -> None:
    assert page_of(PLACE, answer).leads_to in {"/next", "http://127.0.0.1:8000/next"}


def test_what_is_no_html_has_no_forms() -> None:
    told = Answer(Transport.ANSWERED, 200, (("Content-Type", "application/json"),), b"<form>")
    assert page_of(PLACE, told).forms == ()


def test_cookies_go_to_their_own_host_and_path_at_any_port() -> None:
    cookies = Cookies()
    cookies.put("http://127.0.0.1:1/", "__Host-who", "ann")
    cookies.take("http://127.0.0.1:1/a/b", answered("", ("Set-Cookie", "at=a; Path=/a; Secure")))
    assert cookies.header("http://127.0.0.1:2/a") == "at=a; __Host-who=ann"
    assert cookies.header("http://127.0.0.1:2/b") == "__Host-who=ann"
    assert cookies.header("http://127.0.0.2:1/a") is None
    own = cookies.copy()
    own.take("http://127.0.0.1:1/a/b", answered("", ("Set-Cookie", "at=; Path=/a; Max-Age=0")))
    assert own.header("http://127.0.0.1:2/a") == "__Host-who=ann"
    assert cookies.header("http://127.0.0.1:2/a") == "at=a; __Host-who=ann"


@pytest.mark.parametrize(
    ("said", "sent"),
    [("SameSite=Lax", None), ("samesite=strict", None), ("SameSite=None", "who=ann")],
)
def test_what_a_browser_keeps_to_one_site_is_not_sent_for_another(
    said: str, sent: str | None
) -> None:
    cookies = Cookies()
    cookies.take("http://localhost:1/", answered("", ("Set-Cookie", f"who=ann; {said}")))
    assert cookies.header("http://localhost:1/") == "who=ann"
    assert cookies.across_sites().header("http://localhost:1/") == sent


def test_urls_are_taken_apart_as_they_are_written() -> None:
    assert path_of("http://a.example") == "/"
    assert path_of("http://a.example?x=%2F#y") == "/?x=%2F"
    assert path_of("http://a.example//b/../c?d") == "//b/../c?d"
