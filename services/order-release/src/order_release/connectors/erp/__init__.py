"""The ERP: sales order feed and status write-back."""
