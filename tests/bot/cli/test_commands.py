"""The commands: what each prints, and that writing ones work with and without a running bot."""

import asyncio
import json
import re

import pytest

from bot.cli import COMMANDS
from bot.desk import Desk, wall_clock
from bot.service import first_admin, serving_socket
from bot.web.app import create_socket_app
from storage import open_store


def test_every_command_has_help_with_an_example(byname):
    for name in COMMANDS:
        said = byname(name, "--help")
        assert said.code == 0
        groups = re.findall(r"^  ([a-z]+) ", said.out.partition("Commands:")[2], re.MULTILINE)
        pages = [byname(name, group, "--help").out for group in groups] or [said.out]
        assert all("Example" in page for page in pages), name


def test_the_list_of_commands_says_what_each_does(byname):
    said = byname("--help")
    assert all(name in said.out for name in COMMANDS)


def test_a_wrong_command_or_option_is_wrong_usage(byname):
    assert byname("dance").code == 2
    assert byname("inbox", "--loud").code == 2


def test_init_writes_settings_that_hold(byname, tmp_path):
    home = tmp_path / "new"
    said = byname(
        *("init", "--home", home, "--name", 'T"ern', "--time-zone", "Asia/Tokyo"),
        *("--languages", "en, de", "--signature", "Ines", "--mail", "a@b.example"),
    )
    assert said.code == 0
    assert f"byname check --home {home}" in said.out
    checked = byname("check", "--home", home, "--json")
    assert {row["part"]: row["ok"] for row in checked.rows}["settings"] is True
    assert {row["part"]: row["ok"] for row in checked.rows}["playbook"] is True
    assert (home / "byname.toml").read_text().count("a@b.example") == 1


def test_init_never_overwrites(byname, home):
    said = byname("init", "--home", home, stdin="T\n\n\n\n\n")
    assert said.code == 78
    assert "exists" in said.err
    assert 'name = "Tern"' in (home / "byname.toml").read_text()


def test_init_refuses_a_time_zone_that_is_none(byname, tmp_path):
    said = byname("init", "--home", tmp_path / "new", "--name", "T", "--time-zone", "Mars",
                  "--languages", "en", "--signature", "", "--mail", "")  # fmt: skip
    assert (said.code, "IANA" in said.err) == (78, True)
    assert not (tmp_path / "new").exists()


def test_check_says_all_is_well(byname, heard_home):
    said = byname("check", "--home", heard_home)
    assert said.code == 0, said.out
    assert "audit chain whole" in said.out
    assert "signed in as @tern on mastodon" in said.out


def test_check_before_the_first_run_changes_nothing(byname, home):
    said = byname("check", "--home", home)
    assert "none yet" in said.out
    assert not (home / "byname.db").exists()


def test_check_names_what_the_environment_overrides(byname, home, monkeypatch):
    monkeypatch.setenv("BYNAME_WEB__PORT", "9000")
    assert "from the environment: BYNAME_WEB__PORT" in byname("check", "--home", home).out


def test_the_inbox_lists_what_waits(byname, heard_home):
    rows = byname("inbox", "--home", heard_home, "--json").rows
    assert {row["message"]["text"] for row in rows} == {
        "@tern where is my order?",
        "@tern do you ship to Norway?",
    }
    plain = byname("inbox", "--home", heard_home)
    assert "where is my order" in plain.out
    assert (
        byname("inbox", "--home", heard_home, "--search", "norway", "--json").rows[0]["message"][
            "author"
        ]["handle"]
        == "bo"
    )


def test_an_inbox_where_nothing_waits_says_so(byname, heard_home):
    said = byname("inbox", "--home", heard_home, "--intent", "churn")
    assert (said.code, said.out) == (0, "Nothing waits.\n")


def test_a_person_is_found_by_part_of_a_name(byname, heard_home):
    said = byname("person", "berg", "--home", heard_home)
    assert "Ada Berg" in said.out
    assert "<- @tern where is my order?" in said.out
    (row,) = byname("person", "ada", "--home", heard_home, "--json").rows
    assert row["messages"][0]["text"] == "@tern where is my order?"


def test_nobody_of_that_name_is_said_to_be_nobody(byname, heard_home):
    for who in ("zebulon", "4711", '"%_!'):
        said = byname("person", who, "--home", heard_home)
        assert (said.code, said.err.count("\n")) == (65, 1), who


