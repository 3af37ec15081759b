"""Every minute: attempts whose time has come and no message has told, webhooks in trouble, replays."""
