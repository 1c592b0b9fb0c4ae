"""control-tower: what happened to any order, what is late, what failed; and the page where people see and mend it."""
