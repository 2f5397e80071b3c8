"""Every command does its job, and says it for people and for programs."""

import json
import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from commands import Digest
from furnished import Furnish
from pytest_httpserver import HTTPServer
from themes import EACH, THEMES, themed

from digest import __version__
from digest.store import open_store
from digest.store.sources import note_success

ROWS: list[dict[str, Any]] = [
    {
        "id": "2606.00001",
        "title": "Few-Step Sampling for Diffusion Models",
        "abstract": "We make diffusion models sample in four steps. They stay sharp.",
        "authors": ["Ann Larch"],
        "listed_on": "2026-06-19",
        "upvotes": 12,
        "url": "https://papers.example.org/1",
    },
    {"id": "2606.00002", "title": "Folding Laundry", "abstract": "A robot folds.", "listed_on": "2026-06-19"},
]
NOW = ("--now", "2026-06-19T12:00")


@pytest.fixture
def stocked(installed: Digest, tmp_path: Path, furnish: Furnish) -> Digest:
    def fill() -> None:
        (tmp_path / "papers.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS))
        assert "2 listed, 2 new" in installed("collect", "--file", "papers.jsonl", *NOW).out

    furnish(fill)
    return installed


@pytest.mark.slow
def test_init_writes_a_configuration_that_works_and_leaves_one_that_is_there(digest: Digest, tmp_path: Path) -> None:
    assert "sends to nobody" in digest("init").out
    (tmp_path / "config.toml").write_text('[web]\nsite_name = "Lab papers"\n')
    assert "already" in digest("init").out
    assert "Lab papers" in (tmp_path / "config.toml").read_text()
    assert (tmp_path / "var/keys").stat().st_mode & 0o777 == 0o600
    assert "sound" in digest("store", "check").out
    assert "already" in digest("store", "migrate").out


def test_papers_can_be_searched_shown_and_ranked(stocked: Digest) -> None:
    assert "Few-Step" in stocked("paper", "search", "diffusion").out
    assert "No paper." in stocked("paper", "search", "unicorns").out
    shown = json.loads(stocked("paper", "show", "2606.00001", "--json").out)
    assert (shown["title"], shown["upvotes"], shown["aliases"]) == (ROWS[0]["title"], 12, ["arxiv:2606.00001"])
    assert "Ann Larch" in stocked("paper", "show", "2606.00001").out
    listed = json.loads(stocked("trending", "--window", "day", *NOW, "--json").out)
    assert [one["arxiv_id"] for one in listed] == ["2606.00001", "2606.00002"]


@pytest.mark.slow
def test_examples_weights_likes_and_dislikes_are_kept_and_shown_by_title(stocked: Digest, tmp_path: Path) -> None:
    library = (
        "@misc{a, title={Attention for Laundry}, author={Birch, Cleo}}\n@misc{b, title={Mine}, eprint={2606.00002}}"
    )
    (tmp_path / "library.bib").write_text(library)
    named = ("--example", "https://huggingface.co/papers/2606.00001", "--bibtex", "library.bib")
    weighed = ("--trend", "0", "--novelty", "2", "--only-matches")
    assert "Subscribed" in stocked("subscriber", "add", "ada@example.org", "--confirmed", *named, *weighed).out
    assert "Noted: more like it" in stocked("subscriber", "like", "ada@example.org", "2606.00001").out
    assert "said already" in stocked("subscriber", "like", "ada@example.org", "2606.00001").out
    assert "Noted: less like it" in stocked("subscriber", "dislike", "ada@example.org", "2606.00001").out
    assert "more like it" in stocked("subscriber", "like", "ada@example.org", "arxiv.org/abs/2606.00002v1").out
    assert "Forgotten" in stocked("subscriber", "take-back", "ada@example.org", "2606.00002").out
    assert "nothing was said" in stocked("subscriber", "take-back", "ada@example.org", "2606.00002").out
    [shown] = json.loads(stocked("subscriber", "show", "ada@example.org", "--json").out)["subscriptions"]
    titles = [ROWS[0]["title"], "Attention for Laundry", ROWS[1]["title"]]
    assert [one["title"] for one in shown["example"]] == titles
    assert shown["weights"] == {"relevance": 1.0, "trend": 0.0, "novelty": 2.0, "half_life_days": 3.0}
    assert shown["only_matches"] is True
    assert [one["title"] for one in shown["dislikes"]] == [ROWS[0]["title"]]
    assert shown["likes"] == []
    told = stocked("subscriber", "show", "ada@example.org").out
    assert f"example {ROWS[0]['title']} (arxiv:2606.00001), Attention for Laundry (title:" in told
    assert f"dislikes {ROWS[0]['title']} (2606.00001)" in told


@pytest.mark.slow
def test_an_example_is_fetched_from_arxiv(
    stocked: Digest, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/abs/2406.00007v2</id>'
        "<title>Fetched</title><summary>From arXiv.</summary></entry></feed>"
    )
    httpserver.expect_request("/api", query_string="id_list=2406.00007&max_results=1").respond_with_data(answer)
    monkeypatch.setenv("DIGEST_SOURCES__ARXIV__URL", httpserver.url_for("/api"))
    added = stocked("subscriber", "add", "ada@example.org", "--example", "2406.00007", *NOW)
    assert (added.code, added.out) == (0, "A confirm message is queued.\n")
    assert "Fetched" in stocked("paper", "show", "2406.00007").out
    assert "Fetched" not in stocked("trending", "--window", "month", *NOW).out
    assert "No paper." in stocked("paper", "search", "fetched").out


@pytest.mark.slow
def test_why_is_told_in_words_and_in_json(stocked: Digest) -> None:
    stocked("subscriber", "add", "ada@example.org", "--topic", "diffusion models", "--mute", "laundry", "--confirmed")
    told = stocked("why", "ada@example.org", "https://arxiv.org/abs/2606.00001v1", *NOW).out
    assert "It is in the edition that would go out now." in told
    assert "It stands 1st of 2 papers; an edition takes 10." in told
    assert "It fits “diffusion models”. Score " in told
    muted = json.loads(stocked("why", "ada@example.org", "2606.00002", "--json", *NOW).out)
    assert (muted["gets_it"], muted["barriers"]) == (False, ["It is muted by “laundry”."])
    assert (muted["place"], muted["interests"][0]["fits"]) == (None, False)
    assert "It was listed at 19 June 2026" in stocked("why", "ada@example.org", "2606.00001").out


@pytest.mark.slow
def test_similar_papers_are_shown(installed: Digest, tmp_path: Path) -> None:
    listings = [themed(theme, number) for theme in THEMES for number in range(EACH)]
    rows = [{"id": one.aliases[0][6:], "title": one.title, "abstract": one.abstract} for one in listings]
    (tmp_path / "library.jsonl").write_text("\n".join(map(json.dumps, rows)))
    installed("collect", "--file", "library.jsonl", *NOW)
    near = json.loads(installed("paper", "show", rows[30]["id"], "--json").out)["similar"]
    assert len(near) == 5
    assert {one["title"] for one in near} < {row["title"] for row in rows[30:40]}
    assert (
        f"similar  \n                {near[0]['arxiv_id']}  {near[0]['title']}"
        in installed("paper", "show", rows[30]["id"]).out
    )


def test_a_search_says_where_the_words_are(stocked: Digest) -> None:
    [found] = json.loads(stocked("paper", "search", '"diffusion models" sharp', "--json").out)
    assert [found["title"][start:end] for start, end in found["title_marks"]] == ["Diffusion Models"]
    text = found["excerpt"]["text"]
    assert [text[start:end] for start, end in found["excerpt"]["marks"]] == ["diffusion models", "sharp"]
    assert "They stay sharp." in stocked("paper", "search", "sharp").out
    assert "\x1b" not in stocked("paper", "search", "sharp").out


def test_the_search_index_is_made_anew(stocked: Digest) -> None:
    assert stocked("store", "reindex").code == 0
    assert "Few-Step" in stocked("paper", "search", "diffusion").out


def test_damage_is_told_in_sentences_and_fails(stocked: Digest, tmp_path: Path) -> None:
    store = tmp_path / "var/offprint.db"
    with sqlite3.connect(store) as connection:
        connection.execute("INSERT INTO paper_words (paper_words) VALUES ('delete-all')")
    connection.close()
    ended = stocked("store", "check")
    assert ended.code != 0
    assert "holds 0 papers, the store 2. Run `digest store reindex`" in ended.err


@pytest.mark.parametrize(
    ("first", "size", "said"),
    [
        (100, 3000, "The database cannot read what it holds (database disk image is malformed). Stop the service"),
        (0, 100, "the file is not a database. Restore it from a backup, or name another in store.url."),
    ],
)
def test_a_store_that_cannot_be_read_at_all_is_told_without_sending_for_the_same_command(
    stocked: Digest, tmp_path: Path, first: int, size: int, said: str
) -> None:
    with (tmp_path / "var/offprint.db").open("r+b") as store:
        store.seek(first)
        store.write(b"\xff" * size)
    ended = stocked("store", "check")
    assert ended.code != 0
    assert said in ended.err
    assert "store check" not in ended.err


def test_collecting_the_same_file_again_changes_nothing(stocked: Digest) -> None:
    assert "2 listed, 0 new, 0 changed" in stocked("collect", "--file", "papers.jsonl", *NOW).out


def test_a_model_that_is_down_is_named_and_collecting_succeeds(
    stocked: Digest, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/v1/chat/completions").respond_with_data("", status=503)
    monkeypatch.setenv("DIGEST_SUMMARY__URL", httpserver.url_for("/v1"))
    monkeypatch.setenv("DIGEST_SUMMARY__MODEL", "small")
    ended = stocked("collect", "--file", "papers.jsonl", *NOW)
    assert ended.code == 0
    assert "summaries: 2 asked for, 0 written." in ended.out
    assert "digest: No sentence for some papers: localhost answered HTTP 503." in ended.err


def test_an_embedding_model_that_is_down_is_named_and_collecting_succeeds(
    stocked: Digest, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/v1/embeddings").respond_with_data("", status=503)
    monkeypatch.setenv("DIGEST_SEMANTIC__URL", httpserver.url_for("/v1"))
    monkeypatch.setenv("DIGEST_SEMANTIC__MODEL", "small")
    ended = stocked("collect", "--file", "papers.jsonl", *NOW)
    assert ended.code == 0
    assert "vectors: 0 made." in ended.out
    assert "digest: Some papers and topics go by their words alone: localhost answered HTTP 503." in ended.err


@pytest.mark.slow
def test_an_embedding_model_that_is_not_there_is_named_before_anything_is_collected(
    installed: Digest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "papers.jsonl").write_text(json.dumps(ROWS[0]))
    monkeypatch.setenv("DIGEST_SEMANTIC__MODEL", "nowhere")
    ended = installed("collect", "--file", "papers.jsonl", *NOW)
    assert (ended.code, ended.out) == (2, "")
    assert "There is no Model2Vec model 'nowhere' on this machine." in ended.err


@pytest.mark.slow
def test_from_cron_collect_publish_and_deliver_do_the_whole_job(stocked: Digest, tmp_path: Path) -> None:
    added = stocked("subscriber", "add", "ada@example.org", "--topic", "diffusion models", "--confirmed")
    assert "Subscribed" in added.out
    due = json.loads(stocked("subscriber", "list", "--json").out)[0]["next_due_at"]
    (tmp_path / "today.jsonl").write_text(json.dumps(ROWS[0] | {"id": "2606.00003", "listed_on": due[:10]}))
    stocked("collect", "--file", "today.jsonl", "--now", due)
    assert "1 edition queued" in stocked("publish", "--now", due).out
    assert "0 editions queued" in stocked("publish", "--now", due).out
    assert "1 message made" in stocked("deliver", "--dry-run", "--now", due).out
    assert "1 sent" in stocked("deliver", "--now", due).out
    assert "Nothing was queued" in stocked("deliver", "--now", due).out
    assert len(list((tmp_path / "var/outbox/new").iterdir())) == 1
    assert "1  sent" in stocked("stats").out
    assert re.search("next due at .* UTC: 1 reader\nfiles: read at .* UTC\n", stocked("stats").out)
    assert json.loads(stocked("stats", "--json").out)["sources"][0]["name"] == "files"
    assert "state sent" in stocked("subscriber", "show", "ada@example.org").out


def test_a_subscriber_who_is_not_vouched_for_is_asked(installed: Digest, tmp_path: Path) -> None:
    assert "confirm message is queued" in installed("subscriber", "add", "ada@example.org").out
    assert "within the last hour" in installed("subscriber", "add", "ada@example.org").out
    assert "pending" in installed("subscriber", "list").out
    assert "state pending" in installed("subscriber", "show", "ada@example.org").out
    sent = f"1 sent.\nMessages go into the folder {tmp_path / 'var/outbox'}: nothing leaves this machine.\n"
    assert installed("deliver").out == sent
    [message] = (tmp_path / "var/outbox/new").iterdir()
    assert "/confirm/1-" in message.read_text()


def test_a_subscriber_can_be_unsubscribed(installed: Digest) -> None:
    installed("subscriber", "add", "ada@example.org", "--confirmed")
    assert "Unsubscribed." in installed("subscriber", "unsubscribe", "ada@example.org").out
    assert "Nothing to do" in installed("subscriber", "unsubscribe", "ada@example.org").out
    assert json.loads(installed("subscriber", "list", "--json").out)[0]["state"] == "unsubscribed"
    assert json.loads(installed("subscriber", "show", "ada@example.org", "--json").out)["subscriptions"]


@pytest.mark.parametrize(
    ("told", "listed", "due_at"),
    [
        (("--cadence", "weekly"), "weekly on monday at 07:00", "2026-06-22T07:00:00+00:00"),
        (("--cadence", "weekly", "--day", "Tuesday"), "weekly on tuesday at 07:00", "2026-06-23T07:00:00+00:00"),
        (("--cadence", "monthly", "--day", "31"), "monthly on 31 at 07:00", "2026-06-30T07:00:00+00:00"),
    ],
)
def test_a_subscriber_has_a_day_of_the_week_or_the_month(
    installed: Digest, told: tuple[str, ...], listed: str, due_at: str
) -> None:
    installed("subscriber", "add", "ada@example.org", "--confirmed", *told, *NOW)
    assert listed in installed("subscriber", "list").out
    assert json.loads(installed("subscriber", "list", "--json").out)[0]["next_due_at"] == due_at


@pytest.mark.slow
def test_a_subscriber_can_take_a_break_and_end_it(installed: Digest) -> None:
    added = ("subscriber", "add", "ada@example.org", "--confirmed", "--language", "en", "--cadence", "daily", *NOW)
    installed(*added)
    assert installed("subscriber", "pause", "ada@example.org", *NOW).out == "papers: paused until 2026-07-03.\n"
    until = ("--until", "2026-08-01", *NOW)
    assert installed("subscriber", "pause", "ada@example.org", *until).out == "papers: paused until 2026-08-01.\n"
    assert ", paused until 2026-08-01" in installed("subscriber", "list", *NOW).out
    assert "paused" not in installed("subscriber", "list", "--now", "2026-08-01T00:00Z").out
    [listed] = json.loads(installed("subscriber", "list", "--json", *NOW).out)
    assert (listed["paused_until"], listed["next_due_at"]) == ("2026-08-01", "2026-08-01T07:00:00+00:00")
    assert listed["language"] == "en"
    assert installed("subscriber", "resume", "ada@example.org", *NOW).out == "papers: resumed.\n"
    assert installed("subscriber", "resume", "ada@example.org", *NOW).out == "papers: not paused.\n"
    [listed] = json.loads(installed("subscriber", "list", "--json").out)
    assert (listed["paused_until"], listed["next_due_at"]) == (None, "2026-06-20T07:00:00+00:00")
    installed("subscriber", "pause", "ada@example.org", *until)
    installed("subscriber", "unsubscribe", "ada@example.org")
    assert "paused" not in installed("subscriber", "list", *NOW).out
    installed(*added)
    refused = installed("subscriber", "pause", "ada@example.org", "--until", "2026-06-19", *NOW)
    assert (refused.code, "after today" in refused.err) == (2, True)
    assert "no active subscription" in installed("subscriber", "pause", "bob@example.org").err


@pytest.mark.slow
def test_a_break_that_one_of_several_newsletters_refuses_changes_none(digest: Digest, tmp_path: Path) -> None:
    digest("init")
    with (tmp_path / "config.toml").open("a") as config:
        config.write('\n[[newsletter]]\nslug = "near"\n\n[[newsletter]]\nslug = "far"\n')
    for slug, zone in (("near", "UTC"), ("far", "Pacific/Kiritimati")):
        wanted = ("--newsletter", slug, "--timezone", zone)
        digest("subscriber", "add", "ada@example.org", "--confirmed", *wanted, *NOW)
    # In Kiritimati it is that day already.
    refused = digest("subscriber", "pause", "ada@example.org", "--until", "2026-06-20", *NOW)
    assert (refused.code, refused.out) == (2, "")
    assert "paused" not in digest("subscriber", "list", *NOW).out


@pytest.mark.slow
def test_a_preview_is_the_message_in_three_files(stocked: Digest, tmp_path: Path) -> None:
    stocked("subscriber", "add", "ada@example.org", "--topic", "diffusion models", "--confirmed")
    ended = stocked("preview", "ada@example.org", "--out", "shown", *NOW)
    assert ended.code == 0, ended
    assert {path.name for path in (tmp_path / "shown").iterdir()} == {"preview.eml", "preview.html", "preview.txt"}
    assert "Few-Step Sampling" in (tmp_path / "shown/preview.txt").read_text()
    assert not (tmp_path / "var/outbox").exists()


def test_a_preview_of_nothing_says_whether_there_are_papers_at_all(installed: Digest, tmp_path: Path) -> None:
    installed("subscriber", "add", "ada@example.org", "--confirmed")
    assert installed("preview", "ada@example.org").err == (
        "digest: The store has no papers yet. `digest collect` brings some.\n"
    )
    (tmp_path / "papers.jsonl").write_text(json.dumps(ROWS[0]))
    installed("collect", "--file", "papers.jsonl", *NOW)
    said = installed("preview", "ada@example.org", "--now", "2026-08-01T12:00").err
    assert said.startswith("digest: No paper listed after 25 July 2026 is new to that address. `digest collect` brings")
    assert "There is no paper '2606.99999' here." in installed("paper", "show", "2606.99999").err


@pytest.mark.slow
def test_a_source_that_has_failed_for_a_day_is_told_to_the_operator(installed: Digest, tmp_path: Path) -> None:
    named = '[mail]\nalarms = "operator@example.org"\n[sources.huggingface]\nurl = "http://127.0.0.1:9/api"\n'
    (tmp_path / "config.toml").write_text(named)
    store = open_store("sqlite:///var/offprint.db", folder=tmp_path)
    with store.writing() as connection:
        note_success(connection, "huggingface", cursor="", now=datetime(2026, 6, 18, 12, tzinfo=UTC))
    store.close()
    ended = installed("collect", *NOW)
    assert (ended.code, "alarm is queued: huggingface" in ended.out) == (1, True)
    assert "alarm" not in installed("collect", *NOW).out
    assert "failed 2 times: huggingface: " in installed("stats").out
    assert "1 sent" in installed("deliver", *NOW).out
    [message] = (tmp_path / "var/outbox/new").iterdir()
    assert "A source of papers has failed for a day" in message.read_text()


@pytest.mark.slow
def test_every_message_is_shown_without_a_store(digest: Digest, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[web]\nsite_name = "Abendpost"\n')
    ended = digest("preview", "--all-messages", "--language", "de", "--out", "shown")
    assert ended.code == 0, ended
    assert "Sie sind dabei: erste Ausgabe morgen um 07:00" in ended.out
    assert "Abendpost" in (tmp_path / "shown/welcome.txt").read_text()
    assert {path.suffix for path in (tmp_path / "shown").iterdir()} == {".eml", ".html", ".txt"}
    assert not (tmp_path / "var").exists()


def test_a_test_message_says_what_became_of_it(installed: Digest, tmp_path: Path) -> None:
    assert "By outbox: sent.\nMessages go into the folder " in installed("mail", "test", "ada@example.org").out
    assert len(list((tmp_path / "var/outbox/new").iterdir())) == 1


def test_help_and_version_answer_without_a_configuration(digest: Digest) -> None:
    assert __version__ in digest("--version").out
    assert "collect" in digest("--help").out


def test_help_cuts_nothing(digest: Digest) -> None:
    for command in ([], ["subscriber"], ["paper"], ["mail"], ["store"]):
        _, _, listed = digest(*command, "--help").out.partition("Commands:")
        assert listed
        assert "..." not in listed


def test_all_sending_is_paused_and_goes_on(installed: Digest) -> None:
    assert "Paused: nothing more leaves." in installed("mail", "pause").out
    assert "It was paused already." in installed("mail", "pause").out
    assert "all sending (by the operator). `digest mail resume` goes on." in installed("stats").out
    assert "is paused" in installed("deliver").out
    assert "Sending goes on." in installed("mail", "resume").out
    assert "That was not paused." in installed("mail", "resume").out
    assert "There is no newsletter 'x'." in installed("mail", "pause", "--newsletter", "x").err


@pytest.mark.slow
def test_tidying_says_what_went(stocked: Digest) -> None:
    stocked("subscriber", "add", "ada@example.org", "--topic", "diffusion models", "--confirmed", *NOW)
    monday = ("--now", "2026-06-22T08:00")
    stocked("publish", *monday)
    kept = stocked("store", "tidy", "--now", "2026-07-19")
    assert kept.out == "Deleted: what 0 editions held, 0 rows of printings, 0 messages, 0 events.\n"
    stocked("deliver", *monday)
    gone = stocked("store", "tidy", "--now", "2030-01-01")
    assert (gone.code, gone.out) == (0, "Deleted: what 1 edition held, 0 rows of printings, 1 message, 0 events.\n")
    assert "sound" in stocked("store", "check").out


@pytest.mark.parametrize("command", ["publish", "deliver"])
def test_what_is_done_ahead_of_time_is_done_and_warned_of(stocked: Digest, command: str) -> None:
    ahead = stocked(command, "--now", "2190-01-01")
    assert (ahead.code, ahead.out != "") == (0, True)
    assert ahead.err.startswith("digest: Warning: it is done as of a moment that has not come, and in earnest:")
    assert "has not come" not in stocked(command).err


def test_what_a_file_holds_that_was_not_understood_is_told(installed: Digest, tmp_path: Path) -> None:
    (tmp_path / "papers.jsonl").write_text('{"title": "Graphs on Lines", "upvotes": "many"}\n')
    told = installed("collect", "--file", "papers.jsonl", *NOW)
    assert told.code == 0
    assert "papers.jsonl: 1 record holds a count or a date that is none, the first is record 1 (upvotes)." in told.err
    assert "  the background was fitted anew\n" in told.err


def test_a_store_is_not_copied_onto_itself(stocked: Digest) -> None:
    for address in ("sqlite:///var/offprint.db", "sqlite:///var/../var/offprint.db"):
        onto_itself = stocked("store", "copy", "--to", address)
        assert onto_itself.code == 1
        assert "holds something already. Name an empty one." in onto_itself.err
    assert "paused" not in stocked("stats").out.lower()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nonsense", "--to is not a database address"),
        ("mysql://host/name", "--to: there is no driver for 'mysql'"),
        ("sqlite:///new/offprint.db", "There is no folder"),
        ("sqlite:///papers.jsonl", "the file is not a database. Restore it from a backup, or name another in --to."),
        ("postgresql://ada@127.0.0.1:1/name", "Start it, or mend the host and the port in --to."),
    ],
)
def test_a_target_that_cannot_be_copied_to_is_told_of_by_its_option_and_nothing_is_made(
    stocked: Digest, tmp_path: Path, target: str, said: str
) -> None:
    ended = stocked("store", "copy", "--to", target)
    assert ended.code != 0
    assert said in ended.err
    assert "store.url" not in ended.err
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_copying_the_store_says_what_to_do_next_and_stops_the_old_one(stocked: Digest) -> None:
    copied = stocked("store", "copy", "--to", "sqlite:///var/new.db")
    assert "each is there as it was" in copied.out
    assert "Name the new one in store.url" in copied.out
    assert "all sending (copied to sqlite:///var/new.db)" in stocked("stats").out
    again = stocked("store", "copy", "--to", "sqlite:///var/new.db")
    assert again.code == 1
    assert "holds something already" in again.err
