"""What is read out of a message, and what payload its job gets."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import NOON
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.hook import Hook, parse_hook_token, require_hook_secret, spell_hook_token
from tickwell.domain.incoming import incoming_message, payload_of, require_path, require_template, sample_of
from tickwell.domain.secret import references_in, with_secrets

TENANT = "0199c1f0-0000-7000-8000-000000000001"
HOOK = "0199c1f0-0000-7000-8000-000000000002"


def hook(**changes: Any) -> Hook:
    fields: dict[str, Any] = {"tenant_id": TENANT, "hook_id": HOOK, "user_id": "u", "name": "h", "task": "echo"}
    return Hook(**{**fields, "digest": "d", "created_at": NOON, **changes})


def payload(body: Any, *, headers: dict[str, str] | None = None, **changes: Any) -> Any:
    here = hook(**changes)
    return payload_of(here, incoming_message(here, headers or {}, body))


def test_a_message_is_read_by_the_usual_names() -> None:
    body = {"message_id": "m-1", "organizationId": "org", "instance": "i", "from": "+49", "text": "hello", "more": 1}
    assert payload(body) == {
        "message_id": "m-1",
        "organization": "org",
        "instance": "i",
        "sender": "+49",
        "content": "hello",
    }


@pytest.mark.parametrize("body", [[1, {"a": None}], "text", 7, None, True, {}])
def test_of_a_message_in_which_nothing_is_found_the_content_is_all_of_it(body: Any) -> None:
    assert payload(body) == {
        "message_id": None,
        "organization": TENANT,
        "instance": HOOK,
        "sender": None,
        "content": body,
    }


def test_the_parts_are_where_the_hook_says() -> None:
    fields = {"id": "entry.0.id", "sender": "entry.0.from.number", "content": "entry.1", "organization": "no.such"}
    body = {"sender": "not me", "entry": [{"id": 17, "from": {"number": "+1"}}, ["x"]]}
    got = payload(body, fields=fields)
    assert (got["message_id"], got["sender"], got["content"]) == ("17", "+1", ["x"])
    assert got["organization"] == TENANT


@pytest.mark.parametrize(
    ("headers", "fields", "expected"),
    [
        ({}, {}, "of-body"),
        ({"webhook-id": "w", "idempotency-key": "i", "x-message-id": "x"}, {}, "w"),
        ({"idempotency-key": "i"}, {}, "i"),
        ({"x-message-id": "x"}, {}, "x"),
        ({"webhook-id": "w"}, {"id": "message_id"}, "of-body"),
        ({"webhook-id": "w"}, {"id": "missing"}, "w"),
        ({"webhook-id": ""}, {}, "of-body"),
    ],
)
def test_the_id_is_in_the_field_that_the_hook_names_or_in_a_header(
    headers: dict[str, str], fields: dict[str, str], expected: str
) -> None:
    message = incoming_message(hook(fields=fields), headers, {"message_id": "of-body"})
    assert message.message_id == expected


@pytest.mark.parametrize("strange", [True, {"a": 1}, ["x"], 1.5, "", None])
def test_what_is_no_id_is_none(strange: Any) -> None:
    assert incoming_message(hook(), {}, {"message_id": strange}).message_id is None


def test_an_id_without_end_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="1024"):
        incoming_message(hook(), {}, {"message_id": "x" * 1025})


def test_a_template_is_filled_with_parts_of_any_type() -> None:
    template = {
        "to": "{{message.sender}}",
        "text": "From {{message.sender}}: {{body.n}} of {{body.list}}{{body.missing}}.",
        "whole": ["{{body}}", "{{body.list.1}}", "{{body.missing}}"],
        "{{message.sender}}": 1,
        "plain": "{{1}} {{ other }}",
    }
    body = {"sender": "+49", "n": 3, "list": ["a", {"b": True}]}
    assert payload(body, payload=template) == {
        "to": "+49",
        "text": 'From +49: 3 of ["a",{"b":true}].',
        "whole": [body, {"b": True}, None],
        "{{message.sender}}": 1,
        "plain": "{{1}} {{ other }}",
    }


def test_what_a_sender_writes_in_braces_stays_text() -> None:
    body = {"sender": "{{message.content}}", "content": "{{body.sender}}"}
    assert payload(body, payload="{{message.sender}} {{message.content}}") == "{{message.content}} {{body.sender}}"


def test_a_template_keeps_its_own_references_to_secrets() -> None:
    template = {"headers": {"Authorization": "Bearer {{secret:token}}"}, "text": "{{secret:token}} {{message.content}}"}
    got = payload({"content": "hi"}, payload=template)
    opened = with_secrets(got, {"token": "t0ken"})
    assert opened == {"headers": {"Authorization": "Bearer t0ken"}, "text": "t0ken hi"}


PIECES = ["{", "{{", "secret", "secret:", ":", "{{secret:", "{{secret::", "key", "}}", "{{secret:key}}", "a", ""]


@given(
    parts=st.fixed_dictionaries({name: st.lists(st.sampled_from(PIECES), max_size=6).map("".join) for name in "ab"}),
    template=st.sampled_from(
        ["{{body.a}}", "{{body.a}}{{body.b}}", "{{{body.a}}{{body.b}}}", "{{body.a}}secret:key}}", "x{{body.a}}key}}"]
    ),
)
def test_no_sender_gets_at_a_secret_however_texts_are_put_together(parts: dict[str, str], template: str) -> None:
    got = payload(parts, payload=["{{secret:key}}", require_template(template)])
    assert references_in(got) == {("0",): ("key",)}
    opened = with_secrets(got, {"key": "the value"})
    expected = template.replace("{{body.a}}", "\0a").replace("{{body.b}}", "\0b")
    assert opened == ["the value", expected.replace("\0a", parts["a"]).replace("\0b", parts["b"])]


@given(
    content=st.recursive(st.sampled_from(PIECES), lambda inner: st.lists(inner) | st.dictionaries(st.just("k"), inner))
)
def test_without_a_template_no_sender_gets_at_a_secret_either(content: Any) -> None:
    got = payload({"content": content})
    assert references_in(got) == {}
    assert with_secrets(got, {})["content"] == content


def test_a_payload_is_not_nested_deeper_than_one_may_be() -> None:
    body: Any = "x"
    for _ in range(99):
        body = [body]
    template: Any = "{{body}}"
    for _ in range(3):
        template = [template]
    with pytest.raises(InvalidInputError, match="body"):
        payload(body, payload=template)


@pytest.mark.parametrize(
    "template",
    [
        "{{message.nobody}}",
        "{{message}}",
        "{{message.id }}",
        "{{ message.sender }}",
        "{{sender}}",
        "from {{messge.sender}}",
        "{{ body }}",
        "{{body.}}",
        "{{body..}",
        {"deep": ["{{body.a b}}"]},
        " ".join(["{{body}}"] * 21),
        "x" * 17_000,
        "{{secret:{{body.a}}}}",
        "{{secret:k{{body.a}}",
        "{{secret:{{body.a}}key}}",
    ],
)
def test_a_template_that_means_nothing_is_refused(template: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        require_template(template)
    assert caught.value.field == "payload"


def test_a_sample_leaves_open_what_only_a_message_tells() -> None:
    template = {"to": "{{message.sender}}", "text": "x", "list": [1, "a {{body.b}}"]}
    sample = sample_of(template)
    assert (sample["text"], sample["list"][0]) == ("x", 1)
    assert set(references_in(sample)) == {("to",), ("list", "1")}


@pytest.mark.parametrize("path", ["a.b.0.c", "Größe", "x-y_z"])
def test_paths_are_names_with_dots_between_them(path: str) -> None:
    assert require_path("sender", path) == path


@pytest.mark.parametrize("path", [".a", "a.", "a..b", "a b", "", "{{a}}", "x" * 201])
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(InvalidInputError, match=r"fields\.sender"):
        require_path("sender", path)


def test_a_token_names_its_hook_and_nothing_else_is_one() -> None:
    token = spell_hook_token(TENANT, HOOK, bytes(24))
    assert parse_hook_token(token) == (TENANT, HOOK)
    for wrong in (token[:-1], token + "a", token.upper(), f"tw_{token[4:]}", token[:-1] + "!", "", "ä" * 100):
        assert parse_hook_token(wrong) is None


@pytest.mark.parametrize("name", ["shop", "hook", "Hook-a", "hook-ä", "", "hook-" + "a" * 64])
def test_secrets_of_hooks_have_names_of_their_own(name: str) -> None:
    with pytest.raises(InvalidInputError, match=r"signature\.secret"):
        require_hook_secret(name)
    assert require_hook_secret("hook-shop") == "hook-shop"
