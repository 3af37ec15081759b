// Made by `make vocabulary` from the code that serves the API; do not edit.
export const PLATFORMS = [
  {
    "name": "autopilot",
    "title": "Twilio Autopilot",
    "secret": "required",
    "options": [],
    "events": [
      "onDialogueStart",
      "onDialogueTurn",
      "onDialogueEnd",
      "onDialogueTaskStart",
      "onDialogueTaskEnd",
      "onActionsFetch",
      "onCollectAttempt"
    ],
    "openPrefixes": []
  },
  {
    "name": "watsonx",
    "title": "watsonx Assistant",
    "secret": "generated",
    "options": [
      "static_header"
    ],
    "events": [
      "message_logged",
      "cdr_logged"
    ],
    "openPrefixes": []
  },
  {
    "name": "messagehub",
    "title": "MessageHub",
    "secret": "optional",
    "options": [],
    "events": [
      "conversation_created",
      "conversation_updated",
      "conversation_status_changed",
      "message_created",
      "message_updated",
      "webwidget_triggered",
      "conversation_opened",
      "conversation_resolved",
      "conversation_typing_on",
      "conversation_typing_off",
      "contact_created",
      "contact_updated",
      "inbox_created",
      "inbox_updated",
      "macro.executed"
    ],
    "openPrefixes": [
      "automation_event."
    ]
  },
  {
    "name": "tropo",
    "title": "Tropo",
    "secret": "userinfo",
    "options": [
      "reply",
      "repair_backslashes"
    ],
    "events": [
      "result",
      "session"
    ],
    "openPrefixes": []
  }
];
export const PLATFORM_TYPES = [
  {
    "name": "actions.fetched",
    "from": [
      "autopilot"
    ]
  },
  {
    "name": "automation.triggered",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "call.completed",
    "from": [
      "watsonx"
    ]
  },
  {
    "name": "contact.created",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "contact.updated",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "conversation.ended",
    "from": [
      "autopilot",
      "messagehub",
      "tropo"
    ]
  },
  {
    "name": "conversation.started",
    "from": [
      "autopilot",
      "messagehub",
      "tropo"
    ]
  },
  {
    "name": "conversation.updated",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "event.unrecognised",
    "from": [
      "autopilot",
      "watsonx",
      "messagehub",
      "tropo"
    ]
  },
  {
    "name": "inbox.created",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "inbox.updated",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "message.received",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "message.sent",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "message.updated",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "note.added",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "note.updated",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "question.answered",
    "from": [
      "autopilot"
    ]
  },
  {
    "name": "task.ended",
    "from": [
      "autopilot"
    ]
  },
  {
    "name": "task.started",
    "from": [
      "autopilot"
    ]
  },
  {
    "name": "turn.completed",
    "from": [
      "autopilot",
      "watsonx",
      "tropo"
    ]
  },
  {
    "name": "typing.started",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "typing.stopped",
    "from": [
      "messagehub"
    ]
  },
  {
    "name": "widget.opened",
    "from": [
      "messagehub"
    ]
  }
];
export const PARLEY_TYPES = [
  "delivery.exhausted",
  "webhook.disabled",
  "webhook.paused",
  "webhook.resumed"
];
export const SAMPLES = [
  "actions.fetched",
  "automation.triggered",
  "automation_event.conversation_updated",
  "call.completed",
  "cdr_logged",
  "contact.created",
  "contact.updated",
  "contact_created",
  "contact_updated",
  "conversation.ended",
  "conversation.started",
  "conversation.updated",
  "conversation_created",
  "conversation_opened",
  "conversation_resolved",
  "conversation_status_changed",
  "conversation_typing_off",
  "conversation_typing_on",
  "conversation_updated",
  "delivery.exhausted",
  "event.unrecognised",
  "event_of_tomorrow",
  "inbox.created",
  "inbox.updated",
  "inbox_created",
  "inbox_updated",
  "macro.executed",
  "message.received",
  "message.sent",
  "message.updated",
  "message_created",
  "message_logged",
  "message_updated",
  "note.added",
  "note.updated",
  "onActionsFetch",
  "onCollectAttempt",
  "onDialogueEnd",
  "onDialogueStart",
  "onDialogueTaskEnd",
  "onDialogueTaskStart",
  "onDialogueTurn",
  "question.answered",
  "result",
  "session",
  "task.ended",
  "task.started",
  "turn.completed",
  "typing.started",
  "typing.stopped",
  "webhook.disabled",
  "webhook.paused",
  "webhook.resumed",
  "webwidget_triggered",
  "widget.opened"
];
export const DELIVERY_STATUSES = [
  "delivered",
  "retrying",
  "waiting",
  "exhausted",
  "cancelled",
  "expired"
];
export const MOST_COUNTED = 1000;
export const REPLAY_MODES = [
  "failed",
  "missing",
  "all"
];
export const REPLAY_OPEN = [
  "counting",
  "running",
  "waiting"
];
export const REPLAY_RATE = {
  "most": 50,
  "ordinary": 10
};
export const METHODS = [
  "POST",
  "GET"
];
export const JWT_MODES = [
  "auto",
  "always",
  "never"
];
export const RETRY_SCHEDULE = "5 300 1800 7200 18000 36000 50400 72000 86400";
