"""Dates by Joda-Time's patterns."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_datapipeline._service.expressions.joda import format_datetime

# A Tuesday.
MOMENT = datetime(2011, 5, 24, 17, 10, 5, 123_456, tzinfo=timezone.utc)
MOMENTS = st.datetimes(timezones=st.just(timezone.utc))


@pytest.mark.rule("expression-formats")
@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("G", "AD"),
        ("C", "20"),
        ("CCC", "020"),
        ("Y", "2011"),
        ("YY", "11"),
        ("YYYY", "2011"),
        ("yyyyy", "02011"),
        ("yy", "11"),
        ("xxxx", "2011"),
        ("xx", "11"),
        ("w", "21"),
        ("www", "021"),
        ("e", "2"),
        ("E", "Tue"),
        ("EEE", "Tue"),
        ("EEEE", "Tuesday"),
        ("D", "144"),
        ("DDDD", "0144"),
        ("M", "5"),
        ("MM", "05"),
        ("MMM", "May"),
        ("MMMM", "May"),
        ("d", "24"),
        ("ddd", "024"),
        ("a", "PM"),
        ("K", "5"),
        ("KK", "05"),
        ("h", "5"),
        ("hh", "05"),
        ("H", "17"),
        ("k", "17"),
        ("m", "10"),
        ("s", "5"),
        ("ss", "05"),
        ("S", "1"),
        ("SS", "12"),
        ("SSS", "123"),
        ("SSSSSS", "123000"),
        ("z", "UTC"),
        ("zzz", "UTC"),
        ("zzzz", "Coordinated Universal Time"),
        ("Z", "+0000"),
        ("ZZ", "+00:00"),
        ("ZZZ", "UTC"),
        ("''", "'"),
        ("''''", "''"),
        ("yyyy-MM-dd'T'HH:mm:ss", "2011-05-24T17:10:05"),
        ("h 'o''clock' a", "5 o'clock PM"),
        ("d'd", "24d"),
        ("'day 'd", "day 24"),
        ("YYYYMMdd", "20110524"),
        ("d/M|é", "24/5|é"),
    ],
)
def test_a_pattern_gives_what_joda_time_gives(pattern: str, text: str) -> None:
    assert format_datetime(MOMENT, pattern) == text


@pytest.mark.parametrize(
    ("hour", "text"), [(0, "12 0 00 24 AM"), (11, "11 11 11 11 AM"), (12, "12 0 12 12 PM")]
)
def test_the_four_ways_to_count_hours_differ_at_midnight_and_noon(hour: int, text: str) -> None:
    assert format_datetime(MOMENT.replace(hour=hour), "h K HH k a") == text


def test_the_year_of_the_era_is_not_that_of_the_week() -> None:
    new_year = datetime(2021, 1, 1, tzinfo=timezone.utc)

    assert format_datetime(new_year, "YYYY yyyy xxxx ww e") == "2021 2021 2020 53 5"


def test_a_short_month_is_told_from_a_full_one() -> None:
    moment = datetime(2011, 9, 1)

    assert format_datetime(moment, "MMM MMMM") == "Sep September"


def test_a_moment_without_a_zone_is_utc() -> None:
    assert format_datetime(datetime(2011, 5, 24), "HH z ZZZ") == "00 UTC UTC"


def test_a_named_zone_has_its_name_offset_and_id() -> None:
    moment = MOMENT.astimezone(ZoneInfo("America/Los_Angeles"))

    text = format_datetime(moment, "HH z zzzz Z ZZ ZZZ")

    assert text == "10 PDT PDT -0700 -07:00 America/Los_Angeles"


def test_a_zone_of_a_fixed_offset_is_named_by_it() -> None:
    moment = MOMENT.astimezone(timezone(-timedelta(hours=3, minutes=30)))

    assert format_datetime(moment, "HH:mm z Z ZZZ") == "13:40 -03:30 -0330 -03:30"


def test_the_names_are_english_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")

    assert format_datetime(MOMENT, "EEEE MMMM") == "Tuesday May"


@pytest.mark.parametrize(
    ("pattern", "letter", "position"),
    [("yyyy-MM-ddTHH", "'T'", 10), ("b", "'b'", 0), ("'b'AA", "'A'", 3)],
)
def test_an_unknown_letter_is_refused_by_name_and_place(
    pattern: str, letter: str, position: int
) -> None:
    with pytest.raises(ValueError, match="means nothing") as raised:
        format_datetime(MOMENT, pattern)

    assert f"{letter} at position {position} of the date pattern {pattern!r}" in str(raised.value)


def test_an_empty_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="is empty"):
        format_datetime(MOMENT, "")


@settings(deadline=None)
@given(moment=MOMENTS)
def test_the_usual_pattern_is_the_iso_form(moment: datetime) -> None:
    text = format_datetime(moment, "yyyy-MM-dd'T'HH:mm:ss.SSSZZ")

    assert text == moment.isoformat(timespec="milliseconds")


@settings(deadline=None)
@given(moment=MOMENTS)
def test_the_week_date_is_the_iso_form(moment: datetime) -> None:
    year, week, day = moment.isocalendar()

    assert format_datetime(moment, "xxxx-'W'ww-e") == f"{year:04d}-W{week:02d}-{day}"


@settings(deadline=None)
@given(text=st.text())
def test_quoted_text_comes_back_as_it_was(text: str) -> None:
    # The space keeps the opening quote from being one half of two, which stand for a quote.
    quoted = "' " + text.replace("'", "''") + "'"

    assert format_datetime(MOMENT, f"d{quoted}") == f"24 {text}"


@settings(deadline=None)
@given(pattern=st.text(st.sampled_from("GCYxweEyDMdaKhHkmsSzZ' -:é")))
def test_known_letters_in_any_order_are_a_pattern(pattern: str) -> None:
    if pattern:
        assert isinstance(format_datetime(MOMENT, pattern), str)
