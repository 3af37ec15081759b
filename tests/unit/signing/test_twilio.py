from __future__ import annotations

from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from parley.platforms import form
from parley.signing import twilio
from tests.unit.signing import vectors
from tests.unit.signing.vectors import pairs

TOKEN = vectors.TWILIO_TOKEN


def test_golden_vectors():
    assert (
        twilio.signature(TOKEN, vectors.TWILIO_OFFICIAL_URL, pairs(vectors.TWILIO_OFFICIAL_PARAMS))
        == vectors.TWILIO_OFFICIAL_SIGNATURE
    )
    assert (
        twilio.signature(TOKEN, vectors.TWILIO_POST_URL, pairs(vectors.TWILIO_POST_PARAMS))
        == vectors.TWILIO_POST_SIGNATURE
    )
    assert twilio.signature(TOKEN, vectors.TWILIO_GET_URL) == vectors.TWILIO_GET_SIGNATURE
    assert twilio.signature(TOKEN, vectors.TWILIO_JSON_URL) == vectors.TWILIO_JSON_SIGNATURE
    assert twilio.covers(urlsplit(vectors.TWILIO_JSON_URL).query, vectors.TWILIO_JSON_BODY)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.dictionaries(texts, texts, max_size=6), st.text(min_size=1, max_size=20).filter(lambda t: t.isprintable()))
def test_twilios_validator_accepts_ours_and_we_accept_its(params, token):
    url = "https://example.com/hook"
    ours = twilio.signature(token, url, pairs(params))
    assert RequestValidator(token).validate(url, params, ours)
    assert twilio.verify(RequestValidator(token).compute_signature(url, params), [token], url, pairs(params))


@given(st.lists(st.tuples(texts.map(str.encode), texts.map(str.encode)), max_size=6), st.randoms())
def test_the_order_of_parameters_and_a_repeated_pair_change_nothing(params, random):
    url = "https://example.com/hook"
    signed = twilio.signature(TOKEN, url, params)
    shuffled = [*params, *params[:1]]
    random.shuffle(shuffled)
    assert twilio.verify(signed, [TOKEN], url, shuffled)


def test_repeated_names_are_signed_with_their_sorted_distinct_values():
    class MultiDict(dict[str, list[str]]):
        def getall(self, name: str) -> list[str]:
            return self[name]

    params = (("b", "2"), ("a", "z"), ("a", "k"), ("a", "z"))
    theirs = RequestValidator(TOKEN).compute_signature("https://h/", MultiDict({"a": ["z", "k", "z"], "b": ["2"]}))
    assert twilio.signature(TOKEN, "https://h/", [(n.encode(), v.encode()) for n, v in params]) == theirs


@pytest.mark.parametrize(
    ("signed", "called"),
    [
        ("https://h.example:443/p", "https://h.example/p"),
        ("http://h.example:80/p?a=1", "http://h.example/p?a=1"),
        ("http://h.example/p", "http://h.example:3000/p"),
        ("https://h.example/p?", "https://h.example/p?"),
        ("https://h.example/p?a=b%20c", "https://h.example/p?a=b+c"),
        ("https://h.example/p?a=b+c", "https://h.example/p?a=b%20c"),
        ("https://h.example/p?a=%e3%81%82", "https://h.example/p?a=%E3%81%82"),
        ("https://h.example/p?a=%E3%81%82+b", "https://h.example/p?a=%e3%81%82%20b"),
    ],
)
def test_the_finite_list_of_spellings(signed, called):
    assert twilio.verify(twilio.signature(TOKEN, signed), [TOKEN], called)


@pytest.mark.parametrize(
    ("signed", "called"),
    [
        ("https://h.example:444/p", "https://h.example/p"),
        ("http://h.example/p", "https://h.example/p"),
        ("https://h.example/P", "https://h.example/p"),
        ("https://h.example/p?a=1&b=2", "https://h.example/p?b=2&a=1"),
        ("https://h.example/p?a=%2B", "https://h.example/p?a=+"),
        ("https://h.example/p?a=%7E", "https://h.example/p?a=~"),
        ("https://h.example/p", "https://h.example/p?a=1"),
    ],
)
def test_every_other_spelling_is_another_url(signed, called):
    assert not twilio.verify(twilio.signature(TOKEN, signed), [TOKEN], called)


@given(st.text(alphabet="ab +%=&?あ", max_size=30))
def test_there_are_at_most_18_spellings_and_the_url_is_among_them(query):
    url = "https://h.example/p?" + quote(query, safe="+%=&?")
    spellings = twilio.spellings(url)
    assert url in spellings
    assert len(spellings) == len(set(spellings)) <= 18


def test_a_body_hash_in_the_query_must_be_the_bodys():
    assert not twilio.covers(urlsplit(vectors.TWILIO_JSON_URL).query, b'{"a":2}')
    assert not twilio.covers("", b"")
    assert not twilio.covers("bodySHA256=", b"")


@pytest.mark.parametrize("presented", ["", "é", "日本", "\ud800", "x" * 10_000])
def test_any_header_text_is_refused_and_none_raises(presented):
    assert not twilio.verify(presented, [TOKEN], "https://h.example/p")


def test_a_source_without_secrets_verifies_nothing():
    assert not twilio.verify(twilio.signature("", "https://h/p"), [], "https://h/p")


@given(st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), max_size=6))
def test_forms_keep_every_byte(params):
    encoded = form.encode(params).encode()
    assert form.parse(encoded) == tuple(params)
    assert all(len(form.encode([pair])) == sum(map(form.encoded_size, pair)) + 1 for pair in params)


@given(st.lists(st.tuples(texts, texts), max_size=6))
def test_forms_are_read_as_the_standard_library_writes_them(params):
    body = urlencode(params).encode()
    assert form.parse(body) == tuple((name.encode(), value.encode()) for name, value in params)
