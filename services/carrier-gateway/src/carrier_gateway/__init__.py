"""carrier-gateway: books carriers, and turns what they report into milestones."""
