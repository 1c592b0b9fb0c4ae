"""SwiftParcel: one event per webhook, signature over the raw body."""
