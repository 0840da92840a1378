"""The HTTP interface: thin routes that call the services."""
