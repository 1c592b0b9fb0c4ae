"""transport-planner: which carrier takes what, and when."""
