"""Signed links: what is ours is read, everything else is refused."""

import hmac
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import ConfigError
from digest.tokens import Keys, Purpose, claimed

OLD, NEW = b"old" * 12, b"new" * 12
KEYS = Keys((NEW, OLD))
TOKEN = KEYS.sign(Purpose.UNSUBSCRIBE, 42)


@given(st.sampled_from(list(Purpose)), st.integers(0, 10**18 - 1))
def test_what_was_signed_is_read(purpose: Purpose, number: int) -> None:
    token = KEYS.sign(purpose, number)
    assert KEYS.read(purpose, token) == number
    assert KEYS.read(purpose, token.upper()) == number
    assert claimed(token) == number


def test_a_token_carries_128_bits_in_an_alphabet_without_case() -> None:
    number, _, mac = TOKEN.partition("-")
    assert number == "42"
    assert len(mac) == 32
    assert set(mac) <= set("0123456789abcdef")


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.UNSUBSCRIBE])
def test_a_token_is_good_for_its_purpose_alone(purpose: Purpose) -> None:
    assert KEYS.read(purpose, TOKEN) is None


def test_a_token_is_good_for_its_own_row_alone() -> None:
    mac = TOKEN.partition("-")[2]
    for number in ("41", "43", "420", "4", "042", "0042", "+42", " 42", "42.0", "4_2"):
        assert KEYS.read(Purpose.UNSUBSCRIBE, f"{number}-{mac}") is None
    assert not KEYS.verify(Purpose.UNSUBSCRIBE, 43, TOKEN)


@pytest.mark.parametrize("length", range(len(TOKEN)))
def test_a_truncated_token_is_refused(length: int) -> None:
    assert KEYS.read(Purpose.UNSUBSCRIBE, TOKEN[:length]) is None


@pytest.mark.parametrize("position", range(len(TOKEN)))
def test_a_token_with_one_character_changed_is_refused(position: int) -> None:
    for character in "0123456789abcdefg-=":
        changed = TOKEN[:position] + character + TOKEN[position + 1 :]
        assert changed == TOKEN or KEYS.read(Purpose.UNSUBSCRIBE, changed) is None


def test_no_bit_of_a_token_can_be_flipped_but_for_a_letters_case() -> None:
    sent = TOKEN.encode()
    for position, bit in product(range(len(sent)), range(8)):
        flipped = (sent[:position] + bytes([sent[position] ^ 1 << bit]) + sent[position + 1 :]).decode("latin-1")
        assert (KEYS.read(Purpose.UNSUBSCRIBE, flipped) == 42) == (flipped.lower() == TOKEN)


@pytest.mark.parametrize("mac", ["bytes", "padded", "spaced"])
def test_another_writing_of_the_same_bytes_is_not_the_same_token(mac: str) -> None:
    number, _, told = TOKEN.partition("-")
    octets = bytes.fromhex(told)
    written = {"bytes": octets.decode("latin-1"), "padded": f"0x{told}", "spaced": octets.hex(" ")}[mac]
    assert KEYS.read(Purpose.UNSUBSCRIBE, f"{number}-{written}") is None


def test_how_long_a_comparison_takes_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def noted(given: bytes, wanted: bytes) -> bool:
        compared.append((given, wanted))
        return given == wanted

    monkeypatch.setattr(hmac, "compare_digest", noted)
    for token in (KEYS.sign(Purpose.VIEW, 7), Keys((OLD,)).sign(Purpose.VIEW, 7), f"7-{'a' * 32}"):
        compared.clear()
        KEYS.read(Purpose.VIEW, token)
        assert compared == [(token.encode(), Keys((key,)).sign(Purpose.VIEW, 7).encode()) for key in (NEW, OLD)]
    # Nothing else decides.
    monkeypatch.setattr(hmac, "compare_digest", lambda *_: True)
    assert KEYS.read(Purpose.VIEW, "7-anything") == 7


