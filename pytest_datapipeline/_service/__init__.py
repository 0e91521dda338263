"""AWS Data Pipeline itself, as pure Python: no pytest, no client, no socket, no thread."""
