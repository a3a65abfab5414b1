"""One spelling for all texts that are compared: digits, dashes and spaces that look alike become the same."""

import re
import unicodedata

_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_SPACED_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3})((?: \d{3})+)(?![\d.,:]?\d)")
_RANGE = re.compile(r"(?<=\d)\s?-\s?(?=\d)|(?<=\d)(\s?(?:%|ms|s|min|h))\s?-\s?(?=\d)")
_BARE_POINT = re.compile(r"(?<![\w.,])\.(?=\d)")
_DECIMAL_COMMA = re.compile(r"(?<![\d,.])(\d+),(\d{1,2}|(?<=\b0,)\d+)(?![\d,])")
_AN_HOUR = re.compile(r"\b(half )?an? (?:few |couple of )?(minute|hour|day|week)\b", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FRACTION = re.compile(r"(?<=\d)/(?=\d)")
_PERCENTILE = re.compile(r"\b(\d{1,2}(?:\.\d+)?)(?:st|nd|rd|th)[ -]percentile\b", re.IGNORECASE)


def plain(text: str) -> str:
    """The text with signs that cannot be seen taken out and look-alikes of digits, dashes and spaces made alike."""
    if text.isascii():  # nothing of the kind is in it
        return _PERCENTILE.sub(r"p\1", text)
    text = unicodedata.normalize("NFKC", text).replace("\u2044", "/")
    for sign in {one for one in set(text) if unicodedata.category(one) == "Cf"}:
        text = text.replace(sign, "")
    return _PERCENTILE.sub(r"p\1", _DASHES.sub("-", text))


def apart(text: str) -> str:
    """The same with ranges and fractions taken apart and `4 711` written as `4711`, for reading numbers."""
    text = _SPACED_THOUSANDS.sub(lambda found: found[0].replace(" ", ""), text)
    text = _DECIMAL_COMMA.sub(r"\1.\2", _BARE_POINT.sub("0.", text))
    text = _AN_HOUR.sub(lambda found: f"{'0.5' if found[1] else '1'} {found[2]}", text)
    dates = _DATE.findall(text)
    for number, date in enumerate(dates):
        text = text.replace(date, f"\x00{number}\x00", 1)
    text = _FRACTION.sub(" / ", _RANGE.sub(r"\1 to ", text))
    for number, date in enumerate(dates):
        text = text.replace(f"\x00{number}\x00", date, 1)
    return text
