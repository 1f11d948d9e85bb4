import asyncio
import json

from service.middleware import Dismiss

START = {"type": "http.response.start", "status": 200, "headers": []}


async def cancel_while_it_waits(first_messages):
    """Cancel a request whose answer has come so far, and return all that was sent."""
    sent, is_waiting = [], asyncio.Event()

    async def wait_in_vain(_scope, _receive, send):
        for message in first_messages:
            await send(message)
        is_waiting.set()
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    request = asyncio.create_task(Dismiss(wait_in_vain)({"type": "http"}, None, send))
    await is_waiting.wait()
    request.cancel()
    await asyncio.wait([request])
    return sent, request


def test_who_waits_at_the_end_is_told_to_send_it_again():
    (start, body), request = asyncio.run(cancel_while_it_waits([]))
    assert not request.cancelled()
    assert start["status"] == 503
    assert int(dict(start["headers"])[b"retry-after"]) > 0
    assert json.loads(body["body"])["type"] == "urn:waymark:problem:overloaded"


def test_an_answer_that_has_begun_is_cut_off():
    sent, request = asyncio.run(cancel_while_it_waits([START]))
    assert sent == [START]
    assert request.cancelled()


def test_what_is_no_request_is_passed_on():
    passed = []

    async def note(scope, _receive, _send):
        passed.append(scope)

    asyncio.run(Dismiss(note)({"type": "lifespan"}, None, None))
    assert passed == [{"type": "lifespan"}]