def message_id(byname, home):
    rows = byname("inbox", "--home", home, "--search", "order", "--json").rows
    return rows[0]["message"]["id"]


def test_own_words_are_approved_without_a_running_bot(byname, heard_home):
    number = message_id(byname, heard_home)
    said = byname("approve", number, "--home", heard_home, "--text", "It left.", "--yes", "--json")
    assert said.code == 0
    assert "to ada: It left." in said.err
    (reply,) = said.rows
    assert (reply["state"], reply["text"]) == ("approved", "It left.")


def test_saying_no_to_the_question_sends_nothing(byname, heard_home):
    number = message_id(byname, heard_home)
    said = byname("approve", number, "--home", heard_home, "--text", "It left.", stdin="n\n")
    assert said.code == 130
    assert len(byname("inbox", "--home", heard_home, "--json").rows) == 2


def test_what_the_guard_refuses_is_not_approved(byname, heard_home):
    number = message_id(byname, heard_home)
    said = byname("approve", number, "--home", heard_home, "--yes", "--text", "https://evil.test")
    assert (said.code, said.err.splitlines()[-1]) == (
        77,
        "byname: Links to evil.test are not in policy.allowed_links of byname.toml.",
    )


def test_approving_where_nothing_is_suggested_asks_for_words(byname, heard_home):
    said = byname("approve", message_id(byname, heard_home), "--home", heard_home, "--yes")
    assert (said.code, "--text" in said.err) == (65, True)


@pytest.mark.parametrize("command", ["approve", "reject"])
def test_a_message_that_is_not_there_is_said_not_to_be(byname, heard_home, command):
    said = byname(command, "4711", "--home", heard_home)
    assert (said.code, said.err) == (65, "byname: there is no message 4711\n")


def test_no_reply_needed_takes_it_from_the_inbox(byname, heard_home):
    number = message_id(byname, heard_home)
    assert byname("reject", number, "--no-reply", "--home", heard_home).code == 0
    assert len(byname("inbox", "--home", heard_home, "--json").rows) == 1


def test_what_is_done_with_has_no_time_left(byname, heard_home):
    number = message_id(byname, heard_home)
    byname("reject", number, "--no-reply", "--home", heard_home)
    lines = byname("inbox", "--view", "all", "--home", heard_home).out.splitlines()
    (done,) = [line for line in lines if line.split()[0] == str(number)]
    assert done.split()[1] == "done"
    assert " left " not in done


def test_a_rejected_message_goes_on_waiting(byname, heard_home):
    number = message_id(byname, heard_home)
    said = byname("reject", number, "--reason", "wrong tone", "--home", heard_home)
    assert said.out == "rejected; it waits for your own words\n"
    assert len(byname("inbox", "--home", heard_home, "--json").rows) == 2


def test_the_brake_is_set_seen_and_lifted(byname, heard_home):
    assert "The brake is off" in byname("brake", "status", "--home", heard_home).out
    on = byname("brake", "on", "--reason", "wrong price", "--home", heard_home)
    assert "brake on for home" in on.out
    assert ": wrong price" in on.out
    assert "brake" in byname("check", "--home", heard_home).out
    assert "The brake is off" in byname("brake", "off", "--home", heard_home).out


def test_a_brake_for_something_that_is_not_there_is_refused(byname, heard_home):
    said = byname("brake", "on", "--login", "msato", "--home", heard_home)
    assert (said.code, said.err) == (77, "byname: There is no login called msato.\n")


def test_a_reviewer_is_added_listed_linked_and_disabled(byname, heard_home):
    added = byname("reviewer", "add", "Maja", "--role", "read", "--home", heard_home, "--json")
    (row,) = added.rows
    assert "/sign-in?token=" in row["url"]
    listed = byname("reviewer", "list", "--home", heard_home, "--json").rows
    assert ("Maja", "read") in {(one["name"], one["role"]) for one in listed}
    assert "/sign-in?token=" in byname("reviewer", "link", row["id"], "--home", heard_home).out
    assert byname("reviewer", "disable", row["id"], "--home", heard_home).out == "disabled\n"
    said = byname("reviewer", "list", "--home", heard_home).out
    assert "(disabled)" in said


