from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
import time_machine
from access_support import REAL_HASHER

import twin
from tests.twin.access.conftest import MACHINE, PASSWORD
from twin.access import audit, passwords
from twin.access.accounts import RECOVERY_CODES, RESET_HOURS, Account
from twin.access.desk import Desk, desk_of
from twin.access.lockout import ACCOUNT, ADDRESS
from twin.access.people import Person
from twin.access.signin import WRONG, Must, SecondFactorFor, musts
from twin.errors import ConflictError, NotFoundError, ParameterError, SecondFactorError, SignInError, TooManyError
from twin.keys import KeyFolder
from twin.model.view import Role


def enrolled(desk: Desk) -> tuple[pyotp.TOTP, list[str]]:
    """A second factor for Minh: the authenticator and the recovery codes."""
    made = desk.accounts.start_second_factor(MACHINE, "minh")
    totp = pyotp.TOTP(made.secret)
    return totp, desk.accounts.confirm_second_factor(MACHINE, "minh", totp.now())


# -- passwords ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    ["ngắn", "x" * 257, "aaaaaaaaaaaaaaaa", "abababababab", "Password1234!", "mật khẩu 2026!!", "matkhau123456",
     "123456789012345", "abcdefghijklmnop", "QuảnTrị@2026###", "1234567890123"],
)  # fmt: skip
def test_passwords_that_everybody_tries_first_are_refused(password: str) -> None:
    with pytest.raises(ParameterError) as refusal:
        passwords.check_rules(password)
    assert password not in str(refusal.value)


@pytest.mark.parametrize("password", [PASSWORD, "correct horse battery", "Mưa rào tháng bảy 26", "k7!pZq0-vTbn"])
def test_a_long_password_of_any_characters_is_taken(password: str) -> None:
    passwords.check_rules(password)


def test_a_password_is_kept_with_argon2id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", REAL_HASHER)
    kept = passwords.make_hash(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches(kept, PASSWORD)
    assert not passwords.matches(kept, PASSWORD + " ")
    assert not passwords.matches(None, PASSWORD)


def test_a_hash_made_with_less_work_is_made_anew_at_the_next_sign_in(
    desk: Desk, minh: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "m=1024,t=1" in str(desk.accounts.get("minh").password)
    monkeypatch.setattr(passwords, "_HASHER", REAL_HASHER)
    desk.sign_in.by_password("minh", PASSWORD)
    assert "m=65536,t=3" in str(desk.accounts.get("minh").password)
    assert desk.sign_in.by_password("minh", PASSWORD)


def test_a_password_is_the_same_from_every_keyboard() -> None:
    assert passwords.matches(passwords.make_hash("ba con mèo"), "ba con me\u0300o")


# -- signing in -------------------------------------------------------------------------------------------------------


def test_the_right_password_opens_a_session(desk: Desk, minh: Person) -> None:
    secret = desk.sign_in.by_password(" Minh ", PASSWORD)
    session = desk.sessions.find(secret)
    assert (session.person, session.account) == (minh.id, "minh")
    assert secret not in str(desk.store.records("session"))


def test_every_refusal_is_one_text(desk: Desk, minh: Person) -> None:
    shut = desk.people.add(MACHINE, name="Tú")
    desk.accounts.add(MACHINE, Account("tu.nguyen", shut.id))
    desk.accounts.set_password(MACHINE, "tu.nguyen", PASSWORD)
    desk.people.disable(MACHINE, shut.id)
    desk.accounts.add(MACHINE, Account("khong.mat.khau", minh.id))
    desk.accounts.add(MACHINE, Account("ben.ngoai", minh.id, "so"))
    refusals = set()
    for account in ("minh", "tu.nguyen", "khong.mat.khau", "ben.ngoai", "chua.tung.co", "?!", "x" * 500):
        given = "sai mật khẩu rồi" if account == "minh" else PASSWORD
        with pytest.raises(SignInError) as refusal:
            desk.sign_in.by_password(account, given)
        refusals.add((type(refusal.value), str(refusal.value)))
    assert len(refusals) == 1
    assert WRONG.rstrip(".") in refusals.pop()[1]


def test_refusals_and_successes_are_audited_without_what_was_typed(desk: Desk, minh: Person) -> None:
    for account, password in (("minh", "sai"), ("mật khẩu gõ nhầm ô", "sai"), ("minh", PASSWORD)):
        try:
            desk.sign_in.by_password(account, password)
        except SignInError:
            continue
    acts = audit.search(desk.store, action="session.open")
    assert [(a.object, a.outcome.value) for a in acts] == [
        (f"person:{minh.id}", "done"), ("account:unknown", "refused"), ("account:minh", "refused"),
    ]  # fmt: skip
    assert "mật khẩu gõ" not in str(desk.store.entries(audit.LOG))


# -- lock-out -----------------------------------------------------------------------------------------------------


def fail(desk: Desk, account: str = "minh", address: str = "") -> None:
    with pytest.raises(SignInError):
        desk.sign_in.by_password(account, "sai mật khẩu", address=address)


def test_the_wait_grows_to_an_hour() -> None:
    assert [ACCOUNT.wait_s(n) for n in (0, 4, 5, 6, 7, 11, 12, 60)] == [0, 0, 30, 60, 120, 1920, 3600, 3600]


@pytest.mark.parametrize("account", ["minh", "chua.tung.co"])
def test_after_five_failures_even_the_right_password_waits(desk: Desk, minh: Person, account: str) -> None:
    for _ in range(5):
        fail(desk, account)
    with pytest.raises(TooManyError) as wait:
        desk.sign_in.by_password(account, PASSWORD)
    assert 25 <= wait.value.retry_after_s <= 30


def test_the_wait_survives_a_restart_and_ends(tmp_path: Path, desk: Desk, minh: Person) -> None:
    for _ in range(5):
        fail(desk)
    desk.store.close()
    with twin.open(tmp_path / "t.duckdb") as t:
        again = desk_of(t.store, t.keys)
        with pytest.raises(TooManyError):
            again.sign_in.by_password("minh", PASSWORD)
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=31)):
            again.sign_in.by_password("minh", PASSWORD)
            fail(again)  # begins anew
            again.sign_in.by_password("minh", PASSWORD)


