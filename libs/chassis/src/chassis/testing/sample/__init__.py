"""The smallest service: it notes the orders it hears of. The chassis is tested with it."""
