from pathlib import Path

from app.runtime.log_ins import LogIns, published


def test_the_usual_log_ins_share_a_line_and_a_changed_password_is_not_shown() -> None:
    demo = {"staff@example.com": True, "manager@example.com": True, "admin@example.com": False}
    assert list(LogIns(demo).lines("the one printed")) == [
        "Log in as staff@example.com, manager@example.com",
        "with the password the one printed",
        "Log in as admin@example.com (password changed since; not shown)",
    ]


def test_no_password_is_printed_that_lets_nobody_in() -> None:
    changed = LogIns({"admin@example.com": False})
    assert not any("secret" in line for line in changed.lines("secret"))
    assert list(LogIns().lines("secret")) == []


def test_a_store_without_users_says_how_to_make_the_first() -> None:
    (line,) = LogIns(has_users=False).lines(None)
    assert "no user yet" in line
    assert "flask user create EMAIL --name NAME --role admin" in line


def test_what_was_found_out_is_read_back(tmp_path: Path) -> None:
    found = LogIns({"staff@example.com": False}, has_users=True)
    found.publish(tmp_path)
    assert published(tmp_path) == found
    assert published(tmp_path / "elsewhere") == LogIns()
