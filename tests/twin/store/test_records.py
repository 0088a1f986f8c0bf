"""Records and logs: what the engines of the house stand on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point
from support import SOURCE, day, staff

from twin.errors import ConflictError, NotFoundError, ParameterError, SchemaError
from twin.model.layer import FeatureChange, Layer
from twin.model.record import Append, Drop, Expect, Put, Range, broken_link
from twin.store.base import Store


def test_a_record_counts_its_versions_and_keeps_the_old_ones(store: Store) -> None:
    first = store.write_records([Put("law_rule", "r", {"limit": 1})])
    store.write_records([Put("law_rule", "r", {"limit": 2}, expect=1)])
    assert store.record("law_rule", "r").body == {"limit": 2}
    assert store.record("law_rule", "r", known_at=first.recorded_at).body == {"limit": 1}
    assert [r.version for r in store.record_history("law_rule", "r")] == [1, 2]


def test_who_saw_an_older_version_is_refused_and_told_which_there_is(store: Store) -> None:
    store.write_records([Put("case", "c", {}, expect=0)])
    store.write_records([Put("case", "c", {"a": 1}, expect=1)])
    with pytest.raises(ConflictError, match="version 1 was seen, there is version 2"):
        store.write_records([Put("case", "c", {"a": 2}, expect=1)])
    with pytest.raises(ConflictError, match="none was seen, there is version 2"):
        store.write_records([Put("case", "c", {}, expect=0)])
    assert store.record("case", "c").body == {"a": 1}


def test_all_operations_of_a_commit_hold_or_none(store: Store) -> None:
    with pytest.raises(ConflictError):
        store.write_records([Put("case", "c", {}), Append("case:c", {}), Expect("job", "j", version=1)])
    with pytest.raises(NotFoundError):
        store.record("case", "c")
    assert store.entries("case:c") == []


def test_a_dropped_record_is_gone_now_and_there_before(store: Store) -> None:
    commit = store.write_records([Put("person", "p", {"name": "An"})])
    store.write_records([Drop("person", "p", expect=1)])
    assert store.records("person") == []
    assert store.record("person", "p", known_at=commit.recorded_at).body == {"name": "An"}
    store.write_records([Put("person", "p", {"name": "An"}, expect=0)])
    assert store.record("person", "p").version == 2


def test_a_kind_without_history_keeps_only_what_is(store: Store) -> None:
    store.write_records([Put("job", "j", {"n": 1})])
    store.write_records([Put("job", "j", {"n": 2}, expect=1)])
    assert [(r.version, r.body) for r in store.record_history("job", "j")] == [(2, {"n": 2})]
    with pytest.raises(ParameterError, match="not kept"):
        store.records("job", known_at=day(0))


def test_records_are_found_by_their_members(store: Store) -> None:
    bodies = {
        "a": {"state": "new", "n": 1, "open": True, "roles": ["x", "y"], "title": "Đường Lý Thường Kiệt"},
        "b": {"state": "done", "n": 2, "open": False, "roles": ["y"], "due": "2026-01-02T00:00:00Z"},
        "c": {"state": "new", "n": 10, "open": None, "roles": []},
    }
    store.write_records([Put("case", key, body) for key, body in bodies.items()])

    def found(**where: object) -> list[str]:
        return [r.key for r in store.records("case", where=where)]  # type: ignore[arg-type]

    assert found(state="new") == ["a", "c"]
    assert found(state=["new", "done"]) == ["a", "b", "c"]
    assert found(state=[]) == []
    assert found(n=2) == ["b"]
    assert found(n=Range(2, None)) == ["b", "c"]
    assert found(open=True) == ["a"]
    assert found(open=None) == ["c"]
    assert found(roles="y") == ["a", "b"]
    assert found(due=Range(None, "2026-01-02T00:00:00Z")) == ["b"]
    assert found(state="new", n=10) == ["c"]
    assert [r.key for r in store.records("case", text="ly thuong")] == ["a"]
    assert [r.key for r in store.records("case", order="due", descending=True, limit=1)] == ["b"]
    assert store.count_records("case", where={"state": "new"}) == 2


def test_many_records_at_once_are_as_one_by_one(store: Store) -> None:
    store.write_records([Put("case", "c3", {"n": 0}), Put("case", "c4", {"n": 0})])
    store.write_records([Drop("case", "c4")])
    many = [Put("case", f"c{n}", {"n": n, "text": "đường"}) for n in range(12)]
    store.write_records(many)
    assert {r.key: (r.version, r.body["n"]) for r in store.records("case")} == {
        f"c{n}": (2 if n in {3, 4} else 1, n) for n in range(12)
    }
    with pytest.raises(ConflictError, match="c5"):
        store.write_records([Put("case", f"d{n}", {}) for n in range(12)] + [Put("case", "c5", {}, expect=0)])
    with pytest.raises(ConflictError, match="d3"):
        store.write_records([Put("case", f"d{n}", {}, expect=1 if n == 3 else 0) for n in range(12)])
    store.write_records([*(Put("case", f"e{n}", {}) for n in range(12)), Put("case", "e0", {"last": True})])
    assert store.record("case", "e0").body == {"last": True}
    assert store.count_records("case") == 24


def test_a_member_name_cannot_carry_sql(store: Store) -> None:
    with pytest.raises(ParameterError, match="not a member"):
        store.records("case", where={"a') OR 1=1 --": "x"})


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(SchemaError, match="no kind of record"):
        Put("nonsense", "x", {})


def test_a_log_is_numbered_without_gaps_and_found_by_actor_and_object(store: Store) -> None:
    for number in range(3):
        store.write_records([Append("audit", {"n": number}, actor=f"p{number % 2}", object="layer:x")])
    assert [(e.number, e.body["n"]) for e in store.entries("audit")] == [(1, 0), (2, 1), (3, 2)]
    assert [e.number for e in store.entries("audit", actor="p0", newest_first=True)] == [3, 1]
    assert [e.number for e in store.entries("audit", object="layer:x", after=1, limit=1)] == [2]
    with pytest.raises(ConflictError, match="2 entries were seen, there are 3"):
        store.write_records([Append("audit", {}, expect=2)])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 4), st.sampled_from(["body", "actor", "object", "recorded_at", "number", "gone"]))
def test_no_entry_can_be_changed_or_taken_out_unseen(place: int, part: str) -> None:
    entries = list(_FIVE)
    if part == "gone":
        del entries[place]
        expected = None if place == 4 else place + 2
    else:
        value = {"body": {"n": 99}, "actor": "z", "object": "z", "recorded_at": day(9), "number": 77}[part]
        entries[place] = replace(entries[place], **{part: value})
        expected = 77 if part == "number" else place + 1
    assert broken_link(entries) == expected


def _five() -> list[object]:
    from twin.model.record import GENESIS, Entry, chain

    made: list[Entry] = []
    before = GENESIS
    for n in range(1, 6):
        before = chain(before, log="audit", number=n, recorded_at=day(n), actor="a", object="o", body={"n": n})
        made.append(Entry("audit", n, day(n), "a", "o", {"n": n}, before))
    return made  # type: ignore[return-value]


_FIVE = _five()


def test_the_chain_that_was_stored_holds_together(open_store: Callable[[], Store]) -> None:
    store = open_store()
    for n in range(3):
        store.write_records([Append("audit", {"n": n, "text": "đường", "x": 1.5}, actor="a")])
    store = open_store()
    store.write_records([Append("audit", {"n": 3}, actor="b")])
    assert broken_link(store.entries("audit")) is None


def test_records_go_with_another_write_or_not_at_all(city: Store) -> None:
    ops = [Put("case", "c", {"done": True}, expect=0), Append("case:c", {"what": "publish"})]
    change = FeatureChange("s1", Point(106.9, 11.5), {"name": "x"}, day(0))
    commit = city.along(ops, "write_features", "cameras", [change], SOURCE)
    assert city.record("case", "c").recorded_from == commit.recorded_at
    with pytest.raises(ConflictError):
        city.along(ops, "write_features", "cameras", [replace(change, fid="s2")], SOURCE)
    assert [f.fid for f in city.features(staff(), "cameras")] == ["s1"]
    city.along([Put("case", "d", {})], "put_info", {})
    assert city.record("case", "d").version == 1


def test_an_entry_can_say_what_its_own_commit_did(city: Store) -> None:
    step = Append("job:j", {"step": 1}, with_commit=True)
    change = FeatureChange("s1", Point(106.9, 11.5), {"name": "x"}, day(0))
    commit = city.along([step], "write_features", "cameras", [change], SOURCE)
    empty = city.write_records([step])
    first, second = city.entries("job:j")
    assert first.recorded_at == commit.recorded_at
    counts = {"stored": 1, "revised": 0, "duplicate": 0, "ended": 0}
    assert first.body == {"step": 1, "commit": {"seq": commit.seq, "source": commit.source, **counts}}
    assert second.body == {"step": 1, "commit": {"seq": empty.seq, "source": 0}}
    assert broken_link([first, second]) is None


def test_a_refused_write_takes_its_records_with_it(city: Store) -> None:
    bad = FeatureChange("s1", Point(106.9, 11.5), {"name": "x"}, day(2), day(1))
    with pytest.raises(Exception, match="s1"):
        city.along([Put("case", "c", {})], "write_features", "cameras", [bad], SOURCE)
    with pytest.raises(NotFoundError):
        city.record("case", "c")
    city.write_records([])  # nothing of the refused operations is left over for the next commit
    assert city.records("case") == []


def test_of_many_that_saw_the_same_version_one_wins(store: Store) -> None:
    store.write_records([Put("case", "c", {"n": 0})])
    won: list[int] = []

    def attempt(n: int) -> None:
        try:
            store.write_records([Put("case", "c", {"n": n}, expect=1), Append("case:c", {"n": n})])
        except ConflictError:
            return
        won.append(n)

    threads = [threading.Thread(target=attempt, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.record("case", "c").body == {"n": won[0]}
    assert [e.body["n"] for e in store.entries("case:c")] == won


def test_the_staff_hear_of_cases_and_nobody_of_sessions(store: Store) -> None:
    before = store.last_seq()
    store.write_records([Put("case", "c", {"secret": "x"}), Put("session", "s", {"person": "p"})])
    changes = store.changes(staff(), before)
    assert [(c.kind, c.items) for c in changes] == [("record", ({"kind": "case", "key": "c"},))]


def test_an_object_of_the_body_meets_those_whose_members_it_has(store: Store) -> None:
    bodies = {
        "a": {"body": {"category": "CS", "text": "x"}, "links": []},
        "b": {"body": {"category": "GT"}, "links": [{"rel": "duplicate_of", "case": "a"}]},
        "c": {
            "body": {"category": "GTX"},
            "links": [{"rel": "other", "case": "a"}, {"rel": "duplicate_of", "case": "b"}],
        },
    }
    store.write_records([Put("case", key, body) for key, body in bodies.items()])

    def found(**where: object) -> list[str]:
        return [r.key for r in store.records("case", where=where)]  # type: ignore[arg-type]

    assert found(body={"category": "GT"}) == ["b"]
    assert found(links={"rel": "duplicate_of", "case": "a"}) == ["b"]
    assert found(links={"case": "a"}) == ["b", "c"]


def test_every_text_that_can_name_a_kept_file_is_known_with_who_says_it(store: Store) -> None:
    a, b, c, d, e, f = (letter * 64 for letter in "abcdef")
    store.put_layer(Layer("houses", "Nhà"))
    for digest in (a, b):  # the second version replaces the first, which was known once
        store.write_features("houses", [FeatureChange("h", Point(106, 11), {"ifc_file": digest}, day(0))], SOURCE)
    store.write_records(
        [
            Put("job", "1", {"result": {"files": [c]}}),
            Put("file_use", "x", {"digest": d, "by": "case:7"}),
            Append("case:7", {"photo": e}),
            Append("audit", {"photo": f}),
            Append("forgotten", {"key": f}),
            Put("file", f, {"state": "kept", "sealed": f}),
        ]
    )
    told = {(m.digest, m.by, m.is_certain) for m in store.file_mentions()}
    assert told == {
        (a, "layer:houses", True),
        (b, "layer:houses", True),
        (c, "job:1", False),
        (d, "case:7", True),
        (e, "log:case:7", False),
    }
    store.write_records([Drop("file_use", "x")])
    assert d not in {m.digest for m in store.file_mentions()}
