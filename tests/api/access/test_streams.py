"""A live stream ends with what it was opened by."""

from __future__ import annotations

import httpx
import pytest
from access_support import MACHINE, Staff

from api.access import COOKIE
from tests.api.conftest import HIDDEN_LAYER, City
from tests.api.stream import parse
from twin.model.layer import FeatureChange, Source
from twin.model.view import Role


def write(city: City, fid: str) -> None:
    city.twin.store.write_features(HIDDEN_LAYER, [FeatureChange(fid, None, {"name": "x"})], Source("user", "test"))


@pytest.mark.parametrize("way", ["token revoked", "signed out", "shut out", "role taken"])
def test_nothing_is_sent_after_the_right_to_see_it_has_ended(
    own_city: City, staff: Staff, address: str, way: str
) -> None:
    role = {"shut out": Role.OPERATOR, "role taken": Role.DUTY_OFFICER}.get(way, Role.PLANNER)
    person = staff.people[role].id
    with httpx.Client(base_url=address, timeout=30) as client:
        headers = {}
        if way == "token revoked":
            headers = staff.token(role)
        else:
            staff.session(client, role)
        with client.stream("GET", "/live", headers=headers) as response:
            assert response.status_code == 200
            told = []
            for event in parse(response.iter_lines()):
                told.append(event)
                if event.get("event") == "hello":
                    write(own_city, f"{way} before")
                elif f"{way} before" in str(event):
                    end(staff, way, person, role, client)
                    write(own_city, f"{way} after")
    assert f"{way} before" in str(told)
    assert f"{way} after" not in str(told)


def end(staff: Staff, way: str, person: str, role: Role, client: httpx.Client) -> None:
    match way:
        case "token revoked":
            staff.desk.tokens.revoke(MACHINE, staff.desk.tokens.of(person)[0].id)
        case "signed out":
            staff.desk.sign_in.sign_out(MACHINE, person, staff.desk.sessions.find(client.cookies[COOKIE]).key)
        case "shut out":
            staff.desk.people.disable(MACHINE, person)
        case "role taken":
            staff.desk.people.withdraw(MACHINE, person, role)
