"""`byname source`: what stands in byname.toml afterwards, and what is refused before."""

import tomllib

import pytest

HN = ("--platform", "hackernews", "--query", 'acme "red kettle"', "--no-check")


def tables(home):
    return tomllib.loads((home / "byname.toml").read_text(encoding="utf-8"))["sources"]


def test_a_source_is_added_to_the_settings_and_listed(byname, home):
    said = byname("source", "add", "hn", *HN, "--account", "acme", "--home", home)
    assert said.code == 0, said.err
    table = tables(home)["hn"]
    assert (table["platform"], table["kind"]) == ("hackernews", "search")
    assert (table["query"], table["account"]) == ('acme "red kettle"', "acme")
    assert table["answer_since"].tzinfo is not None
    rows = {row["name"]: row for row in byname("source", "list", "--json", "--home", home).rows}
    assert (rows["hn"]["by_hand"], rows["hn"]["messages"]) == (True, 0)
    assert (rows["all"]["by_hand"], rows["all"]["login"]) == (False, "masto")


def test_a_hashtag_is_what_mastodon_shows_to_everybody(byname, home):
    said = byname(
        *("source", "add", "tag", "--platform", "mastodon", "--query", "acme", "--no-check"),
        *("--base-url", "https://social.example", "--home", home),
    )
    assert said.code == 0, said.err
    assert (tables(home)["tag"]["kind"], tables(home)["tag"]["base_url"]) == (
        "hashtag",
        "https://social.example",
    )


def test_a_login_may_listen_for_words_too(byname, home):
    said = byname("source", "add", "word", "--login", "masto", "--query", "acme", "--no-check",
                  "--home", home)  # fmt: skip
    assert said.code == 0, said.err
    (row,) = [
        row
        for row in byname("source", "list", "--json", "--home", home).rows
        if row["name"] == "word"
    ]
    assert (row["login"], row["platform"], row["by_hand"]) == ("masto", "mastodon", True)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("all", *HN), 65, "stands in"),
        (("a b", *HN), 65, "cannot be a source's name"),
        (("x]\n[y", *HN), 65, "cannot be a source's name"),
        (("x", "--query", "acme", "--no-check"), 78, "needs a login, or a platform"),
        (("x", "--query", "a", "--login", "nobody", "--no-check"), 78, "names login 'nobody'"),
        (("x", *HN, "--login", "masto", "--account", "a"), 78, "logins.masto"),
        (("x", "--platform", "hackernews"), 2, "--query"),
        (("x", "--platform", "fax", "--query", "a", "--no-check"), 69, "no connector is called"),
    ],
)
def test_what_would_break_the_settings_is_refused_and_changes_nothing(
    byname, home, words, code, says
):
    before = (home / "byname.toml").read_text()
    said = byname("source", "add", *words, "--home", home)
    assert said.code == code
    assert says in said.err
    assert (home / "byname.toml").read_text() == before


def test_a_platform_that_does_not_answer_is_said_but_the_source_stands(byname, home):
    said = byname(
        *("source", "add", "hn", "--platform", "hackernews", "--query", "acme"),
        *("--base-url", "http://127.0.0.1:1", "--home", home),
    )
    assert (said.code, "no connection" in said.err) == (69, True)
    assert "hn" in tables(home)


def test_without_sources_the_list_says_how_to_get_one(byname, tmp_path):
    (tmp_path / "byname.toml").write_text('[brand]\nname = "T"\n')
    assert "byname source add" in byname("source", "list", "--home", tmp_path).out


def test_what_was_answered_by_hand_is_noted(byname, heard_home):
    number = byname("inbox", "--home", heard_home, "--json").rows[0]["message"]["id"]
    link = "https://social.example/@tern/9"
    said = byname("approve", number, "--by-hand", "--link", link, "--home", heard_home)
    assert (said.code, said.out) == (0, "noted: answered by hand\n")
    (row,) = byname("inbox", "--home", heard_home, "--view", "done", "--json").rows
    assert row["message"]["reason"] == f"answered by hand: {link}"
    said = byname("approve", number, "--by-hand", "--home", heard_home)
    assert (said.code, "does not wait" in said.err) == (75, True)


def test_a_link_without_by_hand_is_wrong_usage(byname, heard_home):
    assert byname("approve", "1", "--link", "https://x.example", "--home", heard_home).code == 2
