"""A partner's body is changed field by field, and a change is told by what it changed."""

import pytest

from crossdock_cli.failures import CliError
from crossdock_cli.partners import differing, merged

KNOWN = {"title": "Nordhandel", "role": "customer", "country": "DE", "endpoints": {"as2": "https://as2.nord.example"}}


def test_fields_and_parts_are_set_and_taken_away() -> None:
    made = merged(KNOWN, ["country=SE", "endpoints.sftp=sftp://nord.example", "endpoints.as2=", "is_active=false"])
    assert made == {
        "title": "Nordhandel",
        "role": "customer",
        "country": "SE",
        "endpoints": {"sftp": "sftp://nord.example"},
        "is_active": False,
    }
    assert KNOWN["endpoints"] == {"as2": "https://as2.nord.example"}


def test_a_value_may_hold_the_sign() -> None:
    assert merged({}, ["endpoints.http=https://nord.example/?a=b"]) == {
        "endpoints": {"http": "https://nord.example/?a=b"}
    }


@pytest.mark.parametrize("given", ["country", "=DE", ""])
def test_what_is_no_assignment_is_refused(given: str) -> None:
    with pytest.raises(CliError, match="FIELD=VALUE"):
        merged({}, [given])


def test_a_revision_says_what_it_changed() -> None:
    first, second = {"body": KNOWN}, {"body": {**KNOWN, "country": "SE"}}
    assert differing(None, {"body": {"role": "customer"}}) == "role=customer"
    assert differing(first, second) == "country=SE"
    assert differing(first, {"body": {**KNOWN, "endpoints": {}}}) == "endpoints.as2="
    assert differing(second, {"body": None}) == "withdrawn"