def test_many_guesses_at_once_find_no_gap(desk: Desk, minh: Person) -> None:
    outcomes: list[str] = []

    def guess() -> None:
        try:
            desk.sign_in.by_password("minh", "sai mật khẩu")
        except SignInError:
            outcomes.append("wrong")
        except TooManyError:
            outcomes.append("wait")

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("wrong") <= ACCOUNT.free + 1
    assert len(outcomes) == 12


def test_an_address_that_tries_many_accounts_waits(desk: Desk, minh: Person) -> None:
    for number in range(ADDRESS.free + 1):
        desk.lockout.begin(f"tai.khoan.{number}", "192.0.2.7")
    with pytest.raises(TooManyError):
        desk.sign_in.by_password("minh", PASSWORD, address="192.0.2.7")
    desk.sign_in.by_password("minh", PASSWORD, address="192.0.2.8")
    assert "192.0.2" not in str(desk.store.records("attempt"))


def test_attempts_that_no_longer_count_are_forgotten(desk: Desk, minh: Person) -> None:
    for _ in range(5):
        fail(desk, "minh", "192.0.2.7")
    assert desk.lockout.sweep() == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=ACCOUNT.forget_s + 1)):
        assert desk.lockout.sweep() == 2
    assert desk.store.count_records("attempt") == 0


# -- the second factor -----------------------------------------------------------------------------------------------


def test_with_a_second_factor_the_password_alone_opens_nothing(desk: Desk, minh: Person) -> None:
    totp, _ = enrolled(desk)
    with pytest.raises(SecondFactorError):
        desk.sign_in.by_password("minh", PASSWORD)
    with pytest.raises(SignInError, match="không đúng"):
        desk.sign_in.by_password("minh", PASSWORD, code="000000" if totp.now() != "000000" else "000001")
    later = datetime.now(UTC) + timedelta(seconds=30)
    with time_machine.travel(later):
        assert desk.sessions.find(desk.sign_in.by_password("minh", PASSWORD, code=totp.now()))


