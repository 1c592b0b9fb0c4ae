"""The headers a mail of ours carries beside the usual ones."""

NOTIFICATION_ID = "X-Crossdock-Notification"
TEMPLATE = "X-Crossdock-Template"
ORDER = "X-Crossdock-Order"
