"""What the service does: operations with their rules, independent of HTTP."""
