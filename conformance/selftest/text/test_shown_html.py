"""What a reader sees of HTML: no more than is shown, and all of that."""

from __future__ import annotations

import pytest

from conformance.text.shown_html import shown_in

FOOTER = '<p>To unsubscribe: <a href="https://a.example/">here</a></p>'
SHOWN = ("To unsubscribe: here", ["https://a.example/"])


@pytest.mark.parametrize(
    "before",
    [
        *("", "<p>", "<div><p><br>", "<!-- a comment -->", "<script>x</script>", "</body></html>"),
        *('<div style="display: none"></div>', "<title></title>", '<a title="<div hidden>"></a>'),
        *('<i style="opacity: 0.8">', "<style>p{}</style>", "<img hidden>", "<unknown>"),
    ],
)
def test_what_hides_nothing_hides_nothing(before: str) -> None:
    assert shown_in(before + FOOTER) == SHOWN


@pytest.mark.parametrize(
    "before",
    [
        *("<!-- ", "<div hidden>", "<title>", "<textarea>", "<style>", "<script>", "<plaintext>"),
        *(
            '<p style="DISPLAY:none">',
            '<p style="font-size:0">',
            '<b style="opacity:0">',
        ),
    ],
)
def test_what_stays_open_hides_what_follows(before: str) -> None:
    assert shown_in(before + FOOTER) == ("", [])


def test_text_in_pieces_is_joined() -> None:
    assert shown_in("p<b>ay</b><!-- -->pal &amp; &#99;o")[0] == "paypal & co"


def test_a_tag_that_stays_open_takes_the_words_with_it() -> None:
    assert shown_in(f'<a href="{FOOTER}')[0] == "here"
