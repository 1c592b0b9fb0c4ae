"""notification: customers are told, once, in their language; people are called where a person is needed."""
