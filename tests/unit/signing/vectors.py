"""Golden signatures that other people's code made: `signature-vectors.json`'s values, so that every clone has them.

Twilio's by twilio-python 7.17.0 (the first is Twilio's official vector), Chatwoot's by the formula in its
`lib/webhooks/trigger.rb`, the JWT by PyJWT 2.15.1.
"""

TWILIO_TOKEN = "12345"
TWILIO_OFFICIAL_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
TWILIO_OFFICIAL_PARAMS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
TWILIO_OFFICIAL_SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="

TWILIO_POST_URL = "https://example.com/hook"
TWILIO_POST_PARAMS = {
    "Sid": "f60e7708db371f4005c432c1f038a6fc",
    "EventDate": "2019-09-09 13:45:00",
    "WebhookSid": "UMf60e7708db371f4005c432c1f038a6fc",
    "Event": "onDialogueStart",
    "AccountSid": "ACf60e7708db371f4005c432c1f038a6fc",
    "AssistantSid": "UAf60e7708db371f4005c432c1f038a6fc",
    "DialogueSid": "UKf60e7708db371f4005c432c1f038a6fc",
    "UserIdentifier": "+17736774656",
    "CurrentTask": "make-reservation",
    "Language": "en-US",
    "Memory": '{ "name":"Johanna" }',
    "Channel": "voice",
    "DialogueEntryPoint": "welcome-greeting",
}
TWILIO_POST_SIGNATURE = "hqaIi5/SbAKcuESjfgnENtdI0oY="

TWILIO_GET_URL = (
    "https://example.com/hook?Sid=f60e7708db371f4005c432c1f038a6fc&EventDate=2019-09-09+13%3A45%3A00"
    "&WebhookSid=UMf60e7708db371f4005c432c1f038a6fc&Event=onDialogueStart"
    "&AccountSid=ACf60e7708db371f4005c432c1f038a6fc&AssistantSid=UAf60e7708db371f4005c432c1f038a6fc"
    "&DialogueSid=UKf60e7708db371f4005c432c1f038a6fc&UserIdentifier=%2B17736774656&CurrentTask=make-reservation"
    "&Language=en-US&Channel=voice&DialogueEntryPoint=welcome-greeting"
)
TWILIO_GET_SIGNATURE = "6xbycT++iHQm2A3rw39y7RGoyGY="

TWILIO_JSON_BODY = b'{"a":1}'
TWILIO_JSON_URL = "https://example.com/hook?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
TWILIO_JSON_SIGNATURE = "2e7mH/NA6FwzvUqLZxhsETU/4bw="

CHATWOOT_SECRET = "test-secret"
CHATWOOT_TIMESTAMP = "1700000000"
CHATWOOT_BODY = '{"event":"message_created","content":"\\u003cp\\u003e你好\\u003c/p\\u003e"}'.encode()
CHATWOOT_SIGNATURE = "sha256=9d149a41b7fe582ee0ab06931ef57fb292945b6b5648ab9135950ace205d77d7"

WATSON_SECRET = "purple unicorn"
WATSON_TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c2VyIiwiaXNzIjoieCIsImV4cCI6NDEwMjQ0NDgwMH0"
    ".k61ndzM-ajYOQz7w-40fT0egV3i_lzoPNjH8dh-TCL0"
)


def pairs(params: dict[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), value.encode()) for name, value in params.items())
