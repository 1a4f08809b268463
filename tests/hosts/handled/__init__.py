"""A host whose users have a handle and nothing else: the pages of the chat can make them."""
