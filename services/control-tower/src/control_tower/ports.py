"""What control-tower needs of others: nothing but events; people reach the services through `directory`."""
