"""One rule of what an e-mail address is."""

import pytest

from app.domain.input.email_address import EMAIL_LENGTH_MAX, clean_email, clean_optional_email
from app.domain.text.folding import fold_text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ana@example.com", "ana@example.com"),
        (" Ana@Example.COM ", "Ana@Example.COM"),
        ("\u00a0ana@example.com\t", "ana@example.com"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
        ("o'brien+shop@sub.example.co.uk", "o'brien+shop@sub.example.co.uk"),
        ("用户@例え.jp", "用户@例え.jp"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_an_address_is_kept_without_the_spaces_around_it(typed: str, kept: str) -> None:
    assert clean_email(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ana",
        "@example.com",
        "ana@",
        "a@b@c",
        "ana @example.com",
        "ana@exa mple.com",
        "ana@exa\nmple.com",
        "ana\u200b@example.com",
        "ana@example.com\x00",
        "ana\uff20example.com",
        "a" * EMAIL_LENGTH_MAX + "@b",
    ],
)
def test_what_is_no_address_is_refused_in_words(typed: str) -> None:
    with pytest.raises(ValueError, match=r"^(Enter|Character) "):
        clean_email(typed)


def test_no_address_is_none() -> None:
    assert [clean_optional_email(text) for text in (None, "", "  ")] == [None] * 3


@pytest.mark.parametrize(
    "other", ["ANA@EXAMPLE.COM", "ａｎａ@example.com", " ana@Example.com", "ana\u00ad@example.com"]
)
def test_addresses_are_the_same_whatever_their_case_and_form(other: str) -> None:
    assert fold_text(other) == fold_text("ana@example.com")
