"""The rules of control-tower: pure, without technology."""
