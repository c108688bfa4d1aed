"""One file a verb; each is given the request and the context, and returns the fields of its result or raises a Problem."""
