"""carrier-gateway: bookings at carriers, and what carriers report, in one vocabulary."""
