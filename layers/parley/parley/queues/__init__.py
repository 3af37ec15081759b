"""The two queues: events to dispatch, and attempts that are due."""