def test_commands_talk_to_the_bot_that_runs(heard_home):
    """With the home's lock taken, a command writes through the socket."""
    from bot.cli._context import api
    from bot.config import read_config

    async def both() -> tuple[str, int]:
        store = await open_store(heard_home, clock=wall_clock)
        desk = Desk(heard_home, read_config(heard_home / "byname.toml", {}), store)
        await first_admin(desk)
        try:
            async with (
                serving_socket(create_socket_app(desk), heard_home) as path,
                api(str(heard_home)) as client,
            ):
                await client.post("brake", on=True, reason="try")
                mode = path.stat().st_mode & 0o777
            return (await store.brakes())[0].reason, mode
        finally:
            await store.close()

    assert asyncio.run(both()) == ("try", 0o600)


def test_a_socket_that_a_crash_left_behind_is_no_bot(byname, heard_home):
    import socket

    left = socket.socket(socket.AF_UNIX)
    left.bind(str(heard_home / "run.sock"))
    left.close()
    assert byname("brake", "on", "--home", heard_home).code == 0


def test_tags_have_the_published_shape(byname):
    lines = '{"id": "1", "text": "my order never came"}\n{"id": 2, "text": "où est ma commande"}\n'
    first, second = byname("tag", "-", stdin=lines).rows
    assert list(first) == [
        *("id", "language", "sentiment", "intents", "offensive", "crisis", "needs_reply"),
    ]
    assert first["sentiment"]["label"] in {"negative", "neutral", "positive", "unsure"}
    assert set(first["needs_reply"]) == {"value", "probability"}
    assert second["id"] == 2
    if second["language"] != "en":
        assert second["sentiment"] is None


TALK = {
    "thread_id": "t1",
    "messages": [
        {"id": "1", "author": "ada", "text": "Can I send it back if I do not like it?"},
        {"id": "2", "author": "Tern", "author_is_brand": True, "text": "SECRET"},
    ],
}


@pytest.mark.parametrize("gap", ["-", "file"])
def test_conversations_in_suggestions_out(byname, heard_home, tmp_path, gap):
    text = json.dumps(TALK) + "\n{half\n"
    (tmp_path / "talks.jsonl").write_text(text)
    file = "-" if gap == "-" else tmp_path / "talks.jsonl"
    said = byname("suggest", file, "--home", heard_home, stdin=text)
    first, second = said.rows
    assert (first["thread_id"], first["message_id"]) == ("t1", "1")
    assert first["silence"] or first["suggestions"]
    assert "SECRET" not in json.dumps(first)
    assert (second["line"], "not JSON" in second["error"]) == (2, True)


def test_the_digest_of_a_day_is_printed(byname, heard_home):
    said = byname("digest", "--date", "today", "--home", heard_home)
    assert (said.code, said.err) == (0, "")
    assert "Tern" in said.out


def test_a_command_goes_on_with_the_logins_that_have_their_secret(heard_home, byname):
    with (heard_home / "byname.toml").open("a") as file:
        file.write('[logins.x]\nplatform = "x"\n[sources.x-mentions]\nlogin = "x"\n')
    said = byname("collect", "--once", "--home", heard_home)
    assert said.code == 69
    assert "all: 0 new" in said.out
    assert "signed out: run `byname connect x` (the secret of x is missing" in said.out
    lines = {row["part"]: row for row in byname("check", "--home", heard_home, "--json").rows}
    assert lines["login masto"]["ok"]
    assert lines["login x"]["says"].startswith("signed out: run `byname connect x`")


def test_a_digest_leads_to_the_port_that_the_running_bot_has(heard_home, capsys):
    from bot.cli.digest import _show
    from bot.config import read_config

    async def beside() -> None:
        store = await open_store(heard_home, clock=wall_clock)
        config = read_config(heard_home / "byname.toml", {"BYNAME_WEB__PORT": "9321"})
        desk = Desk(heard_home, config, store)
        try:
            await first_admin(desk)
            async with serving_socket(create_socket_app(desk), heard_home):
                await _show(str(heard_home), "today", None, as_json=False)
        finally:
            await store.close()

    asyncio.run(beside())
    assert "http://127.0.0.1:9321/digests/" in capsys.readouterr().out


def test_the_inbox_says_how_long_there_is_and_that_words_were_cut(byname, heard_home):
    said = byname("inbox", "--home", heard_home)
    lines = said.out.splitlines()
    assert lines
    assert all(re.search(r"^ +\d+  \d+ (s|min|h|days) (left|late) ", line) for line in lines)
    assert len({line.index("@tern") for line in lines}) == 1
