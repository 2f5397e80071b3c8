"""Each wrong thing: one clear sentence, exit code 1 or 2, nothing changed, no traceback."""

import sqlite3
from pathlib import Path

import pytest
from commands import Digest
from places import SHARED_DATA, needs_data
from smtp_server import SmtpServer


def papers(folder: Path) -> int:
    with sqlite3.connect(folder / "var/offprint.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM papers").fetchone()
    connection.close()
    return int(count)


def refused(digest: Digest, *arguments: str, code: int = 2) -> str:
    ended = digest(*arguments)
    assert ended.code == code, ended
    assert "Traceback" not in ended.out + ended.err
    return ended.err


def test_before_init_every_command_says_what_to_do(digest: Digest, tmp_path: Path) -> None:
    assert "digest init" in refused(digest, "publish")
    (tmp_path / "config.toml").write_text("")
    assert "There is no store" in refused(digest, "publish")
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[web]\nlisten_on = "x"', "web.listen_on: is not a key"),
        ('[mail]\nwindow = "many"', "mail.window: input should be a valid integer"),
        ("[[newsletter]]\nhour = 25", "newsletter 1, hour: input should be less than or equal to 23"),
        ('[[newsletter]]\ntimezone = "Mars"', "newsletter 1, timezone: is not a time zone"),
        ('[[newsletter]]\ncadence = "hourly"', "newsletter 1, cadence: input should be 'daily'"),
        ('[mail]\nprovider = "smtp"', "mail.smtp.host: is needed"),
        ('[store]\nurl = "nonsense"', "store.url is not a database address"),
        ('[store]\nurl = "postgresql://localhost:abc/x"', "store.url is not a database address"),
        ('[store]\nurl = "mysql://localhost/x"', "store.url: there is no driver for 'mysql'"),
        ("[web", "is not TOML"),
    ],
)
def test_a_wrong_configuration_is_named_by_its_key(installed: Digest, tmp_path: Path, toml: str, said: str) -> None:
    (tmp_path / "config.toml").write_text(toml)
    assert said in refused(installed, "publish")


