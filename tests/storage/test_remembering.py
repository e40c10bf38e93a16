"""Vectors: answered messages, playbook and knowledge only, and the nearest among them."""

import pytest

from storage.model import Approval


async def test_the_nearest_comes_first_with_its_cosine(store, vector):
    await store.put_vectors(
        "playbook", {"a": vector(100, 0), "b": vector(70, 70), "c": vector(-100, 0)}, replace=True
    )
    found = await store.nearest("playbook", vector(127, 0), 2)
    assert [ref for ref, _ in found] == ["a", "b"]
    assert found[0][1] == pytest.approx(1.0)
    assert found[1][1] == pytest.approx(0.7071, abs=1e-3)


async def test_vectors_of_another_model_or_kind_are_never_compared(store, vector):
    await store.put_vectors("playbook", {"a": vector(1, 0, model="old")}, replace=True)
    await store.put_vectors("knowledge", {"k": vector(1, 0)}, replace=True)
    assert await store.nearest("playbook", vector(1, 0), 5) == []
    assert await store.vectors("playbook", "encoder@1") == {}


async def test_what_is_added_changed_and_dropped_shows_at_once(store, vector):
    await store.put_vectors("playbook", {"a": vector(9, 0), "b": vector(0, 9)}, replace=True)
    assert (await store.nearest("playbook", vector(9, 0), 1))[0][0] == "a"
    await store.put_vectors("playbook", {"c": vector(9, 1)}, replace=False)
    assert [ref for ref, _ in await store.nearest("playbook", vector(9, 1), 3)] == ["c", "a", "b"]
    await store.put_vectors("playbook", {"a": vector(-9, 0)}, replace=False)
    assert [ref for ref, _ in await store.nearest("playbook", vector(9, 0), 3)] == ["c", "b", "a"]
    await store.put_vectors("playbook", {"b": vector(0, 9)}, replace=True)
    assert [ref for ref, _ in await store.nearest("playbook", vector(9, 0), 3)] == ["b"]


async def test_only_answered_messages_keep_their_vector(desk, store, vector):
    question = await desk.hear()
    await desk.tag(vector=vector(1, 2))
    assert await store.vectors("answered", "encoder@1") == {}
    await desk.learned("another", "an answer", vector(3, 4))
    assert str(question) not in await store.vectors("answered", "encoder@1")
    assert len(await store.vectors("answered", "encoder@1")) == 1


async def test_memory_brings_back_the_question_and_what_a_human_answered(desk, store, vector):
    near = await desk.learned("where is my parcel", "it left today", vector(100, 10))
    await desk.learned("do you ship to Malta", "we do", vector(0, 100))
    [first, second] = await store.memories(vector(100, 0), 5, exclude_thread=0)
    assert (first.question.id, first.answer.text) == (near, "it left today")
    assert first.similarity > second.similarity
    assert second.answer.text == "we do"


async def test_memory_leaves_out_the_thread_that_asks(desk, store, vector):
    question = await desk.learned("where is my parcel", "it left today", vector(1, 1))
    thread = (await store.message(question)).thread_id
    assert await store.memories(vector(1, 1), 5, exclude_thread=thread) == []


async def test_direct_messages_are_never_remembered(desk, store, vector):
    await desk.learned("secret", "hush", vector(1, 1), visibility="direct", kind="direct")
    assert await store.vectors("answered", "encoder@1") == {}
    assert await store.memories(vector(1, 1), 5, exclude_thread=0) == []


async def test_automatic_answers_teach_nothing(desk, store, vector, clock):
    suggestion = await desk.suggested()
    automatic = desk.approval(suggestion, is_automatic=True, kind="automatic")
    assert isinstance(automatic, Approval)
    await store.approve(automatic, clock.now)
    await desk.move(await desk.claim_reply(), "sent")
    assert await desk.claim("embed") == []
    assert await store.memories(vector(1, 1), 5, exclude_thread=0) == []


@pytest.mark.parametrize("which", ["question", "answer"])
async def test_what_is_deleted_is_forgotten(desk, store, vector, which):
    question = await desk.learned("where is it", "here", vector(1, 1), ref="q")
    answer = (await store.memories(vector(1, 1), 1, exclude_thread=0))[0].answer
    assert answer.parent_id == question
    await desk.delete("q" if which == "question" else answer.ref)
    assert await store.memories(vector(1, 1), 5, exclude_thread=0) == []
    assert await store.vectors("answered", "encoder@1") == {}


async def test_an_answered_question_of_an_import_is_remembered_at_tagging(desk, store, vector):
    await desk.hear("what?", ref="q")
    await desk.hear("that!", by=desk.ours, parent_ref="q", root_ref="q", kind="reply")
    await desk.tag(vector=vector(5, 5))
    [memory] = await store.memories(vector(5, 5), 5, exclude_thread=0)
    assert memory.answer.text == "that!"


async def test_a_corrupt_length_is_never_compared(store, vector):
    await store.put_vectors("playbook", {"short": vector(1), "long": vector(1, 1)}, replace=True)
    assert [ref for ref, _ in await store.nearest("playbook", vector(1, 1), 5)] == ["long"]
    assert await store.nearest("playbook", vector(1, 1), 0) == []