def test_who_has_the_password_cannot_go_on_guessing_codes(desk: Desk, minh: Person) -> None:
    totp, _ = enrolled(desk)
    wrong = "000000" if totp.now() != "000000" else "000001"
    for _ in range(ACCOUNT.free + 1):
        with pytest.raises(SecondFactorError):
            desk.sign_in.by_password("minh", PASSWORD)
        with pytest.raises(SignInError):
            desk.sign_in.by_password("minh", PASSWORD, code=wrong)
    with pytest.raises(TooManyError):
        desk.sign_in.by_password("minh", PASSWORD, code=wrong)
    with pytest.raises(TooManyError):
        desk.sign_in.by_password("minh", PASSWORD)


def test_a_code_opens_once(desk: Desk, minh: Person) -> None:
    totp, _ = enrolled(desk)
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=60), tick=False):
        code = totp.now()
        desk.sign_in.by_password("minh", PASSWORD, code=code)
        with pytest.raises(SignInError):
            desk.sign_in.by_password("minh", PASSWORD, code=code)


def test_a_code_of_long_ago_opens_nothing(desk: Desk, minh: Person) -> None:
    totp, _ = enrolled(desk)
    code = totp.at(datetime.now(UTC) + timedelta(seconds=60))
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=180)), pytest.raises(SignInError):
        desk.sign_in.by_password("minh", PASSWORD, code=code)


def test_a_recovery_code_opens_once(desk: Desk, minh: Person) -> None:
    _, recovery = enrolled(desk)
    assert len(set(recovery)) == RECOVERY_CODES
    desk.sign_in.by_password("minh", PASSWORD, code=recovery[3].upper().replace("-", " "))
    with pytest.raises(SignInError):
        desk.sign_in.by_password("minh", PASSWORD, code=recovery[3])
    desk.sign_in.by_password("minh", PASSWORD, code=recovery[4])


def test_the_secret_of_a_second_factor_is_sealed_with_a_key_outside_the_store(desk: Desk, minh: Person) -> None:
    made = desk.accounts.start_second_factor(MACHINE, "minh")
    totp = pyotp.TOTP(made.secret)
    recovery = desk.accounts.confirm_second_factor(MACHINE, "minh", totp.now())
    kept = str(desk.store.records("account")) + str(desk.store.entries(audit.LOG))
    for secret in (made.secret, *recovery, PASSWORD):
        assert secret not in kept


def test_without_the_keys_a_code_opens_nothing_and_a_recovery_code_does(
    desk: Desk, minh: Person, tmp_path: Path
) -> None:
    totp, recovery = enrolled(desk)
    elsewhere = desk_of(desk.store, KeyFolder(tmp_path / "other.keys"))
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=60)), pytest.raises(SignInError):
        elsewhere.sign_in.by_password("minh", PASSWORD, code=totp.now())
    elsewhere.sign_in.by_password("minh", PASSWORD, code=recovery[0])


def test_a_second_factor_in_use_is_not_replaced(desk: Desk, minh: Person) -> None:
    enrolled(desk)
    with pytest.raises(ConflictError, match="second factor already"):
        desk.accounts.start_second_factor(MACHINE, "minh")


@pytest.mark.parametrize(
    ("needed", "role", "must"),
    [(SecondFactorFor.ADMINISTRATORS, Role.ADMINISTRATOR, (Must.SECOND_FACTOR,)),
     (SecondFactorFor.ADMINISTRATORS, Role.INTEGRATOR, ()),
     (SecondFactorFor.STAFF, Role.INTEGRATOR, (Must.SECOND_FACTOR,)),
     (SecondFactorFor.STAFF, Role.CITIZEN, ()), (SecondFactorFor.NOBODY, Role.ADMINISTRATOR, ())],
)  # fmt: skip
def test_who_must_set_up_a_second_factor(
    desk: Desk, needed: SecondFactorFor, role: Role, must: tuple[Must, ...]
) -> None:
    person = desk.people.add(MACHINE, name="Hà", roles=[role])
    assert musts(Account("ha.tran", person.id), person, needed) == must
    assert musts(Account("ha.tran", person.id, "so"), person, needed) == ()