def test_a_store_from_a_newer_version_is_left_alone(installed: Digest, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "var/offprint.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for command in (["publish"], ["init"], ["store", "migrate"], ["store", "check"]):
        assert "newer version" in refused(installed, *command, code=1)


def test_a_folder_that_cannot_be_written_is_named(digest: Digest, tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    assert "cannot be made" in refused(digest, "init", code=1)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("half.json", b'[{"paper": {"id": "2606.00001", "title": "Half", ', "is not whole JSON"),
        ("prose.txt", b"These are notes about lunch.\nThey are no papers.\n", "holds no papers"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00\xff", "holds no papers"),
        ("empty.json", b"", "is empty"),
        ("page.html", b"<!doctype html><title>Papers</title>", "holds no papers"),
        ("list.json", b"[1, 2, 3]", "holds no papers"),
        ("untitled.jsonl", b'{"id": "2606.00001"}\n', "has no title"),
    ],
)
def test_a_file_that_is_no_good_is_named_and_nothing_is_stored(
    installed: Digest, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    error = refused(installed, "collect", "--file", name, code=1)
    assert said in error
    assert name in error
    assert papers(tmp_path) == 0


@pytest.mark.parametrize("name", ["nowhere.json", "."])
def test_a_path_without_a_file_is_wrong_use_and_no_failure_of_a_source(installed: Digest, name: str) -> None:
    for files in ([name], ["config.toml", name]):
        assert f"'{name}'" in refused(installed, "collect", "--file", *files)
    assert "files:" not in installed("stats").out


@needs_data
def test_a_real_list_cut_in_half_is_refused_whole(installed: Digest, tmp_path: Path) -> None:
    whole = (SHARED_DATA / "huggingface/daily/2026-06-17.json").read_bytes()
    (tmp_path / "2026-06-17.json").write_bytes(whole[: len(whole) // 2])
    assert "is not whole JSON" in refused(installed, "collect", "--file", "2026-06-17.json", code=1)
    assert papers(tmp_path) == 0


WRONG_SUBSCRIBERS = [
    (["a@b@c"], "not a full address"),
    ([""], "not a full address"),
    (["ada@example.org", "nonsense"], "Address 2: That is not a full address"),
    (['"a\r\nRCPT TO:<e@z>"@y'], "not a full address"),
    (["ada@example.org", "--cadence", "hourly"], "'hourly' is not a cadence"),
    (["ada@example.org", "--timezone", "Mars"], "'Mars' is not a time zone"),
    (["ada@example.org", "--category", "cs.XX"], "'cs.XX' is not an arXiv category"),
    (["ada@example.org", "--hour", "25"], "There is no hour 25"),
    (["ada@example.org", "--cadence", "weekly", "--day", "someday"], "'someday' is not a day of the week"),
    (["ada@example.org", "--cadence", "weekly", "--day", "1"], "'1' is not a day of the week"),
    (["ada@example.org", "--cadence", "monthly", "--day", "32"], "No month has a day 32"),
    (["ada@example.org", "--cadence", "monthly", "--day", "tuesday"], "Weekly ones have a weekday"),
    (["ada@example.org", "--cadence", "daily", "--day", "tuesday"], "says nothing of daily editions"),
    (["ada@example.org", "--max", "21"], "1 to 20 papers"),
    (["ada@example.org", "--newsletter", "other"], "no newsletter 'other'"),
    (["ada@example.org", "--example", "attention"], "'attention' is no arXiv id"),
    (["ada@example.org", "--trend", "6"], "A weight is 0 to 5"),
    (["ada@example.org", "--novelty", "nan"], "A weight is 0 to 5"),
]


def test_a_subscriber_who_cannot_be_is_not_added(installed: Digest) -> None:
    for arguments, said in WRONG_SUBSCRIBERS:
        assert said in refused(installed, "subscriber", "add", *arguments)
    assert "Nobody yet" in installed("subscriber", "list").out


def test_examples_that_cannot_be_had_add_nobody(installed: Digest, tmp_path: Path) -> None:
    add = ("subscriber", "add", "ada@example.org", "--confirmed")
    assert "only arXiv's can be fetched" in refused(installed, *add, "--example", "10.1000/unknown")
    assert "'nowhere.bib'" in refused(installed, *add, "--bibtex", "nowhere.bib")
    library = "\n".join(f"@misc{{a{number}, title={{Paper {number}}}}}" for number in range(101))
    (tmp_path / "library.bib").write_text(library)
    assert "more than 100 interests" in refused(installed, *add, "--bibtex", "library.bib")
    assert "Nobody yet" in installed("subscriber", "list").out
    assert papers(tmp_path) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["why", "stranger@example.org", "2606.99999"], "The store has no papers yet. `digest collect` brings some."),
        (["subscriber", "like", "stranger@example.org", "1"], "no active subscription"),
        (["collect", "--source", "other"], "no source 'other'"),
        (["collect", "--since", "yesterday"], "'yesterday' is not a date"),
        (["publish", "--newsletter", "other"], "no newsletter 'other'"),
        (["publish", "--now", "noon"], "'noon' is not a moment"),
        (["publish", "--now", "0001-01-01"], "before arXiv or too far off"),
        (["trending", "--now", "9999-12-31T23:59-23:00"], "is not a moment"),
        (["collect", "--since", "2199-01-01"], "has not come yet"),
        (["collect", "--file", "config.toml", "--since", "2026-06-01"], "Files are read whole"),
        (["collect", "config.toml"], "come after --file"),
        (["paper", "show", "2606.99999"], "The store has no papers yet. `digest collect` brings some."),
        (["trending", "--window", "year"], "'year' is not a window"),
        (["preview", "stranger@example.org"], "no active subscription"),
        (["preview"], "--all-messages"),
        (["preview", "ada@example.org", "--language", "de"], "--all-messages"),
        (["preview", "--all-messages", "--send"], "leave out the rest"),
        (["preview", "--all-messages", "--language", "tlh"], "no catalogue of 'tlh'. There are: en, de"),
        (["subscriber", "show", "stranger@example.org"], "not known here"),
        (["subscriber", "unsubscribe", "stranger@example.org"], "not known here"),
        (["mail", "test", "a@b@c"], "not a full address"),
        (["nonsense"], "No such command"),
        (["deliver", "--limit", "0"], "greater than or equal to 1"),
        (["demo", "config.toml"], "come after --papers"),
    ],
)
def test_wrong_use_is_explained(installed: Digest, arguments: list[str], said: str) -> None:
    assert said in refused(installed, *arguments)


def test_keys_that_others_can_read_are_refused(installed: Digest, tmp_path: Path) -> None:
    (tmp_path / "var/keys").chmod(0o644)
    assert "chmod 600" in refused(installed, "publish")


def test_no_new_key_is_made_for_readers_whose_links_need_the_old_one(installed: Digest, tmp_path: Path) -> None:
    (tmp_path / "var/keys").rename(tmp_path / "kept")
    assert installed("init").code == 0
    (tmp_path / "kept").rename(tmp_path / "var/keys")
    installed("subscriber", "add", "ada@example.org", "--topic", "robots", "--confirmed")
    (tmp_path / "var/keys").unlink()
    assert "has subscribers, whose links to leave need it" in refused(installed, "init")
    assert not (tmp_path / "var/keys").exists()


def test_a_test_message_that_cannot_be_sent_is_not_kept_for_later(installed: Digest, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[mail]\nprovider = "smtp"\n[mail.smtp]\nhost = "127.0.0.1"\nport = 1\n')
    ended = installed("mail", "test", "ada@example.org")
    assert (ended.code, "cannot be reached" in ended.err) == (1, True)
    assert "skipped: could not be sent at once" in installed("stats").out
    assert " queued" not in installed("stats").out


def test_a_test_message_whose_sender_is_refused_is_said_not_to_be_sent(installed: Digest, tmp_path: Path) -> None:
    with SmtpServer(lambda *_: "535 5.7.8 bad credentials") as server:
        (tmp_path / "config.toml").write_text(
            f'[mail]\nprovider = "smtp"\n[mail.smtp]\nhost = "127.0.0.1"\nport = {server.port}\ntls = "none"\n'
        )
        assert refused(installed, "mail", "test", "ada@example.org", code=1) == (
            "digest: smtp refused us as a sender (535 5.7.8: bad credentials). It was not sent; mend the sender or the"
            " sign-in, then try again.\n"
        )


@pytest.mark.parametrize("server", ['host = "mail.example.org"', 'preset = "relay"', 'host = "127.0.0.1"'])
def test_real_mail_does_not_leave_with_an_examples_sender(server: str, installed: Digest, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        f'[web]\nbase_url = "https://papers.example.org"\n[mail]\nprovider = "smtp"\n[mail.smtp]\n{server}'
    )
    assert "example's sender" in refused(installed, "mail", "test", "ada@example.org")
    assert "example's sender" in refused(installed, "deliver")


def test_migrating_a_store_that_is_not_there_makes_none(installed: Digest, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[store]\nurl = "sqlite:///var/mistyped.db"\n')
    assert "There is no store" in refused(installed, "store", "migrate")
    assert not (tmp_path / "var/mistyped.db").exists()


def test_what_holds_addresses_is_for_this_user_alone(installed: Digest, tmp_path: Path) -> None:
    installed("subscriber", "add", "ada@example.org")
    installed("deliver")
    written = [path for path in (tmp_path / "var").rglob("*") if path.is_file()]
    assert len(written) > 2
    assert [path for path in written if path.stat().st_mode & 0o077] == []


def test_a_worker_is_told_what_it_needs(installed: Digest, tmp_path: Path) -> None:
    ended = installed("worker")
    assert ended.code == 2
    assert 'queue.engine is "local", which calls no worker. Set it to "procrastinate"' in ended.err
    (tmp_path / "config.toml").write_text('[queue]\nengine = "procrastinate"\n')
    ended = installed("worker")
    assert ended.code == 2
    assert "name a postgresql:// store.url" in ended.err