@pytest.mark.parametrize(
    "token",
    [
        f"{TOKEN}=",
        f"{TOKEN}======",
        f"{TOKEN}a",
        f" {TOKEN}",
        f"{TOKEN}\n",
        f"{TOKEN}\0",
        f"{TOKEN}/",
        TOKEN.replace("-", "\u2010"),
        "٤٢-" + TOKEN.partition("-")[2],
        "²-" + TOKEN.partition("-")[2],
        "-1-abc",
        "-",
        "",
        "42",
        "42-",
        "9" * 19 + "-" + TOKEN.partition("-")[2],
        "9" * 100_000,
        "9" * 100_000 + "-a",
        "1-" + "a" * 100_000,
        "42-\ud800",
        "42-\udcff" + TOKEN,
        "42-é",
    ],
)
def test_whatever_is_not_ours_is_refused_without_an_error(token: str) -> None:
    assert KEYS.read(Purpose.UNSUBSCRIBE, token) is None


@given(st.text(max_size=60))
def test_no_text_is_read_by_chance(token: str) -> None:
    assert KEYS.read(Purpose.VIEW, token) is None


def test_another_installation_s_token_is_refused() -> None:
    assert Keys((b"other" * 8,)).read(Purpose.UNSUBSCRIBE, TOKEN) is None


def test_an_old_key_verifies_until_it_is_removed_and_the_new_one_signs() -> None:
    old = Keys((OLD,)).sign(Purpose.UNSUBSCRIBE, 42)
    assert KEYS.read(Purpose.UNSUBSCRIBE, old) == 42
    assert Keys((NEW,)).read(Purpose.UNSUBSCRIBE, old) is None
    assert Keys((NEW,)).sign(Purpose.UNSUBSCRIBE, 42) == TOKEN


def test_a_retired_key_is_good_for_leaving_and_for_marks_alone() -> None:
    old, keys = Keys((OLD,)), Keys((NEW,), retired=(OLD,))
    for purpose in Purpose:
        read = keys.read(purpose, old.sign(purpose, 42))
        assert read == (42 if purpose is Purpose.UNSUBSCRIBE else None)
    assert keys.fingerprints("address x") == KEYS.fingerprints("address x")
    assert keys.sign(Purpose.VIEW, 42, key=old.newest) == keys.sign(Purpose.VIEW, 42)
    assert keys.is_retired(Purpose.UNSUBSCRIBE, old.sign(Purpose.UNSUBSCRIBE, 42))
    assert not keys.is_retired(Purpose.UNSUBSCRIBE, TOKEN)


def test_what_is_recognised_is_a_hash_that_anybody_with_the_key_can_make() -> None:
    told = [hmac.new(key, b"fingerprint\0address x", "sha256").hexdigest()[:32] for key in (NEW, OLD)]
    assert KEYS.fingerprints("address x") == told


def test_a_message_is_signed_again_with_the_key_that_it_was_signed_with() -> None:
    then = Keys((OLD,))
    assert KEYS.sign(Purpose.MESSAGE, 1, key=then.newest) == then.sign(Purpose.MESSAGE, 1)
    assert Keys((NEW,)).sign(Purpose.MESSAGE, 1, key=then.newest) == KEYS.sign(Purpose.MESSAGE, 1)


def test_a_salt_binds_a_token_to_what_the_store_can_change() -> None:
    token = KEYS.sign(Purpose.CONFIRM, 5, salt="nonce")
    assert KEYS.verify(Purpose.CONFIRM, 5, token, salt="nonce")
    assert not KEYS.verify(Purpose.CONFIRM, 5, token, salt="another")
    assert not KEYS.verify(Purpose.CONFIRM, 5, token)
    assert KEYS.read(Purpose.CONFIRM, token) is None


def test_no_keys_are_no_installation() -> None:
    with pytest.raises(ConfigError, match=r"keys\.file"):
        Keys(())


def test_keys_do_not_show_themselves() -> None:
    assert "new" not in repr(KEYS) + str(KEYS) + KEYS.newest