# -- sessions ---------------------------------------------------------------------------------------------------------


def test_a_session_ends_when_idle_and_when_its_day_is_over(desk: Desk, minh: Person) -> None:
    secret = desk.sign_in.by_password("minh", PASSWORD)
    start = datetime.now(UTC)
    with time_machine.travel(start + timedelta(minutes=59)):
        desk.sessions.touch(desk.sessions.find(secret))
    with time_machine.travel(start + timedelta(minutes=118)):
        assert desk.sessions.find(secret)
    with time_machine.travel(start + timedelta(minutes=121)), pytest.raises(NotFoundError):
        desk.sessions.find(secret)
    for minutes in range(30, 12 * 60, 30):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            desk.sessions.touch(desk.sessions.find(secret))
    with time_machine.travel(start + timedelta(hours=12, seconds=1)):
        with pytest.raises(NotFoundError):
            desk.sessions.find(secret)
        assert desk.sessions.sweep() == 1


def test_a_person_has_at_most_five_sessions(desk: Desk, minh: Person) -> None:
    start = datetime.now(UTC)
    secrets = []
    for number in range(6):
        with time_machine.travel(start + timedelta(seconds=number)):
            secrets.append(desk.sign_in.by_password("minh", PASSWORD))
    with pytest.raises(NotFoundError):
        desk.sessions.find(secrets[0])
    assert len(desk.sessions.of(minh.id)) == 5


def test_a_session_that_was_ended_is_not_remembered_back(desk: Desk, minh: Person) -> None:
    session = desk.sessions.find(desk.sign_in.by_password("minh", PASSWORD))
    desk.sign_in.sign_out(MACHINE, minh.id, session.key)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=30)):
        desk.sessions.touch(session)
    assert desk.store.records("session") == []


# -- changing and resetting passwords ------------------------------------------------------------------------------


def test_a_reset_link_works_once_within_its_time_and_ends_every_session(desk: Desk, minh: Person) -> None:
    open_session = desk.sign_in.by_password("minh", PASSWORD)
    secret, until = desk.accounts.start_reset(MACHINE, "minh")
    assert secret not in str(desk.store.records("account"))
    with time_machine.travel(until + timedelta(seconds=1)), pytest.raises(NotFoundError):
        desk.sign_in.reset_password(secret, "một mật khẩu khác hẳn")
    desk.sign_in.reset_password(secret, "một mật khẩu khác hẳn")
    with pytest.raises(NotFoundError):
        desk.sign_in.reset_password(secret, "lại một lần nữa nhé")
    with pytest.raises(NotFoundError):
        desk.sessions.find(open_session)
    desk.sign_in.by_password("minh", "một mật khẩu khác hẳn")
    assert (until - datetime.now(UTC)) < timedelta(hours=RESET_HOURS)


def test_a_password_is_changed_only_with_the_old_one(desk: Desk, minh: Person) -> None:
    with pytest.raises(SignInError, match="old password"):
        desk.accounts.change_password(MACHINE, "minh", "sai", "một mật khẩu khác hẳn")
    with pytest.raises(ParameterError, match="is the old one"):
        desk.accounts.change_password(MACHINE, "minh", PASSWORD, PASSWORD)


@pytest.mark.parametrize("name", ["", "a", "có dấu", "x" * 101, "a b c", "../etc"])
def test_a_name_of_an_account_that_is_none_is_refused(desk: Desk, minh: Person, name: str) -> None:
    with pytest.raises(ParameterError, match="account"):
        desk.accounts.add(MACHINE, Account(name, minh.id))


def test_one_name_is_one_account(desk: Desk, minh: Person) -> None:
    with pytest.raises(ConflictError):
        desk.accounts.add(MACHINE, Account("MINH", minh.id))
