"""What becomes of messages that cannot be handled: kept, tried again in order, given up on, and mended by people."""
