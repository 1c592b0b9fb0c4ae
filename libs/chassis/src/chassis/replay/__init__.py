"""Events handled again by one service, from its own streams into its own handlers."""
